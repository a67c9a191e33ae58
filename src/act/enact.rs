//! One step after the other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::inventory::{Copy, Estate, Failures, History, Triple};
use crate::ledger::{LedgerError, Outcome};
use crate::model::{Action, AmiId, Place};
use crate::plan::Entry;

use super::call::{Attempt, call, failed, look};
use super::reconcile::COPY_FAILED;
use super::reread::Present;
use super::{Acting, reconcile, still};

/// Enacts `steps` in their order and tells what became of each. `estate` is what they were planned from; failures and
/// copies on their way go into `history`. Asked to stop, it stops between two steps and leaves the rest undone.
///
/// # Errors
/// When the ledger cannot be written: then nothing further is tried, since nothing may be done without a record.
pub async fn enact(
    acting: &Acting<'_>,
    steps: &[Entry],
    estate: &Estate,
    history: &mut History,
) -> Result<Vec<(Entry, Outcome)>, LedgerError> {
    let mut done = Vec::new();
    let mut limits = Limits::default();
    let open: BTreeSet<Triple> = acting.ledger.open_intents().await?.iter().map(|open| open.intent.entry.triple()).collect();
    for step in steps {
        if acting.stop.asked() {
            tracing::info!(left = steps.len() - done.len(), "asked to stop: the remaining steps wait for the next cycle");
            break;
        }
        let skip = match open.contains(&step.triple()) {
            // Nobody knows yet what the earlier call did: it is read back in each cycle, never repeated blindly.
            true => Some("an earlier try of it is not concluded yet".into()),
            false => limits.over(acting, step),
        };
        let outcome = match skip {
            Some(reason) => Outcome::Skipped { reason },
            None => one(acting, step, estate, history).await?,
        };
        remember(acting, step, &outcome, history);
        note(acting, step, &outcome);
        if matches!(outcome, Outcome::Done { .. }) {
            acting.ledger.clear_approvals(&[step.triple()], acting.clock.now()).await?;
        }
        done.push((step.clone(), outcome));
    }
    Ok(done)
}

/// One line for each step: a warning where somebody may have to do something.
fn note(acting: &Acting<'_>, step: &Entry, outcome: &Outcome) {
    let Entry { action, resource, place, .. } = step;
    let (account, region, cycle) = (&place.account, &place.region, acting.cycle);
    let told = match outcome {
        Outcome::Failed { code, message } => format!(": {code}: {message}"),
        Outcome::Unknown { message } => format!(": {message}"),
        Outcome::Skipped { reason } => format!(": {reason}"),
        Outcome::Done { .. } | Outcome::InFlight { .. } => String::new(),
    };
    match outcome {
        Outcome::Failed { .. } | Outcome::Unknown { .. } => {
            tracing::warn!(%action, %resource, account.id = %account, %region, cycle.id = %cycle, "{}: {action} {resource}{told}", outcome.name());
        }
        _ => {
            tracing::info!(%action, %resource, account.id = %account, %region, cycle.id = %cycle, "{}: {action} {resource}{told}", outcome.name())
        }
    }
}

/// Re-read, check, intent, call, outcome. What is not even tried is in the ledger too, with its reason.
async fn one(acting: &Acting<'_>, step: &Entry, estate: &Estate, history: &History) -> Result<Outcome, LedgerError> {
    let now = || acting.clock.now();
    let (before, present) = match ready(acting, step, estate).await {
        Ok(ready) => ready,
        Err(outcome) => {
            let intent = acting.ledger.intend(acting.cycle, step, &Value::Null, now()).await?;
            acting.ledger.conclude(intent, &outcome, now()).await?;
            return Ok(outcome);
        }
    };
    let tried_at = now();
    let intent = acting.ledger.intend(acting.cycle, step, &before, tried_at).await?;
    let triple = step.triple();
    let attempt = Attempt {
        since: history.clocks.get(&triple).map_or(tried_at, |clock| clock.since),
        // Only a copy that is known to have failed is followed by another one; a lost answer is not.
        failures: history.failures.get(&triple).filter(|failures| failures.code == COPY_FAILED).map_or(0, |failures| failures.count),
    };
    let mut outcome = call(acting, step, &present, attempt).await;
    if let Outcome::Unknown { message } = &outcome {
        tracing::warn!(action = %step.action, resource = %step.resource, "the answer was lost ({message}); reading back");
        outcome = reconcile::read_back(acting, step, outcome.clone(), tried_at).await;
    }
    acting.ledger.conclude(intent, &outcome, now()).await?;
    Ok(outcome)
}

/// The resource as it is now with its before-image, or why the step is not even tried.
async fn ready(acting: &Acting<'_>, step: &Entry, estate: &Estate) -> Result<(Value, Present), Outcome> {
    let skipped = |reason: String| Outcome::Skipped { reason };
    let planned = estate.places.get(&step.place).ok_or_else(|| skipped(format!("{} was not scanned", step.place)))?;
    let clients = acting.aws.clients(&step.place).map_err(failed)?;
    let present = look(&clients, step).await.map_err(failed)?;
    if let Some(reason) = still::skip(step, &present, planned, acting.config) {
        return Err(skipped(reason));
    }
    let before = present.before().map_err(|error| skipped(format!("its before-image cannot be saved: {error}")))?;
    Ok((before, present))
}

/// What the next cycles must know of this step.
fn remember(acting: &Acting<'_>, step: &Entry, outcome: &Outcome, history: &mut History) {
    let triple = step.triple();
    // Whatever came of it, its permissions may be others now, and CloudTrail tells of it only later.
    history.permissions.remove(&step.resource);
    match outcome {
        Outcome::Done { .. } => {
            history.failures.remove(&triple);
        }
        Outcome::Failed { code, message } => count_failure(history, step, code, message, acting.clock.now()),
        Outcome::InFlight { detail } => {
            if let Some(image) = detail.get("image").and_then(|image| image.as_str()) {
                history.copies.insert(triple, Copy { image: AmiId::from(image), started_at: acting.clock.now() });
            }
        }
        Outcome::Skipped { .. } | Outcome::Unknown { .. } => {}
    }
}

pub(super) fn count_failure(history: &mut History, step: &Entry, code: &str, message: &str, now: Timestamp) {
    let failures = history.failures.entry(step.triple()).or_insert_with(|| Failures {
        count: 0,
        last_at: now,
        code: String::new(),
        message: String::new(),
    });
    *failures = Failures { count: failures.count.saturating_add(1), last_at: now, code: code.to_owned(), message: message.to_owned() };
}

/// The rates once more, whatever the plan said.
#[derive(Default)]
struct Limits {
    in_place: BTreeMap<Place, usize>,
    in_all: usize,
}

impl Limits {
    fn over(&mut self, acting: &Acting<'_>, step: &Entry) -> Option<String> {
        if !step.action.takes_away() {
            return (step.action == Action::Notify).then(|| "there is nothing to do for `notify`".into());
        }
        let limits = &acting.config.limits;
        let here = self.in_place.entry(step.place.clone()).or_default();
        if *here >= limits.per_place || self.in_all >= limits.per_cycle {
            return Some("the rate of this cycle is used up".into());
        }
        *here += 1;
        self.in_all += 1;
        None
    }
}
