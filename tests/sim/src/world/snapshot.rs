//! EBS snapshots and volumes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::image::{Permission, Tags, is_backup};

/// `State` of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotState {
    Pending,
    Completed,
    Error,
    Recoverable,
    Recovering,
}

impl SnapshotState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Error => "error",
            Self::Recoverable => "recoverable",
            Self::Recovering => "recovering",
        }
    }
}

/// A snapshot lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// `compliance`, `governance`, `compliance-cooloff` or `expired`.
    pub state: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// Fast Snapshot Restore in one Availability Zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FastRestore {
    /// For example `us-east-1a`.
    pub zone: String,
    /// `enabling`, `optimizing`, `enabled`, `disabling` or `disabled`.
    pub state: String,
    /// Since when.
    pub enabled: Timestamp,
}

/// An EBS snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub id: String,
    pub owner: String,
    pub description: String,
    pub volume: String,
    pub volume_size: i64,
    pub full_size: Option<i64>,
    pub started: Timestamp,
    pub completed: Option<Timestamp>,
    pub state: SnapshotState,
    pub tier: String,
    pub encrypted: bool,
    pub kms_key: Option<String>,
    pub permissions: BTreeSet<Permission>,
    pub lock: Option<Lock>,
    pub fast_restores: Vec<FastRestore>,
    pub tags: Tags,
}

impl Snapshot {
    /// Whether everybody may make volumes of it.
    pub fn is_public(&self) -> bool {
        self.permissions.contains(&Permission::Everyone)
    }

    /// AWS Backup's own.
    pub fn is_managed_by_backup(&self) -> bool {
        is_backup(&self.tags)
    }

    pub(crate) fn is_locked(&self, now: Timestamp) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.state != "expired" && now < lock.expires)
    }

    pub(crate) fn has_fast_restore(&self) -> bool {
        self.fast_restores.iter().any(|restore| restore.state != "disabled")
    }
}

/// An EBS volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    pub id: String,
    pub snapshot: Option<String>,
    pub size: i64,
    pub volume_type: String,
    pub state: String,
    pub zone: String,
    pub created: Timestamp,
    pub encrypted: bool,
    pub kms_key: Option<String>,
    pub instance: Option<String>,
    pub operator: Option<super::compute::Operator>,
    pub tags: Tags,
}
