//! Into whose use we can see: something shared is of known use only where every account it is shared with was read.
//!
//! Another account's complete reading counts for a day, so that one failed call there does not hold everything shared with
//! it. An account's own gaps are its own: a reading never stands in for the place that an image is in.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, AmiId, Gap, Grantee, Image, Permissions, Place, SnapshotId, Source, few_clauses};

use super::facts::Unknown;
use super::history::History;
use super::joins::Joined;
use super::membership::REMEMBERED;
use super::place::Inventory;
use super::references::{Reference, User};
use super::reports::create_report;

/// A complete reading of a place, as far as it speaks of what belongs to other accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    pub at: Timestamp,
    /// Whether its images and its Recycle Bin were read as well: snapshots rest on them.
    pub with_images: bool,
    #[serde(default)]
    pub images: BTreeMap<AmiId, Vec<Sighting>>,
    #[serde(default)]
    pub snapshots: BTreeMap<SnapshotId, Vec<Sighting>>,
}

/// A user that was seen in another account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sighting {
    pub user: User,
    pub live: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// What is shared: snapshots are needed by images too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shared {
    Image,
    Snapshot,
}

impl Joined<'_> {
    /// Grantees into whose use nobody here can look.
    pub(super) fn unseen_grantees(&self, place: &Place, permissions: &Permissions, shared: Shared) -> Vec<Unknown> {
        permissions.0.iter().filter_map(|grantee| self.why_unseen(place, grantee, shared)).collect()
    }

    /// The same of an image, the first that nobody here governs with the command that has EC2 count what it uses. Nobody
    /// counts the public.
    pub(super) fn unseen_launchers(&self, place: &Place, image: &Image, permissions: &Permissions) -> Vec<Unknown> {
        let countable = image.owner == place.account && image.public == Some(false) && !permissions.0.contains(&Grantee::Everyone);
        let mut command = countable.then(|| create_report(place, &image.id));
        let unseen = permissions.0.iter().filter_map(|grantee| {
            let Unknown { reason } = self.why_unseen(place, grantee, Shared::Image)?;
            let command = if self.is_governed(grantee) { None } else { command.take() };
            Some(Unknown { reason: command.map_or_else(|| reason.clone(), |command| format!("{reason} (EC2 can count it: `{command}`)")) })
        });
        unseen.collect()
    }

    /// Whether everybody whom a share reaches is governed from here: then what is not read is mended here as well.
    fn is_governed(&self, grantee: &Grantee) -> bool {
        let organization = &self.estate.organization;
        match grantee {
            Grantee::Everyone => false,
            Grantee::Account(account) => organization.governed.contains(account),
            Grantee::Organization(_) | Grantee::Unit(_) => {
                organization.reached_by(grantee).is_ok_and(|accounts| accounts.into_iter().all(|it| organization.governed.contains(it)))
            }
        }
    }

    fn why_unseen(&self, place: &Place, grantee: &Grantee, shared: Shared) -> Option<Unknown> {
        let why = match grantee {
            Grantee::Everyone => "whose use cannot be seen".to_owned(),
            Grantee::Account(account) => self.unseen(place, account, shared)?,
            Grantee::Organization(_) | Grantee::Unit(_) => match self.estate.organization.reached_by(grantee) {
                Err(why) => format!("whose use cannot be seen: {why}"),
                Ok(accounts) => self.unseen_members(place, accounts.into_iter(), shared)?,
            },
        };
        Some(Unknown { reason: format!("it is shared with {grantee}, {why}") })
    }

    fn unseen_members<'m>(&self, place: &Place, accounts: impl Iterator<Item = &'m AccountId>, shared: Shared) -> Option<String> {
        let unseen = accounts.filter_map(|account| Some(format!("account {account}, {}", self.unseen(place, account, shared)?)));
        few_clauses(unseen).map(|named| format!("and so with {named}"))
    }

    /// Whether a share with `grantee` may be one with `account`.
    pub(super) fn may_reach(&self, grantee: &Grantee, account: &AccountId) -> bool {
        match grantee {
            Grantee::Everyone => true,
            Grantee::Account(shared) => shared == account,
            Grantee::Organization(_) | Grantee::Unit(_) => {
                self.estate.organization.reached_by(grantee).map_or(true, |accounts| accounts.contains(account))
            }
        }
    }

    /// Why the use that `account` makes of something in `place` is not known; `None` when it is.
    pub(super) fn unseen(&self, place: &Place, account: &AccountId, shared: Shared) -> Option<String> {
        if *account == place.account {
            return None;
        }
        let there = Place { account: account.clone(), region: place.region.clone() };
        let inventory = self.estate.places.get(&there);
        if inventory.is_some_and(|inventory| self.is_whole(inventory, shared)) {
            return None;
        }
        let reading = self.history.readings.get(&there).filter(|reading| shared == Shared::Image || reading.with_images);
        // What EC2 could have reported since that reading may be more.
        let reports_unread = shared == Shared::Image && self.estate.places.get(place).is_some_and(Inventory::misses_usage_reports);
        if !reports_unread && reading.is_some_and(|reading| self.stands_in(&there.account, reading)) {
            return None;
        }
        let gap = inventory.and_then(|inventory| gaps(inventory, shared).next().cloned());
        let gap = gap.or_else(|| self.estate.gaps.iter().find(|gap| gap.place.account == *account && gap.resource.is_none()).cloned());
        let organization = &self.estate.organization;
        let why = match gap {
            Some(gap) => format!("where {} was not read: {}", gap.source, gap.error),
            None if organization.suspended.contains(account) => "which is suspended, so that nobody can look".to_owned(),
            None if organization.governed.contains(account) => "whose use of this Region was not read".to_owned(),
            None => "which is not governed from here, so that its use cannot be seen".to_owned(),
        };
        Some(match reading {
            Some(reading) => format!("{why} (last read completely on {})", reading.at.strftime("%Y-%m-%d")),
            None => why,
        })
    }

    /// Whether the use that `account` makes of images in `place` was read completely, now or at least since `then`.
    pub(super) fn was_read_since(&self, place: &Place, account: &AccountId, then: Timestamp) -> bool {
        let there = Place { account: account.clone(), region: place.region.clone() };
        let now = self.estate.places.get(&there).is_some_and(|inventory| self.is_whole(inventory, Shared::Image));
        let before = || self.history.readings.get(&there).filter(|reading| reading.at >= then);
        *account == place.account || now || before().is_some_and(|reading| self.stands_in(account, reading))
    }

    /// Whether everything in a place that could use it answered.
    pub(super) fn is_whole(&self, inventory: &Inventory, shared: Shared) -> bool {
        let mapped = shared == Shared::Image || self.knows_its_snapshots(&inventory.place);
        let asked = inventory.usage_unasked().next().is_none();
        mapped && asked && gaps(inventory, shared).next().is_none()
    }

    /// Whether a complete reading of that account still counted when the estate was read.
    pub(super) fn stands_in(&self, account: &AccountId, reading: &Reading) -> bool {
        self.history.stands_in(account, reading, self.read_at)
    }
}

fn gaps(inventory: &Inventory, shared: Shared) -> Box<dyn Iterator<Item = &Gap> + '_> {
    match shared {
        Shared::Image => Box::new(inventory.usage_gaps()),
        Shared::Snapshot => Box::new(inventory.snapshot_usage_gaps()),
    }
}

impl History {
    /// Whether a complete reading of `account` still counts: for a day, and of an account that cannot be used any more for as
    /// long as that is so, since nobody can change anything in it.
    pub fn stands_in(&self, account: &AccountId, reading: &Reading, now: Timestamp) -> bool {
        let fresh_at = |then: Timestamp| then.duration_since(reading.at) <= REMEMBERED;
        let suspended_since = self.members.get(account).and_then(|member| member.unusable_since);
        reading.at <= now && (fresh_at(now) || suspended_since.is_some_and(|since| since <= now && fresh_at(since)))
    }
}

/// A place in which more was seen than this is not remembered, and so is unknown as soon as it is not read.
const MOST_SIGHTINGS: usize = 5_000;

impl History {
    /// Remembers what each place that was read completely uses of other accounts. With one account there is nobody to
    /// remember it for.
    pub(super) fn observe_readings(&mut self, joined: &Joined<'_>) {
        let organization = &joined.estate.organization;
        // Not when others are merely not known at the moment.
        if organization.governed.len() < 2 && !joined.config.accounts.beyond_own() {
            self.readings.clear();
            return;
        }
        for inventory in joined.estate.places.values().filter(|inventory| joined.is_whole(inventory, Shared::Image)) {
            let place = &inventory.place;
            let reading = self.reading(joined, inventory);
            // One that says more is not given up for one that says less, as long as it counts.
            let says_more = |old: &Reading| old.with_images && !reading.with_images && self.stands_in(&place.account, old, joined.now);
            if self.readings.get(place).is_some_and(says_more) {
                continue;
            }
            let seen = reading.images.values().chain(reading.snapshots.values()).map(Vec::len).sum::<usize>();
            match seen <= MOST_SIGHTINGS {
                true => drop(self.readings.insert(place.clone(), reading)),
                false => drop(self.readings.remove(place)),
            }
        }
        let known = |account: &AccountId| organization.governed.contains(account) || organization.members.contains_key(account);
        let unsure = joined.estate.gaps.iter().any(|gap| gap.source == Source::Organization) || organization.incomplete.is_some();
        self.readings.retain(|place, _| unsure || known(&place.account));
    }

    fn reading(&self, joined: &Joined<'_>, inventory: &Inventory) -> Reading {
        let own_images: HashSet<&AmiId> = inventory.images.iter().map(|image| &image.id).collect();
        let own_snapshots: HashSet<&SnapshotId> = inventory.snapshots.iter().map(|snapshot| &snapshot.id).collect();
        let sighting = |reference: &Reference| {
            let Reference { place: _, user, live, since } = reference.clone();
            Sighting { user, live, since }
        };
        let mut images: BTreeMap<AmiId, Vec<Sighting>> = BTreeMap::new();
        for (image, users) in inventory.users.of_images.iter().filter(|(image, _)| !own_images.contains(image)) {
            images.entry(image.clone()).or_default().extend(users.iter().map(sighting));
        }
        let mut snapshots: BTreeMap<SnapshotId, Vec<Sighting>> = BTreeMap::new();
        for (snapshot, users) in inventory.users.of_snapshots.iter().filter(|(snapshot, _)| !own_snapshots.contains(snapshot)) {
            snapshots.entry(snapshot.clone()).or_default().extend(users.iter().map(sighting));
        }
        let image = |id: &AmiId, note: String| User::Image { id: id.clone(), note };
        let listed =
            inventory.images.iter().flat_map(|it| it.snapshots().map(move |snapshot| (image(&it.id, it.state.to_string()), snapshot)));
        let in_bin = inventory.bin.iter().flatten().filter_map(|id| Some((id, self.mappings.get(id)?)));
        let binned = |id: &AmiId| User::ImageInRecycleBin { id: id.clone(), note: String::new() };
        let in_bin = in_bin.flat_map(|(id, mapping)| mapping.snapshots.iter().map(move |snapshot| (binned(id), snapshot)));
        for (user, snapshot) in listed.chain(in_bin).filter(|(_, snapshot)| !own_snapshots.contains(snapshot)) {
            snapshots.entry(snapshot.clone()).or_default().push(Sighting { user, live: true, since: None });
        }
        Reading { at: joined.now, with_images: joined.is_whole(inventory, Shared::Snapshot), images, snapshots }
    }
}
