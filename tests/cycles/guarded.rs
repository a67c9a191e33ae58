//! What EC2 itself would refuse: it is known beforehand, and nothing is tried in vain.

use ami_warden::model::Action;
use ami_warden_sim::world::snapshot::Lock;
use ami_warden_sim::{Calls, FaultKind, Protection, World};
use jiff::SignedDuration;

use super::harness::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The names and details of everything that holds `action` on `resource`.
fn holds(cycle: &Cycle, action: Action, resource: &str) -> Vec<String> {
    let entry = cycle.plan.held.iter().find(|entry| entry.action == action && entry.resource.to_string() == resource);
    entry.into_iter().flat_map(|entry| &entry.held_by).map(|hold| format!("{}: {}", hold.name, hold.detail)).collect()
}

/// Others beside what is due, so that it is no half of the place.
fn among_others(world: &mut World) {
    for name in ["a", "b", "c"] {
        world.here().image(name).age_days(10).snapshot_size(8).put();
    }
}

/// One old snapshot that was made for nothing that is there.
fn forgotten(world: &mut World) -> String {
    world.bins();
    among_others(world);
    world.here().snapshot().age_days(800).put()
}

async fn deleting(world: World) -> Stage {
    stage_with(world, hasty(), policies(&whatever_is_old("deleteSnapshot")), |_| ()).await
}

#[tokio::test]
async fn an_image_is_not_deregistered_while_its_protection_cools_down() {
    let mut world = world();
    world.bins();
    among_others(&mut world);
    let image = world.unused("guarded");
    world.image_mut(&image).unwrap().protection = Protection::OnWithCooldown;
    let stage = stage_with(world, hasty(), policies(&whatever_is_old("deregister")), |_| ()).await;
    let protected = stage.cycle().await;
    assert_eq!(holds(&protected, Action::Deregister, &image), ["protected: deregistration protection is `enabled-with-cooldown`"]);

    // Somebody takes it off; EC2 calls it disabled from then on, and refuses for a day.
    stage.advance(HOUR * 5);
    stage.sim.world(|world| {
        let until = world.now() + DAY;
        world.image_mut(&image).unwrap().protection = Protection::CoolingDown(until);
    });
    let cooling = stage.after(HOUR).await;
    let until = stage.now() + DAY;
    assert_eq!(
        holds(&cooling, Action::Deregister, &image),
        [format!("protected: its deregistration protection was taken off with a cooldown: EC2 may refuse until {until}")]
    );
    let stage = stage.restarted().await;
    for _ in 0..3 {
        assert_eq!(stage.after(HOUR * 6).await.held_by(Action::Deregister, &image), Some(vec!["protected"]));
    }
    assert!(stage.attempts().is_empty(), "nothing was tried in vain");
    assert_eq!(stage.after(HOUR * 6).await.enacted(), [format!("deregister {image} done")]);
}

#[tokio::test]
async fn a_locked_snapshot_stays_until_its_lock_has_expired() {
    let mut world = world();
    let snapshot = forgotten(&mut world);
    let place = world.place_mut(OURS, HERE);
    let expires = start() + DAY * 3;
    place.snapshots.get_mut(&snapshot).unwrap().lock =
        Some(Lock { mode: "governance".into(), created: start(), expires, cool_off_hours: None });
    let stage = deleting(world).await;
    for _ in 0..3 {
        let cycle = stage.cycle().await;
        let held = holds(&cycle, Action::DeleteSnapshot, &snapshot);
        assert!(held.len() == 1 && held[0].starts_with("locked: its lock is governance until 2026-11-23T12:00:00"), "{held:?}");
        stage.advance(DAY);
    }
    assert!(stage.attempts().is_empty());
    assert_eq!(stage.cycle().await.enacted(), [format!("deleteSnapshot {snapshot} done")]);
}

#[tokio::test]
async fn a_snapshot_stays_while_fast_snapshot_restore_is_on_anywhere_even_on_its_way_out() {
    for state in ["enabling", "optimizing", "enabled", "disabling"] {
        let mut world = world();
        world.bins();
        among_others(&mut world);
        let snapshot = world.here().snapshot().age_days(800).fast_restore_in("us-east-1a", "disabled").fast_restore_in("us-east-1b", state);
        let snapshot = snapshot.put();
        let stage = deleting(world).await;
        let held = stage.cycle().await;
        assert_eq!(
            holds(&held, Action::DeleteSnapshot, &snapshot),
            [format!("fast-restore: Fast Snapshot Restore is {state} in us-east-1b")]
        );
        assert!(stage.attempts().is_empty());
        stage.sim.world(|world| world.place_mut(OURS, HERE).snapshots.get_mut(&snapshot).unwrap().fast_restores.clear());
        assert_eq!(stage.cycle().await.enacted(), [format!("deleteSnapshot {snapshot} done")], "{state}");
    }
}

#[tokio::test]
async fn a_snapshot_that_is_locked_after_the_scan_is_skipped_and_not_tried() {
    let mut world = world();
    let snapshot = forgotten(&mut world);
    let stage = deleting(world).await;
    let about = snapshot.clone();
    stage.sim.world(|world| {
        // The scan asks for its permissions once; the second time is the last look.
        world.meanwhile(Calls::of("DescribeSnapshotAttribute").resource(&snapshot).nth(1), move |world| {
            let expires = world.now() + DAY;
            let lock = Lock { mode: "compliance".into(), created: world.now(), expires, cool_off_hours: Some(24) };
            world.place_mut(OURS, HERE).snapshots.get_mut(&about).unwrap().lock = Some(lock);
        });
    });
    assert_eq!(stage.cycle().await.enacted(), [format!("deleteSnapshot {snapshot} skipped")]);
    assert!(stage.attempts().is_empty());
    let told = format!("{:?}", stage.steps_of(&snapshot).await);
    assert!(told.contains("its lock is compliance-cooloff"), "{told}");
}

#[tokio::test]
async fn where_locks_cannot_be_read_no_snapshot_goes() {
    for api in ["DescribeLockedSnapshots", "DescribeFastSnapshotRestores"] {
        let mut world = world();
        let snapshot = forgotten(&mut world);
        let stage = deleting(world).await;
        stage.sim.world(|world| world.inject(ami_warden_sim::Fault::new(FaultKind::Deny).action(api)));
        let cycle = stage.cycle().await;
        assert!(cycle.held_by(Action::DeleteSnapshot, &snapshot).is_some(), "{api}: {:?}", cycle.plan.steps);
        assert!(stage.attempts().is_empty());
    }
}

#[tokio::test]
async fn an_image_whose_snapshots_nothing_would_keep_stays() {
    let mut world = world();
    among_others(&mut world);
    let image = world.unused("forgotten");
    for region in [HERE, THERE] {
        world.account(OURS).region(region).recycle_bin_rule(ami_warden_sim::RuleResource::Image, 30).put();
    }
    let stage = stage_with(world, hasty(), policies(&whatever_is_old("deregister")), |_| ()).await;
    let held = holds(&stage.cycle().await, Action::Deregister, &image);
    assert!(held.len() == 1 && held[0].starts_with("unrecoverable: it is nothing without its snapshot snap-"), "{held:?}");
    assert!(stage.attempts().is_empty());
}

#[tokio::test]
async fn a_step_is_reversible_as_long_as_the_image_and_all_its_snapshots_are() {
    let mut world = world();
    among_others(&mut world);
    let image = world.unused("forgotten");
    world.here().recycle_bin_rule(ami_warden_sim::RuleResource::Image, 30).put();
    world.here().recycle_bin_rule(ami_warden_sim::RuleResource::Snapshot, 9).put();
    let stage = stage_with(world, hasty(), policies(&whatever_is_old("deregister")), |_| ()).await;
    let cycle = stage.cycle().await;
    assert_eq!(cycle.enacted(), [format!("deregister {image} done")]);
    assert_eq!(cycle.plan.steps[0].reversible_until, Some(start() + DAY * 9));
}
