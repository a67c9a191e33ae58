//! Processes that end in the middle, and what the ledger knows at every moment.

use ami_warden::ledger::{CycleKind, CycleResult, Ledger, Outcome};
use ami_warden_sim::world::image::Permission;
use ami_warden_sim::{Calls, Fault};
use tokio::sync::mpsc;

use super::harness::*;

async fn retiring(count: usize) -> (Stage, Vec<String>) {
    let mut world = world();
    world.bins();
    let images = (0..count).map(|n| world.unused(&format!("image{n}"))).collect();
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).snapshot_size(8).snapshot_size(8).put();
    }
    (stage_with(world, hasty(), policies(&whatever_is_old("deregister")), |_| ()).await, images)
}

/// Runs a cycle and kills it while AWS does `api`.
async fn killed_during(stage: Stage, api: &str) -> Stage {
    let (tell, mut told) = mpsc::unbounded_channel();
    stage.sim.world(|world| world.meanwhile(Calls::of(api).first(1), move |_| tell.send(()).unwrap()));
    tokio::select! {
        ended = stage.engine.cycle(CycleKind::Scan) => panic!("it was to be killed: {ended:?}"),
        _ = told.recv() => {}
    }
    stage.restarted().await
}

#[tokio::test]
async fn a_step_that_was_under_way_when_the_process_died_is_read_back_and_not_done_twice() {
    let (stage, images) = retiring(2).await;
    // The answer never comes, so that the process dies before it knows.
    stage.sim.world(|world| world.inject(Fault::timeout_after().action("DeregisterImage").first(1)));
    let stage = killed_during(stage, "DeregisterImage").await;
    let open = stage.engine.ledger.open_intents().await.unwrap();
    assert_eq!((open.len(), open[0].intent.entry.resource.to_string(), open[0].last.clone()), (1, images[0].clone(), None));

    stage.advance(DAY / 24);
    let cycle = stage.cycle().await;
    assert_eq!(cycle.concluded(), [format!("deregister {} done", images[0])]);
    assert_eq!(cycle.enacted(), [format!("deregister {} done", images[1])]);
    assert_eq!(stage.count("DeregisterImage"), 2, "each once");
    assert!(stage.engine.ledger.open_intents().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_process_that_died_before_aws_acted_tries_again_once_that_is_certain() {
    let (stage, images) = retiring(1).await;
    let (tell, mut told) = mpsc::unbounded_channel();
    // The last read before the call: the intent is written after it, so nothing is open yet.
    stage.sim.world(|world| {
        world.inject(Fault::timeout_before().action("DeregisterImage").first(1));
        world.settings.hang_limit = std::time::Duration::from_secs(60);
        world.meanwhile(Calls::of("DescribeInstances").nth(3), move |_| tell.send(()).unwrap());
    });
    tokio::select! {
        ended = stage.engine.cycle(CycleKind::Scan) => panic!("it was to be killed: {ended:?}"),
        () = async {
            told.recv().await;
            while stage.count("DeregisterImage") == 0 {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    let stage = stage.restarted().await;
    assert_eq!(stage.engine.ledger.open_intents().await.unwrap().len(), 1);
    let cycle = stage.after(DAY / 24).await;
    assert_eq!(
        (cycle.concluded(), cycle.enacted()),
        (vec![format!("deregister {} failed", images[0])], vec![format!("deregister {} done", images[0])])
    );
}

#[tokio::test]
async fn a_copy_that_was_started_by_a_process_that_died_is_followed_by_the_next() {
    let mut world = world();
    let golden =
        world.here().image("golden-1.0.0").age_days(20).tag("family", "golden").tag("tested", "true").tag("replicate-to", THERE).put();
    world.inject(Fault::timeout_after().action("CopyImage").first(1));
    let stage = killed_during(stage(world, enforcing()).await, "CopyImage").await;
    stage.advance(DAY / 24);
    for _ in 0..3 {
        stage.cycle().await;
        stage.advance(DAY / 24);
    }
    assert_eq!(stage.count("CopyImage"), 1);
    let steps = stage.steps_of(&golden).await;
    assert!(matches!(steps[0].outcomes.last(), Some((_, Outcome::Done { .. }))), "{steps:?}");
}

#[tokio::test]
async fn a_copy_that_failed_is_due_again_even_if_the_cycle_that_saw_it_had_no_plan() {
    let mut world = world();
    let golden =
        world.here().image("golden-1.0.0").age_days(20).tag("family", "golden").tag("tested", "true").tag("replicate-to", THERE).put();
    let mut config = enforcing();
    config.replication.kms_keys.insert(THERE.into(), format!("arn:aws:kms:{HERE}:{OURS}:key/1"));
    let mut stage = stage(world, config).await;
    assert_eq!(stage.cycle().await.enacted(), [format!("replicate {golden} inFlight")]);
    stage.advance(DAY / 24);
    stage.sim.world(|world| world.inject(Fault::deny().action("DescribeRegions").first(1)));
    assert!(stage.run(CycleKind::Scan).await.is_err(), "it cannot tell which Regions there are");
    stage.engine.settings.config.replication.kms_keys.clear();
    stage.sim.world(|world| {
        let place = world.place_mut(OURS, THERE);
        place.images.clear();
        place.snapshots.clear();
    });
    assert_eq!(stage.after(DAY / 24).await.enacted(), [format!("replicate {golden} inFlight")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_intent_is_in_the_ledger_with_its_before_image_when_aws_is_called() {
    let mut world = world();
    world.bins();
    let image = world
        .here()
        .image("handedon")
        .age_days(800)
        .shared_with(OURS)
        .tag("team", "web")
        .tag("owner", "me")
        .deprecated_at(start() - DAY * 99)
        .put();
    let snapshot = world.image(&image).unwrap().root_snapshot().unwrap().to_owned();
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).put();
    }
    let text = whatever_is_old("disable");
    let stage = stage_with(world, hasty(), policies(&text), |_| ()).await;
    let path = stage.ledger_path();
    let (tell, mut told) = mpsc::unbounded_channel();
    stage.sim.world(|world| {
        world.meanwhile(Calls::of("DisableImage"), move |world| {
            // From outside, as another process would see the file at this moment.
            let path = path.clone();
            let looked = std::thread::scope(|scope| {
                let look = scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    runtime.block_on(async { Ledger::open_existing(&path).await.unwrap().open_intents().await.unwrap() })
                });
                look.join().unwrap()
            });
            tell.send((looked, world.journal.effects().count())).unwrap();
        });
    });
    assert_eq!(stage.cycle().await.enacted(), [format!("disable {image} done")]);
    let (open, effects) = told.try_recv().unwrap();
    assert_eq!((open.len(), effects), (1, 0), "the intent is there before anything has changed");
    let before = &open[0].intent.before;
    assert_eq!(before["LaunchPermissions"]["LaunchPermissions"][0]["UserId"], OURS, "{before}");
    assert_eq!(before["Image"]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"], snapshot.as_str(), "{before}");
    assert!(before["Image"]["DeprecationTime"].is_string(), "{before}");
    assert!(before["Image"]["Tags"].as_array().unwrap().iter().any(|tag| tag["Key"] == "team" && tag["Value"] == "web"), "{before}");
    stage.sim.world(|world| assert!(!world.image(&image).unwrap().launch_permissions.contains(&Permission::Everyone)));
}

#[tokio::test]
async fn the_ledger_knows_of_every_change_that_aws_saw() {
    let (stage, images) = retiring(3).await;
    stage.cycle().await;
    for image in &images {
        let steps = stage.steps_of(image).await;
        assert_eq!(steps.len(), 1);
        assert!(matches!(steps[0].outcomes.as_slice(), [(_, Outcome::Done { .. })]), "{steps:?}");
        assert!(steps[0].intent.before["Image"]["ImageId"] == image.as_str());
    }
    assert_eq!(stage.changes().len(), 3);
}

#[tokio::test]
async fn whoever_asks_to_stop_gets_it_after_the_step_under_way_and_the_rest_waits() {
    let (stage, images) = retiring(3).await;
    let stop = stage.engine.stop.clone();
    stage.sim.world(|world| world.meanwhile(Calls::of("DeregisterImage").first(1), move |_| stop.ask()));
    let stopped = stage.cycle().await;
    assert_eq!(stopped.enacted(), [format!("deregister {} done", images[0])]);
    assert_eq!(stopped.summary.result(), CycleResult::Stopped);
    let stage = stage.restarted().await;
    stage.advance(DAY / 24);
    assert_eq!(stage.cycle().await.enacted(), images[1..].iter().map(|id| format!("deregister {id} done")).collect::<Vec<_>>());
    assert_eq!(stage.count("DeregisterImage"), 3);
}
