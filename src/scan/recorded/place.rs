//! One recorded place: its listings, its permissions, and every other file in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::{file, ids};
use crate::inventory::answers::{Answer, Answers, ImageAttribute, SnapshotAttribute};
use crate::model::{AmiId, Place, Source};

/// Files that say nothing about who uses an image.
const HARMLESS: [&str; 5] = [
    "list-snapshots-in-recycle-bin",
    "describe-locked-snapshots",
    "describe-fast-snapshot-restores",
    "get-image-block-public-access-state",
    "get-snapshot-block-public-access-state",
];

/// Reads everything that was recorded of a place.
pub(super) fn read(folder: &Path, place: &Place) -> Answers {
    let path = |source: &Source| folder.join(format!("{source}.json"));
    let mut others = BTreeMap::new();
    Answers {
        place: place.clone(),
        live: false,
        images: file::read(&path(&Source::Images)),
        snapshots: file::read(&path(&Source::Snapshots)),
        public_snapshots: file::read(&path(&Source::PublicSnapshots)),
        instances: file::read(&path(&Source::Instances)),
        launch_templates: file::read(&path(&Source::LaunchTemplates)),
        launch_template_versions: file::read(&path(&Source::LaunchTemplateVersions)),
        auto_scaling_groups: file::read(&path(&Source::AutoScalingGroups)),
        launch_configurations: file::read(&path(&Source::LaunchConfigurations)),
        images_in_recycle_bin: file::read(&path(&Source::ImagesInRecycleBin)),
        rules: file::read(&path(&Source::RecycleBinRules)),
        rule_details: file::json(&path(&Source::RecycleBinRule)),
        spot_fleets: recorded(&path(&Source::SpotFleets), file::read),
        spot_requests: recorded(&path(&Source::SpotRequests), file::read),
        fleets: recorded(&path(&Source::Fleets), file::read),
        image_references: recorded(&path(&Source::ImageReferences), file::read),
        parameter_names: recorded(&path(&Source::ParameterNames), file::read),
        parameters: recorded(&path(&Source::Parameters), file::read),
        image_recipes: recorded(&path(&Source::ImageRecipes), file::read),
        image_recipe_details: recorded(&path(&Source::ImageRecipe), file::json),
        container_recipes: recorded(&path(&Source::ContainerRecipes), file::read),
        container_recipe_details: recorded(&path(&Source::ContainerRecipe), file::json),
        resources: recorded(&path(&Source::Resources), file::json),
        resource_details: recorded(&path(&Source::Resource), file::json),
        scaling_activities: recorded(&path(&Source::ScalingActivities), file::read),
        events: recorded(&path(&Source::Events), file::read),
        images_in_use: recorded(&path(&Source::ImagesInUse), file::read),
        usage_reports: recorded(&path(&Source::UsageReports), file::read),
        usage_report_entries: recorded(&path(&Source::UsageReportEntries), file::read),
        volumes: recorded(&path(&Source::Volumes), file::read),
        fast_restores: recorded(&path(&Source::FastRestores), file::read),
        locked_snapshots: recorded(&path(&Source::LockedSnapshots), file::read),
        snapshots_in_recycle_bin: recorded(&path(&Source::SnapshotsInRecycleBin), file::read),
        image_block_public_access: recorded(&path(&Source::ImageBlockPublicAccess), file::json),
        snapshot_block_public_access: recorded(&path(&Source::SnapshotBlockPublicAccess), file::json),
        allowed_images: recorded(&path(&Source::AllowedImages), file::json),
        launch_permissions: attributes(folder, &Source::LaunchPermissions, &mut others, |path, id| {
            let answer: ImageAttribute = file::read(path)?;
            about(path, id, answer.image_id.as_deref())?;
            Ok(answer)
        }),
        create_volume_permissions: attributes(folder, &Source::CreateVolumePermissions, &mut others, |path, id| {
            let answer: SnapshotAttribute = file::read(path)?;
            about(path, id, answer.snapshot_id.as_deref())?;
            Ok(answer)
        }),
        others: {
            rest(folder, &mut others);
            others
        },
    }
}

/// What was recorded of a source; nobody asked where there is no file.
fn recorded<T>(path: &Path, read: impl FnOnce(&Path) -> Answer<T>) -> Option<Answer<T>> {
    super::is_there(path).then(|| read(path))
}

/// An answer may leave out whom it is about, since the file name says it; it may not contradict it.
fn about(path: &Path, id: &str, named: Option<&str>) -> Answer<()> {
    match named {
        Some(named) if named != id => Err(format!("{} is about `{named}`", path.display())),
        _ => Ok(()),
    }
}

/// The files of a folder such as `launch-permissions/`, by the id that names them.
fn attributes<K: From<String> + Ord, T>(
    folder: &Path,
    source: &Source,
    others: &mut BTreeMap<Source, Answer<Vec<AmiId>>>,
    read: impl Fn(&Path, &str) -> Answer<T>,
) -> BTreeMap<K, Answer<T>> {
    let folder = folder.join(source.name());
    if !super::is_there(&folder) {
        return BTreeMap::new();
    }
    match json_files(&folder) {
        Ok(files) => files.into_iter().map(|(id, path)| (K::from(id.clone()), read(&path, &id))).collect(),
        Err(error) => {
            others.insert(source.clone(), Err(error));
            BTreeMap::new()
        }
    }
}

/// Every file that no reader took. Parameters have a reader for the aliases in templates, but an image id in any
/// parameter's text counts as use too.
fn rest(folder: &Path, others: &mut BTreeMap<Source, Answer<Vec<AmiId>>>) {
    let files = match json_files(folder) {
        Ok(files) => files,
        Err(error) => {
            others.insert(Source::Other("recorded files".into()), Err(error));
            return;
        }
    };
    for (name, path) in files {
        let source = Source::named(&name);
        let has_reader = Source::LISTINGS.contains(&source) || source == Source::Volumes;
        if has_reader {
            continue;
        }
        let answer = ids::read(&path, &name);
        // What is harmless must be readable like any other file, but its ids are no use.
        if answer.is_ok() && HARMLESS.contains(&name.as_str()) {
            continue;
        }
        others.insert(source, answer);
    }
}

/// The JSON files directly in `folder`, sorted, each with its name without `.json`.
fn json_files(folder: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let unreadable = |error: std::io::Error| format!("cannot list {}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| format!("{} has a name that is not text", path.display()))?;
        files.push((name.to_owned(), path));
    }
    files.sort();
    Ok(files)
}
