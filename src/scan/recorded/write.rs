//! `record`: writes answers as the files that `open` reads.
//!
//! A source that did not answer leaves no file, since a missing file is a gap and an empty one would be a lie; of a source
//! whose file may be missing, the error is written in its place, and `history.json` notes that it was asked. Only
//! an empty or new directory is written to: files of an older record would pass for today's. What AWS says
//! about an account is for its owner's eyes: files get mode 0600, folders 0700.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::json;

use crate::inventory::History;
use crate::inventory::answers::{Answer, Answers, DescribeOrganization};
use crate::model::{Place, Source};

/// A record being made.
#[derive(Debug)]
pub struct Recording {
    dir: PathBuf,
    /// What was asked of each place beyond what every record holds.
    asked: Mutex<BTreeMap<Place, BTreeSet<Source>>>,
}

/// Why a record could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("`{}` is not empty: a record goes into a new directory, so that no older answer passes for a new one", .dir.display())]
    NotEmpty { dir: PathBuf },
    #[error("`{}` is not a directory: name a new one", .dir.display())]
    NotADirectory { dir: PathBuf },
    #[error("cannot write `{}`: check space and permissions", .path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("`{name}` cannot be a file name")]
    Name { name: String },
}

impl Recording {
    /// Makes `dir`, or takes it if it is empty.
    pub fn create(dir: &Path) -> Result<Self, RecordError> {
        let failed = |source| RecordError::Write { path: dir.into(), source };
        match fs::read_dir(dir) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(RecordError::NotEmpty { dir: dir.into() });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => folder(dir)?,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(RecordError::NotADirectory { dir: dir.into() }),
            Err(error) => return Err(failed(error)),
        }
        Ok(Self { dir: dir.into(), asked: Mutex::default() })
    }

    /// Writes what is known of one place. The place's folder is made even if nothing is: its gaps are knowledge.
    pub fn place(&self, answers: &Answers) -> Result<(), RecordError> {
        // Destructured so that a source added to `Answers` cannot be forgotten here.
        let Answers {
            place,
            live: _,
            unasked: _,
            images,
            snapshots,
            public_snapshots,
            instances,
            launch_templates,
            launch_template_versions,
            auto_scaling_groups,
            launch_configurations,
            images_in_recycle_bin,
            rules,
            rule_details,
            spot_fleets,
            spot_requests,
            fleets,
            image_references,
            parameter_names,
            parameters,
            image_recipes,
            image_recipe_details,
            container_recipes,
            container_recipe_details,
            resources,
            resource_details,
            scaling_activities,
            events,
            images_in_use,
            usage_reports,
            usage_report_entries,
            volumes,
            fast_restores,
            locked_snapshots,
            snapshots_in_recycle_bin,
            image_block_public_access,
            snapshot_block_public_access,
            allowed_images,
            key_policies,
            launch_permissions,
            create_volume_permissions,
            others,
        } = answers;
        let folder_of_place = self.dir.join(name(place.account.as_str())?).join(name(place.region.as_str())?);
        folder(&folder_of_place)?;
        let mut to = Folder { path: folder_of_place, asked: BTreeSet::new() };
        to.answer(&Source::Images, images)?;
        to.answer(&Source::Snapshots, snapshots)?;
        to.answer(&Source::PublicSnapshots, public_snapshots)?;
        to.answer(&Source::Instances, instances)?;
        to.answer(&Source::LaunchTemplates, launch_templates)?;
        to.answer(&Source::LaunchTemplateVersions, launch_template_versions)?;
        to.answer(&Source::AutoScalingGroups, auto_scaling_groups)?;
        to.answer(&Source::LaunchConfigurations, launch_configurations)?;
        to.answer(&Source::ImagesInRecycleBin, images_in_recycle_bin)?;
        to.answer(&Source::RecycleBinRules, rules)?;
        to.answer(&Source::RecycleBinRule, rule_details)?;
        for (source, ids) in others {
            to.asked.insert(source.clone());
            // Only the ids were kept, so only they can be written.
            to.answer(source, ids)?;
        }
        to.asked(&Source::SpotFleets, spot_fleets)?;
        to.asked(&Source::SpotRequests, spot_requests)?;
        to.asked(&Source::Fleets, fleets)?;
        to.asked(&Source::ImageReferences, image_references)?;
        to.asked(&Source::ParameterNames, parameter_names)?;
        to.asked(&Source::Parameters, parameters)?;
        to.asked(&Source::ImageRecipes, image_recipes)?;
        to.asked(&Source::ImageRecipe, image_recipe_details)?;
        to.asked(&Source::ContainerRecipes, container_recipes)?;
        to.asked(&Source::ContainerRecipe, container_recipe_details)?;
        to.asked(&Source::Resources, resources)?;
        to.asked(&Source::Resource, resource_details)?;
        to.asked(&Source::ScalingActivities, scaling_activities)?;
        to.asked(&Source::Events, events)?;
        to.asked(&Source::ImagesInUse, images_in_use)?;
        to.asked(&Source::UsageReports, usage_reports)?;
        to.asked(&Source::UsageReportEntries, usage_report_entries)?;
        to.asked(&Source::Volumes, volumes)?;
        to.asked(&Source::FastRestores, fast_restores)?;
        to.asked(&Source::LockedSnapshots, locked_snapshots)?;
        to.asked(&Source::SnapshotsInRecycleBin, snapshots_in_recycle_bin)?;
        to.asked(&Source::ImageBlockPublicAccess, image_block_public_access)?;
        to.asked(&Source::SnapshotBlockPublicAccess, snapshot_block_public_access)?;
        to.asked(&Source::AllowedImages, allowed_images)?;
        to.asked(&Source::KeyPolicies, key_policies)?;
        to.attributes(&Source::LaunchPermissions, launch_permissions.iter().map(|(id, answer)| (id.as_str(), answer)))?;
        to.attributes(&Source::CreateVolumePermissions, create_volume_permissions.iter().map(|(id, answer)| (id.as_str(), answer)))?;
        // The lock guards a list that grows; a panic elsewhere leaves it whole.
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).entry(place.clone()).or_default().append(&mut to.asked);
        Ok(())
    }

    /// Writes who belongs to us.
    pub fn organization(&self, organization: &DescribeOrganization) -> Result<(), RecordError> {
        file(&self.dir.join("organization.json"), organization)
    }

    /// Writes what only earlier cycles know, and what was asked of the places written so far.
    pub fn history(&self, history: &History) -> Result<(), RecordError> {
        let recorded = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        file(&self.dir.join("history.json"), &History { recorded, ..history.clone() })
    }
}

/// The folder of one place.
struct Folder {
    path: PathBuf,
    asked: BTreeSet<Source>,
}

impl Folder {
    fn answer<T: Serialize>(&self, source: &Source, answer: &Answer<T>) -> Result<(), RecordError> {
        match answer {
            Ok(answer) => file(&self.path.join(format!("{}.json", name(source.name())?)), answer),
            Err(_) => Ok(()),
        }
    }

    /// A source that was not asked leaves no file either. Where a missing file would pass for that, the error stands in it.
    fn asked<T: Serialize>(&mut self, source: &Source, answer: &Option<Answer<T>>) -> Result<(), RecordError> {
        let Some(answer) = answer else { return Ok(()) };
        if Source::RECORDED.contains(source) {
            return self.answer(source, answer);
        }
        self.asked.insert(source.clone());
        match answer {
            Ok(_) => self.answer(source, answer),
            Err(error) => self.answer(source, &Ok(json!({ "Error": { "Code": "NotRead", "Message": error } }))),
        }
    }

    fn attributes<'a, T: Serialize + 'a>(
        &self,
        source: &Source,
        answers: impl Iterator<Item = (&'a str, &'a Answer<T>)>,
    ) -> Result<(), RecordError> {
        let path = self.path.join(source.name());
        for (id, answer) in answers {
            if let Ok(answer) = answer {
                folder(&path)?;
                file(&path.join(format!("{}.json", name(id)?)), answer)?;
            }
        }
        Ok(())
    }
}

/// An id from AWS becomes a file name only if it is one.
fn name(name: &str) -> Result<&str, RecordError> {
    let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0']);
    if is_plain { Ok(name) } else { Err(RecordError::Name { name: name.into() }) }
}

fn folder(path: &Path) -> Result<(), RecordError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| RecordError::Write { path: path.into(), source })
}

/// Writes beside the file and renames: a full disk leaves no half answer under the name of a whole one.
fn file(path: &Path, value: &impl Serialize) -> Result<(), RecordError> {
    let unfinished = path.with_extension("unfinished");
    let written = write(&unfinished, value).and_then(|()| fs::rename(&unfinished, path));
    written.map_err(|source| {
        // The reader takes only `.json`, so what cannot be removed does no harm.
        let _ = fs::remove_file(&unfinished);
        RecordError::Write { path: path.into(), source }
    })
}

fn write(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let mut out = BufWriter::new(OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?);
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    // Not synced to the disk: after a crash an empty file is "cut short", which is a gap and no lie.
    out.flush()
}
