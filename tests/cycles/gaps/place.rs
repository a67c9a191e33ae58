//! A place with something in every source: what is due there and stays due, and one image or snapshot for each way of being
//! needed, of which the same would be due if nobody looked.

use ami_warden::config::Config;
use ami_warden::model::Mode;
use ami_warden_sim::world::estate::PlaceHandle;
use ami_warden_sim::world::recycle_bin::Binned;
use ami_warden_sim::{RuleResource, World};
use serde_json::json;

use super::super::harness::*;

/// Amazon, as an owner of images.
const AMAZON: &str = "137112412989";

/// What is asked of images and snapshots of that name or tag, and of everything that can be known of anything: so that every
/// source is needed.
pub(super) const POLICIES: &str = r#"
@id("disable") permit (principal, action == Action::"disable", resource is Image) when { resource.name like "disable*" };
@id("deregister") permit (principal, action == Action::"deregister", resource is Image) when { resource.name like "deregister*" };
@id("deleteSnapshot") permit (principal, action == Action::"deleteSnapshot", resource is Snapshot)
when { resource.hasTag("forgotten") };
@id("private") permit (principal, action == Action::"makePrivate", resource is Image) when { resource.isPublic };
@id("strangers") permit (principal, action == Action::"revokeShare", resource is Image)
unless { context.grantee in AccountGroup::"organization" };
@id("deprecate") permit (principal, action == Action::"deprecate", resource is Image) when { resource has usage && resource.usage.total > 0 };
@id("volumes") permit (principal, action == Action::"notify", resource is Snapshot)
when { resource has sourceVolumeExists && resource.sourceVolumeExists };
@id("keys") permit (principal, action == Action::"notify", resource is Image)
when { resource has unusableShares && !resource.unusableShares.accounts.isEmpty() };
@id("images") permit (principal, action == Action::"notify", resource is Instance) when { resource has imageOwner };
@id("places") permit (principal, action == Action::"blockPublicAccess", resource is Place)
when { resource has allowedImages && resource.allowedImages.state == "enabled" };
"#;

/// All of it at once, without grace or limits; a plan tells what would be done, and the next fault finds everything as it was.
pub(super) fn watching() -> Config {
    let mut config = hasty();
    config.mode = Mode::Observe;
    // Each cycle asks for every permission: a remembered one would not meet the fault.
    config.permissions.cloudtrail = false;
    config.sources.cloud_control = vec!["AWS::CodeBuild::Fleet".to_owned()];
    config.limits.per_place = 10_000;
    config.limits.per_cycle = 10_000;
    config.limits.tripwire_count = 10_000;
    config.limits.tripwire_estate = 10_000;
    config
}

/// What is due in a place whatever is there: one image to disable, one to deregister, one snapshot to delete; one image
/// that strangers can get at; and one to deregister of which a usage report says that nobody else uses it.
pub(super) struct Due {
    pub(super) taken: [String; 3],
    pub(super) exposed: String,
    pub(super) counted: String,
}

/// Fills a Region of ours, with so many of each kind of thing.
pub(super) fn fill(world: &mut World, region: &str, of_each: usize) -> Due {
    let mut build = Build { world, region, of_each };
    build.place().recycle_bin_rule(RuleResource::Image, 14).put();
    build.place().recycle_bin_rule(RuleResource::Snapshot, 30).put();
    let [disable, deregister] = ["disable", "deregister"].map(|name| build.image(name));
    let snapshot = build.place().snapshot().age_days(800).tag("forgotten", "yes").put();
    let exposed = build.place().image("exposed").age_days(10).public().put();
    for n in 0..3 {
        build.place().image(&format!("young{n}")).age_days(10).put();
    }
    let counted = build.needed_images();
    build.needed_snapshots();
    build.everything_else();
    Due {
        taken: [format!("disable {disable}"), format!("deregister {deregister}"), format!("deleteSnapshot {snapshot}")],
        exposed: format!("makePrivate {exposed}"),
        counted: format!("deregister {counted}"),
    }
}

/// Puts images in the Recycle Bin that a scan has seen before: nobody could tell their snapshots else.
pub(super) fn bin(world: &mut World, region: &str) {
    let (entered, exits) = (world.now() - DAY, world.now() + DAY);
    let place = world.place_mut(OURS, region);
    let binned: Vec<String> =
        place.images.values().filter(|image| image.name.starts_with("binned")).map(|image| image.id.clone()).collect();
    for id in binned {
        let item = place.images.remove(&id).unwrap();
        place.bin_images.insert(id, Binned { item, entered, exits });
    }
}

struct Build<'w> {
    world: &'w mut World,
    region: &'w str,
    of_each: usize,
}

impl Build<'_> {
    fn place(&mut self) -> PlaceHandle<'_> {
        self.world.account(OURS).region(self.region)
    }

    fn image(&mut self, name: &str) -> String {
        self.place().image(name).age_days(800).put()
    }

    /// Images that only one source each knows to be in use; and one of which EC2 alone knows that it is not.
    fn needed_images(&mut self) -> String {
        let by = |build: &mut Self, who: &str| build.image(&format!("deregister-but-{who}"));
        for n in 0..self.of_each {
            let image = by(self, "instance");
            self.place().instance(&image).put();
            let image = by(self, "template");
            self.place().launch_template(&format!("default{n}")).version(&image).put();
            // The group alone launches the version in the middle.
            let (image, other) = (by(self, "group"), by(self, "default"));
            let template = self.place().launch_template(&format!("web{n}")).version(&other).version(&image).version(&other).put();
            self.place().auto_scaling_group(&format!("group{n}")).launch_template(&template, "2").put();
            let image = by(self, "configuration");
            self.place().launch_configuration(&format!("classic{n}"), &image);
            let image = by(self, "spot-fleet");
            self.place().spot_fleet("active").image(&image).put();
            let image = by(self, "spot-request");
            self.place().spot_request("open").image(&image).put();
            let image = by(self, "fleet");
            self.place().fleet("active").launch_template(&template, "$Default").override_image("m5.large", &image).put();
            let image = by(self, "parameter");
            self.place().parameter(&format!("/named{n}"), &image);
            let image = by(self, "alias");
            self.place().parameter(&format!("/alias{n}"), &image);
            self.place().launch_template(&format!("alias{n}")).version(&format!("resolve:ssm:/alias{n}")).put();
            let image = by(self, "recipe");
            self.place().image_recipe(&format!("recipe{n}"), "1.0.0").parent_image(&image).put();
            let image = by(self, "container-recipe");
            self.place().container_recipe(&format!("container{n}"), "1.0.0").instance_image(&image).put();
            let image = by(self, "resource");
            let arn = format!("arn:aws:codebuild:{}:{OURS}:fleet/f{n}:1", self.region);
            self.place().resource("AWS::CodeBuild::Fleet", json!({ "Arn": arn, "ImageId": image }));
            let image = by(self, "activity");
            self.place().scaling_activity(&format!("group{n}")).failed_on_disabled(&image).hours_ago(24).put();
            let image = by(self, "event");
            self.place().failed_launch(&image).minutes_ago(60).put();
        }
        // Nobody can tell who uses it there, but EC2 counted: nobody uses the first, somebody the second.
        let counted = [0, 3].map(|count| {
            let image = self.place().image("deregister-but-shared").age_days(800).shared_with(OUTSIDER).put();
            let report = self.place().usage_report(&image).with(|report| report.kinds[1].depth = Some(10_000));
            report.entry(OUTSIDER, "ec2:Instance", count).put();
            image
        });
        let [unused, _] = counted;
        unused
    }

    /// Snapshots that only one source each knows to be needed.
    fn needed_snapshots(&mut self) {
        for n in 0..self.of_each {
            self.place().snapshot().age_days(800).tag("forgotten", "yes").locked().put();
            self.place().snapshot().age_days(800).tag("forgotten", "yes").fast_restore("a").put();
            self.place().snapshot().age_days(800).tag("forgotten", "yes").public().put();
            self.place().snapshot().age_days(800).tag("forgotten", "yes").shared_with(OUTSIDER).put();
            let of_image = self.place().snapshot().age_days(800).tag("forgotten", "yes").put();
            self.place().image(&format!("on{n}")).age_days(10).on_snapshot(&of_image).put();
            let of_binned = self.place().snapshot().age_days(800).tag("forgotten", "yes").put();
            self.place().image(&format!("binned{n}")).age_days(800).on_snapshot(&of_binned).put();
            let (entered, exits) = (self.world.now() - DAY, self.world.now() + DAY);
            let kept = self.place().snapshot().age_days(800).put();
            let place = self.world.place_mut(OURS, self.region);
            let item = place.snapshots.remove(&kept).unwrap();
            place.bin_snapshots.insert(kept, Binned { item, entered, exits });
        }
    }

    /// What else has a source: volumes, keys, settings, images of others, and what can fail to launch.
    fn everything_else(&mut self) {
        for n in 0..self.of_each {
            let copied = self.place().snapshot().age_days(10).put();
            self.place().volume(Some(&copied));
            let key = self.place().kms_key(&format!("key{n}"), &[OURS]);
            self.place().snapshot().age_days(10).encrypted_with(&key).put();
            let amazons = self.world.account(AMAZON).region(self.region).image(&format!("amazons{n}")).owner_alias("amazon").public().put();
            self.place().instance(&amazons).put();
        }
        let yesterday = self.world.now() - DAY;
        self.place().image("deprecated").age_days(20).deprecated_at(yesterday).put();
    }
}
