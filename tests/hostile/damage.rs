//! Values where none belong: wrong types, empty and missing members, absurd dates and numbers, ids that occur twice.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::estate::*;

/// Every value in a document, by its JSON pointer.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| pointers(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found))
        }
        Value::Array(members) => members.iter().enumerate().for_each(|(index, value)| pointers(value, &format!("{at}/{index}"), found)),
        _ => {}
    }
}

/// A document in a document in a document: deeper than any reader should follow.
fn deep(levels: usize) -> Value {
    (0..levels).fold(json!("ami-00free"), |inner, _| json!([{ "Inner": inner }]))
}

/// What takes the place of a value. None of it is another truth: each is no value of that kind at all.
#[derive(Clone, Copy, Debug)]
enum Instead {
    Nothing,
    Number,
    Negative,
    Huge,
    Truth,
    List,
    Object,
    Deep,
    Empty,
}

const INSTEAD: [Instead; 9] = [
    Instead::Nothing,
    Instead::Number,
    Instead::Negative,
    Instead::Huge,
    Instead::Truth,
    Instead::List,
    Instead::Object,
    Instead::Deep,
    Instead::Empty,
];

/// Fields that AWS leaves out when there is nothing to say: without them the estate is another one, and whole.
const OPTIONAL: [&str; 9] = [
    "Tags",
    "DeprecationTime",
    "LastLaunchedTime",
    "BlockDeviceMappings",
    "Description",
    "LaunchConfigurationName",
    "Ebs",
    "SnapshotId",
    "VolumeId",
];

/// Hurts one value of `document`; `false` where that would leave another, whole estate.
fn hurt(document: &mut Value, pointer: &str, instead: Instead) -> bool {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    let old = document.pointer_mut(pointer).unwrap();
    let new = match instead {
        Instead::Nothing => Value::Null,
        Instead::Number => json!(7),
        Instead::Negative => json!(-1),
        Instead::Huge => json!(u64::MAX),
        Instead::Truth => json!(true),
        Instead::List => json!([]),
        Instead::Object => json!({}),
        Instead::Deep => deep(40),
        Instead::Empty => json!(""),
    };
    let same_kind = match (&*old, &new) {
        (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_)) | (Value::Bool(_), Value::Bool(_)) => true,
        // No id, no state: an empty text is as good as none. A text that may be empty is another one.
        (Value::String(_), Value::String(_)) => {
            !["ImageId", "OwnerId", "State", "CreationDate", "StartTime", "InstanceId", "Identifier"].contains(&key)
        }
        (Value::Number(_), Value::Number(_)) => !matches!(instead, Instead::Huge),
        _ => false,
    };
    let left_out = OPTIONAL.contains(&key) && matches!(new, Value::Null);
    if same_kind || left_out {
        return false;
    }
    *old = new;
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_value_of_no_kind_adds_no_step(hurts in prop::collection::vec((any::<Index>(), any::<Index>(), prop::sample::select(&INSTEAD[..])), 1..4)) {
        let mut files = estate();
        let whole = steps_of_the_estate();
        let names: Vec<String> = files.keys().cloned().collect();
        let mut done = Vec::new();
        for (file, place, instead) in hurts {
            let name = file.get(&names);
            let document = files.get_mut(name).unwrap();
            let mut all = Vec::new();
            pointers(document, "", &mut all);
            let pointer = place.get(&all);
            if hurt(document, pointer, instead) {
                done.push(format!("{name}{pointer} {instead:?}"));
            }
        }
        let added: Vec<_> = Folder::of(&files).steps().difference(whole).cloned().collect();
        prop_assert!(added.is_empty(), "{done:?} added {added:#?}");
    }
}

fn steps_of_the_estate() -> &'static BTreeSet<ami_warden::inventory::Triple> {
    static STEPS: std::sync::LazyLock<BTreeSet<ami_warden::inventory::Triple>> = std::sync::LazyLock::new(|| Folder::of(&estate()).steps());
    &STEPS
}

/// Each value of one listing, replaced by each of them: no draw of lots leaves one out.
#[test]
fn no_value_of_an_image_or_its_users_can_be_anything_else() {
    for file in ["describe-images", "describe-instances", "describe-launch-template-versions", "describe-launch-configurations", "get-rule"]
    {
        let name = format!("{HOME}/{file}.json");
        // One image of each kind is enough here.
        let mut files = estate();
        files.retain(|name, _| name.starts_with(HOME));
        let images = files.get_mut(&format!("{HOME}/describe-images.json")).unwrap()["Images"].as_array_mut().unwrap();
        images.truncate(3);
        files.get_mut(&format!("{HOME}/describe-snapshots.json")).unwrap()["Snapshots"].as_array_mut().unwrap().truncate(3);
        let folder = Folder::of(&files);
        let whole = folder.steps();
        let document = files[&name].clone();
        let mut all = Vec::new();
        pointers(&document, "", &mut all);
        // Of the images the one in use: every step on it would be one too many.
        all.retain(|pointer| file != "describe-images" || !pointer.starts_with("/Images/0") && !pointer.starts_with("/Images/2"));
        for pointer in all {
            for instead in INSTEAD {
                let mut hurting = document.clone();
                if hurt(&mut hurting, &pointer, instead) {
                    folder.put(&format!("estate/{name}"), hurting.to_string());
                    let added: Vec<_> = folder.steps().difference(&whole).cloned().collect();
                    assert!(added.is_empty(), "{file}{pointer} {instead:?} added {added:#?}");
                }
            }
        }
    }
}

/// Dates that no image has. The young image, the one in use and the snapshots are judged by them.
#[test]
fn absurd_dates_make_nothing_due() {
    let whole = steps_of_the_estate();
    for date in [
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00.000Z",
        "-009999-01-02T00:00:00Z",
        "9999-12-30T22:00:00Z",
        "2027-01-01T00:00:00.000Z",
        "2016-12-31T23:59:60Z",
        "2026-02-30T00:00:00Z",
        "2020-01-01T00:00:00",
        "2020-01-01",
        "1577836800",
        "2020-01-01T00:00:00+99:99",
        "yesterday",
        " ",
        "2020-01-01T00:00:00Z\u{1b}[2J",
    ] {
        for (file, list, of, field) in [
            ("describe-images", "Images", "ami-00yng0", "CreationDate"),
            ("describe-images", "Images", "ami-00yng0", "DeprecationTime"),
            ("describe-images", "Images", "ami-00free", "LastLaunchedTime"),
            ("describe-snapshots", "Snapshots", "snap-00yng0", "StartTime"),
        ] {
            let mut files = estate();
            let members = files.get_mut(&format!("{HOME}/{file}.json")).unwrap()[list].as_array_mut().unwrap();
            let id = if list == "Images" { "ImageId" } else { "SnapshotId" };
            members.iter_mut().find(|member| member[id] == of).unwrap()[field] = json!(date);
            let folder = Folder::of(&files);
            let added: Vec<_> = folder.steps().difference(whole).cloned().collect();
            // In 2016 there were images, and one could be deprecated or older than its neighbours.
            let possible = date.starts_with("2016");
            assert!(added.is_empty() || possible, "{field} {date:?} added {added:#?}");
        }
    }
}

#[test]
fn numbers_beyond_all_reason_change_no_step() {
    let whole = steps_of_the_estate();
    for number in [json!(0), json!(-1), json!(i64::MIN), json!(i64::MAX), json!(u64::MAX), json!(1e308), json!(-1e308), json!(0.5)] {
        let mut files = estate();
        for place in PLACES {
            let images = files.get_mut(&format!("{place}/describe-images.json")).unwrap()["Images"].as_array_mut().unwrap();
            images.iter_mut().for_each(|image| image["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] = number.clone());
            let snapshots = files.get_mut(&format!("{place}/describe-snapshots.json")).unwrap()["Snapshots"].as_array_mut().unwrap();
            snapshots.iter_mut().for_each(|snapshot| snapshot["VolumeSize"] = number.clone());
        }
        let added: Vec<_> = Folder::of(&files).steps().difference(whole).cloned().collect();
        assert!(added.is_empty(), "size {number} added {added:#?}");
        let mut files = estate();
        for rule in files.get_mut(&format!("{HOME}/get-rule.json")).unwrap().as_array_mut().unwrap() {
            rule["RetentionPeriod"]["RetentionPeriodValue"] = number.clone();
        }
        let plan = Folder::of(&files).plan().unwrap();
        let deleting = |class: &str| plan.steps.iter().filter(|step| step.place.to_string() == HOME && step.action.name() == class).count();
        if number.as_i64() != Some(i64::MAX) {
            assert_eq!((deleting("deregister"), deleting("deleteSnapshot")), (0, 0), "kept for {number}");
        }
        let mut files = estate();
        let versions = files.get_mut(&format!("{HOME}/describe-launch-template-versions.json")).unwrap();
        versions["LaunchTemplateVersions"][0]["VersionNumber"] = number.clone();
        files.get_mut(&format!("{HOME}/describe-launch-templates.json")).unwrap()["LaunchTemplates"][0]["DefaultVersionNumber"] =
            number.clone();
        let added: Vec<_> = Folder::of(&files).steps().difference(whole).cloned().collect();
        assert!(added.is_empty(), "version {number} added {added:#?}");
    }
}

#[test]
fn an_id_that_occurs_twice_adds_no_step() {
    let whole = steps_of_the_estate();
    let check = |what: &str, files: &Files| {
        let added: Vec<_> = Folder::of(files).steps().difference(whole).cloned().collect();
        assert!(added.is_empty(), "{what} added {added:#?}");
    };
    let images = |place: &str| format!("{place}/describe-images.json");
    for index in 0..10 {
        // The same twice.
        let mut files = estate();
        let image = files[&images(HOME)]["Images"][index].clone();
        files.get_mut(&images(HOME)).unwrap()["Images"].as_array_mut().unwrap().push(image.clone());
        check("the same image twice", &files);
        // With other contents: unkept, older, of another owner.
        for (field, value) in [
            ("Tags", json!([])),
            ("CreationDate", json!("2019-01-01T00:00:00Z")),
            ("OwnerId", json!("999999999999")),
            ("Public", json!(true)),
        ] {
            let mut files = estate();
            let mut other = image.clone();
            other[field] = value;
            files.get_mut(&images(HOME)).unwrap()["Images"].as_array_mut().unwrap().insert(0, other);
            check(&format!("another image {index} with other {field}"), &files);
        }
        // In another Region, in another account, and of nobody we know.
        for place in [PLACES[1], PLACES[2]] {
            let mut files = estate();
            let mut other = image.clone();
            other["OwnerId"] = json!("999999999999");
            files.get_mut(&images(place)).unwrap()["Images"].as_array_mut().unwrap().push(other);
            check(&format!("image {index} in {place}"), &files);
            let mut files = estate();
            files.get_mut(&images(place)).unwrap()["Images"].as_array_mut().unwrap().push(image.clone());
            let plan = Folder::of(&files).plan().unwrap();
            let id = image["ImageId"].as_str().unwrap();
            let kept = ["ami-00used", "ami-00tmpl", "ami-00kept", "ami-00grup"].contains(&id);
            let lost = plan.steps.iter().filter(|step| step.resource.to_string() == id && step.action.name() == "deregister").count();
            assert!(!kept || lost == 0, "{id} is in use or kept in one place and listed in {place}");
        }
    }
    let mut files = estate();
    let instances = &mut files.get_mut(&format!("{HOME}/describe-instances.json")).unwrap()["Reservations"][0]["Instances"];
    let mut twin = instances[0].clone();
    twin["ImageId"] = json!("ami-00free");
    instances.as_array_mut().unwrap().push(twin);
    check("an instance with two images", &files);
}

#[test]
fn what_somebody_else_owns_is_never_touched() {
    let mut files = estate();
    for (file, list) in [("describe-images", "Images"), ("describe-snapshots", "Snapshots")] {
        for place in PLACES {
            let members = files.get_mut(&format!("{place}/{file}.json")).unwrap()[list].as_array_mut().unwrap();
            for (index, member) in members.iter_mut().enumerate() {
                let owner = ["999999999999", "amazon", "self", " 111111111111", "1111111111110", "\u{661}11111111111"][index % 6];
                member["OwnerId"] = json!(owner);
            }
        }
    }
    assert_eq!(Folder::of(&files).steps(), BTreeSet::new());
}
