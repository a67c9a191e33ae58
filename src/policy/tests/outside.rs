//! Policies as others write them, with the names that are promised to them.

use crate::model::{Action, Principal};

use super::facts::{PARTNER, STRANGER, estate, image, judge, judge_snapshot, now, organization, snapshot, template};
use super::{load, told, try_load};

/// Every name of the contract, read in one policy per type.
const PROMISED: &str = r#"
@id("image-names")
permit (principal == Warden::"automatic", action in [Action::"deprecate", Action::"disable", Action::"deregister", Action::"makePrivate", Action::"notify"], resource is Image)
when {
  resource.name like "*" && resource.age > duration("0d") && resource.state == "available" && !resource.isPublic && !resource.isDeprecated &&
  !resource.legalHold && context.now > datetime("2020-01-01") && !(resource has timeSinceDeprecation && resource.timeSinceDeprecation > duration("1d")) &&
  !(resource has timeSinceDisabled && resource.timeSinceDisabled > duration("1d")) &&
  resource has usage && resource.usage.total == resource.usage.live + resource.usage.stale &&
  !(resource has family && resource.family.rank > 0) && !(resource has managedBy && resource.managedBy == "dlm") &&
  !(resource has sharing && resource.sharing.accounts.contains(Account::"999999999999")) &&
  resource in Account::"111111111111" && resource in Region::"eu-central-1" && !(resource in Family::"golden") &&
  resource.hasTag("owner") && resource.getTag("owner") == "web"
};

@id("snapshot-names")
permit (principal, action in [Action::"deleteSnapshot", Action::"notify"], resource is Snapshot)
when {
  resource.age > duration("0d") && !(resource has isPublic && resource.isPublic) && !resource.legalHold &&
  resource has usedByImages && resource.usedByImages == 0 && !(resource has sourceVolumeExists && resource.sourceVolumeExists) &&
  !(resource has orphanedFor && resource.orphanedFor > duration("365d")) && resource in Account::"111111111111" && resource in Region::"eu-central-1"
};
"#;

#[test]
fn promised_names_validate_and_mean_what_they_say() {
    let set = load(PROMISED);
    let judgement = judge(&set, &image("web").used(false));
    assert_eq!(told(&judgement, Action::Deprecate), "image-names / ");
    assert_eq!(told(&judgement, Action::Deregister), "image-names / ");
    assert_eq!(told(&judge_snapshot(&set, &snapshot()), Action::DeleteSnapshot), "snapshot-names / ");
    assert_eq!(told(&judge_snapshot(&set, &snapshot().with(|case| case.images = Some(vec![template(true)]))), Action::DeleteSnapshot), "");
}

#[test]
fn resources_lie_in_their_organization_units_and_groups() {
    for above in [
        "Organization::\"o-acme123456\"",
        "OrgUnit::\"ou-ab12-11111111\"",
        "OrgUnit::\"r-ab12\"",
        "AccountGroup::\"organization\"",
        "Account::\"111111111111\"",
        "Family::\"golden\"",
    ] {
        let head = "@id(\"x\") @owner(\"x\") @reason(\"x\") @severity(\"low\")";
        let scope = load(&format!(
            "{head} permit (principal, action == Action::\"notify\", resource in {above}) when {{ context.now > datetime(\"2020-01-01\") }};"
        ));
        let condition =
            load(&format!("{head} permit (principal, action == Action::\"notify\", resource) when {{ resource in [{above}] }};"));
        for set in [scope, condition] {
            let judgement = judge(&set, &image("web").rank(3));
            assert_eq!((told(&judgement, Action::Notify).as_str(), judgement.faults.len()), ("x / ", 0), "{above}");
        }
    }
}

fn revoked(condition: &str, grantees: &[&str]) -> Vec<String> {
    let text = format!(
        "@id(\"x\") @owner(\"x\") @reason(\"x\") @severity(\"low\") permit (principal, action == Action::\"revokeShare\", resource) {condition};"
    );
    let set = load(&text);
    let case = image("web").shared(grantees);
    let judgement = set.judge(&organization(), Principal::Automatic, now(), &estate()).image(&case.facts());
    judgement
        .due
        .iter()
        .filter(|verdict| verdict.is_clear())
        .filter_map(|verdict| verdict.context.grantee.as_ref())
        .map(|grantee| grantee.to_string())
        .collect()
}

#[test]
fn a_grantee_is_an_account_an_organization_or_a_unit() {
    let ours = "arn:aws:organizations::111111111111:organization/o-acme123456";
    let unit = "arn:aws:organizations::111111111111:ou/o-acme123456/ou-ab12-22222222";
    let foreign = "arn:aws:organizations::999999999999:organization/o-foreign12345";
    let all = [STRANGER, PARTNER, ours, unit, foreign];
    assert_eq!(
        revoked(
            "unless { context.grantee in Organization::\"o-acme123456\" || [Account::\"333333333333\"].contains(context.grantee) }",
            &all
        ),
        [STRANGER, foreign]
    );
    assert_eq!(revoked("when { context.grantee is Organization }", &all), [ours, foreign]);
    assert_eq!(revoked("when { context.grantee is OrgUnit && context.grantee in OrgUnit::\"r-ab12\" }", &all), [unit]);
    assert_eq!(revoked("when { context.grantee == Organization::\"o-foreign12345\" }", &all), [foreign]);
    assert_eq!(revoked("when { context.grantee == Account::\"999999999999\" }", &all), [STRANGER]);
    assert_eq!(revoked("when { context.grantee is Account } unless { context.grantee in AccountGroup::\"partners\" }", &all), [STRANGER]);
}

#[test]
fn a_guard_rail_about_one_type_of_grantee_is_asked_about_the_others_too() {
    // Not valid for an organization (`contains` mixes types), and satisfied for one all the same.
    let text = r#"
        @id("permit") @owner("x") @reason("x") @severity("low")
        permit (principal, action == Action::"revokeShare", resource is Image) when { context.now > datetime("2020-01-01") };
        @id("guard") @owner("x") @reason("x")
        forbid (principal, action == Action::"revokeShare", resource) when { resource is Snapshot || !([Account::"999999999999"].contains(context.grantee)) };
    "#;
    let foreign = "arn:aws:organizations::999999999999:organization/o-foreign12345";
    let judgement = judge(&load(text), &image("web").shared(&[STRANGER, foreign]));
    assert_eq!(told(&judgement, Action::RevokeShare), "permit / ; permit / guard");
}

#[test]
fn nonsense_is_not_asked() {
    let every = r#"
        @id("x") @owner("x") @reason("x") @severity("low")
        permit (principal, action in [Action::"makePrivate", Action::"deprecate", Action::"disable", Action::"deregister", Action::"replicate"], resource is Image)
        when { context.now > datetime("2020-01-01") };
        @id("y") @owner("x") @reason("x") @severity("low")
        permit (principal, action in [Action::"makePrivate", Action::"deleteSnapshot"], resource is Snapshot)
        when { context.now > datetime("2020-01-01") };
    "#;
    let set = load(every);
    let due =
        |case: &super::facts::ImageCase| judge(&set, case).due.iter().map(|verdict| verdict.action.name()).collect::<Vec<_>>().join(" ");
    assert_eq!(due(&image("web")), "deprecate disable deregister replicate replicate");
    assert_eq!(
        due(&image("web").with(|case| case.image.public = Some(true))),
        "makePrivate deprecate disable deregister replicate replicate"
    );
    assert_eq!(due(&image("web").deprecated(1)), "disable deregister replicate replicate");
    assert_eq!(due(&image("web").disabled(1)), "deregister");
    assert_eq!(due(&image("web").with(|case| case.image.state = crate::model::ImageState::named("deregistered"))), "");
    let snapshot_due = |case: &super::facts::SnapshotCase| {
        judge_snapshot(&set, case).due.iter().map(|verdict| verdict.action.name()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(snapshot_due(&snapshot()), "deleteSnapshot");
    assert_eq!(snapshot_due(&snapshot().with(|case| case.is_public = Some(true))), "makePrivate deleteSnapshot");
    assert_eq!(snapshot_due(&snapshot().with(|case| case.snapshot.state = "pending".into())), "");
}

#[test]
fn copies_are_asked_for_where_there_is_none() {
    let targets = |condition: &str, there: &[&str]| -> Vec<String> {
        let text = format!(
            "@id(\"x\") @owner(\"x\") @reason(\"x\") @severity(\"low\") permit (principal, action == Action::\"replicate\", resource is Image) {condition};"
        );
        let case = image("web").with(|case| case.replica_regions = Some(there.iter().map(|&region| region.into()).collect()));
        judge(&load(&text), &case)
            .due
            .iter()
            .filter_map(|verdict| verdict.context.target.as_ref())
            .map(|target| target.to_string())
            .collect()
    };
    assert_eq!(targets("when { resource.state == \"available\" }", &[]), ["eu-west-1", "us-east-1"]);
    assert_eq!(targets("when { resource.state == \"available\" }", &["us-east-1"]), ["eu-west-1"]);
    assert_eq!(targets("when { [Region::\"eu-central-1\", Region::\"ap-south-1\"].contains(context.target) }", &[]), ["ap-south-1"]);
    assert_eq!(targets("unless { context.target == Region::\"us-east-1\" }", &[]), ["eu-west-1"]);
}

#[test]
fn a_freeze_written_against_all_changes_loads() {
    let freeze = r#"
        @id("year-end-freeze") @owner("platform") @reason("Change freeze.")
        forbid (principal == Warden::"automatic", action in Action::"anyChange", resource)
        when { context.now >= datetime("2026-12-15") && context.now < datetime("2027-01-05") };
    "#;
    assert!(try_load(freeze).is_ok());
}
