//! Whoever fails to launch an image that is gone keeps what it left behind.

use ami_warden::model::Action;

use super::harness::*;

#[tokio::test]
async fn the_snapshots_of_an_image_that_is_gone_stay_for_as_long_as_somebody_tried_to_launch_it() {
    let mut world = world();
    world.bins();
    let left_by = |world: &mut ami_warden_sim::World, image: &str| {
        world.here().snapshot().size(8).age_days(800).description(&format!("Created by CreateImage(i-0abc) for {image}")).put()
    };
    let (wanted, free) = (left_by(&mut world, "ami-0aaaaaaaaaaaaaaaa"), left_by(&mut world, "ami-0bbbbbbbbbbbbbbbb"));
    world.here().failed_launch("ami-0aaaaaaaaaaaaaaaa").minutes_ago(120).put();
    let stage = stage_with(world, hasty(), policies(&whatever_is_old("deleteSnapshot")), |_| ()).await;

    let first = stage.cycle().await;
    assert_eq!(first.enacted(), [format!("deleteSnapshot {free} done")]);
    assert_eq!(first.held_by(Action::DeleteSnapshot, &wanted), Some(vec!["in-use"]));

    // By now no look at CloudTrail goes back that far, and nothing but the ledger knows of it.
    let stage = stage.restarted().await;
    for _ in 0..2 {
        let later = stage.after(DAY * 10).await;
        assert_eq!(later.held_by(Action::DeleteSnapshot, &wanted), Some(vec!["in-use"]));
    }
    assert_eq!(stage.after(DAY * 10).await.enacted(), [format!("deleteSnapshot {wanted} done")], "thirty days are over");
}
