//! EBS snapshots and volumes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

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
    /// `compliance` or `governance`.
    pub mode: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// How many hours a compliance lock can be taken back.
    pub cool_off_hours: Option<i64>,
}

impl Lock {
    /// Until when a compliance lock can be taken back.
    pub fn cool_off_until(&self) -> Option<Timestamp> {
        self.cool_off_hours.map(|hours| self.created + SignedDuration::from_hours(hours))
    }

    /// `compliance`, `governance`, `compliance-cooloff` or `expired`.
    pub fn state(&self, now: Timestamp) -> &str {
        if self.expires <= now {
            "expired"
        } else if self.mode == "compliance" && self.cool_off_until().is_some_and(|until| now < until) {
            "compliance-cooloff"
        } else {
            &self.mode
        }
    }
}

/// Fast Snapshot Restore in one Availability Zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FastRestore {
    /// The account that enabled it, and pays for it.
    pub owner: String,
    /// For example `us-east-1a`.
    pub zone: String,
    /// `enabling`, `optimizing`, `enabled`, `disabling` or `disabled`.
    pub state: String,
    /// When it entered each of its states so far.
    pub entered: BTreeMap<String, Timestamp>,
    /// When it enters its next state, if there is one.
    pub due: Option<Timestamp>,
}

impl FastRestore {
    /// Enters a state; `lasting` if another one follows it.
    pub(crate) fn enter(&mut self, state: &str, at: Timestamp, lasting: Option<SignedDuration>) {
        state.clone_into(&mut self.state);
        self.entered.insert(state.to_owned(), at);
        self.due = lasting.map(|lasting| at + lasting);
    }
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
        self.lock.as_ref().is_some_and(|lock| lock.state(now) != "expired")
    }

    /// Of its owner's own: that of another account holds nothing back.
    pub(crate) fn has_fast_restore(&self) -> bool {
        self.fast_restores.iter().any(|restore| restore.owner == self.owner && restore.state != "disabled")
    }

    /// "It takes 60 minutes per TiB to optimize a snapshot."
    pub(crate) fn time_to_optimize(&self) -> SignedDuration {
        SignedDuration::from_secs(self.volume_size * 3600 / 1024)
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
