//! Rates and the tripwire: how much may go at once.

use ami_warden::model::Action;
use ami_warden::plan::HoldKind;

use super::harness::*;

/// So many images that are to be deregistered, the first one the oldest, and twice as many that stay.
fn backlog(count: i64) -> (ami_warden_sim::World, Vec<String>) {
    let mut world = world();
    world.bins();
    let images = (0..count).map(|n| world.here().image(&format!("old{n}x")).age_days(2000 - n).snapshot_size(8).put()).collect();
    for n in 0..2 * count {
        world.here().image(&format!("young{n}x")).age_days(10).snapshot_size(8).put();
    }
    (world, images)
}

#[tokio::test]
async fn a_backlog_of_sixty_drains_oldest_first_at_the_rate() {
    let (world, images) = backlog(60);
    let mut config = hasty();
    config.limits.tripwire_count = 1_000;
    let stage = stage_with(world, config, policies(&whatever_is_old("deregister")), |_| ()).await;
    let mut taken = Vec::new();
    for expected in [25, 25, 10, 0] {
        let cycle = stage.after(DAY / 4).await;
        assert_eq!(cycle.summary.enacted.len(), expected);
        let mut now: Vec<String> = cycle.summary.enacted.iter().map(|(entry, _)| entry.resource.to_string()).collect();
        let waiting =
            cycle.plan.held.iter().filter(|entry| entry.held_by.iter().all(|hold| hold.kind == HoldKind::Limit && hold.name == "rate"));
        assert_eq!(waiting.count(), 60 - taken.len() - expected);
        now.sort();
        let mut oldest: Vec<String> = images[taken.len()..taken.len() + expected].to_vec();
        oldest.sort();
        assert_eq!(now, oldest);
        taken.extend(now);
    }
    assert_eq!(stage.count("DeregisterImage"), 60);
}

#[tokio::test]
async fn the_rate_over_all_places_holds_as_well() {
    let (mut world, _) = backlog(20);
    for n in 0..20 {
        world.there().image(&format!("old{n}x")).age_days(1000 - n).snapshot_size(8).put();
        world.there().image(&format!("young{n}x")).age_days(10).snapshot_size(8).snapshot_size(8).put();
    }
    let mut config = hasty();
    config.limits.per_cycle = 30;
    let stage = stage_with(world, config, policies(&whatever_is_old("deregister")), |_| ()).await;
    assert_eq!(stage.cycle().await.summary.enacted.len(), 30);
    assert_eq!(stage.after(DAY / 4).await.summary.enacted.len(), 10);
}

#[tokio::test]
async fn the_tripwire_holds_a_cohort_until_a_person_approves_and_then_it_waits_for_its_grace() {
    let (world, images) = backlog(30);
    let mut config = enforcing();
    config.limits.per_place = 100;
    let stage = stage_with(world, config, policies(&whatever_is_old("deregister")), |_| ()).await;
    let mut held = stage.cycle().await;
    for _ in 0..4 {
        held = stage.after(DAY * 7).await;
        assert_eq!(held.plan.held.len(), 30);
        assert!(held.plan.held.iter().all(|entry| entry.approvable && entry.held_by[0].name == "tripwire"), "{:?}", held.plan.held[0]);
        assert!(held.plan.steps.is_empty() && held.plan.pending.is_empty());
    }
    assert!(stage.attempts().is_empty());

    // All but one of them.
    let triples: Vec<_> = held.plan.held.iter().skip(1).map(ami_warden::plan::Entry::triple).collect();
    let left = held.plan.held[0].resource.to_string();
    let ledger = &stage.engine.ledger;
    assert_eq!(ledger.approve(&triples, &held.plan.plan_id, "somebody", stage.now()).await.unwrap(), 29);
    let approved = stage.after(DAY).await;
    assert_eq!((approved.plan.pending.len(), approved.plan.steps.len()), (30, 0), "one alone does not trip the wire any more");
    assert_eq!(approved.held_by(Action::Deregister, &left), None);
    assert!(stage.after(DAY * 13).await.plan.steps.is_empty());
    assert_eq!(stage.after(DAY).await.summary.enacted.len(), 30);
    assert!(stage.engine.ledger.approvals().await.unwrap().is_empty(), "an approval ends when it has been used");
    assert_eq!(stage.changes().len(), images.len());
}

#[tokio::test]
async fn an_approval_ends_when_what_it_was_for_is_no_longer_due() {
    let (world, images) = backlog(30);
    let stage = stage_with(world, enforcing(), policies(&whatever_is_old("deregister")), |_| ()).await;
    let held = stage.cycle().await;
    let triples: Vec<_> = held.plan.held.iter().map(ami_warden::plan::Entry::triple).collect();
    stage.engine.ledger.approve(&triples, &held.plan.plan_id, "somebody", stage.now()).await.unwrap();
    // Renewed, so no longer old.
    stage.sim.world(|world| world.image_mut(&images[0]).unwrap().created = start());
    assert_eq!(stage.after(DAY).await.plan.pending.len(), 29);
    assert_eq!(stage.engine.ledger.approvals().await.unwrap().len(), 29);
}

#[tokio::test]
async fn what_is_approved_is_still_held_by_what_protects_it() {
    let (world, images) = backlog(30);
    let stage = stage_with(world, hasty(), policies(&whatever_is_old("deregister")), |_| ()).await;
    let held = stage.cycle().await;
    let triples: Vec<_> = held.plan.held.iter().map(ami_warden::plan::Entry::triple).collect();
    stage.engine.ledger.approve(&triples, &held.plan.plan_id, "somebody", stage.now()).await.unwrap();
    stage.sim.world(|world| {
        world.here().instance(&images[0]).put();
    });
    let cycle = stage.after(DAY).await;
    assert_eq!(cycle.held_by(Action::Deregister, &images[0]), Some(vec!["in-use"]));
    assert_eq!(cycle.summary.enacted.len(), 25);
}

#[tokio::test]
async fn over_half_of_a_small_place_trips_the_wire() {
    let mut world = world();
    for name in ["one", "two", "three"] {
        world.here().image(name).age_days(800).put();
    }
    let policy = whatever_is_old("deprecate")
        + "@id(\"s\") permit (principal, action == Action::\"makePrivate\", resource is Snapshot) when { resource has isPublic && resource.isPublic };";
    let snapshots: Vec<String> = world.place(OURS, HERE).unwrap().snapshots.keys().take(2).cloned().collect();
    for id in &snapshots {
        world.snapshot_mut(id).unwrap().permissions.insert(ami_warden_sim::Permission::Everyone);
    }
    let stage = stage_with(world, hasty(), policies(&policy), |_| ()).await;
    let cycle = stage.cycle().await;
    // Five of six: three images to deprecate, two snapshots to make private.
    assert_eq!(cycle.plan.held.len(), 5, "{:?}", cycle.plan);
    assert!(stage.attempts().is_empty());
}
