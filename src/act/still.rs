//! Is the step still right for the resource as it is now? A reason to skip it, or none.

use crate::config::Config;
use crate::inventory::{Inventory, Managed, ManagedBy, managed_image, managed_snapshot};
use crate::model::{Action, BlockState, Grantee, Image, ImageState, Manager, Permissions, Protection, Tags};
use crate::plan::Entry;

use super::reread::{Present, PresentImage, PresentPlace, PresentSnapshot};

/// Why `step` must not be done now; `planned` is what the scan saw of the place.
pub(super) fn skip(step: &Entry, present: &Present, planned: &Inventory, config: &Config) -> Option<String> {
    match present {
        Present::Gone => Some("it is gone".into()),
        Present::Image(present) => image(step, present, planned, config),
        Present::Snapshot(now) => snapshot(step, now, planned, config),
        Present::Place(now) => settings(step, now),
    }
}

fn image(step: &Entry, now: &PresentImage, planned: &Inventory, config: &Config) -> Option<String> {
    let PresentImage { image, permissions, instances, .. } = now;
    if image.owner != step.place.account {
        return Some(format!("it belongs to {}", image.owner));
    }
    if let Some(reason) = exposure(step, permissions) {
        return reason;
    }
    if let Some(reason) = marked(&image.tags, managed_image(image, &config.managed.tools), config, step.action) {
        return Some(reason);
    }
    match step.action {
        Action::Deprecate => redated(image, planned),
        Action::Replicate => (image.state != ImageState::Available).then(|| format!("its state is `{}`", image.state)),
        Action::Disable if image.state != ImageState::Available => Some(format!("its state is `{}`", image.state)),
        Action::Disable | Action::Deregister => {
            changed(image, permissions, instances, planned).or_else(|| protected(step.action, image, planned))
        }
        Action::MakePrivate | Action::RevokeShare | Action::BlockPublicAccess | Action::Notify | Action::DeleteSnapshot => {
            Some("no such action on an image".into())
        }
    }
}

fn snapshot(step: &Entry, now: &PresentSnapshot, planned: &Inventory, config: &Config) -> Option<String> {
    let PresentSnapshot { snapshot, permissions, images, guards, .. } = now;
    if snapshot.owner != step.place.account {
        return Some(format!("it belongs to {}", snapshot.owner));
    }
    if let Some(reason) = exposure(step, permissions) {
        return reason;
    }
    if let Some(reason) = marked(&snapshot.tags, managed_snapshot(snapshot, &config.managed.tools), config, step.action) {
        return Some(reason);
    }
    if step.action != Action::DeleteSnapshot {
        return Some("no such action on a snapshot".into());
    }
    if let Some(image) = images.first() {
        return Some(format!("{image} needs it"));
    }
    if let Some(guard) = guards.first() {
        return Some(guard.clone());
    }
    if snapshot.state != "completed" {
        return Some(format!("its state is `{}`", snapshot.state.escape_default()));
    }
    let before = planned.create_volume_permissions.get(&snapshot.id);
    (before != Some(permissions)).then(|| "its create-volume permissions changed since the scan".into())
}

/// Only what is not blocked is blocked: new sharing blocked in place of all sharing would publish again what that hides.
fn settings(step: &Entry, now: &PresentPlace) -> Option<String> {
    let PresentPlace { block, .. } = now;
    if step.action != Action::BlockPublicAccess {
        return Some("no such action on a place".into());
    }
    match (block.state, block.managed_by) {
        (BlockState::Unblocked, Some(Manager::Account)) => None,
        (BlockState::Unblocked, Some(Manager::DeclarativePolicy)) => {
            Some("a declarative policy of the organization is in charge of it".into())
        }
        (BlockState::Unblocked, None) => Some("AWS did not tell who is in charge of it".into()),
        (state, _) => Some(format!("its state is `{}` already", state.name())),
    }
}

/// For steps that end exposure, all that matters is whether it is still there: `Some(None)` is yes.
fn exposure(step: &Entry, permissions: &Permissions) -> Option<Option<String>> {
    match (step.action, &step.context.grantee) {
        (Action::MakePrivate, _) => Some((!permissions.0.contains(&Grantee::Everyone)).then(|| "it is private already".into())),
        (Action::RevokeShare, Some(grantee)) => {
            Some((!permissions.0.contains(grantee)).then(|| format!("it is not shared with {grantee} any more")))
        }
        (Action::RevokeShare, None) => Some(Some("the step does not say whose share ends".into())),
        _ => None,
    }
}

fn marked(tags: &Tags, managed: Option<Managed>, config: &Config, action: Action) -> Option<String> {
    let tag = config.tags.keep.iter().chain(&config.tags.hold).find(|tag| tags.contains_key(*tag));
    let backup = managed.is_some_and(|managed| managed.by == ManagedBy::AwsBackup) && action != Action::Replicate;
    tag.map(|tag| format!("it carries the tag `{tag}`")).or_else(|| backup.then(|| "AWS Backup is in charge of it".into()))
}

/// Whether somebody set, moved or took away the deprecation date after the scan. A far date that the scan saw is
/// brought forward.
fn redated(image: &Image, planned: &Inventory) -> Option<String> {
    let Some(seen) = planned.images.iter().find(|seen| seen.id == image.id) else { return Some("the scan did not see it".into()) };
    (image.deprecation_at != seen.deprecation_at).then(|| match image.deprecation_at {
        Some(at) => format!("it was set to be deprecated at {at} since the scan"),
        None => "its deprecation was cancelled since the scan".into(),
    })
}

/// What tells that somebody turned to the image after the scan.
fn changed(image: &Image, permissions: &Permissions, instances: &[String], planned: &Inventory) -> Option<String> {
    let Some(seen) = planned.images.iter().find(|seen| seen.id == image.id) else { return Some("the scan did not see it".into()) };
    if let Some(instance) = instances.first() {
        return Some(format!("instance {instance} uses it"));
    }
    if image.last_launched_at != seen.last_launched_at {
        return Some("it was launched since the scan".into());
    }
    if image.public != Some(false) || planned.launch_permissions.get(&image.id) != Some(permissions) {
        return Some("its launch permissions changed since the scan".into());
    }
    (image.state != seen.state).then(|| format!("its state changed to `{}` since the scan", image.state))
}

fn protected(action: Action, image: &Image, planned: &Inventory) -> Option<String> {
    let not_offered = planned.images.iter().any(|seen| seen.id == image.id && seen.protection == Protection::NotOffered);
    let off = image.protection == Protection::Off || (image.protection == Protection::Unknown && not_offered);
    (action == Action::Deregister && !off).then(|| "deregistration protection is on, or was not told".into())
}
