//! Resources for tests, told as differences from a plain one, and how they are judged.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::inventory::{
    Ancestors, Child, Children, Drift, FamilyFacts, Guard, ImageFacts, Managed, ManagedBy, Naming, Organization, Reach, Recovery,
    Reference, SnapshotFacts, Unknown, Usage, User,
};
use crate::model::{Grantee, Image, ImageState, Permissions, Place, Principal, Protection, Region, Snapshot, Volume};
use crate::policy::{Judgement, PolicySet};

pub(super) const OURS: &str = "111111111111";
pub(super) const SISTER: &str = "222222222222";
pub(super) const PARTNER: &str = "333333333333";
pub(super) const PUBLISHER: &str = "444444444444";
pub(super) const STRANGER: &str = "999999999999";

pub(super) fn now() -> Timestamp {
    "2026-11-20T00:00:00Z".parse().unwrap()
}

pub(super) fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// An image as its owner would describe it. Young, private, encrypted, used by nobody, the only one of its kind.
#[derive(Clone, Debug)]
pub(super) struct ImageCase {
    pub(super) image: Image,
    pub(super) place: Place,
    pub(super) since_deprecation: Option<SignedDuration>,
    pub(super) since_disabled: Option<SignedDuration>,
    pub(super) idle: Option<SignedDuration>,
    pub(super) users: Option<Vec<Reference>>,
    pub(super) sharing: Option<Permissions>,
    pub(super) family: Option<FamilyFacts>,
    pub(super) newer_base: Option<bool>,
    pub(super) consumers: Option<usize>,
    pub(super) family_name: Option<String>,
    /// How many images were made from it, where that is known.
    pub(super) children: Option<usize>,
    pub(super) drift: Option<Drift>,
    pub(super) cooling: bool,
    pub(super) replica_regions: Option<BTreeSet<Region>>,
    pub(super) replicate_to: BTreeSet<Region>,
    pub(super) managed_by: Option<ManagedBy>,
    pub(super) legal_hold: bool,
}

pub(super) fn image(name: &str) -> ImageCase {
    ImageCase {
        image: Image {
            id: "ami-0123456789abcdef0".into(),
            owner: OURS.into(),
            owner_alias: None,
            name: name.into(),
            description: None,
            state: ImageState::Available,
            created_at: now() - days(3),
            deprecation_at: None,
            last_launched_at: None,
            public: Some(false),
            protection: Protection::Off,
            source_image: None,
            architecture: "x86_64".into(),
            platform: "Linux/UNIX".into(),
            root_device_type: "ebs".into(),
            virtualization: "hvm".into(),
            boot_mode: None,
            imdsv2_required: true,
            tpm: false,
            ena: true,
            product_codes: Vec::new(),
            volumes: vec![Volume { snapshot: Some("snap-0aaaaaaaaaaaaaaaa".into()), size_gib: 8, encrypted: Some(true), kms_key: None }],
            tags: [("owner", "web"), ("cost-center", "4711")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        },
        place: Place::new(OURS, "eu-central-1"),
        since_deprecation: None,
        since_disabled: None,
        idle: None,
        users: Some(Vec::new()),
        sharing: None,
        family: None,
        newer_base: None,
        consumers: Some(0),
        family_name: None,
        children: Some(0),
        drift: Some(Drift { shares: Some(Vec::new()), ..Drift::default() }),
        cooling: false,
        replica_regions: Some(BTreeSet::new()),
        replicate_to: BTreeSet::new(),
        managed_by: None,
        legal_hold: false,
    }
}

impl ImageCase {
    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn aged(self, age: i64) -> Self {
        self.with(|case| case.image.created_at = now() - days(age))
    }

    pub(super) fn idle(self, idle: i64) -> Self {
        self.with(|case| case.idle = Some(days(idle)))
    }

    pub(super) fn deprecated(self, since: i64) -> Self {
        self.with(|case| {
            case.image.deprecation_at = Some(now() - days(since));
            case.since_deprecation = Some(days(since));
        })
    }

    pub(super) fn disabled(self, since: i64) -> Self {
        self.with(|case| {
            case.image.state = ImageState::Disabled;
            case.since_disabled = Some(days(since));
        })
    }

    pub(super) fn tag(self, key: &str, value: &str) -> Self {
        self.with(|case| drop(case.image.tags.insert(key.into(), value.into())))
    }

    /// Member of a family with that many newer images, each a release.
    pub(super) fn rank(self, rank: usize) -> Self {
        self.with(|case| {
            let is_newest = rank == 0 && case.image.state == ImageState::Available;
            case.family = Some(FamilyFacts { name: "golden".into(), rank, size: rank + 1, versions_behind: rank, is_newest });
            case.family_name = Some("golden".into());
        })
    }

    pub(super) fn used(self, live: bool) -> Self {
        self.with(|case| case.users = Some(vec![template(live)]))
    }

    pub(super) fn shared(self, grantees: &[&str]) -> Self {
        self.with(|case| case.sharing = Some(permissions(grantees)))
    }

    pub(super) fn facts(&self) -> ImageFacts<'_> {
        ImageFacts {
            place: &self.place,
            image: &self.image,
            all_listed: true,
            owned: true,
            age: now().duration_since(self.image.created_at),
            is_deprecated: self.image.is_deprecated(now()),
            since_deprecation: self.since_deprecation,
            since_disabled: self.since_disabled,
            idle: self.idle,
            users: self.users.as_deref().unwrap_or_default(),
            usage: self.users.as_deref().map(|references| Usage { references }).ok_or_else(unknown),
            sharing: self.sharing.as_ref(),
            reach: Reach::default(),
            family: self.family.clone(),
            family_name: self.family_name.as_deref().map(Into::into),
            version: None,
            newer_base: self.newer_base,
            consumers: self.consumers,
            ancestors: self.image.source_image.as_ref().map(|(source, _)| Ancestors { images: [source].into(), complete: false }),
            children: Children {
                found: vec![Child { id: &self.image.id, place: &self.place, image: None }; self.children.unwrap_or(1)],
                unknown: if self.children.is_some() { Vec::new() } else { unknown() },
            },
            replica_regions: self.replica_regions.clone(),
            drift: self.drift.clone(),
            replicate_to: self.replicate_to.clone(),
            managed_by: self.managed_by.clone().map(managed),
            legal_hold: self.legal_hold,
            keep_tag: None,
            cooling_until: self.cooling.then(now),
            recovery: Recovery::For(days(14)),
        }
    }
}

/// A private, encrypted snapshot of an image that is still there.
#[derive(Clone, Debug)]
pub(super) struct SnapshotCase {
    pub(super) snapshot: Snapshot,
    pub(super) place: Place,
    pub(super) is_public: Option<bool>,
    pub(super) sharing: Option<Permissions>,
    pub(super) images: Option<Vec<Reference>>,
    pub(super) users: Option<Vec<Reference>>,
    pub(super) source_volume_exists: Option<bool>,
    pub(super) orphaned_for: Option<SignedDuration>,
    pub(super) locked: Option<bool>,
    pub(super) fast_restore: Option<bool>,
    pub(super) managed_by: Option<ManagedBy>,
    pub(super) legal_hold: bool,
}

pub(super) fn snapshot() -> SnapshotCase {
    SnapshotCase {
        snapshot: Snapshot {
            id: "snap-0123456789abcdef0".into(),
            owner: OURS.into(),
            description: Some("Created by CreateImage(i-1) for ami-1".into()),
            state: "completed".into(),
            started_at: now() - days(200),
            volume_id: Some("vol-1".into()),
            size_gib: 8,
            encrypted: Some(true),
            kms_key: None,
            storage_tier: "standard".into(),
            tags: [("owner", "web"), ("cost-center", "4711")].map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        },
        place: Place::new(OURS, "eu-central-1"),
        is_public: Some(false),
        sharing: None,
        images: Some(Vec::new()),
        users: Some(Vec::new()),
        source_volume_exists: None,
        orphaned_for: None,
        locked: Some(false),
        fast_restore: Some(false),
        managed_by: None,
        legal_hold: false,
    }
}

impl SnapshotCase {
    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn orphaned(self, since: i64) -> Self {
        self.with(|case| case.orphaned_for = Some(days(since)))
    }

    pub(super) fn facts(&self) -> SnapshotFacts<'_> {
        SnapshotFacts {
            place: &self.place,
            snapshot: &self.snapshot,
            owned: true,
            age: now().duration_since(self.snapshot.started_at),
            is_public: self.is_public,
            sharing: self.sharing.as_ref(),
            reach: Reach::default(),
            referring_images: self.images.as_deref().unwrap_or_default(),
            images: self.images.as_deref().ok_or_else(unknown),
            users: self.users.as_deref().unwrap_or_default(),
            usage: self.users.as_deref().map(|references| Usage { references }).ok_or_else(unknown),
            source_volume_exists: self.source_volume_exists,
            orphaned_for: self.orphaned_for,
            lock: guard(self.locked),
            fast_restore: guard(self.fast_restore),
            managed_by: self.managed_by.clone().map(managed),
            legal_hold: self.legal_hold,
            keep_tag: None,
            recovery: Recovery::For(days(14)),
        }
    }
}

fn managed(by: ManagedBy) -> Managed {
    Managed { by, object: None, console: None }
}

fn guard(on: Option<bool>) -> Guard<'static> {
    on.map_or(Guard::Unread, |on| if on { Guard::On("governance") } else { Guard::Off })
}

fn unknown() -> Vec<Unknown> {
    vec![Unknown { reason: "describe-instances was denied".into() }]
}

pub(super) fn template(live: bool) -> Reference {
    let naming = if live { Naming::Default { template_named: true } } else { Naming::Unnamed };
    let user = User::LaunchTemplate { id: "lt-1".into(), version: 7, naming };
    Reference { live, ..Reference::live(&Place::new(OURS, "eu-central-1"), user) }
}

pub(super) fn permissions(grantees: &[&str]) -> Permissions {
    Permissions(grantees.iter().map(|grantee| Grantee::parse(grantee)).collect())
}

/// Two accounts in two units, a partner, a publisher.
pub(super) fn organization() -> Organization {
    let path = |unit: &str| vec!["o-acme123456".to_owned(), "r-ab12".to_owned(), unit.to_owned()];
    let group = |name: &str, account: &str| (name.to_owned(), BTreeSet::from([account.into()]));
    Organization {
        id: Some("o-acme123456".into()),
        incomplete: None,
        members: BTreeMap::from([
            (OURS.into(), path("ou-ab12-11111111")),
            (SISTER.into(), path("ou-ab12-22222222")),
            (PUBLISHER.into(), path("ou-ab12-22222222")),
        ]),
        groups: BTreeMap::from([group("partners", PARTNER), group("publishers", PUBLISHER)]),
        ..Organization::default()
    }
}

pub(super) fn estate() -> BTreeSet<Region> {
    ["eu-central-1", "eu-west-1", "us-east-1"].map(Region::from).into()
}

/// Judged alone by the daemon, in a known organization.
pub(super) fn judge(set: &PolicySet, case: &ImageCase) -> Judgement {
    judge_by(set, case, Principal::Automatic)
}

pub(super) fn judge_by(set: &PolicySet, case: &ImageCase, principal: Principal) -> Judgement {
    set.judge(&organization(), principal, now(), &estate()).image(&case.facts())
}

pub(super) fn judge_snapshot(set: &PolicySet, case: &SnapshotCase) -> Judgement {
    set.judge(&organization(), Principal::Automatic, now(), &estate()).snapshot(&case.facts())
}
