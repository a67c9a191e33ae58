use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::inventory::answers::*;
use crate::model::{AmiId, SnapshotId, Source};

const ACCOUNT: &str = "123456789012";

fn here() -> Place {
    Place::new(ACCOUNT, "us-east-1")
}

/// A directory with these files in one place.
fn estate(files: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    let place = dir.path().join(ACCOUNT).join("us-east-1");
    fs::create_dir_all(&place).unwrap();
    for (name, text) in files {
        let path = place.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

fn answers(files: &[(&str, &str)]) -> Answers {
    let dir = estate(files);
    open(dir.path()).unwrap().answers(&here())
}

#[test]
fn an_empty_list_is_knowledge_and_a_missing_file_is_not() {
    let answers = answers(&[("describe-images.json", r#"{"Images": []}"#)]);
    assert_eq!(answers.images.unwrap().images.unwrap().len(), 0);
    let error = answers.instances.unwrap_err();
    assert!(error.starts_with("not recorded: ") && error.ends_with("us-east-1/describe-instances.json is missing"), "{error}");
    assert!(answers.volumes.is_none() && answers.parameters.is_none());
}

#[test]
fn every_way_a_file_can_be_broken_is_named_and_none_counts_as_empty() {
    let error = |text: &str| answers(&[("describe-images.json", text)]).images.unwrap_err();
    for (text, words) in [
        ("", "is cut short: EOF while parsing a value at line 1 column 0"),
        ("{\n  \"Images\": [\n    {\"ImageId\": \"ami-1\"", "is cut short: EOF while parsing an object at line 3 column"),
        ("<html>", "is not JSON: expected value at line 1 column 1"),
        ("{\"Images\": []} {\"Images\": []}", "is not JSON: trailing characters at line 1 column 16"),
        ("{}", "lacks its list `Images`"),
        ("{\"Images\": null}", "lacks its list `Images`"),
        ("{\"Images\": {}}", "does not have the form of an AWS CLI answer: invalid type: map, expected a sequence at line 1 column"),
        ("[[{\"ImageId\": \"ami-1\"}]]", "does not have the form"),
        ("{\"Images\": [{\"Public\": \"no\"}]}", "expected a boolean at line 1 column"),
        ("[]", "does not have the form"),
        ("{\"Images\": [], \"NextToken\": \"abc\"}", "is not the whole listing"),
        (
            "{\"Error\": {\"Code\": \"InvalidAMIID.NotFound\", \"Message\": \"The image does not exist\"}}",
            "lacks its list `Images`: it holds the error InvalidAMIID.NotFound: The image does not exist",
        ),
    ] {
        let error = error(text);
        assert!(error.contains("describe-images.json") && error.contains(words), "{text}: {error}");
    }
    assert!(error("\u{feff}{\"Images\": []}").contains("is not JSON"));
}

#[test]
fn a_null_token_is_the_end_of_the_listing() {
    assert!(answers(&[("describe-images.json", r#"{"Images": [], "NextToken": null}"#)]).images.is_ok());
}

#[test]
fn permissions_are_read_by_the_name_of_their_file() {
    let answers = answers(&[
        ("launch-permissions/ami-1.json", r#"{"ImageId": "ami-1", "LaunchPermissions": [{"Group": "all"}]}"#),
        ("launch-permissions/ami-2.json", r#"{"ImageId": "ami-9", "LaunchPermissions": []}"#),
        ("launch-permissions/ami-3.json", r#"{"LaunchPermissions": []}"#),
        ("launch-permissions/ami-4.json", r#"{"ImageId": "ami-4"}"#),
        ("create-volume-permissions/snap-1.json", r#"{"SnapshotId": "snap-1", "CreateVolumePermissions": [{"UserId": "1"}]}"#),
        ("create-volume-permissions/notes.txt", "x"),
    ]);
    let permissions = &answers.launch_permissions;
    assert_eq!(permissions[&AmiId::from("ami-1")].as_ref().unwrap().launch_permissions.as_ref().unwrap().len(), 1);
    assert!(permissions[&AmiId::from("ami-2")].as_ref().unwrap_err().ends_with("is about `ami-9`"));
    assert!(permissions[&AmiId::from("ami-3")].is_ok());
    assert!(permissions[&AmiId::from("ami-4")].as_ref().unwrap_err().contains("lacks its list `LaunchPermissions`"));
    assert_eq!(answers.create_volume_permissions.keys().collect::<Vec<_>>(), [&SnapshotId::from("snap-1")]);
}

#[test]
fn files_without_a_reader_count_as_use_and_harmless_ones_do_not() {
    let answers = answers(&[
        ("describe-spot-fleet-requests.json", r#"{"SpotFleetRequestConfigs": [{"x": {"ImageId": "ami-0a"}}]}"#),
        ("describe-fleets.json", r#"{"Fleet": []}"#),
        ("describe-image-references.json", "nonsense"),
        ("get-image-recipe.json", r#"[{"imageRecipe": {"parentImage": "ami-0b"}}]"#),
        ("something-of-ours.json", r#""the golden image is ami-0c.""#),
        ("describe-parameters.json", r#"{"Parameters": [], "nextToken": "abc"}"#),
        ("get-parameters.json", r#"{"Parameters": [{"Name": "/golden", "Value": "ami-0d"}]}"#),
        ("describe-spot-instance-requests.json", r#"{"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}"#),
        ("describe-locked-snapshots.json", r#"{"Snapshots": []}"#),
        ("describe-fast-snapshot-restores.json", "{}"),
        ("get-image-block-public-access-state.json", "{}"),
        ("list-snapshots-in-recycle-bin.json", "{}"),
        ("describe-volumes.json", r#"{"Volumes": []}"#),
    ]);
    let other = |name: &str| answers.others[&Source::named(name)].clone();
    assert_eq!(other("describe-spot-fleet-requests"), Ok(vec!["ami-0a".into()]));
    assert_eq!(other("get-image-recipe"), Ok(vec!["ami-0b".into()]));
    assert_eq!(other("something-of-ours"), Ok(vec!["ami-0c".into()]));
    assert_eq!(other("get-parameters"), Ok(vec!["ami-0d".into()]));
    assert!(other("describe-fleets").unwrap_err().contains("lacks its list `Fleets`"));
    assert!(other("describe-image-references").unwrap_err().contains("is not JSON"));
    assert!(other("describe-parameters").unwrap_err().contains("not the whole listing"));
    assert!(other("describe-spot-instance-requests").unwrap_err().contains("it holds the error UnauthorizedOperation: no"));
    assert_eq!(answers.others.len(), 8, "{:?}", answers.others.keys());
    assert!(answers.parameters.unwrap().is_ok() && answers.volumes.unwrap().is_ok());
}

#[test]
fn a_wrong_directory_is_told_what_a_recorded_estate_looks_like() {
    let dir = TempDir::new().unwrap();
    let missing = open(&dir.path().join("nowhere")).unwrap_err().to_string();
    assert!(missing.contains("nowhere") && missing.contains("DIR/<account>/<region>/<source>.json"), "{missing}");
    let empty = open(dir.path()).unwrap_err();
    assert!(matches!(empty, RecordedError::Empty { .. }) && empty.to_string().contains("describe-images.json"), "{empty}");
    fs::create_dir_all(dir.path().join("src/aws")).unwrap();
    fs::create_dir_all(dir.path().join(".git/123")).unwrap();
    fs::write(dir.path().join("organization.json"), "{}").unwrap();
    assert!(matches!(open(dir.path()), Err(RecordedError::Empty { .. })));
    assert!(matches!(open(&dir.path().join("organization.json")), Err(RecordedError::Missing { .. })));
}

#[test]
fn places_are_found_sorted_and_one_without_any_file_is_still_a_place() {
    let dir = estate(&[("describe-images.json", r#"{"Images": []}"#)]);
    fs::create_dir_all(dir.path().join(ACCOUNT).join("ap-south-1")).unwrap();
    fs::create_dir_all(dir.path().join("odd-account/eu-west-1")).unwrap();
    fs::write(dir.path().join("odd-account/eu-west-1/describe-images.json"), "{}").unwrap();
    let recorded = open(dir.path()).unwrap();
    let places: Vec<String> = recorded.places().iter().map(Place::to_string).collect();
    assert_eq!(places, ["123456789012/ap-south-1", "123456789012/us-east-1", "odd-account/eu-west-1"]);
    assert!(recorded.answers(&recorded.places()[0]).images.is_err());
}

#[test]
fn organization_and_history_are_optional_and_never_half_read() {
    let dir = estate(&[]);
    let recorded = open(dir.path()).unwrap();
    assert!(recorded.organization().is_none() && recorded.history().unwrap().is_none());
    fs::write(dir.path().join("organization.json"), r#"{"Organization": {"Id": "o-a"}}"#).unwrap();
    fs::write(dir.path().join("history.json"), r#"{"clocks": ["#).unwrap();
    assert!(recorded.organization().unwrap().unwrap_err().contains("lacks its list `Accounts`"));
    let error = recorded.history().unwrap_err().to_string();
    assert!(error.contains("history.json is cut short") && error.contains("line 1"), "{error}");
}

#[test]
fn a_record_goes_only_into_a_new_directory_and_is_for_its_owner_alone() {
    let dir = TempDir::new().unwrap();
    let target = dir.path().join("new/estate");
    let recording = Recording::create(&target).unwrap();
    let mut answers = Answers::unread(here(), "denied");
    answers.images = Ok(DescribeImages { images: Some(Vec::new()) });
    recording.place(&answers).unwrap();
    recording.history(&History::default()).unwrap();
    let organization = DescribeOrganization { accounts: Some(Vec::new()), ..DescribeOrganization::default() };
    recording.organization(&organization).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let place = target.join(ACCOUNT).join("us-east-1");
    assert_eq!(mode(&place.join("describe-images.json")), 0o600);
    assert_eq!((mode(&target), mode(&place)), (0o700, 0o700));
    let files: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, ["describe-images.json"]);
    let recorded = open(&target).unwrap();
    assert_eq!(recorded.history().unwrap(), Some(History::default()));
    assert!(recorded.organization().unwrap().is_ok());
    assert!(matches!(Recording::create(&target), Err(RecordError::NotEmpty { .. })));
    assert!(matches!(Recording::create(&place.join("describe-images.json")), Err(RecordError::NotADirectory { .. })));
}

#[test]
fn an_id_that_would_leave_the_directory_is_refused() {
    let dir = TempDir::new().unwrap();
    let recording = Recording::create(dir.path()).unwrap();
    for account in ["..", "a/b", "", ".hidden"] {
        let error = recording.place(&Answers::unread(Place::new(account, "us-east-1"), "x")).unwrap_err();
        assert!(matches!(error, RecordError::Name { .. }), "{account}");
    }
}

#[test]
fn a_full_disk_leaves_no_half_file() {
    let dir = TempDir::new().unwrap();
    let recording = Recording::create(dir.path()).unwrap();
    // What cannot be renamed over stands for what cannot be written.
    let place = dir.path().join(ACCOUNT).join("us-east-1");
    fs::create_dir_all(place.join("describe-images.json/x")).unwrap();
    let mut answers = Answers::unread(here(), "denied");
    answers.images = Ok(DescribeImages { images: Some(Vec::new()) });
    let error = recording.place(&answers).unwrap_err();
    assert!(matches!(&error, RecordError::Write { .. }) && error.to_string().contains("describe-images.json"), "{error}");
    assert!(!place.join("describe-images.unfinished").exists());
}

/// An answer's list: entries, some of them `null`, as a JSON reader would find them.
fn listed<T: Clone + std::fmt::Debug + 'static>(entry: impl Strategy<Value = T> + 'static) -> BoxedStrategy<List<T>> {
    prop::collection::vec(prop::option::weighted(0.9, entry), 0..4).prop_map(Some).boxed()
}

fn answer<T: Clone + std::fmt::Debug + 'static>(value: impl Strategy<Value = T> + 'static) -> BoxedStrategy<Answer<T>> {
    prop_oneof![3 => value.prop_map(Ok), 1 => Just(Err(String::new()))].boxed()
}

fn text() -> BoxedStrategy<Option<String>> {
    prop::option::of(prop_oneof!["[a-z0-9-]{0,12}", any::<String>()]).boxed()
}

fn tags() -> BoxedStrategy<List<Tag>> {
    let tag = (text(), text()).prop_map(|(key, value)| Tag { key, value });
    prop_oneof![Just(None), listed(tag)].boxed()
}

fn devices() -> BoxedStrategy<List<BlockDevice>> {
    let ebs = (text(), any::<Option<i64>>(), any::<Option<bool>>()).prop_map(|(snapshot_id, volume_size, encrypted)| EbsBlockDevice {
        snapshot_id,
        volume_size,
        encrypted,
        ..EbsBlockDevice::default()
    });
    let device = (text(), prop::option::of(ebs)).prop_map(|(device_name, ebs)| BlockDevice { device_name, virtual_name: None, ebs });
    prop_oneof![Just(None), listed(device)].boxed()
}

fn images() -> BoxedStrategy<DescribeImages> {
    let image =
        (text(), text(), any::<Option<bool>>(), devices(), tags()).prop_map(|(image_id, name, public, block_device_mappings, tags)| {
            Image { image_id, name, public, block_device_mappings, tags, ..Image::default() }
        });
    listed(image).prop_map(|images| DescribeImages { images }).boxed()
}

fn snapshots() -> BoxedStrategy<DescribeSnapshots> {
    let snapshot = (text(), any::<Option<i64>>(), tags()).prop_map(|(snapshot_id, volume_size, tags)| Snapshot {
        snapshot_id,
        volume_size,
        tags,
        ..Snapshot::default()
    });
    listed(snapshot).prop_map(|snapshots| DescribeSnapshots { snapshots }).boxed()
}

fn users() -> BoxedStrategy<(Answer<DescribeInstances>, Answer<DescribeLaunchTemplateVersions>, Answer<DescribeAutoScalingGroups>)> {
    let instance = (text(), text()).prop_map(|(instance_id, image_id)| Instance { instance_id, image_id, ..Instance::default() });
    let reservation = listed(instance).prop_map(|instances| Reservation { instances });
    let instances = listed(reservation).prop_map(|reservations| DescribeInstances { reservations });
    let version = (text(), any::<Option<i64>>(), text(), devices()).prop_map(|(id, version_number, image_id, block_device_mappings)| {
        let launch_template_data = Some(LaunchTemplateData { image_id, block_device_mappings });
        LaunchTemplateVersion { launch_template_id: id, version_number, launch_template_data, ..LaunchTemplateVersion::default() }
    });
    let versions = listed(version).prop_map(|launch_template_versions| DescribeLaunchTemplateVersions { launch_template_versions });
    let overridden = text().prop_map(|image_id| Override { image_id, ..Override::default() });
    let group = (text(), listed(overridden)).prop_map(|(auto_scaling_group_name, overrides)| AutoScalingGroup {
        auto_scaling_group_name,
        mixed_instances_policy: Some(MixedInstancesPolicy {
            launch_template: Some(GroupTemplate { launch_template_specification: None, overrides }),
        }),
        ..AutoScalingGroup::default()
    });
    let groups = listed(group).prop_map(|auto_scaling_groups| DescribeAutoScalingGroups { auto_scaling_groups });
    (answer(instances), answer(versions), answer(groups)).boxed()
}

fn rules() -> BoxedStrategy<(Answer<ListRules>, Answer<Vec<GetRule>>)> {
    let summary = text().prop_map(|identifier| RuleSummary { identifier, ..RuleSummary::default() });
    let rule = (text(), any::<Option<i64>>()).prop_map(|(identifier, value)| GetRule {
        identifier,
        retention_period: Some(RetentionPeriod { retention_period_value: value, retention_period_unit: Some("DAYS".into()) }),
        ..GetRule::default()
    });
    let list = listed(summary).prop_map(|rules| ListRules { rules });
    (answer(list), answer(prop::collection::vec(rule, 0..3))).boxed()
}

fn permissions() -> BoxedStrategy<List<Permission>> {
    listed((text(), text()).prop_map(|(group, organization_arn)| Permission { group, organization_arn, ..Permission::default() }))
}

fn any_answers() -> impl Strategy<Value = Answers> {
    let parameters = listed((text(), text()).prop_map(|(name, value)| Parameter { name, value, ..Parameter::default() }))
        .prop_map(|parameters| GetParameters { parameters });
    let volume = (text(), text()).prop_map(|(volume_id, snapshot_id)| EbsVolume { volume_id, snapshot_id });
    let volumes = listed(volume).prop_map(|volumes| DescribeVolumes { volumes });
    let bin = listed(text().prop_map(|image_id| ImageInRecycleBin { image_id, ..ImageInRecycleBin::default() }))
        .prop_map(|images| ListImagesInRecycleBin { images });
    let launch = prop::collection::btree_map("ami-[0-9a-f]{1,3}", permissions(), 0..3);
    let create = prop::collection::btree_map("snap-[0-9a-f]{1,3}", permissions(), 0..3);
    let first = (answer(images()), answer(snapshots()), answer(snapshots()), users(), rules());
    let second = (prop::option::of(volumes), prop::option::of(parameters), answer(bin), launch, create);
    (first, second).prop_map(|((images, snapshots, public_snapshots, users, rules), (volumes, parameters, bin, launch, create))| Answers {
        images,
        snapshots,
        public_snapshots,
        instances: users.0,
        launch_template_versions: users.1,
        auto_scaling_groups: users.2,
        images_in_recycle_bin: bin,
        rules: rules.0,
        rule_details: rules.1,
        volumes: volumes.map(Ok),
        parameters: parameters.map(Ok),
        launch_permissions: launch
            .into_iter()
            .map(|(id, launch_permissions)| (AmiId::from(id.as_str()), Ok(ImageAttribute { image_id: Some(id), launch_permissions })))
            .collect(),
        create_volume_permissions: create
            .into_iter()
            .map(|(id, create_volume_permissions)| {
                (SnapshotId::from(id.as_str()), Ok(SnapshotAttribute { snapshot_id: Some(id), create_volume_permissions }))
            })
            .collect(),
        ..Answers::unread(here(), "")
    })
}

/// Answers as text, without what every reading words anew: why something failed, and ids found in parameters.
fn comparable(mut answers: Answers) -> String {
    fn silence<T>(answer: &mut Answer<T>) {
        if let Err(error) = answer {
            error.clear();
        }
    }
    silence(&mut answers.images);
    silence(&mut answers.snapshots);
    silence(&mut answers.public_snapshots);
    silence(&mut answers.instances);
    silence(&mut answers.launch_templates);
    silence(&mut answers.launch_template_versions);
    silence(&mut answers.auto_scaling_groups);
    silence(&mut answers.launch_configurations);
    silence(&mut answers.images_in_recycle_bin);
    silence(&mut answers.rules);
    silence(&mut answers.rule_details);
    answers.others.clear();
    format!("{answers:#?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(answers in any_answers()) {
        let dir = TempDir::new().unwrap();
        Recording::create(dir.path()).unwrap().place(&answers).unwrap();
        let read = open(dir.path()).unwrap().answers(&here());
        prop_assert_eq!(comparable(read), comparable(answers));
    }

    #[test]
    fn a_file_cut_short_anywhere_is_an_error(answer in images(), cut in any::<prop::sample::Index>()) {
        let whole = serde_json::to_string(&answer).unwrap();
        let end = (0..whole.len()).filter(|end| whole.is_char_boundary(*end)).nth(cut.index(whole.chars().count())).unwrap();
        prop_assert!(answers(&[("describe-images.json", &whole[..end])]).images.is_err());
    }
}

#[test]
fn other_files_keep_their_ids_when_they_are_written_again() {
    let before = answers(&[("describe-fleets.json", r#"{"Fleets": ["ami-0a"]}"#), ("ours.json", r#"["ami-0b", "ami-0c"]"#)]);
    let dir = TempDir::new().unwrap();
    Recording::create(dir.path()).unwrap().place(&before).unwrap();
    let after = open(dir.path()).unwrap().answers(&here());
    assert_eq!(after.others[&Source::named("ours")], before.others[&Source::named("ours")]);
}
