//! What is known about one image or snapshot once everything is joined: the input of the policies.
//!
//! INVARIANT: a fact that could not be learnt is `None` (or `Err` with the reason), never `false` or `0`.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::model::{Image, Permissions, Place, Region, Snapshot};

use super::recovery::Recovery;
use super::references::Reference;
use super::sharing::Reach;
use super::versions::Version;

/// Everything the policies may ask about one image.
#[derive(Clone, Debug)]
pub struct ImageFacts<'a> {
    pub place: &'a Place,
    pub image: &'a Image,
    /// Owned by the account whose listing named it.
    pub owned: bool,
    pub age: SignedDuration,
    pub is_deprecated: bool,
    pub since_deprecation: Option<SignedDuration>,
    /// Since it was first seen disabled; AWS does not tell.
    pub since_disabled: Option<SignedDuration>,
    /// Since its last launch; `None` when AWS named none, which is ambiguous.
    pub idle: Option<SignedDuration>,
    /// The users that were found, whether or not they are all.
    pub users: &'a [Reference],
    /// All users, or why they are not all known.
    pub usage: Result<Usage<'a>, Vec<Unknown>>,
    /// Who may launch it; `None` when its launch permissions were not read.
    pub sharing: Option<&'a Permissions>,
    /// Who else can get at what is in it.
    pub reach: Reach<'a>,
    pub family: Option<FamilyFacts>,
    pub version: Option<&'a Version>,
    /// Whether a newer image of the family it was made from can be launched; `None` where its base or that family is not known.
    pub newer_base: Option<bool>,
    /// Regions where an available copy made from it was seen; `None` when the copies of this account
    /// could not be read in some Region.
    pub replica_regions: Option<BTreeSet<Region>>,
    /// Configured consumers that would pick it by its name or tags; `None` where one may or may not.
    pub consumers: Option<usize>,
    /// Regions its own tag asks for copies in.
    pub replicate_to: BTreeSet<Region>,
    /// The service or tool in charge of it.
    pub managed_by: Option<ManagedBy>,
    pub legal_hold: bool,
    /// The keep tag it carries.
    pub keep_tag: Option<&'a str>,
    /// How long the Recycle Bin would keep it.
    pub recovery: Recovery,
}

/// Everything the policies may ask about one snapshot.
#[derive(Clone, Debug)]
pub struct SnapshotFacts<'a> {
    pub place: &'a Place,
    pub snapshot: &'a Snapshot,
    pub owned: bool,
    pub age: SignedDuration,
    pub is_public: Option<bool>,
    pub sharing: Option<&'a Permissions>,
    /// Who can make use of that.
    pub reach: Reach<'a>,
    /// The images that were found to need it, whether or not they are all.
    pub referring_images: &'a [Reference],
    /// All images (registered, disabled, or in the Recycle Bin) that need it, or why they are not all known.
    pub images: Result<&'a [Reference], Vec<Unknown>>,
    /// The launch templates and configurations that were found to name it, whether or not they are all.
    pub users: &'a [Reference],
    /// All of them, or why they are not all known.
    pub usage: Result<Usage<'a>, Vec<Unknown>>,
    pub source_volume_exists: Option<bool>,
    /// Since it was first seen without the image it was made for.
    pub orphaned_for: Option<SignedDuration>,
    pub managed_by: Option<ManagedBy>,
    pub legal_hold: bool,
    pub keep_tag: Option<&'a str>,
    pub recovery: Recovery,
}

/// Known users of an image or snapshot; an empty list is the knowledge that there are none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage<'a> {
    pub references: &'a [Reference],
}

impl Usage<'_> {
    /// Users that launch it or could at any moment.
    pub fn live(&self) -> usize {
        self.references.iter().filter(|reference| reference.live).count()
    }

    /// Users that would first have to be chosen by somebody: template versions nothing names.
    pub fn stale(&self) -> usize {
        self.references.len() - self.live()
    }
}

/// A reason why something is not known, with what would have to answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unknown {
    pub reason: String,
}

impl Unknown {
    pub(super) fn because(reason: &str) -> Self {
        Self { reason: reason.to_owned() }
    }
}

/// Its standing among the images that replace each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FamilyFacts {
    pub name: String,
    /// Launchable images of the family that are newer; 0 is the newest.
    pub rank: usize,
    /// Launchable images of the family.
    pub size: usize,
    /// Distinct newer releases among them.
    pub versions_behind: usize,
    pub is_newest: bool,
}

/// Who else is in charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ManagedBy {
    AwsBackup,
    DataLifecycleManager,
    ImageBuilder,
    Marketplace,
}

impl ManagedBy {
    /// The value of the fact `managedBy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AwsBackup => "aws-backup",
            Self::DataLifecycleManager => "dlm",
            Self::ImageBuilder => "image-builder",
            Self::Marketplace => "marketplace",
        }
    }
}

/// The time since `then`, never negative: a date in the future is an age of nothing.
pub(super) fn since(then: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(then).max(SignedDuration::ZERO)
}
