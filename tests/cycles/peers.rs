//! Faults of other tools that cost their users images, money or exposure: one sentence each about what happens here.
//!
//! 1. A revocation on several images resets the later ones: also `sharing::exactly_the_strangers_lose_their_share_one_call_each`.
//! 2. One image's error hides the findings about its neighbours.
//! 3. The first refusal ends the batch: also `failures::a_denied_step_does_not_stop_the_others`.
//! 4. Free launch templates, overrides, `resolve:ssm` and later pages of versions are no use: also
//!    `traps::nothing_that_may_be_in_use_is_touched_in_a_year`.
//! 5. Disabled images are invisible, so that their snapshots look unused.
//! 6. Only the first page is read: also `ladder::the_ladder_is_the_same_on_pages_of_one_two_and_three_entries` and
//!    `gaps::a_page_that_never_ends_or_breaks_off_in_the_middle_is_a_gap`.
//! 7. What AWS Backup or Fast Snapshot Restore keeps is tried for ever.
//! 8. A failed read of tags leads to deletions: also `grace::what_somebody_turned_to_after_the_scan_is_left_alone`.
//! 9. Copies are repeated in every run, and without tags:
//!    `copies::a_golden_image_is_copied_once_with_its_tags_and_followed_until_it_is_available`.
//! 10. A Region that does not answer counts as empty: also `copies::a_region_whose_images_were_not_read_gets_no_copy`.
//! 11. A cron expression with `*` seconds runs every second.
//! 12. Every launch template version counts as use, so that nothing is ever free.

use std::collections::{BTreeMap, BTreeSet};

use ami_warden::config::Config;
use ami_warden::ledger::Outcome;
use ami_warden::model::Action;
use ami_warden::policy::{PolicyFile, PolicySet};
use ami_warden_sim::{Fault, FaultKind, Permission, World};
use jiff::SignedDuration;

use super::harness::*;
use super::program::{Bench, text, world_of_today};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const PARTNER: &str = "444444444444";

/// Young images with two disks, so that what is due is a small part of the place.
fn bystanders(world: &mut World, count: usize) {
    for n in 0..count {
        world.here().image(&format!("bystander{n}")).age_days(10).snapshot_size(8).snapshot_size(8).put();
    }
}

/// An unused image that was deprecated so long ago that only its users, if it has any, keep it from being disabled.
fn retired(world: &mut World, name: &str) -> String {
    world.here().image(name).age_days(800).deprecated_at(start() - DAY * 100).put()
}

/// The shipped policies without one of them.
fn shipped_without(id: &str) -> PolicySet {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/policies")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|extension| extension == "cedar"));
    let mut taken_out = 0;
    let files: Vec<PolicyFile> = paths
        .map(|path| {
            let mut text = std::fs::read_to_string(&path).unwrap();
            if let Some(from) = text.find(&format!("@id(\"{id}\")")) {
                let to = from + text[from..].find(";\n").unwrap() + 1;
                text.replace_range(from..to, "");
                taken_out += 1;
            }
            PolicyFile { path, text }
        })
        .collect();
    assert_eq!(taken_out, 1);
    PolicySet::load(&files).unwrap()
}

/// 1: c7n `set-permissions` with `remove: [all]`.
#[tokio::test]
async fn several_public_images_become_private_at_once_and_each_keeps_its_own_partners() {
    let mut world = world();
    bystanders(&mut world, 12);
    let first = world.here().image("first").age_days(10).public().shared_with(PARTNER).put();
    let second = world.here().image("second").age_days(10).public().shared_with(OUTSIDER).shared_with(PARTNER).put();
    let third = world.here().image("third").age_days(10).public().put();
    let stage = stage_with(
        world,
        hasty(),
        policies("@id(\"private\") permit (principal, action == Action::\"makePrivate\", resource is Image) when { resource.isPublic };"),
        |_| (),
    )
    .await;
    assert_eq!(stage.cycle().await.summary.enacted.len(), 3);
    let account = |id: &str| Permission::Account(id.to_owned());
    stage.sim.world(|world| {
        let left = |id: &str| world.image(id).unwrap().launch_permissions.iter().cloned().collect::<Vec<_>>();
        assert_eq!(left(&first), [account(PARTNER)]);
        assert_eq!(left(&second), [account(OUTSIDER), account(PARTNER)]);
        assert_eq!(left(&third), []);
    });
    assert_eq!((stage.count("ModifyImageAttribute"), stage.count("ResetImageAttribute")), (3, 0));
}

/// 2: c7n `cross-account`, which drops a chunk of twenty for one exception.
#[tokio::test]
async fn an_image_whose_permissions_cannot_be_read_hides_no_other_image() {
    let mut world = world();
    bystanders(&mut world, 60);
    let shared: Vec<String> =
        (0..20).map(|n| world.here().image(&format!("shared{n}x")).age_days(10).shared_with(OUTSIDER).put()).collect();
    world.inject(Fault::deny().action("DescribeImageAttribute").resource(&shared[7]));
    let mut config = hasty();
    config.limits.tripwire_estate = 100;
    let stage = stage(world, config).await;
    let cycle = stage.cycle().await;
    let gaps: Vec<_> = cycle.plan.gaps.iter().map(|gap| (gap.source.name(), gap.resource.as_deref())).collect();
    assert_eq!(gaps, [("launch-permissions", Some(shared[7].as_str()))]);
    let others: BTreeSet<String> = shared.iter().filter(|id| **id != shared[7]).map(|id| format!("revokeShare {id} done")).collect();
    assert_eq!(cycle.enacted().into_iter().collect::<BTreeSet<_>>(), others, "{:?}", cycle.plan.held);
}

/// 3: c7n, which ends the batch at the first refusal and swallows what DeleteSnapshot said.
#[tokio::test]
async fn every_refused_snapshot_is_reported_with_its_own_code_and_the_rest_is_deleted() {
    let mut world = world();
    world.bins();
    bystanders(&mut world, 6);
    let snapshots: Vec<String> = (0..5).map(|n| world.here().snapshot().age_days(900 - n).put()).collect();
    let refusals = ["UnauthorizedOperation", "InvalidSnapshot.InUse", "OperationNotPermitted"];
    world.inject(Fault::deny().action("DeleteSnapshot").resource(&snapshots[0]));
    world.inject(Fault::refuse("InvalidSnapshot.InUse", "in use").action("DeleteSnapshot").resource(&snapshots[1]));
    world.inject(Fault::refuse("OperationNotPermitted", "locked").action("DeleteSnapshot").resource(&snapshots[3]));
    let topic = world.here().topic("warden");
    let mut config = hasty();
    config.sns.topics.insert("default".into(), topic.clone());
    let stage = stage_with(world, config, policies(&whatever_is_old("deleteSnapshot")), |_| ()).await;
    let cycle = stage.cycle().await;
    let codes: BTreeMap<String, &str> = cycle
        .summary
        .enacted
        .iter()
        .map(|(entry, outcome)| match outcome {
            Outcome::Failed { code, message } => {
                assert!(!message.is_empty());
                (entry.resource.to_string(), code.as_str())
            }
            other => (entry.resource.to_string(), other.name()),
        })
        .collect();
    let expected = [refusals[0], refusals[1], "done", refusals[2], "done"];
    assert_eq!(codes, snapshots.iter().cloned().zip(expected).collect(), "{:?}", cycle.plan.held);

    // People and the ledger hear the same.
    let told = stage.sim.world(|world| world.messages(&topic).iter().map(|message| message.body.clone()).collect::<String>());
    for (snapshot, code) in [(&snapshots[0], refusals[0]), (&snapshots[1], refusals[1]), (&snapshots[3], refusals[2])] {
        assert!(told.contains(code) && told.contains(snapshot.as_str()), "{code}: {told}");
        let steps = stage.steps_of(snapshot).await;
        assert!(matches!(&steps[0].outcomes[0].1, Outcome::Failed { code: kept, .. } if kept == code), "{steps:?}");
    }
}

/// 4: c7n#6554, an outage; and every tool that reads one page of versions.
#[tokio::test]
async fn what_only_a_later_page_of_launch_templates_and_versions_names_is_in_use() {
    let mut world = world();
    world.bins();
    let free = retired(&mut world, "free");
    bystanders(&mut world, 6);
    let young = world.here().image("young").age_days(5).put();
    let mut used = BTreeMap::new();
    let mut using = |world: &mut World, name: &'static str| {
        let image = retired(world, name);
        used.insert(name, image.clone());
        image
    };
    for n in 0..7 {
        world.here().launch_template(&format!("early{n}")).version(&young).version(&young).put();
    }
    // Of four versions the first is the default one, the second is what a group names, the last is the latest.
    let (default, numbered, latest) = (using(&mut world, "default"), using(&mut world, "numbered"), using(&mut world, "latest"));
    let stale = retired(&mut world, "stale");
    let template = world.here().launch_template("zz").version(&default).version(&numbered).version(&stale).version(&latest).put();
    world.here().auto_scaling_group("zz").launch_template(&template, "2").put();
    let image = using(&mut world, "overridden");
    world.here().auto_scaling_group("zzz").mixed(&template, "$Default").override_image("m5.large", &image).put();
    let image = using(&mut world, "alias");
    world.here().parameter("/zz/web", &image);
    world.here().launch_template("zzzz").version(&young).version("resolve:ssm:/zz/web").put();

    for (limit, empty) in [(1, false), (2, true), (1000, false)] {
        let mut world = world.clone();
        world.settings.page_limit = Some(limit);
        world.settings.empty_first_pages = empty;
        let stage = stage(world, hasty()).await;
        let cycle = stage.cycle().await;
        for (name, image) in &used {
            assert_eq!(cycle.held_by(Action::Disable, image), Some(vec!["in-use"]), "{name} on pages of {limit}");
        }
        assert_eq!(cycle.held_by(Action::Disable, &stale), Some(vec!["stale-use"]));
        assert_eq!(cycle.enacted(), [format!("disable {free} done")]);
    }
}

/// 5: c7n#9138 and c7n#9444.
#[tokio::test]
async fn the_snapshots_of_a_disabled_image_are_in_use() {
    let mut world = world();
    world.bins();
    bystanders(&mut world, 6);
    let image = world.here().image("disabled").age_days(800).disabled().snapshot_size(8).snapshot_size(20).put();
    let orphan = world.here().snapshot().age_days(800).put();
    let snapshots: Vec<String> = world.image(&image).unwrap().snapshots().map(str::to_owned).collect();
    // Of a disk that is not the root EC2 itself may not stop anybody.
    world.settings.snapshot_guard = ami_warden_sim::SnapshotGuard::RootOnly;
    let stage = stage_with(world, hasty(), policies(&whatever_is_old("deleteSnapshot")), |_| ()).await;
    let cycle = stage.cycle().await;
    assert_eq!(snapshots.len(), 2);
    for snapshot in &snapshots {
        assert_eq!(cycle.held_by(Action::DeleteSnapshot, snapshot), Some(vec!["referenced-by-image"]));
    }
    assert_eq!(stage.attempts(), [format!("DeleteSnapshot {orphan}")]);
}

/// 6: aws-amicleaner, and packer-ami-management#30.
#[tokio::test]
async fn instances_groups_and_launch_configurations_beyond_the_first_page_are_users() {
    let mut world = world();
    world.bins();
    let free = world.unused("free");
    let mut used = Vec::new();
    for n in 0..7 {
        let image = world.unused(&format!("instance{n}"));
        world.here().instance(&image).put();
        used.push(image);
        let image = world.unused(&format!("group{n}"));
        let other = world.here().image(&format!("newest{n}")).age_days(5).put();
        let template = world.here().launch_template(&format!("lt{n}")).version(&other).version(&image).version(&other).put();
        world.here().auto_scaling_group(&format!("asg{n}")).launch_template(&template, "2").put();
        used.push(image);
        let image = world.unused(&format!("configuration{n}"));
        world.here().launch_configuration(&format!("lc{n}"), &image);
        used.push(image);
    }
    for (limit, empty) in [(3, false), (2, true)] {
        let mut world = world.clone();
        world.settings.page_limit = Some(limit);
        world.settings.empty_first_pages = empty;
        let stage = stage_with(world, hasty(), policies(&whatever_is_old("deregister")), |_| ()).await;
        let cycle = stage.cycle().await;
        for image in &used {
            assert_eq!(cycle.held_by(Action::Deregister, image), Some(vec!["in-use"]), "on pages of {limit}");
        }
        assert_eq!(stage.attempts(), [format!("DeregisterImage {free}")]);
    }
}

/// 7: c7n#9459.
#[tokio::test]
async fn what_aws_backup_made_is_never_tried() {
    let mut world = world();
    world.bins();
    bystanders(&mut world, 6);
    let backup = "aws:backup:source-resource";
    let image = world.here().image("AwsBackup_i-1_x").age_days(800).tag(backup, "i-1").put();
    let kept = world.here().snapshot().age_days(800).tag(backup, "vol-1").put();
    let text = whatever_is_old("deregister") + &whatever_is_old("deleteSnapshot");
    let stage = stage_with(world, hasty(), policies(&text), |_| ()).await;
    for _ in 0..6 {
        let cycle = stage.after(DAY).await;
        assert_eq!(cycle.held_by(Action::Deregister, &image), Some(vec!["managed"]));
        assert_eq!(cycle.held_by(Action::DeleteSnapshot, &kept), Some(vec!["managed"]));
    }
    assert!(stage.attempts().is_empty(), "{:?}", stage.attempts());
}

/// 7: aws-nuke#453, and whatever else is refused although no listing told of it.
#[tokio::test]
async fn a_snapshot_that_fast_restore_needs_is_never_tried_and_one_that_is_refused_more_and_more_seldom() {
    let mut world = world();
    world.bins();
    bystanders(&mut world, 6);
    let restored = world.here().snapshot().age_days(800).fast_restore("us-east-1a").put();
    let claimed = world.here().snapshot().age_days(800).put();
    let words = "This snapshot is managed by the AWS Backup service and cannot be deleted via EC2 APIs.";
    world.inject(Fault::refuse("InvalidParameterValue", words).action("DeleteSnapshot").resource(&claimed));
    let stage = stage_with(world, hasty(), policies(&whatever_is_old("deleteSnapshot")), |_| ()).await;
    // Three tries, then a pause that doubles up to a day.
    for hours in [1, 1, 1, 3, 3, 6, 6, 12, 12, 24, 24] {
        stage.after(HOUR * hours).await;
    }
    for snapshot in [&restored, &claimed] {
        let tried =
            stage.sim.world(|world| world.journal.calls("DeleteSnapshot").filter(|call| call.params["SnapshotId"] == *snapshot).count());
        // Fast Snapshot Restore is listed, so that nothing is tried in vain; who claims the other one is told by nobody.
        assert!(tried <= if *snapshot == restored { 0 } else { 7 }, "{tried} tries in four days");
        assert!(stage.after(HOUR).await.held_by(Action::DeleteSnapshot, snapshot).is_some());
    }
    assert!(stage.changes().is_empty());
}

/// 8: c7n#2824 and c7n#4949.
#[tokio::test]
async fn a_read_of_tags_that_fails_anywhere_deletes_nothing_that_is_kept() {
    let mut world = world();
    world.bins();
    bystanders(&mut world, 8);
    let image = world.unused("kept");
    world.image_mut(&image).unwrap().tags.insert("keep".into(), "yes".into());
    let snapshot = world.here().snapshot().age_days(800).tag("legal-hold", "case 7").put();
    let free = world.unused("free");
    let text = whatever_is_old("deregister") + &whatever_is_old("deleteSnapshot");
    let loaded = policies(&text);
    for api in ["DescribeImages", "DescribeSnapshots"] {
        for kind in [FaultKind::TruncatedPage, FaultKind::BareAnswer] {
            // In the scan of either Region, and in the last look before the step.
            for nth in 1..=4 {
                let mut world = world.clone();
                world.inject(Fault::new(kind.clone()).action(api).nth(nth));
                let stage = stage_with(world, hasty(), loaded.clone(), |_| ()).await;
                for _ in 0..2 {
                    stage.after(HOUR).await;
                }
                let attempts = stage.attempts();
                assert!(
                    !attempts.iter().any(|attempt| attempt.ends_with(&image) || attempt.ends_with(&snapshot)),
                    "{api} {kind:?} {nth}: {attempts:?}"
                );
                assert_eq!(stage.changes(), [format!("DeregisterImage {free}")], "{api} {kind:?} {nth}");
            }
        }
    }
}

/// 10: pubsys of Bottlerocket.
#[tokio::test]
async fn a_region_that_cannot_be_reached_lacks_nothing() {
    let missing = "@id(\"missing\") @severity(\"high\") permit (principal, action == Action::\"notify\", resource is Image)
        when { resource.hasTag(\"replicate-to\") && resource has replicaRegions && !resource.replicaRegions.contains(Region::\"eu-west-1\") };
        @id(\"copy\") permit (principal, action == Action::\"replicate\", resource is Image)
        when { resource.replicateTo.contains(context.target) && resource has replicaRegions
               && !resource.replicaRegions.contains(context.target) };
        @id(\"redundant\") permit (principal, action == Action::\"deregister\", resource is Image)
        when { resource in Region::\"us-east-1\" && resource.name == \"redundant\" && resource has replicaRegions && !resource.replicaRegions.contains(Region::\"eu-west-1\") };";
    let loaded = policies(missing);
    let mut world = world();
    world.bins();
    bystanders(&mut world, 6);
    let golden = world.here().image("golden-1.0.0").age_days(20).tag("replicate-to", THERE).put();
    let redundant = world.here().image("redundant").age_days(800).put();
    for image in [&golden, &redundant] {
        let name = world.image(image).unwrap().name.clone();
        world.there().image(&name).age_days(20).source(image, HERE).put();
    }
    let nothing = |cycle: &Cycle| cycle.steps().is_empty() && cycle.plan.findings.is_empty();
    let whole = stage_with(world.clone(), hasty(), loaded.clone(), |_| ()).await;
    let cycle = whole.cycle().await;
    assert!(nothing(&cycle), "with its copies there is nothing to do: {:?}", cycle.plan);

    for kind in [FaultKind::TimeoutBefore, FaultKind::ResetBefore, FaultKind::AuthFailure, FaultKind::InternalError, FaultKind::EmptyBody] {
        let stage = stage_with(world.clone(), hasty(), loaded.clone(), |_| ()).await;
        stage.sim.world(|world| world.inject(Fault::new(kind.clone()).region(THERE)));
        let cycle = stage.cycle().await;
        assert!(cycle.plan.gaps.iter().any(|gap| gap.place.region.as_str() == THERE && gap.source.name() == "describe-images"), "{kind:?}");
        assert!(nothing(&cycle), "{kind:?}: {:?} {:?}", cycle.steps(), cycle.plan.findings);
        assert!(stage.attempts().is_empty(), "{kind:?}");
    }

    // A Region that answered and has no copy does lack it.
    world.place_mut(OURS, THERE).images.clear();
    let stage = stage_with(world, hasty(), loaded, |_| ()).await;
    let cycle = stage.cycle().await;
    assert_eq!(cycle.plan.findings.len(), 1);
    assert!(cycle.steps().contains(&format!("replicate {golden}")) && cycle.steps().contains(&format!("deregister {redundant}")));
}

/// 11: triagebot.
#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_with_every_second_is_refused_before_aws_is_asked() {
    for seconds in ["*", "*/1", "?", "0-59", "0,1", "0/5"] {
        for schedule in ["scan", "exposure"] {
            let bench = Bench::new(world_of_today(), &format!("[schedule]\n{schedule} = \"{seconds} 15 */6 * * *\"")).await;
            let output = bench.run(&["run", "--once"]);
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{schedule} = {seconds}: {said}");
            assert!(said.contains("seconds") && said.contains("ami-warden.toml:2"), "{said}");
            assert!(bench.sim.world(|world| world.journal.entries().is_empty()), "{seconds}");
        }
    }
}

/// 12: packer-ami-management#266.
#[tokio::test]
async fn a_version_that_nothing_names_holds_until_a_team_says_otherwise_and_a_live_one_for_ever() {
    let mut world = world();
    world.bins();
    bystanders(&mut world, 6);
    let young = world.here().image("young").age_days(5).put();
    let stale = retired(&mut world, "stale");
    let live = retired(&mut world, "live");
    world.here().launch_template("forgotten").version(&stale).version(&young).default_version(2).put();
    let template = world.here().launch_template("named").version(&live).version(&young).default_version(2).put();
    world.here().auto_scaling_group("named").launch_template(&template, "1").put();

    let config: Config = hasty();
    let shipped = stage(world.clone(), config.clone()).await;
    let cycle = shipped.cycle().await;
    assert_eq!(cycle.held_by(Action::Disable, &stale), Some(vec!["stale-use"]), "{:?}", cycle.plan);
    assert_eq!(cycle.held_by(Action::Disable, &live), Some(vec!["in-use"]));
    assert!(shipped.attempts().is_empty());

    let released = stage_with(world, config, shipped_without("stale-use"), |_| ()).await;
    let cycle = released.cycle().await;
    assert_eq!(cycle.held_by(Action::Disable, &live), Some(vec!["in-use"]));
    assert_eq!(cycle.enacted(), [format!("disable {stale} done")]);
}
