//! Instances and groups, from answers to entities and verdicts.

use serde_json::{Value, json};

use crate::config::Config;
use crate::inventory::answers::Answers;
use crate::inventory::{Estate, History, Inventory, Joined, Provenance};
use crate::model::{Action, Place, Principal};
use crate::policy::schema::Schemas;
use crate::policy::uses::Uses;
use crate::policy::{PolicySet, ResourceKind, running};

use super::facts::{OURS, estate, image, judge, now, organization};
use super::{load, told};

/// One instance and one group; `described` says whether anybody knows their image.
fn answers(described: bool) -> Answers {
    let image = json!({
        "ImageId": "ami-1", "OwnerId": "999999999999", "ImageOwnerAlias": "amazon", "Name": "amzn2-ami-hvm-2.0", "State": "available",
        "CreationDate": "2025-01-01T00:00:00Z", "DeprecationTime": "2026-01-01T00:00:00Z", "Public": true, "Architecture": "i386",
        "VirtualizationType": "paravirtual",
    });
    let tags =
        json!([{ "Key": "aws:autoscaling:groupName", "Value": "g" }, { "Key": "env", "Value": "prod" }, { "Value": "no key" }, null]);
    let instance = json!({ "InstanceId": "i-1", "ImageId": "ami-1", "State": { "Name": "running" }, "LaunchTime": "2026-11-01T00:00:00Z", "Tags": tags });
    let bare = json!({ "InstanceId": "i-2", "ImageId": "ami-2" });
    let group = json!({ "AutoScalingGroupName": "g", "LaunchConfigurationName": "c", "DesiredCapacity": 0, "Tags": tags });
    let configuration = json!({ "LaunchConfigurationName": "c", "ImageId": "ami-1" });
    Answers {
        images: Ok(parse(json!({ "Images": [] }))),
        images_in_use: described.then(|| Ok(parse(json!({ "Images": [image] })))),
        instances: Ok(parse(json!({ "Reservations": [{ "Instances": [instance, bare] }] }))),
        launch_templates: Ok(parse(json!({ "LaunchTemplates": [] }))),
        launch_template_versions: Ok(parse(json!({ "LaunchTemplateVersions": [] }))),
        auto_scaling_groups: Ok(parse(json!({ "AutoScalingGroups": [group] }))),
        launch_configurations: Ok(parse(json!({ "LaunchConfigurations": [configuration] }))),
        ..Answers::unread(Place::new(OURS, "eu-central-1"), "not asked")
    }
}

fn parse<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// What `say` makes of the estate of [`answers`].
fn seen<T>(described: bool, say: impl FnOnce(&Provenance<'_>, &Inventory) -> T) -> T {
    let config = Config::default();
    let mut picture = Estate { organization: organization(), ..Estate::default() };
    picture.add(Inventory::from_answers(answers(described)));
    let history = History::default();
    let joined = Joined::new(&picture, &history, &config, now());
    let provenance = Provenance::new(&joined);
    say(&provenance, picture.places.values().next().unwrap())
}

/// What a set says of the first instance and of the group.
fn said(set: &PolicySet, described: bool) -> (String, String) {
    let regions = estate();
    let organization = organization();
    let judge = set.judge(&organization, Principal::Automatic, now(), &regions);
    seen(described, |provenance, inventory| {
        let here = provenance.here(inventory);
        let instance = &inventory.runs.instances.as_ref().unwrap()[0];
        let group = &inventory.runs.groups.as_ref().unwrap()[0];
        let instance = judge.instance(&here.instance(instance).unwrap());
        let group = judge.group(&here.group(group));
        assert_eq!((instance.faults, group.faults), (vec![], vec![]));
        let said = |due| told(&crate::policy::Judgement { due, faults: vec![] }, Action::Notify);
        (said(instance.due), said(group.due))
    })
}

fn notify(scope: &str, condition: &str) -> PolicySet {
    load(&format!(
        "@id(\"x\") @owner(\"x\") @reason(\"x\") @severity(\"low\") permit (principal, action == Action::\"notify\", {scope}) {condition};"
    ))
}

#[test]
fn every_instance_and_group_conforms_to_the_schema() {
    let Schemas { names, readings, .. } = Schemas::built_in().unwrap();
    let conforms = |entity| cedar_policy::Entities::from_entities([entity], Some(readings[0].schema())).is_ok();
    for described in [true, false] {
        seen(described, |provenance, inventory| {
            let here = provenance.here(inventory);
            for instance in inventory.runs.instances.iter().flatten() {
                let entity = running::instance(&here.instance(instance).unwrap(), names, &Uses::all(), &[]).unwrap();
                assert!(conforms(entity), "{instance:?}");
            }
            for group in inventory.runs.groups.iter().flatten() {
                let entity = running::group(&here.group(group), names, &Uses::all(), &[]).unwrap();
                assert!(conforms(entity), "{group:?}");
            }
        });
    }
}

#[test]
fn a_policy_is_about_what_runs_only_if_it_names_it() {
    let old = "when { context.now > datetime(\"2020-01-01\") }";
    let unnamed = notify("resource", old);
    assert!(
        unnamed.asks_about(ResourceKind::Image) && !unnamed.asks_about(ResourceKind::Instance) && !unnamed.asks_about(ResourceKind::Group)
    );
    assert_eq!(said(&unnamed, true), (String::new(), String::new()));
    let instances = notify("resource is Instance", old);
    assert!(!instances.asks_about(ResourceKind::Image) && !instances.asks_about(ResourceKind::Group));
    assert_eq!(said(&instances, true), ("x / ".into(), String::new()));
    let conditional = notify("resource", "when { resource is Group || resource is Image }");
    assert_eq!(said(&conditional, true), (String::new(), "x / ".into()));
    assert_eq!(told(&judge(&conditional, &image("web")), Action::Notify), "x / ");
    let literal = notify("resource", "when { resource == Instance::\"i-1\" }");
    assert_eq!(said(&literal, true), ("x / ".into(), String::new()));
}

#[test]
fn facts_are_of_the_image_and_absent_where_nobody_describes_it() {
    let known = "resource has imageAge && resource.imageAge > duration(\"365d\") && resource has imageDeprecated && resource.imageDeprecated &&
        resource has timeSinceImageDeprecation && resource.timeSinceImageDeprecation > duration(\"300d\") && resource has imageTrusted && resource.imageTrusted &&
        resource has imagePublic && resource.imagePublic && resource has imageVisible && resource.imageVisible && resource has is32Bit && resource.is32Bit &&
        resource has isParavirtual && resource.isParavirtual && resource has operatingSystem && resource.operatingSystem == \"Amazon Linux 2\" &&
        resource has platformEndOfLife && resource.platformEndOfLife < context.now && !(resource has untested) && !(resource has versionsBehind) &&
        resource.hasTag(\"env\") && resource in AccountGroup::\"organization\" && resource in Region::\"eu-central-1\"";
    let instance = "resource is Instance && resource has group && resource.group == \"g\" && resource has age && resource.age < duration(\"30d\") &&
        resource.state == \"running\" && resource.image == Image::\"ami-1\" && resource has imageOwnerAlias && resource.imageOwnerAlias == \"amazon\"";
    let group = "resource is Group && resource has images && resource.images == 1 && resource has mixedImages && !resource.mixedImages &&
        resource has instances && resource.instances == 1 && resource has zeroSize && resource.zeroSize && resource has launchable && resource.launchable";
    assert_eq!(said(&notify("resource", &format!("when {{ {instance} && {known} }}")), true), ("x / ".into(), String::new()));
    assert_eq!(said(&notify("resource", &format!("when {{ {group} && {known} }}")), true), (String::new(), "x / ".into()));
    let unknown = "(resource is Instance || resource is Group) && !(resource has imageAge) && !(resource has imageTrusted) && !(resource has imageVisible) &&
        !(resource has mixedImages && resource.mixedImages) && !(resource has launchable) && !(resource has is32Bit)";
    assert_eq!(said(&notify("resource", &format!("when {{ {unknown} }}")), false), ("x / ".into(), "x / ".into()));
}

#[test]
fn a_guard_rail_can_keep_a_finding_back() {
    let text = r#"
        @id("old") @owner("x") @reason("x") @severity("low")
        permit (principal, action == Action::"notify", resource) when { (resource is Instance || resource is Group) && resource has imageAge };
        @id("quiet") @owner("x") @reason("x")
        forbid (principal, action == Action::"notify", resource is Group) when { resource.hasTag("env") };
    "#;
    assert_eq!(said(&load(text), true), ("old / ".into(), "old / quiet".into()));
}

#[test]
fn building_only_what_is_read_changes_nothing_that_is_said() {
    let set = super::shipped();
    assert_eq!(said(set, true), said(&set.unfiltered(), true));
    assert_eq!(said(set, true).1, "deprecated-image-in-use end-of-life-system obsolete-virtualization old-image-in-use / ");
}
