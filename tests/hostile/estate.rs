//! A recorded estate of three places with something to do and something to keep in each, as values to be hurt; and the
//! two ways to a plan: the library and the program.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use ami_warden::config::Config;
use ami_warden::evidence::Evidence;
use ami_warden::inventory::{Joined, Triple};
use ami_warden::plan::{Entry, Plan, Principal, audit, make};
use ami_warden::policy::{PolicyFile, PolicySet};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const NOW: &str = "2026-11-20T12:00:00Z";
pub(crate) const HOME: &str = "111111111111/eu-central-1";
pub(crate) const PLACES: [&str; 3] = [HOME, "111111111111/us-east-1", "222222222222/eu-central-1"];

/// Everything that can be asked for is asked for.
pub(crate) const POLICIES: &str = r#"
@id("deprecate") permit (principal, action == Action::"deprecate", resource is Image) when { resource.age > duration("30d") };
@id("deregister") permit (principal, action == Action::"deregister", resource is Image) when { resource.age > duration("30d") };
@id("disable") permit (principal, action == Action::"disable", resource is Image)
when { resource has timeSinceDeprecation && resource.timeSinceDeprecation > duration("60d") };
@id("orphans") permit (principal, action == Action::"deleteSnapshot", resource is Snapshot) when { resource.age > duration("30d") };
@id("private") permit (principal, action == Action::"makePrivate", resource is Image) when { resource.isPublic };
@id("strangers") permit (principal, action == Action::"revokeShare", resource is Image)
unless { context.grantee in AccountGroup::"organization" };
@id("copies") permit (principal, action == Action::"replicate", resource is Image)
when { resource.replicateTo.contains(context.target) && resource has replicaRegions && !resource.replicaRegions.contains(context.target) };
@id("named") permit (principal, action == Action::"notify", resource) when { resource.hasTag("team") };
"#;

pub(crate) const CONFIGURATION: &str = "[grace]\ndeprecate = \"0s\"\ndisable = \"0s\"\nderegister = \"0s\"\ndeleteSnapshot = \"0s\"\n\
     revokeShare = \"0s\"\n[organization]\nmembers = [\"111111111111\", \"222222222222\"]\n[policies]\ndirectories = [\"policies\"]\n\
     [limits]\ntripwire_count = 1000\ntripwire_estate = 1000\n";

static LOADED: LazyLock<(Config, PolicySet)> = LazyLock::new(|| {
    let path = Path::new("ami-warden.toml");
    let config = ami_warden::config::load(Some((path, CONFIGURATION)), []).unwrap();
    (config, PolicySet::load(&[PolicyFile { path: "hostile.cedar".into(), text: POLICIES.into() }]).unwrap())
});

/// The files of an estate by their path below its folder.
pub(crate) type Files = BTreeMap<String, Value>;

/// What is there before anybody hurts it.
pub(crate) fn estate() -> Files {
    let mut files = Files::new();
    for (number, place) in PLACES.into_iter().enumerate() {
        let (account, _) = place.split_once('/').unwrap();
        for (name, value) in answers(&format!("0{number}"), account) {
            files.insert(format!("{place}/{name}.json"), value);
        }
    }
    files
}

fn image(id: &str, account: &str, created: &str) -> Value {
    json!({
        "ImageId": format!("ami-{id}"), "OwnerId": account, "Name": format!("name-{id}"), "Description": "a description", "State": "available",
        "Public": false, "CreationDate": created, "LastLaunchedTime": "2026-11-02T00:00:00Z", "DeregistrationProtection": "disabled",
        "Architecture": "x86_64", "PlatformDetails": "Linux/UNIX", "RootDeviceType": "ebs", "VirtualizationType": "hvm", "EnaSupport": true,
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": format!("snap-{id}"), "VolumeSize": 8, "Encrypted": true}}],
        "Tags": [{"Key": "team", "Value": "web"}]
    })
}

fn snapshot(id: &str, account: &str, started: &str) -> Value {
    json!({
        "SnapshotId": format!("snap-{id}"), "OwnerId": account, "State": "completed", "StartTime": started, "VolumeId": "vol-1", "VolumeSize": 8,
        "Encrypted": true, "Description": "of a disk", "StorageTier": "standard", "Tags": [{"Key": "Name", "Value": "disk"}]
    })
}

fn answers(of: &str, account: &str) -> Vec<(String, Value)> {
    const OLD: &str = "2020-01-01T00:00:00.000Z";
    const YOUNG: &str = "2026-11-01T00:00:00.000Z";
    let kinds = ["free", "used", "tmpl", "kept", "open", "shrd", "past", "copy", "grup"];
    let mut images: Vec<Value> = kinds.iter().map(|kind| image(&format!("{of}{kind}"), account, OLD)).collect();
    images[3]["Tags"] = json!([{"Key": "keep", "Value": "yes"}, {"Key": "team", "Value": "web"}]);
    images[4]["Public"] = json!(true);
    images[6]["DeprecationTime"] = json!("2026-01-01T00:00:00.000Z");
    images[7]["Tags"] = json!([{"Key": "replicate-to", "Value": "us-east-1"}]);
    let mut snapshots: Vec<Value> = kinds.iter().map(|kind| snapshot(&format!("{of}{kind}"), account, OLD)).collect();
    snapshots.push(snapshot(&format!("{of}orph"), account, OLD));
    for n in 0..2 {
        images.push(image(&format!("{of}yng{n:x}"), account, YOUNG));
        snapshots.push(snapshot(&format!("{of}yng{n:x}"), account, YOUNG));
    }
    let id = |kind: &str| format!("ami-{of}{kind}");
    let rule = |name: &str, kind: &str| {
        json!({"Identifier": format!("{name}{of}"), "ResourceType": kind, "Status": "available",
               "RetentionPeriod": {"RetentionPeriodValue": 14, "RetentionPeriodUnit": "DAYS"}})
    };
    let mut files = vec![
        ("describe-instances", json!({"Reservations": [{"Instances": [{"InstanceId": format!("i-{of}aa"), "ImageId": id("used"), "State": {"Name": "running"}}]}]})),
        ("describe-launch-templates", json!({"LaunchTemplates": [{"LaunchTemplateId": format!("lt-{of}"), "LaunchTemplateName": "web", "DefaultVersionNumber": 1, "LatestVersionNumber": 1}]})),
        ("describe-launch-template-versions", json!({"LaunchTemplateVersions": [{"LaunchTemplateId": format!("lt-{of}"), "LaunchTemplateName": "web", "VersionNumber": 1, "DefaultVersion": true, "LaunchTemplateData": {"ImageId": id("tmpl")}}]})),
        ("describe-auto-scaling-groups", json!({"AutoScalingGroups": [{"AutoScalingGroupName": "web", "LaunchConfigurationName": "lc", "MinSize": 0, "MaxSize": 1, "DesiredCapacity": 1}]})),
        ("describe-launch-configurations", json!({"LaunchConfigurations": [{"LaunchConfigurationName": "lc", "ImageId": id("grup")}]})),
        ("describe-snapshots-public", json!({"Snapshots": []})),
        ("describe-spot-fleet-requests", json!({"SpotFleetRequestConfigs": []})),
        ("describe-spot-instance-requests", json!({"SpotInstanceRequests": []})),
        ("describe-fleets", json!({"Fleets": []})),
        ("describe-image-references", json!({"ImageReferences": []})),
        ("describe-parameters", json!({"Parameters": []})),
        ("get-parameters", json!({"Parameters": []})),
        ("list-image-recipes", json!({"imageRecipeSummaryList": []})),
        ("get-image-recipe", json!([])),
        ("describe-volumes", json!({"Volumes": []})),
        ("describe-fast-snapshot-restores", json!({"FastSnapshotRestores": []})),
        ("describe-locked-snapshots", json!({"Snapshots": []})),
        ("list-images-in-recycle-bin", json!({"Images": []})),
        ("list-snapshots-in-recycle-bin", json!({"Snapshots": []})),
        ("get-image-block-public-access-state", json!({"ImageBlockPublicAccessState": "unblocked"})),
        ("get-snapshot-block-public-access-state", json!({"State": "unblocked"})),
        ("list-rules", json!({"Rules": [{"Identifier": format!("i{of}")}, {"Identifier": format!("s{of}")}]})),
        ("get-rule", json!([rule("i", "EC2_IMAGE"), rule("s", "EBS_SNAPSHOT")])),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect::<Vec<_>>();
    for image in &images {
        let id = image["ImageId"].as_str().unwrap();
        let shares = if id.ends_with("shrd") { json!([{"UserId": "999999999999"}]) } else { json!([]) };
        files.push((format!("launch-permissions/{id}"), json!({"ImageId": id, "LaunchPermissions": shares})));
    }
    for snapshot in &snapshots {
        let id = snapshot["SnapshotId"].as_str().unwrap();
        files.push((format!("create-volume-permissions/{id}"), json!({"SnapshotId": id, "CreateVolumePermissions": []})));
    }
    files.push(("describe-images".into(), json!({ "Images": images })));
    files.push(("describe-snapshots".into(), json!({ "Snapshots": snapshots })));
    files
}

/// An estate in a folder of its own, beside a configuration and its policies.
pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    pub(crate) fn of(files: &Files) -> Self {
        let folder = Self { dir: TempDir::new().unwrap() };
        folder.put("ami-warden.toml", CONFIGURATION);
        folder.put("policies/hostile.cedar", POLICIES);
        for (path, value) in files {
            folder.put(&format!("estate/{path}"), value.to_string());
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The plan of the library; `None` where the whole estate is refused.
    pub(crate) fn plan(&self) -> Option<Plan> {
        let (config, policies) = &*LOADED;
        let now: Timestamp = NOW.parse().unwrap();
        let evidence = Evidence::recorded(&self.path("estate"), config, policies, Principal::Automatic, now).ok()?;
        let joined = || Joined::new(&evidence.estate, &evidence.history, config, now);
        // Everything newly due counts as approved: the tripwire's half of a small place has no switch.
        let first = make(&joined(), policies, Principal::Automatic, &BTreeSet::new());
        let plan = make(&joined(), policies, Principal::Automatic, &first.held.iter().map(Entry::triple).collect());
        assert_eq!(audit(&plan, &evidence.estate, &evidence.history, config), vec![]);
        let bytes = serde_json::to_string(&plan).unwrap();
        assert_eq!(
            bytes,
            serde_json::to_string(&make(&joined(), policies, Principal::Automatic, &first.held.iter().map(Entry::triple).collect()))
                .unwrap()
        );
        Some(plan)
    }

    pub(crate) fn steps(&self) -> BTreeSet<Triple> {
        self.plan().map(|plan| plan.steps.iter().map(Entry::triple).collect()).unwrap_or_default()
    }

    /// The program, with nothing from outside.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let mut program = Command::new(env!("CARGO_BIN_EXE_ami-warden"));
        program.current_dir(self.dir.path()).env_clear().env("HOME", self.dir.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        let output = program.args(arguments).output().unwrap();
        let said = Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(matches!(said.code, Some(0..=2)), "{arguments:?} ended with {:?}: {}", said.code, said.err);
        assert!(!said.err.contains("panicked"), "{arguments:?}: {}", said.err);
        said
    }

    pub(crate) fn planned(&self, more: &[&str]) -> Said {
        self.run(&[&["plan", "--from", "estate", "--now", NOW], more].concat())
    }
}

/// What the program said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// What the estate asks for as it is: steps of every kind, and of each kind something that is kept.
#[test]
fn the_estate_has_steps_of_every_kind_to_lose_and_to_add() {
    assert!(SignedDuration::ZERO == LOADED.0.grace.deregister);
    let plan = Folder::of(&estate()).plan().unwrap();
    assert!(plan.complete, "{:?}", plan.gaps);
    for action in ["deprecate", "disable", "deregister", "deleteSnapshot", "makePrivate", "revokeShare", "replicate"] {
        assert!(plan.steps.iter().any(|step| step.action.name() == action), "{action}: {:?}", plan.held);
    }
    for kind in ["used", "tmpl", "kept", "grup"] {
        assert!(
            plan.held.iter().any(|held| held.action.name() == "deregister" && held.resource.to_string() == format!("ami-00{kind}")),
            "{kind}"
        );
    }
}
