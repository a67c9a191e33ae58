//! Who can get at an image: three different things, each with a list of its own.
//!
//! Launch permissions say who may launch the image, create-volume permissions who may copy its data, and the policies of
//! the KMS keys whether either is of any use. Ending one ends none of the others.
//!
//! INVARIANT: a fact is there only if it is known for every snapshot of the image; one that was found to be public is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{AccountId, Grantee, Image, ImageState, Permissions, Snapshot, SnapshotId};

use super::place::Inventory;

/// What the three lists together tell of one image or snapshot.
#[derive(Clone, Debug, Default)]
pub struct Reach<'a> {
    /// The snapshots of the image that are public. Always empty for a snapshot, whose own fact that is.
    pub public_snapshots: Option<BTreeSet<&'a SnapshotId>>,
    /// Accounts that the snapshots of the image are shared with, besides its own.
    pub snapshots_shared_with: Option<BTreeSet<&'a AccountId>>,
    /// Whom it is shared with that once belonged to us and does not any more.
    pub left: Option<BTreeSet<&'a AccountId>>,
    /// Whom it is shared with although they cannot open it, with the reason.
    pub unusable: Option<BTreeMap<&'a Grantee, String>>,
    /// The KMS keys of its snapshots.
    pub keys: BTreeSet<&'a str>,
}

/// The snapshots and keys of one place, ready to be asked about many images.
#[derive(Debug)]
pub(super) struct Graph<'a> {
    inventory: &'a Inventory,
    snapshots: HashMap<&'a SnapshotId, &'a Snapshot>,
}

impl<'a> Graph<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        // What belongs to somebody else says nothing about us.
        let own = inventory.snapshots.iter().filter(|snapshot| snapshot.owner == inventory.place.account);
        Self { inventory, snapshots: own.map(|snapshot| (&snapshot.id, snapshot)).collect() }
    }

    /// What is known of an image that is shared like that.
    pub(super) fn image(&self, image: &'a Image, sharing: Option<&'a Permissions>) -> Reach<'a> {
        let account = &self.inventory.place.account;
        if image.owner != *account {
            return Reach::default();
        }
        let own: Vec<&Snapshot> = image.snapshots().filter_map(|id| self.snapshots.get(id).copied()).collect();
        let made = matches!(image.state, ImageState::Available | ImageState::Disabled);
        let all_seen = made && !image.mapping_is_missing() && own.len() == image.snapshots().count();
        let public = self.inventory.public_snapshots.as_ref().map(|public| {
            let found: BTreeSet<&SnapshotId> = own.iter().map(|snapshot| &snapshot.id).filter(|id| public.contains(*id)).collect();
            (all_seen || !found.is_empty()).then_some(found)
        });
        let permissions = own.iter().map(|snapshot| self.inventory.create_volume_permissions.get(&snapshot.id));
        let permissions: Option<Vec<&Permissions>> = permissions.collect();
        let accounts = permissions.filter(|_| all_seen).map(|all| {
            let grantees = all.into_iter().flat_map(Permissions::shares);
            grantees.filter_map(|grantee| grantee.account()).filter(|other| *other != account).collect()
        });
        Reach {
            public_snapshots: public.flatten(),
            snapshots_shared_with: accounts,
            left: None,
            unusable: sharing.and_then(|sharing| self.unusable(sharing, &own, all_seen)),
            keys: own.iter().filter_map(|snapshot| snapshot.kms_key.as_deref()).collect(),
        }
    }

    /// What is known of a snapshot that is shared like that.
    pub(super) fn snapshot(&self, snapshot: &'a Snapshot, sharing: Option<&'a Permissions>) -> Reach<'a> {
        if snapshot.owner != self.inventory.place.account {
            return Reach::default();
        }
        Reach {
            unusable: sharing.and_then(|sharing| self.unusable(sharing, &[snapshot], true)),
            keys: snapshot.kms_key.as_deref().into_iter().collect(),
            ..Reach::default()
        }
    }

    /// The grantees that lack a key to one of these snapshots. Whoever lacks one key cannot launch the image, whatever is
    /// known of the others.
    fn unusable(&self, sharing: &'a Permissions, snapshots: &[&'a Snapshot], all_seen: bool) -> Option<BTreeMap<&'a Grantee, String>> {
        let account = &self.inventory.place.account;
        let grantees = || sharing.shares().filter(|grantee| grantee.account() != Some(account));
        let keys = &self.inventory.keys;
        let mut known = all_seen;
        let mut shut_out: BTreeMap<&Grantee, String> = BTreeMap::new();
        for snapshot in snapshots.iter().filter(|snapshot| snapshot.encrypted != Some(false)) {
            let access = snapshot.kms_key.as_deref().filter(|_| snapshot.encrypted == Some(true)).and_then(|key| keys.get(key));
            let Some(access) = access else {
                known = false;
                continue;
            };
            for grantee in grantees() {
                if let Some(why) = access.shuts_out(grantee, account) {
                    shut_out.entry(grantee).or_insert_with(|| format!("{}: {why}", snapshot.id));
                }
            }
        }
        (known || grantees().all(|grantee| shut_out.contains_key(grantee))).then_some(shut_out)
    }
}
