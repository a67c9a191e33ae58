//! Who can get at an image: three different things, each with a list of its own.
//!
//! Launch permissions say who may launch the image, create-volume permissions who may copy its data, and the policies of
//! the KMS keys whether either is of any use. Ending one ends none of the others.
//!
//! INVARIANT: a fact is there only if it is known for every snapshot of the image; one that was found to be public is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{AccountId, Grantee, Image, ImageState, Permissions, Snapshot, SnapshotId};

use super::membership::Relation;
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
    /// `relation` tells how an account stands to us, `None` where that is not known.
    pub(super) fn image(
        &self,
        image: &'a Image,
        sharing: Option<&'a Permissions>,
        relation: impl Fn(&AccountId) -> Option<Relation>,
    ) -> Reach<'a> {
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
            left: sharing.and_then(|sharing| self.left(sharing, relation)),
            unusable: sharing.and_then(|sharing| self.unusable(sharing, &own, all_seen)),
            keys: own.iter().filter_map(|snapshot| snapshot.kms_key.as_deref()).collect(),
        }
    }

    /// What is known of a snapshot that is shared like that.
    pub(super) fn snapshot(
        &self,
        snapshot: &'a Snapshot,
        sharing: Option<&'a Permissions>,
        relation: impl Fn(&AccountId) -> Option<Relation>,
    ) -> Reach<'a> {
        if snapshot.owner != self.inventory.place.account {
            return Reach::default();
        }
        Reach {
            left: sharing.and_then(|sharing| self.left(sharing, relation)),
            unusable: sharing.and_then(|sharing| self.unusable(sharing, &[snapshot], true)),
            keys: snapshot.kms_key.as_deref().into_iter().collect(),
            ..Reach::default()
        }
    }

    /// The accounts that were ours once; nothing while of one of them that is not known.
    fn left(&self, sharing: &'a Permissions, relation: impl Fn(&AccountId) -> Option<Relation>) -> Option<BTreeSet<&'a AccountId>> {
        let mut left = BTreeSet::new();
        for account in sharing.shares().filter_map(Grantee::account).filter(|account| **account != self.inventory.place.account) {
            match relation(account)? {
                Relation::Left { .. } => {
                    left.insert(account);
                }
                Relation::Ours | Relation::Suspended | Relation::Stranger => {}
            }
        }
        Some(left)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::answers::{Answers, GetKey, ImageAttribute, ResourceDescription, SnapshotAttribute};
    use crate::model::{AmiId, Place};

    const OURS: &str = "111111111111";
    const PARTNER: &str = "222222222222";
    const KEY: &str = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    /// An image over two snapshots with a key, in a place of which everything was read. The image is shared with a partner.
    fn answers() -> Answers {
        let image = serde_json::json!({
            "ImageId": "ami-1", "OwnerId": OURS, "State": "available", "CreationDate": "2026-01-01T00:00:00Z", "Public": false,
            "RootDeviceType": "ebs",
            "BlockDeviceMappings": [{"Ebs": {"SnapshotId": "snap-1"}}, {"Ebs": {"SnapshotId": "snap-2"}}],
        });
        let snapshot = |id: &str| {
            serde_json::json!({"SnapshotId": id, "OwnerId": OURS, "State": "completed", "StartTime": "2026-01-01T00:00:00Z",
                "Encrypted": true, "KmsKeyId": KEY})
        };
        let mut answers = Answers::unread(Place::new(OURS, "eu-central-1"), "not read");
        answers.images = Ok(serde_json::from_value(serde_json::json!({ "Images": [image] })).unwrap());
        let snapshots = serde_json::json!({ "Snapshots": [snapshot("snap-1"), snapshot("snap-2")] });
        answers.snapshots = Ok(serde_json::from_value(snapshots).unwrap());
        answers.public_snapshots = Ok(serde_json::from_value(serde_json::json!({ "Snapshots": [] })).unwrap());
        answers.launch_permissions = [(AmiId::from("ami-1"), Ok(launch(&[PARTNER, OURS])))].into();
        answers.create_volume_permissions = ["snap-1", "snap-2"].map(|id| (SnapshotId::from(id), Ok(volume(id, &[])))).into();
        answers
    }

    fn launch(accounts: &[&str]) -> ImageAttribute {
        let permissions: Vec<_> = accounts.iter().map(|account| serde_json::json!({ "UserId": account })).collect();
        serde_json::from_value(serde_json::json!({ "ImageId": "ami-1", "LaunchPermissions": permissions })).unwrap()
    }

    fn volume(id: &str, accounts: &[&str]) -> SnapshotAttribute {
        let permissions: Vec<_> = accounts.iter().map(|account| serde_json::json!({ "UserId": account })).collect();
        serde_json::from_value(serde_json::json!({ "SnapshotId": id, "CreateVolumePermissions": permissions })).unwrap()
    }

    fn key(admits: &str) -> Vec<GetKey> {
        let policy =
            serde_json::json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": admits}, "Action": "kms:*", "Resource": "*"}]});
        let properties = serde_json::json!({ "KeyPolicy": policy }).to_string();
        let id = KEY.rsplit('/').next().map(str::to_owned);
        let description = ResourceDescription { identifier: id, properties: Some(properties) };
        vec![GetKey { type_name: Some("AWS::KMS::Key".into()), resource_description: Some(description), error: None }]
    }

    /// Public snapshots, accounts the snapshots are shared with, and who has no key; `-` for what is not known.
    fn told(answers: Answers) -> String {
        let inventory = Inventory::from_answers(answers);
        let image = &inventory.images[0];
        let stranger = |_: &AccountId| Some(Relation::Stranger);
        let reach = Graph::new(&inventory).image(image, inventory.launch_permissions.get(&image.id), stranger);
        let words = |known: Option<Vec<String>>| known.map_or("-".to_owned(), |words| words.join("+"));
        let public = reach.public_snapshots.map(|ids| ids.iter().map(ToString::to_string).collect());
        let shared = reach.snapshots_shared_with.map(|ids| ids.iter().map(ToString::to_string).collect());
        let unusable = reach.unusable.map(|grantees| grantees.keys().map(ToString::to_string).collect());
        format!("{}/{}/{}", words(public), words(shared), words(unusable))
    }

    fn with(change: impl FnOnce(&mut Answers)) -> String {
        let mut answers = answers();
        change(&mut answers);
        told(answers)
    }

    #[test]
    fn what_is_known_of_every_snapshot_is_known_of_the_image() {
        assert_eq!(with(|_| ()), "//-");
        let share =
            |answers: &mut Answers| drop(answers.create_volume_permissions.insert("snap-2".into(), Ok(volume("snap-2", &[PARTNER, OURS]))));
        assert_eq!(with(share), "/222222222222/-");
        assert_eq!(with(|answers| drop(answers.create_volume_permissions.remove(&"snap-1".into()))), "/-/-");
        assert_eq!(with(|answers| answers.public_snapshots = Err("denied".into())), "-//-");
        assert_eq!(with(|answers| answers.snapshots = Err("denied".into())), "-/-/-");
    }

    #[test]
    fn a_public_snapshot_is_known_whatever_is_not_known_of_the_others() {
        let public = |answers: &mut Answers| {
            answers.public_snapshots = answers.snapshots.clone();
            if let Some(all) = answers.public_snapshots.as_mut().ok().and_then(|answer| answer.snapshots.as_mut()) {
                all.truncate(1);
            }
        };
        assert_eq!(with(public), "snap-1//-");
        let one_listed = |answers: &mut Answers| {
            public(answers);
            answers.snapshots = answers.public_snapshots.clone();
        };
        assert_eq!(with(one_listed), "snap-1/-/-");
    }

    #[test]
    fn an_image_that_is_being_made_may_have_snapshots_that_nobody_names() {
        let pending = |answers: &mut Answers| {
            answers.images.as_mut().unwrap().images.as_mut().unwrap()[0].as_mut().unwrap().state = Some("pending".into())
        };
        assert_eq!(with(pending), "-/-/-");
    }

    #[test]
    fn a_share_without_a_key_cannot_be_used() {
        assert_eq!(with(|answers| answers.key_policies = Some(Ok(key(OURS)))), "//222222222222");
        assert_eq!(with(|answers| answers.key_policies = Some(Ok(key("arn:aws:iam::222222222222:root")))), "//");
        assert_eq!(with(|answers| answers.key_policies = Some(Err("denied".into()))), "//-");
        let default = |answers: &mut Answers, id: usize| {
            let snapshots = answers.snapshots.as_mut().unwrap().snapshots.as_mut().unwrap();
            snapshots[id].as_mut().unwrap().kms_key_id = Some("alias/aws/ebs".into());
        };
        assert_eq!(with(|answers| default(answers, 0)), "//222222222222", "whatever the other snapshot's key says");
        let plain = |answers: &mut Answers| {
            for snapshot in answers.snapshots.as_mut().unwrap().snapshots.as_mut().unwrap().iter_mut().flatten() {
                (snapshot.encrypted, snapshot.kms_key_id) = (Some(false), None);
            }
        };
        assert_eq!(with(plain), "//", "what is not encrypted needs no key");
        assert_eq!(with(|answers| answers.launch_permissions.clear()), "//-");
    }

    #[test]
    fn whoever_left_is_told_apart_from_who_never_was_ours() {
        let inventory = Inventory::from_answers(answers());
        let image = &inventory.images[0];
        let left = |relation: Option<Relation>| {
            let reach = Graph::new(&inventory).image(image, inventory.launch_permissions.get(&image.id), |_| relation);
            reach.left.map(|accounts| accounts.into_iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let last_seen = "2026-11-01T00:00:00Z".parse().unwrap();
        assert_eq!(left(Some(Relation::Left { last_seen })), Some(vec![PARTNER.to_owned()]), "not the account itself");
        assert_eq!(left(Some(Relation::Suspended)), Some(Vec::new()));
        assert_eq!(left(Some(Relation::Stranger)), Some(Vec::new()));
        assert_eq!(left(None), None);
    }
}
