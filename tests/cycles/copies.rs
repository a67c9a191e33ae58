//! Copies into recovery Regions: made once, with their tags, and looked after until they are there.

use ami_warden::config::Config;
use ami_warden::model::Action;
use ami_warden_sim::{Fault, FaultKind, ImageState, World};
use jiff::SignedDuration;

use super::harness::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A tested golden image that wants a copy in the other Region.
fn golden(world: &mut World) -> String {
    let image = world.here().image("golden-1.0.0").age_days(20).snapshot_size(8).snapshot_size(20);
    let image = image.tag("family", "golden").tag("tested", "true").tag("replicate-to", THERE).tag("team", "web");
    image.with(|image| image.description = Some("the golden one".into())).put()
}

fn copies(world: &World) -> Vec<ami_warden_sim::world::image::Image> {
    world.place(OURS, THERE).map(|place| place.images.values().cloned().collect()).unwrap_or_default()
}

#[tokio::test]
async fn a_golden_image_is_copied_once_with_its_tags_and_followed_until_it_is_available() {
    let mut world = world();
    let image = golden(&mut world);
    let stage = stage(world, enforcing()).await;
    assert_eq!(stage.cycle().await.enacted(), [format!("replicate {image} inFlight")]);
    stage.sim.world(|world| {
        let call = world.journal.calls("CopyImage").next().unwrap();
        assert_eq!(call.region, THERE);
        assert!(call.params.contains_key("ClientToken"), "{:?}", call.params);
        let copy = &copies(world)[0];
        assert_eq!((copy.name.as_str(), copy.description.as_deref()), ("golden-1.0.0", Some("the golden one")));
        let tags: Vec<&str> = copy.tags.keys().map(String::as_str).collect();
        assert_eq!(tags, ["family", "team", "tested"], "replicas do not replicate onward");
        for snapshot in copy.snapshots() {
            assert_eq!(world.snapshot(snapshot).unwrap().tags, copy.tags, "CopyImageTags would have left them without");
        }
    });
    let later = stage.after(HOUR).await;
    assert_eq!(later.concluded(), [format!("replicate {image} done")]);
    for _ in 0..4 {
        assert_eq!(stage.after(DAY).await.enacted(), Vec::<String>::new());
    }
    assert_eq!(stage.count("CopyImage"), 1);
    assert_eq!(stage.sim.world(|world| copies(world).len()), 1);
}

#[tokio::test]
async fn a_copy_that_takes_its_time_is_neither_repeated_nor_given_up() {
    let mut world = world();
    let image = golden(&mut world);
    world.settings.copy_delay = SignedDuration::from_hours(30);
    // For the first minutes no listing shows it.
    world.settings.listing_lag = SignedDuration::from_mins(8);
    let stage = stage(world, enforcing()).await;
    stage.cycle().await;
    let early = stage.after(SignedDuration::from_mins(5)).await;
    assert_eq!((early.concluded(), early.steps()), (vec![], vec![]));
    for _ in 0..4 {
        let cycle = stage.after(HOUR * 6).await;
        assert_eq!((cycle.concluded(), cycle.steps()), (vec![], vec![]));
    }
    assert_eq!(stage.after(HOUR * 6).await.concluded(), [format!("replicate {image} done")]);
    assert_eq!(stage.count("CopyImage"), 1);
}

#[tokio::test]
async fn a_copy_whose_answer_was_lost_is_found_by_its_source_and_not_made_again() {
    let mut world = world();
    let image = golden(&mut world);
    world.inject(Fault::timeout_after().action("CopyImage").first(1));
    let stage = stage(world, enforcing()).await;
    assert_eq!(stage.cycle().await.enacted(), [format!("replicate {image} inFlight")], "found by its source");
    assert_eq!(stage.after(HOUR).await.concluded(), [format!("replicate {image} done")]);
    assert_eq!(stage.after(DAY).await.enacted(), Vec::<String>::new());
    assert_eq!((stage.count("CopyImage"), stage.sim.world(|world| copies(world).len())), (1, 1));
}

#[tokio::test]
async fn a_lost_copy_that_no_listing_shows_yet_is_still_only_one_copy() {
    let mut world = world();
    let image = golden(&mut world);
    world.inject(Fault::timeout_after().action("CopyImage").first(1));
    world.settings.listing_lag = SignedDuration::from_hours(8);
    world.settings.copy_delay = SignedDuration::from_hours(9);
    let stage = stage(world, enforcing()).await;
    assert_eq!(stage.cycle().await.enacted(), [format!("replicate {image} unknown")]);
    for _ in 0..6 {
        stage.after(HOUR * 6).await;
    }
    stage.sim.world(|world| {
        assert_eq!(copies(world).len(), 1);
        assert_eq!(copies(world)[0].state, ImageState::Available);
    });
    let tokens =
        stage.sim.world(|world| world.journal.calls("CopyImage").map(|call| call.params["ClientToken"].clone()).collect::<Vec<_>>());
    assert!(tokens.iter().all(|token| *token == tokens[0]), "the same copy, asked for with the same token: {tokens:?}");
}

#[tokio::test]
async fn a_copy_that_fails_in_the_end_is_a_failed_step_and_is_not_tried_for_ever() {
    let mut world = world();
    let image = golden(&mut world);
    // Cycles pass while it is on its way.
    world.settings.copy_delay = HOUR * 3;
    let mut config = enforcing();
    // A key of another Region: EC2 takes the call and fails the copy later.
    config.replication.kms_keys.insert(THERE.into(), format!("arn:aws:kms:{HERE}:{OURS}:key/1"));
    let stage = stage(world, config).await;
    assert_eq!(stage.cycle().await.enacted(), [format!("replicate {image} inFlight")]);
    let mut told = Vec::new();
    for _ in 0..48 {
        stage.advance(HOUR);
        // Somebody clears away what failed, so that its name is free again.
        stage.sim.world(|world| world.place_mut(OURS, THERE).images.retain(|_, image| image.state != ImageState::Failed));
        let cycle = stage.cycle().await;
        told.extend(cycle.concluded());
        told.extend(cycle.held_by(Action::Replicate, &image).map(|names| names.join(" ")));
    }
    let failed = format!("replicate {image} failed");
    assert_eq!(
        told[..4],
        [failed.clone(), failed.clone(), failed.clone(), "CopyFailed".to_owned()],
        "after three failures it backs off: {told:?}"
    );
    assert!(stage.count("CopyImage") <= 6, "{} copies in two days", stage.count("CopyImage"));
}

#[tokio::test]
async fn a_region_whose_images_were_not_read_gets_no_copy() {
    let mut world = world();
    let image = golden(&mut world);
    world.inject(Fault::new(FaultKind::Deny).region(THERE).action("DescribeImages"));
    let stage = stage(world, enforcing()).await;
    let cycle = stage.cycle().await;
    assert!(
        cycle.steps().is_empty() && cycle.held_by(Action::Replicate, &image).is_none_or(|names| names.contains(&"describe-images")),
        "{:?}",
        cycle.plan
    );
    assert_eq!(stage.count("CopyImage"), 0);
}

#[tokio::test]
async fn marks_of_the_one_image_do_not_go_with_its_copy() {
    let mut world = world();
    let image = golden(&mut world);
    world.image_mut(&image).unwrap().tags.insert("aws:cloudformation:stack-name".into(), "x".into());
    let mut config: Config = enforcing();
    config.tags.keep = vec!["keep".into(), "team".into()];
    let stage = stage(world, config).await;
    // `team` is a keep tag here, and a kept image is left alone altogether.
    let cycle = stage.cycle().await;
    assert_eq!(cycle.held_by(Action::Replicate, &image), Some(vec!["keep-tag"]));
    stage.sim.world(|world| world.image_mut(&image).unwrap().tags.remove("team"));
    assert_eq!(stage.after(HOUR).await.enacted(), [format!("replicate {image} inFlight")]);
    let tags = stage.sim.world(|world| copies(world)[0].tags.clone());
    assert_eq!(tags.keys().collect::<Vec<_>>(), ["family", "tested"]);
}
