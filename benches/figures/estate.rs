//! A made-up recorded estate of any size: ages, families, tags, users and gaps as a large organization has them.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The moment it is judged at.
pub(crate) const NOW: &str = "2026-11-20T12:00:00Z";
const ACCOUNT: &str = "111111111111";
/// Listings that are empty here, with their lists.
const NOTHING: [(&str, &str); 11] = [
    ("describe-spot-fleet-requests", "SpotFleetRequestConfigs"),
    ("describe-spot-instance-requests", "SpotInstanceRequests"),
    ("describe-fleets", "Fleets"),
    ("describe-image-references", "ImageReferences"),
    ("describe-parameters", "Parameters"),
    ("get-parameters", "Parameters"),
    ("list-image-recipes", "imageRecipeSummaryList"),
    ("describe-volumes", "Volumes"),
    ("describe-fast-snapshot-restores", "FastSnapshotRestores"),
    ("describe-locked-snapshots", "Snapshots"),
    ("list-snapshots-in-recycle-bin", "Snapshots"),
];

/// Writes the estate and returns its size in bytes. No permission files, one page of tags each.
pub(crate) fn write(dir: &Path, images: usize, snapshots: usize, regions: usize) -> Result<u64, Box<dyn std::error::Error>> {
    let now: Timestamp = NOW.parse()?;
    let mut bytes = 0;
    for region in 0..regions {
        let place = dir.join(ACCOUNT).join(format!("region-{region:02}-1"));
        fs::create_dir_all(&place)?;
        let mut save = |name: &str, value: Value| -> Result<(), Box<dyn std::error::Error>> {
            let text = serde_json::to_vec_pretty(&value)?;
            bytes += u64::try_from(text.len())?;
            fs::write(place.join(format!("{name}.json")), text)?;
            Ok(())
        };
        let share = |total: usize| total / regions + usize::from(region < total % regions);
        let (images, snapshots) = (share(images), share(snapshots));
        save("describe-images", json!({ "Images": (0..images).map(|n| image(region, n, now)).collect::<Vec<_>>() }))?;
        save("describe-snapshots", json!({ "Snapshots": (0..snapshots).map(|n| snapshot(region, n, images, now)).collect::<Vec<_>>() }))?;
        save("describe-snapshots-public", json!({ "Snapshots": [] }))?;
        save("describe-instances", json!({ "Reservations": (0..images / 10).map(|n| reservation(region, n)).collect::<Vec<_>>() }))?;
        save("describe-launch-templates", json!({ "LaunchTemplates": (0..images / 50).map(|n| template(region, n)).collect::<Vec<_>>() }))?;
        let versions: Vec<Value> =
            (0..images / 50).flat_map(|n| (1..=3).map(move |version| template_version(region, n, version))).collect();
        save("describe-launch-template-versions", json!({ "LaunchTemplateVersions": versions }))?;
        save("describe-auto-scaling-groups", json!({ "AutoScalingGroups": [] }))?;
        save("describe-launch-configurations", json!({ "LaunchConfigurations": [] }))?;
        save("list-images-in-recycle-bin", json!({ "Images": [] }))?;
        for (name, list) in NOTHING {
            save(name, json!({ list: [] }))?;
        }
        save("get-image-recipe", json!([]))?;
        save("get-image-block-public-access-state", json!({ "ImageBlockPublicAccessState": "unblocked" }))?;
        save("get-snapshot-block-public-access-state", json!({ "State": "unblocked" }))?;
        let kinds = ["EC2_IMAGE", "EBS_SNAPSHOT"];
        save("list-rules", json!({ "Rules": kinds.map(|kind| json!({ "Identifier": kind })) }))?;
        let rule = |kind| {
            json!({ "Identifier": kind, "ResourceType": kind, "Status": "available",
                    "RetentionPeriod": { "RetentionPeriodValue": 14, "RetentionPeriodUnit": "DAYS" } })
        };
        save("get-rule", json!(kinds.map(rule)))?;
    }
    Ok(bytes)
}

/// A number that looks random and is not.
fn mixed(region: usize, n: usize, salt: u64) -> u64 {
    let mut x = (region as u64) << 40 | (n as u64) << 8 | salt;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn id(kind: &str, region: usize, n: usize) -> String {
    format!("{kind}-0{:016x}", (region << 32) | n)
}

fn days_ago(now: Timestamp, days: u64) -> String {
    let then = now.checked_sub(SignedDuration::from_hours(24 * i64::try_from(days).unwrap_or(0)));
    then.map(|then| then.to_string()).unwrap_or_default()
}

fn tags(region: usize, n: usize) -> Value {
    let environment = match mixed(region, n, 1) % 3 {
        0 => "prod",
        1 => "dev",
        _ => "staging",
    };
    let mut tags = vec![
        json!({ "Key": "Name", "Value": format!("image {n}") }),
        json!({ "Key": "env", "Value": environment }),
        json!({ "Key": "team", "Value": format!("team-{}", mixed(region, n, 2) % 40) }),
    ];
    if mixed(region, n, 3).is_multiple_of(2) {
        tags.push(json!({ "Key": "owner", "Value": "platform" }));
        tags.push(json!({ "Key": "cost-center", "Value": "4711" }));
    }
    if mixed(region, n, 4).is_multiple_of(5) {
        tags.push(json!({ "Key": "family", "Value": format!("golden-{}", mixed(region, n, 5) % 50) }));
    }
    Value::Array(tags)
}

fn image(region: usize, n: usize, now: Timestamp) -> Value {
    let age = mixed(region, n, 6) % 1200;
    let mut image = json!({
        "ImageId": id("ami", region, n),
        "Name": format!("app-{}-1.{}.{}", n % 700, n / 700, mixed(region, n, 7) % 10),
        "OwnerId": ACCOUNT,
        "ImageLocation": format!("{ACCOUNT}/app-{n}"),
        "State": if mixed(region, n, 8).is_multiple_of(20) { "disabled" } else { "available" },
        "CreationDate": days_ago(now, age),
        "Public": mixed(region, n, 9).is_multiple_of(500),
        "DeregistrationProtection": "disabled",
        "Architecture": "x86_64",
        "PlatformDetails": "Linux/UNIX",
        "RootDeviceType": "ebs",
        "RootDeviceName": "/dev/xvda",
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "EnaSupport": true,
        "ImdsSupport": "v2.0",
        "BlockDeviceMappings": [
            { "DeviceName": "/dev/xvda", "Ebs": { "SnapshotId": id("snap", region, n), "VolumeSize": 8, "Encrypted": true, "VolumeType": "gp3", "DeleteOnTermination": true } }
        ],
        "Tags": tags(region, n),
    });
    if let Some(fields) = image.as_object_mut() {
        if !mixed(region, n, 10).is_multiple_of(3) {
            fields.insert("LastLaunchedTime".into(), json!(days_ago(now, mixed(region, n, 11) % (age + 1))));
        }
        if mixed(region, n, 12).is_multiple_of(4) {
            fields.insert("DeprecationTime".into(), json!(days_ago(now, mixed(region, n, 13) % (age + 1))));
        }
    }
    image
}

/// The first ones are the images' own, the rest are orphans of images that are gone.
fn snapshot(region: usize, n: usize, images: usize, now: Timestamp) -> Value {
    let made_for = if n < images { id("ami", region, n) } else { id("ami", region, 10_000_000 + n) };
    json!({
        "SnapshotId": id("snap", region, n),
        "OwnerId": ACCOUNT,
        "Description": format!("Created by CreateImage(i-0{n:016x}) for {made_for}"),
        "State": "completed",
        "Progress": "100%",
        "StartTime": days_ago(now, mixed(region, n, 14) % 1200),
        "VolumeId": format!("vol-0{n:016x}"),
        "VolumeSize": 8,
        "Encrypted": true,
        "StorageTier": "standard",
        "Tags": tags(region, n),
    })
}

fn reservation(region: usize, n: usize) -> Value {
    json!({ "Instances": [{ "InstanceId": id("i", region, n), "ImageId": id("ami", region, n * 10), "State": { "Name": "running" } }] })
}

fn template(region: usize, n: usize) -> Value {
    json!({ "LaunchTemplateId": id("lt", region, n), "LaunchTemplateName": format!("app-{n}"), "DefaultVersionNumber": 1, "LatestVersionNumber": 3 })
}

fn template_version(region: usize, n: usize, version: usize) -> Value {
    json!({
        "LaunchTemplateId": id("lt", region, n), "LaunchTemplateName": format!("app-{n}"), "VersionNumber": version,
        "DefaultVersion": version == 1, "LaunchTemplateData": { "ImageId": id("ami", region, n * 50 + version) },
    })
}
