//! Policies that cannot be decided, seen from the plan: nothing is done, and the plan says why.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[expect(unused_imports, reason = "shared with the property tests, which use all of it")]
mod estates;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use ami_warden::config::Config;
use ami_warden::inventory::{Estate, History, Inventory, Joined};
use ami_warden::model::Action;
use ami_warden::plan::{HoldKind, Plan, Principal, make};
use ami_warden::policy::{PolicyFile, PolicySet};
use estates::{estate, now};
use proptest::prelude::*;

/// A guard rail over a unit, where the configuration names members and nobody tells their units.
static OVER_A_UNIT: LazyLock<PolicySet> = LazyLock::new(|| {
    let text = r#"
        @id("asks") @severity("low") @owner("o") @reason("r")
        permit (principal, action in [Action::"deprecate", Action::"makePrivate"], resource is Image) when { resource.age >= duration("0s") };
        @id("production-unit") @owner("o") @reason("r")
        forbid (principal, action == Action::"deprecate", resource in OrgUnit::"ou-ab12-12345678") when { resource.age >= duration("0s") };
    "#;
    PolicySet::load(&[PolicyFile { path: "unit.cedar".into(), text: text.into() }]).unwrap()
});

fn plan(answers: &[ami_warden::inventory::answers::Answers]) -> Plan {
    let mut config = Config::default();
    config.organization.members = Some(vec!["111111111111".into(), "222222222222".into()]);
    let mut estate = Estate::new(&config);
    for answers in answers {
        estate.add(Inventory::from_answers(answers.clone()));
    }
    let history = History::default();
    make(&Joined::new(&estate, &history, &config, now()), &OVER_A_UNIT, Principal::Automatic, &BTreeSet::new())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn an_undecided_guard_rail_holds_what_it_is_about_and_nothing_else(answers in estate()) {
        let plan = plan(&answers);
        for entry in plan.steps.iter().chain(&plan.pending) {
            prop_assert!(entry.action != Action::Deprecate, "{entry:?}");
        }
        for entry in &plan.held {
            let undecided = entry.held_by.iter().any(|hold| hold.kind == HoldKind::Error && hold.name == "production-unit");
            prop_assert_eq!(undecided, entry.action == Action::Deprecate, "{:?}", entry);
        }
    }
}

#[test]
fn every_policy_in_the_documentation_loads() {
    let page = include_str!("../docs/policies.md");
    let blocks: Vec<&str> = page.split("```cedar\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 5);
    let files = blocks
        .iter()
        .enumerate()
        .map(|(index, text)| PolicyFile { path: format!("docs/policies.md#{index}").into(), text: (*text).to_owned() });
    let files: Vec<PolicyFile> = files.collect();
    let set = PolicySet::load(&files).unwrap_or_else(|errors| panic!("{errors}"));
    let unknown: Vec<_> = set.unknown_groups([]).into_iter().map(|problem| problem.message).collect();
    assert_eq!(unknown, ["unknown account group `payments`"]);
}

#[test]
fn every_shipped_policy_is_in_the_documentation() {
    let page = include_str!("../docs/policies.md");
    for info in PolicySet::shipped().unwrap().policies() {
        let family = info.id.ends_with("-dev-images") && page.contains("`deprecate-`, `disable-`, `expire-dev-images`");
        assert!(family || page.contains(&format!("`{}`", info.id)), "{}", info.id);
    }
}
