//! What earlier cycles witnessed, as rows: read whole, written as differences.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use crate::inventory::History;

use super::{Ledger, LedgerError, json, read_json};

/// Rows per statement: SQLite takes them as one JSON argument.
const BATCH: usize = 2_000;

/// The differences in one map of the history.
#[derive(Default)]
struct Changes {
    /// Keys and values, both as JSON texts.
    written: Vec<(String, String)>,
    gone: Vec<String>,
}

impl Ledger {
    /// Everything earlier cycles witnessed. One row that cannot be read fails the whole: a clock that seems never to
    /// have run could be taken for one that has just begun.
    pub async fn history(&self) -> Result<History, LedgerError> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("SELECT kind, key, value FROM history").fetch_all(&self.pool).await.map_err(self.fault("read the history"))?;
        let mut kinds: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for (kind, key, value) in rows {
            kinds.entry(kind).or_default().push((key, value));
        }
        let history = History {
            clocks: take(&mut kinds, "clocks")?,
            failures: take(&mut kinds, "failures")?,
            disabled_since: take(&mut kinds, "disabled_since")?,
            orphaned_since: take(&mut kinds, "orphaned_since")?,
            mappings: take(&mut kinds, "mappings")?,
            cooldowns: take(&mut kinds, "cooldowns")?,
            parents: take(&mut kinds, "parents")?,
            listed_at: take(&mut kinds, "listed_at")?,
            rules_since: take(&mut kinds, "rules_since")?,
            copies: take(&mut kinds, "copies")?,
            sizes: take(&mut kinds, "sizes")?,
            members: take(&mut kinds, "members")?,
            readings: take(&mut kinds, "readings")?,
            permissions: take(&mut kinds, "permissions")?,
            watched: take(&mut kinds, "watched")?,
            failed_launches: take(&mut kinds, "failed_launches")?,
            // A record's own note.
            recorded: BTreeMap::new(),
            unreached: Vec::new(),
        };
        match kinds.into_keys().next() {
            Some(kind) => Err(LedgerError::unreadable("history", super::Unreadable::Word(kind))),
            None => Ok(history),
        }
    }

    /// Makes the stored history `after`, given that it is `before`. All or nothing.
    pub async fn save_history(&self, before: &History, after: &History) -> Result<(), LedgerError> {
        let History {
            clocks,
            failures,
            disabled_since,
            orphaned_since,
            mappings,
            cooldowns,
            parents,
            listed_at,
            rules_since,
            copies,
            sizes,
            members,
            readings,
            permissions,
            watched,
            failed_launches,
            recorded: _,
            unreached: _,
        } = after;
        let changes = [
            ("clocks", differences(&before.clocks, clocks)?),
            ("failures", differences(&before.failures, failures)?),
            ("disabled_since", differences(&before.disabled_since, disabled_since)?),
            ("orphaned_since", differences(&before.orphaned_since, orphaned_since)?),
            ("mappings", differences(&before.mappings, mappings)?),
            ("cooldowns", differences(&before.cooldowns, cooldowns)?),
            ("parents", differences(&before.parents, parents)?),
            ("listed_at", differences(&before.listed_at, listed_at)?),
            ("rules_since", differences(&before.rules_since, rules_since)?),
            ("copies", differences(&before.copies, copies)?),
            ("sizes", differences(&before.sizes, sizes)?),
            ("members", differences(&before.members, members)?),
            ("readings", differences(&before.readings, readings)?),
            ("permissions", differences(&before.permissions, permissions)?),
            ("watched", differences(&before.watched, watched)?),
            ("failed_launches", differences(&before.failed_launches, failed_launches)?),
        ];
        if changes.iter().all(|(_, changes)| changes.written.is_empty() && changes.gone.is_empty()) {
            return Ok(());
        }
        let mut transaction = self.write().await?;
        for (kind, changes) in &changes {
            self.write_changes(&mut transaction, kind, changes).await?;
        }
        transaction.commit().await.map_err(self.fault("save the history"))
    }

    async fn write_changes(&self, connection: &mut SqliteConnection, kind: &str, changes: &Changes) -> Result<(), LedgerError> {
        for batch in changes.written.chunks(BATCH) {
            let sql = "INSERT INTO history (kind, key, value) SELECT ?, value ->> 0, value ->> 1 FROM json_each(?) WHERE true
                       ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value";
            let done = sqlx::query(sql).bind(kind).bind(json("history", &batch)?).execute(&mut *connection).await;
            done.map_err(self.fault("save the history"))?;
        }
        for batch in changes.gone.chunks(BATCH) {
            let sql = "DELETE FROM history WHERE kind = ? AND key IN (SELECT value FROM json_each(?))";
            let done = sqlx::query(sql).bind(kind).bind(json("history", &batch)?).execute(&mut *connection).await;
            done.map_err(self.fault("save the history"))?;
        }
        Ok(())
    }
}

fn take<K, V>(kinds: &mut BTreeMap<String, Vec<(String, String)>>, kind: &str) -> Result<BTreeMap<K, V>, LedgerError>
where
    K: DeserializeOwned + Ord,
    V: DeserializeOwned,
{
    let rows = kinds.remove(kind).unwrap_or_default();
    rows.into_iter().map(|(key, value)| Ok((read_json(kind, &key)?, read_json(kind, &value)?))).collect()
}

fn differences<K, V>(before: &BTreeMap<K, V>, after: &BTreeMap<K, V>) -> Result<Changes, LedgerError>
where
    K: Serialize + Ord,
    V: Serialize + PartialEq,
{
    let mut changes = Changes::default();
    for (key, value) in after.iter().filter(|(key, value)| before.get(key) != Some(value)) {
        changes.written.push((json("history", key)?, json("history", value)?));
    }
    for key in before.keys().filter(|key| !after.contains_key(key)) {
        changes.gone.push(json("history", key)?);
    }
    Ok(changes)
}
