//! The whole ladder, rung by rung, and no rung early.

use ami_warden::model::Action;

use super::harness::*;

/// One change in EC2 and the day it happened.
type Rung = (i32, String);

/// An unused image and its two snapshots, cycle after cycle until nothing is left of them.
async fn walk(days: impl IntoIterator<Item = i32>, page_limit: Option<usize>) -> (String, Vec<String>, Vec<Rung>) {
    let mut world = world();
    world.bins();
    world.settings.page_limit = page_limit;
    let image = world.unused("forgotten");
    let snapshots: Vec<String> = world.image(&image).unwrap().snapshots().map(str::to_owned).collect();
    // Something that stays: a place in which everything goes at once would trip the wire.
    for name in ["fresh", "recent", "young"] {
        world.here().image(name).age_days(10).put();
    }
    let stage = stage(world, enforcing()).await;
    let mut rungs = Vec::new();
    for day in days {
        stage.sim.world(|world| world.set_now(start() + DAY * day));
        let before = stage.changes().len();
        stage.cycle().await;
        let changes = stage.changes();
        rungs.extend(changes.iter().skip(before).map(|change| (day, change.clone())));
    }
    stage.sim.world(|world| {
        assert!(snapshots.iter().all(|id| world.snapshot(id).is_none() && world.binned_snapshot(id).is_some()), "{rungs:?}");
        assert_eq!(world.journal.mutating().filter(|entry| entry.service == "ec2").count(), 5, "nothing was tried twice");
    });
    (image, snapshots, rungs)
}

/// Every day where something could happen, and every third one in between.
fn days() -> impl Iterator<Item = i32> {
    let near = |day: &i32| [0, 61, 68, 100, 114, 128, 143, 157].iter().any(|rung| (rung - 2..=rung + 1).contains(day));
    (0..160).filter(move |day| day % 3 == 0 || near(day))
}

#[tokio::test]
async fn an_unused_image_goes_down_the_ladder_and_no_step_is_early() {
    let (image, snapshots, rungs) = walk(days(), None).await;
    let expected = [
        (0, format!("EnableImageDeprecation {image}")),
        // Deprecated for more than 60 days on day 61, and a grace of 7.
        (68, format!("DisableImage {image}")),
        // First seen disabled on day 69, for more than 30 days on day 100, and a grace of 14.
        (114, format!("DeregisterImage {image}")),
        // In the Recycle Bin until day 128, gone for more than 14 days on day 143, and a grace of 14.
        (157, format!("DeleteSnapshot {}", snapshots[0])),
        (157, format!("DeleteSnapshot {}", snapshots[1])),
    ];
    assert_eq!(rungs, expected);
}

#[tokio::test]
async fn the_ladder_is_the_same_on_pages_of_one_two_and_three_entries() {
    let whole = walk((0..200).step_by(9), None).await.2;
    for limit in 1..=3 {
        assert_eq!(walk((0..200).step_by(9), Some(limit)).await.2, whole, "pages of {limit}");
    }
}

#[tokio::test]
async fn the_snapshots_of_an_image_in_the_recycle_bin_stay() {
    let mut world = world();
    world.bins();
    let image = world.unused("forgotten");
    let snapshot = world.image(&image).unwrap().root_snapshot().unwrap().to_owned();
    // Every snapshot that is old is due, whatever became of its image.
    let text = whatever_is_old("deregister") + &whatever_is_old("deleteSnapshot");
    let stage = stage_with(world, hasty(), policies(&text), |_| ()).await;

    let first = stage.cycle().await;
    assert_eq!(first.enacted(), [format!("deregister {image} done")]);
    assert_eq!(first.held_by(Action::DeleteSnapshot, &snapshot), Some(vec!["referenced-by-image"]));

    for _ in 0..13 {
        let cycle = stage.after(DAY).await;
        assert_eq!(cycle.held_by(Action::DeleteSnapshot, &snapshot), Some(vec!["referenced-by-image"]), "{:?}", cycle.plan.held);
    }
    assert_eq!(stage.count("DeleteSnapshot"), 0);
    let freed = stage.after(DAY).await;
    assert_eq!(freed.enacted().len(), 2, "{:?}", freed.plan);
    stage.sim.world(|world| assert!(world.binned_snapshot(&snapshot).is_some()));
}
