//! One place as it was seen: its images, snapshots and users, and what was not seen.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use crate::config::Sources;
use crate::model::{
    AllowedImages, AmiId, Block, Gap, Hides, Image, ImageState, Permissions, Place, Snapshot, SnapshotId, Source, few_clauses,
};

use super::answers::{
    Answer, Answers, DescribeImageReferences, DescribeImages, DescribeSnapshots, ImageAttribute, LookupEvents, SnapshotAttribute,
};
use super::cross_check;
use super::declared::{self, Excused};
use super::decode::{self, members};
use super::failed_launches::FailedLaunches;
use super::guards;
use super::keys::{self, Keys};
use super::recovery::RecycleBinRule;
use super::references::Users;
use super::reports::{UsageReport, usage_reports};
use super::runs::Runs;
use super::settings;
use super::users::{self, Found};

/// Everything seen in one place. `None` stands for "not learnt", and a gap says why.
#[derive(Clone, Debug)]
pub struct Inventory {
    pub place: Place,
    /// What nobody asked, since no policy could make use of it.
    pub unasked: BTreeSet<Source>,
    /// Empty where the listing failed; `images_read` tells the difference.
    pub images: Vec<Image>,
    pub images_read: bool,
    pub snapshots: Vec<Snapshot>,
    pub snapshots_read: bool,
    pub public_snapshots: Option<HashSet<SnapshotId>>,
    /// Users found here, of images and snapshots of any account.
    pub users: Users,
    /// Encrypted parameters, into which nobody looked.
    pub secrets: BTreeSet<String>,
    /// Sources that did not answer and were declared unused.
    pub excused: Vec<Excused>,
    /// Instances and groups, for findings.
    pub runs: Runs,
    /// Images in the Recycle Bin.
    pub bin: Option<BTreeSet<AmiId>>,
    pub rules: Option<Vec<RecycleBinRule>>,
    pub volumes: Option<HashSet<String>>,
    pub image_block: Option<Block>,
    pub snapshot_block: Option<Block>,
    pub allowed_images: Option<AllowedImages>,
    /// Whom KMS keys let in, where that was told.
    pub keys: Keys,
    /// Locked snapshots with the state of their locks.
    pub locks: Option<BTreeMap<SnapshotId, String>>,
    /// Snapshots with Fast Snapshot Restore, with its states.
    pub fast_restores: Option<BTreeMap<SnapshotId, String>>,
    /// Snapshots in the Recycle Bin, and when each leaves it.
    pub snapshot_bin: Option<BTreeMap<SnapshotId, Option<Timestamp>>>,
    pub launch_permissions: BTreeMap<AmiId, Permissions>,
    pub create_volume_permissions: BTreeMap<SnapshotId, Permissions>,
    /// What EC2 reported of the use that other accounts make of images here.
    pub usage_reports: Vec<UsageReport>,
    pub gaps: Vec<Gap>,
}

impl Inventory {
    /// Reads the answers about one place as the configuration wants them: what did not answer and was declared unused is
    /// no gap, and a launch that failed long ago is no use. `now` is when the plan is made.
    pub fn settled(mut answers: Answers, sources: &Sources, now: Timestamp) -> Self {
        let excused = declared::excuse(&mut answers, sources, now);
        let mut inventory = Self { excused, ..Self::from_answers(answers) };
        inventory.users.forget_failed_launches(now.checked_sub(sources.screams).unwrap_or(Timestamp::MIN));
        inventory
    }

    /// Reads the answers about one place. Whatever is missing or unreadable becomes a gap.
    pub fn from_answers(answers: Answers) -> Self {
        let mut gaps = Gaps { place: answers.place.clone(), unasked: answers.unasked.clone(), found: Vec::new() };
        let Found { users, secrets } = users::users(&answers, &mut gaps);
        let runs = Runs::read(&answers, &mut gaps);
        unjoined(&answers, &mut gaps);
        let usage_reports = usage_reports(&answers, &mut gaps);
        let keys = keys::read(&answers, &mut gaps);
        let image_block =
            answers.image_block_public_access.and_then(|answer| gaps.learn(Source::ImageBlockPublicAccess, answer, settings::image_block));
        let snapshot_block = answers
            .snapshot_block_public_access
            .and_then(|answer| gaps.learn(Source::SnapshotBlockPublicAccess, answer, settings::snapshot_block));
        let allowed_images = answers.allowed_images.and_then(|answer| gaps.learn(Source::AllowedImages, answer, settings::allowed_images));
        let Answers { locked_snapshots, fast_restores, snapshots_in_recycle_bin, .. } = answers;
        let locks = locked_snapshots.and_then(|answer| gaps.learn(Source::LockedSnapshots, answer, guards::locks));
        let fast_restores = fast_restores.and_then(|answer| gaps.learn(Source::FastRestores, answer, guards::fast_restores));
        let snapshot_bin =
            snapshots_in_recycle_bin.and_then(|answer| gaps.learn(Source::SnapshotsInRecycleBin, answer, decode::snapshot_bin));
        let Answers {
            place, live, unasked, images, snapshots, public_snapshots, images_in_recycle_bin, rules, rule_details, volumes, ..
        } = answers;

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
            unasked,
            images_read: images.is_some(),
            images: images.unwrap_or_default(),
            snapshots_read: snapshots.is_some(),
            snapshots: snapshots.unwrap_or_default(),
            public_snapshots,
            users,
            secrets,
            excused: Vec::new(),
            runs,
            bin,
            rules,
            volumes,
            image_block,
            snapshot_block,
            allowed_images,
            keys,
            locks,
            fast_restores,
            snapshot_bin,
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

    /// Whether a launch of one of its images may fail: of one that is listed, one in the Recycle Bin, or one that is gone
    /// and left a snapshot. Then CloudTrail is worth reading for somebody who tried.
    pub fn may_fail_to_launch(&self, now: Timestamp) -> bool {
        let listed: HashSet<&AmiId> = self.images.iter().map(|image| &image.id).collect();
        let left_behind =
            |snapshot: &Snapshot| snapshot.owner == self.place.account && snapshot.made_for().is_some_and(|image| !listed.contains(&image));
        self.images.iter().any(|image| image.state != ImageState::Available || image.is_deprecated(now))
            || self.bin.as_ref().is_some_and(|bin| !bin.is_empty())
            || self.snapshots.iter().any(left_behind)
    }

    /// Takes into `seen` the launches that CloudTrail saw fail; a failed look is a gap.
    pub fn learn_failed_launches(&mut self, answer: Answer<LookupEvents>, seen: &mut FailedLaunches, sources: &Sources, now: Timestamp) {
        let mut answers = Answers { events: Some(answer), ..Answers::unread(self.place.clone(), "read before") };
        let excused = declared::excuse(&mut answers, sources, now).into_iter();
        self.excused.extend(excused.filter(|excused| excused.source == Source::Events));
        let learnt = answers.events.map(|answer| answer.and_then(|events| seen.learn(&events, now)));
        if let Some(Err(error)) = learnt {
            self.gaps.push(Gap::in_place(&self.place, Source::Events, error));
        }
    }

    /// Adds the launches that CloudTrail has seen fail, whether or not it was read now. What is too old to be use is forgotten.
    pub fn add_failed_launches(&mut self, seen: &mut FailedLaunches, sources: &Sources, now: Timestamp) {
        let recent = now.checked_sub(sources.screams).unwrap_or(Timestamp::MIN);
        seen.seen.retain(|launch| launch.at >= recent);
        for (image, user) in seen.users(&self.place) {
            // A record has the events as well, and whoever is named by them is named already.
            let known = self.users.of_images.get(&image).is_some_and(|users| users.iter().any(|known| known.is_same_launcher(&user)));
            if !known {
                self.users.add(image, user);
            }
        }
        self.users.sort();
    }

    /// Adds what EC2's cross-check of references found, after the listings, as the configuration wants it.
    pub fn add_image_references(&mut self, answer: Answer<DescribeImageReferences>, sources: &Sources, now: Timestamp) {
        let mut answers = Answers { image_references: Some(answer), ..Answers::unread(self.place.clone(), "read before") };
        let excused = declared::excuse(&mut answers, sources, now).into_iter();
        self.excused.extend(excused.filter(|excused| excused.source == Source::ImageReferences));
        let mut gaps = Gaps { place: self.place.clone(), unasked: BTreeSet::new(), found: Vec::new() };
        // Instances that are terminated were not asked for.
        cross_check::read(&answers, None, &mut self.users, &mut gaps);
        self.users.sort();
        self.gaps.extend(gaps.found);
    }

    /// The gaps that concern the whole place, not one resource of it.
    pub fn place_gaps(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(|gap| gap.resource.is_none())
    }

    /// What nobody asked that could hide a user.
    pub fn usage_unasked(&self) -> impl Iterator<Item = &Source> {
        self.unasked.iter().filter(|source| source.hides() == Hides::Users)
    }

    /// Whether EC2's reports of who uses the images here could not be read.
    pub(super) fn misses_usage_reports(&self) -> bool {
        self.place_gaps().any(|gap| matches!(gap.source, Source::UsageReports | Source::UsageReportEntries))
    }

    /// The gaps of sources that could hide a user of a snapshot: images need it too, those in the Recycle Bin included.
    pub fn snapshot_usage_gaps(&self) -> impl Iterator<Item = &Gap> {
        let images = |source: &Source| matches!(source, Source::Images | Source::ImagesInRecycleBin);
        self.place_gaps().filter(move |gap| gap.source.hides() == Hides::Users || images(&gap.source))
    }

    /// The gaps of sources that could hide a user of any image of the Region.
    pub fn usage_gaps(&self) -> impl Iterator<Item = &Gap> {
        self.place_gaps().filter(|gap| gap.source.hides() == Hides::Users)
    }
}

/// Collects the gaps of one place while its answers are read.
pub(super) struct Gaps {
    place: Place,
    unasked: BTreeSet<Source>,
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

    /// The same for a source that need not have been asked.
    pub(super) fn asked<'a, T, U>(
        &mut self,
        source: Source,
        answer: &'a Option<Answer<T>>,
        read: impl FnOnce(&'a T) -> Result<U, String>,
    ) -> Option<U> {
        answer.as_ref().and_then(|answer| self.learn(source, answer.as_ref().map_err(Clone::clone), read))
    }

    /// One gap for everything that could not be read of a source; the first few are named.
    pub(super) fn all(&mut self, source: Source, problems: Vec<String>) {
        if let Some(named) = few_clauses(problems) {
            self.note(source, named);
        }
    }

    pub(super) fn note(&mut self, source: Source, error: String) {
        // Nobody waits for an answer to what nobody asked.
        if self.unasked.contains(&source) {
            return;
        }
        let gap = Gap::in_place(&self.place, source, error);
        if !self.found.contains(&gap) {
            self.found.push(gap);
        }
    }
}

/// Sources that nothing is joined with: that they did not answer is told all the same.
fn unjoined(answers: &Answers, gaps: &mut Gaps) {
    gaps.asked(Source::ImagesInUse, &answers.images_in_use, Ok);
    gaps.asked(Source::FastRestores, &answers.fast_restores, Ok);
    gaps.asked(Source::LockedSnapshots, &answers.locked_snapshots, Ok);
    gaps.asked(Source::SnapshotsInRecycleBin, &answers.snapshots_in_recycle_bin, Ok);
    gaps.asked(Source::ImageBlockPublicAccess, &answers.image_block_public_access, Ok);
    gaps.asked(Source::SnapshotBlockPublicAccess, &answers.snapshot_block_public_access, Ok);
    gaps.asked(Source::AllowedImages, &answers.allowed_images, Ok);
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
        let described = unique(details.into_iter().map(decode::rule), |rule| rule.id.clone())?;
        match listed.iter().find(|id| !described.iter().any(|rule| rule.id == **id)) {
            Some(id) => Err(format!("rule `{id}` is listed but not described")),
            // Details of a rule that is no longer listed protect nothing.
            None => Ok(described.into_iter().filter(|rule| listed.contains(&rule.id)).collect()),
        }
    })
}

/// Pages that shift while they are read can name a thing twice. The same thing twice is one; two different
/// things under one id are a failed read.
pub(super) fn unique<T: PartialEq>(items: impl Iterator<Item = Result<T, String>>, id: impl Fn(&T) -> String) -> Result<Vec<T>, String> {
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
