//! Every shipped policy, seen satisfied and not.

use crate::inventory::{Drift, ManagedBy};
use crate::model::{Action, Principal, Severity};
use crate::policy::{Asked, Effect, schema_text};

use super::facts::{ImageCase, PARTNER, PUBLISHER, SISTER, STRANGER, SnapshotCase, image, judge, judge_by, judge_snapshot, now, snapshot};
use super::{on, shipped, told};

#[track_caller]
fn image_is(case: &ImageCase, action: Action, expected: &str) {
    let judgement = judge(shipped(), case);
    assert_eq!((told(&judgement, action).as_str(), judgement.faults.as_slice()), (expected, [].as_slice()));
}

#[track_caller]
fn snapshot_is(case: &SnapshotCase, action: Action, expected: &str) {
    let judgement = judge_snapshot(shipped(), case);
    assert_eq!((told(&judgement, action).as_str(), judgement.faults.as_slice()), (expected, [].as_slice()));
}

#[test]
fn shipped_policies_load_without_warnings_and_say_all_there_is_to_say() {
    let set = shipped();
    let warnings: Vec<String> = set.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings, [] as [String; 0]);
    for info in set.policies() {
        assert!(info.title.is_some() && info.owner.is_some() && info.reason.is_some(), "{}", info.id);
        assert!(info.text.contains("@severity"), "{}", info.id);
        assert!(!info.actions.is_empty() && !info.resources.is_empty(), "{}", info.id);
    }
    assert_eq!(set.unknown_groups([]), []);
}

#[test]
fn shipped_policies_are_these() {
    let set = shipped();
    let mut list = String::new();
    for info in set.policies() {
        let actions: Vec<&str> = info.actions.iter().map(|action| action.name()).collect();
        list += &format!("{} {} {}: {}\n", info.effect, info.id, info.severity, actions.join(" "));
    }
    insta::assert_snapshot!(list, @r"
    permit replicate-golden medium: replicate
    permit replica-drift low: notify
    permit mandatory-tags low: notify
    forbid legal-hold critical: deprecate disable deregister deleteSnapshot replicate
    forbid keep-newest high: deprecate disable deregister
    forbid keep-for-rollback medium: disable deregister
    forbid keep-parents medium: deregister
    forbid keep-without-family medium: disable deregister
    forbid stale-use medium: disable deregister
    forbid managed-elsewhere medium: deprecate disable deregister deleteSnapshot
    forbid prod-needs-approval high: deregister deleteSnapshot
    forbid picked-by-consumer medium: deprecate
    forbid serves-as-backup medium: deregister
    permit deprecate-old-unused low: deprecate
    permit deprecate-superseded low: deprecate
    permit disable-long-deprecated medium: disable
    permit retire-old-unused medium: deregister
    permit deprecate-dev-images low: deprecate
    permit disable-dev-images low: disable
    permit expire-dev-images low: deregister
    permit delete-orphan-snapshots low: deleteSnapshot
    permit old-image-in-use low: notify
    permit deprecated-image-in-use low: notify
    permit untrusted-image-in-use high: notify
    permit gone-image-in-use medium: notify
    permit group-cannot-launch high: notify
    permit mixed-images low: notify
    permit untested-in-production medium: notify
    permit end-of-life-system medium: notify
    permit obsolete-virtualization low: notify
    permit newer-base-image low: notify
    permit broken-image low: notify
    permit instance-store-image low: notify
    permit looks-like-a-backup low: notify
    permit no-public-resources critical: makePrivate
    permit only-known-accounts high: revokeShare
    permit private-image-public-snapshot high: notify
    permit shared-with-former-account high: notify
    permit share-that-cannot-work low: notify
    permit images-can-become-public medium: notify
    permit snapshots-can-become-public medium: notify
    permit encryption-required high: notify
    permit imdsv2-required high: notify
    ");
    assert_eq!(set.info("legal-hold").map(|info| info.effect), Some(Effect::Forbid));
}

#[test]
fn permissions_are_read_of_all_images_and_only_of_snapshots_that_are_due() {
    assert_eq!(shipped().asks_launch_permissions(), Asked::All);
    assert_eq!(shipped().asks_create_volume_permissions(), Asked::WhenDue);
}

#[test]
fn the_plain_image_and_snapshot_are_left_alone() {
    assert_eq!(judge(shipped(), &image("web")).due, []);
    assert_eq!(judge_snapshot(shipped(), &snapshot()).due, []);
}

#[test]
fn public_images_and_snapshots_are_made_private_but_for_publishers() {
    let public = image("web").with(|case| case.image.public = Some(true));
    image_is(&public, Action::MakePrivate, "no-public-resources / ");
    assert_eq!(on(&judge(shipped(), &public), Action::MakePrivate).map(|verdict| verdict.severity), Some(Severity::Critical));
    let held = public.clone().with(|case| case.legal_hold = true);
    image_is(&held, Action::MakePrivate, "no-public-resources / ");
    image_is(&public.with(|case| case.place.account = PUBLISHER.into()), Action::MakePrivate, "");

    let public = snapshot().with(|case| case.is_public = Some(true));
    snapshot_is(&public, Action::MakePrivate, "no-public-resources / ");
    snapshot_is(&public.with(|case| case.place.account = PUBLISHER.into()), Action::MakePrivate, "");
}

#[test]
fn only_shares_with_strangers_are_revoked() {
    let ours = "arn:aws:organizations::111111111111:organization/o-acme123456";
    let unit = "arn:aws:organizations::111111111111:ou/o-acme123456/ou-ab12-22222222";
    let foreign = "arn:aws:organizations::999999999999:organization/o-foreign12345";
    let case = image("web").shared(&["all", "111111111111", SISTER, PARTNER, STRANGER, ours, unit, foreign]);
    let judgement = judge(shipped(), &case);
    let revoked: Vec<String> =
        judgement.due.iter().filter_map(|verdict| verdict.context.grantee.as_ref()).map(ToString::to_string).collect();
    assert_eq!(revoked, [STRANGER, foreign]);
    assert!(judgement.due.iter().all(|verdict| verdict.action == Action::RevokeShare && verdict.is_clear()));
}

#[test]
fn unencrypted_resources_and_imdsv1_images_are_reported() {
    let open = image("web").with(|case| case.image.volumes[0].encrypted = Some(false));
    image_is(&open, Action::Notify, "encryption-required / ");
    image_is(&image("web").with(|case| case.image.volumes[0].encrypted = None), Action::Notify, "");
    image_is(&image("web").with(|case| case.image.imdsv2_required = false), Action::Notify, "imdsv2-required / ");
    snapshot_is(&snapshot().with(|case| case.snapshot.encrypted = Some(false)), Action::Notify, "encryption-required / ");
}

#[test]
fn missing_tags_are_reported() {
    image_is(&image("web").with(|case| drop(case.image.tags.remove("owner"))), Action::Notify, "mandatory-tags / ");
    snapshot_is(&snapshot().with(|case| case.snapshot.tags.clear()), Action::Notify, "mandatory-tags / ");
}

#[test]
fn old_and_unused_images_are_deprecated() {
    image_is(&image("web").aged(181).idle(91), Action::Deprecate, "deprecate-old-unused / ");
    image_is(&image("web").aged(181).idle(89), Action::Deprecate, "");
    image_is(&image("web").aged(179).idle(120), Action::Deprecate, "");
    // No launch named: that is ambiguous, and waits for a year.
    image_is(&image("web").aged(364), Action::Deprecate, "");
    image_is(&image("web").aged(366), Action::Deprecate, "deprecate-old-unused / ");
}

#[test]
fn a_deprecation_that_is_about_to_come_is_not_moved() {
    let old = image("web").aged(200).idle(120);
    let dated = |hours: i64| old.clone().with(|case| case.image.deprecation_at = Some(now() + jiff::SignedDuration::from_hours(hours)));
    image_is(&dated(1), Action::Deprecate, "");
    image_is(&dated(24 * 400), Action::Deprecate, "deprecate-old-unused / ");
    image_is(&old.deprecated(1), Action::Deprecate, "");
}

#[test]
fn superseded_images_are_deprecated() {
    image_is(&image("web").aged(31).rank(2), Action::Deprecate, "deprecate-superseded / ");
    image_is(&image("web").aged(31).rank(1), Action::Deprecate, "");
    image_is(&image("web").aged(29).rank(2), Action::Deprecate, "");
}

#[test]
fn long_deprecated_images_are_disabled() {
    image_is(&image("web").aged(400).deprecated(61).rank(3), Action::Disable, "disable-long-deprecated / ");
    image_is(&image("web").aged(400).deprecated(59).rank(3), Action::Disable, "");
    image_is(&image("web").aged(400).deprecated(61).rank(3).idle(3), Action::Disable, "");
    image_is(&image("web").aged(400).deprecated(61), Action::Disable, "disable-long-deprecated / ");
    image_is(&image("web").aged(400).deprecated(61).disabled(1), Action::Disable, "");
}

#[test]
fn long_disabled_images_are_deregistered() {
    let disabled = image("web").aged(400).deprecated(100).disabled(31);
    image_is(&disabled, Action::Deregister, "retire-old-unused / ");
    image_is(&disabled.clone().rank(3), Action::Deregister, "retire-old-unused / ");
    image_is(&disabled.clone().disabled(29), Action::Deregister, "");
    image_is(&disabled.clone().with(|case| case.since_disabled = None), Action::Deregister, "");
    image_is(&image("web").aged(400).deprecated(100), Action::Deregister, "");
}

#[test]
fn development_images_walk_the_ladder_faster() {
    for dev in [image("dev-web"), image("web").tag("env", "sandbox")] {
        image_is(&dev.clone().aged(15), Action::Deprecate, "deprecate-dev-images / ");
        image_is(&dev.clone().aged(13), Action::Deprecate, "");
        image_is(&dev.clone().aged(15).idle(2), Action::Deprecate, "");
        image_is(&dev.clone().aged(30).deprecated(8), Action::Disable, "disable-dev-images / ");
        image_is(&dev.clone().aged(30).deprecated(6), Action::Disable, "");
        image_is(&dev.clone().aged(40).disabled(8), Action::Deregister, "expire-dev-images / ");
        image_is(&dev.clone().aged(40).disabled(6), Action::Deregister, "");
        image_is(&dev.clone().aged(40).disabled(8).rank(0), Action::Deregister, "expire-dev-images / ");
    }
    image_is(&image("web").aged(40).disabled(8), Action::Deregister, "");
}

#[test]
fn orphan_snapshots_are_deleted_whoever_made_them() {
    snapshot_is(&snapshot().orphaned(15), Action::DeleteSnapshot, "delete-orphan-snapshots / ");
    snapshot_is(&snapshot().orphaned(13), Action::DeleteSnapshot, "");
    snapshot_is(
        &snapshot().orphaned(15).with(|case| case.managed_by = Some(ManagedBy::ImageBuilder)),
        Action::DeleteSnapshot,
        "delete-orphan-snapshots / ",
    );
}

#[test]
fn golden_images_are_copied_where_their_tag_asks() {
    let golden =
        image("golden-2").rank(0).tag("tested", "true").with(|case| case.replicate_to = ["eu-west-1", "us-east-1"].map(Into::into).into());
    let targets = |case: &ImageCase| -> Vec<String> {
        judge(shipped(), case)
            .due
            .iter()
            .filter(|verdict| verdict.is_clear())
            .filter_map(|verdict| verdict.context.target.as_ref())
            .map(ToString::to_string)
            .collect()
    };
    assert_eq!(targets(&golden), ["eu-west-1", "us-east-1"]);
    assert_eq!(targets(&golden.clone().with(|case| case.replica_regions = Some(["eu-west-1".into()].into()))), ["us-east-1"]);
    assert_eq!(targets(&golden.clone().with(|case| case.replica_regions = None)), [] as [&str; 0]);
    assert_eq!(targets(&golden.clone().tag("tested", "no")), [] as [&str; 0]);
    assert_eq!(targets(&golden.clone().rank(1)), [] as [&str; 0]);
    assert_eq!(targets(&golden.with(|case| case.legal_hold = true)), [] as [&str; 0]);
}

#[test]
fn legal_hold_stops_the_ladder() {
    let held = |case: ImageCase| case.with(|case| case.legal_hold = true);
    image_is(&held(image("web").aged(400)), Action::Deprecate, "deprecate-old-unused / legal-hold");
    image_is(&held(image("web").aged(400).deprecated(61)), Action::Disable, "disable-long-deprecated / legal-hold");
    image_is(&held(image("web").aged(400).disabled(31)), Action::Deregister, "retire-old-unused / legal-hold");
    snapshot_is(
        &snapshot().orphaned(15).with(|case| case.legal_hold = true),
        Action::DeleteSnapshot,
        "delete-orphan-snapshots / legal-hold",
    );
    let shared = held(image("web").shared(&[STRANGER]));
    image_is(&shared, Action::RevokeShare, "only-known-accounts / ");
}

#[test]
fn the_newest_of_a_family_stays() {
    image_is(&image("web").aged(400).rank(0), Action::Deprecate, "deprecate-old-unused / keep-newest");
    image_is(&image("web").aged(400).rank(1), Action::Deprecate, "deprecate-old-unused / ");
    image_is(&image("web").aged(400).deprecated(61).rank(0), Action::Disable, "disable-long-deprecated / keep-for-rollback keep-newest");
    image_is(&image("web").aged(400).deprecated(61).rank(2), Action::Disable, "disable-long-deprecated / keep-for-rollback");
    image_is(&image("web").aged(400).disabled(31).rank(2), Action::Deregister, "retire-old-unused / keep-for-rollback");
}

#[test]
fn an_image_of_a_family_of_which_only_some_were_listed_stays() {
    let unranked = image("web").aged(400).with(|case| case.family_name = Some("golden".into()));
    image_is(&unranked, Action::Deprecate, "deprecate-old-unused / keep-newest");
    image_is(&unranked.clone().deprecated(61), Action::Disable, "disable-long-deprecated / keep-newest");
    image_is(&unranked.disabled(31), Action::Deregister, "retire-old-unused / keep-newest");
}

#[test]
fn parents_of_live_images_are_deregistered_by_persons_only() {
    let disabled = image("web").aged(400).disabled(31);
    for children in [Some(1), Some(7), None] {
        let parent = disabled.clone().with(|case| case.children = children);
        image_is(&parent, Action::Deregister, "retire-old-unused / keep-parents");
        assert_eq!(told(&judge_by(shipped(), &parent, Principal::AfterApproval), Action::Deregister), "retire-old-unused / ");
    }
    // A disabled parent can be enabled again.
    let deprecated = image("web").aged(400).deprecated(61).rank(3).with(|case| case.children = Some(1));
    image_is(&deprecated, Action::Disable, "disable-long-deprecated / ");
}

#[test]
fn copies_that_differ_from_their_source_are_reported() {
    let list = || vec!["ami-2 in eu-west-1 differs".to_owned()];
    let drifted = |drift: Drift| image("web").with(|case| case.drift = Some(drift));
    image_is(&drifted(Drift { tags: list(), ..Drift::default() }), Action::Notify, "replica-drift / ");
    image_is(&drifted(Drift { deprecation: list(), ..Drift::default() }), Action::Notify, "replica-drift / ");
    image_is(&drifted(Drift { shares: Some(list()), ..Drift::default() }), Action::Notify, "replica-drift / ");
    image_is(&drifted(Drift::default()), Action::Notify, "");
    image_is(&image("web").with(|case| case.drift = None), Action::Notify, "");
}

#[test]
fn an_image_without_family_stays_for_a_year() {
    image_is(&image("web").aged(300).deprecated(61), Action::Disable, "disable-long-deprecated / keep-without-family");
    image_is(&image("web").aged(300).disabled(31), Action::Deregister, "retire-old-unused / keep-without-family");
}

#[test]
fn stale_use_holds_disable_and_deregister() {
    let deprecated = image("web").aged(400).deprecated(61).rank(3);
    image_is(&deprecated.clone().used(false), Action::Disable, "disable-long-deprecated / stale-use");
    // Live and unknown use are an interlock's matter.
    image_is(&deprecated.clone().with(|case| case.users = None), Action::Disable, "disable-long-deprecated / ");
    image_is(&deprecated.used(true), Action::Disable, "disable-long-deprecated / ");
    image_is(&image("web").aged(400).disabled(31).used(false), Action::Deregister, "retire-old-unused / stale-use");
}

#[test]
fn what_another_service_manages_is_left_to_it() {
    let managed = |by: ManagedBy| image("web").aged(400).with(|case| case.managed_by = Some(by));
    let tool = ManagedBy::Tool("packer".into());
    for by in [ManagedBy::DataLifecycleManager, ManagedBy::ImageBuilder, ManagedBy::Marketplace, tool] {
        image_is(&managed(by), Action::Deprecate, "deprecate-old-unused / managed-elsewhere");
    }
    // AWS Backup is an interlock's matter.
    image_is(&managed(ManagedBy::AwsBackup), Action::Deprecate, "deprecate-old-unused / ");
}

#[test]
fn what_a_consumer_picks_or_may_pick_is_not_deprecated() {
    let picked = |consumers: Option<usize>| image("web").aged(400).with(|case| case.consumers = consumers);
    image_is(&picked(Some(0)), Action::Deprecate, "deprecate-old-unused / ");
    image_is(&picked(Some(1)), Action::Deprecate, "deprecate-old-unused / picked-by-consumer");
    image_is(&picked(None), Action::Deprecate, "deprecate-old-unused / picked-by-consumer");
}

#[test]
fn a_backup_with_data_volumes_is_deregistered_by_persons_only() {
    let disabled = image("erp-backup").aged(400).disabled(31);
    let backup = disabled.clone().with(|case| {
        let data = crate::model::Volume { snapshot: Some("snap-0bbbbbbbbbbbbbbbb".into()), ..case.image.volumes[0].clone() };
        case.image.volumes.push(data);
    });
    image_is(&backup, Action::Deregister, "retire-old-unused / serves-as-backup");
    let by_a_person = judge_by(shipped(), &backup, Principal::AfterApproval);
    assert_eq!(told(&by_a_person, Action::Deregister), "retire-old-unused / ");
    for called in
        [backup.clone().tag("Backup", ""), backup.clone().with(|case| case.image.description = Some("Nightly backup of erp".into()))]
    {
        let called = called.with(|case| case.image.name = "erp".into());
        image_is(&called, Action::Deregister, "retire-old-unused / serves-as-backup");
    }
    let unnamed = backup.clone().with(|case| case.image.name = "erp".into());
    image_is(&unnamed, Action::Deregister, "retire-old-unused / ");
    image_is(&unnamed, Action::Notify, "looks-like-a-backup / ");
    image_is(&unnamed.clone().rank(0), Action::Notify, "");
    image_is(&unnamed.aged(29), Action::Notify, "");
    // An empty volume holds nothing.
    image_is(
        &disabled.with(|case| {
            case.image.volumes.push(crate::model::Volume { snapshot: None, size_gib: 100, encrypted: None, kms_key: None });
        }),
        Action::Deregister,
        "retire-old-unused / ",
    );
}

#[test]
fn images_that_cannot_be_used_or_should_be_built_anew_are_reported() {
    let state = |name: &str| image("web").aged(2).with(|case| case.image.state = crate::model::ImageState::named(name));
    for broken in ["failed", "error", "pending"] {
        image_is(&state(broken), Action::Notify, "broken-image / ");
        image_is(&state(broken).aged(0), Action::Notify, "");
    }
    let based = |newer: Option<bool>| image("web").with(|case| case.newer_base = newer);
    image_is(&based(Some(true)), Action::Notify, "newer-base-image / ");
    image_is(&based(Some(true)).rank(0), Action::Notify, "newer-base-image / ");
    image_is(&based(Some(true)).rank(1), Action::Notify, "");
    image_is(&based(Some(false)), Action::Notify, "");
    image_is(&based(None), Action::Notify, "");
    image_is(&image("web-centos7"), Action::Notify, "end-of-life-system / ");
    image_is(&image("web-centos7").deprecated(1), Action::Notify, "");
    image_is(&image("web").with(|case| case.image.root_device_type = "instance-store".into()), Action::Notify, "instance-store-image / ");
    image_is(&image("web").with(|case| case.image.virtualization = "paravirtual".into()), Action::Notify, "obsolete-virtualization / ");
    image_is(&image("web").with(|case| case.image.architecture = "i386".into()), Action::Notify, "obsolete-virtualization / ");
}

#[test]
fn production_is_deregistered_by_persons_only() {
    let disabled = image("web").aged(400).disabled(31);
    for (key, value) in [("env", "prod"), ("env", "Production"), ("Environment", "LIVE"), ("environment", "prd"), ("Env", "PROD")] {
        let case = disabled.clone().tag(key, value);
        image_is(&case, Action::Deregister, "retire-old-unused / prod-needs-approval");
        assert_eq!(told(&judge_by(shipped(), &case, Principal::AfterApproval), Action::Deregister), "retire-old-unused / ");
    }
    image_is(&disabled.tag("env", "staging"), Action::Deregister, "retire-old-unused / ");
    let orphan = snapshot().orphaned(15).with(|case| drop(case.snapshot.tags.insert("env".into(), "prod".into())));
    snapshot_is(&orphan, Action::DeleteSnapshot, "delete-orphan-snapshots / prod-needs-approval");
}

#[test]
fn the_schema_is_what_policies_validate_against() {
    assert!(schema_text().contains("entity Image in [Family, Account, Region]"));
}
