//! Steps whose outcome is open: answers that were lost, processes that ended in between, copies on their way.
//!
//! An ambiguous answer is read back, never repeated blindly.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::aws::read::{self, Lookup};
use crate::inventory::{Copy, History, Triple};
use crate::ledger::{LedgerError, OpenIntent, Outcome};
use crate::model::{Action, AmiId, BlockState, Grantee, ImageState, Place};
use crate::plan::Entry;

use super::Acting;
use super::call::{DEPRECATE_AHEAD, look};
use super::enact::count_failure;
use super::reread::Present;

/// An effect that cannot be seen after this long did not happen: listings lag by seconds, rarely by minutes, and Block
/// Public Access for images by up to ten
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableImageBlockPublicAccess.html>).
const SETTLED: SignedDuration = SignedDuration::from_mins(15);
/// The code of a copy that ended without an image.
pub(super) const COPY_FAILED: &str = "CopyFailed";
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
        let triple = step.triple();
        let copy = match copy_of(&step, last.as_ref(), history) {
            // Its id was lost with the answer.
            None if step.action == Action::Replicate => find_copy(acting, &step).await,
            known => known,
        };
        let was_made = copy.is_some();
        let outcome = match copy {
            Some(image) => {
                history.copies.entry(triple.clone()).or_insert_with(|| Copy { image: image.clone(), started_at: intent.at });
                copying(acting, &step, image, age).await
            }
            None => settled(read_back(acting, &step, last.clone().unwrap_or(lost()), intent.at).await, age),
        };
        if !outcome.is_final() {
            if last.as_ref().map(Outcome::name) != Some(outcome.name()) {
                acting.ledger.conclude(intent.id, &outcome, acting.clock.now()).await?;
            }
            continue;
        }
        history.copies.remove(&triple);
        match &outcome {
            Outcome::Done { .. } => {
                history.failures.remove(&triple);
                acting.ledger.clear_approvals(&[triple], acting.clock.now()).await?;
            }
            Outcome::Failed { code, message } => {
                count_failure(history, &step, code, message, acting.clock.now());
                if was_made {
                    // Due anew, so that the next try is another copy: with the same client token AWS would name this one again.
                    history.clocks.remove(&triple);
                }
            }
            _ => {}
        }
        acting.ledger.conclude(intent.id, &outcome, acting.clock.now()).await?;
        tracing::info!(action = %step.action, resource = %step.resource, account.id = %step.place.account, region = %step.place.region, "open since an earlier cycle, now {}", outcome.name());
        concluded.push((step, outcome));
    }
    Ok(concluded)
}

/// What a process that ended before the answer leaves behind.
fn lost() -> Outcome {
    Outcome::Unknown { message: "the process ended before the answer".into() }
}

/// Whether the effect of what was tried at `tried_at` can be seen: then it is done; if not, it stays as it was.
pub(super) async fn read_back(acting: &Acting<'_>, step: &Entry, unknown: Outcome, tried_at: Timestamp) -> Outcome {
    if step.action == Action::Replicate {
        return match find_copy(acting, step).await {
            Some(image) => Outcome::InFlight { detail: json!({ "image": image, "region": step.context.target }) },
            None => unknown,
        };
    }
    let Ok(clients) = acting.aws.clients(&step.place) else { return unknown };
    match look(&clients, step).await {
        Ok(present) if effect_is_visible(step, &present, tried_at) => Outcome::Done { detail: json!("read back") },
        _ => unknown,
    }
}

fn effect_is_visible(step: &Entry, present: &Present, tried_at: Timestamp) -> bool {
    // An image may have had a far date before.
    let soon = tried_at.checked_add(DEPRECATE_AHEAD).and_then(|at| at.checked_add(SETTLED)).unwrap_or(Timestamp::MAX);
    match (step.action, present) {
        (Action::Deregister | Action::DeleteSnapshot, Present::Gone) => true,
        (Action::Disable, Present::Image(now)) => now.image.state == ImageState::Disabled,
        (Action::Deprecate, Present::Image(now)) => now.image.deprecation_at.is_some_and(|at| at <= soon),
        (Action::MakePrivate, Present::Image(now)) => !now.permissions.0.contains(&Grantee::Everyone),
        (Action::MakePrivate, Present::Snapshot(now)) => !now.permissions.0.contains(&Grantee::Everyone),
        (Action::RevokeShare, Present::Image(now)) => {
            step.context.grantee.as_ref().is_some_and(|grantee| !now.permissions.0.contains(grantee))
        }
        (Action::RevokeShare, Present::Snapshot(now)) => {
            step.context.grantee.as_ref().is_some_and(|grantee| !now.permissions.0.contains(grantee))
        }
        (Action::BlockPublicAccess, Present::Place(now)) => now.block.state != BlockState::Unblocked,
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

fn image_in(detail: &Value) -> Option<AmiId> {
    detail.get("image").and_then(Value::as_str).map(AmiId::from)
}

/// The copy that `step` started, if it is known.
fn copy_of(step: &Entry, last: Option<&Outcome>, history: &History) -> Option<AmiId> {
    let told = match last {
        Some(Outcome::InFlight { detail }) => image_in(detail),
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
        Some(ImageState::Other(state)) => Outcome::Failed { code: COPY_FAILED.into(), message: format!("the copy {image} is `{state}`") },
        _ if age >= LONGEST_COPY => {
            Outcome::Failed { code: COPY_FAILED.into(), message: format!("the copy {image} is not available after 48 hours") }
        }
        _ => on_its_way,
    }
}

/// A copy whose id was lost with the answer, told by its source. One that failed is an earlier one.
async fn find_copy(acting: &Acting<'_>, step: &Entry) -> Option<AmiId> {
    let there = target(step)?;
    let clients = acting.aws.clients(&there).ok()?;
    let listed = read::images(&clients).await.ok()?.images?;
    let source = step.resource.to_string();
    let copy = listed.into_iter().flatten().find(|image| {
        let comes_from = (image.source_image_id.as_deref(), image.source_image_region.as_deref());
        let state = image.state.as_deref().map(ImageState::named);
        comes_from == (Some(&source), Some(step.place.region.as_str()))
            && matches!(state, Some(ImageState::Available | ImageState::Pending))
    })?;
    copy.image_id.map(AmiId::from)
}

fn target(step: &Entry) -> Option<Place> {
    let region = step.context.target.clone()?;
    Some(Place { account: step.place.account.clone(), region })
}
