//! A person's yes to what the tripwire held. It lasts until the thing has been enacted or is no longer due.

use jiff::Timestamp;
use serde::Serialize;

use crate::inventory::Triple;

use super::{Ledger, LedgerError, json, read_json, read_stamp, stamp};

/// One standing yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    pub triple: Triple,
    /// The plan the person had before them.
    pub plan_id: String,
    pub by: String,
    pub at: Timestamp,
}

impl Ledger {
    /// Writes down that `by` approved these things as plan `plan_id` showed them. What is already approved stays as it
    /// is. Gives the number of new approvals.
    pub async fn approve(&self, triples: &[Triple], plan_id: &str, by: &str, now: Timestamp) -> Result<usize, LedgerError> {
        let mut transaction = self.write().await?;
        let mut new = 0;
        for triple in triples {
            let sql = "INSERT INTO approvals (triple, plan_id, approved_by, approved_at) SELECT ?1, ?2, ?3, ?4
                       WHERE NOT EXISTS (SELECT 1 FROM approvals a WHERE a.triple = ?1
                                         AND NOT EXISTS (SELECT 1 FROM approval_ends e WHERE e.approval = a.id))";
            let done = sqlx::query(sql)
                .bind(json("an approval", triple)?)
                .bind(plan_id)
                .bind(by)
                .bind(stamp(now))
                .execute(&mut *transaction)
                .await
                .map_err(self.fault("write down an approval"))?;
            new += usize::try_from(done.rows_affected()).unwrap_or(0);
        }
        transaction.commit().await.map_err(self.fault("write down an approval"))?;
        Ok(new)
    }

    /// Every approval that still stands, oldest first.
    pub async fn approvals(&self) -> Result<Vec<Approval>, LedgerError> {
        let sql = "SELECT triple, plan_id, approved_by, approved_at FROM approvals
                   WHERE id NOT IN (SELECT approval FROM approval_ends) ORDER BY id";
        let rows: Vec<(String, String, String, String)> =
            sqlx::query_as(sql).fetch_all(&self.pool).await.map_err(self.fault("read the approvals"))?;
        rows.into_iter()
            .map(|(triple, plan_id, by, at)| Ok(Approval { triple: read_json("an approval", &triple)?, plan_id, by, at: read_stamp(&at)? }))
            .collect()
    }

    /// Ends the approvals of things that have been enacted or are no longer due. That they were given stays on record.
    pub async fn clear_approvals(&self, triples: &[Triple], now: Timestamp) -> Result<(), LedgerError> {
        if triples.is_empty() {
            return Ok(());
        }
        let keys = triples.iter().map(|triple| json("an approval", triple)).collect::<Result<Vec<_>, _>>()?;
        let sql = "INSERT INTO approval_ends (approval, ended_at) SELECT id, ? FROM approvals
                   WHERE triple IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT approval FROM approval_ends)";
        let done = sqlx::query(sql).bind(stamp(now)).bind(json("approvals", &keys)?).execute(&self.pool).await;
        done.map_err(self.fault("end approvals"))?;
        Ok(())
    }
}
