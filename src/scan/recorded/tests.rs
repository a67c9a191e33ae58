use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::inventory::Named;
use crate::inventory::answers::*;
use crate::model::{AmiId, Gap, SnapshotId, Source};

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
    open(dir.path()).unwrap().answers(&here(), &History::default())
}

#[test]
fn an_empty_list_is_knowledge_and_a_missing_file_is_not() {
    let answers = answers(&[("describe-images.json", r#"{"Images": []}"#)]);
    assert_eq!(answers.images.unwrap().images.unwrap().len(), 0);
    let error = answers.instances.unwrap_err();
    assert!(error.starts_with("not recorded: ") && error.ends_with("us-east-1/describe-instances.json is missing"), "{error}");
}

#[test]
fn what_every_record_holds_is_a_gap_where_it_is_missing_and_anything_else_was_not_asked() {
    let answers = answers(&[]);
    assert!(answers.volumes.unwrap().unwrap_err().contains("describe-volumes.json is missing"));
    assert!(answers.image_references.unwrap().is_err() && answers.image_recipe_details.unwrap().is_err());
    assert!(answers.image_block_public_access.unwrap().is_err());
    assert!(answers.resources.is_none() && answers.events.is_none() && answers.container_recipes.is_none());
    assert!(answers.others.is_empty());
}

#[test]
fn what_a_record_says_it_asked_is_a_gap_where_it_is_missing() {
    let dir = TempDir::new().unwrap();
    let recording = Recording::create(dir.path()).unwrap();
    let mut asked = Answers::unread(here(), "denied");
    asked.resources = Some(Ok(Vec::new()));
    asked.events = Some(Err("AccessDenied: no".into()));
    asked.others.insert(Source::named("ours"), Ok(Named::in_text("ami-0a")));
    recording.place(&asked).unwrap();
    recording.history(&History::default()).unwrap();
    let recorded = open(dir.path()).unwrap();
    let history = recorded.history().unwrap().unwrap();
    let whole = recorded.answers(&here(), &history);
    assert!(whole.resources.unwrap().unwrap().is_empty() && whole.scaling_activities.is_none());
    assert!(whole.events.unwrap().unwrap_err().contains("AccessDenied: no"));

    let place = dir.path().join(ACCOUNT).join("us-east-1");
    for file in ["list-resources.json", "lookup-events.json", "ours.json"] {
        fs::remove_file(place.join(file)).unwrap();
    }
    let part = recorded.answers(&here(), &history);
    let lost = |error: String| assert!(error.ends_with("is missing, although history.json says that it was recorded"), "{error}");
    lost(part.resources.unwrap().unwrap_err());
    lost(part.events.unwrap().unwrap_err());
    lost(part.others[&Source::named("ours")].clone().unwrap_err());
}

#[test]
fn a_recorded_place_whose_folder_is_gone_is_still_a_place() {
    let dir = TempDir::new().unwrap();
    let recording = Recording::create(dir.path()).unwrap();
    let there = Place::new(ACCOUNT, "eu-west-1");
    for place in [here(), there.clone()] {
        recording.place(&Answers::unread(place, "denied")).unwrap();
    }
    let unreached = vec![Gap::in_place(&Place::new(ACCOUNT, "ap-east-1"), Source::Regions, "not enabled")];
    recording.history(&History { unreached: unreached.clone(), ..History::default() }).unwrap();
    // As an archive leaves it that keeps no empty folders.
    fs::remove_dir(dir.path().join(ACCOUNT).join("eu-west-1")).unwrap();
    let recorded = open(dir.path()).unwrap();
    let history = recorded.history().unwrap().unwrap();
    assert_eq!(recorded.places(&history), [there.clone(), here()]);
    assert!(recorded.answers(&there, &history).images.unwrap_err().contains("is missing"));
    assert_eq!(history.unreached, unreached);
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
fn files_without_a_reader_count_as_use() {
    let answers = answers(&[
        ("something-of-ours.json", r#""the golden image is ami-0c, its data snap-0c.""#),
        ("describe-regions.json", r#"{"Regions": [], "Note": "ami-0d"}"#),
        ("pages.json", r#"{"Things": [], "nextToken": "abc"}"#),
        ("denied.json", r#"{"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}"#),
        ("broken.json", "nonsense"),
        ("describe-fleets.json", r#"{"Fleets": [{"FleetId": "ami-0e"}]}"#),
    ]);
    let other = |name: &str| answers.others[&Source::named(name)].clone();
    assert_eq!(other("something-of-ours"), Ok(Named::in_text("ami-0c snap-0c")));
    assert_eq!(other("describe-regions"), Ok(Named::in_text("ami-0d")));
    assert!(other("pages").unwrap_err().contains("not the whole listing"));
    assert!(other("denied").unwrap_err().contains("it holds the error UnauthorizedOperation: no"));
    assert!(other("broken").unwrap_err().contains("is not JSON"));
    assert_eq!(answers.others.len(), 5, "{:?}", answers.others.keys());
}

#[test]
fn every_new_file_must_hold_its_list_and_all_of_it() {
    let answers = answers(&[
        ("describe-fleets.json", r#"{"Fleet": []}"#),
        ("describe-image-references.json", "nonsense"),
        ("list-image-recipes.json", r#"{"imageRecipeSummaryList": [], "nextToken": "abc"}"#),
        ("get-image-recipe.json", r#"{"Error": {"Code": "AccessDenied", "Message": "no"}}"#),
        ("list-resources.json", r#"[{"TypeName": "AWS::A::B", "ResourceDescriptions": [], "NextToken": "abc"}]"#),
        ("get-image-block-public-access-state.json", "[]"),
        ("get-snapshot-block-public-access-state.json", r#"{"Error": {"Code": "AccessDenied", "Message": "no"}}"#),
        ("describe-spot-instance-requests.json", r#"{"Error": {"Code": "UnauthorizedOperation", "Message": "no"}}"#),
        ("describe-locked-snapshots.json", r#"{"Snapshots": []}"#),
    ]);
    assert!(answers.fleets.unwrap().unwrap_err().contains("lacks its list `Fleets`"));
    assert!(answers.image_references.unwrap().unwrap_err().contains("is not JSON"));
    assert!(answers.image_recipes.unwrap().unwrap_err().contains("not the whole listing"));
    assert!(answers.image_recipe_details.unwrap().unwrap_err().contains("it holds the error AccessDenied: no"));
    assert!(answers.resources.unwrap().unwrap_err().contains("not the whole listing"));
    assert!(answers.image_block_public_access.unwrap().unwrap_err().contains("does not have the form"));
    assert!(answers.snapshot_block_public_access.unwrap().unwrap_err().contains("it holds the error AccessDenied: no"));
    assert!(answers.spot_requests.unwrap().unwrap_err().contains("it holds the error UnauthorizedOperation: no"));
    assert!(answers.locked_snapshots.unwrap().is_ok());
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
    let places: Vec<String> = recorded.places(&History::default()).iter().map(Place::to_string).collect();
    assert_eq!(places, ["123456789012/ap-south-1", "123456789012/us-east-1", "odd-account/eu-west-1"]);
    assert!(recorded.answers(&recorded.places(&History::default())[0], &History::default()).images.is_err());
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
    assert_eq!(recorded.history().unwrap(), Some(History { recorded: [(here(), [].into())].into(), ..History::default() }));
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

fn keys() -> BoxedStrategy<Answer<Vec<GetKey>>> {
    let shown = (text(), text()).prop_map(|(identifier, properties)| ResourceDescription { identifier, properties });
    let not_shown = (text(), text()).prop_map(|(code, message)| NotShown { code, message });
    let key = (text(), prop::option::of(shown), prop::option::of(not_shown));
    let key = key.prop_map(|(type_name, resource_description, error)| GetKey { type_name, resource_description, error });
    answer(prop::collection::vec(key, 0..3)).boxed()
}

fn any_answers() -> impl Strategy<Value = Answers> {
    let parameters = listed((text(), text()).prop_map(|(name, value)| Parameter { name, value, ..Parameter::default() }));
    let parameters = (parameters, prop::option::of(prop::collection::vec(text(), 0..3)));
    let parameters = parameters.prop_map(|(parameters, invalid_parameters)| GetParameters { parameters, invalid_parameters });
    let volume = (text(), text()).prop_map(|(volume_id, snapshot_id)| EbsVolume { volume_id, snapshot_id });
    let volumes = listed(volume).prop_map(|volumes| DescribeVolumes { volumes });
    let bin = listed(text().prop_map(|image_id| ImageInRecycleBin { image_id, ..ImageInRecycleBin::default() }))
        .prop_map(|images| ListImagesInRecycleBin { images });
    let launch = prop::collection::btree_map("ami-[0-9a-f]{1,3}", permissions(), 0..3);
    let create = prop::collection::btree_map("snap-[0-9a-f]{1,3}", permissions(), 0..3);
    let first = (answer(images()), answer(snapshots()), answer(snapshots()), users(), rules());
    let second = (answer(volumes), answer(parameters), answer(bin), launch, create, keys());
    (first, second).prop_map(|((images, snapshots, public_snapshots, users, rules), (volumes, parameters, bin, launch, create, keys))| {
        Answers {
            images,
            snapshots,
            public_snapshots,
            instances: users.0,
            launch_template_versions: users.1,
            auto_scaling_groups: users.2,
            images_in_recycle_bin: bin,
            rules: rules.0,
            rule_details: rules.1,
            volumes: Some(volumes),
            parameters: Some(parameters),
            key_policies: Some(keys),
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
            ..nothing_answered()
        }
    })
}

/// A place in which everything that every record holds was asked and nothing answered.
fn nothing_answered() -> Answers {
    let denied = || String::new();
    Answers {
        spot_fleets: Some(Err(denied())),
        spot_requests: Some(Err(denied())),
        fleets: Some(Err(denied())),
        image_references: Some(Err(denied())),
        parameter_names: Some(Err(denied())),
        image_recipes: Some(Err(denied())),
        image_recipe_details: Some(Err(denied())),
        fast_restores: Some(Err(denied())),
        locked_snapshots: Some(Err(denied())),
        snapshots_in_recycle_bin: Some(Err(denied())),
        image_block_public_access: Some(Err(denied())),
        snapshot_block_public_access: Some(Err(denied())),
        ..Answers::unread(here(), "")
    }
}

/// Answers as text, without what every reading words anew: why something failed.
fn comparable(mut answers: Answers) -> String {
    fn silence<T>(answer: &mut Answer<T>) {
        if let Err(error) = answer {
            error.clear();
        }
    }
    fn asked<T>(answer: &mut Option<Answer<T>>) {
        answer.iter_mut().for_each(silence);
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
    asked(&mut answers.spot_fleets);
    asked(&mut answers.spot_requests);
    asked(&mut answers.fleets);
    asked(&mut answers.image_references);
    asked(&mut answers.parameter_names);
    asked(&mut answers.parameters);
    asked(&mut answers.image_recipes);
    asked(&mut answers.image_recipe_details);
    asked(&mut answers.volumes);
    asked(&mut answers.fast_restores);
    asked(&mut answers.locked_snapshots);
    asked(&mut answers.snapshots_in_recycle_bin);
    asked(&mut answers.image_block_public_access);
    asked(&mut answers.snapshot_block_public_access);
    asked(&mut answers.key_policies);
    format!("{answers:#?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(answers in any_answers()) {
        let dir = TempDir::new().unwrap();
        Recording::create(dir.path()).unwrap().place(&answers).unwrap();
        let read = open(dir.path()).unwrap().answers(&here(), &History::default());
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
    let before = answers(&[("ours.json", r#"["ami-0b", "ami-0c", "snap-0b"]"#)]);
    let dir = TempDir::new().unwrap();
    Recording::create(dir.path()).unwrap().place(&before).unwrap();
    let after = open(dir.path()).unwrap().answers(&here(), &History::default());
    assert_eq!(after.others[&Source::named("ours")], Ok(Named::in_text("ami-0b ami-0c snap-0b")));
}
