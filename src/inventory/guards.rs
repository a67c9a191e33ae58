//! What makes EC2 refuse to delete a snapshot: locks and Fast Snapshot Restore.
//!
//! A state that this program does not know holds, like those it knows.

use std::collections::BTreeMap;

use crate::model::SnapshotId;

use super::answers::{DescribeFastSnapshotRestores, DescribeLockedSnapshots};
use super::decode::{members, required};

/// Whether something guards a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard<'a> {
    Off,
    /// In EC2's words, for people.
    On(&'a str),
    /// Nobody asked, or the answer could not be read.
    Unread,
}

impl<'a> Guard<'a> {
    /// The guard of one snapshot among those that are guarded; `None` is a listing that was not read.
    pub(super) fn of(listed: Option<&'a BTreeMap<SnapshotId, String>>, id: &SnapshotId) -> Self {
        listed.map_or(Self::Unread, |listed| listed.get(id).map_or(Self::Off, |state| Self::On(state)))
    }

    /// Whether it is on; `None` when that is not known.
    pub fn is_on(self) -> Option<bool> {
        match self {
            Self::Off => Some(false),
            Self::On(_) => Some(true),
            Self::Unread => None,
        }
    }
}

/// The locked snapshots of an answer, with the state of each lock. An expired lock is none: "the snapshot is not locked and
/// can be deleted" (EC2 API reference, LockedSnapshotsInfo).
///
/// # Errors
/// When a member names no snapshot: it might be any.
pub fn locks(answer: DescribeLockedSnapshots) -> Result<BTreeMap<SnapshotId, String>, String> {
    let mut locks = BTreeMap::new();
    for lock in members(answer.snapshots, "Snapshots")? {
        let id = required(lock.snapshot_id, "SnapshotId", "a locked snapshot")?;
        let state = lock.lock_state.unwrap_or_else(|| "in an unknown state".into());
        if state == "expired" {
            continue;
        }
        let until = lock.lock_expires_on.map(|at| format!(" until {}", at.escape_default())).unwrap_or_default();
        locks.insert(id.into(), format!("{}{until}", state.escape_default()));
    }
    Ok(locks)
}

/// The snapshots of an answer with Fast Snapshot Restore, with the state in each Availability Zone. EC2 deletes none of them
/// before it is `disabled` everywhere (`InvalidSnapshot.InUse`, aws-nuke#453).
///
/// # Errors
/// When a member names no snapshot: it might be any.
pub fn fast_restores(answer: DescribeFastSnapshotRestores) -> Result<BTreeMap<SnapshotId, String>, String> {
    let mut zones: BTreeMap<SnapshotId, Vec<String>> = BTreeMap::new();
    for restore in members(answer.fast_snapshot_restores, "FastSnapshotRestores")? {
        let id = required(restore.snapshot_id, "SnapshotId", "a Fast Snapshot Restore")?;
        let state = restore.state.unwrap_or_else(|| "in an unknown state".into());
        if state != "disabled" {
            let zone = restore.availability_zone.unwrap_or_else(|| "some Availability Zone".into());
            zones.entry(id.into()).or_default().push(format!("{} in {}", state.escape_default(), zone.escape_default()));
        }
    }
    let told = |mut zones: Vec<String>| {
        zones.sort();
        zones.join(", ")
    };
    Ok(zones.into_iter().map(|(id, zones)| (id, told(zones))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::answers::{FastSnapshotRestore, LockedSnapshot};

    fn lock(id: Option<&str>, state: Option<&str>) -> DescribeLockedSnapshots {
        let lock = LockedSnapshot { snapshot_id: id.map(Into::into), lock_state: state.map(Into::into), ..LockedSnapshot::default() };
        DescribeLockedSnapshots { snapshots: Some(vec![Some(lock)]) }
    }

    fn restore(state: Option<&str>) -> DescribeFastSnapshotRestores {
        let one =
            FastSnapshotRestore { snapshot_id: Some("snap-1".into()), state: state.map(Into::into), ..FastSnapshotRestore::default() };
        DescribeFastSnapshotRestores { fast_snapshot_restores: Some(vec![Some(one)]) }
    }

    #[test]
    fn every_lock_but_an_expired_one_holds() {
        for state in [Some("governance"), Some("compliance"), Some("compliance-cooloff"), Some("something-new"), None] {
            assert_eq!(locks(lock(Some("snap-1"), state)).unwrap().len(), 1, "{state:?}");
        }
        assert_eq!(locks(lock(Some("snap-1"), Some("expired"))).unwrap().len(), 0);
    }

    #[test]
    fn fast_snapshot_restore_holds_until_it_is_disabled_everywhere() {
        for state in [Some("enabling"), Some("optimizing"), Some("enabled"), Some("disabling"), Some("something-new"), None] {
            assert_eq!(fast_restores(restore(state)).unwrap().len(), 1, "{state:?}");
        }
        assert_eq!(fast_restores(restore(Some("disabled"))).unwrap().len(), 0);
    }

    #[test]
    fn a_lock_of_nobody_knows_what_is_a_failed_read() {
        assert!(locks(lock(None, Some("governance"))).is_err());
        assert!(locks(DescribeLockedSnapshots { snapshots: None }).is_err());
        assert!(fast_restores(DescribeFastSnapshotRestores { fast_snapshot_restores: Some(vec![None]) }).is_err());
    }
}
