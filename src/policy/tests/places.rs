//! Places, and who can get at an image by more ways than its own permissions.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Entities;
use proptest::prelude::*;

use crate::inventory::{PlaceFacts, Reach};
use crate::model::{
    Action, AllowedImages, AllowedImagesState, Block, BlockState, Context, Grantee, Manager, Place, Principal, Shareable, SnapshotId,
};
use crate::policy::schema::Schemas;
use crate::policy::uses::Uses;
use crate::policy::{Asked, Judgement, PolicySet, ResourceKind, entities, membership::Directory};

use super::facts::{OURS, PUBLISHER, STRANGER, estate, image, now, organization, snapshot};
use super::{load, shipped, told};

/// What is known of a place, owned.
#[derive(Clone, Debug)]
struct Case {
    place: Place,
    image_block: Option<Block>,
    snapshot_block: Option<Block>,
    allowed_images: Option<AllowedImages>,
    counts: [Option<usize>; 4],
}

const OPEN: Block = Block { state: BlockState::Unblocked, managed_by: Some(Manager::Account) };

/// A place of ours in which everything could be published and nothing is.
fn open() -> Case {
    let allowed = AllowedImages {
        state: AllowedImagesState::AuditMode,
        managed_by: Some(Manager::Account),
        providers: ["amazon".to_owned(), "111111111111".to_owned()].into(),
    };
    Case {
        place: Place::new(OURS, "eu-central-1"),
        image_block: Some(OPEN),
        snapshot_block: Some(OPEN),
        allowed_images: Some(allowed),
        counts: [Some(3), Some(0), Some(5), Some(0)],
    }
}

impl Case {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn facts(&self) -> PlaceFacts<'_> {
        let [images, public_images, snapshots, public_snapshots] = self.counts;
        PlaceFacts {
            place: &self.place,
            image_block: self.image_block,
            snapshot_block: self.snapshot_block,
            allowed_images: self.allowed_images.as_ref(),
            images,
            public_images,
            snapshots,
            public_snapshots,
        }
    }
}

fn judge(set: &PolicySet, case: &Case) -> Judgement {
    set.judge(&organization(), Principal::Automatic, now(), &estate()).place(&case.facts())
}

#[track_caller]
fn place_is(case: &Case, expected: &str) {
    let judgement = judge(shipped(), case);
    assert_eq!((told(&judgement, Action::Notify).as_str(), judgement.faults.as_slice()), (expected, [].as_slice()));
}

fn blocked(state: BlockState) -> Option<Block> {
    Some(Block { state, managed_by: Some(Manager::DeclarativePolicy) })
}

#[test]
fn what_nothing_keeps_from_becoming_public_is_reported_but_for_publishers() {
    place_is(&open(), "images-can-become-public snapshots-can-become-public / ");
    place_is(&open().with(|case| case.image_block = blocked(BlockState::BlockNewSharing)), "snapshots-can-become-public / ");
    place_is(&open().with(|case| case.snapshot_block = blocked(BlockState::BlockAllSharing)), "images-can-become-public / ");
    place_is(&open().with(|case| case.place.account = PUBLISHER.into()), "");
    let unread = open().with(|case| (case.image_block, case.snapshot_block) = (None, None));
    place_is(&unread, "");
}

const BLOCK: &str = r#"
    @id("block") @owner("x") @reason("x") @severity("low")
    permit (principal, action == Action::"blockPublicAccess", resource) when { context.now > datetime("2020-01-01") };
"#;

fn asked(case: &Case) -> Vec<Shareable> {
    let due = judge(&load(BLOCK), case).due;
    due.iter().filter(|verdict| verdict.is_clear()).filter_map(|verdict| verdict.context.of).collect()
}

#[test]
fn only_what_is_open_or_not_known_to_be_blocked_is_asked_about() {
    assert_eq!(asked(&open()), Shareable::ALL);
    assert_eq!(asked(&open().with(|case| case.image_block = blocked(BlockState::BlockNewSharing))), [Shareable::Snapshots]);
    // To block new sharing there would publish what is hidden.
    assert_eq!(asked(&open().with(|case| case.snapshot_block = blocked(BlockState::BlockAllSharing))), [Shareable::Images]);
    assert_eq!(asked(&open().with(|case| case.snapshot_block = None)), Shareable::ALL);
}

#[test]
fn a_policy_chooses_between_images_and_snapshots_by_its_context() {
    let text = BLOCK.replace("context.now > datetime(\"2020-01-01\")", "context.of == \"snapshots\" && resource has publicSnapshots");
    let due = judge(&load(&text), &open()).due;
    assert_eq!(due.iter().map(|verdict| verdict.context.clone()).collect::<Vec<_>>(), [Context::of(Shareable::Snapshots)]);
}

#[test]
fn a_freeze_that_names_no_kind_freezes_places_too() {
    let freeze = r#"
        @id("freeze") @owner("x") @reason("x")
        forbid (principal == Warden::"automatic", action in Action::"anyChange", resource) when { context.now > datetime("2020-01-01") };
        @id("held") @owner("x") @reason("x")
        forbid (principal, action in Action::"restrictive", resource) when { resource.legalHold };
    "#;
    let set = load(&format!("{BLOCK}{freeze}"));
    assert_eq!(told(&judge(&set, &open()), Action::BlockPublicAccess), "block / freeze; block / freeze");
}

#[test]
fn a_permit_that_names_no_kind_is_about_images_and_snapshots() {
    let text = |scope: &str| {
        format!(
            "@id(\"all\") @owner(\"x\") @reason(\"x\") @severity(\"low\")
             permit (principal, action == Action::\"notify\", {scope}) unless {{ resource.hasTag(\"owner\") }};"
        )
    };
    assert_eq!(told(&judge(&load(&text("resource")), &open()), Action::Notify), "");
    assert!(load(&text("resource")).info("all").is_some_and(|info| !info.resources.contains(&ResourceKind::Place)));
    assert_eq!(told(&judge(&load(&text("resource is Place")), &open()), Action::Notify), "all / ");
}

#[test]
fn the_settings_of_a_place_can_be_asked_about() {
    let condition = |condition: &str| {
        let text = format!(
            "@id(\"x\") @owner(\"x\") @reason(\"x\") @severity(\"low\")
             permit (principal, action == Action::\"notify\", resource is Place) when {{ {condition} }};"
        );
        told(&judge(&load(&text), &open()), Action::Notify) == "x / "
    };
    for holds in [
        "resource.account == Account::\"111111111111\" && resource.region == Region::\"eu-central-1\"",
        "resource in Account::\"111111111111\" && resource in Region::\"eu-central-1\" && resource in AccountGroup::\"organization\"",
        "resource has imageBlockPublicAccess && resource.imageBlockPublicAccess has managedBy && resource.imageBlockPublicAccess.managedBy == \"account\"",
        "resource has allowedImages && resource.allowedImages.state == \"audit-mode\" && resource.allowedImages.providers.contains(\"amazon\")",
        "resource has publicImages && resource.publicImages == 0 && resource has images && resource.images == 3",
        "resource has publicSnapshots && resource.publicSnapshots == 0 && resource has snapshots && resource.snapshots == 5",
    ] {
        assert!(condition(holds), "{holds}");
    }
}

// --- Permissions, snapshots and keys ---

fn reported(reach: Reach<'_>, public: bool) -> String {
    let case = image("web").with(|case| case.image.public = Some(public));
    let mut facts = case.facts();
    facts.reach = reach;
    let judgement = shipped().judge(&organization(), Principal::Automatic, now(), &estate()).image(&facts);
    assert_eq!(judgement.faults, []);
    told(&judgement, Action::Notify)
}

#[test]
fn a_private_image_with_a_public_snapshot_is_reported() {
    let snapshot = SnapshotId::from("snap-1");
    assert_eq!(
        reported(Reach { public_snapshots: Some([&snapshot].into()), ..Reach::default() }, false),
        "private-image-public-snapshot / "
    );
    assert_eq!(reported(Reach { public_snapshots: Some([&snapshot].into()), ..Reach::default() }, true), "");
    assert_eq!(reported(Reach { public_snapshots: Some(BTreeSet::new()), ..Reach::default() }, false), "");
    assert_eq!(reported(Reach { public_snapshots: None, ..Reach::default() }, false), "");
}

#[test]
fn a_share_with_a_former_account_and_one_without_a_key_are_reported() {
    let account = STRANGER.into();
    assert_eq!(reported(Reach { left: Some([&account].into()), ..Reach::default() }, false), "shared-with-former-account / ");
    assert_eq!(reported(Reach { left: Some(BTreeSet::new()), ..Reach::default() }, false), "");
    for grantee in
        [STRANGER, "arn:aws:organizations::1:organization/o-acme123456", "arn:aws:organizations::1:ou/o-acme123456/ou-ab12-22222222"]
    {
        let grantee = Grantee::parse(grantee);
        let unusable = BTreeMap::from([(&grantee, "no key".to_owned())]);
        assert_eq!(reported(Reach { unusable: Some(unusable), ..Reach::default() }, false), "share-that-cannot-work / ");
    }
    assert_eq!(reported(Reach { unusable: Some(BTreeMap::new()), ..Reach::default() }, false), "");
}

#[test]
fn the_snapshots_are_asked_one_by_one_only_for_a_policy_that_reads_their_shares() {
    let text = |fact: &str| {
        format!(
            "@id(\"x\") @owner(\"x\") @reason(\"x\") @severity(\"low\")
             permit (principal, action == Action::\"notify\", resource is Image) when {{ resource has {fact} }};"
        )
    };
    for (fact, images, snapshots) in [
        ("snapshotsPublic", Asked::WhenDue, Asked::WhenDue),
        ("snapshotsSharedWith", Asked::WhenDue, Asked::All),
        ("sharedWithLeft", Asked::All, Asked::WhenDue),
        ("unusableShares", Asked::All, Asked::WhenDue),
    ] {
        let set = load(&text(fact));
        assert_eq!((set.asks_launch_permissions(), set.asks_create_volume_permissions()), (images, snapshots), "{fact}");
    }
}

#[test]
fn what_is_judged_by_its_use_is_asked_about_even_where_nothing_is_taken_from_anybody() {
    let text = |effect: &str, action: &str, kind: &str, fact: &str| {
        let head = |effect: &str| format!("@id(\"{effect}\") {effect} (principal, action == Action::\"{action}\", resource is {kind})");
        let other = head(if effect == "permit" { "forbid" } else { "permit" });
        format!("{} when {{ resource has {fact} }};\n{other} when {{ resource.hasTag(\"x\") }};", head(effect))
    };
    for effect in ["permit", "forbid"] {
        for (action, kind, fact, asked) in [
            ("deregister", "Image", "usage", Asked::WhenDue),
            ("disable", "Image", "liveChildren", Asked::WhenDue),
            ("notify", "Image", "usage", Asked::All),
            ("deprecate", "Image", "usage", Asked::All),
            ("makePrivate", "Image", "liveChildren", Asked::All),
            ("replicate", "Image", "children", Asked::All),
            ("deleteSnapshot", "Snapshot", "usage", Asked::WhenDue),
            ("notify", "Snapshot", "usage", Asked::All),
        ] {
            let set = load(&text(effect, action, kind, fact));
            let (images, snapshots) = (set.asks_launch_permissions(), set.asks_create_volume_permissions());
            let (told, other) = if kind == "Image" { (images, snapshots) } else { (snapshots, images) };
            assert_eq!((told, other), (asked, Asked::WhenDue), "{effect} {action} {fact}");
        }
    }
}

// --- Every place there can be ---

fn block() -> impl Strategy<Value = Option<Block>> {
    let state = prop::sample::select(vec![BlockState::Unblocked, BlockState::BlockNewSharing, BlockState::BlockAllSharing]);
    prop::option::weighted(0.8, (state, manager()).prop_map(|(state, managed_by)| Block { state, managed_by }))
}

fn manager() -> impl Strategy<Value = Option<Manager>> {
    prop::option::weighted(0.8, prop::sample::select(vec![Manager::Account, Manager::DeclarativePolicy]))
}

fn any_place() -> impl Strategy<Value = Case> {
    let states = vec![AllowedImagesState::Enabled, AllowedImagesState::AuditMode, AllowedImagesState::Disabled];
    let providers = prop::collection::btree_set("[a-z0-9\"\\\\]{0,12}", 0..3);
    let allowed = (prop::sample::select(states), manager(), providers).prop_map(|(state, managed_by, providers)| AllowedImages {
        state,
        managed_by,
        providers,
    });
    let count = || prop::option::of(prop_oneof![0usize..4, Just(usize::MAX)]);
    let account = prop::sample::select(vec![OURS, PUBLISHER, STRANGER]);
    (account, block(), block(), prop::option::of(allowed), [count(), count(), count(), count()]).prop_map(
        |(account, image_block, snapshot_block, allowed_images, counts)| Case {
            place: Place::new(account, "eu-central-1"),
            image_block,
            snapshot_block,
            allowed_images,
            counts,
        },
    )
}

/// Policies that read the settings in every roundabout way.
const READERS: &str = r#"
    @id("fields") @owner("x") @reason("x") @severity("low")
    permit (principal, action == Action::"blockPublicAccess", resource)
    when { resource has imageBlockPublicAccess.managedBy && resource["imageBlockPublicAccess"]["managedBy"] == "account" || context.of like "snap*" };
    @id("whole") @owner("x") @reason("x")
    forbid (principal, action == Action::"blockPublicAccess", resource is Place)
    when { resource has snapshotBlockPublicAccess && resource has imageBlockPublicAccess && resource.snapshotBlockPublicAccess == resource.imageBlockPublicAccess };
    @id("counts") @owner("x") @reason("x") @severity("low")
    permit (principal, action == Action::"notify", resource is Place)
    when { resource has publicImages && resource has images && resource.publicImages < resource.images && resource in AccountGroup::"publishers" };
"#;

proptest! {
    #[test]
    fn every_place_conforms_to_the_schema(case in any_place()) {
        let schemas = Schemas::built_in().unwrap();
        let organization = organization();
        let above = Directory::new(&organization, &schemas.names).account(&case.place.account).above;
        let built = entities::place(&case.facts(), &schemas.names, &Uses::all(), &above).unwrap();
        let conforms = Entities::from_entities([built], Some(schemas.readings[0].schema())).map(drop);
        prop_assert!(conforms.is_ok(), "{:?}", conforms);
    }

    #[test]
    fn building_only_what_is_read_changes_no_verdict_on_a_place(case in any_place()) {
        for set in [shipped().clone(), load(READERS)] {
            prop_assert_eq!(judge(&set, &case), judge(&set.unfiltered(), &case));
        }
    }

    #[test]
    fn losing_what_is_known_of_a_place_reports_nothing_more(case in any_place()) {
        let due = |case: &Case| told(&judge(shipped(), case), Action::Notify);
        let known = due(&case);
        let losses: [fn(&mut Case); 3] = [
            |case| case.image_block = None,
            |case| case.snapshot_block = None,
            |case| (case.allowed_images, case.counts) = (None, [None; 4]),
        ];
        for lose in losses {
            for policy in due(&case.clone().with(lose)).split([' ', '/']).filter(|policy| !policy.is_empty()) {
                prop_assert!(known.contains(policy), "{policy} beyond {known}");
            }
        }
    }
}

#[test]
fn a_snapshot_says_who_left_and_who_has_no_key() {
    let schemas = Schemas::built_in().unwrap();
    let case = snapshot();
    let mut facts = case.facts();
    let account = STRANGER.into();
    let grantee = Grantee::parse(STRANGER);
    facts.reach.left = Some([&account].into());
    facts.reach.unusable = Some([(&grantee, "no key".to_owned())].into());
    let built = entities::snapshot(&facts, &schemas.names, &Uses::all(), &[]).unwrap();
    assert!(Entities::from_entities([built], Some(schemas.readings[0].schema())).is_ok());
    let text = r#"@id("x") @owner("x") @reason("x") @severity("low")
        permit (principal, action == Action::"notify", resource is Snapshot)
        when { resource has sharedWithLeft && resource has unusableShares && resource.unusableShares.accounts == resource.sharedWithLeft };"#;
    let judgement = load(text).judge(&organization(), Principal::Automatic, now(), &estate()).snapshot(&facts);
    assert_eq!(told(&judgement, Action::Notify), "x / ");
}
