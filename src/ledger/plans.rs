//! Plans: that one was made is kept for ever, its full document as long as it can still be of use.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use crate::model::Place;
use crate::plan::Plan;

use super::{CycleId, Ledger, LedgerError, json, read_json, read_stamp, stamp};

/// Full documents kept per kind of cycle. At four scans a day that is two weeks: the longest shipped grace time, so
/// that the plan in which a step became due can be read when the step is done. Equal plans share one document.
const KEPT_PER_KIND: i64 = 60;

/// Full scans looked back over where a place stays unreadable: two days of the shipped schedule.
const REMEMBERED: i64 = 8;

/// How much was in a plan; kept when the document is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanCounts {
    pub complete: bool,
    pub steps: usize,
    pub pending: usize,
    pub held: usize,
    pub findings: usize,
    pub gaps: usize,
}

impl PlanCounts {
    /// Counts `plan`.
    pub fn of(plan: &Plan) -> Self {
        let Plan { version: _, plan_id: _, now: _, complete, principal: _, gaps, steps, pending, held, findings, untouched: _ } = plan;
        Self {
            complete: *complete,
            steps: steps.len(),
            pending: pending.len(),
            held: held.len(),
            findings: findings.len(),
            gaps: gaps.len(),
        }
    }
}

impl Ledger {
    /// Writes down what a cycle decided, and drops documents that are too old.
    pub async fn record_plan(&self, cycle: CycleId, plan: &Plan) -> Result<(), LedgerError> {
        let document = json("a plan", plan)?;
        let mut transaction = self.write().await?;
        let sql = "INSERT INTO plans (cycle, kind, plan_id, made_at, counts) SELECT id, kind, ?, ?, ? FROM cycles WHERE id = ?";
        let done = sqlx::query(sql)
            .bind(&plan.plan_id)
            .bind(stamp(plan.now))
            .bind(json("the counts of a plan", &PlanCounts::of(plan))?)
            .bind(cycle.0)
            .execute(&mut *transaction)
            .await
            .map_err(self.fault("record a plan"))?;
        if done.rows_affected() == 0 {
            return Err(LedgerError::Unknown { id: cycle.to_string() });
        }
        sqlx::query("INSERT INTO plan_documents (plan_id, document) VALUES (?, ?) ON CONFLICT (plan_id) DO NOTHING")
            .bind(&plan.plan_id)
            .bind(document)
            .execute(&mut *transaction)
            .await
            .map_err(self.fault("record a plan"))?;
        trim(&mut transaction).await.map_err(self.fault("drop old plan documents"))?;
        transaction.commit().await.map_err(self.fault("record a plan"))
    }

    /// The newest plan of any cycle.
    pub async fn latest_plan(&self) -> Result<Option<Plan>, LedgerError> {
        let sql = "SELECT p.made_at, d.document FROM plans p JOIN plan_documents d USING (plan_id) ORDER BY p.cycle DESC LIMIT 1";
        let row = sqlx::query_as(sql).fetch_optional(&self.pool).await.map_err(self.fault("read the latest plan"))?;
        row.map(made).transpose()
    }

    /// What people have been told and still holds: what "new" is measured against, oldest first.
    ///
    /// That is the newest full scan and what came after it. Where that scan could not read a place, what earlier ones
    /// said of the place still holds: otherwise one throttled listing would make everything there new again.
    pub async fn reported_plans(&self) -> Result<Vec<Plan>, LedgerError> {
        let (newest, mut plans) = self.reported_scans().await?;
        plans.reverse();
        let sql = "SELECT p.made_at, d.document FROM plans p JOIN plan_documents d USING (plan_id)
                   WHERE p.kind <> 'scan' AND p.cycle > ?
                   AND p.cycle IN (SELECT max(p.cycle) FROM plans p JOIN reports r USING (cycle) GROUP BY p.kind) ORDER BY p.cycle";
        let rows: Vec<(String, String)> =
            sqlx::query_as(sql).bind(newest).fetch_all(&self.pool).await.map_err(self.fault("read the reported plans"))?;
        for row in rows {
            plans.push(made(row)?);
        }
        Ok(plans)
    }

    /// The cycle of the newest reported full scan, and its plan with those before it as far as they still hold, newest first.
    async fn reported_scans(&self) -> Result<(i64, Vec<Plan>), LedgerError> {
        let (mut newest, mut plans) = (0, Vec::new());
        let mut hidden: Option<BTreeSet<Place>> = None;
        // One by one: a plan can be large, and mostly one is enough.
        for age in 0..REMEMBERED {
            let sql =
                "SELECT p.cycle, p.made_at, d.document FROM plans p JOIN reports r USING (cycle) JOIN plan_documents d USING (plan_id)
                       WHERE p.kind = 'scan' ORDER BY p.cycle DESC LIMIT 1 OFFSET ?";
            let row: Option<(i64, String, String)> =
                sqlx::query_as(sql).bind(age).fetch_optional(&self.pool).await.map_err(self.fault("read the reported plans"))?;
            let Some((cycle, made_at, document)) = row else { break };
            let mut plan = made((made_at, document))?;
            let gaps: BTreeSet<Place> = plan.gaps.iter().map(|gap| gap.place.clone()).collect();
            match &mut hidden {
                None => {
                    newest = cycle;
                    hidden = Some(gaps);
                }
                Some(hidden) => {
                    only_in(&mut plan, hidden);
                    hidden.retain(|place| gaps.contains(place));
                }
            }
            plans.push(plan);
            if hidden.as_ref().is_some_and(BTreeSet::is_empty) {
                break;
            }
        }
        Ok((newest, plans))
    }

    /// The plan of that id as it was first made; `None` when it is unknown or its document has been dropped.
    pub async fn plan(&self, plan_id: &str) -> Result<Option<Plan>, LedgerError> {
        let sql =
            "SELECT p.made_at, d.document FROM plans p JOIN plan_documents d USING (plan_id) WHERE p.plan_id = ? ORDER BY p.cycle LIMIT 1";
        let row = sqlx::query_as(sql).bind(plan_id).fetch_optional(&self.pool).await.map_err(self.fault("read a plan"))?;
        row.map(made).transpose()
    }
}

/// Leaves what `plan` says of these places.
fn only_in(plan: &mut Plan, places: &BTreeSet<Place>) {
    let Plan { version: _, plan_id: _, now: _, complete: _, principal: _, gaps, steps, pending, held, findings, untouched: _ } = plan;
    for entries in [steps, pending, held] {
        entries.retain(|entry| places.contains(&entry.place));
    }
    findings.retain(|finding| places.contains(&finding.place));
    // A gap that closed meanwhile and opens again is new.
    gaps.clear();
}

/// The document with the time of its cycle: `plan_id` covers everything else.
fn made((made_at, document): (String, String)) -> Result<Plan, LedgerError> {
    let now: Timestamp = read_stamp(&made_at)?;
    let plan: Plan = read_json("a plan", &document)?;
    Ok(Plan { now, ..plan })
}

/// Drops documents that neither the newest cycles nor the next report need. The rows of `plans` stay.
async fn trim(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM plan_documents WHERE plan_id NOT IN (
                   SELECT plan_id FROM (SELECT plan_id, row_number() OVER (PARTITION BY kind ORDER BY cycle DESC) AS age FROM plans) WHERE age <= ?
                   UNION
                   SELECT plan_id FROM plans WHERE cycle IN (SELECT max(p.cycle) FROM plans p JOIN reports r USING (cycle) GROUP BY p.kind))";
    sqlx::query(sql).bind(KEPT_PER_KIND).execute(connection).await?;
    Ok(())
}
