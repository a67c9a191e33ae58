//! What was about to be done, written down before it was done, and what became of it.
//!
//! INVARIANT: an intent is on disk before [`Ledger::intend`] returns, and outcomes are rows that are added, never changed.
//! An intent without a final outcome is open: after a crash it is found again and AWS is asked what happened.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::Entry;

use super::{CycleId, Ledger, LedgerError, json, read_json, read_stamp, stamp};

/// One intended step; written `intent-34`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId(pub(super) i64);

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("intent-{}", self.0))
    }
}

impl Serialize for IntentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A step that was about to be done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Intent {
    pub id: IntentId,
    pub cycle: CycleId,
    pub at: Timestamp,
    pub entry: Entry,
    /// What the step destroys: permissions, tags, deprecation, mappings.
    pub before: Value,
}

/// What became of an intent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Outcome {
    /// AWS did it, or it was found done.
    Done { detail: Value },
    /// AWS refused; nothing happened.
    Failed { code: String, message: String },
    /// It was not tried: the resource was no longer as the plan saw it.
    Skipped { reason: String },
    /// The answer was lost; to be read back. Not final.
    Unknown { message: String },
    /// It has begun and takes its time, such as a copy. Not final.
    InFlight { detail: Value },
}

impl Outcome {
    /// Whether nothing can follow.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Done { .. } | Self::Failed { .. } | Self::Skipped { .. } => true,
            Self::Unknown { .. } | Self::InFlight { .. } => false,
        }
    }

    /// The word in the ledger, the metrics and the messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
            Self::Unknown { .. } => "unknown",
            Self::InFlight { .. } => "inFlight",
        }
    }
}

/// An intent that has no final outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpenIntent {
    pub intent: Intent,
    /// What was last known; `None` when the process ended before it knew anything.
    pub last: Option<Outcome>,
}

/// The columns of [`IntentRow`].
pub(super) type IntentRow = (i64, i64, String, String, String);

impl Ledger {
    /// Writes down that `entry` is about to be enacted. Only when this has returned may AWS be called.
    pub async fn intend(&self, cycle: CycleId, entry: &Entry, before: &Value, now: Timestamp) -> Result<IntentId, LedgerError> {
        let done = sqlx::query("INSERT INTO intents (cycle, at, resource, triple, entry, before) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(cycle.0)
            .bind(stamp(now))
            .bind(entry.resource.to_string())
            .bind(json("what a step is about", &entry.triple())?)
            .bind(json("a step", entry)?)
            .bind(json("a before-image", before)?)
            .execute(&self.pool)
            .await
            .map_err(self.fault("write down an intent"))?;
        Ok(IntentId(done.last_insert_rowid()))
    }

    /// Writes down what became of an intent.
    ///
    /// # Errors
    /// [`LedgerError::Concluded`] when it already has a final outcome, [`LedgerError::Unknown`] when there is no such intent.
    pub async fn conclude(&self, intent: IntentId, outcome: &Outcome, now: Timestamp) -> Result<(), LedgerError> {
        let detail = json("an outcome", outcome)?;
        let mut transaction = self.write().await?;
        let sql = "SELECT (SELECT count(*) FROM intents WHERE id = ?1),
                          (SELECT count(*) FROM outcomes WHERE intent = ?1 AND kind IN ('done', 'failed', 'skipped'))";
        let row = sqlx::query_as(sql).bind(intent.0).fetch_one(&mut *transaction).await;
        match row.map_err(self.fault("read an intent"))? {
            (0_i64, _) => return Err(LedgerError::Unknown { id: intent.to_string() }),
            (_, 0_i64) => (),
            _ => return Err(LedgerError::Concluded { intent }),
        }
        sqlx::query("INSERT INTO outcomes (intent, at, kind, detail) VALUES (?, ?, ?, ?)")
            .bind(intent.0)
            .bind(stamp(now))
            .bind(outcome.name())
            .bind(detail)
            .execute(&mut *transaction)
            .await
            .map_err(self.fault("write down an outcome"))?;
        transaction.commit().await.map_err(self.fault("write down an outcome"))
    }

    /// Intents without a final outcome, oldest first: what a crash, a lost answer or a long copy left behind.
    pub async fn open_intents(&self) -> Result<Vec<OpenIntent>, LedgerError> {
        let sql = "SELECT i.id, i.cycle, i.at, i.entry, i.before,
                          (SELECT detail FROM outcomes o WHERE o.intent = i.id ORDER BY o.id DESC LIMIT 1)
                   FROM intents i
                   WHERE NOT EXISTS (SELECT 1 FROM outcomes f WHERE f.intent = i.id AND f.kind IN ('done', 'failed', 'skipped'))
                   ORDER BY i.id";
        let rows: Vec<(i64, i64, String, String, String, Option<String>)> =
            sqlx::query_as(sql).fetch_all(&self.pool).await.map_err(self.fault("read the open intents"))?;
        rows.into_iter()
            .map(|(id, cycle, at, entry, before, last)| {
                let intent = intent((id, cycle, at, entry, before))?;
                let last = last.as_deref().map(|detail| read_json("an outcome", detail)).transpose()?;
                Ok(OpenIntent { intent, last })
            })
            .collect()
    }
}

pub(super) fn intent((id, cycle, at, entry, before): IntentRow) -> Result<Intent, LedgerError> {
    Ok(Intent {
        id: IntentId(id),
        cycle: CycleId(cycle),
        at: read_stamp(&at)?,
        entry: read_json("an intent", &entry)?,
        before: read_json("a before-image", &before)?,
    })
}
