//! `explain` over recorded estates: the days to come, what stands against them, and who told it when.

use serde_json::{Value, json};

use super::{Folder, PLACE, Said, complete, complete_in, eager, policy};

const NOW: &str = "2026-11-20T00:00:00Z";
const PARTNER: &str = "222222222222";
const KEY: &str = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// An estate whose only policy asks for `action` on every `kind` for which `when` holds.
fn asking(config: &str, action: &str, kind: &str, when: &str) -> Folder {
    let folder = Folder::new(config);
    complete(&folder);
    let text = format!("permit (principal, action == Action::\"{action}\", resource is {kind}) when {{ {when} }};");
    folder.put("policies/asks.cedar", policy("asks", &text));
    folder
}

/// The old image is deregistered in sixteen days: by then it is older than 2530 days.
fn not_yet(config: &str) -> Folder {
    asking(config, "deregister", "Image", "resource.age > duration(\"2530d\")")
}

fn explain(folder: &Folder, resource: &str, format: &str) -> Said {
    folder.run(&["explain", resource, "--from", "estate", "--now", NOW, "--format", format])
}

fn told(folder: &Folder, resource: &str) -> String {
    let said = explain(folder, resource, "text");
    assert_eq!(said.code, 0, "{}", said.err);
    said.out
}

fn fields(folder: &Folder, resource: &str) -> Value {
    explain(folder, resource, "json").json()
}

#[track_caller]
fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in\n{text}");
    }
}

fn shared_with(folder: &Folder, account: &str) {
    let shares = json!({"ImageId": "ami-0aaa", "LaunchPermissions": [{ "UserId": account }]});
    folder.put(&format!("{PLACE}/launch-permissions/ami-0aaa.json"), shares.to_string());
}

/// What the partner was read to use half a day ago.
fn remembered(folder: &Folder, images: Value) {
    let place = json!({"account": PARTNER, "region": "eu-central-1"});
    let reading = json!({"at": "2026-11-19T12:00:00Z", "with_images": true, "images": images});
    folder.put("estate/history.json", json!({ "readings": [[place, reading]] }).to_string());
}

/// Version 7 names the old image, and nothing names version 7.
fn stale_version(folder: &Folder) {
    let version = |number: usize, image: &str| json!({"LaunchTemplateId": "lt-0a", "VersionNumber": number, "CreateTime": "2025-10-06T00:00:00Z", "LaunchTemplateData": {"ImageId": image}});
    let versions = json!({"LaunchTemplateVersions": [version(7, "ami-0aaa"), version(8, "ami-0bbb")]});
    let head = json!({"LaunchTemplates": [{"LaunchTemplateId": "lt-0a", "DefaultVersionNumber": 8, "LatestVersionNumber": 8}]});
    folder
        .put(&format!("{PLACE}/describe-launch-template-versions.json"), versions.to_string())
        .put(&format!("{PLACE}/describe-launch-templates.json"), head.to_string());
}

/// A snapshot that lost its image on the fifteenth of November.
fn orphan(folder: &Folder) {
    let snapshot = json!({"SnapshotId": "snap-0lost", "OwnerId": "111111111111", "State": "completed",
        "StartTime": "2026-11-01T00:00:00+00:00", "VolumeId": "vol-ffffffff", "VolumeSize": 8, "Encrypted": true, "KmsKeyId": KEY,
        "Description": "Created by CreateImage(i-0abc) for ami-0gone"});
    let used = json!({"SnapshotId": "snap-0aaa", "OwnerId": "111111111111", "State": "completed", "VolumeSize": 8,
        "StartTime": "2020-01-01T00:00:00+00:00", "VolumeId": "vol-1"});
    let shares = json!({"SnapshotId": "snap-0lost", "CreateVolumePermissions": []});
    folder
        .put(&format!("{PLACE}/describe-snapshots.json"), json!({ "Snapshots": [snapshot, used] }).to_string())
        .put(&format!("{PLACE}/create-volume-permissions/snap-0lost.json"), shares.to_string())
        .put("estate/history.json", r#"{"orphaned_since": {"snap-0lost": "2026-11-15T00:00:00Z"}}"#);
}

#[test]
fn an_image_that_is_due_is_told_the_day_of_its_end_and_what_would_still_save_it() {
    let folder = Folder::new("");
    complete(&folder);
    eager(&folder);
    says(&told(&folder, "ami-0aaa"), &["would be deregistered on 2026-12-04 unless launched"]);
    let story = fields(&folder, "ami-0aaa");
    assert_eq!(story["pending"][0]["not_before"], "2026-12-04T00:00:00Z", "{story:#}");
    let forecast = &story["forecasts"][0];
    assert_eq!(forecast["action"], "deregister");
    assert_eq!((&forecast["asked_from"], &forecast["free_from"]), (&json!(NOW), &json!(NOW)));
    assert_eq!(forecast["done_from"], "2026-12-04T00:00:00Z", "{story:#}");
}

#[test]
fn an_image_that_is_not_old_enough_is_told_from_when_on_and_by_whom_it_is_asked_for() {
    let folder = not_yet("");
    let words = "deregister is asked for from 2026-12-06 on by asks, and would be done on 2026-12-20 at the earliest unless launched";
    says(&told(&folder, "ami-0aaa"), &[words]);
    let story = fields(&folder, "ami-0aaa");
    assert_eq!((&story["steps"], &story["pending"], &story["held"]), (&json!([]), &json!([]), &json!([])));
    let forecast = &story["forecasts"][0];
    assert_eq!(forecast["because"], json!(["asks"]), "{story:#}");
    assert_eq!((&forecast["asked_from"], &forecast["done_from"]), (&json!("2026-12-06T00:00:00Z"), &json!("2026-12-20T00:00:00Z")));
}

#[test]
fn an_image_that_nobody_asks_to_change_is_told_so() {
    let folder = asking("", "deregister", "Image", "resource.age > duration(\"9999d\")");
    says(&told(&folder, "ami-0aaa"), &["no policy asks for any change within two years"]);
    assert_eq!(fields(&folder, "ami-0aaa")["forecasts"], json!([]));
}

#[test]
fn an_image_that_only_a_forgotten_template_version_keeps_is_told_that_version_and_its_age() {
    let folder = Folder::new("");
    complete(&folder);
    eager(&folder);
    stale_version(&folder);
    let stale =
        "forbid (principal, action == Action::\"deregister\", resource is Image) when { resource has usage && resource.usage.stale > 0 };";
    folder.put("policies/stale.cedar", policy("stale", stale));
    let words = "kept from deregister only because of launch template lt-0a version 7, 410 days old, named by no group (stale: t)";
    let user = "launch template lt-0a version 7, 410 days old, named by no group in 111111111111/eu-central-1 (stale)  \
                [describe-launch-template-versions]";
    says(&told(&folder, "ami-0aaa"), &[words, user]);
    let story = fields(&folder, "ami-0aaa");
    assert_eq!(story["held"][0]["held_by"].as_array().unwrap().len(), 1, "{story:#}");
    assert_eq!(story["held"][0]["held_by"][0]["name"], "stale");
    let user = &story["users"][0];
    assert_eq!((&user["live"], &user["since"]), (&json!(false), &json!("2025-10-06T00:00:00Z")));
    assert_eq!(user["told"], "launch template lt-0a version 7, 410 days old, named by no group");
}

#[test]
fn a_snapshot_without_its_image_is_told_the_day_of_its_end() {
    let folder = asking("", "deleteSnapshot", "Snapshot", "resource has orphanedFor && resource.orphanedFor > duration(\"14d\")");
    orphan(&folder);
    let words = "deleteSnapshot is asked for from 2026-11-30 on by asks, and would be done on 2026-12-14 at the earliest unless used";
    says(&told(&folder, "snap-0lost"), &[words, "orphaned for: 5 days", &format!("KMS key: {KEY}")]);
    let forecast = &fields(&folder, "snap-0lost")["forecasts"][0];
    assert_eq!((&forecast["asked_from"], &forecast["done_from"]), (&json!("2026-11-30T00:00:00Z"), &json!("2026-12-14T00:00:00Z")));
}

#[test]
fn a_user_remembered_from_another_account_does_not_look_like_one_seen_now() {
    let folder = Folder::new("");
    complete(&folder);
    eager(&folder);
    shared_with(&folder, PARTNER);
    let far = json!({"user": {"Instance": {"id": "i-0far", "state": "running"}}, "live": true});
    remembered(&folder, json!({ "ami-0aaa": [far] }));
    let near = json!({"Reservations": [{"Instances": [{"InstanceId": "i-0near", "ImageId": "ami-0aaa", "State": {"Name": "stopped"}}]}]});
    folder.put(&format!("{PLACE}/describe-instances.json"), near.to_string());
    says(
        &told(&folder, "ami-0aaa"),
        &[
            "instance i-0far (running) in 222222222222/eu-central-1  [describe-instances, remembered from 2026-11-19 12:00]",
            "instance i-0near (stopped) in 111111111111/eu-central-1  [describe-instances]",
            "as of 2026-11-20 00:00 UTC",
        ],
    );
    let story = fields(&folder, "ami-0aaa");
    assert_eq!(story["now"], NOW);
    let seen: Vec<(&Value, &Value)> = story["users"].as_array().unwrap().iter().map(|user| (&user["source"], &user["seen_at"])).collect();
    let source = json!("describe-instances");
    assert_eq!(seen, [(&source, &Value::Null), (&source, &json!("2026-11-19T12:00:00Z"))], "{story:#}");
}

#[test]
fn what_was_read_of_another_account_does_not_grow_old_in_a_forecast() {
    let folder = not_yet("");
    shared_with(&folder, PARTNER);
    remembered(&folder, json!({}));
    let words = "deregister is asked for from 2026-12-06 on by asks, and would be done on 2026-12-20 at the earliest unless launched";
    says(&told(&folder, "ami-0aaa"), &[words]);

    // A report by EC2 counts for a day as well.
    let folder = not_yet("");
    shared_with(&folder, "999999999999");
    usage_report(&folder, "2026-11-19T12:00:00Z", 0);
    says(&told(&folder, "ami-0aaa"), &[words]);
    usage_report(&folder, "2026-11-18T12:00:00Z", 0);
    says(&told(&folder, "ami-0aaa"), &["but kept from it by", "usage-unknown"]);
}

/// A whole report of EC2's about the image: what account 999999999999 launched from it.
fn usage_report(folder: &Folder, made_at: &str, instances: usize) {
    let report = json!({
        "ImageId": "ami-0aaa", "ReportId": "amiur-1", "State": "available", "CreationTime": made_at,
        "ResourceTypes": [
            {"ResourceType": "ec2:Instance"},
            {"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": ["10000"]}]},
        ],
    });
    let entry = json!({"ReportId": "amiur-1", "AccountId": "999999999999", "ResourceType": "ec2:Instance", "UsageCount": instances});
    folder
        .put(&format!("{PLACE}/describe-image-usage-reports.json"), json!({ "ImageUsageReports": [report] }).to_string())
        .put(&format!("{PLACE}/describe-image-usage-report-entries.json"), json!({ "ImageUsageReportEntries": [entry] }).to_string());
}

#[test]
fn a_launch_that_failed_holds_until_the_day_it_counts_no_more() {
    let folder = Folder::new("");
    complete(&folder);
    eager(&folder);
    let failed = json!({"ActivityId": "1", "AutoScalingGroupName": "web", "StatusCode": "Failed", "StartTime": "2026-11-09T12:00:00Z",
        "StatusMessage": "The image id '[ami-0aaa]' does not exist. Launching EC2 instance failed."});
    folder.put(&format!("{PLACE}/describe-scaling-activities.json"), json!({ "Activities": [failed] }).to_string());
    let words = "kept from deregister only because of failed launch by web on 2026-11-09 12:00 UTC (in-use); that ends by itself on \
                 2026-12-10";
    says(
        &told(&folder, "ami-0aaa"),
        &[
            words,
            "failed launch by web on 2026-11-09 12:00 UTC in 111111111111/eu-central-1  \
        [describe-scaling-activities]",
        ],
    );
    assert_eq!(fields(&folder, "ami-0aaa")["forecasts"][0]["free_from"], "2026-12-10T00:00:00Z");
}

#[test]
fn what_a_report_counts_is_told_with_the_day_of_the_report() {
    let folder = Folder::new("");
    complete(&folder);
    eager(&folder);
    shared_with(&folder, "999999999999");
    usage_report(&folder, "2026-11-19T12:00:00Z", 3);
    let words = "usage report of 3 ec2:Instance in account 999999999999 in 999999999999/eu-central-1  \
                 [describe-image-usage-report-entries, reported on 2026-11-19 12:00]";
    says(&told(&folder, "ami-0aaa"), &[words]);
    assert_eq!(fields(&folder, "ami-0aaa")["users"][0]["seen_at"], "2026-11-19T12:00:00Z");
}

#[test]
fn an_image_shared_with_an_account_nobody_can_look_into_is_told_the_command_that_counts_its_use() {
    let folder = Folder::new("");
    complete(&folder);
    eager(&folder);
    shared_with(&folder, "999999999999");
    let command = "`aws ec2 create-image-usage-report --region eu-central-1 --image-id ami-0aaa --resource-types \
                   ResourceType=ec2:Instance 'ResourceType=ec2:LaunchTemplate,\
                   ResourceTypeOptions=[{OptionName=version-depth,OptionValues=10000}]'`";
    let text = told(&folder, "ami-0aaa");
    says(&text, &["held by interlock usage-unknown: it is shared with 999999999999", command]);
    let held = fields(&folder, "ami-0aaa")["held"][0]["held_by"].clone();
    let detail = held.as_array().unwrap().iter().find(|hold| hold["name"] == "usage-unknown").unwrap()["detail"].clone();
    assert_eq!(detail.as_str().unwrap().matches("create-image-usage-report").count(), 1, "{detail}");

    // Once, beside the account it helps with; what is governed from here is to be read here.
    let accounts = format!("[accounts]\nlist = [\"{PARTNER}\"]\n");
    folder.put("ami-warden.toml", accounts);
    let shares = |accounts: &[&str]| {
        let grantees: Vec<Value> = accounts.iter().map(|account| json!({ "UserId": account })).collect();
        json!({"ImageId": "ami-0aaa", "LaunchPermissions": grantees}).to_string()
    };
    let file = format!("{PLACE}/launch-permissions/ami-0aaa.json");
    folder.put(&file, shares(&[PARTNER, "888888888888", "999999999999"]));
    let held = "held by interlock usage-unknown: it is shared with 222222222222, where assume-role was not read: not recorded: there is no \
                folder of this account; it is shared with 888888888888, which is not governed from here, so that its use cannot be \
                seen (EC2 can count it: `aws ec2 create-image-usage-report";
    says(&told(&folder, "ami-0aaa"), &[held]);
    folder.put(&file, shares(&[PARTNER]));
    assert!(!told(&folder, "ami-0aaa").contains("create-image-usage-report"));

    // Nobody counts what the public launches.
    let everybody = json!({"ImageId": "ami-0aaa", "LaunchPermissions": [{"Group": "all"}, {"UserId": "999999999999"}]});
    folder.put(&format!("{PLACE}/launch-permissions/ami-0aaa.json"), everybody.to_string());
    let text = told(&folder, "ami-0aaa");
    assert!(text.contains("usage-unknown") && !text.contains("create-image-usage-report"), "{text}");
}

#[test]
fn an_id_in_two_places_has_two_stories_each_with_its_own_facts() {
    let folder = Folder::new("");
    complete(&folder);
    eager(&folder);
    let there = "estate/111111111111/eu-west-1";
    complete_in(&folder, there);
    let image = json!({"ImageId": "ami-0aaa", "OwnerId": "111111111111", "Name": "young", "State": "available", "Public": false,
        "CreationDate": "2026-11-10T00:00:00.000Z", "DeregistrationProtection": "disabled",
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": "snap-0aaa"}}]});
    folder.put(&format!("{there}/describe-images.json"), json!({ "Images": [image] }).to_string());
    let text = told(&folder, "ami-0aaa");
    says(&text, &["ami-0aaa young"]);
    let (here, there) = text.split_once("ami-0aaa young").unwrap();
    says(here, &["old in 111111111111/eu-central-1", "age: 2515 days", "would be deregistered on 2026-12-04"]);
    says(there, &["111111111111/eu-west-1", "age: 10 days", "deregister is asked for from 2026-12-11 on"]);
    assert!(!there.contains("2026-12-04"), "{there}");
    let story = fields(&folder, "ami-0aaa");
    assert_eq!((&story["region"], &story["pending"].as_array().unwrap().len()), (&json!("eu-central-1"), &1), "{story:#}");
    let other = &story["elsewhere"][0];
    assert_eq!((&other["region"], &other["name"], &other["pending"]), (&json!("eu-west-1"), &json!("young"), &json!([])), "{story:#}");
}

#[test]
fn an_image_is_told_with_its_snapshots_their_shares_and_their_keys() {
    let folder = Folder::new("");
    complete(&folder);
    eager(&folder);
    shared_with(&folder, PARTNER);
    let snapshot = json!({"SnapshotId": "snap-0aaa", "OwnerId": "111111111111", "State": "completed", "VolumeSize": 8,
        "StartTime": "2020-01-01T00:00:00+00:00", "VolumeId": "vol-1", "Encrypted": true, "KmsKeyId": KEY});
    let shares = json!({"SnapshotId": "snap-0aaa", "CreateVolumePermissions": [{ "UserId": PARTNER }]});
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*"}]});
    let key = json!({"TypeName": "AWS::KMS::Key", "ResourceDescription": {
        "Identifier": "1234abcd-12ab-34cd-56ef-1234567890ab", "Properties": json!({ "KeyPolicy": policy }).to_string()}});
    folder
        .put(&format!("{PLACE}/describe-snapshots.json"), json!({ "Snapshots": [snapshot] }).to_string())
        .put(&format!("{PLACE}/create-volume-permissions/snap-0aaa.json"), shares.to_string())
        .put(&format!("{PLACE}/get-resource-keys.json"), json!([key]).to_string());
    says(
        &told(&folder, "ami-0aaa"),
        &[
            "its snapshot snap-0aaa",
            "public: no  [describe-snapshots-public]",
            "shared with: 222222222222  [create-volume-permissions]",
            &format!("KMS key: {KEY}  [describe-snapshots]"),
            "its key lets in: 111111111111  [get-resource-keys]",
            "cannot open it: 222222222222 (snap-0aaa: the policy of its KMS key does not name them)",
        ],
    );
    let story = fields(&folder, "ami-0aaa");
    assert_eq!(story["snapshots"][0]["snapshot"], "snap-0aaa", "{story:#}");
    let facts = story["snapshots"][0]["facts"].as_array().unwrap();
    let shares = facts.iter().find(|fact| fact["name"] == "shared with").unwrap();
    assert_eq!((&shares["value"], &shares["source"]), (&json!(PARTNER), &json!("create-volume-permissions")));

    std::fs::remove_file(folder.path(&format!("{PLACE}/create-volume-permissions/snap-0aaa.json"))).unwrap();
    says(&told(&folder, "ami-0aaa"), &["shared with: not read  [create-volume-permissions]"]);
}
