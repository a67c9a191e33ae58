//! What can go wrong with what a source says: as an answer, and as a recorded file.

use std::fs;
use std::path::{Path, PathBuf};

use ami_warden::inventory::answers::*;
use ami_warden::model::Source;
use serde_json::{Value, json};

/// Takes one source away from a place, as if it had been denied. Says whether there was anything to deny.
pub(crate) fn deny(answers: &mut Answers, source: &Source) -> bool {
    fn no<T>(answer: &mut Answer<T>) {
        *answer = Err("UnauthorizedOperation: denied by a test".into());
    }
    fn never<T>(answer: &mut Option<Answer<T>>) {
        *answer = Some(Err("AccessDenied: denied by a test".into()));
    }
    match source {
        Source::Images => no(&mut answers.images),
        Source::Snapshots => no(&mut answers.snapshots),
        Source::PublicSnapshots => no(&mut answers.public_snapshots),
        Source::Instances => no(&mut answers.instances),
        Source::LaunchTemplates => no(&mut answers.launch_templates),
        Source::LaunchTemplateVersions => no(&mut answers.launch_template_versions),
        Source::AutoScalingGroups => no(&mut answers.auto_scaling_groups),
        Source::LaunchConfigurations => no(&mut answers.launch_configurations),
        Source::SpotFleets => never(&mut answers.spot_fleets),
        Source::SpotRequests => never(&mut answers.spot_requests),
        Source::Fleets => never(&mut answers.fleets),
        Source::ImageReferences => never(&mut answers.image_references),
        Source::ParameterNames => never(&mut answers.parameter_names),
        Source::Parameters => never(&mut answers.parameters),
        Source::ImageRecipes => never(&mut answers.image_recipes),
        Source::ImageRecipe => never(&mut answers.image_recipe_details),
        Source::ContainerRecipes => never(&mut answers.container_recipes),
        Source::ContainerRecipe => never(&mut answers.container_recipe_details),
        Source::Resources => never(&mut answers.resources),
        Source::Resource => never(&mut answers.resource_details),
        Source::ScalingActivities => never(&mut answers.scaling_activities),
        Source::Events => never(&mut answers.events),
        Source::ImagesInUse => never(&mut answers.images_in_use),
        Source::UsageReports => never(&mut answers.usage_reports),
        Source::UsageReportEntries => never(&mut answers.usage_report_entries),
        Source::Volumes => never(&mut answers.volumes),
        Source::FastRestores => never(&mut answers.fast_restores),
        Source::LockedSnapshots => never(&mut answers.locked_snapshots),
        Source::ImagesInRecycleBin => no(&mut answers.images_in_recycle_bin),
        Source::SnapshotsInRecycleBin => never(&mut answers.snapshots_in_recycle_bin),
        Source::RecycleBinRules => no(&mut answers.rules),
        Source::RecycleBinRule => no(&mut answers.rule_details),
        Source::ImageBlockPublicAccess => never(&mut answers.image_block_public_access),
        Source::SnapshotBlockPublicAccess => never(&mut answers.snapshot_block_public_access),
        Source::AllowedImages => never(&mut answers.allowed_images),
        Source::KeyPolicies => never(&mut answers.key_policies),
        Source::LaunchPermissions => answers.launch_permissions.values_mut().for_each(no),
        Source::CreateVolumePermissions => answers.create_volume_permissions.values_mut().for_each(no),
        // Asked once, before any place.
        Source::Regions | Source::Organization | Source::AssumeRole | Source::Other(_) => return false,
    }
    true
}

/// What can become of a recorded file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    Removed,
    Emptied,
    CutShort,
    Error,
    NullMember,
    NoList,
    OtherPages,
}

pub(crate) const DAMAGES: [Damage; 7] =
    [Damage::Removed, Damage::Emptied, Damage::CutShort, Damage::Error, Damage::NullMember, Damage::NoList, Damage::OtherPages];

/// Damages a file; one that has no list to damage is left as it is.
pub(crate) fn damage(path: &Path, damage: Damage) {
    let text = fs::read_to_string(path).unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    let write = |value: &Value| fs::write(path, value.to_string()).unwrap();
    let list =
        |value: &Value| value.as_object().and_then(|fields| fields.iter().find(|(_, field)| field.is_array()).map(|(key, _)| key.clone()));
    match (damage, list(&value)) {
        (Damage::Removed, _) => fs::remove_file(path).unwrap(),
        (Damage::Emptied, _) => fs::write(path, "").unwrap(),
        (Damage::CutShort, _) => fs::write(path, &text[..text.len() / 2]).unwrap(),
        (Damage::Error, _) => write(&json!({"Error": {"Code": "AccessDenied", "Message": "denied by a test"}})),
        (Damage::NullMember, Some(key)) => {
            value.get_mut(key).and_then(Value::as_array_mut).unwrap().push(Value::Null);
            write(&value);
        }
        (Damage::NullMember, None) => {
            if let Some(members) = value.as_array_mut() {
                members.push(Value::Null);
            }
            write(&value);
        }
        (Damage::NoList, Some(key)) => {
            value.as_object_mut().unwrap().remove(&key);
            write(&value);
        }
        (Damage::NoList, None) => write(&json!({})),
        (Damage::OtherPages, _) => {
            if let Some(fields) = value.as_object_mut() {
                fields.insert("NextToken".into(), json!("more"));
            }
            write(&value);
        }
    }
}

/// Every file below `folder`, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
