//! The second opinion: reads the estate anew, by other ways than the planner, and objects to steps it cannot
//! confirm. A plan with objections is not enacted.
//!
//! It shares no code with the interlocks on purpose: one mistake must not open both doors.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::inventory::{Estate, History, Inventory, Triple};
use crate::model::{
    Action, Block, BlockState, Hides, Image, ImageState, Manager, Permissions, Place, Protection, ResourceId, Shareable, SnapshotId, Tags,
};

use super::document::{Entry, Plan};
use super::outsiders::{Seen, counted, remembered, strangers};
use crate::config::Config;

/// A reason not to trust a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Objection {
    /// The resource, or `plan` when it is about the whole.
    pub about: String,
    pub reason: String,
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.reason)
    }
}

/// Every objection to `plan`, sorted; none means that it may be enacted.
pub fn audit(plan: &Plan, estate: &Estate, history: &History, config: &Config) -> Vec<Objection> {
    let mut objections = Vec::new();
    let seen = Seen { estate, history, now: plan.now };
    whole(plan, config, &mut objections);
    for step in &plan.steps {
        let mut object = |reason: String| objections.push(Objection { about: format!("{} {}", step.action, step.resource), reason });
        let Some(inventory) = estate.places.get(&step.place) else {
            object(format!("{} was not scanned", step.place));
            continue;
        };
        if !step.held_by.is_empty() {
            object("it is held and yet a step".into());
        }
        grace(step, history, config, plan, &mut object);
        match &step.resource {
            ResourceId::Image(_) => {
                image(step, inventory, &seen, &mut object, config);
                picked(step, inventory, estate, plan.now, config, &mut object);
            }
            ResourceId::Snapshot(id) => snapshot(step, id, inventory, &seen, &mut object, config),
            ResourceId::Place(place) => settings(step, place, inventory, &mut object),
            ResourceId::Instance(_) | ResourceId::Group(_) => object("nothing is ever done to what runs".into()),
        }
    }
    objections.sort();
    objections.dedup();
    objections
}

/// Identity, accounting and limits.
fn whole(plan: &Plan, config: &Config, objections: &mut Vec<Objection>) {
    let mut object = |reason: String| objections.push(Objection { about: "plan".into(), reason });
    if !plan.is_intact() {
        object("its id is not that of its content".into());
    }
    let mut seen: BTreeSet<Triple> = BTreeSet::new();
    for entry in plan.steps.iter().chain(&plan.pending).chain(&plan.held) {
        if !seen.insert(entry.triple()) {
            object(format!("{} {} stands in it twice", entry.action, entry.resource));
        }
    }
    let mut per_place: BTreeMap<&Place, usize> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| step.action.takes_away()) {
        *per_place.entry(&step.place).or_default() += 1;
    }
    for (place, count) in &per_place {
        if *count > config.limits.per_place {
            object(format!("{count} steps in {place}, more than `limits.per_place`"));
        }
    }
    if per_place.values().sum::<usize>() > config.limits.per_cycle {
        object("more steps than `limits.per_cycle`".into());
    }
}

fn grace(step: &Entry, history: &History, config: &Config, plan: &Plan, object: &mut impl FnMut(String)) {
    let grace = config.grace.of(step.action);
    let waited = history.clocks.get(&step.triple()).is_some_and(|clock| {
        let first_due_long_ago = plan.now.duration_since(clock.since) >= grace;
        first_due_long_ago && clock.elapsed(plan.now) >= grace
    });
    if grace.is_positive() && !waited {
        object(format!("its grace of {} hours is not over", grace.as_hours()));
    }
}

fn image(step: &Entry, inventory: &Inventory, seen: &Seen<'_>, object: &mut impl FnMut(String), config: &Config) {
    let Seen { estate, history, now } = *seen;
    let id = step.resource.to_string();
    let Some(image) = inventory.images.iter().find(|image| image.id.as_str() == id) else {
        return object("no listing names it".into());
    };
    if image.owner != step.place.account {
        object(format!("it belongs to {}", image.owner));
    }
    let permissions = inventory.launch_permissions.get(&image.id);
    match step.action {
        Action::MakePrivate if image.public != Some(true) => object("it is not public".into()),
        Action::RevokeShare => shared(step, permissions, estate, object),
        Action::DeleteSnapshot => object("it is no snapshot".into()),
        Action::BlockPublicAccess => object("it is no place".into()),
        _ => {}
    }
    if step.action.ends_exposure() {
        return;
    }
    marked(&image.tags, object, config);
    let backup = image.name.starts_with("AwsBackup_") || image.tags.keys().any(|key| key.starts_with("aws:backup:"));
    if backup && step.action != Action::Replicate {
        object("AWS Backup is in charge of it".into());
    }
    if !matches!(step.action, Action::Disable | Action::Deregister) {
        return;
    }
    // Every user of any place, whatever its kind; a stale one may be lifted by policy, a live one by nobody.
    let users = estate.places.values().flat_map(|place| &place.users.of_images).filter(|(used, _)| used.as_str() == id);
    for user in users.flat_map(|(_, users)| users).filter(|user| user.live) {
        object(format!("{user} uses it"));
    }
    if image.public != Some(false) {
        object("it is not known to be private".into());
    }
    if step.action == Action::Deregister {
        if matches!(image.protection, Protection::On(_) | Protection::Unknown) {
            object("it is, or may be, protected from deregistration".into());
        }
        if image.root_device_type == "instance-store" && config.recovery.require_recycle_bin {
            object("the Recycle Bin does not keep instance-store images".into());
        }
        if let Some(cooldown) = history.cooldowns.get(&image.id) {
            let since_off = cooldown.seen_off_at.map_or(0, |off| now.as_second() - off.as_second());
            if since_off < 24 * 60 * 60 {
                object("its deregistration protection may still be cooling down".into());
            }
        }
        recoverable("EC2_IMAGE", &image.tags, inventory, config, object);
        let behind: BTreeSet<_> = image.volumes.iter().filter_map(|volume| volume.snapshot.as_ref()).collect();
        for snapshot in inventory.snapshots.iter().filter(|snapshot| behind.contains(&snapshot.id)) {
            recoverable("EBS_SNAPSHOT", &snapshot.tags, inventory, config, &mut |why| object(format!("{}: {why}", snapshot.id)));
        }
    }
    match permissions {
        None => object("nobody asked whom it is shared with".into()),
        // EC2's own count of all other accounts, not a day old, is as good as having looked into them.
        Some(permissions) if counted(&id, &permissions.0, inventory, seen, object) => {}
        Some(permissions) => strangers(&permissions.0, inventory, seen, false, object),
    }
    remembered(seen, |reading| reading.images.get(&image.id), object);
    unread(step, inventory, object);
}

fn snapshot(step: &Entry, id: &SnapshotId, inventory: &Inventory, seen: &Seen<'_>, object: &mut impl FnMut(String), config: &Config) {
    let Seen { estate, history, .. } = *seen;
    let Some(snapshot) = inventory.snapshots.iter().find(|snapshot| snapshot.id == *id) else {
        return object("no listing names it".into());
    };
    if snapshot.owner != step.place.account {
        object(format!("it belongs to {}", snapshot.owner));
    }
    let public = inventory.public_snapshots.as_ref().map(|public| public.contains(id));
    let permissions = inventory.create_volume_permissions.get(id);
    match step.action {
        Action::MakePrivate if public != Some(true) => return object("it is not listed as public".into()),
        Action::MakePrivate => return,
        Action::RevokeShare => return shared(step, permissions, estate, object),
        Action::DeleteSnapshot => {}
        _ => return object("no such action on a snapshot".into()),
    }
    marked(&snapshot.tags, object, config);
    if snapshot.tags.keys().any(|key| key.starts_with("aws:backup:")) {
        object("AWS Backup is in charge of it".into());
    }
    recoverable("EBS_SNAPSHOT", &snapshot.tags, inventory, config, object);
    match (&inventory.locks, &inventory.fast_restores) {
        (Some(locks), Some(restores)) if !locks.contains_key(id) && !restores.contains_key(id) => {}
        (Some(_), Some(_)) => object("it is locked or has Fast Snapshot Restore".into()),
        _ => object("nobody asked whether it is locked or has Fast Snapshot Restore".into()),
    }
    let description = snapshot.description.as_deref().unwrap_or_default();
    let named = |image: &str| description.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').any(|word| word == image);
    for place in estate.places.values() {
        for image in place.images.iter().filter(|image| image.volumes.iter().any(|volume| volume.snapshot.as_ref() == Some(id))) {
            object(format!("{} needs it", image.id));
        }
        for image in
            place.images.iter().filter(|image| image.volumes.is_empty() && image.root_device_type == "ebs" && named(image.id.as_str()))
        {
            object(format!("{} may need it: it was listed without its snapshots", image.id));
        }
        for user in place.users.of_snapshots.get(id).into_iter().flatten().filter(|user| user.live) {
            object(format!("{user} uses it"));
        }
        for binned in place.bin.iter().flatten() {
            let needs = history.mappings.get(binned).is_none_or(|mapping| mapping.snapshots.contains(id));
            if needs && place.place == step.place {
                object(format!("{binned} in the Recycle Bin may need it"));
            }
        }
    }
    if public != Some(false) {
        object("it is not known to be private".into());
    }
    match permissions {
        None => object("nobody asked whom it is shared with".into()),
        Some(permissions) => strangers(&permissions.0, inventory, seen, true, object),
    }
    remembered(seen, |reading| reading.snapshots.get(id), object);
    unread(step, inventory, object);
}

/// The one thing that is done to a place: what is not blocked, and is the account's own to block, is blocked.
fn settings(step: &Entry, place: &Place, inventory: &Inventory, object: &mut impl FnMut(String)) {
    if *place != step.place {
        object(format!("it is said to be in {}", step.place));
    }
    let seen = match (step.action, step.context.of) {
        (Action::BlockPublicAccess, Some(Shareable::Images)) => inventory.image_block,
        (Action::BlockPublicAccess, Some(Shareable::Snapshots)) => inventory.snapshot_block,
        (Action::BlockPublicAccess, None) => return object("it does not say what is blocked".into()),
        _ => return object("no such action on a place".into()),
    };
    match seen {
        Some(Block { state: BlockState::Unblocked, managed_by: Some(Manager::Account) }) => {}
        Some(Block { state: BlockState::Unblocked, .. }) => object("it is not known to be the account's own to set".into()),
        Some(_) => object("it is blocked already".into()),
        None => object("its state was not read".into()),
    }
}

/// Whether a configured consumer in the owner's account would be left without the image: fewer newer ones fit than it picks.
fn picked(step: &Entry, inventory: &Inventory, estate: &Estate, now: Timestamp, config: &Config, object: &mut impl FnMut(String)) {
    let id = step.resource.to_string();
    let found = inventory.images.iter().find(|image| image.id.as_str() == id && image.state == ImageState::Available);
    let Some(image) = found.filter(|_| matches!(step.action, Action::Disable | Action::Deregister)) else { return };
    for consumer in config.consumers.iter().filter(|consumer| consumer.looks_in(&step.place.region)) {
        let from_here = consumer.account.as_ref().is_none_or(|account| *account == image.owner);
        let fits = |other: &Image| consumer.describes(other) && consumer.looks_among(other, &image.owner);
        // One without a name may have any.
        if !from_here || !consumer.may_describe(image) || !consumer.looks_among(image, &image.owner) {
            continue;
        }
        let there = estate.places.values().filter(|place| place.place.region == step.place.region).flat_map(|place| &place.images);
        let newer = there
            .filter(|other| other.created_at > image.created_at && other.state == ImageState::Available && fits(other))
            .filter(|other| other.created_at <= now)
            .filter(|other| image.is_deprecated(now) || !other.is_deprecated(now));
        if newer.count() < consumer.pick.count() {
            object(format!("consumer `{}` would pick it", consumer.name));
        }
    }
}

/// A share can end only if it is there, and only if it is known who belongs to us.
fn shared(step: &Entry, permissions: Option<&Permissions>, estate: &Estate, object: &mut impl FnMut(String)) {
    let there = match (&step.context.grantee, permissions) {
        (Some(grantee), Some(permissions)) => permissions.0.contains(grantee),
        _ => false,
    };
    if !there {
        object("it is not known to be shared with the grantee".into());
    }
    if estate.organization.incomplete.is_some() {
        object("it is not known who belongs to us".into());
    }
}

/// Whether some rule in effect keeps it long enough.
fn recoverable(kind: &str, tags: &Tags, inventory: &Inventory, config: &Config, object: &mut impl FnMut(String)) {
    if !config.recovery.require_recycle_bin {
        return;
    }
    let carries = |wanted: &[(String, Option<String>)]| {
        wanted.iter().any(|(key, value)| tags.get(key) == Some(value.as_ref().unwrap_or(&String::new())))
    };
    let excluded = |unwanted: &[(String, Option<String>)]| {
        unwanted.iter().any(|(key, value)| tags.contains_key(key) && (value.is_none() || tags.get(key) == value.as_ref()))
    };
    let minimum_hours = config.recovery.minimum.as_hours();
    let keeps = inventory.rules.iter().flatten().any(|rule| {
        let right = rule.available && rule.resource_type == kind && rule.retention_days.saturating_mul(24) >= minimum_hours;
        right && !excluded(&rule.excluded) && (rule.tags.is_empty() || carries(&rule.tags))
    });
    if !keeps {
        object("no Recycle Bin rule keeps it long enough".into());
    }
}

/// Keep and hold tags.
fn marked(tags: &Tags, object: &mut impl FnMut(String), config: &Config) {
    for tag in config.tags.keep.iter().chain(&config.tags.hold).filter(|tag| tags.contains_key(*tag)) {
        object(format!("it carries the tag `{tag}`"));
    }
}

/// A gap forbids what it could make a mistake of.
fn unread(step: &Entry, inventory: &Inventory, object: &mut impl FnMut(String)) {
    for gap in inventory.place_gaps() {
        let forbids = match gap.source.hides() {
            Hides::Nothing => false,
            Hides::SnapshotGuards => matches!(step.resource, ResourceId::Snapshot(_)),
            Hides::Consequences => step.action != Action::Disable,
            Hides::Users | Hides::Resources | Hides::OneResource => true,
        };
        if forbids {
            object(format!("{} was not read", gap.source));
        }
    }
}
