//! Facts that are absent because something was not read, and not because there is nothing.
//!
//! A policy cannot tell the two apart: `resource has usage` is false either way. So whatever a policy would conclude from
//! such an absence is held.

use crate::model::Source;

use super::facts::{ImageFacts, SnapshotFacts};
use super::sharing::Reach;

/// A fact, by its name in the schema, with the source that would have told it.
pub type UnreadFact = (&'static str, Source);

impl ImageFacts<'_> {
    /// What policies may ask of it and nobody knows. `usage`, which many sources tell, is [`ImageFacts::usage`]'s matter.
    pub fn unread(&self) -> Vec<UnreadFact> {
        let mut unread = unread_of(&[
            ("family", Source::Images, self.family.is_none() && self.family_name.is_some()),
            ("sharing", Source::LaunchPermissions, self.sharing.is_none()),
            ("ancestors", Source::Images, self.ancestors.is_none()),
            ("ancestorsComplete", Source::Images, self.ancestors.is_none()),
            ("newerBase", Source::Images, self.ancestors.is_none() && self.newer_base.is_none()),
            ("children", Source::Images, !self.children.unknown.is_empty()),
            ("liveChildren", Source::Images, !self.children.unknown.is_empty()),
            ("replicaRegions", Source::Images, self.replica_regions.is_none()),
            ("replicaDrift", Source::Images, self.drift.is_none()),
            ("consumers", Source::Images, self.consumers.is_none()),
        ]);
        unread.extend(unread_reach(&self.reach));
        unread
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
        unread.extend(unread_reach(&self.reach));
        unread
    }
}

fn unread_reach(reach: &Reach<'_>) -> Vec<UnreadFact> {
    let Reach { public_snapshots, snapshots_shared_with, left, unusable, keys: _ } = reach;
    unread_of(&[
        ("snapshotsPublic", Source::PublicSnapshots, public_snapshots.is_none()),
        ("snapshotsSharedWith", Source::CreateVolumePermissions, snapshots_shared_with.is_none()),
        ("sharedWithLeft", Source::Organization, left.is_none()),
        ("unusableShares", Source::KeyPolicies, unusable.is_none()),
    ])
}

fn unread_of(facts: &[(&'static str, Source, bool)]) -> Vec<UnreadFact> {
    facts.iter().filter(|(.., unread)| *unread).map(|(fact, source, _)| (*fact, source.clone())).collect()
}
