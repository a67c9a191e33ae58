//! Building snapshots.

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

    /// Locked until then, in governance mode.
    pub fn locked_until(self, expires: Timestamp) -> Self {
        let created = self.place.world.now();
        self.with(|snapshot| snapshot.lock = Some(Lock { state: "governance".to_owned(), created, expires }))
    }

    /// Fast Snapshot Restore in a zone.
    pub fn fast_restore(self, zone: &str) -> Self {
        let enabled = self.place.world.now();
        self.with(|snapshot| {
            snapshot.fast_restores.push(FastRestore { zone: zone.to_owned(), state: "enabled".to_owned(), enabled });
        })
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
