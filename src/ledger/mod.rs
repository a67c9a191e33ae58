//! The append-only record: cycles, plans, intents, outcomes, approvals, and the messages that wait to be sent.
//!
//! One SQLite file with a write-ahead log. Every write is one transaction that is on disk before the call returns, so
//! that an intent is durable before its effect. Several processes may have it open; one at a time has the lease for a
//! cycle. It never reads a clock: `now` is an argument. It never calls AWS, and what was recorded is never rewritten.

mod approvals;
mod cycles;
mod error;
mod history;
mod intents;
mod lease;
mod open;
mod outbox;
mod plans;
mod reports;
mod story;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Sqlite;
use sqlx::sqlite::SqlitePool;

pub use approvals::Approval;
pub use cycles::{CycleEnd, CycleId, CycleKind, CycleResult};
pub use error::{LedgerError, Unreadable};
pub use intents::{Intent, IntentId, OpenIntent, Outcome};
pub use lease::{Holder, Lease};
pub use outbox::{Message, Outbox, Parked};
pub use plans::PlanCounts;
pub use reports::{Enacted, LastDigest, Report};
pub use story::{CycleStory, PlanStory, ResourceStory, Standing, StepStory, Story};

/// The open ledger. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Ledger {
    pool: SqlitePool,
    path: Arc<Path>,
    last_lease: Arc<lease::LastLease>,
}

impl Ledger {
    /// The file this ledger is in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Proves that the ledger can be written, by writing `now` into it.
    pub async fn probe(&self, now: Timestamp) -> Result<(), LedgerError> {
        let sql = "INSERT INTO heartbeat (only, at) VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET at = excluded.at";
        sqlx::query(sql).bind(stamp(now)).execute(&self.pool).await.map_err(self.fault("write the heartbeat"))?;
        Ok(())
    }

    /// Waits for what is under way and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that writes. It takes its place in the queue at once, so that it cannot fail half-way for another's lock.
    async fn write(&self) -> Result<sqlx::Transaction<'static, Sqlite>, LedgerError> {
        self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(self.fault("begin a transaction"))
    }

    /// Names the file and what was being done when SQLite refused.
    fn fault(&self, doing: &'static str) -> impl FnOnce(sqlx::Error) -> LedgerError + use<'_> {
        move |error| LedgerError::storage(&self.path, doing, error)
    }
}

/// RFC 3339 with nine digits: sorts as text, loses nothing.
fn stamp(at: Timestamp) -> String {
    format!("{at:.9}")
}

fn read_stamp(text: &str) -> Result<Timestamp, LedgerError> {
    text.parse().map_err(|error: jiff::Error| LedgerError::unreadable(format!("the time `{text}`"), error))
}

fn json(what: &'static str, value: &impl Serialize) -> Result<String, LedgerError> {
    serde_json::to_string(value).map_err(|source| LedgerError::Unwritable { what, source })
}

fn read_json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, LedgerError> {
    serde_json::from_str(text).map_err(|error| LedgerError::unreadable(what, error))
}
