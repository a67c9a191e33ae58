//! Every way in which a read can fail: the gap is named, what it could hide is held, and nothing else is.

mod every_read;
mod place;

use ami_warden::ledger::{CycleKind, CycleResult};
use ami_warden::model::Mode;
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

async fn blind() -> (Stage, [[String; 3]; 2]) {
    let mut world = world();
    world.bins();
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

#[tokio::test]
async fn a_snapshot_whose_permissions_were_not_read_stays() {
    let (stage, expected) = blind().await;
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
    let (stage, _) = blind().await;
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
