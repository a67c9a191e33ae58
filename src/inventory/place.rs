//! One place as it was seen: its images, snapshots and users, and what was not seen.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::model::{AmiId, Gap, Image, Permissions, Place, Snapshot, SnapshotId, Source};

use super::answers::{Answer, Answers, DescribeImages, DescribeSnapshots, ImageAttribute, SnapshotAttribute};
use super::decode::{self, members};
use super::recovery::RecycleBinRule;
use super::references::{self, Users};
use super::reports::{UsageReport, usage_reports};

/// Everything seen in one place. `None` stands for "not learnt", and a gap says why.
#[derive(Clone, Debug)]
pub struct Inventory {
    pub place: Place,
    /// Empty where the listing failed; `images_read` tells the difference.
    pub images: Vec<Image>,
    pub images_read: bool,
    pub snapshots: Vec<Snapshot>,
    pub snapshots_read: bool,
    pub public_snapshots: Option<HashSet<SnapshotId>>,
    /// Users found here, of images and snapshots of any account.
    pub users: Users,
    /// Images in the Recycle Bin.
    pub bin: Option<BTreeSet<AmiId>>,
    pub rules: Option<Vec<RecycleBinRule>>,
    pub volumes: Option<HashSet<String>>,
    pub launch_permissions: BTreeMap<AmiId, Permissions>,
    pub create_volume_permissions: BTreeMap<SnapshotId, Permissions>,
    /// What EC2 reported of the use that other accounts make of images here.
    pub usage_reports: Vec<UsageReport>,
    pub gaps: Vec<Gap>,
}

impl Inventory {
    /// Reads the answers about one place. Whatever is missing or unreadable becomes a gap.
    pub fn from_answers(answers: Answers) -> Self {
        let mut gaps = Gaps { place: answers.place.clone(), found: Vec::new() };
        let users = references::users(&answers, &mut gaps);
        let usage_reports = usage_reports(&answers, &mut gaps);
        let Answers { place, live, images, snapshots, public_snapshots, images_in_recycle_bin, rules, rule_details, volumes, .. } = answers;

        let images = gaps.learn(Source::Images, images, |answer| {
            let listed = members(answer.images, "Images")?;
            let protection_offered = live || listed.iter().any(|image| image.deregistration_protection.is_some());
            unique(listed.into_iter().map(|image| decode::image(image, protection_offered)), |image| image.id.to_string())
        });
        let snapshots = gaps.learn(Source::Snapshots, snapshots, |answer| {
            unique(members(answer.snapshots, "Snapshots")?.into_iter().map(decode::snapshot), |snapshot| snapshot.id.to_string())
        });
        let public_snapshots = gaps.learn(Source::PublicSnapshots, public_snapshots, |answer| {
            members(answer.snapshots, "Snapshots")?
                .into_iter()
                .map(|snapshot| decode::required(snapshot.snapshot_id, "SnapshotId", "a public snapshot").map(SnapshotId::from))
                .collect::<Result<HashSet<_>, _>>()
        });
        let bin = gaps.learn(Source::ImagesInRecycleBin, images_in_recycle_bin, |answer| {
            members(answer.images, "Images")?
                .into_iter()
                .map(|image| decode::required(image.image_id, "ImageId", "an image in the Recycle Bin").map(AmiId::from))
                .collect::<Result<BTreeSet<_>, _>>()
        });
        let rules = learn_rules(&mut gaps, rules, rule_details);
        let volumes = volumes.and_then(|answer| {
            gaps.learn(Source::Volumes, answer, |answer| {
                let id = |volume: super::answers::EbsVolume| decode::required(volume.volume_id, "VolumeId", "a volume");
                members(answer.volumes, "Volumes")?.into_iter().map(id).collect::<Result<HashSet<_>, _>>()
            })
        });

        let mut inventory = Self {
            place,
            images_read: images.is_some(),
            images: images.unwrap_or_default(),
            snapshots_read: snapshots.is_some(),
            snapshots: snapshots.unwrap_or_default(),
            public_snapshots,
            users,
            bin,
            rules,
            volumes,
            launch_permissions: BTreeMap::new(),
            create_volume_permissions: BTreeMap::new(),
            usage_reports,
            gaps: gaps.found,
        };
        inventory.add_permissions(answers.launch_permissions, answers.create_volume_permissions);
        inventory
    }

    /// What an exposure scan sees: public images and snapshots, and nothing that could be joined with anything.
    pub fn exposure(place: Place, images: Answer<DescribeImages>, public_snapshots: Answer<DescribeSnapshots>) -> Self {
        let answers = Answers {
            images,
            snapshots: public_snapshots.clone(),
            public_snapshots,
            ..Answers::unread(place, "not read in an exposure scan")
        };
        Self { images_read: false, snapshots_read: false, ..Self::from_answers(answers) }
    }

    /// Adds what was asked about single images and snapshots, after the listings.
    pub fn add_permissions(
        &mut self,
        images: BTreeMap<AmiId, Answer<ImageAttribute>>,
        snapshots: BTreeMap<SnapshotId, Answer<SnapshotAttribute>>,
    ) {
        for (id, answer) in images {
            match answer.and_then(|answer| decode::permissions(answer.launch_permissions, "LaunchPermissions")) {
                Ok(permissions) => {
                    self.launch_permissions.insert(id, permissions);
                }
                Err(error) => self.gaps.push(Gap::about(&self.place, Source::LaunchPermissions, id, error)),
            }
        }
        for (id, answer) in snapshots {
            match answer.and_then(|answer| decode::permissions(answer.create_volume_permissions, "CreateVolumePermissions")) {
                Ok(permissions) => {
                    self.create_volume_permissions.insert(id, permissions);
                }
                Err(error) => self.gaps.push(Gap::about(&self.place, Source::CreateVolumePermissions, id, error)),
            }
        }
    }

    /// The ids of all images and snapshots that were listed.
    pub fn listed(&self) -> impl Iterator<Item = &str> {
        self.images.iter().map(|image| image.id.as_str()).chain(self.snapshots.iter().map(|snapshot| snapshot.id.as_str()))
    }

    /// The gaps that concern the whole place, not one resource of it. A usage report is of one image, and only ever adds to
    /// what is known: that there is none holds nothing else.
    pub fn place_gaps(&self) -> impl Iterator<Item = &Gap> {
        let of_one = |source: &Source| matches!(source, Source::UsageReports | Source::UsageReportEntries);
        self.gaps.iter().filter(move |gap| gap.resource.is_none() && !of_one(&gap.source))
    }

    /// The gaps of sources that could hide a user of a snapshot: images need it too, those in the Recycle Bin included.
    pub fn snapshot_usage_gaps(&self) -> impl Iterator<Item = &Gap> {
        let images = |source: &Source| matches!(source, Source::Images | Source::ImagesInRecycleBin);
        self.place_gaps().filter(move |gap| could_hide_use(&gap.source) || images(&gap.source))
    }

    /// The gaps of sources that could hide a user of an image.
    pub fn usage_gaps(&self) -> impl Iterator<Item = &Gap> {
        self.place_gaps().filter(|gap| could_hide_use(&gap.source))
    }
}

/// Whether a failed reading of `source` could hide a user of an image or snapshot.
pub(super) fn could_hide_use(source: &Source) -> bool {
    match source {
        Source::Instances
        | Source::LaunchTemplates
        | Source::LaunchTemplateVersions
        | Source::AutoScalingGroups
        | Source::LaunchConfigurations
        | Source::SpotFleets
        | Source::SpotRequests
        | Source::Fleets
        | Source::ImageReferences
        | Source::ParameterNames
        | Source::Parameters
        | Source::ImageRecipes
        | Source::ImageRecipe
        | Source::ContainerRecipes
        | Source::ContainerRecipe
        | Source::Resources
        | Source::Resource
        | Source::ScalingActivities
        | Source::Events
        | Source::Regions
        | Source::AssumeRole
        | Source::Other(_) => true,
        Source::Images
        | Source::Snapshots
        | Source::PublicSnapshots
        | Source::ImagesInUse
        | Source::UsageReports
        | Source::UsageReportEntries
        | Source::Volumes
        | Source::FastRestores
        | Source::LockedSnapshots
        | Source::ImagesInRecycleBin
        | Source::SnapshotsInRecycleBin
        | Source::RecycleBinRules
        | Source::RecycleBinRule
        | Source::ImageBlockPublicAccess
        | Source::SnapshotBlockPublicAccess
        | Source::AllowedImages
        | Source::LaunchPermissions
        | Source::CreateVolumePermissions
        | Source::Organization => false,
    }
}

/// Collects the gaps of one place while its answers are read.
pub(super) struct Gaps {
    place: Place,
    found: Vec<Gap>,
}

impl Gaps {
    /// What `read` makes of the answer; a failed read or an unreadable answer is noted and gives `None`.
    pub(super) fn learn<T, U>(&mut self, source: Source, answer: Answer<T>, read: impl FnOnce(T) -> Result<U, String>) -> Option<U> {
        match answer.and_then(read) {
            Ok(learnt) => Some(learnt),
            Err(error) => {
                self.note(source, error);
                None
            }
        }
    }

    pub(super) fn note(&mut self, source: Source, error: String) {
        self.found.push(Gap::in_place(&self.place, source, error));
    }
}

/// Rules with their details. A rule that was listed but not described might be any rule.
fn learn_rules(
    gaps: &mut Gaps,
    rules: Answer<super::answers::ListRules>,
    details: Answer<Vec<super::answers::GetRule>>,
) -> Option<Vec<RecycleBinRule>> {
    let listed = gaps.learn(Source::RecycleBinRules, rules, |answer| {
        members(answer.rules, "Rules")?
            .into_iter()
            .map(|rule| decode::required(rule.identifier, "Identifier", "a Recycle Bin rule"))
            .collect::<Result<BTreeSet<_>, _>>()
    })?;
    if listed.is_empty() {
        return Some(Vec::new());
    }
    gaps.learn(Source::RecycleBinRule, details, |details| {
        let described = details.into_iter().map(decode::rule).collect::<Result<Vec<_>, _>>()?;
        match listed.iter().find(|id| !described.iter().any(|rule| rule.id == **id)) {
            Some(id) => Err(format!("rule `{id}` is listed but not described")),
            // Details of a rule that is no longer listed protect nothing.
            None => Ok(described.into_iter().filter(|rule| listed.contains(&rule.id)).collect()),
        }
    })
}

/// Pages that shift while they are read can name a thing twice. The same thing twice is one; two different
/// things under one id are a failed read.
fn unique<T: PartialEq>(items: impl Iterator<Item = Result<T, String>>, id: impl Fn(&T) -> String) -> Result<Vec<T>, String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<T> = Vec::new();
    for item in items {
        let item = item?;
        let name = id(&item);
        match seen.get(&name).and_then(|index| kept.get(*index)) {
            Some(first) if *first == item => {}
            Some(_) => return Err(format!("{name} is listed twice with different contents")),
            None => {
                seen.insert(name, kept.len());
                kept.push(item);
            }
        }
    }
    Ok(kept)
}
