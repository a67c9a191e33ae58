//! Building snapshots.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::PlaceHandle;
use crate::world::image::Permission;
use crate::world::snapshot::{FastRestore, Lock, Snapshot};

/// A snapshot in the making.
#[derive(Debug)]
pub struct SnapshotBuilder<'w> {
    pub(super) place: PlaceHandle<'w>,
    pub(super) snapshot: Snapshot,
}

impl SnapshotBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut Snapshot)) -> Self {
        change(&mut self.snapshot);
        self
    }

    /// A fixed id.
    pub fn id(self, id: &str) -> Self {
        self.with(|snapshot| id.clone_into(&mut snapshot.id))
    }

    /// So many GiB.
    pub fn size(self, gib: i64) -> Self {
        self.with(|snapshot| {
            snapshot.volume_size = gib;
            snapshot.full_size = Some(gib << 30);
        })
    }

    /// Of this volume.
    pub fn volume(self, id: &str) -> Self {
        self.with(|snapshot| id.clone_into(&mut snapshot.volume))
    }

    /// Started so many days ago.
    pub fn age_days(self, days: i64) -> Self {
        let at = self.place.world.now() - SignedDuration::from_hours(24 * days);
        self.with(|snapshot| {
            snapshot.started = at;
            snapshot.completed = Some(at);
        })
    }

    /// A description.
    pub fn description(self, text: &str) -> Self {
        self.with(|snapshot| text.clone_into(&mut snapshot.description))
    }

    /// A tag.
    pub fn tag(self, key: &str, value: &str) -> Self {
        self.with(|snapshot| {
            snapshot.tags.insert(key.to_owned(), value.to_owned());
        })
    }

    /// Everybody may make volumes of it.
    pub fn public(self) -> Self {
        self.with(|snapshot| {
            snapshot.permissions.insert(Permission::Everyone);
        })
    }

    /// An account may make volumes of it.
    pub fn shared_with(self, account: &str) -> Self {
        self.with(|snapshot| {
            snapshot.permissions.insert(Permission::Account(account.to_owned()));
        })
    }

    /// Encrypted with this key, by ARN.
    pub fn encrypted_with(self, key: &str) -> Self {
        self.with(|snapshot| {
            snapshot.encrypted = true;
            snapshot.kms_key = Some(key.to_owned());
        })
    }

    /// Locked for 30 days, in governance mode.
    pub fn locked(self) -> Self {
        let expires = self.place.world.now() + SignedDuration::from_hours(24 * 30);
        self.locked_until(expires)
    }

    /// Locked until then, in governance mode.
    pub fn locked_until(self, expires: Timestamp) -> Self {
        let created = self.place.world.now();
        self.with(|snapshot| snapshot.lock = Some(Lock { mode: "governance".to_owned(), created, expires, cool_off_hours: None }))
    }

    /// Locked until then in compliance mode, without a cooling-off period: nobody can unlock it.
    pub fn locked_for_good_until(self, expires: Timestamp) -> Self {
        let created = self.place.world.now();
        self.with(|snapshot| snapshot.lock = Some(Lock { mode: "compliance".to_owned(), created, expires, cool_off_hours: None }))
    }

    /// Fast Snapshot Restore in a zone, enabled.
    pub fn fast_restore(self, zone: &str) -> Self {
        self.fast_restore_in(zone, "enabled")
    }

    /// The same in another state: `enabling`, `optimizing`, `disabling` or `disabled`. It stays in it.
    pub fn fast_restore_in(self, zone: &str, state: &str) -> Self {
        let now = self.place.world.now();
        let mut restore = FastRestore {
            owner: self.place.account.clone(),
            zone: zone.to_owned(),
            state: String::new(),
            entered: BTreeMap::new(),
            due: None,
        };
        let states = ["enabling", "optimizing", "enabled", "disabling", "disabled"];
        let last = states.iter().position(|one| *one == state).unwrap_or(0);
        for entered in states.iter().take(last + 1) {
            restore.enter(entered, now, None);
        }
        self.with(|snapshot| snapshot.fast_restores.push(restore))
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        if self.snapshot.id.is_empty() {
            self.snapshot.id = self.place.world.ids.resource("snap");
        }
        let id = self.snapshot.id.clone();
        let snapshot = self.snapshot;
        self.place.place().snapshots.insert(id.clone(), snapshot);
        id
    }
}
