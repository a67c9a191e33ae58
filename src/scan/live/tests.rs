use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use ami_warden_sim::{Fault, FaultKind, World, empty, rich, small};

use super::*;
use crate::aws::sns::{Publication, publish};
use crate::aws::tests::{HERE, OURS, Wired, everything, here, now};
use crate::aws::write::{Writer, rehearse};
use crate::aws::{Aws, Settings};
use crate::config::{Config, Scope, Sources};
use crate::inventory::answers::Answers;
use crate::inventory::{Estate, History, Inventory, Joined};
use crate::model::{AmiId, Grantee, Place, Region, SnapshotId, Source};
use crate::policy::{Needs, PolicyFile, PolicySet};
use crate::scan::{Progress, ScanEvent};

fn scope(names: &[&str]) -> Scope {
    Scope { regions: Some(names.iter().map(|name| Region::from(*name)).collect()) }
}

fn all() -> Wanted {
    Wanted::new(&Needs::everything(), &Sources::default(), now())
}

/// The sources of a place that left something open, each with why.
fn failures(answers: &Answers) -> Vec<(Source, String)> {
    Inventory::from_answers(answers.clone()).gaps.into_iter().map(|gap| (gap.source, gap.error)).collect()
}

fn failed(answers: &Answers) -> BTreeSet<Source> {
    failures(answers).into_iter().map(|(source, _)| source).collect()
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
    // Everything that is read in a place: not the Regions, single resources, events, or who belongs to us.
    assert_eq!(events.len(), 2 + Source::ALL.len() - 7);
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
        assert_eq!(failed > 0, unread, "{place}");
    }
}

#[tokio::test]
async fn a_scan_asks_for_its_pages_and_nothing_more() {
    let wired = Wired::to(small(now())).await;
    let before = wired.aws.requests().total();
    listings(&wired.aws, &here(), &all(), &Progress::silent()).await;
    // Images, snapshots, public ones, instances, templates, their default and latest versions and all versions of one,
    // groups, configurations, bin, rules of two types and two rules; Spot fleets and requests, fleets, activities;
    // parameters, recipes of two kinds, seven types and two parents (without them, no children); reports without entries;
    // the bin's snapshots, locks, restores, volumes; three settings.
    assert_eq!(wired.aws.requests().total() - before, 14 + 4 + 3 + 7 + 1 + 4 + 3);
    assert_eq!(wired.sim.world(|w| w.journal.mutating().count()), 0);
}

#[tokio::test]
async fn what_no_policy_needs_is_neither_asked_nor_a_gap_nor_known() {
    let exposure = r#"@id("private") permit (principal, action == Action::"makePrivate", resource is Image) when { resource.isPublic };"#;
    let policies = PolicySet::load(&[PolicyFile { path: "t.cedar".into(), text: exposure.into() }]).unwrap();
    let wired = Wired::to(everything()).await;
    let before = wired.aws.requests().total();
    let wanted = Wanted::new(policies.needs(), &Sources::default(), now());
    let answers = listings(&wired.aws, &here(), &wanted, &Progress::silent()).await;
    // Images, snapshots and the public ones.
    assert_eq!(wired.aws.requests().total() - before, 3);
    assert_eq!(failures(&answers), []);
    let mut estate = Estate::default();
    estate.add(Inventory::from_answers(answers));
    let (history, config) = (History::default(), Config::default());
    let joined = Joined::new(&estate, &history, &config, now());
    for inventory in estate.places.values() {
        for image in &inventory.images {
            let unknown = joined.image(inventory, image).usage.unwrap_err();
            assert!(unknown.iter().any(|unknown| unknown.reason.contains("describe-instances")), "{unknown:?}");
        }
    }
}

#[tokio::test]
async fn aliases_of_templates_are_resolved_with_parameters_even_where_parameters_cannot_be_listed() {
    let mut world = small(now());
    let image = world.account(OURS).region(HERE).image("by-alias").put();
    world.account(OURS).region(HERE).parameter("/golden", &image);
    world.account(OURS).region(HERE).launch_template("alias").version("resolve:ssm:/golden").put();
    world.inject(Fault::deny().action("DescribeParameters"));
    let wired = Wired::to(world).await;
    let answers = listings(&wired.aws, &here(), &all(), &Progress::silent()).await;
    assert_eq!(failed(&answers), [Source::ParameterNames].into());
    let users = Inventory::from_answers(answers).users;
    assert!(users.of_images[&image.as_str().into()].iter().any(|reference| reference.to_string().contains("launch template")));
}

#[tokio::test]
async fn a_type_that_a_region_does_not_have_has_no_resources_there_and_one_that_cannot_be_listed_is_a_gap() {
    let mut world = everything();
    world.account(OURS).region(HERE).without_type("AWS::EKS::Cluster");
    let wired = Wired::to(world).await;
    let ask = async |types: &[&str]| {
        let sources = Sources { cloud_control: types.iter().map(|&name| name.to_owned()).collect(), ..Sources::default() };
        let answers = listings(&wired.aws, &here(), &Wanted::new(&Needs::everything(), &sources, now()), &Progress::silent()).await;
        answers.resources.unwrap()
    };
    let lists = ask(&["AWS::EKS::Nodegroup", "AWS::CodeBuild::Fleet"]).await.unwrap();
    let counts: Vec<usize> = lists.iter().map(|list| list.resource_descriptions.as_ref().unwrap().len()).collect();
    assert_eq!(counts, [0, 1]);
    let error = ask(&["AWS::EMR::Cluster"]).await.unwrap_err();
    assert!(error.contains("UnsupportedActionException") && error.contains("AWS::EMR::Cluster"), "{error}");
    let unsupported = Fault::refuse("UnsupportedActionException", "Resource type AWS::CodeBuild::Fleet does not support LIST action");
    wired.sim.world(|w| w.inject(unsupported.action("ListResources").resource("AWS::CodeBuild::Fleet")));
    let error = ask(&["AWS::CodeBuild::Fleet"]).await.unwrap_err();
    assert!(error.contains("UnsupportedActionException") && error.contains("AWS::CodeBuild::Fleet"), "{error}");
}

#[tokio::test]
async fn every_key_of_ours_that_encrypts_a_snapshot_is_asked_once_and_one_that_is_denied_hides_no_other() {
    const PARTNER: &str = "444444444444";
    let mut world = empty(now());
    let here_is = |world: &mut World, key: &str| drop(world.account(OURS).region(HERE).snapshot().encrypted_with(key).put());
    let mut keys = ["open", "denied"].map(|id| world.account(OURS).region(HERE).kms_key(id, &[OURS, PARTNER])).to_vec();
    keys.push(world.account(OURS).region(HERE).default_key("ebs"));
    let pending_deletion = format!("arn:aws:kms:{HERE}:{OURS}:key/gone");
    let theirs = world.account(PARTNER).region(HERE).kms_key("theirs", &[OURS]);
    world.account(OURS).region(HERE).kms_key("idle", &[OURS]);
    for key in keys.iter().chain(&keys).chain([&pending_deletion, &theirs]) {
        here_is(&mut world, key);
    }
    world.inject(Fault::deny().action("GetResource").resource("denied"));
    let wired = Wired::once(world).await;
    let wanted = Wanted::new(&Needs::only(&[Source::Snapshots, Source::KeyPolicies].into()), &Sources::default(), now());
    let answers = listings(&wired.aws, &here(), &wanted, &Progress::silent()).await;
    let asked: Vec<String> = wired.sim.world(|w| w.journal.calls("GetResource").map(|entry| entry.params["Identifier"].clone()).collect());
    assert_eq!(
        (asked[0].as_str(), asked[1..].iter().map(String::as_str).collect()),
        ("alias/aws/ebs", BTreeSet::from(["denied", "gone", "open"]))
    );
    assert_eq!(asked.len(), 4);

    let inventory = Inventory::from_answers(answers);
    let [gap] = inventory.gaps.as_slice() else { panic!("{:?}", inventory.gaps) };
    assert_eq!(gap.source, Source::KeyPolicies);
    assert!(gap.error.contains("key denied: AccessDenied") && gap.error.contains("key gone: ResourceNotFoundException"), "{}", gap.error);
    let lets_in = |key: &str| {
        let access = inventory.keys.get(key)?;
        Some(access.shuts_out(&Grantee::Account(PARTNER.into()), &OURS.into()).is_none())
    };
    assert_eq!(
        [&keys[0], &keys[1], &keys[2], &pending_deletion, &theirs].map(|key| lets_in(key)),
        [Some(true), None, Some(false), None, None]
    );
}

#[tokio::test]
async fn references_are_asked_per_place_and_a_place_that_fails_is_told() {
    let wired = Wired::to(everything()).await;
    let ids: Vec<AmiId> = wired.sim.world(|w| w.place(OURS, HERE).unwrap().images.keys().map(|id| AmiId::from(id.as_str())).collect());
    let (there, empty) = (Place::new(OURS, "eu-west-1"), Place::new(OURS, "ap-south-1"));
    wired.sim.world(|w| w.inject(Fault::deny().region("eu-west-1").action("DescribeImageReferences")));
    let asked = BTreeMap::from([(here(), ids.clone()), (there.clone(), ids), (empty.clone(), Vec::new())]);
    let mut answers = BTreeMap::new();
    all_references(&wired.aws, &asked, &all(), &Progress::silent(), |place, answer| {
        answers.insert(place, answer);
    })
    .await;
    assert!(!answers[&here()].as_ref().unwrap().image_references.as_ref().unwrap().is_empty());
    assert!(answers[&there].as_ref().unwrap_err().starts_with("UnauthorizedOperation"));
    assert_eq!(answers[&empty].as_ref().unwrap().image_references.as_ref().map(Vec::len), Some(0));
}

/// Every way in which a read can fail.
const FAULTS: [FaultKind; 11] = [
    FaultKind::Deny,
    FaultKind::AuthFailure,
    FaultKind::Expired,
    FaultKind::Throttle,
    FaultKind::InternalError,
    FaultKind::TimeoutBefore,
    FaultKind::ResetBefore,
    FaultKind::EmptyBody,
    FaultKind::BareAnswer,
    FaultKind::TruncatedPage,
    FaultKind::LoopingToken,
];

/// What has to be listed before a source can be asked. Parameters that aliases name are asked for in any case.
fn listing_of(source: &Source) -> Option<Source> {
    match source {
        Source::UsageReportEntries => Some(Source::UsageReports),
        Source::KeyPolicies => Some(Source::Snapshots),
        Source::ImagesInUse => Some(Source::Instances),
        source => source.listing(),
    }
}

/// The sources that rest on a call, by the name both have from AWS.
fn resting_on(api: &str) -> BTreeSet<Source> {
    let words = api.chars().flat_map(|c| c.is_ascii_uppercase().then_some('-').into_iter().chain([c.to_ascii_lowercase()]));
    let command: String = words.skip(1).collect();
    let named = |source: &Source| source.name().strip_prefix(&command).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    Source::ALL.into_iter().filter(named).collect()
}

/// Our first Region, small, in as many Regions as there are ways to fail.
fn copies() -> (World, Vec<Place>) {
    let americas = ["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"];
    let regions: Vec<&str> = americas.into_iter().chain(["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1"]).collect();
    assert_eq!(regions.len(), FAULTS.len());
    let mut world = everything();
    let mut place = world.place(OURS, HERE).unwrap().clone();
    place.resources.remove("AWS::PCS::Cluster");
    place.recipes.retain(|arn, _| !arn.contains("plain"));
    place.parameters.retain(|name, _| !name.contains("settings"));
    for region in &regions {
        *world.place_mut(OURS, region) = place.clone();
        // A key encrypts in its own Region only.
        let keys = world.place_mut(OURS, region).snapshots.values_mut().filter_map(|snapshot| snapshot.kms_key.as_mut());
        keys.for_each(|key| *key = key.replace(HERE, region));
    }
    world.settings.hang_limit = std::time::Duration::from_millis(20);
    (world, regions.into_iter().map(|region| Place::new(OURS, region)).collect())
}

/// The calls of a whole scan, each with whether its answers come in pages.
fn calls(wired: &Wired) -> BTreeMap<String, bool> {
    let paged =
        |params: &BTreeMap<String, String>| ["MaxResults", "MaxRecords", "maxResults"].iter().any(|name| params.contains_key(*name));
    wired.sim.world(|w| {
        let sent = w.journal.entries().iter().filter(|entry| entry.action != "GetCallerIdentity");
        sent.map(|entry| (entry.action.clone(), paged(&entry.params))).collect()
    })
}

#[tokio::test]
async fn every_read_that_fails_in_any_way_is_a_gap_of_its_own_source_and_of_no_other() {
    let (world, places) = copies();
    let wired = Wired::once(world).await;
    let here = here();
    assert_eq!(failures(&listings(&wired.aws, &here, &all(), &Progress::silent()).await), []);
    let calls = calls(&wired);
    assert!(calls.len() > 30, "{calls:?}");
    for (api, paged) in calls {
        let direct = resting_on(&api);
        assert!(!direct.is_empty(), "{api} has no source");
        let allowed = |source: &Source| direct.contains(source) || listing_of(source).is_some_and(|first| direct.contains(&first));
        // Denied, with everything else that is read in a place.
        wired.sim.world(|w| w.inject(Fault::deny().action(&api)));
        let failed_there = failed(&listings(&wired.aws, &here, &all(), &Progress::silent()).await);
        assert!(failed_there.is_superset(&direct) && failed_there.iter().all(allowed), "{api} {failed_there:?}");
        wired.sim.world(World::clear_faults);
        // And in every other way, with what has to be listed first: a Region for each.
        wired.sim.world(|w| {
            for (place, fault) in places.iter().zip(FAULTS) {
                w.inject(Fault::new(fault).region(place.region.as_str()).action(&api));
            }
        });
        let first = direct.iter().filter_map(listing_of);
        let wanted = Wanted::new(&Needs::only(&direct.iter().cloned().chain(first).collect()), &Sources::default(), now());
        let mut failures = BTreeMap::new();
        scan(&wired.aws, &places, &wanted, &Progress::silent(), |answers| drop(failures.insert(answers.place.clone(), failed(&answers))))
            .await;
        for (place, fault) in places.iter().zip(FAULTS) {
            // A token can only loop where there are pages.
            let harmless = fault == FaultKind::LoopingToken && !paged;
            let (failed, what) = (&failures[place], format!("{api} {fault:?}: {:?}", failures[place]));
            assert!(if harmless { failed.is_empty() } else { failed.is_superset(&direct) && failed.iter().all(allowed) }, "{what}");
        }
        wired.sim.world(World::clear_faults);
    }
}

const SCAN_ROLE: &str = include_str!("../../../deploy/iam/scan-role.json");

/// What the services behind Cloud Control ask for: the simulation does not.
const HANDLERS: [&str; 7] = ["batch", "codebuild", "eks", "elasticbeanstalk", "kms", "pcs", "sagemaker"];

#[tokio::test]
async fn the_scan_role_is_enough_to_read_everything_and_holds_nothing_else() {
    let role: serde_json::Value = serde_json::from_str(SCAN_ROLE).unwrap();
    let mut allowed = BTreeSet::new();
    for statement in role["Statement"].as_array().unwrap() {
        match &statement["Action"] {
            serde_json::Value::Array(actions) => allowed.extend(actions.iter().map(|action| action.as_str().unwrap())),
            action => drop(allowed.insert(action.as_str().unwrap())),
        }
    }
    let wired = Wired::once(everything()).await;
    let arn = wired.aws.identity().arn.clone();
    wired.sim.world(|w| w.allow_only(&arn, allowed.iter().copied()));
    assert!(regions(&wired.aws, &scope(&[HERE])).await.unwrap().1.is_empty());
    assert_eq!(failures(&listings(&wired.aws, &here(), &all(), &Progress::silent()).await), []);
    let (images, snapshots): (Vec<AmiId>, Vec<SnapshotId>) = wired.sim.world(|w| {
        let place = w.place(OURS, HERE).unwrap();
        (place.images.keys().map(|id| id.as_str().into()).collect(), place.snapshots.keys().map(|id| id.as_str().into()).collect())
    });
    let (launch, create) = permissions(&wired.aws, &here(), images.clone(), snapshots).await;
    assert!(launch.values().all(Result::is_ok) && create.values().all(Result::is_ok));
    let asked = BTreeMap::from([(here(), images)]);
    all_references(&wired.aws, &asked, &all(), &Progress::silent(), |_, answer| assert!(answer.is_ok(), "{answer:?}")).await;
    assert!(crate::aws::read::events(&wired.clients(), &["RunInstances"], now()).await.is_ok());
    let used: BTreeSet<String> = wired.sim.world(|w| w.journal.entries().iter().flat_map(|entry| entry.iam_actions.clone()).collect());
    let idle: Vec<_> = allowed.iter().filter(|action| !used.contains(**action)).collect();
    assert!(idle.iter().all(|action| HANDLERS.iter().any(|service| action.starts_with(service))), "{idle:?}");
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
