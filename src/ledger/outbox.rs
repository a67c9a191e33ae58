//! Messages that wait to be sent: delivered at least once, in order within a topic.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{Ledger, LedgerError, json, read_json, read_stamp, stamp};

/// One message to one topic, ready to be published as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Stable: the same event gives the same id, and is one message. At most 128 ASCII letters, digits and hyphens, so
    /// that it can be the deduplication id of a FIFO topic.
    pub id: String,
    /// The topic's ARN.
    pub topic: String,
    /// What it tells: `due`, `done`, `digest`, …
    pub event: String,
    /// Equal for messages that say the same; empty where nobody compares.
    pub fingerprint: String,
    /// The plan it speaks of.
    pub plan_id: String,
    /// Fit for SNS: fewer than 100 printable ASCII characters.
    pub subject: String,
    /// The JSON document for `MessageStructure=json`.
    pub body: String,
    /// To filter on. Each has at least one value.
    pub attributes: BTreeMap<String, Vec<String>>,
}

impl Message {
    /// The attributes as SNS wants them: name, data type and value. One value is a `String`, several are a
    /// `String.Array`; filter policies treat both alike (<https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html>).
    pub fn typed_attributes(&self) -> impl Iterator<Item = (&str, &'static str, String)> {
        self.attributes.iter().map(|(name, values)| match values.as_slice() {
            [value] => (name.as_str(), "String", value.clone()),
            values => (name.as_str(), "String.Array", serde_json::Value::from(values).to_string()),
        })
    }
}

/// What is in the outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outbox {
    pub waiting: u64,
    /// Since when the oldest one has been waiting.
    pub oldest: Option<Timestamp>,
    /// Why the last attempt failed, of any message that waits.
    pub error: Option<String>,
    pub parked: Vec<Parked>,
}

/// A message that SNS will never take as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parked {
    pub id: String,
    pub subject: String,
    pub error: String,
}

/// Parked messages named in the status; the rest is counted in the file alone.
const PARKED_SHOWN: i64 = 20;

/// A message as [`Ledger::due_messages`] selects it.
type MessageRow = (String, String, String, String, String, String, String, String, u32);

impl Ledger {
    /// Messages that may be sent now, oldest first. While one waits for its next attempt, the later ones of its topic wait too.
    pub async fn due_messages(&self, now: Timestamp, limit: u32) -> Result<Vec<(Message, u32)>, LedgerError> {
        let sql = "SELECT o.id, o.topic, o.event, o.fingerprint, o.plan_id, o.subject, o.body, o.attributes, o.attempts FROM outbox o
                   WHERE o.state = 'waiting'
                   AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.state = 'waiting' AND e.topic = o.topic AND e.seq <= o.seq AND e.next_at > ?)
                   ORDER BY o.seq LIMIT ?";
        let rows: Vec<MessageRow> =
            sqlx::query_as(sql).bind(stamp(now)).bind(limit).fetch_all(&self.pool).await.map_err(self.fault("read the outbox"))?;
        rows.into_iter()
            .map(|(id, topic, event, fingerprint, plan_id, subject, body, attributes, attempts)| {
                let attributes = read_json("the attributes of a message", &attributes)?;
                Ok((Message { id, topic, event, fingerprint, plan_id, subject, body, attributes }, attempts))
            })
            .collect()
    }

    /// Writes down that SNS took the message and called it `receipt`.
    pub async fn mark_sent(&self, id: &str, receipt: &str, now: Timestamp) -> Result<(), LedgerError> {
        let sql = "UPDATE outbox SET state = 'sent', settled_at = ?, receipt = ?, attempts = attempts + 1, error = NULL WHERE id = ? AND state = 'waiting'";
        let done = sqlx::query(sql).bind(stamp(now)).bind(receipt).bind(id).execute(&self.pool).await;
        done.map_err(self.fault("mark a message as sent"))?;
        Ok(())
    }

    /// Writes down that the message could not be sent, and when it is tried again.
    pub async fn mark_failed(&self, id: &str, error: &str, next_at: Timestamp) -> Result<(), LedgerError> {
        let sql = "UPDATE outbox SET attempts = attempts + 1, next_at = ?, error = ? WHERE id = ? AND state = 'waiting'";
        let done = sqlx::query(sql).bind(stamp(next_at)).bind(error).bind(id).execute(&self.pool).await;
        done.map_err(self.fault("mark a message as failed"))?;
        Ok(())
    }

    /// Puts a message aside that SNS will never take as it is. It is kept, shown in the status, and blocks no other.
    pub async fn park(&self, id: &str, error: &str, now: Timestamp) -> Result<(), LedgerError> {
        let sql =
            "UPDATE outbox SET state = 'parked', settled_at = ?, attempts = attempts + 1, error = ? WHERE id = ? AND state = 'waiting'";
        let done = sqlx::query(sql).bind(stamp(now)).bind(error).bind(id).execute(&self.pool).await;
        done.map_err(self.fault("park a message"))?;
        Ok(())
    }

    /// What waits, and what was put aside.
    pub async fn outbox(&self) -> Result<Outbox, LedgerError> {
        let sql = "SELECT count(*), min(enqueued_at), max(error) FROM outbox WHERE state = 'waiting'";
        let (waiting, oldest, error): (i64, Option<String>, Option<String>) =
            sqlx::query_as(sql).fetch_one(&self.pool).await.map_err(self.fault("read the outbox"))?;
        let sql = "SELECT id, subject, coalesce(error, '') FROM outbox WHERE state = 'parked' ORDER BY seq DESC LIMIT ?";
        let parked: Vec<(String, String, String)> =
            sqlx::query_as(sql).bind(PARKED_SHOWN).fetch_all(&self.pool).await.map_err(self.fault("read the outbox"))?;
        Ok(Outbox {
            waiting: u64::try_from(waiting).unwrap_or(0),
            oldest: oldest.as_deref().map(read_stamp).transpose()?,
            error,
            parked: parked.into_iter().map(|(id, subject, error)| Parked { id, subject, error }).collect(),
        })
    }

    /// Adds messages inside a transaction; an id that is known is the same message and is left as it is.
    pub(super) async fn add_messages(
        &self,
        connection: &mut sqlx::SqliteConnection,
        messages: &[Message],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        for message in messages {
            let Message { id, topic, event, fingerprint, plan_id, subject, body, attributes } = message;
            let sql = "INSERT INTO outbox (id, topic, event, fingerprint, plan_id, subject, body, attributes, enqueued_at, next_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9) ON CONFLICT (id) DO NOTHING";
            sqlx::query(sql)
                .bind(id)
                .bind(topic)
                .bind(event)
                .bind(fingerprint)
                .bind(plan_id)
                .bind(subject)
                .bind(body)
                .bind(json("the attributes of a message", attributes)?)
                .bind(stamp(now))
                .execute(&mut *connection)
                .await
                .map_err(self.fault("put a message into the outbox"))?;
        }
        Ok(())
    }
}
