//! Copy an image into another Region.

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

use super::{WriteOutcome, Writer};
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::model::{AmiId, Region, Tags};

/// A copy as it shall become. The writer's place is where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyRequest {
    pub source: AmiId,
    pub source_region: Region,
    /// Must be unique among the own images of the target.
    pub name: String,
    pub description: Option<String>,
    /// The same token gives the same copy, however often it is sent.
    pub client_token: String,
    /// For the image and its snapshots. `CopyImageTags` would leave the snapshots without, so it is not used.
    pub tags: Tags,
    /// Encrypts the copy with this key. `None` leaves encrypted snapshots to the target's default key, and plain ones
    /// plain unless the account encrypts by default. A wrong key fails *after* the call succeeded.
    pub kms_key: Option<String>,
}

impl Writer {
    /// Starts a copy and returns the new image, which is `pending` for minutes or hours: look at it each cycle.
    /// No launch permissions are copied.
    pub async fn copy_image(&self, copy: &CopyRequest) -> WriteOutcome<AmiId> {
        self.send(Api::copy("CopyImage"), |ec2| async move {
            let answer = ec2
                .copy_image()
                .source_image_id(copy.source.as_str())
                .source_region(copy.source_region.as_str())
                .name(&copy.name)
                .set_description(copy.description.clone())
                .client_token(&copy.client_token)
                .set_encrypted(copy.kms_key.is_some().then_some(true))
                .set_kms_key_id(copy.kms_key.clone())
                .set_tag_specifications(tag_specifications(&copy.tags))
                .send()
                .await
                .map_err(AwsError::of)?;
            answer.image_id.map(AmiId::from).ok_or_else(|| AwsError::malformed("EC2 did not name the copy"))
        })
        .await
    }
}

/// The same tags for the image and for its snapshots. `aws:` tags belong to AWS and cannot be set.
fn tag_specifications(tags: &Tags) -> Option<Vec<TagSpecification>> {
    let tags: Vec<Tag> =
        tags.iter().filter(|(key, _)| !key.starts_with("aws:")).map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    if tags.is_empty() {
        return None;
    }
    let of = |kind| TagSpecification::builder().resource_type(kind).set_tags(Some(tags.clone())).build();
    Some(vec![of(ResourceType::Image), of(ResourceType::Snapshot)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_their_snapshots_are_tagged_alike_without_the_tags_of_aws() {
        let tags = Tags::from([("aws:backup".into(), "x".into()), ("family".into(), "web".into())]);
        let specifications = tag_specifications(&tags).unwrap();
        let kinds: Vec<_> = specifications.iter().filter_map(|one| one.resource_type.as_ref()).collect();
        assert_eq!(kinds, [&ResourceType::Image, &ResourceType::Snapshot]);
        assert!(specifications.iter().all(|one| one.tags().len() == 1));
        assert_eq!(tag_specifications(&Tags::new()), None);
    }
}
