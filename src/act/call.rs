//! The call that a step is: one step, one call, one outcome.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::aws::write::{CopyRequest, WriteOutcome, Writer};
use crate::aws::{AwsError, Clients};
use crate::ledger::Outcome;
use crate::model::{Action, Grantee, Image, ResourceId, Shareable, Tags};
use crate::plan::Entry;

use super::Acting;
use super::reread::Present;

/// "Deprecate now" needs a time some minutes ahead: EC2 refuses the past and rounds to the minute.
pub(super) const DEPRECATE_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Longest name of an image (EC2 API reference, CopyImage).
const LONGEST_NAME: usize = 128;

/// Which try of a due step this is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// Since when it has been due.
    pub(super) since: Timestamp,
    /// Failures in a row before this try.
    pub(super) failures: u32,
}

/// Does what `step` says. The intent must be in the ledger.
pub(super) async fn call(acting: &Acting<'_>, step: &Entry, present: &Present, attempt: Attempt) -> Outcome {
    let writer = |place| acting.aws.writing_clients(place).map(Writer::for_act);
    let here = match writer(&step.place) {
        Ok(here) => here,
        Err(error) => return failed(error),
    };
    match (step.action, &step.resource, &step.context) {
        (Action::Deprecate, ResourceId::Image(id), _) => {
            let at = acting.clock.now().checked_add(DEPRECATE_AHEAD).unwrap_or(Timestamp::MAX);
            done(here.deprecate(id, at).await, |()| json!({ "deprecatedAt": at }))
        }
        (Action::Disable, ResourceId::Image(id), _) => done(here.disable(id).await, nothing),
        (Action::Deregister, ResourceId::Image(id), _) => done(here.deregister(id).await, nothing),
        (Action::DeleteSnapshot, ResourceId::Snapshot(id), _) => done(here.delete_snapshot(id).await, nothing),
        (Action::MakePrivate, ResourceId::Image(id), _) => done(here.make_image_private(id).await, nothing),
        (Action::MakePrivate, ResourceId::Snapshot(id), _) => done(here.make_snapshot_private(id).await, nothing),
        (Action::RevokeShare, resource, context) => match (resource, &context.grantee) {
            (ResourceId::Image(id), Some(grantee)) => done(here.unshare_image(id, grantee).await, nothing),
            (ResourceId::Snapshot(id), Some(grantee @ Grantee::Account(_))) => done(here.unshare_snapshot(id, grantee).await, nothing),
            _ => unfit(step),
        },
        (Action::BlockPublicAccess, ResourceId::Place(place), context) if *place == step.place => match context.of {
            Some(Shareable::Images) => done(here.block_new_public_images().await, nothing),
            Some(Shareable::Snapshots) => done(here.block_new_public_snapshots().await, nothing),
            None => unfit(step),
        },
        (Action::Replicate, ResourceId::Image(_), context) => match (&context.target, present) {
            (Some(target), Present::Image(now)) => {
                let there = crate::model::Place { account: step.place.account.clone(), region: target.clone() };
                match writer(&there) {
                    Ok(there) => copy(acting, step, &there, &now.image, attempt).await,
                    Err(error) => failed(error),
                }
            }
            _ => unfit(step),
        },
        _ => unfit(step),
    }
}

async fn copy(acting: &Acting<'_>, step: &Entry, there: &Writer, image: &Image, attempt: Attempt) -> Outcome {
    let config = acting.config;
    let request = CopyRequest {
        source: image.id.clone(),
        source_region: step.place.region.clone(),
        name: copy_name(image),
        description: image.description.clone(),
        client_token: token(step, attempt),
        tags: copied_tags(image, |key| {
            config.tags.keep.iter().chain(&config.tags.hold).any(|tag| tag == key) || key == config.tags.replicate
        }),
        kms_key: config.replication.kms_keys.get(&there.clients().place().region).cloned(),
    };
    match there.copy_image(&request).await {
        WriteOutcome::Done(copy) => Outcome::InFlight { detail: json!({ "image": copy, "region": there.clients().place().region }) },
        WriteOutcome::Failed(error) => failed(error),
        WriteOutcome::Unknown(error) => Outcome::Unknown { message: error.to_string() },
    }
}

/// The copy keeps the name: it is unique per Region, and people look for it. A replica is told by its source.
fn copy_name(image: &Image) -> String {
    let name = if image.name.is_empty() { image.id.to_string() } else { image.name.clone() };
    name.chars().take(LONGEST_NAME).collect()
}

/// Tags that go with the copy. Keep and hold tags speak of the one image, and replicas do not replicate onward.
fn copied_tags(image: &Image, stays: impl Fn(&str) -> bool) -> Tags {
    image.tags.iter().filter(|(key, _)| !key.starts_with("aws:") && !stays(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Makes a repeated CopyImage the same copy as long as its outcome is open; a try after a failure is a new copy.
fn token(step: &Entry, attempt: Attempt) -> String {
    let target = step.context.target.as_ref().map(ToString::to_string).unwrap_or_default();
    let text = format!("{} {} {target} {} {}", step.place, step.resource, attempt.since.as_second(), attempt.failures);
    Sha256::digest(text).iter().take(30).map(|byte| format!("{byte:02x}")).collect()
}

fn done<T>(outcome: WriteOutcome<T>, detail: impl FnOnce(T) -> Value) -> Outcome {
    match outcome {
        WriteOutcome::Done(value) => Outcome::Done { detail: detail(value) },
        WriteOutcome::Failed(error) => failed(error),
        WriteOutcome::Unknown(error) => Outcome::Unknown { message: error.to_string() },
    }
}

fn nothing((): ()) -> Value {
    Value::Null
}

pub(super) fn failed(error: AwsError) -> Outcome {
    Outcome::Failed { code: error.code, message: error.message }
}

fn unfit(step: &Entry) -> Outcome {
    Outcome::Skipped { reason: format!("`{}` cannot be done to {}", step.action, step.resource) }
}

/// Reads the resource of `step` as it is now.
pub(super) async fn look(clients: &Clients, step: &Entry) -> Result<Present, AwsError> {
    match &step.resource {
        ResourceId::Image(id) => super::reread::image(clients, id, step.action).await,
        ResourceId::Snapshot(id) => super::reread::snapshot(clients, id, step.action).await,
        ResourceId::Place(_) => match step.context.of {
            Some(of) => super::reread::place(clients, of).await,
            None => Ok(Present::Gone),
        },
        ResourceId::Instance(_) | ResourceId::Group(_) => Ok(Present::Gone),
    }
}
