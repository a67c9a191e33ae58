//! Every way in which a read can fail: the gap is named, what it could hide is held, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use ami_warden::ledger::{CycleKind, CycleResult};
use ami_warden::model::{Hides, Mode, Source};
use ami_warden_sim::{Calls, Fault, FaultKind, World};

use super::harness::*;

/// What one place has that is due: one image to disable, one to deregister, one snapshot to delete.
fn due(world: &mut World, region: &str) -> [String; 3] {
    let place = |world: &mut World, name: &str| world.account(OURS).region(region).image(name).age_days(800).put();
    let disable = place(world, "disable");
    let deregister = place(world, "deregister");
    let snapshot = world.account(OURS).region(region).snapshot().age_days(800).tag("forgotten", "yes").put();
    for name in ["a", "b", "c"] {
        world.account(OURS).region(region).image(name).age_days(10).put();
    }
    let base = world.account(OURS).region(region).image("base").age_days(10).put();
    // So that every source has something to tell, on more than one page.
    for n in 0..2 {
        world.account(OURS).region(region).instance(&base).put();
        let template = world.account(OURS).region(region).launch_template(&format!("lt{n}")).version(&base).version(&base).put();
        world.account(OURS).region(region).auto_scaling_group(&format!("asg{n}")).launch_template(&template, "$Default").put();
        world.account(OURS).region(region).launch_configuration(&format!("lc{n}"), &base);
        world.account(OURS).region(region).fleet("active").launch_template(&template, "$Default").put();
        world.account(OURS).region(region).spot_fleet("active").image(&base).put();
        world.account(OURS).region(region).spot_request("open").image(&base).put();
        world.account(OURS).region(region).parameter(&format!("/p{n}"), &base);
        world.account(OURS).region(region).image_recipe(&format!("r{n}"), "1.0.0").parent_image(&base).put();
        world.account(OURS).region(region).container_recipe(&format!("c{n}"), "1.0.0").instance_image(&base).put();
        world.account(OURS).region(region).usage_report(&base).put();
        world.account(OURS).region(region).scaling_activity(&format!("asg{n}")).put();
        let fleet = format!("arn:aws:codebuild:{region}:{OURS}:fleet/f{n}:1");
        world.account(OURS).region(region).resource("AWS::CodeBuild::Fleet", serde_json::json!({ "Arn": fleet, "ImageId": base }));
    }
    [format!("disable {disable}"), format!("deregister {deregister}"), format!("deleteSnapshot {snapshot}")]
}

const POLICIES: &str = r#"
@id("disable") permit (principal, action == Action::"disable", resource is Image) when { resource.name == "disable" };
@id("deregister") permit (principal, action == Action::"deregister", resource is Image) when { resource.name == "deregister" };
@id("deleteSnapshot") permit (principal, action == Action::"deleteSnapshot", resource is Snapshot)
when { resource.hasTag("forgotten") };
"#;

const FAULTS: [FaultKind; 9] = [
    FaultKind::Deny,
    FaultKind::AuthFailure,
    FaultKind::TimeoutBefore,
    FaultKind::ResetBefore,
    FaultKind::InternalError,
    FaultKind::Throttle,
    FaultKind::EmptyBody,
    FaultKind::BareAnswer,
    FaultKind::TruncatedPage,
];

/// Every call of the stage's first cycle that asked our first Region something, each with whether its answers come in pages.
fn reads(stage: &Stage) -> BTreeMap<String, bool> {
    let paged =
        |params: &BTreeMap<String, String>| ["MaxResults", "MaxRecords", "maxResults"].iter().any(|name| params.contains_key(*name));
    stage.sim.world(|world| {
        let here = world.journal.entries().iter().filter(|entry| entry.region == HERE && !entry.mutating);
        // Asked about the credentials and about all Regions, not about this one.
        let reads = here.filter(|entry| !["GetCallerIdentity", "DescribeRegions"].contains(&entry.action.as_str()));
        reads.map(|entry| (entry.action.clone(), paged(&entry.params))).collect()
    })
}

/// The sources that rest on a call, by the name both have from AWS. Attributes have no listing of theirs.
fn resting_on(api: &str) -> BTreeSet<Source> {
    match api {
        "DescribeImageAttribute" => return BTreeSet::from([Source::LaunchPermissions]),
        "DescribeSnapshotAttribute" => return BTreeSet::from([Source::CreateVolumePermissions]),
        _ => {}
    }
    let words = api.chars().flat_map(|c| c.is_ascii_uppercase().then_some('-').into_iter().chain([c.to_ascii_lowercase()]));
    let command: String = words.skip(1).collect();
    let named = |source: &Source| source.name().strip_prefix(&command).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    Source::ALL.into_iter().filter(named).collect()
}

/// What can only be asked once something else is listed.
fn listing_of(source: &Source) -> Option<Source> {
    match source {
        Source::UsageReportEntries => Some(Source::UsageReports),
        // Parameters that aliases name are asked for in any case.
        Source::Parameters => None,
        source => source.listing(),
    }
}

/// Whether a gap of `source` holds a step such as `disable ami-…`.
fn holds(source: &Source, step: &str) -> bool {
    match source.hides() {
        Hides::Users | Hides::Resources => true,
        Hides::Consequences => !step.starts_with("disable"),
        Hides::SnapshotGuards => step.starts_with("deleteSnapshot"),
        Hides::OneResource => (*source == Source::CreateVolumePermissions) == step.starts_with("deleteSnapshot"),
        Hides::Nothing => false,
    }
}

async fn blind(limit: Option<usize>) -> (Stage, [[String; 3]; 2]) {
    let mut world = world();
    world.bins();
    world.settings.page_limit = limit;
    let expected = [due(&mut world, HERE), due(&mut world, THERE)];
    let mut config = hasty();
    // The plan tells what would be done; the next fault finds everything as it was.
    config.mode = Mode::Observe;
    // Each cycle asks for every permission: a remembered one would not meet the fault.
    config.permissions.cloudtrail = false;
    let stage = stage_with(world, config, policies(POLICIES), |_| ()).await;
    let whole = stage.cycle().await;
    assert!(whole.plan.complete, "{:?}", whole.plan.gaps);
    let mut all: Vec<String> = expected.iter().flatten().cloned().collect();
    let mut steps = whole.steps();
    all.sort();
    steps.sort();
    assert_eq!(steps, all, "{:?}", whole.plan.held);
    (stage, expected)
}

/// One read that fails in one Region.
type Failing<'a> = (&'a str, FaultKind, &'a str);

/// A cycle in which these reads fail: each is named, each place keeps to what its own failures leave.
async fn check(stage: &Stage, expected: &[[String; 3]; 2], failing: &[Failing<'_>]) {
    stage.sim.world(|world| {
        for (region, fault, api) in failing {
            world.inject(Fault::new(fault.clone()).region(region).action(api));
        }
    });
    let cycle = stage.cycle().await;
    let mut should = Vec::new();
    for (region, due) in [(HERE, &expected[0]), (THERE, &expected[1])] {
        let gaps = cycle.plan.gaps.iter().filter(|gap| gap.place.region.as_str() == region);
        let named: BTreeSet<Source> = gaps.inspect(|gap| assert!(!gap.error.is_empty())).map(|gap| gap.source.clone()).collect();
        let direct: BTreeSet<Source> =
            failing.iter().filter(|(there, ..)| *there == region).flat_map(|(.., api)| resting_on(api)).collect();
        let allowed = |source: &Source| direct.contains(source) || listing_of(source).is_some_and(|first| direct.contains(&first));
        // What no policy here makes use of is not read, and cannot fail.
        assert!(named.iter().all(allowed), "{failing:?}: {named:?}");
        assert_eq!(named.is_empty(), direct.is_empty(), "{failing:?}: {named:?}");
        should.extend(due.iter().filter(|step| !named.iter().any(|source| holds(source, step))).cloned());
    }
    let mut steps = cycle.steps();
    steps.sort();
    should.sort();
    assert_eq!(steps, should, "{failing:?}: {:?}", cycle.plan.held);
    assert!(!cycle.plan.complete);
    stage.sim.world(World::clear_faults);
}

/// Every read denied, and each in two other ways that go round, one per Region. That every read fails well in every way is
/// proven where a scan is (`scan::live`); here it is what a plan makes of it.
#[tokio::test]
async fn every_failed_read_is_a_named_gap_that_freezes_its_place_and_no_other() {
    let (stage, expected) = blind(None).await;
    let reads: Vec<String> = reads(&stage).into_keys().collect();
    assert!(reads.len() > 25, "{reads:?}");
    for (index, api) in reads.iter().enumerate() {
        check(&stage, &expected, &[(HERE, FaultKind::Deny, api)]).await;
        let (other, fault) = (&reads[(index + 4) % reads.len()], |n: usize| FAULTS[(2 * index + n) % FAULTS.len()].clone());
        check(&stage, &expected, &[(HERE, fault(0), api), (THERE, fault(1), other)]).await;
    }
    assert!(stage.cycle().await.plan.complete, "and everything is as before");
    assert!(stage.attempts().is_empty());
}

#[tokio::test]
async fn a_page_that_never_ends_or_breaks_off_in_the_middle_is_a_gap() {
    let (stage, expected) = blind(Some(1)).await;
    let pages: BTreeMap<String, usize> = stage.sim.world(|world| {
        let mut pages = BTreeMap::new();
        world
            .journal
            .entries()
            .iter()
            .filter(|entry| entry.region == HERE)
            .for_each(|entry| *pages.entry(entry.action.clone()).or_default() += 1);
        pages
    });
    for api in reads(&stage).into_iter().filter_map(|(api, paged)| paged.then_some(api)) {
        check(&stage, &expected, &[(HERE, FaultKind::LoopingToken, &api)]).await;
        if pages[&api] < 2 {
            continue;
        }
        // The second call only: the first one looks like a list.
        for kind in [FaultKind::TruncatedPage, FaultKind::Throttle] {
            stage.sim.world(|world| world.inject(Fault::new(kind).region(HERE).action(&api).nth(2)));
            let cycle = stage.cycle().await;
            let named: Vec<&Source> = cycle.plan.gaps.iter().map(|gap| &gap.source).collect();
            assert!(named.iter().any(|source| resting_on(&api).contains(source)), "{api}: {named:?}");
            let wrong = |step: &String| expected[0].contains(step) && named.iter().any(|source| holds(source, step));
            assert!(!cycle.steps().iter().any(wrong), "{api}");
            stage.sim.world(World::clear_faults);
        }
    }
}

#[tokio::test]
async fn a_snapshot_whose_permissions_were_not_read_stays() {
    let (stage, expected) = blind(None).await;
    for fault in &FAULTS {
        stage.sim.world(|world| world.inject(Fault::new(fault.clone()).region(HERE).action("DescribeSnapshotAttribute")));
        let steps = stage.cycle().await.steps();
        assert!(
            !steps.contains(&expected[0][2]) && steps.contains(&expected[0][1]) && steps.contains(&expected[1][2]),
            "{fault:?} {steps:?}"
        );
        stage.sim.world(World::clear_faults);
    }
}

#[tokio::test]
async fn in_mode_enforce_only_the_place_that_was_read_is_touched() {
    for api in ["DescribeInstances", "DescribeAutoScalingGroups", "DescribeImages"] {
        let mut world = world();
        world.bins();
        due(&mut world, HERE);
        let there = due(&mut world, THERE);
        world.inject(Fault::deny().region(HERE).action(api));
        let stage = stage_with(world, hasty(), policies(POLICIES), |_| ()).await;
        let cycle = stage.cycle().await;
        assert_eq!(cycle.enacted(), there.map(|step| format!("{step} done")), "{api}");
        assert!(stage.sim.world(|world| world.journal.mutating().all(|entry| entry.region == THERE)));
    }
}

#[tokio::test]
async fn a_region_that_answers_nothing_does_not_end_the_cycle() {
    let mut world = world();
    world.bins();
    due(&mut world, HERE);
    let there = due(&mut world, THERE);
    world.inject(Fault::new(FaultKind::AuthFailure).region(HERE).on(Calls::any().region(HERE).from(3)));
    let stage = stage_with(world, hasty(), policies(POLICIES), |_| ()).await;
    let cycle = stage.cycle().await;
    assert_eq!(cycle.summary.result(), CycleResult::Gaps);
    assert_eq!(cycle.enacted(), there.map(|step| format!("{step} done")));
}

#[tokio::test]
async fn without_the_list_of_regions_there_is_no_plan_and_the_next_cycle_makes_one() {
    let (stage, _) = blind(None).await;
    for fault in &FAULTS {
        stage.sim.world(|world| world.inject(Fault::new(fault.clone()).action("DescribeRegions")));
        assert!(stage.run(CycleKind::Scan).await.is_err(), "{fault:?}");
        stage.sim.world(World::clear_faults);
    }
    assert!(stage.cycle().await.plan.complete);
}

#[tokio::test]
async fn a_region_that_is_not_enabled_is_no_gap() {
    let mut world = World::new(start());
    world.limit_regions(&[HERE, "af-south-1"]);
    world.account(OURS).region(HERE);
    let stage = stage(world, enforcing()).await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
    assert!(stage.sim.world(|world| world.journal.entries().iter().all(|entry| entry.region == HERE)));
    // Once it is enabled it is read.
    stage.sim.world(|world| {
        world.account(OURS).opt_in("af-south-1").region("af-south-1").image("leaked").public().put();
    });
    assert_eq!(stage.after(DAY).await.enacted().len(), 1);
}

#[tokio::test]
async fn a_configured_region_that_is_not_enabled_is_a_gap_and_the_rest_is_read() {
    let mut world = World::new(start());
    world.limit_regions(&[HERE, "af-south-1"]);
    world.here().image("leaked").public().put();
    let mut config = enforcing();
    config.scope.regions = Some(vec![HERE.into(), "af-south-1".into()]);
    let stage = stage(world, config).await;
    let cycle = stage.cycle().await;
    assert_eq!(cycle.plan.gaps.len(), 1);
    assert_eq!((cycle.plan.gaps[0].source.name(), cycle.plan.gaps[0].place.region.as_str()), ("describe-regions", "af-south-1"));
    assert_eq!(cycle.enacted().len(), 1);
}
