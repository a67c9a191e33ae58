//! What the ledger tells: cycles with their counts, and the whole story of a cycle, a plan, an intent or a resource.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::model::{Action, Place};
use crate::plan::{Entry, Finding, Plan};

use super::intents::{Intent, IntentRow, intent};
use super::{Approval, CycleId, CycleKind, CycleResult, IntentId, Ledger, LedgerError, Outcome, PlanCounts, read_json, read_stamp};

/// One line of `ledger list`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CycleStory {
    pub id: CycleId,
    pub kind: CycleKind,
    pub started_at: Timestamp,
    /// `None` for a cycle that runs, or was cut off.
    pub ended_at: Option<Timestamp>,
    pub result: Option<CycleResult>,
    pub detail: Option<Value>,
    pub plan_id: Option<String>,
    pub counts: Option<PlanCounts>,
    /// Its intents by their last outcome; `open` where there is none.
    pub outcomes: BTreeMap<String, u64>,
}

/// An intent and everything that became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepStory {
    pub intent: Intent,
    pub outcomes: Vec<(Timestamp, Outcome)>,
}

/// A plan and the cycles that made it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanStory {
    pub plan_id: String,
    pub counts: PlanCounts,
    pub cycles: Vec<CycleId>,
    /// `None` when the document has been dropped.
    pub plan: Option<Plan>,
}

/// Where something stands in the latest plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Step(Entry),
    Pending(Entry),
    Held(Entry),
    Finding(Finding),
}

/// Everything known about one resource.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ResourceStory {
    pub resource: String,
    /// When the latest plan was made.
    pub planned_at: Option<Timestamp>,
    pub standing: Vec<Standing>,
    pub approvals: Vec<Approval>,
    /// Since when an action has been due, and the time counted towards its grace, in seconds.
    pub clocks: Vec<(Place, Action, Timestamp, i64)>,
    pub steps: Vec<StepStory>,
}

/// The answer to `ledger show`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Story {
    Cycle { cycle: Box<CycleStory>, steps: Vec<StepStory> },
    Plan(Box<PlanStory>),
    Intent(Box<StepStory>),
    Resource(Box<ResourceStory>),
}

type CycleRow = (i64, String, String, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>, Option<String>);

/// A cycle with its end and its plan, and its intents counted by their last outcome, as a JSON object.
macro_rules! cycle_rows {
    ($tail:literal) => {
        concat!(
            "SELECT c.id, c.kind, c.started_at, e.ended_at, e.result, e.detail, p.plan_id, p.counts,
                    (SELECT json_group_object(kind, n) FROM (
                        SELECT coalesce((SELECT o.kind FROM outcomes o WHERE o.intent = i.id ORDER BY o.id DESC LIMIT 1), 'open') AS kind, count(*) AS n
                        FROM intents i WHERE i.cycle = c.id GROUP BY 1))
             FROM cycles c LEFT JOIN cycle_ends e ON e.cycle = c.id LEFT JOIN plans p ON p.cycle = c.id ",
            $tail
        )
    };
}

impl Ledger {
    /// The newest cycles, newest first.
    pub async fn list(&self, limit: u32) -> Result<Vec<CycleStory>, LedgerError> {
        let rows: Vec<CycleRow> = sqlx::query_as(cycle_rows!("ORDER BY c.id DESC LIMIT ?"))
            .bind(limit)
            .fetch_all(&self.pool)
            .await
            .map_err(self.fault("read the cycles"))?;
        rows.into_iter().map(cycle).collect()
    }

    /// The story of `cycle-12`, `intent-34`, a plan (its id or the first six and more digits of it), or a resource.
    pub async fn show(&self, id: &str) -> Result<Story, LedgerError> {
        let number = |prefix| id.strip_prefix(prefix).and_then(|rest: &str| rest.parse::<i64>().ok());
        if let Some(number) = number("cycle-") {
            return self.cycle_story(id, CycleId(number)).await;
        }
        if let Some(number) = number("intent-") {
            return self.intent_story(id, IntentId(number)).await;
        }
        if id.len() >= 6 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return self.plan_story(id).await;
        }
        self.resource_story(id).await
    }

    async fn cycle_story(&self, asked: &str, id: CycleId) -> Result<Story, LedgerError> {
        let row: Option<CycleRow> = sqlx::query_as(cycle_rows!("WHERE c.id = ?"))
            .bind(id.0)
            .fetch_optional(&self.pool)
            .await
            .map_err(self.fault("read a cycle"))?;
        let row = row.ok_or_else(|| LedgerError::Unknown { id: asked.into() })?;
        let rows: Vec<IntentRow> = sqlx::query_as("SELECT id, cycle, at, entry, before FROM intents WHERE cycle = ? ORDER BY id")
            .bind(id.0)
            .fetch_all(&self.pool)
            .await
            .map_err(self.fault("read the intents of a cycle"))?;
        Ok(Story::Cycle { cycle: Box::new(cycle(row)?), steps: self.steps(rows).await? })
    }

    async fn intent_story(&self, asked: &str, id: IntentId) -> Result<Story, LedgerError> {
        let rows: Vec<IntentRow> = sqlx::query_as("SELECT id, cycle, at, entry, before FROM intents WHERE id = ?")
            .bind(id.0)
            .fetch_all(&self.pool)
            .await
            .map_err(self.fault("read an intent"))?;
        let step = self.steps(rows).await?.pop().ok_or_else(|| LedgerError::Unknown { id: asked.into() })?;
        Ok(Story::Intent(Box::new(step)))
    }

    async fn plan_story(&self, asked: &str) -> Result<Story, LedgerError> {
        let rows: Vec<(String, i64, String)> =
            sqlx::query_as("SELECT plan_id, cycle, counts FROM plans WHERE plan_id LIKE ? || '%' ORDER BY cycle")
                .bind(asked)
                .fetch_all(&self.pool)
                .await
                .map_err(self.fault("read a plan"))?;
        let Some((plan_id, _, counts)) = rows.first() else { return Err(LedgerError::Unknown { id: asked.into() }) };
        let others = rows.iter().map(|(id, ..)| id).collect::<std::collections::BTreeSet<_>>();
        if others.len() > 1 {
            return Err(LedgerError::Ambiguous { id: asked.into(), count: others.len() });
        }
        Ok(Story::Plan(Box::new(PlanStory {
            counts: read_json("the counts of a plan", counts)?,
            cycles: rows.iter().map(|(_, cycle, _)| CycleId(*cycle)).collect(),
            plan: self.plan(plan_id).await?,
            plan_id: plan_id.clone(),
        })))
    }

    async fn resource_story(&self, resource: &str) -> Result<Story, LedgerError> {
        let rows: Vec<IntentRow> = sqlx::query_as("SELECT id, cycle, at, entry, before FROM intents WHERE resource = ? ORDER BY id")
            .bind(resource)
            .fetch_all(&self.pool)
            .await
            .map_err(self.fault("read the intents of a resource"))?;
        let steps = self.steps(rows).await?;
        let latest = self.latest_plan().await?;
        let planned_at = latest.as_ref().map(|plan| plan.now);
        let standing = latest.map(|plan| standing(plan, resource)).unwrap_or_default();
        let approvals: Vec<Approval> =
            self.approvals().await?.into_iter().filter(|approval| approval.triple.resource.to_string() == resource).collect();
        let clocks: Vec<_> = (self.history().await?.clocks.into_iter())
            .filter(|(triple, _)| triple.resource.to_string() == resource)
            .map(|(triple, clock)| (triple.place, triple.action, clock.since, clock.elapsed_seconds))
            .collect();
        if steps.is_empty() && standing.is_empty() && approvals.is_empty() && clocks.is_empty() {
            return Err(LedgerError::Unknown { id: resource.into() });
        }
        Ok(Story::Resource(Box::new(ResourceStory { resource: resource.into(), planned_at, standing, approvals, clocks, steps })))
    }

    /// The outcomes of each of these intents.
    async fn steps(&self, rows: Vec<IntentRow>) -> Result<Vec<StepStory>, LedgerError> {
        let ids = super::json("intents", &rows.iter().map(|row| row.0).collect::<Vec<_>>())?;
        let found: Vec<(i64, String, String)> =
            sqlx::query_as("SELECT intent, at, detail FROM outcomes WHERE intent IN (SELECT value FROM json_each(?)) ORDER BY id")
                .bind(ids)
                .fetch_all(&self.pool)
                .await
                .map_err(self.fault("read outcomes"))?;
        let mut outcomes: BTreeMap<i64, Vec<(Timestamp, Outcome)>> = BTreeMap::new();
        for (intent, at, detail) in found {
            outcomes.entry(intent).or_default().push((read_stamp(&at)?, read_json("an outcome", &detail)?));
        }
        rows.into_iter().map(|row| Ok(StepStory { outcomes: outcomes.remove(&row.0).unwrap_or_default(), intent: intent(row)? })).collect()
    }
}

fn cycle((id, kind, started_at, ended_at, result, detail, plan_id, counts, outcomes): CycleRow) -> Result<CycleStory, LedgerError> {
    Ok(CycleStory {
        id: CycleId(id),
        kind: CycleKind::named(&kind)?,
        started_at: read_stamp(&started_at)?,
        ended_at: ended_at.as_deref().map(read_stamp).transpose()?,
        result: result.as_deref().map(CycleResult::named).transpose()?,
        detail: detail.as_deref().map(|text| read_json("the end of a cycle", text)).transpose()?,
        plan_id,
        counts: counts.as_deref().map(|text| read_json("the counts of a plan", text)).transpose()?,
        outcomes: outcomes.as_deref().map(|text| read_json("the counts of a cycle", text)).transpose()?.unwrap_or_default(),
    })
}

fn standing(plan: Plan, resource: &str) -> Vec<Standing> {
    let is_it = |entry: &Entry| entry.resource.to_string() == resource;
    let steps = plan.steps.into_iter().filter(is_it).map(Standing::Step);
    let pending = plan.pending.into_iter().filter(is_it).map(Standing::Pending);
    let held = plan.held.into_iter().filter(is_it).map(Standing::Held);
    let findings = plan.findings.into_iter().filter(|finding| finding.resource.to_string() == resource).map(Standing::Finding);
    steps.chain(pending).chain(held).chain(findings).collect()
}
