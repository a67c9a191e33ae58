//! Steps whose outcome is open: answers that were lost, processes that ended in between, copies on their way.
//!
//! An ambiguous answer is read back, never repeated blindly.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::aws::read::{self, Lookup};
use crate::inventory::{History, Triple};
use crate::ledger::{LedgerError, OpenIntent, Outcome};
use crate::model::{Action, AmiId, Grantee, ImageState, Place};
use crate::plan::Entry;

use super::Acting;
use super::call::look;
use super::enact::count_failure;
use super::reread::Present;
use super::still::is_deprecated_soon;

/// An effect that cannot be seen after this long did not happen: listings lag by seconds, rarely by minutes.
const SETTLED: SignedDuration = SignedDuration::from_mins(15);
/// A copy that is not available after this long is given up and reported.
const LONGEST_COPY: SignedDuration = SignedDuration::from_hours(48);

/// Looks at every open intent and concludes those whose outcome can be told.
///
/// # Errors
/// When the ledger cannot be read or written.
pub async fn reconcile(acting: &Acting<'_>, history: &mut History) -> Result<Vec<(Entry, Outcome)>, LedgerError> {
    let mut concluded = Vec::new();
    let open = acting.ledger.open_intents().await?;
    // The ledger's open intents say which copies are on their way; a memory of others would block their steps for ever.
    let known: BTreeSet<Triple> = open.iter().map(|open| open.intent.entry.triple()).collect();
    history.copies.retain(|triple, _| known.contains(triple));
    for OpenIntent { intent, last } in open {
        let age = acting.clock.now().duration_since(intent.at);
        let step = intent.entry;
        let outcome = match copy_of(&step, last.as_ref(), history) {
            Some(image) => copying(acting, &step, image, age).await,
            None => settled(read_back(acting, &step, last.unwrap_or(lost())).await, age),
        };
        if !outcome.is_final() {
            continue;
        }
        let triple = step.triple();
        history.copies.remove(&triple);
        match &outcome {
            Outcome::Done { .. } => {
                history.failures.remove(&triple);
                acting.ledger.clear_approvals(&[triple], acting.clock.now()).await?;
            }
            Outcome::Failed { code, message } => count_failure(history, &step, code, message, acting.clock.now()),
            _ => {}
        }
        acting.ledger.conclude(intent.id, &outcome, acting.clock.now()).await?;
        tracing::info!(action = %step.action, resource = %step.resource, region = %step.place.region, "open since an earlier cycle, now {}", outcome.name());
        concluded.push((step, outcome));
    }
    Ok(concluded)
}

/// What a process that ended before the answer leaves behind.
fn lost() -> Outcome {
    Outcome::Unknown { message: "the process ended before the answer".into() }
}

/// Whether the effect can be seen: then it is done; if not, it stays as it was.
pub(super) async fn read_back(acting: &Acting<'_>, step: &Entry, unknown: Outcome) -> Outcome {
    if step.action == Action::Replicate {
        return find_copy(acting, step).await.unwrap_or(unknown);
    }
    let Ok(clients) = acting.aws.clients(&step.place) else { return unknown };
    match look(&clients, step).await {
        Ok(present) if effect_is_visible(step, &present, acting.clock.now()) => Outcome::Done { detail: json!("read back") },
        _ => unknown,
    }
}

fn effect_is_visible(step: &Entry, present: &Present, now_at: Timestamp) -> bool {
    match (step.action, present) {
        (Action::Deregister | Action::DeleteSnapshot, Present::Gone) => true,
        (Action::Disable, Present::Image(now)) => now.image.state == ImageState::Disabled,
        (Action::Deprecate, Present::Image(now)) => now.image.deprecation_at.is_some_and(|at| is_deprecated_soon(at, now_at)),
        (Action::MakePrivate, Present::Image(now)) => !now.permissions.0.contains(&Grantee::Everyone),
        (Action::MakePrivate, Present::Snapshot(now)) => !now.permissions.0.contains(&Grantee::Everyone),
        (Action::RevokeShare, Present::Image(now)) => {
            step.context.grantee.as_ref().is_some_and(|grantee| !now.permissions.0.contains(grantee))
        }
        (Action::RevokeShare, Present::Snapshot(now)) => {
            step.context.grantee.as_ref().is_some_and(|grantee| !now.permissions.0.contains(grantee))
        }
        _ => false,
    }
}

/// After long enough, an effect that cannot be seen did not happen.
fn settled(outcome: Outcome, age: SignedDuration) -> Outcome {
    match outcome {
        Outcome::Unknown { message } if age >= SETTLED => {
            Outcome::Failed { code: "NoEffect".into(), message: format!("no effect can be seen; the answer was lost: {message}") }
        }
        other => other,
    }
}

/// The copy that `step` started, if it is known.
fn copy_of(step: &Entry, last: Option<&Outcome>, history: &History) -> Option<AmiId> {
    let told = match last {
        Some(Outcome::InFlight { detail }) => detail.get("image").and_then(Value::as_str).map(AmiId::from),
        _ => None,
    };
    told.or_else(|| history.copies.get(&step.triple()).map(|copy| copy.image.clone()))
}

/// A copy on its way: available, failed, or still coming.
async fn copying(acting: &Acting<'_>, step: &Entry, image: AmiId, age: SignedDuration) -> Outcome {
    let on_its_way = Outcome::InFlight { detail: json!({ "image": image }) };
    let Some(there) = target(step) else { return on_its_way };
    let Ok(clients) = acting.aws.clients(&there) else { return on_its_way };
    let state = match read::image(&clients, &image).await {
        Ok(Lookup::Found(found)) => found.state.map(|state| ImageState::named(&state)),
        Ok(Lookup::Gone) if age >= SETTLED => Some(ImageState::Other("gone".into())),
        Ok(Lookup::Gone) | Err(_) => None,
    };
    match state {
        Some(ImageState::Available) => Outcome::Done { detail: json!({ "image": image, "region": there.region }) },
        Some(ImageState::Other(state)) => Outcome::Failed { code: "CopyFailed".into(), message: format!("the copy {image} is `{state}`") },
        _ if age >= LONGEST_COPY => {
            Outcome::Failed { code: "CopyTooSlow".into(), message: format!("the copy {image} is not available after 48 hours") }
        }
        _ => on_its_way,
    }
}

/// A copy whose id was lost with the answer, told by its source.
async fn find_copy(acting: &Acting<'_>, step: &Entry) -> Option<Outcome> {
    let there = target(step)?;
    let clients = acting.aws.clients(&there).ok()?;
    let listed = read::images(&clients).await.ok()?.images?;
    let source = step.resource.to_string();
    let copy = listed.into_iter().flatten().find(|image| {
        image.source_image_id.as_deref() == Some(&source) && image.source_image_region.as_deref() == Some(step.place.region.as_str())
    })?;
    Some(Outcome::InFlight { detail: json!({ "image": copy.image_id?, "region": there.region }) })
}

fn target(step: &Entry) -> Option<Place> {
    let region = step.context.target.clone()?;
    Some(Place { account: step.place.account.clone(), region })
}
