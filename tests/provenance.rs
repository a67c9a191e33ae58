//! What runs, told from a recorded estate to the findings people read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ami_warden::config::{Config, load};
use ami_warden::evidence::Evidence;
use ami_warden::inventory::Joined;
use ami_warden::model::Principal;
use ami_warden::plan::{Plan, make};
use ami_warden::policy::PolicySet;
use jiff::Timestamp;
use serde_json::{Value, json};

const OURS: &str = "111111111111";
const SISTER: &str = "222222222222";
const STRANGER: &str = "999999999999";
const REGION: &str = "eu-central-1";

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// An estate as `record` writes it, with everything read and nothing there but what is put in.
struct Recorded(tempfile::TempDir);

impl Recorded {
    fn new() -> Self {
        let recorded = Self(tempfile::tempdir().unwrap());
        recorded.account(OURS);
        recorded
    }

    fn account(&self, account: &str) {
        for (name, list) in [
            ("describe-images", "Images"),
            ("describe-images-in-use", "Images"),
            ("describe-snapshots", "Snapshots"),
            ("describe-snapshots-public", "Snapshots"),
            ("describe-instances", "Reservations"),
            ("describe-launch-templates", "LaunchTemplates"),
            ("describe-launch-template-versions", "LaunchTemplateVersions"),
            ("describe-auto-scaling-groups", "AutoScalingGroups"),
            ("describe-launch-configurations", "LaunchConfigurations"),
            ("list-images-in-recycle-bin", "Images"),
            ("list-rules", "Rules"),
        ] {
            self.write(account, name, &json!({ list: [] }));
        }
        self.write(account, "get-rule", &json!([]));
    }

    fn write(&self, account: &str, name: &str, value: &Value) {
        let folder = self.0.path().join(account).join(REGION);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!("{name}.json")), value.to_string()).unwrap();
    }

    fn put(&self, name: &str, list: &str, items: &[Value]) -> &Self {
        self.write(OURS, name, &json!({ list: items }));
        self
    }

    fn forget(&self, name: &str) -> &Self {
        fs::remove_file(self.0.path().join(OURS).join(REGION).join(format!("{name}.json"))).unwrap();
        self
    }

    fn plan(&self, config: &str) -> Plan {
        let config: Config = load(Some((Path::new("x.toml"), config)), []).unwrap();
        let policies = PolicySet::shipped().unwrap();
        let evidence = Evidence::recorded(self.0.path(), &config, &policies, Principal::Automatic, now()).unwrap();
        let joined = Joined::new(&evidence.estate, &evidence.history, &config, evidence.now);
        make(&joined, &policies, Principal::Automatic, &BTreeSet::new())
    }

    /// Everything that is said, but for the rules that the place lacks.
    fn findings(&self, config: &str) -> Vec<String> {
        let told = self.plan(config).findings.into_iter().filter(|finding| finding.because != ["no-recycle-bin-rule"]).map(|finding| {
            let detail = if finding.detail.is_empty() { String::new() } else { format!(" ({})", finding.detail) };
            format!("{} {}: {}{detail}", finding.severity, finding.resource, finding.because.join(" "))
        });
        told.collect()
    }
}

const KNOWN: &str = "[organization]\nmembers = [\"222222222222\"]\n";

fn image(id: &str, owner: &str, name: &str, created: &str) -> Value {
    json!({
        "ImageId": id, "OwnerId": owner, "Name": name, "State": "available", "CreationDate": created, "Public": owner != OURS,
        "Architecture": "x86_64", "VirtualizationType": "hvm", "RootDeviceType": "ebs", "PlatformDetails": "Linux/UNIX",
        "BlockDeviceMappings": [{ "DeviceName": "/dev/xvda", "Ebs": { "SnapshotId": format!("snap-{id}"), "VolumeSize": 8, "Encrypted": true } }], "ImdsSupport": "v2.0",
        "Tags": [{ "Key": "tested", "Value": "Yes" }, { "Key": "owner", "Value": "web" }, { "Key": "cost-center", "Value": "7" }],
    })
}

fn changed(mut item: Value, fields: Value) -> Value {
    item.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    item
}

fn instance(id: &str, image: &str, tags: &[(&str, &str)]) -> Value {
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    json!({ "Instances": [{ "InstanceId": id, "ImageId": image, "State": { "Name": "running" }, "LaunchTime": "2026-11-01T00:00:00Z", "Tags": tags }] })
}

fn in_group(id: &str, image: &str, group: &str) -> Value {
    instance(id, image, &[("aws:autoscaling:groupName", group)])
}

fn configuration(name: &str, image: &str) -> Value {
    json!({ "LaunchConfigurationName": name, "ImageId": image })
}

fn group(name: &str, configuration: &str) -> Value {
    json!({ "AutoScalingGroupName": name, "LaunchConfigurationName": configuration, "DesiredCapacity": 1, "Tags": [{ "Key": "env", "Value": "prod", "PropagateAtLaunch": true }] })
}

#[test]
fn a_recorded_estate_tells_what_is_wrong_with_what_runs() {
    let estate = Recorded::new();
    let fine = "2026-10-01T00:00:00Z";
    estate.put(
        "describe-images",
        "Images",
        &[
            image("ami-fine", OURS, "web-2", fine),
            image("ami-old", OURS, "batch", "2025-01-01T00:00:00Z"),
            changed(image("ami-deprecated", OURS, "proxy", fine), json!({ "DeprecationTime": "2026-11-01T00:00:00Z" })),
            changed(
                image("ami-untested", OURS, "api", fine),
                json!({ "Tags": [{ "Key": "owner", "Value": "web" }, { "Key": "cost-center", "Value": "7" }] }),
            ),
            changed(image("ami-disabled", OURS, "disabled", fine), json!({ "State": "disabled" })),
            changed(image("ami-failed", OURS, "broken", fine), json!({ "State": "failed", "BlockDeviceMappings": [] })),
            changed(image("ami-young", OURS, "young", "2026-11-20T11:00:00Z"), json!({ "State": "pending", "BlockDeviceMappings": [] })),
            changed(image("ami-store", OURS, "store", fine), json!({ "RootDeviceType": "instance-store", "BlockDeviceMappings": [] })),
            changed(image("ami-pv", OURS, "legacy", fine), json!({ "VirtualizationType": "paravirtual", "Architecture": "i386" })),
            changed(image("ami-bionic", OURS, "job-ubuntu-18.04", fine), json!({})),
            image("ami-base1", OURS, "base-1.0.0", fine),
            image("ami-base2", OURS, "base-1.1.0", "2026-10-02T00:00:00Z"),
            changed(image("ami-made", OURS, "made", fine), json!({ "SourceImageId": "ami-base1", "SourceImageRegion": REGION })),
        ],
    );
    estate.put(
        "describe-images-in-use",
        "Images",
        &[
            changed(image("ami-amazon", "137112412989", "al2023-ami-2023.9", fine), json!({ "ImageOwnerAlias": "amazon" })),
            image("ami-canonical", "099720109477", "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20250101", fine),
            image("ami-sister", SISTER, "shared", fine),
            image("ami-stranger", STRANGER, "free-firewall", fine),
        ],
    );
    estate.put(
        "describe-instances",
        "Reservations",
        &[
            instance("i-0f", "ami-fine", &[("Name", "fine"), ("env", "prod")]),
            instance("i-01", "ami-old", &[]),
            instance("i-02", "ami-deprecated", &[]),
            instance("i-03", "ami-untested", &[("Environment", "Production")]),
            instance("i-04", "ami-untested", &[("env", "dev")]),
            instance("i-05", "ami-amazon", &[]),
            instance("i-06", "ami-canonical", &[]),
            instance("i-07", "ami-sister", &[]),
            instance("i-08", "ami-stranger", &[("Name", "gate")]),
            instance("i-09", "ami-gone", &[]),
            instance("i-0a", "ami-pv", &[]),
            instance("i-0b", "ami-bionic", &[]),
            in_group("i-0c", "ami-fine", "rolling"),
            in_group("i-0d", "ami-old", "rolling"),
            in_group("i-0e", "ami-stranger", "deleted"),
        ],
    );
    estate.put(
        "describe-launch-configurations",
        "LaunchConfigurations",
        &[configuration("fine", "ami-fine"), configuration("disabled", "ami-disabled"), configuration("untested", "ami-untested")],
    );
    let groups = [group("rolling", "fine"), group("stuck", "disabled"), group("hasty", "untested"), group("good", "fine")];
    estate.put("describe-auto-scaling-groups", "AutoScalingGroups", &groups);

    let config = format!("{KNOWN}[trust]\nowners = [\"amazon\", \"099720109477\"]\n");
    insta::assert_snapshot!(estate.findings(&config).join("\n"), @r#"
    medium ami-bionic: end-of-life-system
    low ami-failed: broken-image
    low ami-made: newer-base-image
    low ami-pv: obsolete-virtualization
    low ami-store: instance-store-image
    medium hasty: untested-in-production (Auto Scaling group, runs ami-untested "api" of 111111111111)
    low i-01: old-image-in-use (runs ami-old "batch" of 111111111111)
    low i-02: deprecated-image-in-use (runs ami-deprecated "proxy" of 111111111111)
    medium i-03: untested-in-production (runs ami-untested "api" of 111111111111)
    medium i-06: end-of-life-system (runs ami-canonical "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20250101" of 099720109477)
    high i-08: untrusted-image-in-use (runs ami-stranger "free-firewall" of 999999999999)
    medium i-09: gone-image-in-use (runs ami-gone (not described))
    low i-0a: obsolete-virtualization (runs ami-pv "legacy" of 111111111111)
    medium i-0b: end-of-life-system (runs ami-bionic "job-ubuntu-18.04" of 111111111111)
    high i-0e: untrusted-image-in-use (runs ami-stranger "free-firewall" of 999999999999)
    low rolling: mixed-images old-image-in-use (Auto Scaling group, runs ami-fine "web-2" of 111111111111, ami-old "batch" of 111111111111)
    high stuck: group-cannot-launch (Auto Scaling group, runs ami-disabled "disabled" of 111111111111)
    "#);
}

#[test]
fn as_long_as_nobody_knows_who_we_are_no_owner_is_called_untrusted() {
    let estate = Recorded::new();
    estate.put("describe-images-in-use", "Images", &[image("ami-1", STRANGER, "x", "2026-10-01T00:00:00Z")]);
    estate.put("describe-instances", "Reservations", &[instance("i-01", "ami-1", &[])]);
    assert_eq!(estate.findings(""), [""; 0]);
    assert_eq!(estate.findings(KNOWN).len(), 1);
    assert_eq!(estate.findings(&format!("{KNOWN}[trust]\nowners = [\"{STRANGER}\"]")), [""; 0]);
}

#[test]
fn an_image_nobody_asked_for_is_not_called_gone() {
    let estate = Recorded::new();
    estate.put("describe-instances", "Reservations", &[instance("i-01", "ami-1", &[])]);
    assert_eq!(estate.findings(KNOWN), ["medium i-01: gone-image-in-use (runs ami-1 (not described))"]);
    estate.forget("describe-images-in-use");
    assert_eq!(estate.findings(KNOWN), [""; 0]);
    // One that could not be read may be any.
    estate.put("describe-images-in-use", "Images", &[json!({ "ImageId": "ami-2" })]);
    assert_eq!(estate.findings(KNOWN), [""; 0]);
}

#[test]
fn an_image_of_another_account_of_ours_is_known_from_there() {
    let estate = Recorded::new();
    estate.account(SISTER);
    let old = changed(image("ami-1", SISTER, "shared", "2025-01-01T00:00:00Z"), json!({ "Public": false }));
    estate.write(SISTER, "describe-images", &json!({ "Images": [old] }));
    estate.put("describe-instances", "Reservations", &[instance("i-01", "ami-1", &[])]);
    assert_eq!(estate.findings(KNOWN), ["low i-01: old-image-in-use (runs ami-1 \"shared\" of 222222222222)"]);
}

#[test]
fn one_image_per_architecture_is_no_mixture() {
    let estate = Recorded::new();
    let made = |id: &str, architecture: &str| changed(image(id, OURS, id, "2026-10-01T00:00:00Z"), json!({ "Architecture": architecture }));
    estate.put("describe-images", "Images", &[made("ami-x", "x86_64"), made("ami-a", "arm64"), made("ami-y", "x86_64")]);
    let version =
        json!({ "LaunchTemplateId": "lt-1", "VersionNumber": 1, "DefaultVersion": true, "LaunchTemplateData": { "ImageId": "ami-x" } });
    estate.put("describe-launch-template-versions", "LaunchTemplateVersions", &[version]);
    let head = json!({ "LaunchTemplateId": "lt-1", "DefaultVersionNumber": 1, "LatestVersionNumber": 1 });
    estate.put("describe-launch-templates", "LaunchTemplates", &[head]);
    let mixed = |images: &[&str]| {
        let overrides: Vec<Value> = images.iter().map(|image| json!({ "ImageId": image })).collect();
        let template = json!({ "LaunchTemplateSpecification": { "LaunchTemplateId": "lt-1" }, "Overrides": overrides });
        let group = json!({ "AutoScalingGroupName": "g", "MixedInstancesPolicy": { "LaunchTemplate": template } });
        estate.put("describe-auto-scaling-groups", "AutoScalingGroups", &[group]);
        estate.findings(KNOWN)
    };
    assert_eq!(mixed(&["ami-a"]), [""; 0]);
    assert_eq!(
        mixed(&["ami-y"]),
        ["low g: mixed-images (Auto Scaling group, runs ami-x \"ami-x\" of 111111111111, ami-y \"ami-y\" of 111111111111)"]
    );
}

#[test]
fn a_fleet_is_one_finding_and_stays_one_when_its_group_cannot_be_listed() {
    let estate = Recorded::new();
    estate.put("describe-images", "Images", &[image("ami-1", OURS, "old", "2025-01-01T00:00:00Z")]);
    let fleet: Vec<Value> = (0..50).map(|number| in_group(&format!("i-{number:02}"), "ami-1", "g")).collect();
    estate.put("describe-instances", "Reservations", &fleet);
    estate.put("describe-launch-configurations", "LaunchConfigurations", &[configuration("c", "ami-1")]);
    estate.put("describe-auto-scaling-groups", "AutoScalingGroups", &[group("g", "c")]);
    assert_eq!(estate.findings(KNOWN), ["low g: old-image-in-use (Auto Scaling group, runs ami-1 \"old\" of 111111111111)"]);
    estate.forget("describe-auto-scaling-groups");
    assert_eq!(estate.findings(KNOWN), [""; 0]);
}

#[test]
fn a_copy_of_a_base_is_no_base_and_a_circle_of_sources_ends() {
    let estate = Recorded::new();
    let made = |id: &str, name: &str, source: &str| {
        changed(image(id, OURS, name, "2026-10-01T00:00:00Z"), json!({ "SourceImageId": source, "SourceImageRegion": REGION }))
    };
    estate.put(
        "describe-images",
        "Images",
        &[
            image("ami-base1", OURS, "base-1", "2026-10-01T00:00:00Z"),
            image("ami-base2", OURS, "base-2", "2026-10-01T00:00:00Z"),
            // A newer web image, copied from one that was made from the older base.
            made("ami-web1", "web-1", "ami-base1"),
            made("ami-web2", "web-2", "ami-web1"),
            made("ami-new1", "new-1", "ami-base2"),
            made("ami-new2", "new-2", "ami-base2"),
            made("ami-a", "ring-1", "ami-b"),
            made("ami-b", "ring-2", "ami-a"),
        ],
    );
    assert_eq!(estate.findings(KNOWN), ["low ami-web2: newer-base-image"]);
}

/// Images of one line, the newest last; all due for deprecation.
fn line(count: usize) -> Recorded {
    let estate = Recorded::new();
    let images: Vec<Value> = (1..=count)
        .map(|number| image(&format!("ami-{number}"), OURS, &format!("web {number} x"), &format!("2024-01-0{number}T00:00:00Z")))
        .collect();
    estate.put("describe-images", "Images", &images);
    estate
}

fn held_by_consumers(plan: &Plan) -> Vec<String> {
    let held = plan.held.iter().filter(|entry| entry.held_by.iter().any(|hold| hold.name == "picked-by-consumer"));
    held.map(|entry| format!("{} {}", entry.action, entry.resource)).collect()
}

#[test]
fn exactly_what_a_consumer_would_pick_is_held() {
    let consumer = |more: &str| {
        format!("{KNOWN}[[consumers]]\nname = \"web\"\nkind = \"terraform\"\nowners = [\"self\"]\nname_pattern = \"web ? *\"\n{more}")
    };
    let estate = line(4);
    let held = |config: &str| held_by_consumers(&estate.plan(config));
    assert_eq!(held(KNOWN), [""; 0]);
    assert_eq!(held(&consumer("")), ["deprecate ami-4"]);
    assert_eq!(held(&consumer("pick = \"newest-2\"")), ["deprecate ami-3", "deprecate ami-4"]);
    assert_eq!(held(&consumer("pick = \"all\"")).len(), 4);
    assert_eq!(held(&consumer("architecture = \"arm64\"")), [""; 0]);
    assert_eq!(held(&consumer("tags = { tested = \"Y*\" }")), ["deprecate ami-4"]);
    assert_eq!(held(&consumer("tags = { tested = \"y*\" }")), [""; 0]);
    assert_eq!(held(&consumer("regions = [\"us-east-1\"]")), [""; 0]);
}

#[test]
fn both_what_is_seen_with_deprecated_images_and_without_is_in_use() {
    let estate = line(3);
    let deprecated = changed(image("ami-3", OURS, "web 3 x", "2024-01-03T00:00:00Z"), json!({ "DeprecationTime": "2026-01-01T00:00:00Z" }));
    let others =
        [image("ami-1", OURS, "web 1 x", "2024-01-01T00:00:00Z"), image("ami-2", OURS, "web 2 x", "2024-01-02T00:00:00Z"), deprecated];
    estate.put("describe-images", "Images", &others);
    let plan = estate.plan(&format!("{KNOWN}[[consumers]]\nname = \"web\"\nname_pattern = \"web*\"\n"));
    assert_eq!(held_by_consumers(&plan), ["deprecate ami-2"]);
    let in_use = plan.held.iter().filter(|entry| entry.held_by.iter().any(|hold| hold.name == "in-use" && hold.detail == "consumer web"));
    assert_eq!(in_use.map(|entry| format!("{} {}", entry.action, entry.resource)).collect::<Vec<_>>(), ["disable ami-3"]);
}

#[test]
fn a_consumer_elsewhere_picks_what_is_shared_with_it_and_may_pick_what_nobody_asked_about() {
    let estate = line(3);
    let consumer = format!("{KNOWN}[[consumers]]\nname = \"web\"\nname_pattern = \"web*\"\naccount = \"{SISTER}\"\n");
    let shares = |image: &str, accounts: &[&str]| {
        let permissions: Vec<Value> = accounts.iter().map(|account| json!({ "UserId": account })).collect();
        estate.write(OURS, &format!("launch-permissions/{image}"), &json!({ "ImageId": image, "LaunchPermissions": permissions }));
    };
    fs::create_dir_all(estate.0.path().join(OURS).join(REGION).join("launch-permissions")).unwrap();
    shares("ami-1", &[SISTER]);
    shares("ami-2", &[SISTER]);
    // Nobody asked about the newest: it, or else the next, is what is picked.
    assert_eq!(held_by_consumers(&estate.plan(&consumer)), ["deprecate ami-2", "deprecate ami-3"]);
    shares("ami-3", &[]);
    assert_eq!(held_by_consumers(&estate.plan(&consumer)), ["deprecate ami-2"]);
    shares("ami-3", &[SISTER]);
    assert_eq!(held_by_consumers(&estate.plan(&consumer)), ["deprecate ami-3"]);
}
