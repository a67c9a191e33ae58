//! The joins, tried over made-up estates and against second implementations that are written differently.

mod ancestry;
mod consumers;
mod families;
mod managed;
mod memory;
mod recovery;
mod replicas;
mod screams;
mod snapshots;
mod users;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::answers::{self, Answers, BlockDevice, DescribeImages, DescribeSnapshots, EbsBlockDevice, Tag};
use super::{Estate, Inventory};
use crate::config::Config;
use crate::model::Place;

pub(super) const OURS: &str = "111111111111";

pub(super) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(super) fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

pub(super) fn tags(pairs: &[(&str, &str)]) -> answers::List<Tag> {
    let tag = |(key, value): &(&str, &str)| Some(Tag { key: Some((*key).into()), value: Some((*value).into()) });
    Some(pairs.iter().map(tag).collect())
}

/// An available, private image of ours with one snapshot, `snap-` and its own number.
pub(super) fn image(id: &str) -> answers::Image {
    let ebs = EbsBlockDevice { snapshot_id: Some(id.replace("ami-", "snap-")), volume_size: Some(8), ..EbsBlockDevice::default() };
    answers::Image {
        image_id: Some(id.into()),
        name: Some(id.into()),
        owner_id: Some(OURS.into()),
        state: Some("available".into()),
        creation_date: Some("2026-01-01T00:00:00Z".into()),
        public: Some(false),
        deregistration_protection: Some("disabled".into()),
        architecture: Some("x86_64".into()),
        root_device_type: Some("ebs".into()),
        block_device_mappings: Some(vec![Some(BlockDevice { ebs: Some(ebs), ..BlockDevice::default() })]),
        ..answers::Image::default()
    }
}

pub(super) fn made_from(image: answers::Image, source: &str, region: &str) -> answers::Image {
    answers::Image { source_image_id: Some(source.into()), source_image_region: Some(region.into()), ..image }
}

pub(super) fn snapshot(id: &str) -> answers::Snapshot {
    answers::Snapshot {
        snapshot_id: Some(id.into()),
        owner_id: Some(OURS.into()),
        state: Some("completed".into()),
        start_time: Some("2026-01-01T00:00:00Z".into()),
        ..answers::Snapshot::default()
    }
}

/// The answers about a place: these images, the snapshots behind them, and nothing else read.
pub(super) fn place(account: &str, region: &str, images: Vec<answers::Image>) -> Answers {
    let behind = images.iter().flat_map(|image| image.block_device_mappings.iter().flatten().flatten());
    let ids = behind.filter_map(|device| device.ebs.as_ref()?.snapshot_id.clone());
    let snapshots = ids.map(|id| Some(snapshot(&id))).collect();
    Answers {
        images: Ok(DescribeImages { images: Some(images.into_iter().map(Some).collect()) }),
        snapshots: Ok(DescribeSnapshots { snapshots: Some(snapshots) }),
        ..Answers::unread(Place::new(account, region), "not asked")
    }
}

pub(super) fn estate(places: impl IntoIterator<Item = Answers>) -> Estate {
    let mut estate = Estate::new(&Config::default());
    places.into_iter().for_each(|answers| estate.add(Inventory::from_answers(answers)));
    estate
}

/// Images by id, wherever they are.
pub(super) fn by_id(estate: &Estate) -> BTreeMap<&str, (&Inventory, &crate::model::Image)> {
    let all = estate.places.values().flat_map(|inventory| inventory.images.iter().map(move |image| (inventory, image)));
    all.map(|(inventory, image)| (image.id.as_str(), (inventory, image))).collect()
}
