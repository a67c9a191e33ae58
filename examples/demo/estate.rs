//! The estate of the demonstration: one account that is governed, and an outsider beside it.
//!
//! Everything is put into the simulated world as if it had grown there over two years. `Estate` remembers the few things
//! that the self-checks ask about afterwards.

use std::collections::BTreeMap;

use ami_warden_sim::world::Place;
use ami_warden_sim::world::estate::{ImageBuilder, PlaceHandle, SnapshotBuilder};
use ami_warden_sim::world::image::{Image, MappingKind};
use ami_warden_sim::{InstanceState, Protection, RuleResource, World};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// The account that is governed.
pub(crate) const OURS: &str = "111111111111";
/// A partner with images of its own: it may use some of ours, and nothing of it may change.
pub(crate) const OUTSIDER: &str = "222222222222";
/// Nobody knows who this is.
pub(crate) const STRANGER: &str = "999999999999";

/// Where most of it runs, where the copies go, and a Region that everybody forgot.
pub(crate) const HOME: &str = "eu-central-1";
pub(crate) const RECOVERY: &str = "eu-west-1";
pub(crate) const FORGOTTEN: &str = "us-east-1";
pub(crate) const REGIONS: [&str; 3] = [HOME, RECOVERY, FORGOTTEN];

/// The world, and the names of what the checks ask about.
#[derive(Debug)]
pub(crate) struct Estate {
    pub(crate) world: World,
    /// Images that a careless cleanup would have taken: by name, the id and what is special about it.
    pub(crate) traps: BTreeMap<&'static str, (String, &'static str)>,
    /// The outsider's places as they were.
    pub(crate) outside: BTreeMap<&'static str, Place>,
    /// Shared with the partner and with the stranger.
    pub(crate) shared: String,
    /// The newest of its family, tested, and asking for a copy in the recovery Region.
    pub(crate) golden: String,
    /// What somebody will publish by mistake.
    pub(crate) mishap: String,
    /// Public and kept.
    pub(crate) kept_public: String,
}

impl Estate {
    /// The estate as it is at `now`.
    pub(crate) fn new(now: Timestamp) -> Self {
        let mut world = World::new(now);
        world.limit_regions(&REGIONS);
        let mut estate = Self {
            world,
            traps: BTreeMap::new(),
            outside: BTreeMap::new(),
            shared: String::new(),
            golden: String::new(),
            mishap: String::new(),
            kept_public: String::new(),
        };
        estate.add_golden_family();
        estate.add_exposed();
        estate.add_stale();
        estate.add_development();
        estate.add_traps_of_use();
        estate.add_traps_of_care();
        estate.add_services();
        estate.add_outsider();
        estate
    }

    /// The topics: one for what cannot wait, one for the rest.
    pub(crate) fn topics() -> [String; 2] {
        ["ami-warden", "ami-warden-urgent"].map(|name| format!("arn:aws:sns:{HOME}:{OURS}:{name}"))
    }

    fn at(&mut self, region: &str) -> PlaceHandle<'_> {
        self.world.account(OURS).region(region)
    }

    fn ago(&self, days: i64) -> Timestamp {
        self.world.now() - SignedDuration::from_hours(24 * days)
    }

    /// A well-kept image of ours, with one encrypted snapshot: `change` says what is special about it. Returns its id.
    fn image(&mut self, region: &str, name: &str, age_days: i64, change: impl FnOnce(ImageBuilder<'_>) -> ImageBuilder<'_>) -> String {
        let id = id("ami", name);
        let description = format!("Created by CreateImage({}) for {id}", resource_id("i", name));
        let snapshot = self.snapshot(region, name, age_days, |snapshot| snapshot.description(&description));
        let image = self.at(region).image(name).id(&id).age_days(age_days).tag("owner", "platform").tag("cost-center", "4711");
        let image = image.on_snapshot(&snapshot).with(|image| {
            image.imds_support = Some("v2.0".into());
            encrypt(image, true);
        });
        change(image).put()
    }

    /// AWS publishes nothing encrypted.
    fn decrypt(&mut self, image: &str) {
        let snapshots: Vec<String> = self.world.image(image).into_iter().flat_map(Image::snapshots).map(str::to_owned).collect();
        if let Some(image) = self.world.image_mut(image) {
            encrypt(image, false);
        }
        for snapshot in snapshots {
            if let Some(snapshot) = self.world.snapshot_mut(&snapshot) {
                snapshot.encrypted = false;
            }
        }
    }

    /// A well-kept snapshot of ours.
    fn snapshot(
        &mut self,
        region: &str,
        name: &str,
        age_days: i64,
        change: impl FnOnce(SnapshotBuilder<'_>) -> SnapshotBuilder<'_>,
    ) -> String {
        let id = id("snap", name);
        let snapshot =
            self.at(region).snapshot().id(&id).age_days(age_days).tag("Name", name).tag("owner", "platform").tag("cost-center", "4711");
        change(snapshot.with(|snapshot| snapshot.encrypted = true)).put()
    }

    fn instance(&mut self, region: &str, image: &str, state: InstanceState) {
        let id = resource_id("i", image);
        self.at(region).instance(image).age_days(80).state(state).with(|instance| instance.id = id).put();
    }

    /// A launch template with a version per image, of which the last one is the default.
    fn template(&mut self, name: &str, images: &[&str]) -> String {
        let id = resource_id("lt", name);
        let template = self.at(HOME).launch_template(name).with(|template| template.id = id);
        let template = images.iter().fold(template, |template, image| template.version(image));
        template.default_version(images.len().try_into().unwrap_or(1)).put()
    }

    /// An image that is old and was deprecated long ago: all but its use speaks for retiring it.
    fn retired(&mut self, region: &str, name: &str) -> String {
        let deprecated = self.ago(120);
        self.image(region, name, 480, |image| image.deprecated_at(deprecated))
    }

    fn trap(&mut self, name: &'static str, id: String, why: &'static str) {
        self.traps.insert(name, (id, why));
    }

    /// Releases of the web tier, and what launches the newest.
    fn add_golden_family(&mut self) {
        for (version, age, deprecated) in
            [("1.0.0", 410, Some(110)), ("1.1.0", 320, Some(80)), ("1.2.0", 240, None), ("1.3.0", 150, None), ("1.4.0", 95, None)]
        {
            let deprecated = deprecated.map(|days| self.ago(days));
            self.image(HOME, &format!("web-{version}"), age, |image| match deprecated {
                Some(at) => image.tag("family", "web").tag("version", version).deprecated_at(at),
                None => image.tag("family", "web").tag("version", version),
            });
        }
        self.mishap = self.image(HOME, "web-1.5.0", 45, |image| image.tag("family", "web").tag("version", "1.5.0"));
        self.golden = self.image(HOME, "web-1.6.0", 9, |image| {
            image.tag("family", "web").tag("version", "1.6.0").tag("tested", "true").tag("replicate-to", RECOVERY)
        });
        let golden = self.golden.clone();
        let template = self.template("web", &[&golden]);
        self.at(HOME).auto_scaling_group("web").launch_template(&template, "$Latest").size(2, 6, 3).put();
    }

    /// What should never have been open.
    fn add_exposed(&mut self) {
        let billing = self.image(HOME, "billing-api-2.3.1", 21, |image| image.public());
        let workshop = self.image(FORGOTTEN, "workshop-2024", 540, |image| image.public());
        self.kept_public = self.image(HOME, "press-kit", 300, |image| image.public().tag("keep", "until 2030"));
        for image in [billing, workshop, self.kept_public.clone(), self.mishap.clone()] {
            self.decrypt(&image);
        }
        self.snapshot(RECOVERY, "customer-export", 75, |snapshot| {
            snapshot.public().with(|snapshot| snapshot.encrypted = false).description("export for the migration")
        });
        self.shared = self.image(HOME, "gateway-3.1.0", 60, |image| image.shared_with(OUTSIDER).shared_with(STRANGER));
    }

    /// What nobody has used for a long time.
    fn add_stale(&mut self) {
        self.retired(HOME, "etl-nightly");
        self.retired(HOME, "ci-runner-old");
        self.retired(RECOVERY, "data-import");
        self.image(FORGOTTEN, "hackathon", 700, |image| image.with(|image| image.imds_support = None));
        self.image(FORGOTTEN, "landing-zone", 35, |image| image);
        self.image(FORGOTTEN, "mail-relay", 70, |image| image);
        for number in 1..=3 {
            let gone = id("ami", &format!("long-gone-{number}"));
            self.snapshot(RECOVERY, &format!("left-behind-{number}"), 390, |snapshot| {
                snapshot.size(200).description(&format!("Created by CreateImage({}) for {gone}", resource_id("i", &gone)))
            });
        }
    }

    /// Builds of every few days, as a pipeline leaves them.
    fn add_development(&mut self) {
        for age in [2, 19, 26, 34, 41] {
            self.image(RECOVERY, &format!("dev-api-b{}", 180 - age), age, |image| image.tag("env", "dev"));
        }
        let deprecated = self.ago(70);
        let used = self.image(RECOVERY, "dev-api-b090", 90, |image| image.tag("env", "dev").deprecated_at(deprecated));
        self.instance(RECOVERY, &used, InstanceState::Running);
        self.trap("dev-api-b090", used, "running instance");
    }

    /// Every way to be in use without looking like it.
    fn add_traps_of_use(&mut self) {
        let image = self.retired(HOME, "bastion");
        self.instance(HOME, &image, InstanceState::Running);
        self.trap("bastion", image, "running instance");

        let image = self.retired(HOME, "erp-legacy");
        self.instance(HOME, &image, InstanceState::Stopped);
        self.trap("erp-legacy", image, "stopped instance");

        let (default, newer) = (self.retired(HOME, "worker"), self.golden.clone());
        self.template("worker", &[&newer, &default]);
        self.trap("worker", default, "default of a template");

        let image = self.retired(HOME, "render-farm");
        let template = self.template("render", &[&image, &newer, &newer]);
        self.at(HOME).auto_scaling_group("render").launch_template(&template, "1").put();
        self.trap("render-farm", image, "old version, group of size 0");

        let image = self.retired(HOME, "batch-arm");
        let template = self.template("batch", &[&newer]);
        self.at(HOME).auto_scaling_group("batch").mixed(&template, "$Default").override_image("m7g.large", &image).size(0, 20, 2).put();
        self.trap("batch-arm", image, "override of a mixed group");

        let image = self.retired(HOME, "intranet");
        self.at(HOME).launch_configuration("intranet-2019", &image);
        self.at(HOME).auto_scaling_group("intranet").launch_configuration("intranet-2019").size(1, 1, 1).put();
        self.trap("intranet", image, "launch configuration");

        let image = self.retired(HOME, "fallback");
        self.template("fallback", &[&image, &newer, &newer]);
        self.trap("fallback", image, "version that nothing names");
    }

    /// What somebody else decides about.
    fn add_traps_of_care(&mut self) {
        let deprecated = self.ago(120);
        let image = self.image(HOME, "disaster-kit", 600, |image| image.deprecated_at(deprecated).tag("keep", "runbook 12"));
        self.trap("disaster-kit", image, "keep tag");
        let image = self.image(HOME, "evidence-2024", 560, |image| image.deprecated_at(deprecated).tag("legal-hold", "case 24-118"));
        self.trap("evidence-2024", image, "legal hold");
        let image = self.image(HOME, "AwsBackup_i-0c3e", 470, |image| {
            image.deprecated_at(deprecated).tag("aws:backup:source-resource", "i-0c3e9f5512ab74d01")
        });
        self.trap("AwsBackup_i-0c3e", image, "made by AWS Backup");
        let image = self.image(HOME, "license-server", 500, |image| image.disabled().deprecated_at(deprecated).protection(Protection::On));
        self.trap("license-server", image, "deregistration protection");
        let image = self.image(HOME, "feed-export", 450, |image| image.deprecated_at(deprecated).shared_with(OUTSIDER));
        self.trap("feed-export", image, "shared with a partner");
        let image = self.image(FORGOTTEN, "payroll-2023", 800, |image| image.disabled().deprecated_at(deprecated));
        self.trap("payroll-2023", image, "Region without Recycle Bin");
    }

    /// Recycle Bin rules where somebody thought of them, and the topics.
    fn add_services(&mut self) {
        for region in [HOME, RECOVERY] {
            self.at(region).recycle_bin_rule(RuleResource::Image, 14).put();
            self.at(region).recycle_bin_rule(RuleResource::Snapshot, 30).put();
        }
        for topic in Self::topics() {
            self.at(HOME).topic(topic.rsplit(':').next().unwrap_or(&topic));
        }
    }

    /// The other account: old, public and used, exactly what is none of our business.
    fn add_outsider(&mut self) {
        let (deprecated, shared) = (self.ago(200), self.shared.clone());
        let mut theirs = |region: &str| -> Place {
            let build = |world: &mut World, name: &str, change: &dyn Fn(ImageBuilder<'_>) -> ImageBuilder<'_>| {
                change(world.account(OUTSIDER).region(region).image(name).id(&id("ami", &format!("{region} {name}")))).put()
            };
            build(&mut self.world, "partner-base", &|image| image.age_days(900).public());
            build(&mut self.world, "partner-old", &|image| image.age_days(800).deprecated_at(deprecated));
            build(&mut self.world, "partner-feed", &|image| image.age_days(400).shared_with(OURS));
            self.world.account(OUTSIDER).region(region).snapshot().age_days(700).public().put();
            self.world.account(OUTSIDER).region(region).instance(&shared).age_days(50).put();
            self.world.place(OUTSIDER, region).cloned().unwrap_or_default()
        };
        self.outside = [HOME, FORGOTTEN].into_iter().map(|region| (region, theirs(region))).collect();
    }

    /// The traps as they are in the world: to be compared before and after.
    pub(crate) fn trapped(&self, world: &World) -> BTreeMap<&'static str, Option<Image>> {
        self.traps.iter().map(|(name, (id, _))| (*name, world.image(id).cloned())).collect()
    }
}

fn encrypt(image: &mut Image, encrypted: bool) {
    for mapping in &mut image.mappings {
        if let MappingKind::Ebs(ebs) = &mut mapping.kind {
            ebs.encrypted = encrypted;
        }
    }
}

/// An id as AWS makes them, the same in every run.
pub(crate) fn id(prefix: &str, name: &str) -> String {
    resource_id(prefix, &format!("{prefix} {name}"))
}

fn resource_id(prefix: &str, seed: &str) -> String {
    let digits: String = Sha256::digest(seed).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}-0{digits}")
}
