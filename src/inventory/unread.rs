//! Facts that are absent because something was not read, and not because there is nothing.
//!
//! A policy cannot tell the two apart: `resource has usage` is false either way. So whatever a policy would conclude from
//! such an absence is held.

use crate::model::{Protection, Source};

use super::facts::{ImageFacts, SnapshotFacts};
use super::sharing::Reach;

/// A fact, by its name in the schema, with the source that would have told it.
pub type UnreadFact = (&'static str, Source);

impl ImageFacts<'_> {
    /// What policies may ask of it and nobody knows. `usage`, which many sources tell, is [`ImageFacts::usage`]'s matter.
    pub fn unread(&self) -> Vec<UnreadFact> {
        // Which images make up a family, and so whether one told by its name alone is one, only the whole listing says.
        let unranked = !self.all_listed && self.family_name.is_some();
        let base_told = self.source_region_told() && (self.all_listed || self.image.source_image.is_none());
        let mut unread = unread_of(&[
            ("family", Source::Images, unranked),
            ("familyName", Source::Images, unranked),
            ("version", Source::Images, !self.all_listed && self.version.is_none()),
            ("deregistrationProtected", Source::Images, self.image.protection == Protection::Unknown),
            ("sharing", Source::LaunchPermissions, self.sharing.is_none()),
            ("ancestors", Source::Images, self.ancestors.is_none()),
            ("ancestorsComplete", Source::Images, self.ancestors.is_none()),
            ("newerBase", Source::Images, self.newer_base.is_none() && (self.ancestors.is_none() || !base_told)),
            ("children", Source::Images, !self.children.unknown.is_empty()),
            ("liveChildren", Source::Images, !self.children.unknown.is_empty()),
            ("replicaRegions", Source::Images, self.replica_regions.is_none()),
            ("replicaDrift", Source::Images, self.drift.is_none()),
            // Of the drift; `sharing` has no such field.
            ("shares", Source::LaunchPermissions, self.drift.as_ref().is_some_and(|drift| drift.shares.is_none())),
            ("consumers", Source::Images, self.consumers.is_none()),
        ]);
        unread.extend(unread_reach(&self.reach, self.sharing.is_none().then_some(Source::LaunchPermissions)));
        unread
    }

    fn source_region_told(&self) -> bool {
        self.image.source_image.as_ref().is_none_or(|(_, region)| !region.is_any())
    }
}

impl SnapshotFacts<'_> {
    /// What policies may ask of it and nobody knows. `usage`, which many sources tell, is [`SnapshotFacts::usage`]'s matter.
    pub fn unread(&self) -> Vec<UnreadFact> {
        let mut unread = unread_of(&[
            ("isPublic", Source::PublicSnapshots, self.is_public.is_none()),
            ("sharing", Source::CreateVolumePermissions, self.sharing.is_none()),
            ("usedByImages", Source::Images, self.images.is_err()),
            ("orphanedFor", Source::Images, self.images.is_err()),
            ("sourceVolumeExists", Source::Volumes, self.source_volume_exists.is_none()),
            ("locked", Source::LockedSnapshots, self.lock.is_on().is_none()),
            ("fastRestore", Source::FastRestores, self.fast_restore.is_on().is_none()),
        ]);
        unread.extend(unread_reach(&self.reach, self.sharing.is_none().then_some(Source::CreateVolumePermissions)));
        unread
    }
}

/// `shares` is the source that did not tell whom it is shared with, if none did.
fn unread_reach(reach: &Reach<'_>, shares: Option<Source>) -> Vec<UnreadFact> {
    let or_shares = |source: Source| shares.clone().unwrap_or(source);
    let Reach { public_snapshots, snapshots_shared_with, left, unusable, keys: _ } = reach;
    unread_of(&[
        ("snapshotsPublic", Source::PublicSnapshots, public_snapshots.is_none()),
        ("snapshotsSharedWith", Source::CreateVolumePermissions, snapshots_shared_with.is_none()),
        ("sharedWithLeft", or_shares(Source::Organization), left.is_none()),
        ("unusableShares", or_shares(Source::KeyPolicies), unusable.is_none()),
    ])
}

fn unread_of(facts: &[(&'static str, Source, bool)]) -> Vec<UnreadFact> {
    facts.iter().filter(|(.., unread)| *unread).map(|(fact, source, _)| (*fact, source.clone())).collect()
}
