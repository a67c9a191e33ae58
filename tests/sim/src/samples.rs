//! Estates to begin with.

use jiff::{SignedDuration, Timestamp};

use crate::world::World;
use crate::world::recycle_bin::RuleResource;

/// The account of the samples.
const OURS: &str = "111111111111";
/// An account beside it, that images are shared with.
const OUTSIDER: &str = "222222222222";

/// Two accounts, nothing in them.
pub fn empty(now: Timestamp) -> World {
    let mut world = World::new(now);
    world.account(OURS);
    world.account(OUTSIDER);
    world
}

/// One of everything: a golden family, something public, something shared, something old, and what uses them.
pub fn small(now: Timestamp) -> World {
    let mut world = empty(now);
    let here = |world: &mut World, build: &mut dyn FnMut(crate::world::estate::PlaceHandle<'_>)| {
        build(world.account(OURS).region("us-east-1"));
    };
    let mut golden = Vec::new();
    for (n, days) in [(1, 400), (2, 200), (3, 20)] {
        let place = world.account(OURS).region("us-east-1");
        let image = place
            .image(&format!("golden-{n}"))
            .age_days(days)
            .tag("family", "golden")
            .snapshot_size(8);
        golden.push(image.put());
    }
    let newest = golden.last().cloned().unwrap_or_default();
    here(&mut world, &mut |place| {
        place
            .image("leaked")
            .age_days(90)
            .public()
            .snapshot_size(8)
            .snapshot_size(100)
            .put();
    });
    here(&mut world, &mut |place| {
        place
            .image("partner")
            .age_days(60)
            .shared_with(OUTSIDER)
            .put();
    });
    here(&mut world, &mut |place| {
        place.image("retired").age_days(800).disabled().put();
    });
    here(&mut world, &mut |place| {
        let deprecated = now - SignedDuration::from_hours(24 * 30);
        place
            .image("old")
            .age_days(700)
            .deprecated_at(deprecated)
            .put();
    });
    here(&mut world, &mut |place| {
        place
            .snapshot()
            .age_days(500)
            .description("left behind")
            .put();
    });
    here(&mut world, &mut |place| {
        place.snapshot().age_days(50).public().put();
    });
    here(&mut world, &mut |place| {
        place.instance(&newest).age_days(10).put();
    });
    let template = world
        .account(OURS)
        .region("us-east-1")
        .launch_template("web");
    let template = template
        .version(golden.first().map_or("", String::as_str))
        .version(&newest)
        .default_version(2)
        .put();
    world
        .account(OURS)
        .region("us-east-1")
        .auto_scaling_group("web")
        .launch_template(&template, "$Default")
        .put();
    world
        .account(OURS)
        .region("us-east-1")
        .recycle_bin_rule(RuleResource::Image, 14)
        .put();
    world
        .account(OURS)
        .region("us-east-1")
        .recycle_bin_rule(RuleResource::Snapshot, 30)
        .put();
    world.account(OURS).region("us-east-1").topic("warden");
    world
        .account(OURS)
        .region("eu-west-1")
        .image("golden-eu")
        .age_days(20)
        .put();
    world
}
