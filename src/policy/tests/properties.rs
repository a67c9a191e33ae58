//! What holds for any image and snapshot, not only for those somebody thought of.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;

use crate::inventory::{Drift, FamilyFacts, ManagedBy};
use crate::model::{Action, ActionClass, Context, ImageState, Principal};
use crate::policy::{Judgement, PolicySet};

use super::facts::{ImageCase, SnapshotCase, days, image, judge_by, judge_snapshot, now, permissions, snapshot, template};
use super::{load, shipped};

fn managed() -> impl Strategy<Value = Option<ManagedBy>> {
    prop::option::weighted(
        0.2,
        prop::sample::select(vec![
            ManagedBy::AwsBackup,
            ManagedBy::DataLifecycleManager,
            ManagedBy::ImageBuilder,
            ManagedBy::Marketplace,
            ManagedBy::Tool("packer".into()),
        ]),
    )
}

fn sharing() -> impl Strategy<Value = Option<Vec<&'static str>>> {
    let grantees = vec![
        "all",
        "111111111111",
        "222222222222",
        "333333333333",
        "999999999999",
        "arn:aws:organizations::1:organization/o-acme123456",
        "arn:aws:organizations::9:organization/o-foreign12345",
        "arn:aws:organizations::1:ou/o-acme123456/ou-ab12-22222222",
    ];
    prop::option::of(prop::sample::subsequence(grantees, 0..4))
}

fn tags() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    prop::sample::subsequence(
        vec![
            ("env", "prod"),
            ("env", "dev"),
            ("Environment", "Production"),
            ("tested", "true"),
            ("owner", "x"),
            ("cost-center", "1"),
            ("other", "\""),
        ],
        0..7,
    )
}

/// What was made from it, whether protection cools down, and whether copies differ.
fn lineage() -> impl Strategy<Value = (Option<usize>, bool, Option<Drift>)> {
    let differ = || prop_oneof![Just(Vec::new()), Just(vec!["the tag `team`".to_owned()])];
    let drift = (differ(), differ(), prop::option::of(differ()));
    let drift = drift.prop_map(|(tags, deprecation, shares)| Drift { tags, deprecation, shares });
    (prop::option::weighted(0.8, 0usize..3), any::<bool>(), prop::option::of(drift))
}

fn users() -> impl Strategy<Value = Option<Vec<bool>>> {
    prop::option::weighted(0.7, prop::collection::vec(any::<bool>(), 0..3))
}

pub(super) fn any_image() -> impl Strategy<Value = ImageCase> {
    let life = (
        prop::sample::select(vec!["available", "disabled", "pending", "failed"]),
        0i64..800,
        prop::option::of(-300i64..300),
        prop::option::of(0i64..100),
        prop::option::of(0i64..200),
    );
    let standing = (
        prop::option::of((0usize..6, any::<bool>())),
        users(),
        sharing(),
        managed(),
        prop::bool::weighted(0.2),
        prop::option::weighted(0.9, any::<bool>()),
    );
    let looks = (prop::sample::select(vec!["dev-web", "golden-2", "web"]), tags(), prop::option::of(any::<bool>()), any::<bool>());
    let regions = || prop::sample::subsequence(vec!["eu-west-1", "us-east-1"], 0..=2);
    (life, standing, looks, prop::option::of(regions()), regions(), lineage()).prop_map(
        |(life, standing, looks, replicas, replicate_to, lineage)| {
            let (state, age, deprecation, disabled, idle) = life;
            let (family, users, sharing, managed_by, legal_hold, public) = standing;
            let (name, tags, encrypted, imdsv2) = looks;
            image(name).aged(age).with(|case| {
                case.image.state = ImageState::named(state);
                case.image.deprecation_at = deprecation.map(|ago| now() - days(ago));
                case.since_deprecation = deprecation.filter(|ago| *ago >= 0).map(days);
                case.since_disabled = disabled.filter(|_| state == "disabled").map(days);
                case.idle = idle.map(days);
                case.family = family.map(|(rank, latest)| FamilyFacts {
                    name: "golden".into(),
                    rank,
                    size: 6,
                    versions_behind: rank,
                    is_newest: rank == 0 && latest,
                });
                case.family_name = family.map(|_| "golden".into());
                (case.children, case.cooling, case.drift) = lineage;
                case.image.source_image = legal_hold.then(|| ("ami-source".into(), "eu-west-1".into()));
                case.users = users.map(|users| users.into_iter().map(template).collect());
                case.sharing = sharing.map(|grantees| permissions(&grantees));
                case.managed_by = managed_by;
                case.legal_hold = legal_hold;
                case.image.public = public;
                case.image.tags = tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
                case.image.volumes[0].encrypted = encrypted;
                case.image.imdsv2_required = imdsv2;
                case.replica_regions = replicas.map(|regions| regions.into_iter().map(Into::into).collect());
                case.replicate_to = replicate_to.into_iter().map(Into::into).collect();
            })
        },
    )
}

pub(super) fn any_snapshot() -> impl Strategy<Value = SnapshotCase> {
    let life = (prop::sample::select(vec!["completed", "pending", "error"]), prop::option::of(0i64..60), users(), users());
    let looks = (
        prop::option::of(any::<bool>()),
        sharing(),
        managed(),
        any::<bool>(),
        prop::option::of(any::<bool>()),
        tags(),
        prop::option::of(any::<bool>()),
    );
    let guards = (prop::option::of(any::<bool>()), prop::option::of(any::<bool>()));
    (life, looks, guards).prop_map(|(life, looks, (locked, fast_restore))| {
        let (state, orphaned, images, users) = life;
        let (is_public, sharing, managed_by, legal_hold, encrypted, tags, volume) = looks;
        snapshot().with(|case| {
            case.snapshot.state = state.into();
            case.orphaned_for = orphaned.map(days);
            case.images = images.map(|images| images.into_iter().map(template).collect());
            case.users = users.map(|users| users.into_iter().map(template).collect());
            case.is_public = is_public;
            case.sharing = sharing.map(|grantees| permissions(&grantees));
            case.managed_by = managed_by;
            case.legal_hold = legal_hold;
            case.snapshot.encrypted = encrypted;
            case.source_volume_exists = volume;
            (case.locked, case.fast_restore) = (locked, fast_restore);
            case.snapshot.tags = tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        })
    })
}

/// What may be done: asked for, not forbidden, decided, on a resource that is decided.
fn clear(judgement: &Judgement) -> BTreeSet<(Action, Context)> {
    let decided = judgement.faults.is_empty();
    judgement.due.iter().filter(|verdict| decided && verdict.is_clear()).map(|verdict| (verdict.action, verdict.context.clone())).collect()
}

/// A fact that a failed read takes away.
type Loss<T> = (&'static str, fn(&mut T));

const IMAGE_LOSSES: [Loss<ImageCase>; 10] = [
    ("newer_base", |case| case.newer_base = None),
    ("consumers", |case| case.consumers = None),
    ("usage", |case| case.users = None),
    ("sharing", |case| case.sharing = None),
    ("replica_regions", |case| case.replica_regions = None),
    ("public", |case| case.image.public = None),
    ("since_disabled", |case| case.since_disabled = None),
    ("rank", |case| case.family = None),
    ("children", |case| case.children = None),
    ("drift", |case| case.drift = None),
];

const SNAPSHOT_LOSSES: [Loss<SnapshotCase>; 8] = [
    ("images", |case| case.images = None),
    ("usage", |case| case.users = None),
    ("sharing", |case| case.sharing = None),
    ("is_public", |case| case.is_public = None),
    ("orphaned_for", |case| case.orphaned_for = None),
    ("source_volume_exists", |case| case.source_volume_exists = None),
    ("locked", |case| case.locked = None),
    ("fast_restore", |case| case.fast_restore = None),
];

proptest! {
    #[test]
    fn losing_what_is_known_of_an_image_never_adds_a_change(case in any_image(), by in prop::sample::select(vec![Principal::Automatic, Principal::AfterApproval])) {
        let set = shipped();
        let known = clear(&judge_by(set, &case, by));
        for (fact, lose) in IMAGE_LOSSES {
            let mut unknown = clear(&judge_by(set, &case.clone().with(lose), by));
            // While use is unknown an interlock holds what would take the image from its users, whatever policies say.
            unknown.retain(|(action, _)| fact != "usage" || !matches!(action, Action::Disable | Action::Deregister));
            prop_assert!(unknown.is_subset(&known), "without {}: {:?} beyond {:?}", fact, unknown, known);
        }
    }

    #[test]
    fn losing_the_last_launch_never_adds_what_cannot_be_undone(case in any_image()) {
        // AWS names no launch for images that were never launched, so its absence is no failed read and the
        // reversible rungs may go on; the last one never asks for it.
        let destructive = |case: &ImageCase| -> BTreeSet<_> {
            clear(&judge_by(shipped(), case, Principal::Automatic)).into_iter().filter(|(action, _)| action.class() == ActionClass::Destructive).collect()
        };
        let unknown = destructive(&case.clone().with(|case| case.idle = None));
        prop_assert!(unknown.is_subset(&destructive(&case)));
    }

    #[test]
    fn losing_what_is_known_of_a_snapshot_never_adds_a_change(case in any_snapshot()) {
        let set = shipped();
        let known = clear(&judge_snapshot(set, &case));
        for (fact, lose) in SNAPSHOT_LOSSES {
            let unknown = clear(&judge_snapshot(set, &case.clone().with(lose)));
            prop_assert!(unknown.is_subset(&known), "without {}: {:?} beyond {:?}", fact, unknown, known);
        }
    }

    #[test]
    fn under_legal_hold_only_exposure_ends(case in any_image()) {
        let judgement = judge_by(shipped(), &case.with(|case| case.legal_hold = true), Principal::AfterApproval);
        prop_assert!(clear(&judgement).iter().all(|(action, _)| action.ends_exposure() || *action == Action::Notify));
    }

    #[test]
    fn stale_use_is_never_disabled_or_deregistered(case in any_image()) {
        // Unknown use is an interlock's matter.
        let unused = case.users.as_ref().is_none_or(|users| users.iter().all(|user| user.live));
        let judgement = judge_by(shipped(), &case, Principal::AfterApproval);
        prop_assert!(unused || clear(&judgement).iter().all(|(action, _)| !matches!(action, Action::Disable | Action::Deregister)));
    }

    #[test]
    fn building_only_what_is_read_changes_no_verdict(image in any_image(), snapshot in any_snapshot()) {
        for set in [shipped(), readers()] {
            let all = set.unfiltered();
            prop_assert_eq!(judge_by(set, &image, Principal::Automatic), judge_by(&all, &image, Principal::Automatic));
            prop_assert_eq!(judge_snapshot(set, &snapshot), judge_snapshot(&all, &snapshot));
        }
    }

    #[test]
    fn judgements_are_sorted_and_always_the_same(case in any_image()) {
        let judgement = judge_by(shipped(), &case, Principal::Automatic);
        prop_assert_eq!(&judgement, &judge_by(shipped(), &case, Principal::Automatic));
        let order: Vec<_> = judgement.due.iter().map(|verdict| (verdict.action, verdict.context.clone())).collect();
        prop_assert!(order.is_sorted());
        for verdict in &judgement.due {
            prop_assert!(verdict.because.is_sorted() && verdict.forbidden_by.is_sorted() && verdict.faults.is_sorted());
        }
    }
}

/// Policies that read facts in every roundabout way.
pub(super) fn readers() -> &'static PolicySet {
    static READERS: LazyLock<PolicySet> = LazyLock::new(|| load(ROUNDABOUT));
    &READERS
}

pub(super) const ROUNDABOUT: &str = r#"
        @id("roundabout") @owner("x") @reason("x") @severity("low")
        permit (principal, action in [Action::"notify", Action::"disable", Action::"deleteSnapshot"], resource)
        when { (if resource.legalHold then resource else resource).state like "a*" || resource has usage.stale && resource["usage"]["live"] == 1 };
        @id("any-tag") @owner("x") @reason("x") @severity("low")
        permit (principal, action == Action::"deprecate", resource is Image)
        when { resource.hasTag(resource.name) || resource.hasTag("env") && resource.getTag("env") like "p*" };
        @id("records") @owner("x") @reason("x")
        forbid (principal, action in Action::"anyChange", resource is Image)
        when { resource has family && resource.family == {rank: 2, size: 6, versionsBehind: 2, isNewest: false} };
        @id("lies-in") @owner("x") @reason("x")
        forbid (principal, action == Action::"deprecate", resource)
        when { resource in resource.owner && resource is Image in resource.region && resource in Family::"golden" };
        @id("all-shares") @owner("x") @reason("x") @severity("low")
        permit (principal, action == Action::"revokeShare", resource)
        when { resource has sharing && resource.sharing.accounts.containsAny([Account::"999999999999"]) && !(context.grantee in resource.owner) };
"#;
