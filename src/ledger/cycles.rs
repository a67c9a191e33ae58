//! When a cycle began and how it ended.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ledger, LedgerError, Unreadable, json, stamp};

/// One cycle of the record; written `cycle-12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CycleId(pub(super) i64);

impl fmt::Display for CycleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("cycle-{}", self.0))
    }
}

impl Serialize for CycleId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a cycle is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CycleKind {
    /// The daemon's full scan.
    Scan,
    /// The daemon's look at the public listings.
    Exposure,
    /// A person's `apply`.
    Apply,
}

impl CycleKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Scan, Self::Exposure, Self::Apply];

    /// The word in the ledger, the metrics and the status.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Exposure => "exposure",
            Self::Apply => "apply",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self, LedgerError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| LedgerError::unreadable("a kind of cycle", Unreadable::Word(name.into())))
    }
}

impl fmt::Display for CycleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How a cycle ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CycleResult {
    /// Everything was read.
    Complete,
    /// Something could not be read; what it could hide was held.
    Gaps,
    /// There is no plan.
    Failed,
    /// Asked to end before it was through.
    Stopped,
}

impl CycleResult {
    /// All results.
    pub const ALL: [Self; 4] = [Self::Complete, Self::Gaps, Self::Failed, Self::Stopped];

    /// The word in the ledger, the metrics and the status.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Gaps => "gaps",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    pub(super) fn named(name: &str) -> Result<Self, LedgerError> {
        Self::ALL
            .into_iter()
            .find(|result| result.name() == name)
            .ok_or_else(|| LedgerError::unreadable("a result of a cycle", Unreadable::Word(name.into())))
    }
}

impl fmt::Display for CycleResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is written down when a cycle ends.
#[derive(Clone, Debug, PartialEq)]
pub struct CycleEnd {
    pub result: CycleResult,
    /// Whatever helps to understand it later: requests, durations, the error.
    pub detail: serde_json::Value,
}

impl Ledger {
    /// Writes down that a cycle began.
    pub async fn begin_cycle(&self, kind: CycleKind, now: Timestamp) -> Result<CycleId, LedgerError> {
        let done = sqlx::query("INSERT INTO cycles (kind, started_at) VALUES (?, ?)")
            .bind(kind.name())
            .bind(stamp(now))
            .execute(&self.pool)
            .await
            .map_err(self.fault("begin a cycle"))?;
        Ok(CycleId(done.last_insert_rowid()))
    }

    /// Writes down how a cycle ended. A cycle without an end was cut off.
    pub async fn finish_cycle(&self, cycle: CycleId, end: &CycleEnd, now: Timestamp) -> Result<(), LedgerError> {
        sqlx::query("INSERT INTO cycle_ends (cycle, ended_at, result, detail) VALUES (?, ?, ?, ?)")
            .bind(cycle.0)
            .bind(stamp(now))
            .bind(end.result.name())
            .bind(json("the end of a cycle", &end.detail)?)
            .execute(&self.pool)
            .await
            .map_err(self.fault("finish a cycle"))?;
        Ok(())
    }
}
