//! Grace: the clock of a step, and the last look before it is done.

use ami_warden::model::Action;
use ami_warden_sim::{Calls, Fault, Permission, Protection, World};

use super::harness::*;

/// One image to be deregistered after 14 days, among others.
async fn waiting() -> (Stage, String) {
    let mut world = world();
    world.bins();
    let image = world.unused("forgotten");
    for name in ["a", "b"] {
        world.here().image(name).age_days(10).snapshot_size(8).put();
    }
    (stage_with(world, enforcing(), policies(&whatever_is_old("deregister")), |_| ()).await, image)
}

#[tokio::test]
async fn a_cycle_that_could_not_judge_pauses_the_clock_and_does_not_reset_it() {
    let (stage, image) = waiting().await;
    stage.cycle().await;
    stage.after(DAY * 10).await;
    // Ten days count. Then nobody knows for thirty.
    stage.sim.world(|world| world.inject(Fault::deny().action("DescribeInstances").region(HERE)));
    for _ in 0..3 {
        let blind = stage.after(DAY * 10).await;
        assert!(!blind.plan.complete && blind.steps().is_empty(), "{:?}", blind.plan);
        assert!(blind.held_by(Action::Deregister, &image).unwrap().contains(&"describe-instances"));
    }
    stage.sim.world(World::clear_faults);
    assert_eq!(stage.after(DAY).await.pending(), [format!("deregister {image}")], "blind days do not count");
    assert_eq!(stage.after(DAY * 3).await.pending(), [format!("deregister {image}")]);
    assert_eq!(stage.after(DAY).await.enacted(), [format!("deregister {image} done")]);
}

#[tokio::test]
async fn a_listing_that_does_not_answer_pauses_the_clock_as_well() {
    let (stage, image) = waiting().await;
    stage.cycle().await;
    stage.after(DAY * 13).await;
    stage.sim.world(|world| world.inject(Fault::deny().action("DescribeImages").region(HERE)));
    for _ in 0..2 {
        assert!(stage.after(DAY * 10).await.steps().is_empty());
    }
    stage.sim.world(World::clear_faults);
    assert_eq!(stage.after(DAY).await.pending(), [format!("deregister {image}")]);
    assert_eq!(stage.after(DAY).await.enacted(), [format!("deregister {image} done")]);
}

#[tokio::test]
async fn a_cycle_that_fails_as_a_whole_loses_no_clock() {
    let (stage, image) = waiting().await;
    stage.cycle().await;
    stage.after(DAY * 13).await;
    stage.sim.world(|world| world.inject(Fault::deny().action("DescribeRegions").first(1)));
    stage.advance(DAY / 2);
    assert!(stage.run(ami_warden::ledger::CycleKind::Scan).await.is_err());
    assert!(stage.attempts().is_empty());
    assert_eq!(stage.after(DAY).await.enacted(), [format!("deregister {image} done")]);
}

#[tokio::test]
async fn only_a_complete_no_longer_due_resets_the_clock() {
    let (stage, image) = waiting().await;
    stage.cycle().await;
    stage.after(DAY * 13).await;
    let created = stage.sim.world(|world| std::mem::replace(&mut world.image_mut(&image).unwrap().created, start()));
    assert!(stage.after(DAY / 24).await.pending().is_empty());
    stage.sim.world(|world| world.image_mut(&image).unwrap().created = created);
    assert_eq!(stage.after(DAY / 24).await.pending(), [format!("deregister {image}")]);
    assert!(stage.after(DAY * 13).await.enacted().is_empty());
    assert_eq!(stage.after(DAY).await.enacted(), [format!("deregister {image} done")]);
}

#[tokio::test]
async fn use_while_the_grace_runs_pauses_it() {
    let (stage, image) = waiting().await;
    stage.cycle().await;
    stage.after(DAY * 13).await;
    let instance = stage.sim.world(|world| world.here().instance(&image).put());
    for _ in 0..2 {
        assert_eq!(stage.after(DAY * 10).await.held_by(Action::Deregister, &image), Some(vec!["in-use"]));
    }
    stage.sim.world(|world| world.place_mut(OURS, HERE).instances.remove(&instance));
    assert_eq!(stage.after(DAY).await.pending(), [format!("deregister {image}")]);
}

/// Lets `change` happen after the scan, right before the last look at the image; what became of the step.
async fn between_scan_and_act(change: impl Fn(&mut World, &str) + Send + Sync + 'static) -> (Stage, Vec<String>) {
    let (mut stage, image) = waiting().await;
    stage.engine.settings.config.grace = no_grace();
    let about = image.clone();
    // The scan asks for its launch permissions once; the second time is the last look.
    stage.sim.world(|world| {
        world.meanwhile(Calls::of("DescribeImageAttribute").resource(&image).nth(1), move |world| change(world, &about));
    });
    let enacted = stage.cycle().await.enacted();
    (stage, enacted)
}

#[tokio::test]
async fn what_somebody_turned_to_after_the_scan_is_left_alone() {
    type Change = fn(&mut World, &str);
    let changes: [(&str, Change); 8] = [
        ("launched", |world, image| {
            world.here().instance(image).put();
        }),
        ("reported as launched", |world, image| world.image_mut(image).unwrap().last_launched = Some(start())),
        ("kept", |world, image| {
            world.image_mut(image).unwrap().tags.insert("keep".into(), String::new());
        }),
        ("put on hold", |world, image| {
            world.image_mut(image).unwrap().tags.insert("legal-hold".into(), String::new());
        }),
        ("shared", |world, image| {
            world.image_mut(image).unwrap().launch_permissions.insert(Permission::Account(OUTSIDER.into()));
        }),
        ("made public", |world, image| {
            world.image_mut(image).unwrap().launch_permissions.insert(Permission::Everyone);
        }),
        ("protected", |world, image| world.image_mut(image).unwrap().protection = Protection::On),
        ("disabled", |world, image| world.image_mut(image).unwrap().state = ami_warden_sim::ImageState::Disabled),
    ];
    for (what, change) in changes {
        // Once the scan's listings are through, and before the last look.
        let (mut stage, image) = waiting().await;
        stage.engine.settings.config.grace = no_grace();
        let about = image.clone();
        stage.sim.world(|world| {
            world.meanwhile(Calls::of("DescribeImages").resource(&image).nth(1), move |world| change(world, &about));
        });
        let cycle = stage.cycle().await;
        assert_eq!(cycle.enacted(), [format!("deregister {image} skipped")], "{what}");
        assert!(stage.attempts().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn a_share_that_came_while_the_scan_ran_holds_the_image() {
    let (stage, enacted) = between_scan_and_act(|world, image| {
        world.image_mut(image).unwrap().launch_permissions.insert(Permission::Account(OUTSIDER.into()));
    })
    .await;
    assert!(enacted.is_empty() && stage.attempts().is_empty(), "{enacted:?}");
}

#[tokio::test]
async fn a_snapshot_that_an_image_needs_again_is_left_alone() {
    let mut world = world();
    world.bins();
    let snapshot = world.here().snapshot().age_days(800).put();
    for name in ["a", "b"] {
        world.here().image(name).age_days(10).put();
    }
    let about = snapshot.clone();
    world.meanwhile(Calls::of("DescribeSnapshots").resource(&snapshot).nth(1), move |world| {
        world.here().image("registered").on_snapshot(&about).put();
    });
    let stage = stage_with(world, hasty(), policies(&whatever_is_old("deleteSnapshot")), |_| ()).await;
    assert_eq!(stage.cycle().await.enacted(), [format!("deleteSnapshot {snapshot} skipped")]);
    assert!(stage.attempts().is_empty());
}
