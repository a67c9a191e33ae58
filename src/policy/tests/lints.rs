//! Every lint with a policy that breaks it and what people are then told.

use proptest::prelude::*;

use crate::policy::{PolicyFile, PolicySet};

use super::{load, try_load};

/// What is said about a policy set that cannot be loaded.
fn said(text: &str) -> String {
    match try_load(text) {
        Ok(_) => "loaded".into(),
        Err(errors) => errors.to_string(),
    }
}

/// A permit with everything right but what is put in.
fn permit(head: &str, scope: &str, condition: &str) -> String {
    format!("{head} @owner(\"x\") @reason(\"x\")\npermit (principal, {scope})\n{condition};\n")
}

const GOOD: (&str, &str, &str) =
    ("@id(\"a\") @severity(\"low\")", "action == Action::\"disable\", resource is Image", "when { resource.tpm }");

fn condition(condition: &str) -> String {
    permit(GOOD.0, GOOD.1, condition)
}

fn scope(scope: &str) -> String {
    permit(GOOD.0, scope, GOOD.2)
}

fn head(head: &str) -> String {
    permit(head, GOOD.1, GOOD.2)
}

#[test]
fn a_good_policy_loads() {
    assert_eq!(said(&permit(GOOD.0, GOOD.1, GOOD.2)), "loaded");
}

#[test]
fn no_files_and_no_policies_are_errors() {
    insta::assert_snapshot!(PolicySet::load(&[]).unwrap_err(), @"no policy files were found; put `.cedar` files there, or leave `[policies] directories` out to use the built-in policies");
    insta::assert_snapshot!(said("// nothing here\n"), @"no policies in `test.cedar`; write one, or leave `[policies] directories` out to use the built-in policies");
}

#[test]
fn what_does_not_parse_is_shown_where_it_stands() {
    insta::assert_snapshot!(said("// first line\npermit (principal, action, resource)\nwhen { resource.age >> 3 };\n"), @"test.cedar:3:22: not a Cedar policy: unexpected token `>`; correct it there");
    insta::assert_snapshot!(said(&permit(GOOD.0, GOOD.1, GOOD.2).replace(';', "")), @"test.cedar:3:22: not a Cedar policy: unexpected end of input; correct it there");
}

#[test]
fn a_template_is_refused() {
    insta::assert_snapshot!(said(&permit(GOOD.0, "action == Action::\"disable\", resource is Image in ?resource", GOOD.2)), @"test.cedar:1:1: policy `a`: it is a template; write the entity instead of `?principal` or `?resource`");
}

#[test]
fn an_id_is_required_and_unique_over_all_files() {
    insta::assert_snapshot!(said(&head("")), @r#"test.cedar:1:2: a policy has no `@id`; write `@id("...")` before it: plans and reports name it by that"#);
    insta::assert_snapshot!(said(&head("@id(\" \")")), @"test.cedar:1:1: `@id` is empty; write a name of its own");
    let file = |path: &str, blank: &str| PolicyFile { path: path.into(), text: format!("{blank}{}", permit(GOOD.0, GOOD.1, GOOD.2)) };
    insta::assert_snapshot!(PolicySet::load(&[file("one.cedar", ""), file("two.cedar", "\n\n")]).unwrap_err(), @"two.cedar:3:1: policy `a`: its `@id` is also that of the policy at one.cedar:1:1; give one of them another");
}

#[test]
fn unknown_annotations_and_severities_are_refused() {
    insta::assert_snapshot!(said(&head("@id(\"a\")\n@severty(\"low\")")), @"test.cedar:2:1: policy `a`: unknown annotation `@severty`; did you mean `@severity`?");
    insta::assert_snapshot!(said(&head("@id(\"a\")\n@effective_in(\"7d\")")), @"test.cedar:2:1: policy `a`: unknown annotation `@effective_in`; use one of `@id`, `@title`, `@severity`, `@owner`, `@reason`, `@doc`, `@runbook`");
    insta::assert_snapshot!(said(&head("@id(\"a\")\n@severity(\"hihg\")")), @"test.cedar:2:1: policy `a`: unknown severity `hihg`; did you mean `high`?");
    insta::assert_snapshot!(said(&head("@id(\"a\")\n@severity(\"urgent\")")), @"test.cedar:2:1: policy `a`: unknown severity `urgent`; use one of `low`, `medium`, `high`, `critical`");
    insta::assert_snapshot!(said(&head("@id(\"a\")\n@title")), @"test.cedar:2:1: policy `a`: `@title` is empty; write something there or leave it out");
}

#[test]
fn a_permit_names_its_actions_and_has_a_condition() {
    insta::assert_snapshot!(said(&scope("action, resource is Image")), @r#"test.cedar:2:20: policy `a`: a permit must name its actions; write `action == Action::"..."`: it asks for what it permits"#);
    insta::assert_snapshot!(said(&scope("action in Action::\"destructive\", resource is Image")), @r#"test.cedar:2:30: policy `a`: a permit must not ask for the group of actions `destructive`; name each action: `action in [Action::"...", Action::"..."]`"#);
    insta::assert_snapshot!(said(&condition("")), @"test.cedar:1:1: policy `a`: a permit must have a condition; write `when { ... }`: without one it asks for every resource");
}

#[test]
fn literals_that_cannot_exist_are_refused() {
    insta::assert_snapshot!(said(&condition("when { resource in Account::\"12345678901\" }")), @r#"test.cedar:3:29: policy `a`: `Account::"12345678901"` cannot exist; an account number has twelve digits; correct it, or use a group from `[groups]`"#);
    insta::assert_snapshot!(said(&condition("when { resource in Organization::\"o-ACME\" }")), @r#"test.cedar:3:34: policy `a`: `Organization::"o-ACME"` cannot exist; an organization's id is `o-` and 10 to 32 small letters or digits; correct it, or use a group from `[groups]`"#);
    insta::assert_snapshot!(said(&condition("when { resource in OrgUnit::\"ou-1\" }")), @r#"test.cedar:3:29: policy `a`: `OrgUnit::"ou-1"` cannot exist; a unit's id is `ou-...-...`, a root's `r-...`; correct it, or use a group from `[groups]`"#);
    for good in ["OrgUnit::\"ou-ab12-12345678\"", "OrgUnit::\"r-ab12\"", "Organization::\"o-acme123456\"", "Account::\"123456789012\""] {
        assert_eq!(said(&condition(&format!("when {{ resource in {good} }}"))), "loaded");
    }
}

#[test]
fn a_misspelt_principal_is_refused() {
    insta::assert_snapshot!(said(&permit(GOOD.0, GOOD.1, GOOD.2).replace("(principal,", "(principal == Warden::\"automatc\",")), @r#"test.cedar:2:22: policy `a`: entity `Warden::"automatc"` is of an enumerated entity type, but `"automatc"` is not declared as a valid eid; valid entity eids: "automatic", "after-approval""#);
}

#[test]
fn unknown_facts_must_be_tested_for() {
    insta::assert_snapshot!(said(&condition("when { resource.usage.total == 0 }")), @"test.cedar:3:8: policy `a`: unable to guarantee safety of access to optional attribute `usage` on entity type `Image`; unknown is not false: write `resource has x && ...`, or `if resource has x then ... else ...`");
    insta::assert_snapshot!(said(&condition("when { resource.agee > duration(\"1d\") }")), @"test.cedar:3:8: policy `a`: attribute `agee` on entity type `Image` not found; did you mean `age`?");
    insta::assert_snapshot!(said(&condition("when { resource.getTag(\"env\") == \"dev\" }")), @r#"test.cedar:3:8: policy `a`: unable to guarantee safety of access to tag `"env"` on entity type `Image`; try testing for the tag's presence with `.hasTag("env") && ..`"#);
}

#[test]
fn policies_that_can_never_apply_are_refused() {
    insta::assert_snapshot!(said(&scope("action == Action::\"deleteSnapshot\", resource is Image")), @r"
    test.cedar:1:1: policy `a`: policy is impossible: the policy expression evaluates to false for all valid requests; correct its condition: no image or snapshot can satisfy it
    test.cedar:1:1: policy `a`: unable to find an applicable action given the policy scope constraints; see `ami-warden policies schema` for what each action is done to
    ");
    insta::assert_snapshot!(said(&condition("when { resource is Snapshot }")), @"test.cedar:1:1: policy `a`: policy is impossible: the policy expression evaluates to false for all valid requests; correct its condition: no image or snapshot can satisfy it");
    insta::assert_snapshot!(said(&condition("when { false }")), @"test.cedar:1:1: policy `a`: policy is impossible: the policy expression evaluates to false for all valid requests; correct its condition: no image or snapshot can satisfy it");
}

#[test]
fn reading_through_another_entity_is_refused() {
    insta::assert_snapshot!(said(&condition("when { resource.owner in AccountGroup::\"partners\" }")), @"test.cedar:3:8: policy `a`: this policy requires level 2, which exceeds the maximum allowed level (1); ask about the resource itself, or about `context.grantee`; nothing is known of other entities");
    insta::assert_snapshot!(said(&condition("when { resource has sourceImage && resource.sourceImage.tpm }")), @"test.cedar:3:36: policy `a`: this policy requires level 2, which exceeds the maximum allowed level (1); ask about the resource itself, or about `context.grantee`; nothing is known of other entities");
    insta::assert_snapshot!(said(&condition("when { Account::\"111111111111\" in AccountGroup::\"partners\" }")), @"test.cedar:3:8: policy `a`: entity literals cannot be dereferenced at any level; ask about the resource itself, or about `context.grantee`; nothing is known of other entities");
}

#[test]
fn everything_wrong_is_told_at_once() {
    let text = format!("{}{}{}", head("@id(\"a\") @colour(\"red\")"), condition("when { resource.agee == 1 }"), "permit (");
    insta::assert_snapshot!(said(&text), @r"
    test.cedar:1:10: policy `a`: unknown annotation `@colour`; use one of `@id`, `@title`, `@severity`, `@owner`, `@reason`, `@doc`, `@runbook`
    test.cedar:4:1: policy `a`: its `@id` is also that of the policy at test.cedar:1:1; give one of them another
    test.cedar:6:8: policy `a`: attribute `agee` on entity type `Image` not found; did you mean `age`?
    test.cedar:7:9: not a Cedar policy: unexpected end of input; correct it there
    ");
}

proptest! {
    #[test]
    fn any_text_is_loaded_or_refused_and_never_a_panic(text in ".*", at in 0usize..500) {
        let _ = said(&text);
        let mut mangled: Vec<char> = permit(GOOD.0, GOOD.1, GOOD.2).chars().collect();
        mangled.splice(at.min(mangled.len()).., text.chars());
        let _ = said(&mangled.into_iter().collect::<String>());
    }
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let text = r#"
        @id("bare")
        permit (principal, action == Action::"disable", resource is Image)
        when { resource has usage && resource.usage.total == 0 && resource in Region::"eu-central1" };
        @id("keeps-public") @owner("x") @reason("x")
        forbid (principal, action, resource) when { resource.legalHold };
    "#;
    let warnings: Vec<String> = load(text).warnings().iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(warnings.join("\n"), @r"
    test.cedar:2:9: policy `bare`: it has no `@reason`; write one: those whose resources it touches will ask why
    test.cedar:2:9: policy `bare`: it has no `@owner`; write one: nobody will be known to answer for it
    test.cedar:2:9: policy `bare`: it has no `@severity`; write one, or its reports are `medium`
    test.cedar:4:29: policy `bare`: it asks about `usage`; leave it out: what is used, or not known to be unused, is then shown as held by an interlock
    test.cedar:4:87: policy `bare`: `eu-central1` does not look like a Region; write its code, such as `eu-central-1`
    test.cedar:5:9: policy `keeps-public`: it can keep a resource public or shared; name the actions it is about, without makePrivate and revokeShare, unless that is meant
    ");
}

#[test]
fn groups_that_nobody_configured_are_named() {
    let set = load(&condition(
        "when { resource in AccountGroup::\"partnrs\" || resource in AccountGroup::\"lab\" || resource in AccountGroup::\"organization\" }",
    ));
    let told = |groups: &[&str]| set.unknown_groups(groups.iter().copied()).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!(told(&[]), @r"
    test.cedar:3:34: policy `a`: unknown account group `partnrs`; did you mean `partners`? else add it to `[groups]`
    test.cedar:3:73: policy `a`: unknown account group `lab`; add it to `[groups]` in the configuration, empty if nobody belongs to it
    ");
    insta::assert_snapshot!(told(&["lab", "partnrs"]), @"");
}
