//! Public images and snapshots: found in minutes, ended exactly.

use ami_warden::model::Action;
use ami_warden_sim::{Permission, World};

use super::harness::*;

/// A public image and a public snapshot, each also shared with a partner, among things that are not public.
fn exposed(world: &mut World) -> (String, String) {
    for name in ["quiet", "private", "inward", "own"] {
        world.here().image(name).age_days(10).put();
    }
    let image = world.here().image("leaked").age_days(10).public().shared_with(OUTSIDER).put();
    let snapshot = world.here().snapshot().public().shared_with(OUTSIDER).put();
    (image, snapshot)
}

fn only_the_partner_is_left(stage: &Stage, image: &str, snapshot: &str) {
    let partner = Permission::Account(OUTSIDER.to_owned());
    stage.sim.world(|world| {
        assert_eq!(world.image(image).unwrap().launch_permissions.iter().collect::<Vec<_>>(), [&partner]);
        assert_eq!(world.snapshot(snapshot).unwrap().permissions.iter().collect::<Vec<_>>(), [&partner]);
    });
    assert_eq!(stage.attempts(), [format!("ModifyImageAttribute {image}"), format!("ModifySnapshotAttribute {snapshot}")]);
    assert_eq!(stage.count("ResetImageAttribute") + stage.count("ResetSnapshotAttribute"), 0);
}

#[tokio::test]
async fn what_is_public_is_made_private_in_the_same_cycle_and_partners_stay() {
    let mut world = world();
    let (image, snapshot) = exposed(&mut world);
    let mut config = enforcing();
    config.enforce.actions = vec![Action::MakePrivate];
    let stage = stage(world, config).await;
    let cycle = stage.cycle().await;
    assert_eq!(cycle.enacted(), [format!("makePrivate {image} done"), format!("makePrivate {snapshot} done")]);
    only_the_partner_is_left(&stage, &image, &snapshot);
}

#[tokio::test]
async fn an_exposure_cycle_reads_two_listings_per_place_and_ends_what_it_finds() {
    let mut world = world();
    let (image, snapshot) = exposed(&mut world);
    let stage = stage(world, enforcing()).await;
    let cycle = stage.exposure().await;
    assert_eq!(cycle.enacted(), [format!("makePrivate {image} done"), format!("makePrivate {snapshot} done")]);
    only_the_partner_is_left(&stage, &image, &snapshot);
    assert_eq!(stage.count("DescribeLaunchTemplates") + stage.count("DescribeAutoScalingGroups"), 0);
    // Two listings in each of two Regions, and a last look at each of the two before they are changed; who needs them
    // does not matter here.
    assert_eq!((stage.count("DescribeSnapshots"), stage.count("DescribeImages")), (3, 3));
}

#[tokio::test]
async fn a_kept_image_and_a_held_snapshot_do_not_stay_public() {
    let mut world = world();
    let (image, snapshot) = exposed(&mut world);
    world.image_mut(&image).unwrap().tags.insert("keep".into(), "for ever".into());
    world.snapshot_mut(&snapshot).unwrap().tags.insert("legal-hold".into(), "case 7".into());
    let mut config = enforcing();
    config.enforce.actions = vec![Action::MakePrivate];
    let stage = stage(world, config).await;
    assert_eq!(stage.cycle().await.enacted().len(), 2);
    only_the_partner_is_left(&stage, &image, &snapshot);
}

#[tokio::test]
async fn an_exposure_cycle_moves_no_grace_clock() {
    let mut world = world();
    world.bins();
    let image = world.unused("forgotten");
    world.image_mut(&image).unwrap().deprecation = Some(start() - DAY * 100);
    for name in ["quiet", "private"] {
        world.here().image(name).age_days(10).put();
    }
    let stage = stage(world, enforcing()).await;
    assert_eq!(stage.cycle().await.pending(), [format!("disable {image}")]);
    for _ in 0..6 {
        stage.advance(DAY);
        stage.exposure().await;
    }
    assert_eq!(stage.after(DAY).await.enacted(), [format!("disable {image} done")], "seven days after it fell due");
}
