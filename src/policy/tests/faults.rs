//! Errors decide nothing: the one way in which Cedar alone would fail open.

use crate::model::Action;

use super::facts::{image, judge, judge_snapshot, snapshot, template};
use super::{load, on, told};

const PERMIT: &str = r#"
@id("everything-old") @owner("x") @reason("x") @severity("high")
permit (principal, action in [Action::"disable", Action::"deprecate", Action::"deregister"], resource is Image)
when { resource.age > duration("1d") };
"#;

/// A sum that Cedar's numbers cannot hold: strictly valid, and an error for every image that is in use.
const OVERFLOW: &str = r#"
@id("not-in-use") @owner("x") @reason("x")
forbid (principal, action == Action::"disable", resource is Image)
when { resource has usage && resource.usage.total + 9223372036854775807 > 0 };
"#;

#[test]
fn cedar_alone_would_allow_what_an_erring_guard_rail_was_to_stop() {
    let set = load(&format!("{PERMIT}{OVERFLOW}"));
    let judgement = judge(&set, &image("web").used(true));
    let verdict = on(&judgement, Action::Disable).unwrap();
    assert_eq!(verdict.because, ["everything-old"]);
    assert_eq!(verdict.forbidden_by, [] as [&str; 0]);
    assert!(!verdict.is_clear());
    let [fault] = judgement.faults.as_slice() else { panic!("{:?}", judgement.faults) };
    assert_eq!((fault.policy.as_str(), fault.action), ("not-in-use", Some(Action::Disable)));
    insta::assert_snapshot!(fault.message, @"integer overflow while attempting to add the values `1` and `9223372036854775807`");
    // The whole resource is undecided, though this verdict alone is clean.
    assert!(on(&judgement, Action::Deprecate).unwrap().is_clear());
}

#[test]
fn without_the_error_the_same_guard_rail_decides() {
    let set = load(&format!("{PERMIT}{OVERFLOW}"));
    let judgement = judge(&set, &image("web").with(|case| case.users = None));
    assert_eq!(told(&judgement, Action::Disable), "everything-old / ");
    assert_eq!(judgement.faults, []);
}

#[test]
fn an_erring_permit_is_no_silence_either() {
    let permit = r#"
        @id("sums") @owner("x") @reason("x") @severity("critical")
        permit (principal, action == Action::"notify", resource)
        when { resource has usage && resource.usage.total * 9223372036854775807 > 5 };
    "#;
    let two = vec![template(true), template(false)];
    let judgement = judge_snapshot(&load(permit), &snapshot().with(|case| case.users = Some(two)));
    let verdict = on(&judgement, Action::Notify).unwrap();
    assert_eq!(verdict.because, [] as [&str; 0]);
    assert_eq!(verdict.faults, judgement.faults);
    assert_eq!(verdict.faults[0].policy, "sums");
    assert_eq!(verdict.severity, crate::model::Severity::Critical);
}

#[test]
fn a_satisfied_forbid_does_not_hide_the_error_of_another() {
    let held = r#"
        @id("frozen") @owner("x") @reason("x")
        forbid (principal, action == Action::"disable", resource) when { !resource.legalHold };
    "#;
    let judgement = judge(&load(&format!("{PERMIT}{OVERFLOW}{held}")), &image("web").used(true));
    let verdict = on(&judgement, Action::Disable).unwrap();
    assert_eq!(verdict.forbidden_by, ["frozen"]);
    assert_eq!(verdict.faults.len(), 1);
}

#[test]
fn forbids_are_not_asked_where_nothing_is_permitted() {
    let young = image("web").used(true).aged(0);
    assert_eq!(judge(&load(&format!("{PERMIT}{OVERFLOW}")), &young).faults, []);
}

#[test]
fn an_image_of_unknown_publicity_is_undecided_whatever_policies_read() {
    let judgement = judge(&load(PERMIT), &image("web").with(|case| case.image.public = None));
    let [fault] = judgement.faults.as_slice() else { panic!("{:?}", judgement.faults) };
    assert_eq!((fault.policy.as_str(), fault.action), ("describe-images", None));
    assert_eq!(told(&judgement, Action::Deprecate), "everything-old / ");
}

#[test]
fn action_groups_in_guard_rails_hold_every_action_in_them() {
    let group = r#"
        @id("all-frozen") @owner("x") @reason("x")
        forbid (principal, action in Action::"restrictive", resource) when { context.now > datetime("2026-01-01") };
        @id("nothing-destroyed") @owner("x") @reason("x")
        forbid (principal, action, resource) when { action in Action::"destructive" };
    "#;
    let judgement = judge(&load(&format!("{PERMIT}{group}")), &image("web"));
    assert_eq!(told(&judgement, Action::Disable), "everything-old / all-frozen");
    assert_eq!(told(&judgement, Action::Deprecate), "everything-old / all-frozen");
    assert_eq!(told(&judgement, Action::Deregister), "everything-old / nothing-destroyed");
}

#[test]
fn a_year_that_cedar_cannot_write_is_an_error_and_no_decision() {
    let reads = r#"
        @id("made-before-christ") @owner("x") @reason("x") @severity("low")
        permit (principal, action == Action::"deregister", resource is Image)
        when { resource.createdAt < datetime("2020-01-01") };
    "#;
    let ancient = image("web").with(|case| case.image.created_at = "-000044-03-15T00:00:00Z".parse().unwrap());
    let judgement = judge(&load(reads), &ancient);
    assert!(judgement.due.iter().all(|verdict| !verdict.is_clear()));
    assert_eq!(judgement.faults.len(), 1, "{judgement:?}");
}
