//! Estates to begin with.

mod company;

use jiff::{SignedDuration, Timestamp};

use crate::world::World;
use crate::world::allowed::ImageCriterion;
use crate::world::estate::PlaceHandle;
use crate::world::image::Protection;
use crate::world::recycle_bin::RuleResource;
pub use company::company;

/// The account of the samples.
const OURS: &str = "111111111111";
/// An account beside it, that images are shared with.
const OUTSIDER: &str = "222222222222";

/// Amazon's own, that publishes Amazon Linux.
const AMAZON: &str = "137112412989";

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
    let here = |world: &mut World, build: &mut dyn FnMut(PlaceHandle<'_>)| {
        build(world.account(OURS).region("us-east-1"));
    };
    let mut golden = Vec::new();
    for (n, days) in [(1, 400), (2, 200), (3, 20)] {
        let place = world.account(OURS).region("us-east-1");
        let image = place.image(&format!("golden-{n}")).age_days(days).tag("family", "golden").snapshot_size(8);
        golden.push(image.put());
    }
    let newest = golden.last().cloned().unwrap_or_default();
    here(&mut world, &mut |place| {
        place.image("leaked").age_days(90).public().snapshot_size(8).snapshot_size(100).put();
    });
    here(&mut world, &mut |place| {
        place.image("partner").age_days(60).shared_with(OUTSIDER).put();
    });
    here(&mut world, &mut |place| {
        place.image("retired").age_days(800).disabled().put();
    });
    here(&mut world, &mut |place| {
        let deprecated = now - SignedDuration::from_hours(24 * 30);
        place.image("old").age_days(700).deprecated_at(deprecated).put();
    });
    here(&mut world, &mut |place| {
        place.snapshot().age_days(500).description("left behind").put();
    });
    here(&mut world, &mut |place| {
        place.snapshot().age_days(50).public().put();
    });
    here(&mut world, &mut |place| {
        place.instance(&newest).age_days(10).put();
    });
    let template = world.account(OURS).region("us-east-1").launch_template("web");
    let template = template.version(golden.first().map_or("", String::as_str)).version(&newest).default_version(2).put();
    world.account(OURS).region("us-east-1").auto_scaling_group("web").launch_template(&template, "$Default").put();
    world.account(OURS).region("us-east-1").recycle_bin_rule(RuleResource::Image, 14).put();
    world.account(OURS).region("us-east-1").recycle_bin_rule(RuleResource::Snapshot, 30).put();
    world.account(OURS).region("us-east-1").topic("warden");
    world.account(OURS).region("eu-west-1").image("golden-eu").age_days(20).put();
    world
}

/// The small estate, and beside it what has every field and shape that an answer can have.
pub fn rich(now: Timestamp) -> World {
    let mut world = small(now);
    let year = SignedDuration::from_hours(24 * 365);
    let organization = "arn:aws:organizations::111111111111:organization/o-abcdefghij";
    let unit = "arn:aws:organizations::111111111111:ou/o-abcdefghij/ou-abcd-12345678";
    let full = world
        .account(OURS)
        .region("us-east-1")
        .image("full")
        .age_days(100)
        .snapshot_size(8)
        .ephemeral("/dev/sdb", "ephemeral0")
        .shared_with(OUTSIDER)
        .shared_with_organization(organization)
        .shared_with_unit(unit)
        .deprecated_at(now + year)
        .last_launched(now - SignedDuration::from_hours(48))
        .protection(Protection::OnWithCooldown)
        .source("ami-0aaaaaaaaaaaaaaaa", "eu-west-1")
        .with(|image| {
            image.owner_alias = Some("self".to_owned());
            image.description = Some("everything <at> once & more".to_owned());
            image.state_reason = Some(("Client.Test".to_owned(), "a reason".to_owned()));
            image.source_instance = Some("i-0aaaaaaaaaaaaaaaa".to_owned());
            image.platform = Some("windows".to_owned());
            image.boot_mode = Some("uefi-preferred".to_owned());
            image.imds_support = Some("v2.0".to_owned());
            image.tpm_support = Some("v2.0".to_owned());
            image.product_codes = vec![("abcdefghijklmnop".to_owned(), "marketplace".to_owned())];
        })
        .put();
    let place = world.account(OURS).region("us-east-1");
    let held = place.snapshot().tag("held", "yes").locked_until(now + year).fast_restore("us-east-1a").put();
    let volume = world.account(OURS).region("us-east-1").volume(Some(&held));
    let place = world.account(OURS).region("us-east-1");
    let managed = place.instance(&full).managed_by("eks.amazonaws.com").tag("Name", "node").put();
    if let Some(volume) = world.place_mut(OURS, "us-east-1").volumes.get_mut(&volume) {
        volume.instance = Some(managed.clone());
        volume.kms_key = Some(format!("arn:aws:kms:us-east-1:{OURS}:key/1"));
        volume.tags.insert("Name".to_owned(), "data".to_owned());
    }
    let place = world.account(OURS).region("us-east-1");
    let template = place.launch_template("managed").version(&full).managed_by("eks.amazonaws.com").put();
    world.account(OURS).region("us-east-1").launch_configuration("classic", &full);
    let place = world.account(OURS).region("us-east-1");
    let group = place.auto_scaling_group("mixed").mixed(&template, "$Latest").size(1, 3, 1);
    let group = group.override_image("m5.large", &full).override_template("m6g.large", &template, "1");
    group
        .member(&managed, "InService")
        .warm_pool("Stopped", 1)
        .with(|group| {
            group.tags.insert("team".to_owned(), "web".to_owned());
        })
        .put();
    let place = world.account(OURS).region("us-east-1");
    place.auto_scaling_group("classic").launch_configuration("classic").put();
    let place = world.account(OURS).region("us-east-1");
    place.volume_of(Some(&held)).attached_to(&managed).managed_by("eks.amazonaws.com").put();
    let report = world.account(OURS).region("us-east-1").usage_report(&full).entry(OUTSIDER, "ec2:Instance", 3);
    report.entry(OUTSIDER, "ec2:LaunchTemplate", 1).with(|report| report.accounts.push(OUTSIDER.to_owned())).put();
    world.account(OURS).region("us-east-1").usage_report(&full).failed("an internal error").put();
    let place = world.account(OURS).region("us-east-1");
    place.scaling_activity("mixed").failed_on_missing("ami-0aaaaaaaaaaaaaaab").hours_ago(3).put();
    world.account(OURS).region("us-east-1").scaling_activity("mixed").hours_ago(2).put();
    world.account(OURS).region("us-east-1").scaling_activity("long-gone").hours_ago(1).put();
    fleets(&mut world, &full, &template, &managed);
    let place = world.account(AMAZON).region("us-east-1").image("al2023-ami-2023.9.20250929.0-kernel-6.1-x86_64");
    place.owner_alias("amazon").public().deprecated_at(now + SignedDuration::from_hours(24 * 90)).put();
    let criterion = ImageCriterion {
        product_codes: vec!["abcdefghijklmnop".to_owned()],
        names: vec!["al2023-ami-*".to_owned()],
        max_days_since_deprecated: Some(0),
        max_days_since_created: Some(300),
        ..ImageCriterion::of(["amazon", OUTSIDER])
    };
    world
        .account(OURS)
        .region("ap-south-1")
        .block_public_access("block-new-sharing", "block-all-sharing")
        .allowed_images("audit-mode", [criterion])
        .managed_by_policy();
    world.account(OURS).region("us-east-1").parameter("/golden/full", &full);
    world.account(OURS).region("us-east-1").image_recipe("hardened", "1.0.0").parent_image(&full).put();
    world.account(OURS).region("us-east-1").container_recipe("builder", "1.0.0").instance_image(&full).put();
    world
}

/// Everything that keeps asking for capacity, in states that still launch and in states that never will again.
fn fleets(world: &mut World, image: &str, template: &str, instance: &str) {
    for state in ["active", "cancelled"] {
        let place = world.account(OURS).region("us-east-1");
        place.spot_fleet(state).image(image).launch_template(template, "$Latest").put();
    }
    let place = world.account(OURS).region("us-east-1");
    let fleet = place.fleet("active").launch_template(template, "$Default").override_image("m5.large", image);
    fleet.error("InsufficientInstanceCapacity", "There is no Spot capacity available that matches your request.").put();
    world.account(OURS).region("us-east-1").fleet("deleted_running").launch_template(template, "1").put();
    world.account(OURS).region("us-east-1").fleet("active").instant().launch_template(template, "1").put();
    world.account(OURS).region("us-east-1").spot_request("active").image(image).instance(instance).put();
    world.account(OURS).region("us-east-1").spot_request("open").image(image).persistent().put();
}
