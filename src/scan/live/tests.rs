use std::sync::{Arc, Mutex};

use ami_warden_sim::{Fault, World, empty, rich, small};

use super::*;
use crate::aws::sns::{Publication, publish};
use crate::aws::tests::{HERE, OURS, Wired, here, now};
use crate::aws::write::{Writer, rehearse};
use crate::aws::{Aws, Settings};
use crate::config::{Scope, Sources};
use crate::inventory::answers::Answers;
use crate::model::{Grantee, Place, Region, Source};
use crate::policy::Needs;
use crate::scan::{Progress, ScanEvent};

fn scope(names: &[&str]) -> Scope {
    Scope { regions: Some(names.iter().map(|name| Region::from(*name)).collect()) }
}

fn all() -> Wanted {
    Wanted::new(&Needs::everything(), &Sources::default(), now())
}

/// What every source of a place said: its name and, if it failed, why.
fn failures(answers: &Answers) -> Vec<(&'static str, String)> {
    let a = answers;
    let all = [
        ("images", a.images.as_ref().err()),
        ("snapshots", a.snapshots.as_ref().err()),
        ("public-snapshots", a.public_snapshots.as_ref().err()),
        ("instances", a.instances.as_ref().err()),
        ("templates", a.launch_templates.as_ref().err()),
        ("versions", a.launch_template_versions.as_ref().err()),
        ("groups", a.auto_scaling_groups.as_ref().err()),
        ("configurations", a.launch_configurations.as_ref().err()),
        ("bin", a.images_in_recycle_bin.as_ref().err()),
        ("rules", a.rules.as_ref().err()),
        ("rule-details", a.rule_details.as_ref().err()),
    ];
    all.into_iter().filter_map(|(name, error)| Some((name, error?.clone()))).collect()
}

#[tokio::test]
async fn every_source_of_a_place_answers() {
    let wired = Wired::to(rich(now())).await;
    let answers = listings(&wired.aws, &here(), &all(), &Progress::silent()).await;
    assert_eq!(failures(&answers), []);
    assert_eq!(answers.images.unwrap().images.unwrap().len(), 8);
    assert_eq!(answers.public_snapshots.unwrap().snapshots.unwrap().len(), 1);
    assert_eq!(answers.launch_template_versions.unwrap().launch_template_versions.unwrap().len(), 3);
    assert_eq!(answers.auto_scaling_groups.unwrap().auto_scaling_groups.unwrap().len(), 3);
    assert_eq!(answers.launch_configurations.unwrap().launch_configurations.unwrap().len(), 1);
    assert_eq!(answers.rule_details.unwrap().len(), 2);
    assert!(answers.launch_permissions.is_empty() && answers.others.is_empty());
}

#[tokio::test]
async fn a_source_that_fails_takes_no_other_with_it() {
    for (api, expected) in [
        ("DescribeImages", vec!["images"]),
        ("DescribeSnapshots", vec!["snapshots", "public-snapshots"]),
        ("DescribeInstances", vec!["instances"]),
        ("DescribeLaunchTemplates", vec!["templates", "versions"]),
        ("DescribeLaunchTemplateVersions", vec!["versions"]),
        ("DescribeAutoScalingGroups", vec!["groups"]),
        ("DescribeLaunchConfigurations", vec!["configurations"]),
        ("ListImagesInRecycleBin", vec!["bin"]),
        ("ListRules", vec!["rules", "rule-details"]),
        ("GetRule", vec!["rule-details"]),
    ] {
        let wired = Wired::to(rich(now())).await;
        wired.sim.world(|w| w.inject(Fault::deny().action(api)));
        let failed = failures(&listings(&wired.aws, &here(), &all(), &Progress::silent()).await);
        assert_eq!(failed.iter().map(|(name, _)| *name).collect::<Vec<_>>(), expected, "{api}");
        let words = |text: &str| text.contains("UnauthorizedOperation") || text.contains("AccessDenied");
        assert!(failed.iter().all(|(_, error)| words(error)), "{failed:?}");
    }
}

#[tokio::test]
async fn one_template_that_cannot_be_read_leaves_all_versions_unknown() {
    let wired = Wired::to(rich(now())).await;
    let template = wired.sim.world(|w| w.place(OURS, HERE).unwrap().launch_templates.keys().next().unwrap().clone());
    wired.sim.world(|w| w.inject(Fault::deny().action("DescribeLaunchTemplateVersions").resource(&template)));
    let answers = listings(&wired.aws, &here(), &all(), &Progress::silent()).await;
    let error = answers.launch_template_versions.unwrap_err();
    assert!(error.contains(&template), "{error}");
}

#[tokio::test]
async fn progress_tells_each_source_with_its_entries_and_requests() {
    let wired = Wired::to(small(now())).await;
    wired.sim.world(|w| {
        w.settings.page_limit = Some(2);
        w.inject(Fault::deny().action("DescribeInstances"));
    });
    let events = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&events);
    listings(&wired.aws, &here(), &all(), &Progress::to(move |event| heard.lock().unwrap().push(event))).await;
    let events = events.lock().unwrap();
    assert_eq!(events.first(), Some(&ScanEvent::PlaceStarted { place: here() }));
    assert_eq!(events.last(), Some(&ScanEvent::PlaceDone { place: here() }));
    assert!(events.contains(&ScanEvent::SourceDone { place: here(), source: Source::Images, items: 7, requests: 4 }), "{events:?}");
    let failed = |event: &&ScanEvent| matches!(event, ScanEvent::SourceFailed { source: Source::Instances, .. });
    assert_eq!(events.iter().filter(failed).count(), 1);
    assert_eq!(events.len(), 2 + Source::LISTINGS.len());
}

#[tokio::test]
async fn many_places_are_read_and_one_that_fails_keeps_its_place() {
    let wired = Wired::to(small(now())).await;
    let (mut places, gaps) = regions(&wired.aws, &Scope::default()).await.unwrap();
    assert!(places.len() > 10 && gaps.is_empty());
    wired.sim.world(|w| w.inject(Fault::deny().region("eu-west-1")));
    places.push(Place::new("333333333333", HERE));
    let mut seen = Vec::new();
    scan(&wired.aws, &places, &all(), &Progress::silent(), |answers| seen.push((answers.place.clone(), failures(&answers).len()))).await;
    seen.sort();
    places.sort();
    assert_eq!(seen.iter().map(|(place, _)| place.clone()).collect::<Vec<_>>(), places);
    for (place, failed) in seen {
        let unread = place.region.as_str() == "eu-west-1" || place.account.as_str() != OURS;
        assert_eq!(failed, if unread { Source::LISTINGS.len() } else { 0 }, "{place}");
    }
}

#[tokio::test]
async fn a_scan_asks_for_its_pages_and_nothing_more() {
    let wired = Wired::to(small(now())).await;
    let before = wired.aws.requests().total();
    listings(&wired.aws, &here(), &all(), &Progress::silent()).await;
    // Images, snapshots, public ones, instances, templates, versions of one template, groups, configurations, bin,
    // rules of two types and two rules.
    assert_eq!(wired.aws.requests().total() - before, 13);
    assert_eq!(wired.sim.world(|w| w.journal.mutating().count()), 0);
}

#[tokio::test]
async fn permissions_are_asked_one_by_one_and_fail_one_by_one() {
    let wired = Wired::to(small(now())).await;
    let images: Vec<String> = wired.sim.world(|w| w.place(OURS, HERE).unwrap().images.keys().cloned().collect());
    wired.sim.world(|w| w.inject(Fault::throttle().resource(&images[1])));
    let snapshots = ["snap-0eeeeeeeeeeeeeeee".into()];
    let ids = images.iter().map(|id| id.as_str().into());
    let (images_read, snapshots_read) = permissions(&wired.aws, &here(), ids, snapshots).await;
    assert_eq!(images_read.len(), images.len());
    assert_eq!(images_read.values().filter(|answer| answer.is_err()).count(), 1);
    assert!(images_read[&images[1].as_str().into()].as_ref().unwrap_err().starts_with("RequestLimitExceeded: "));
    assert!(snapshots_read.values().next().unwrap().is_err());
}

#[tokio::test]
async fn exposure_reads_only_the_two_public_listings() {
    let wired = Wired::to(small(now())).await;
    let before = wired.aws.requests().total();
    let seen = exposure(&wired.aws, &here()).await;
    assert_eq!(seen.public_images.unwrap().images.unwrap().len(), 1);
    assert_eq!(seen.public_snapshots.unwrap().snapshots.unwrap().len(), 1);
    assert_eq!(wired.aws.requests().total() - before, 2);
    wired.sim.world(|w| w.inject(Fault::deny().action("DescribeSnapshots")));
    let mut all = Vec::new();
    exposures(&wired.aws, &[here()], |exposure| all.push(exposure)).await;
    assert!(all[0].public_images.is_ok() && all[0].public_snapshots.is_err());
}

#[tokio::test]
async fn regions_that_are_off_are_left_out_or_are_gaps() {
    let mut world: World = empty(now());
    world.account(OURS).opt_in("eu-south-1");
    let wired = Wired::to(world).await;
    let (all, gaps) = regions(&wired.aws, &Scope::default()).await.unwrap();
    assert!(all.contains(&Place::new(OURS, "eu-south-1")) && !all.contains(&Place::new(OURS, "af-south-1")));
    assert!(gaps.is_empty());
    let (places, gaps) = regions(&wired.aws, &scope(&[HERE, "af-south-1"])).await.unwrap();
    assert_eq!(places, [here()]);
    assert_eq!(gaps.iter().map(|gap| gap.place.region.as_str()).collect::<Vec<_>>(), ["af-south-1"]);
    let error = regions(&wired.aws, &scope(&["us-esat-1"])).await.unwrap_err();
    assert!(matches!(&error, RegionsError::NoSuchRegion { .. }) && error.to_string().contains("`us-east-1`"), "{error}");
}

#[tokio::test]
async fn without_the_list_of_regions_only_named_ones_are_read() {
    let wired = Wired::to(empty(now())).await;
    wired.sim.world(|w| w.inject(Fault::deny().action("DescribeRegions")));
    let error = regions(&wired.aws, &Scope::default()).await.unwrap_err();
    assert!(matches!(&error, RegionsError::Unread(_)) && error.to_string().contains("UnauthorizedOperation"), "{error}");
    let (places, gaps) = regions(&wired.aws, &scope(&[HERE])).await.unwrap();
    assert_eq!(places, [here()]);
    assert_eq!(gaps.iter().map(|gap| &gap.source).collect::<Vec<_>>(), [&Source::Regions]);
}

/// The daemon runs its cycle as a task, so every future here must be allowed to move between threads.
#[tokio::test]
async fn everything_can_run_in_a_task() {
    fn movable<T: Send>(future: T) -> T {
        future
    }
    let wired = Wired::to(empty(now())).await;
    let (aws, place, silent) = (&wired.aws, here(), Progress::silent());
    let publication = Publication { topic_arn: "x".into(), subject: "x".into(), body: "x".into(), attributes: Default::default() };
    let writer = Writer::for_act(wired.clients());
    let scope = Scope::default();
    drop(movable(regions(aws, &scope)));
    drop(movable(scan(aws, std::slice::from_ref(&place), &all(), &silent, |_| ())));
    drop(movable(permissions(aws, &place, Vec::new(), Vec::new())));
    let questions = std::collections::BTreeMap::from([(place.clone(), crate::plan::Questions::default())]);
    drop(movable(all_permissions(aws, &questions, |_, _| ())));
    drop(movable(exposures(aws, std::slice::from_ref(&place), |_| ())));
    drop(movable(publish(aws, &publication)));
    drop(movable(rehearse(writer.clients(), now())));
    drop(movable(writer.disable(&"ami-1".into())));
    drop(movable(writer.unshare_image(&"ami-1".into(), &Grantee::Everyone)));
    drop(movable(Aws::connect(Settings::default())));
}
