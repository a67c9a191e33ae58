//! Whoever tries to launch an image that is gone, and what it left behind.

use serde_json::json;

use super::super::answers::{ImageInRecycleBin, ListImagesInRecycleBin, LookupEvents};
use super::super::{FailedLaunches, History, Inventory, Joined};
use super::{OURS, estate, hours, image, now, place, snapshot};
use crate::config::{Config, Sources};
use crate::inventory::answers::{self, Answers, DescribeSnapshots};
use crate::model::Place;

/// A snapshot that EC2 made for that image.
fn made_for(id: &str, image: &str) -> answers::Snapshot {
    answers::Snapshot { description: Some(format!("Created by CreateImage(i-1) for {image}")), ..snapshot(id) }
}

fn with_snapshots(answers: Answers, snapshots: Vec<answers::Snapshot>) -> Answers {
    Answers { snapshots: Ok(DescribeSnapshots { snapshots: Some(snapshots.into_iter().map(Some).collect()) }), ..answers }
}

/// A place with these images, one snapshot, and these images in its Recycle Bin.
fn seen(images: Vec<answers::Image>, snapshot: answers::Snapshot, binned: &[&str]) -> Answers {
    let binned = binned.iter().map(|id| Some(ImageInRecycleBin { image_id: Some((*id).into()), ..ImageInRecycleBin::default() }));
    let bin = ListImagesInRecycleBin { images: Some(binned.collect()) };
    with_snapshots(Answers { images_in_recycle_bin: Ok(bin), ..place(OURS, "eu-west-1", images) }, vec![snapshot])
}

#[test]
fn cloudtrail_is_read_while_an_image_is_binned_or_gone_and_left_a_snapshot() {
    let listens = |answers| Inventory::from_answers(answers).may_fail_to_launch(now());
    assert!(!listens(seen(vec![image("ami-1")], made_for("snap-1", "ami-1"), &[])), "all of its images can be launched");
    assert!(!listens(seen(vec![], snapshot("snap-1"), &[])), "a snapshot that was never an image's");
    assert!(listens(seen(vec![image("ami-1")], made_for("snap-1", "ami-1"), &["ami-2"])), "one in the bin");
    assert!(listens(seen(vec![image("ami-1")], made_for("snap-2", "ami-2"), &[])), "one that is gone");
    let theirs = answers::Snapshot { owner_id: Some("999999999999".into()), ..made_for("snap-2", "ami-2") };
    assert!(!listens(seen(vec![image("ami-1")], theirs, &[])), "somebody else's snapshot");
}

/// An hour ago somebody failed to launch `ami-2`.
fn tried() -> LookupEvents {
    let event = json!({"errorCode": "Client.InvalidAMIID.NotFound", "userIdentity": {"arn": "arn:aws:iam::1:user/eve"},
        "requestParameters": {"imageId": "ami-2"}});
    let event =
        json!({"EventId": "e", "EventName": "RunInstances", "EventTime": "2026-11-20T11:00:00Z", "CloudTrailEvent": event.to_string()});
    serde_json::from_value(json!({"Events": [event]})).unwrap()
}

/// A memory of what CloudTrail said of that.
fn remembered() -> History {
    let mut seen = FailedLaunches::default();
    let here = Place::new(OURS, "eu-west-1");
    Inventory::from_answers(Answers::unread(here.clone(), "not asked")).learn_failed_launches(
        Ok(tried()),
        &mut seen,
        &Sources::default(),
        now() - hours(1),
    );
    assert_eq!(seen.seen.len(), 1);
    History { failed_launches: [(here, seen)].into(), ..History::default() }
}

/// Who needs the snapshot that is left of `ami-2`.
fn needed_by(answers: Answers, history: &mut History) -> Vec<String> {
    let (mut estate, config) = (estate([answers]), Config::default());
    estate.add_failed_launches(history, &config.sources, now());
    let joined = Joined::new(&estate, history, &config, now());
    let inventory = estate.places.values().next().unwrap();
    joined.snapshot(inventory, &inventory.snapshots[0]).users.iter().map(ToString::to_string).collect()
}

#[test]
fn what_was_remembered_holds_the_snapshots_of_an_image_that_is_gone_though_nobody_asked_again() {
    let left = || seen(vec![], made_for("snap-2", "ami-2"), &[]);
    let eve = ["failed launch by arn:aws:iam::1:user/eve on 2026-11-20 11:00 UTC"];
    assert_eq!(needed_by(left(), &mut remembered()), eve);
    // A record holds both the events and the memory of them.
    let recorded = Answers { events: Some(Ok(tried())), ..left() };
    let text = serde_json::to_string(&remembered()).unwrap();
    assert_eq!(needed_by(recorded, &mut serde_json::from_str(&text).unwrap()), eve);
    assert_eq!(needed_by(left(), &mut serde_json::from_str(&text).unwrap()), eve);
}

#[test]
fn what_failed_too_long_ago_is_forgotten() {
    let left = seen(vec![], made_for("snap-2", "ami-2"), &[]);
    let mut history = remembered();
    let mut estate = estate([left]);
    estate.add_failed_launches(&mut history, &Sources::default(), now() + hours(31 * 24));
    assert!(history.failed_launches.values().all(|seen| seen.seen.is_empty()));
    assert!(estate.places.values().all(|inventory| inventory.users.of_images.is_empty()));
}
