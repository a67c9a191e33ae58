//! The audit's look at other accounts: who else may use a resource, and whether anybody looked into that.
//!
//! Shares no code with the joins of `inventory`: one mistake must not open both doors.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::inventory::{Estate, History, Inventory, Reading, Sighting, User};
use crate::model::{AccountId, Grantee, Hides, Image, Place};

/// What the plan was made from.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) estate: &'a Estate,
    pub(super) history: &'a History,
    pub(super) now: Timestamp,
}

/// Another account's reading counts this long.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Anybody but accounts whose own place was read without a gap, now or within a day. Images need snapshots too.
pub(super) fn strangers(
    grantees: &BTreeSet<Grantee>,
    inventory: &Inventory,
    seen: &Seen<'_>,
    of_snapshot: bool,
    object: &mut impl FnMut(String),
) {
    for grantee in grantees {
        let accounts = match grantee {
            Grantee::Account(account) => Some(vec![account]),
            Grantee::Organization(arn) => members(arn, false, seen.estate),
            Grantee::Unit(arn) => members(arn, true, seen.estate),
            Grantee::Everyone => None,
        };
        let looked = |account: &&AccountId| looked_into(account, inventory, seen, of_snapshot, None);
        if !accounts.is_some_and(|accounts| accounts.iter().all(looked)) {
            object(format!("it is shared with {grantee}"));
        }
    }
}

/// The accounts that a share with our organization, or a unit of it, reaches, if AWS named them all.
fn members<'e>(arn: &str, unit: bool, estate: &'e Estate) -> Option<Vec<&'e AccountId>> {
    let organization = &estate.organization;
    let id = organization.id.as_deref()?;
    let ours = arn.split('/').any(|part| part == id) && organization.learnt && organization.incomplete.is_none();
    let last = arn.rsplit('/').next()?;
    let mut accounts = Vec::new();
    for (account, path) in &organization.members {
        if unit && path.len() < 2 {
            return None;
        }
        if !unit || path.iter().any(|above| above == last) {
            accounts.push(account);
        }
    }
    ours.then_some(accounts)
}

fn looked_into(account: &AccountId, inventory: &Inventory, seen: &Seen<'_>, of_snapshot: bool, reported_until: Option<Timestamp>) -> bool {
    let there = Place { account: account.clone(), region: inventory.place.region.clone() };
    let now = seen.estate.places.get(&there).is_some_and(|place| {
        let mapped = || {
            let bin = place.bin.as_ref().is_some_and(|bin| bin.iter().all(|image| seen.history.mappings.contains_key(image)));
            bin && place.images_read && !place.images.iter().any(Image::mapping_is_missing)
        };
        let asked = place.unasked.iter().all(|source| source.hides() != Hides::Users);
        place.usage_gaps().next().is_none() && asked && (!of_snapshot || mapped())
    });
    let before = seen.history.readings.get(&there).is_some_and(|reading| {
        *account != inventory.place.account
            && !is_old(account, reading, seen)
            && (!of_snapshot || reading.with_images)
            // A report may have told of more since.
            && reported_until.is_none_or(|made_at| reading.at >= made_at)
    });
    now || before
}

/// Whether a reading counts no more. In an account that cannot be used nothing changes: there it is measured against the
/// moment that began.
fn is_old(account: &AccountId, reading: &Reading, seen: &Seen<'_>) -> bool {
    let mut moments = vec![seen.now];
    moments.extend(seen.history.members.get(account).and_then(|member| member.unusable_since).filter(|since| *since <= seen.now));
    reading.at > seen.now || moments.iter().all(|moment| moment.duration_since(reading.at) > DAY)
}

/// What a place that was not read completely was last seen to use.
pub(super) fn remembered<'h>(seen: &Seen<'h>, uses: impl Fn(&'h Reading) -> Option<&'h Vec<Sighting>>, object: &mut impl FnMut(String)) {
    for (place, reading) in &seen.history.readings {
        let read = seen.estate.places.get(place).is_some_and(|place| place.snapshot_usage_gaps().next().is_none());
        if read {
            continue;
        }
        let old = is_old(&place.account, reading, seen);
        let users_read = seen.estate.places.get(place).is_some_and(|place| place.usage_gaps().next().is_none());
        let image = |user: &User| matches!(user, User::Image { .. } | User::ImageInRecycleBin { .. });
        let counts = |sighting: &&Sighting| (old || sighting.live) && (!users_read || image(&sighting.user));
        if let Some(sighting) = uses(reading).into_iter().flatten().find(counts) {
            object(format!("{} used it in {place} when that was last read", sighting.user.name()));
        }
    }
}

/// Whether EC2 reported who uses the image in all other accounts, and nobody does. The public is never counted.
pub(super) fn counted(
    image: &str,
    grantees: &BTreeSet<Grantee>,
    inventory: &Inventory,
    seen: &Seen<'_>,
    object: &mut impl FnMut(String),
) -> bool {
    let reports = || inventory.usage_reports.iter().filter(|report| report.image.as_str() == image);
    let day_old = |made_at: Timestamp| seen.now.duration_since(made_at) >= DAY || made_at > seen.now;
    let proofs = reports().filter(|report| report.whole && !day_old(report.made_at));
    let Some(newest) = proofs.map(|report| report.made_at).max() else { return false };
    // One that looked at less proves nothing but what it names.
    let since = reports().filter(|report| report.made_at >= newest);
    for (user, made_at) in since.flat_map(|report| report.users.iter().map(|user| (user, report.made_at))) {
        let account = &user.place.account;
        let shared = grantees.iter().any(|grantee| match grantee {
            Grantee::Everyone => true,
            Grantee::Account(shared) => shared == account,
            Grantee::Organization(arn) => members(arn, false, seen.estate).is_none_or(|members| members.contains(&account)),
            Grantee::Unit(arn) => members(arn, true, seen.estate).is_none_or(|members| members.contains(&account)),
        });
        if shared && !looked_into(account, inventory, seen, false, Some(made_at)) {
            object(format!("{user} uses it"));
        }
    }
    !grantees.contains(&Grantee::Everyone)
}
