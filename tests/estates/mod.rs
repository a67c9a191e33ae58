//! Estates made up by proptest: everything the answers can say about a few images, in the shapes of AWS.

pub(crate) mod faults;
pub(crate) mod users;

use ami_warden::inventory::answers::*;
use ami_warden::model::{AmiId, Place, SnapshotId};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::{btree_set, vec};
use proptest::option::weighted;
use proptest::prelude::*;

use users::{UserSeed, add_user};

pub(crate) const ACCOUNTS: [&str; 2] = ["111111111111", "222222222222"];
pub(crate) const REGIONS: [&str; 2] = ["eu-central-1", "us-east-1"];
pub(crate) const STRANGER: &str = "999999999999";

/// The moment every estate is judged at.
pub(crate) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// Everything about one image and what surrounds it, in the small.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    pub(crate) age_days: i64,
    pub(crate) idle_days: Option<i64>,
    pub(crate) state: &'static str,
    pub(crate) public: Option<bool>,
    pub(crate) deprecated_days: Option<i64>,
    pub(crate) protection: Option<&'static str>,
    pub(crate) owner: &'static str,
    pub(crate) tags: Vec<(&'static str, &'static str)>,
    pub(crate) family: usize,
    pub(crate) version: u8,
    pub(crate) shares: Option<Vec<&'static str>>,
    pub(crate) in_bin: bool,
    pub(crate) users: Vec<UserSeed>,
    pub(crate) copy_in_other_region: bool,
    /// Whether the image itself is listed; if not, its snapshot is an orphan.
    pub(crate) listed: bool,
    pub(crate) snapshot_public: bool,
    pub(crate) snapshot_shares: Option<Vec<&'static str>>,
    pub(crate) backup: bool,
    /// What it was made from: the number of a place and of an image there, which may be itself or not exist.
    pub(crate) source: Option<(usize, usize)>,
    /// The state of its snapshot's lock, and of Fast Snapshot Restore.
    pub(crate) lock: Option<&'static str>,
    pub(crate) fast_restore: Option<&'static str>,
    /// Whether its snapshot was deleted and is in the Recycle Bin for one more day.
    pub(crate) snapshot_in_bin: bool,
}

pub(crate) fn seed() -> impl Strategy<Value = Seed> {
    let looks = (
        0i64..1500,
        weighted(0.7, 0i64..800),
        prop_oneof![6 => Just("available"), 2 => Just("disabled"), 1 => Just("pending"), 1 => Just("failed")],
        prop_oneof![8 => Just(Some(false)), 2 => Just(Some(true)), 1 => Just(None)],
        weighted(0.4, -30i64..400),
        prop_oneof![6 => Just(Some("disabled")), 1 => Just(Some("enabled-with-cooldown")), 1 => Just(None)],
        prop_oneof![9 => Just("self"), 1 => Just(STRANGER)],
    );
    let tags = proptest::sample::subsequence(
        vec![
            ("keep", ""),
            ("legal-hold", "case-7"),
            ("family", "golden"),
            ("env", "dev"),
            ("env", "prod"),
            ("owner", "team"),
            ("cost-center", "7"),
            ("tested", "true"),
            ("replicate-to", "us-east-1"),
            ("Bad\u{1b}[31mKey", "\u{202e}x"),
        ],
        0..5,
    );
    let surroundings = (
        0usize..3,
        any::<u8>(),
        weighted(0.8, proptest::sample::subsequence(vec![ACCOUNTS[0], ACCOUNTS[1], STRANGER, "organization"], 0..3)),
        proptest::bool::weighted(0.1),
        vec(users::user(), 0..2),
        any::<bool>(),
        proptest::bool::weighted(0.85),
        proptest::bool::weighted(0.1),
        weighted(0.8, proptest::sample::subsequence(vec![ACCOUNTS[1], STRANGER], 0..2)),
        proptest::bool::weighted(0.05),
    );
    let lineage = (
        weighted(0.2, (0usize..4, 0usize..7)),
        weighted(0.2, proptest::sample::select(vec!["governance", "compliance-cooloff", "expired"])),
        weighted(0.2, proptest::sample::select(vec!["enabled", "disabling", "disabled"])),
        proptest::bool::weighted(0.1),
    );
    (looks, tags, surroundings, lineage).prop_map(|(looks, tags, surroundings, (source, lock, fast_restore, snapshot_in_bin))| {
        let (age_days, idle_days, state, public, deprecated_days, protection, owner) = looks;
        let (family, version, shares, in_bin, users, copy_in_other_region, listed, snapshot_public, snapshot_shares, backup) = surroundings;
        Seed {
            age_days,
            idle_days,
            state,
            public,
            deprecated_days,
            protection,
            owner,
            tags,
            family,
            version,
            shares,
            in_bin,
            users,
            copy_in_other_region,
            listed,
            snapshot_public,
            snapshot_shares,
            backup,
            source,
            lock,
            fast_restore,
            snapshot_in_bin,
        }
    })
}

/// Places with their answers. Every source answered.
pub(crate) fn estate() -> impl Strategy<Value = Vec<Answers>> {
    let place = (vec(seed(), 0..7), proptest::bool::weighted(0.8), settings());
    (vec(place, 1..=4), btree_set(0usize..4, 0..2)).prop_map(|(places, _)| {
        let all = ACCOUNTS.iter().flat_map(|account| REGIONS.iter().map(move |region| Place::new(*account, *region)));
        let grown = all.zip(places).enumerate().map(|(index, (place, (seeds, ruled, settings)))| {
            let mut answers = answers(index, place, &seeds, ruled);
            set(&mut answers, settings);
            answers
        });
        grown.collect()
    })
}

/// What a place can be set to: Block Public Access for images and for snapshots, who is in charge of both, Allowed AMIs.
type Settings = (&'static str, &'static str, Option<&'static str>, &'static str);

fn settings() -> impl Strategy<Value = Settings> {
    (
        prop_oneof![3 => Just("unblocked"), 1 => Just("block-new-sharing")],
        prop_oneof![3 => Just("unblocked"), 1 => Just("block-new-sharing"), 1 => Just("block-all-sharing")],
        prop_oneof![4 => Just(Some("account")), 1 => Just(Some("declarative-policy")), 1 => Just(None)],
        prop_oneof![Just("disabled"), Just("audit-mode"), Just("enabled")],
    )
}

fn set(answers: &mut Answers, (images, snapshots, managed_by, allowed): Settings) {
    let managed_by = managed_by.map(str::to_owned);
    answers.image_block_public_access =
        Some(Ok(GetImageBlockPublicAccessState { image_block_public_access_state: Some(images.into()), managed_by: managed_by.clone() }));
    answers.snapshot_block_public_access = Some(Ok(GetSnapshotBlockPublicAccessState { state: Some(snapshots.into()), managed_by }));
    answers.allowed_images = Some(Ok(GetAllowedImagesSettings { state: Some(allowed.into()), ..GetAllowedImagesSettings::default() }));
}

/// The answers about one place that its seeds mean.
pub(crate) fn answers(index: usize, place: Place, seeds: &[Seed], ruled: bool) -> Answers {
    let mut answers = empty(place.clone());
    for (number, seed) in seeds.iter().enumerate() {
        grow(&mut answers, &format!("{index:02}{number:02}"), seed);
    }
    if ruled {
        let rule = |id: &str, kind: &str| GetRule {
            identifier: Some(id.into()),
            resource_type: Some(kind.into()),
            retention_period: Some(RetentionPeriod { retention_period_value: Some(14), retention_period_unit: Some("DAYS".into()) }),
            status: Some("available".into()),
            ..GetRule::default()
        };
        let rules = vec![rule(&format!("{place}-images"), "EC2_IMAGE"), rule(&format!("{place}-snapshots"), "EBS_SNAPSHOT")];
        let summary = |rule: &GetRule| Some(RuleSummary { identifier: rule.identifier.clone(), ..RuleSummary::default() });
        answers.rules = Ok(ListRules { rules: Some(rules.iter().map(summary).collect()) });
        answers.rule_details = Ok(rules);
    }
    answers
}

/// A place where everything answered and nothing is.
pub(crate) fn empty(place: Place) -> Answers {
    Answers {
        images: Ok(DescribeImages { images: Some(vec![]) }),
        snapshots: Ok(DescribeSnapshots { snapshots: Some(vec![]) }),
        public_snapshots: Ok(DescribeSnapshots { snapshots: Some(vec![]) }),
        instances: Ok(DescribeInstances { reservations: Some(vec![]) }),
        launch_templates: Ok(DescribeLaunchTemplates { launch_templates: Some(vec![]) }),
        launch_template_versions: Ok(DescribeLaunchTemplateVersions { launch_template_versions: Some(vec![]) }),
        auto_scaling_groups: Ok(DescribeAutoScalingGroups { auto_scaling_groups: Some(vec![]) }),
        launch_configurations: Ok(DescribeLaunchConfigurations { launch_configurations: Some(vec![]) }),
        images_in_recycle_bin: Ok(ListImagesInRecycleBin { images: Some(vec![]) }),
        rules: Ok(ListRules { rules: Some(vec![]) }),
        rule_details: Ok(vec![]),
        spot_fleets: Some(Ok(DescribeSpotFleetRequests { spot_fleet_request_configs: Some(vec![]) })),
        spot_requests: Some(Ok(DescribeSpotInstanceRequests { spot_instance_requests: Some(vec![]) })),
        fleets: Some(Ok(DescribeFleets { fleets: Some(vec![]) })),
        image_references: Some(Ok(DescribeImageReferences { image_references: Some(vec![]) })),
        parameter_names: Some(Ok(DescribeParameters { parameters: Some(vec![]) })),
        parameters: Some(Ok(GetParameters { parameters: Some(vec![]), ..GetParameters::default() })),
        image_recipes: Some(Ok(ListImageRecipes { image_recipe_summary_list: Some(vec![]) })),
        image_recipe_details: Some(Ok(vec![])),
        container_recipes: Some(Ok(ListContainerRecipes { container_recipe_summary_list: Some(vec![]) })),
        container_recipe_details: Some(Ok(vec![])),
        resources: Some(Ok(vec![])),
        resource_details: Some(Ok(vec![])),
        scaling_activities: Some(Ok(DescribeScalingActivities { activities: Some(vec![]) })),
        events: Some(Ok(LookupEvents { events: Some(vec![]) })),
        images_in_use: Some(Ok(DescribeImages { images: Some(vec![]) })),
        usage_reports: Some(Ok(DescribeImageUsageReports { image_usage_reports: Some(vec![]) })),
        usage_report_entries: Some(Ok(DescribeImageUsageReportEntries { image_usage_report_entries: Some(vec![]) })),
        volumes: Some(Ok(DescribeVolumes { volumes: Some(vec![]) })),
        fast_restores: Some(Ok(DescribeFastSnapshotRestores { fast_snapshot_restores: Some(vec![]) })),
        locked_snapshots: Some(Ok(DescribeLockedSnapshots { snapshots: Some(vec![]) })),
        snapshots_in_recycle_bin: Some(Ok(ListSnapshotsInRecycleBin { snapshots: Some(vec![]) })),
        image_block_public_access: Some(Ok(GetImageBlockPublicAccessState {
            image_block_public_access_state: Some("unblocked".into()),
            managed_by: Some("account".into()),
        })),
        snapshot_block_public_access: Some(Ok(GetSnapshotBlockPublicAccessState {
            state: Some("unblocked".into()),
            managed_by: Some("account".into()),
        })),
        allowed_images: Some(Ok(GetAllowedImagesSettings { state: Some("disabled".into()), ..GetAllowedImagesSettings::default() })),
        key_policies: Some(Ok(vec![])),
        ..Answers::unread(place, "not asked")
    }
}

fn days_ago(days: i64) -> String {
    now().checked_sub(SignedDuration::from_hours(24 * days)).unwrap().to_string()
}

/// Adds one seed's image, snapshot and users.
fn grow(answers: &mut Answers, id: &str, seed: &Seed) {
    let account = answers.place.account.to_string();
    let owner = if seed.owner == "self" { account } else { seed.owner.to_owned() };
    let ami = format!("ami-{id}");
    let snap = format!("snap-{id}");
    let tags: Vec<Option<Tag>> =
        seed.tags.iter().map(|(key, value)| Some(Tag { key: Some((*key).into()), value: Some((*value).into()) })).collect();
    let source = seed.source.or(seed.copy_in_other_region.then_some((0, 0)));
    if let Some(state) = seed.lock {
        let lock = LockedSnapshot { snapshot_id: Some(snap.clone()), lock_state: Some(state.into()), ..LockedSnapshot::default() };
        push(answers.locked_snapshots.as_mut().unwrap(), |answer| &mut answer.snapshots, lock);
    }
    if let Some(state) = seed.fast_restore {
        let restore = FastSnapshotRestore { snapshot_id: Some(snap.clone()), state: Some(state.into()), ..FastSnapshotRestore::default() };
        push(answers.fast_restores.as_mut().unwrap(), |answer| &mut answer.fast_snapshot_restores, restore);
    }
    let device = BlockDevice {
        device_name: Some("/dev/xvda".into()),
        ebs: Some(EbsBlockDevice {
            snapshot_id: Some(snap.clone()),
            volume_size: Some(8),
            encrypted: Some(seed.version.is_multiple_of(2)),
            ..EbsBlockDevice::default()
        }),
        ..BlockDevice::default()
    };
    let image = Image {
        image_id: Some(ami.clone()),
        name: Some(format!("line{}-1.{}", seed.family, seed.version)),
        owner_id: Some(owner.clone()),
        state: Some(seed.state.into()),
        creation_date: Some(days_ago(seed.age_days)),
        deprecation_time: seed.deprecated_days.map(days_ago),
        last_launched_time: seed.idle_days.map(days_ago),
        public: seed.public,
        deregistration_protection: seed.protection.map(Into::into),
        root_device_type: Some("ebs".into()),
        description: seed.backup.then(|| "This image is created by the AWS Backup service.".into()),
        block_device_mappings: Some(vec![Some(device)]),
        source_image_id: source.map(|(place, image)| format!("ami-{place:02}{image:02}")),
        source_image_region: source.map(|(place, _)| (*REGIONS.get(place % REGIONS.len()).unwrap()).into()),
        tags: Some(tags.clone()),
        ..Image::default()
    };
    let snapshot = Snapshot {
        snapshot_id: Some(snap.clone()),
        owner_id: Some(owner),
        state: Some("completed".into()),
        start_time: Some(days_ago(seed.age_days)),
        description: Some(format!("Created by CreateImage(i-{id}) for {ami}")),
        volume_size: Some(8),
        encrypted: Some(true),
        tags: Some(tags),
        ..Snapshot::default()
    };
    if seed.snapshot_public {
        push(&mut answers.public_snapshots, |answer| &mut answer.snapshots, snapshot.clone());
    }
    if seed.snapshot_in_bin {
        let binned = SnapshotInRecycleBin {
            snapshot_id: Some(snap.clone()),
            recycle_bin_exit_time: Some(days_ago(-1)),
            ..SnapshotInRecycleBin::default()
        };
        push(answers.snapshots_in_recycle_bin.as_mut().unwrap(), |answer| &mut answer.snapshots, binned);
    } else {
        push(&mut answers.snapshots, |answer| &mut answer.snapshots, snapshot);
    }
    if seed.listed {
        push(&mut answers.images, |answer| &mut answer.images, image);
    } else if seed.in_bin {
        let binned = ImageInRecycleBin { image_id: Some(ami.clone()), ..ImageInRecycleBin::default() };
        push(&mut answers.images_in_recycle_bin, |answer| &mut answer.images, binned);
    }
    if let Some(shares) = &seed.shares {
        let permissions = shares.iter().map(|share| Some(permission(share))).collect();
        let attribute = ImageAttribute { image_id: Some(ami.clone()), launch_permissions: Some(permissions) };
        answers.launch_permissions.insert(AmiId::from(ami.as_str()), Ok(attribute));
    }
    if let Some(shares) = &seed.snapshot_shares {
        let permissions = shares.iter().map(|share| Some(permission(share))).collect();
        let attribute = SnapshotAttribute { snapshot_id: Some(snap.clone()), create_volume_permissions: Some(permissions) };
        answers.create_volume_permissions.insert(SnapshotId::from(snap.as_str()), Ok(attribute));
    }
    for (number, user) in seed.users.iter().enumerate() {
        add_user(answers, &format!("{id}{number}"), &ami, *user);
    }
}

fn permission(share: &str) -> Permission {
    match share {
        "organization" => {
            Permission { organization_arn: Some("arn:aws:organizations::1:organization/o-exampleorg1".into()), ..Permission::default() }
        }
        account => Permission { user_id: Some(account.into()), ..Permission::default() },
    }
}

fn push<A, T>(answer: &mut Answer<A>, list: impl Fn(&mut A) -> &mut List<T>, item: T) {
    list(answer.as_mut().unwrap()).as_mut().unwrap().push(Some(item));
}
