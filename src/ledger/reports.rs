//! Up to where people have been told, so that a crash between doing and telling loses no report.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::plan::{Entry, Plan};

use super::{CycleId, IntentId, Ledger, LedgerError, Message, Outcome, read_json, read_stamp, stamp};

/// How long the text of a sent message is kept. Its id stays: the same event must not be sent again.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What one cycle tells people; written down whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub cycle: CycleId,
    pub messages: Vec<Message>,
    /// The highest [`Enacted::number`] the messages speak of; 0 for none.
    pub through: i64,
}

/// A step whose outcome nobody has been told yet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Enacted {
    pub intent: IntentId,
    pub entry: Entry,
    pub outcome: Outcome,
    pub at: Timestamp,
    /// Whether the step ended the same way the last time, error code included.
    pub repeated: bool,
    /// Grows with every outcome in the ledger.
    pub number: i64,
}

/// The last digest that was put into the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastDigest {
    pub at: Timestamp,
    pub fingerprint: String,
    /// The plan it was about, while its document is kept.
    pub plan: Option<Plan>,
}

impl Report {
    /// The report of `cycle`, which tells `enacted` among other things.
    pub fn new(cycle: CycleId, messages: Vec<Message>, enacted: &[Enacted]) -> Self {
        Self { cycle, messages, through: enacted.iter().map(|enacted| enacted.number).max().unwrap_or(0) }
    }
}

impl Ledger {
    /// Puts the messages of a cycle into the outbox and marks the cycle and its outcomes as told, in one transaction.
    pub async fn enqueue(&self, report: &Report, now: Timestamp) -> Result<(), LedgerError> {
        let Report { cycle, messages, through } = report;
        let mut transaction = self.write().await?;
        self.add_messages(&mut transaction, messages, now).await?;
        sqlx::query("INSERT INTO reports (cycle, at, through) VALUES (?, ?, ?) ON CONFLICT (cycle) DO UPDATE SET through = max(through, excluded.through)")
            .bind(cycle.0)
            .bind(stamp(now))
            .bind(through)
            .execute(&mut *transaction)
            .await
            .map_err(self.fault("mark a cycle as reported"))?;
        let before = now.checked_sub(KEPT).unwrap_or(Timestamp::MIN);
        sqlx::query("UPDATE outbox SET body = '' WHERE state = 'sent' AND body <> '' AND settled_at < ?")
            .bind(stamp(before))
            .execute(&mut *transaction)
            .await
            .map_err(self.fault("drop the text of old messages"))?;
        transaction.commit().await.map_err(self.fault("put messages into the outbox"))
    }

    /// Outcomes nobody has been told yet, in the order they happened.
    pub async fn unreported(&self) -> Result<Vec<Enacted>, LedgerError> {
        // The outcome before this one, of any intent for the same thing.
        let sql = "SELECT o.id, o.intent, o.at, o.detail, i.entry,
                          (SELECT p.detail FROM outcomes p JOIN intents q ON q.id = p.intent
                           WHERE q.triple = i.triple AND p.id < o.id ORDER BY p.id DESC LIMIT 1)
                   FROM outcomes o JOIN intents i ON i.id = o.intent
                   WHERE o.id > (SELECT coalesce(max(through), 0) FROM reports) ORDER BY o.id";
        let rows: Vec<(i64, i64, String, String, String, Option<String>)> =
            sqlx::query_as(sql).fetch_all(&self.pool).await.map_err(self.fault("read what was not reported yet"))?;
        rows.into_iter()
            .map(|(number, intent, at, detail, entry, earlier)| {
                let outcome: Outcome = read_json("an outcome", &detail)?;
                let earlier: Option<Outcome> = earlier.map(|detail| read_json("an outcome", &detail)).transpose()?;
                let repeated = earlier.is_some_and(|earlier| ended_alike(&earlier, &outcome));
                Ok(Enacted {
                    intent: IntentId(intent),
                    entry: read_json("an intent", &entry)?,
                    outcome,
                    at: read_stamp(&at)?,
                    repeated,
                    number,
                })
            })
            .collect()
    }

    /// When the last digest was put into the outbox, and what it said.
    pub async fn last_digest(&self) -> Result<Option<LastDigest>, LedgerError> {
        let sql = "SELECT enqueued_at, fingerprint, plan_id FROM outbox WHERE event = 'digest' ORDER BY seq DESC LIMIT 1";
        let row: Option<(String, String, String)> =
            sqlx::query_as(sql).fetch_optional(&self.pool).await.map_err(self.fault("read the last digest"))?;
        let Some((at, fingerprint, plan_id)) = row else { return Ok(None) };
        Ok(Some(LastDigest { at: read_stamp(&at)?, fingerprint, plan: self.plan(&plan_id).await? }))
    }
}

fn ended_alike(one: &Outcome, other: &Outcome) -> bool {
    match (one, other) {
        (Outcome::Failed { code, .. }, Outcome::Failed { code: again, .. }) => code == again,
        _ => one.name() == other.name() && !matches!(one, Outcome::Done { .. }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_news() {
        let failed = |code: &str| Outcome::Failed { code: code.into(), message: "no".into() };
        let done = Outcome::Done { detail: serde_json::Value::Null };
        assert!(ended_alike(&failed("UnauthorizedOperation"), &failed("UnauthorizedOperation")));
        assert!(!ended_alike(&failed("UnauthorizedOperation"), &failed("InvalidAMIID.NotFound")));
        assert!(!ended_alike(&done, &done));
    }
}
