//! Interlocks: what no policy can lift. Each hold says which fact it rests on.
//!
//! Nothing that ends exposure is held by a doubt about use: a kept image must not stay public. Only a policy that itself
//! makes it depend on use, or on another fact, waits until that is known.

use jiff::Timestamp;

use crate::inventory::{
    Guard, ImageFacts, Inventory, Joined, Managed, ManagedBy, PlaceFacts, Recovery, Reference, SnapshotFacts, Unknown, UnreadFact, Usage,
};
use crate::model::{Action, ActionClass, Context, Gap, Hides, Manager, Place, Protection, Source, few_clauses};

use super::document::{Hold, HoldKind};

/// Everything that holds `action` on an image. `rests_on` says which facts the policies that ask for it or could forbid it
/// read: one of them that is not known might have spoken against it.
pub(super) fn on_image(
    joined: &Joined<'_>,
    facts: &ImageFacts<'_>,
    action: Action,
    context: &Context,
    rests_on: impl Fn(&str) -> bool,
) -> Vec<Hold> {
    let mut holds = Holds::default();
    holds.facts(joined, facts.place, &facts.usage, facts.unread(), &rests_on);
    holds.ownership(action, facts.owned, facts.image.owner.as_str(), facts.keep_tag, facts.legal_hold);
    holds.backup(action, facts.managed_by.as_ref(), facts.place);
    if action.takes_from_users() {
        holds.usage(joined, facts.users, &facts.usage);
        holds.gaps(joined, facts.place, facts.image.id.as_str(), action);
    }
    if action == Action::Deregister {
        match &facts.image.protection {
            Protection::Off | Protection::NotOffered => {
                if let Some(until) = facts.cooling_until {
                    let why = format!("its deregistration protection was taken off with a cooldown: EC2 may refuse until {until}");
                    holds.interlock("protected", why);
                }
            }
            Protection::On(word) => holds.interlock("protected", format!("deregistration protection is `{}`", word.escape_default())),
            Protection::Unknown => holds.interlock("protected", "describe-images did not tell its deregistration protection".into()),
        }
    }
    holds.recovery(joined, action, &facts.recovery);
    match (action, &context.target) {
        (Action::RevokeShare, _) => holds.organization(joined),
        (Action::Replicate, Some(target)) if joined.has_replica(facts.place, facts.image, target).is_none() => {
            holds.gap(&Source::Images, format!("the images of {target} were not read, so a copy there could not be seen"));
        }
        _ => {}
    }
    holds.found
}

/// Everything that holds `action` on a snapshot.
pub(super) fn on_snapshot(joined: &Joined<'_>, facts: &SnapshotFacts<'_>, action: Action, rests_on: impl Fn(&str) -> bool) -> Vec<Hold> {
    let mut holds = Holds::default();
    holds.facts(joined, facts.place, &facts.usage, facts.unread(), &rests_on);
    holds.ownership(action, facts.owned, facts.snapshot.owner.as_str(), facts.keep_tag, facts.legal_hold);
    holds.backup(action, facts.managed_by.as_ref(), facts.place);
    if action.takes_from_users() {
        holds.usage(joined, facts.users, &facts.usage);
        holds.gaps(joined, facts.place, facts.snapshot.id.as_str(), action);
    }
    if action == Action::DeleteSnapshot {
        if !facts.referring_images.is_empty() {
            let images: Vec<&Reference> = facts.referring_images.iter().collect();
            holds.interlock("referenced-by-image", listed(&images, joined.now));
        } else if let Err(unknown) = &facts.images {
            holds.interlock("referenced-by-image", reasons(unknown));
        }
        holds.guard("locked", "its lock", facts.lock, &Source::LockedSnapshots);
        holds.guard("fast-restore", "Fast Snapshot Restore", facts.fast_restore, &Source::FastRestores);
    }
    holds.recovery(joined, action, &facts.recovery);
    if action == Action::RevokeShare {
        holds.organization(joined);
    }
    holds.found
}

/// Everything that holds `action` on a place itself.
pub(super) fn on_place(inventory: &Inventory, facts: &PlaceFacts<'_>, context: &Context, rests_on: impl Fn(&str) -> bool) -> Vec<Hold> {
    let mut holds = Holds::default();
    let Some(of) = context.of else { return Vec::new() };
    match facts.block(of).map(|block| block.managed_by) {
        Some(Some(Manager::Account)) => {}
        Some(Some(Manager::DeclarativePolicy)) => holds.interlock(
            "managed",
            format!(
                "a declarative policy of the organization is in charge of Block Public Access for {of}: change it in AWS Organizations"
            ),
        ),
        Some(None) => holds.interlock("managed", format!("{} did not tell who is in charge of it", of.block_source())),
        None => holds.unread(inventory, of.block_source()),
    }
    for (fact, source, known) in [
        ("imageBlockPublicAccess", Source::ImageBlockPublicAccess, facts.image_block.is_some()),
        ("snapshotBlockPublicAccess", Source::SnapshotBlockPublicAccess, facts.snapshot_block.is_some()),
        ("allowedImages", Source::AllowedImages, facts.allowed_images.is_some()),
        ("images", Source::Images, facts.images.is_some()),
        ("publicImages", Source::Images, facts.public_images.is_some()),
        ("snapshots", Source::Snapshots, facts.snapshots.is_some()),
        ("publicSnapshots", Source::PublicSnapshots, facts.public_snapshots.is_some()),
        ("managedBy", Source::ImageBlockPublicAccess, facts.image_block.is_none_or(|block| block.managed_by.is_some())),
        ("managedBy", Source::SnapshotBlockPublicAccess, facts.snapshot_block.is_none_or(|block| block.managed_by.is_some())),
        ("managedBy", Source::AllowedImages, facts.allowed_images.is_none_or(|allowed| allowed.managed_by.is_some())),
    ] {
        if !known && rests_on(fact) {
            holds.unread(inventory, source);
        }
    }
    holds.found
}

/// Whether a gap of `source` freezes `action` in its whole place: what it could hide decides ([`Source::hides`]).
pub(super) fn freezes(source: &Source, action: Action) -> bool {
    match source.hides() {
        // Answers about one resource freeze a place only where not even their folder could be read.
        Hides::Users | Hides::Resources | Hides::OneResource => action.takes_from_users(),
        Hides::Consequences => action.class() == ActionClass::Destructive,
        Hides::SnapshotGuards => action == Action::DeleteSnapshot,
        Hides::Nothing => false,
    }
}

#[derive(Default)]
struct Holds {
    found: Vec<Hold>,
}

impl Holds {
    fn interlock(&mut self, name: &str, detail: String) {
        self.found.push(Hold { kind: HoldKind::Interlock, name: name.into(), detail });
    }

    fn gap(&mut self, source: &Source, detail: String) {
        self.found.push(Hold { kind: HoldKind::Gap, name: source.name().into(), detail });
    }

    /// A source of the place that did not answer, was not asked, or left something out.
    fn unread(&mut self, inventory: &Inventory, source: Source) {
        let gap = inventory.place_gaps().find(|gap| gap.source == source);
        let error = gap.map_or_else(|| format!("{source} was not read, or left something out"), |gap| gap.error.clone());
        self.gap(&source, error);
    }

    /// What a policy rests on and nobody knows. Without the fact a policy that would have spared the resource may be silent,
    /// and one that asks for something may only ask since it could not tell.
    fn facts(
        &mut self,
        joined: &Joined<'_>,
        place: &Place,
        usage: &Result<Usage<'_>, Vec<Unknown>>,
        unread: Vec<UnreadFact>,
        rests_on: impl Fn(&str) -> bool,
    ) {
        if let Err(unknown) = usage
            && rests_on("usage")
        {
            self.interlock("usage-unknown", reasons(unknown));
        }
        let here = joined.estate.places.get(place).into_iter().flat_map(|inventory| &inventory.gaps);
        for (fact, source) in unread.into_iter().filter(|(fact, _)| rests_on(fact)) {
            let said = format!("a policy asks for `{fact}`, which is not known");
            let elsewhere = joined.estate.places.values().flat_map(|inventory| &inventory.gaps).chain(&joined.estate.gaps);
            match here.clone().chain(elsewhere).find(|gap| gap.source == source) {
                Some(gap) => self.gap(&source, format!("{said}: {}", gap.error)),
                // Nothing failed: there is nobody to ask, as for the key of another account.
                None => self.interlock("usage-unknown", said),
            }
        }
    }

    /// What makes EC2 refuse to delete a snapshot, or nobody knows whether it does.
    fn guard(&mut self, name: &str, what: &str, guard: Guard<'_>, source: &Source) {
        match guard {
            Guard::Off => {}
            Guard::On(state) => self.interlock(name, format!("{what} is {state}")),
            Guard::Unread => {
                let told = self.found.iter().any(|hold| hold.kind == HoldKind::Gap && hold.name == source.name());
                if !told {
                    self.gap(source, format!("nobody asked for {what}"));
                }
            }
        }
    }

    fn backup(&mut self, action: Action, managed: Option<&Managed>, place: &Place) {
        let touches = !action.ends_exposure() && action != Action::Replicate;
        if let Some(managed) = managed.filter(|managed| touches && managed.by == ManagedBy::AwsBackup) {
            let who = managed.told(&place.region);
            self.interlock("managed", format!("{who}: change its backup plan or delete the recovery point there"));
        }
    }

    fn ownership(&mut self, action: Action, owned: bool, owner: &str, keep: Option<&str>, legal_hold: bool) {
        if !owned {
            self.interlock("not-owned", format!("it belongs to `{}`", owner.escape_default()));
        }
        let touches = !action.ends_exposure();
        if let Some(tag) = keep.filter(|_| touches) {
            self.interlock("keep-tag", format!("it carries the keep tag `{tag}`"));
        }
        if legal_hold && touches {
            self.interlock("keep-tag", "it is under legal hold".into());
        }
    }

    fn usage(&mut self, joined: &Joined<'_>, users: &[Reference], usage: &Result<Usage<'_>, Vec<Unknown>>) {
        let live: Vec<&Reference> = users.iter().filter(|user| user.live).collect();
        if !live.is_empty() {
            self.interlock("in-use", listed(&live, joined.now));
        }
        if let Err(unknown) = usage {
            self.interlock("usage-unknown", reasons(unknown));
        }
    }

    fn gaps(&mut self, joined: &Joined<'_>, place: &Place, resource: &str, action: Action) {
        let Some(inventory) = joined.estate.places.get(place) else { return };
        let concerns = |gap: &&Gap| gap.resource.is_some() || freezes(&gap.source, action);
        for gap in joined.gaps_of(inventory, resource).filter(concerns) {
            self.gap(&gap.source, gap.error.clone());
        }
    }

    fn recovery(&mut self, joined: &Joined<'_>, action: Action, recovery: &Recovery) {
        let settings = &joined.config.recovery;
        if action.class() != ActionClass::Destructive || !settings.require_recycle_bin {
            return;
        }
        match recovery {
            Recovery::For(kept) if *kept >= settings.minimum => {}
            Recovery::For(kept) => {
                let (kept, minimum) = (days(*kept), days(settings.minimum));
                self.interlock(
                    "unrecoverable",
                    format!("the Recycle Bin would keep it {kept} days, fewer than `recovery.minimum` of {minimum}"),
                );
            }
            Recovery::Never(why) | Recovery::Unknown(why) => self.interlock("unrecoverable", why.clone()),
        }
    }

    fn organization(&mut self, joined: &Joined<'_>) {
        if let Some(why) = &joined.estate.organization.incomplete {
            self.gap(&Source::Organization, why.clone());
        }
    }
}

fn days(duration: jiff::SignedDuration) -> i64 {
    duration.as_hours() / 24
}

/// Users as people are told of them.
pub(super) fn listed(references: &[&Reference], now: Timestamp) -> String {
    few_clauses(references.iter().map(|reference| reference.told(now))).unwrap_or_default()
}

fn reasons(unknown: &[Unknown]) -> String {
    few_clauses(unknown.iter().map(|unknown| unknown.reason.clone())).unwrap_or_default()
}
