//! What is not known about who belongs to whom is no answer: Cedar would say `false`.

use crate::inventory::Organization;
use crate::model::{Action, Principal};
use crate::policy::{Judgement, PolicySet};

use super::facts::{ImageCase, OURS, SISTER, STRANGER, estate, image, now, organization};
use super::{load, shipped};

fn judge_in(organization: &Organization, set: &PolicySet, case: &ImageCase) -> Judgement {
    set.judge(organization, Principal::Automatic, now(), &estate()).image(&case.facts())
}

/// Nothing known but the configured groups.
fn unknown() -> Organization {
    Organization { id: None, incomplete: Some("no one has said who belongs to us".into()), members: [].into(), ..organization() }
}

fn one(effect: &str, action: &str, condition: &str) -> String {
    format!(
        "@id(\"{effect}\") @owner(\"x\") @reason(\"x\") @severity(\"low\")\n{effect} (principal, action == Action::\"{action}\", resource is Image)\n{condition};\n"
    )
}

#[test]
fn a_guard_rail_over_a_unit_is_undecided_where_units_are_not_known() {
    let set = load(
        &(one("permit", "disable", "when { !resource.tpm }")
            + &one("forbid", "disable", "when { resource in OrgUnit::\"ou-ab12-22222222\" }")),
    );
    let known = judge_in(&organization(), &set, &image("web"));
    assert!(known.due[0].is_clear());
    let judgement = judge_in(&unknown(), &set, &image("web"));
    let verdict = &judgement.due[0];
    assert_eq!(verdict.because, ["permit"]);
    assert_eq!(verdict.faults[0].policy, "forbid");
    insta::assert_snapshot!(verdict.faults[0].message, @r#"whether `Account::"111111111111"` lies in `ou-ab12-22222222` is not known: no one has said who belongs to us"#);
    // Another action, which asks nothing of that kind, is decided.
    assert_eq!(judgement.faults, []);
}

#[test]
fn a_permit_over_a_unit_is_undecided_rather_than_not_due() {
    let set = load(&one("permit", "disable", "unless { resource in OrgUnit::\"ou-ab12-11111111\" }"));
    assert_eq!(judge_in(&organization(), &set, &image("web")).due, []);
    let judgement = judge_in(&unknown(), &set, &image("web"));
    assert!(!judgement.due[0].is_clear() && !judgement.due[0].faults.is_empty());
}

#[test]
fn a_doubtful_permit_does_not_spoil_a_certain_one() {
    let other = one("permit", "disable", "when { !resource.tpm }").replace("\"permit\"", "\"certain\"");
    let set = load(&(one("permit", "disable", "unless { resource in OrgUnit::\"ou-ab12-11111111\" }") + &other));
    let judgement = judge_in(&unknown(), &set, &image("web"));
    assert_eq!(judgement.due[0].because, ["certain"]);
    assert!(judgement.due[0].is_clear());
}

#[test]
fn every_stranger_is_due_while_the_organization_is_unknown_for_the_caller_to_hold() {
    let set = shipped();
    let judgement = judge_in(&unknown(), set, &image("web").shared(&[SISTER, STRANGER]));
    assert_eq!(judgement.due.iter().filter(|verdict| verdict.action == Action::RevokeShare && verdict.is_clear()).count(), 2);
    let partly = Organization { incomplete: Some("a page was cut off".into()), ..organization() };
    let judgement = judge_in(&partly, set, &image("web").shared(&[SISTER, STRANGER]));
    assert_eq!(judgement.due.iter().filter(|verdict| verdict.action == Action::RevokeShare).count(), 1);
}

#[test]
fn nobody_tells_which_organization_a_strange_account_is_in() {
    let set = load(&one("permit", "revokeShare", "unless { context.grantee in Organization::\"o-partner12345\" }"));
    let arn = "arn:aws:organizations::999999999999:organization/o-partner12345";
    let other = "arn:aws:organizations::999999999999:organization/o-other1234567";
    let judgement = judge_in(&organization(), &set, &image("web").shared(&[STRANGER, SISTER, arn, other]));
    let clear: Vec<String> = judgement
        .due
        .iter()
        .filter(|verdict| verdict.is_clear())
        .filter_map(|verdict| verdict.context.grantee.as_ref())
        .map(ToString::to_string)
        .collect();
    assert_eq!(clear, [SISTER, other]);
    let doubted: Vec<String> = judgement
        .due
        .iter()
        .filter(|verdict| !verdict.is_clear())
        .filter_map(|verdict| verdict.context.grantee.as_ref())
        .map(ToString::to_string)
        .collect();
    assert_eq!(doubted, [STRANGER]);
}

#[test]
fn members_named_in_the_configuration_are_ours_but_have_no_units() {
    let configured = Organization { members: [(OURS.into(), Vec::new()), (SISTER.into(), Vec::new())].into(), ..organization() };
    assert_eq!(judge_in(&configured, shipped(), &image("web").shared(&[SISTER])).due, []);
    let by_organization = load(&one("permit", "revokeShare", "unless { context.grantee in Organization::\"o-acme123456\" }"));
    assert_eq!(judge_in(&configured, &by_organization, &image("web").shared(&[SISTER])).due, []);
    let by_unit = load(&one("permit", "revokeShare", "unless { context.grantee in OrgUnit::\"ou-ab12-22222222\" }"));
    assert!(!judge_in(&configured, &by_unit, &image("web").shared(&[SISTER])).due[0].is_clear());
}

#[test]
fn an_empty_unit_of_ours_has_unknown_units_above_it() {
    let set = load(&one("permit", "revokeShare", "unless { context.grantee in OrgUnit::\"ou-ab12-22222222\" }"));
    let empty = "arn:aws:organizations::111111111111:ou/o-acme123456/ou-ab12-33333333";
    let itself = "arn:aws:organizations::111111111111:ou/o-acme123456/ou-ab12-22222222";
    let sibling = "arn:aws:organizations::111111111111:ou/o-acme123456/ou-ab12-11111111";
    let judgement = judge_in(&organization(), &set, &image("web").shared(&[empty, itself, sibling]));
    let told: Vec<(String, bool)> =
        judgement.due.iter().map(|verdict| (verdict.context.grantee.as_ref().unwrap().to_string(), verdict.is_clear())).collect();
    assert_eq!(told, [(sibling.to_owned(), true), (empty.to_owned(), false)]);
}

#[test]
fn lying_in_an_organization_that_the_image_is_shared_with_is_a_question_too() {
    let set = load(&one("permit", "revokeShare", "unless { resource has sharing && context.grantee in resource.sharing.organizations }"));
    let arn = "arn:aws:organizations::999999999999:organization/o-partner12345";
    let judgement = judge_in(&organization(), &set, &image("web").shared(&[STRANGER, SISTER, arn]));
    let told: Vec<(String, bool)> =
        judgement.due.iter().map(|verdict| (verdict.context.grantee.as_ref().unwrap().to_string(), verdict.is_clear())).collect();
    assert_eq!(told, [(SISTER.to_owned(), true), (STRANGER.to_owned(), false)]);
}
