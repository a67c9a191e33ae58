//! Estates made up by proptest: everything the answers can say about a few images, in the shapes of AWS.

use ami_warden::inventory::answers::*;
use ami_warden::model::{AmiId, Place, SnapshotId};
use jiff::{SignedDuration, Timestamp};
use proptest::collection::{btree_set, vec};
use proptest::option::weighted;
use proptest::prelude::*;

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
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum UserSeed {
    Instance(&'static str),
    DefaultVersion,
    StaleVersion,
    GroupOnVersion,
    GroupOverride,
    Configuration,
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
        vec(user(), 0..2),
        any::<bool>(),
        proptest::bool::weighted(0.85),
        proptest::bool::weighted(0.1),
        weighted(0.8, proptest::sample::subsequence(vec![ACCOUNTS[1], STRANGER], 0..2)),
        proptest::bool::weighted(0.05),
    );
    (looks, tags, surroundings).prop_map(|(looks, tags, surroundings)| {
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
        }
    })
}

pub(crate) fn user() -> impl Strategy<Value = UserSeed> {
    prop_oneof![
        Just(UserSeed::Instance("running")),
        Just(UserSeed::Instance("stopped")),
        Just(UserSeed::Instance("terminated")),
        Just(UserSeed::DefaultVersion),
        Just(UserSeed::StaleVersion),
        Just(UserSeed::GroupOnVersion),
        Just(UserSeed::GroupOverride),
        Just(UserSeed::Configuration),
    ]
}

/// Places with their answers. Every source answered.
pub(crate) fn estate() -> impl Strategy<Value = Vec<Answers>> {
    let place = (vec(seed(), 0..7), proptest::bool::weighted(0.8));
    (vec(place, 1..=4), btree_set(0usize..4, 0..2)).prop_map(|(places, _)| {
        let all = ACCOUNTS.iter().flat_map(|account| REGIONS.iter().map(move |region| Place::new(*account, *region)));
        all.zip(places).enumerate().map(|(index, (place, (seeds, ruled)))| answers(index, place, &seeds, ruled)).collect()
    })
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
        source_image_id: seed.copy_in_other_region.then(|| "ami-0000".into()),
        source_image_region: seed.copy_in_other_region.then(|| REGIONS[0].into()),
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
    push(&mut answers.snapshots, |answer| &mut answer.snapshots, snapshot);
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

pub(crate) fn add_user(answers: &mut Answers, id: &str, ami: &str, user: UserSeed) {
    match user {
        UserSeed::Instance(state) => {
            let instance = Instance {
                instance_id: Some(format!("i-{id}")),
                image_id: Some(ami.into()),
                state: Some(InstanceState { name: Some(state.into()) }),
                ..Instance::default()
            };
            push(&mut answers.instances, |answer| &mut answer.reservations, Reservation { instances: Some(vec![Some(instance)]) });
        }
        UserSeed::DefaultVersion => template(answers, id, &[ami]),
        UserSeed::StaleVersion => template(answers, id, &["ami-elsewhere", ami, "ami-elsewhere"]),
        UserSeed::GroupOnVersion => {
            template(answers, id, &["ami-elsewhere", ami, "ami-elsewhere"]);
            let specification =
                TemplateSpecification { launch_template_id: Some(format!("lt-{id}")), version: Some("2".into()), ..Default::default() };
            let group = AutoScalingGroup {
                auto_scaling_group_name: Some(format!("g-{id}")),
                launch_template: Some(specification),
                ..Default::default()
            };
            push(&mut answers.auto_scaling_groups, |answer| &mut answer.auto_scaling_groups, group);
        }
        UserSeed::GroupOverride => {
            template(answers, id, &["ami-elsewhere"]);
            let specification = TemplateSpecification { launch_template_id: Some(format!("lt-{id}")), ..Default::default() };
            let overrides = vec![Some(Override { image_id: Some(ami.into()), ..Default::default() })];
            let template = GroupTemplate { launch_template_specification: Some(specification), overrides: Some(overrides) };
            let policy = MixedInstancesPolicy { launch_template: Some(template) };
            let group = AutoScalingGroup {
                auto_scaling_group_name: Some(format!("g-{id}")),
                mixed_instances_policy: Some(policy),
                ..Default::default()
            };
            push(&mut answers.auto_scaling_groups, |answer| &mut answer.auto_scaling_groups, group);
        }
        UserSeed::Configuration => {
            let configuration = LaunchConfiguration {
                launch_configuration_name: Some(format!("lc-{id}")),
                image_id: Some(ami.into()),
                ..Default::default()
            };
            push(&mut answers.launch_configurations, |answer| &mut answer.launch_configurations, configuration);
        }
    }
}

/// A template whose versions launch these images; the first is the default.
fn template(answers: &mut Answers, id: &str, images: &[&str]) {
    let template_id = Some(format!("lt-{id}"));
    let latest = i64::try_from(images.len()).unwrap();
    let head = LaunchTemplate {
        launch_template_id: template_id.clone(),
        default_version_number: Some(1),
        latest_version_number: Some(latest),
        ..LaunchTemplate::default()
    };
    push(&mut answers.launch_templates, |answer| &mut answer.launch_templates, head);
    for (number, image) in (1..).zip(images) {
        let version = LaunchTemplateVersion {
            launch_template_id: template_id.clone(),
            version_number: Some(number),
            default_version: Some(number == 1),
            launch_template_data: Some(LaunchTemplateData { image_id: Some((*image).into()), ..Default::default() }),
            ..LaunchTemplateVersion::default()
        };
        push(&mut answers.launch_template_versions, |answer| &mut answer.launch_template_versions, version);
    }
}

fn push<A, T>(answer: &mut Answer<A>, list: impl Fn(&mut A) -> &mut List<T>, item: T) {
    list(answer.as_mut().unwrap()).as_mut().unwrap().push(Some(item));
}

/// Lets the second account use what the first one has in the same Region: its images, and its snapshots in an image.
pub(crate) fn across(answers: &mut [Answers], uses: &[(usize, usize, UserSeed)]) {
    for (number, (region, slot, user)) in uses.iter().enumerate() {
        let Some(there) = answers.get_mut(region + REGIONS.len()) else { continue };
        let ami = format!("ami-{region:02}{slot:02}");
        add_user(there, &format!("across{number}"), &ami, *user);
        if *slot < 2 {
            let ebs = EbsBlockDevice { snapshot_id: Some(format!("snap-{region:02}{slot:02}")), ..EbsBlockDevice::default() };
            let image = Image {
                image_id: Some(format!("ami-across{number}")),
                owner_id: Some(there.place.account.to_string()),
                state: Some("available".into()),
                creation_date: Some(days_ago(1)),
                public: Some(false),
                root_device_type: Some("ebs".into()),
                block_device_mappings: Some(vec![Some(BlockDevice { ebs: Some(ebs), ..BlockDevice::default() })]),
                ..Image::default()
            };
            push(&mut there.images, |answer| &mut answer.images, image);
        }
    }
}

/// EC2's report of who uses the images of a place elsewhere: `users` of the first so many of them.
pub(crate) fn report(answers: &mut Answers, hours_ago: i64, users: usize) {
    let images = answers.images.as_ref().unwrap().images.iter().flatten().flatten();
    let ids: Vec<String> = images.filter_map(|image| image.image_id.clone()).collect();
    let whole = ImageUsageOption { option_name: Some("version-depth".into()), option_values: Some(vec![Some("10000".into())]) };
    let kind =
        |name: &str| ImageUsageResourceType { resource_type: Some(name.into()), resource_type_options: Some(vec![Some(whole.clone())]) };
    let report = |id: &String| ImageUsageReport {
        image_id: Some(id.clone()),
        report_id: Some(format!("report-{id}")),
        resource_types: Some(vec![Some(kind("ec2:Instance")), Some(kind("ec2:LaunchTemplate"))]),
        state: Some("available".into()),
        creation_time: Some(now().checked_sub(SignedDuration::from_hours(hours_ago)).unwrap().to_string()),
        ..ImageUsageReport::default()
    };
    let entry = |id: &String| ImageUsageReportEntry {
        report_id: Some(format!("report-{id}")),
        account_id: Some(STRANGER.into()),
        resource_type: Some("ec2:Instance".into()),
        usage_count: Some(1),
        ..ImageUsageReportEntry::default()
    };
    let entries = ids.iter().take(users).map(|id| Some(entry(id))).collect();
    answers.usage_reports =
        Some(Ok(DescribeImageUsageReports { image_usage_reports: Some(ids.iter().map(|id| Some(report(id))).collect()) }));
    answers.usage_report_entries = Some(Ok(DescribeImageUsageReportEntries { image_usage_report_entries: Some(entries) }));
}

/// Takes one source away from a place, as if it had been denied.
pub(crate) fn deny(answers: &mut Answers, source: usize) {
    let why = || "UnauthorizedOperation: denied by a test".to_owned();
    match source {
        0 => answers.images = Err(why()),
        1 => answers.snapshots = Err(why()),
        2 => answers.public_snapshots = Err(why()),
        3 => answers.instances = Err(why()),
        4 => answers.launch_templates = Err(why()),
        5 => answers.launch_template_versions = Err(why()),
        6 => answers.auto_scaling_groups = Err(why()),
        7 => answers.launch_configurations = Err(why()),
        8 => answers.images_in_recycle_bin = Err(why()),
        9 => answers.rules = Err(why()),
        10 => answers.rule_details = Err(why()),
        11 => answers.launch_permissions.clear(),
        12 => answers.create_volume_permissions.clear(),
        _ => answers.launch_permissions.values_mut().for_each(|answer| *answer = Err(why())),
    }
}

/// How many ways [`deny`] knows.
pub(crate) const DENIALS: usize = 14;
