//! `DescribeImages`.

use aws_sdk_ec2::types::{self as sdk, Filter};

use super::{EC2_PAGE, Lookup, list, tags};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{BlockDevice, DescribeImages, EbsBlockDevice, Image, ProductCode};
use crate::model::{AmiId, SnapshotId};

const API: Api = Api::read("DescribeImages");

/// All own images, disabled and deprecated ones included.
pub async fn images(clients: &Clients) -> Result<DescribeImages, AwsError> {
    listing(clients, Of::Own, None).await
}

/// Only the own images that are public: one page in nearly every account.
pub async fn public_images(clients: &Clients) -> Result<DescribeImages, AwsError> {
    listing(clients, Of::Own, Some(Filter::builder().name("is-public").values("true").build())).await
}

/// EC2 takes at most this many values for one filter.
pub const IDS_PER_FILTER: usize = 200;

/// These images, whoever owns them, as far as they can be seen from here: those of others, disabled and deprecated ones
/// included. By filter and not by id, since one that is gone would then be an error for all. An image that does not come
/// back is deregistered or not shared with us (any more). No ids, no call: an empty filter would mean all images.
pub async fn images_in_use(clients: &Clients, ids: &[AmiId]) -> Result<DescribeImages, AwsError> {
    let mut images = Vec::new();
    for ids in ids.chunks(IDS_PER_FILTER) {
        let values = ids.iter().map(ToString::to_string).collect();
        let filter = Filter::builder().name("image-id").set_values(Some(values)).build();
        images.extend(listing(clients, Of::Anybody, Some(filter)).await?.images.into_iter().flatten());
    }
    Ok(DescribeImages { images: Some(images) })
}

/// The own images that need one snapshot, disabled ones included: the last look before it goes. AWS promises to refuse
/// only the deletion of *root* snapshots of registered images.
pub async fn images_of(clients: &Clients, snapshot: &SnapshotId) -> Result<Vec<AmiId>, AwsError> {
    let filter = Filter::builder().name("block-device-mapping.snapshot-id").values(snapshot.as_str()).build();
    Ok(needing(listing(clients, Of::Own, Some(filter)).await?, snapshot))
}

/// A server that does not know the filter answers with everything: look into the mappings as well.
fn needing(answer: DescribeImages, snapshot: &SnapshotId) -> Vec<AmiId> {
    let needs = answer.images.into_iter().flatten().flatten().filter(|image| {
        let mut devices = image.block_device_mappings.iter().flatten().flatten().filter_map(|device| device.ebs.as_ref());
        devices.any(|ebs| ebs.snapshot_id.as_deref() == Some(snapshot.as_str()))
    });
    // One that does not say which it is needs the snapshot all the same.
    needs.map(|image| image.image_id.unwrap_or_else(|| "an image without an id".into()).into()).collect()
}

/// Whose images are listed.
#[derive(Clone, Copy)]
enum Of {
    Own,
    Anybody,
}

async fn listing(clients: &Clients, of: Of, filter: Option<Filter>) -> Result<DescribeImages, AwsError> {
    let filters = filter.map(|filter| vec![filter]);
    let owners = match of {
        Of::Own => Some(vec!["self".to_owned()]),
        Of::Anybody => None,
    };
    let images = all_pages("Images", |token| {
        let (owners, filters) = (owners.clone(), filters.clone());
        async move {
            clients.turn(API).await;
            let page = clients
                .ec2
                .describe_images()
                .set_owners(owners)
                .include_disabled(true)
                .include_deprecated(true)
                .set_filters(filters)
                .max_results(EC2_PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(AwsError::of)?;
            Ok(Page { items: list(page.images, convert), next: page.next_token })
        }
    });
    Ok(DescribeImages { images: Some(images.await?) })
}

/// One image, whatever its state.
pub async fn image(clients: &Clients, id: &AmiId) -> Result<Lookup<Image>, AwsError> {
    clients.turn(API).await;
    let answer = clients
        .ec2
        .describe_images()
        .image_ids(id.as_str())
        .include_disabled(true)
        .include_deprecated(true)
        .send()
        .await
        .map_err(AwsError::of);
    let Lookup::Found(answer) = Lookup::of(answer)? else { return Ok(Lookup::Gone) };
    let images = answer.images.ok_or_else(|| AwsError::malformed("the answer lacks its list `Images`"))?;
    match images.into_iter().next() {
        Some(image) if image.image_id.as_deref() == Some(id.as_str()) => Ok(Lookup::Found(convert(image))),
        Some(_) => Err(AwsError::malformed(format!("asked for {id}, the answer is about another image"))),
        None => Ok(Lookup::Gone),
    }
}

fn convert(image: sdk::Image) -> Image {
    Image {
        image_id: image.image_id,
        name: image.name,
        description: image.description,
        owner_id: image.owner_id,
        image_owner_alias: image.image_owner_alias,
        state: image.state.map(|state| state.as_str().to_owned()),
        creation_date: image.creation_date,
        deprecation_time: image.deprecation_time,
        last_launched_time: image.last_launched_time,
        public: image.public,
        deregistration_protection: image.deregistration_protection,
        source_image_id: image.source_image_id,
        source_image_region: image.source_image_region,
        architecture: image.architecture.map(|architecture| architecture.as_str().to_owned()),
        platform_details: image.platform_details,
        root_device_type: image.root_device_type.map(|kind| kind.as_str().to_owned()),
        virtualization_type: image.virtualization_type.map(|kind| kind.as_str().to_owned()),
        boot_mode: image.boot_mode.map(|mode| mode.as_str().to_owned()),
        imds_support: image.imds_support.map(|support| support.as_str().to_owned()),
        tpm_support: image.tpm_support.map(|support| support.as_str().to_owned()),
        ena_support: image.ena_support,
        product_codes: list(image.product_codes, |code| ProductCode {
            product_code_id: code.product_code_id,
            product_code_type: code.product_code_type.map(|kind| kind.as_str().to_owned()),
        }),
        block_device_mappings: list(image.block_device_mappings, block_device),
        tags: tags(image.tags),
    }
}

pub(super) fn block_device(device: sdk::BlockDeviceMapping) -> BlockDevice {
    BlockDevice {
        device_name: device.device_name,
        virtual_name: device.virtual_name,
        ebs: device.ebs.map(|ebs| EbsBlockDevice {
            snapshot_id: ebs.snapshot_id,
            volume_size: ebs.volume_size.map(i64::from),
            encrypted: ebs.encrypted,
            kms_key_id: ebs.kms_key_id,
            volume_type: ebs.volume_type.map(|kind| kind.as_str().to_owned()),
            delete_on_termination: ebs.delete_on_termination,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_an_id_needs_its_snapshot_all_the_same() {
        let ebs = EbsBlockDevice { snapshot_id: Some("snap-1".into()), ..EbsBlockDevice::default() };
        let device = BlockDevice { ebs: Some(ebs), ..BlockDevice::default() };
        let image = Image { block_device_mappings: Some(vec![Some(device)]), ..Image::default() };
        let answer = DescribeImages { images: Some(vec![Some(image)]) };
        assert_eq!(needing(answer, &"snap-1".into()).len(), 1);
    }
}
