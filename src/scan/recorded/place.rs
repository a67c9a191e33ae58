//! One recorded place: its listings, its permissions, and every other file in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::file;
use crate::inventory::Named;
use crate::inventory::answers::{Answer, Answers, ImageAttribute, SnapshotAttribute};
use crate::model::{Place, Source};

/// Reads everything that was recorded of a place. `noted` are the sources that whoever recorded it says were asked
/// beyond those that every record holds.
pub(super) fn read(folder: &Path, place: &Place, noted: Option<&BTreeSet<Source>>) -> Answers {
    let files = Files { folder, noted };
    let path = |source: &Source| files.path(source);
    let mut others = BTreeMap::new();
    Answers {
        place: place.clone(),
        live: false,
        unasked: BTreeSet::new(),
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
        rule_details: file::array(&path(&Source::RecycleBinRule)),
        spot_fleets: files.recorded(Source::SpotFleets, file::read),
        spot_requests: files.recorded(Source::SpotRequests, file::read),
        fleets: files.recorded(Source::Fleets, file::read),
        image_references: files.recorded(Source::ImageReferences, file::read),
        parameter_names: files.recorded(Source::ParameterNames, file::read),
        parameters: files.recorded(Source::Parameters, file::read),
        image_recipes: files.recorded(Source::ImageRecipes, file::read),
        image_recipe_details: files.recorded(Source::ImageRecipe, file::array),
        container_recipes: files.recorded(Source::ContainerRecipes, file::read),
        container_recipe_details: files.recorded(Source::ContainerRecipe, file::array),
        resources: files.recorded(Source::Resources, file::array),
        resource_details: files.recorded(Source::Resource, file::array),
        scaling_activities: files.recorded(Source::ScalingActivities, file::read),
        events: files.recorded(Source::Events, file::read),
        images_in_use: files.recorded(Source::ImagesInUse, file::read),
        usage_reports: files.recorded(Source::UsageReports, file::read),
        usage_report_entries: files.recorded(Source::UsageReportEntries, file::read),
        volumes: files.recorded(Source::Volumes, file::read),
        fast_restores: files.recorded(Source::FastRestores, file::read),
        locked_snapshots: files.recorded(Source::LockedSnapshots, file::read),
        snapshots_in_recycle_bin: files.recorded(Source::SnapshotsInRecycleBin, file::read),
        image_block_public_access: files.recorded(Source::ImageBlockPublicAccess, file::single),
        snapshot_block_public_access: files.recorded(Source::SnapshotBlockPublicAccess, file::single),
        allowed_images: files.recorded(Source::AllowedImages, file::single),
        key_policies: files.recorded(Source::KeyPolicies, file::array),
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
            files.missing(&mut others);
            others
        },
    }
}

/// The files of one place.
struct Files<'a> {
    folder: &'a Path,
    noted: Option<&'a BTreeSet<Source>>,
}

impl Files<'_> {
    fn path(&self, source: &Source) -> PathBuf {
        self.folder.join(format!("{source}.json"))
    }

    /// What was recorded of a source. Where there is no file nobody asked, unless every record holds one or this one
    /// is noted to have had it.
    fn recorded<T>(&self, source: Source, read: impl FnOnce(&Path) -> Answer<T>) -> Option<Answer<T>> {
        let path = self.path(&source);
        if !super::is_there(&path) && !Source::RECORDED.contains(&source) {
            return self.noted.is_some_and(|noted| noted.contains(&source)).then(|| Err(lost(&path)));
        }
        Some(read(&path))
    }

    /// Files without a reader that are noted and not there.
    fn missing(&self, others: &mut BTreeMap<Source, Answer<Named>>) {
        for source in self.noted.into_iter().flatten().filter(|source| !has_reader(source)) {
            others.entry(source.clone()).or_insert_with(|| Err(lost(&self.path(source))));
        }
    }
}

fn lost(path: &Path) -> String {
    format!("{} is missing, although history.json says that it was recorded", path.display())
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
    others: &mut BTreeMap<Source, Answer<Named>>,
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

/// Every file that no reader took: the id of an image or a snapshot anywhere in it counts as use.
fn rest(folder: &Path, others: &mut BTreeMap<Source, Answer<Named>>) {
    let files = match json_files(folder) {
        Ok(files) => files,
        Err(error) => {
            others.insert(Source::Other("recorded files".into()), Err(error));
            return;
        }
    };
    for (name, path) in files {
        let source = Source::named(&name);
        if !has_reader(&source) {
            others.insert(source, ids(&path));
        }
    }
}

/// Whether there is a field in [`Answers`] for the file of that source.
fn has_reader(source: &Source) -> bool {
    let elsewhere = [Source::Regions, Source::Organization, Source::LaunchPermissions, Source::CreateVolumePermissions];
    !matches!(source, Source::Other(_)) && !elsewhere.contains(source)
}

/// The ids in a file of which nothing is known.
fn ids(path: &Path) -> Answer<Named> {
    let value: Value = file::json(path)?;
    if let Value::Object(object) = &value {
        if object.iter().any(|(key, value)| file::is_token(key) && !value.is_null()) {
            return Err(file::partial(path));
        }
        if object.len() == 1 && object.contains_key("Error") {
            return Err(format!("{} is no answer{}", path.display(), file::error_inside(value.to_string().as_bytes())));
        }
    }
    Ok(Named::in_json(&value))
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
