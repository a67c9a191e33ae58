//! What is known about one image or snapshot once everything is joined: the input of the policies.
//!
//! INVARIANT: a fact that could not be learnt is `None` (or `Err` with the reason), never `false` or `0`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::model::{Image, Permissions, Place, Region, Snapshot};

use super::ancestry::{Ancestors, Children};
use super::guards::Guard;
use super::managed::Managed;
use super::recovery::Recovery;
use super::references::Reference;
use super::replicas::Drift;
use super::sharing::Reach;
use super::versions::Version;

/// Everything the policies may ask about one image.
#[derive(Clone, Debug)]
pub struct ImageFacts<'a> {
    pub place: &'a Place,
    pub image: &'a Image,
    /// Owned by the account whose listing named it.
    pub owned: bool,
    /// Whether all images of its place were listed.
    pub all_listed: bool,
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
    /// Its family's name, known also where its rank is not because only some images were listed.
    pub family_name: Option<Cow<'a, str>>,
    pub version: Option<&'a Version>,
    /// Whether a newer image of the family it was made from can be launched; `None` where its base or that family is not known.
    pub newer_base: Option<bool>,
    /// The images above it; `None` where a place that was not read may hold one of them.
    pub ancestors: Option<Ancestors<'a>>,
    /// What was made of it and lives.
    pub children: Children<'a>,
    /// Regions where an available copy made from it was seen; `None` when the copies of this account
    /// could not be read in some Region.
    pub replica_regions: Option<BTreeSet<Region>>,
    /// How its copies differ from it; `None` when those of this account could not be read in some Region.
    pub drift: Option<Drift>,
    /// Configured consumers that would pick it by its name or tags; `None` where one may or may not.
    pub consumers: Option<usize>,
    /// Regions its own tag asks for copies in.
    pub replicate_to: BTreeSet<Region>,
    /// The service or tool in charge of it.
    pub managed_by: Option<Managed>,
    pub legal_hold: bool,
    /// The keep tag it carries.
    pub keep_tag: Option<&'a str>,
    /// Until when EC2 may refuse to deregister it because protection with cooldown was taken off.
    pub cooling_until: Option<Timestamp>,
    /// How long the Recycle Bin would keep it, and all its snapshots with it.
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
    /// What was found to name it (templates, configurations, parameters, resources, failed launches), whether or not it is all.
    pub users: &'a [Reference],
    /// All of them, or why they are not all known.
    pub usage: Result<Usage<'a>, Vec<Unknown>>,
    pub source_volume_exists: Option<bool>,
    /// Since it was first seen without the image it was made for.
    pub orphaned_for: Option<SignedDuration>,
    pub lock: Guard<'a>,
    pub fast_restore: Guard<'a>,
    pub managed_by: Option<Managed>,
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

/// The time since `then`, never negative: a date in the future is an age of nothing.
pub(super) fn since(then: Timestamp, now: Timestamp) -> SignedDuration {
    now.duration_since(then).max(SignedDuration::ZERO)
}
