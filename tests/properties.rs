//! What must hold for every estate, whatever is in it and whatever could not be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod estates;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::LazyLock;

use ami_warden::config::Config;
use ami_warden::inventory::answers::Answers;
use ami_warden::inventory::{Estate, History, Inventory, Joined, Triple};
use ami_warden::model::{Action, ActionClass, Gap, Grantee, Place, ResourceId, Source};
use ami_warden::plan::{Entry, HoldKind, Objection, Plan, Principal, audit, make};
use ami_warden::policy::{PolicyFile, PolicySet};
use estates::{ACCOUNTS, DENIALS, across, deny, estate, now, report, user};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Policies that ask for everything they can, so that only the interlocks stand in between; some of them trust facts
/// that may be missing.
static EAGER: LazyLock<PolicySet> = LazyLock::new(|| {
    let mut text = String::new();
    for action in ["deprecate", "disable", "deregister"] {
        text += &policy(action, action, "Image", "when { resource.age >= duration(\"0s\") }");
    }
    text += &policy("unused", "deregister", "Image", "when { resource has usage && resource.usage.total == 0 }");
    text += &policy(
        "copied",
        "deregister",
        "Image",
        "when { resource.age > duration(\"1d\") } unless { resource has replicaRegions && resource.replicaRegions.contains(Region::\"us-east-1\") }",
    );
    text += &policy("orphans", "deleteSnapshot", "Snapshot", "when { resource.age >= duration(\"0s\") }");
    text += &policy("no-public", "makePrivate", "Image", "when { resource.isPublic }");
    text += &policy("no-public-snapshots", "makePrivate", "Snapshot", "when { resource has isPublic && resource.isPublic }");
    text += &policy("no-strangers", "revokeShare", "Image", "unless { context.grantee in AccountGroup::\"organization\" }");
    text += &policy("no-strange-snapshots", "revokeShare", "Snapshot", "unless { context.grantee in AccountGroup::\"organization\" }");
    text += &policy("replicate", "replicate", "Image", "when { context.target == Region::\"us-east-1\" }");
    PolicySet::load(&[PolicyFile { path: PathBuf::from("eager.cedar"), text }]).unwrap()
});

static SHIPPED: LazyLock<PolicySet> = LazyLock::new(|| PolicySet::shipped().unwrap());

fn policy(id: &str, action: &str, resource: &str, condition: &str) -> String {
    format!(
        "@id(\"{id}\") @title(\"t\") @severity(\"low\") @owner(\"o\") @reason(\"r\")\npermit (principal, action == Action::\"{action}\", resource is {resource}) {condition};\n"
    )
}

/// Without limits and grace, so that what is due and free is a step.
fn boundless() -> Config {
    let mut config = Config::default();
    config.limits.per_place = usize::MAX;
    config.limits.per_cycle = usize::MAX;
    config.limits.tripwire_estate = usize::MAX;
    config.limits.tripwire_count = usize::MAX;
    config.grace.disable = SignedDuration::ZERO;
    config.grace.deregister = SignedDuration::ZERO;
    config.grace.delete_snapshot = SignedDuration::ZERO;
    config.grace.revoke_share = SignedDuration::ZERO;
    config.organization.members = Some(vec!["111111111111".into(), "222222222222".into()]);
    config
}

fn seen(answers: &[Answers], config: &Config) -> Estate {
    let mut estate = Estate::new(config);
    for answers in answers {
        estate.add(Inventory::from_answers(answers.clone()));
    }
    estate
}

fn plan_of(answers: &[Answers], config: &Config, policies: &PolicySet) -> (Plan, Estate) {
    let estate = seen(answers, config);
    let history = History::default();
    // Everything newly due counts as approved: the tripwire's half of a small place has no switch.
    let approved = everything_due(&estate, config, policies);
    let plan = make(&Joined::new(&estate, &history, config, now()), policies, Principal::Automatic, &approved);
    (plan, estate)
}

fn everything_due(estate: &Estate, config: &Config, policies: &PolicySet) -> BTreeSet<Triple> {
    let plan = make(&Joined::new(estate, &History::default(), config, now()), policies, Principal::Automatic, &BTreeSet::new());
    plan.held.iter().map(Entry::triple).collect()
}

fn steps(plan: &Plan) -> BTreeSet<Triple> {
    plan.steps.iter().map(Entry::triple).collect()
}

/// Two governed accounts in one organization. `lost` could not be entered.
fn governed(answers: &[Answers], config: &Config, lost: Option<&str>) -> Estate {
    let mut estate = Estate::new(config);
    for answers in answers.iter().filter(|answers| Some(answers.place.account.as_str()) != lost) {
        estate.add(Inventory::from_answers(answers.clone()));
    }
    if let Some(account) = lost {
        estate.gaps.push(Gap::in_place(&Place::new(account, "*"), Source::AssumeRole, "AccessDenied: a test"));
    }
    let organization = &mut estate.organization;
    organization.id = Some("o-exampleorg1".into());
    organization.learnt = true;
    for account in ACCOUNTS {
        organization.governed.insert(account.into());
        organization.members.insert(account.into(), vec!["o-exampleorg1".into(), "r-abcd".into()]);
    }
    estate
}

/// The plan, with everything newly due approved, and what the audit says to it.
fn later_plan(estate: &Estate, history: &History, config: &Config, policies: &PolicySet, at: Timestamp) -> (Plan, Vec<Objection>) {
    let joined = Joined::new(estate, history, config, at);
    let due = make(&joined, policies, Principal::Automatic, &BTreeSet::new());
    let approved = due.held.iter().map(Entry::triple).collect();
    let plan = make(&joined, policies, Principal::Automatic, &approved);
    let objections = audit(&plan, estate, history, config);
    (plan, objections)
}

/// What is seen of the second account in a complete cycle is what decides later, when it cannot be read.
#[test]
fn the_estates_reach_steps_that_rest_on_another_account() {
    let mut runner = TestRunner::deterministic();
    let (mut known, mut remembered, mut forgotten) = (0, 0, 0);
    for _ in 0..100 {
        let answers = estate().new_tree(&mut runner).unwrap().current();
        let config = boundless();
        let mut history = History::default();
        let whole = governed(&answers, &config, None);
        history.observe(&Joined::new(&whole, &History::default(), &config, now()));
        let lost = governed(&answers, &config, Some(ACCOUNTS[1]));
        let shared = |plan: &Plan| {
            let shares = |step: &&Entry| {
                let permissions =
                    whole.places[&step.place].launch_permissions.iter().find(|(id, _)| id.as_str() == step.resource.to_string());
                let outside = |grantee: &Grantee| !matches!(grantee, Grantee::Account(account) if *account == step.place.account);
                permissions.is_some_and(|(_, permissions)| permissions.0.iter().any(outside))
            };
            let gone = |step: &&Entry| step.action.class() == ActionClass::Destructive && step.place.account.as_str() == ACCOUNTS[0];
            plan.steps.iter().filter(gone).filter(shares).count()
        };
        let at = |hours: i64| now().checked_add(SignedDuration::from_hours(hours)).unwrap();
        known += shared(&later_plan(&whole, &history, &config, &EAGER, at(1)).0);
        remembered += shared(&later_plan(&lost, &history, &config, &EAGER, at(1)).0);
        forgotten += shared(&later_plan(&lost, &history, &config, &EAGER, at(30)).0);
    }
    assert!(known > 0 && remembered > 0, "no shared image is ever retired: {known} {remembered}");
    assert_eq!(forgotten, 0, "a day later nobody knows any more");
}

/// A property over estates in which everything is held would prove nothing.
#[test]
fn the_estates_reach_every_action_and_every_interlock() {
    let mut runner = TestRunner::deterministic();
    let mut actions = BTreeSet::new();
    let mut holds = BTreeSet::new();
    for _ in 0..150 {
        let answers = estate().new_tree(&mut runner).unwrap().current();
        let (plan, _) = plan_of(&answers, &boundless(), &EAGER);
        actions.extend(plan.steps.iter().map(|step| step.action));
        holds.extend(plan.held.iter().flat_map(|held| &held.held_by).map(|hold| hold.name.clone()));
    }
    for action in Action::ALL.into_iter().filter(|action| *action != Action::Notify) {
        assert!(actions.contains(&action), "no estate has a step to {action}");
    }
    for name in ["not-owned", "managed", "protected", "keep-tag", "in-use", "usage-unknown", "unrecoverable", "referenced-by-image"] {
        assert!(holds.contains(name), "no estate has anything held by {name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_failed_read_never_adds_a_step(answers in estate(), denials in prop::collection::vec((0usize..4, 0..DENIALS), 1..4), shipped: bool) {
        let policies = if shipped { &*SHIPPED } else { &*EAGER };
        let config = boundless();
        let (whole, _) = plan_of(&answers, &config, policies);
        let mut less = answers.clone();
        for (place, source) in denials {
            if let Some(answers) = less.get_mut(place) {
                deny(answers, source);
            }
        }
        let (part, _) = plan_of(&less, &config, policies);
        let added: Vec<_> = steps(&part).difference(&steps(&whole)).cloned().collect();
        prop_assert!(added.is_empty(), "a failed read added {added:#?}");
    }

    #[test]
    fn an_account_that_cannot_be_read_never_adds_a_step(
        answers in estate(),
        uses in prop::collection::vec((0usize..2, 0usize..7, user()), 0..6),
        denials in prop::collection::vec((2usize..4, 0..DENIALS), 0..3),
        hours in 0i64..60,
        reported in prop::option::weighted(0.3, (0i64..30, 0usize..3)),
        shipped: bool,
    ) {
        let policies = if shipped { &*SHIPPED } else { &*EAGER };
        let config = boundless();
        let mut answers = answers;
        across(&mut answers, &uses);
        if let (Some((hours_ago, users)), Some(first)) = (reported, answers.first_mut()) {
            report(first, hours_ago, users);
        }
        let whole = governed(&answers, &config, None);
        let mut history = History::default();
        history.observe(&Joined::new(&whole, &History::default(), &config, now()));
        let at = now().checked_add(SignedDuration::from_hours(hours)).unwrap();
        let (plan, objections) = later_plan(&whole, &history, &config, policies, at);
        prop_assert_eq!(objections, vec![]);

        let mut less = answers.clone();
        for (place, source) in denials {
            if let Some(answers) = less.get_mut(place) {
                deny(answers, source);
            }
        }
        let mut unreported = answers.clone();
        if let Some(first) = unreported.first_mut() {
            first.usage_reports = first.usage_reports.as_ref().map(|_| Err("denied".into()));
        }
        let lost = governed(&answers, &config, Some(ACCOUNTS[1]));
        let partly = governed(&less, &config, None);
        let unreported = governed(&unreported, &config, None);
        for (what, estate) in [("not entered", lost), ("partly read", partly), ("without reports", unreported)] {
            let (part, objections) = later_plan(&estate, &history, &config, policies, at);
            let added: Vec<_> = steps(&part).difference(&steps(&plan)).cloned().collect();
            prop_assert!(added.is_empty(), "{} after {} hours, that added {:#?}", what, hours, added);
            prop_assert_eq!(objections, vec![], "{}", what);
        }
    }

    #[test]
    fn an_unknown_organization_never_adds_a_step(answers in estate()) {
        let config = boundless();
        let mut unknown = boundless();
        unknown.organization.members = None;
        let (whole, _) = plan_of(&answers, &config, &EAGER);
        let (part, _) = plan_of(&answers, &unknown, &EAGER);
        prop_assert!(steps(&part).is_subset(&steps(&whole)));
        prop_assert!(part.steps.iter().all(|step| step.action != Action::RevokeShare));
    }

    #[test]
    fn a_place_that_was_not_completely_read_loses_nothing_for_ever(answers in estate(), place in 0usize..4, source in 0usize..11) {
        let mut less = answers.clone();
        let Some(denied) = less.get_mut(place) else { return Ok(()) };
        deny(denied, source);
        // Rules that nobody listed need no details.
        prop_assume!(source != 10 || denied.rules.as_ref().is_ok_and(|rules| !rules.rules.as_ref().unwrap().is_empty()));
        let place = denied.place.clone();
        let (plan, _) = plan_of(&less, &boundless(), &EAGER);
        prop_assert!(!plan.complete);
        for step in plan.steps.iter().filter(|step| step.place == place) {
            prop_assert!(step.action.class() != ActionClass::Destructive, "{step:?}");
        }
    }

    #[test]
    fn everything_due_is_in_exactly_one_list_and_every_resource_is_accounted_for(answers in estate(), limited: bool) {
        let config = if limited { Config::default() } else { boundless() };
        let (plan, estate) = plan_of(&answers, &config, &EAGER);
        let mut triples = BTreeSet::new();
        let mut touched: BTreeMap<&Place, BTreeSet<&ResourceId>> = BTreeMap::new();
        for entry in plan.steps.iter().chain(&plan.pending).chain(&plan.held) {
            prop_assert!(triples.insert(entry.triple()), "{entry:?} stands twice");
            touched.entry(&entry.place).or_default().insert(&entry.resource);
        }
        for held in &plan.held {
            prop_assert!(!held.held_by.is_empty(), "{held:?} is held by nothing");
        }
        for untouched in &plan.untouched {
            let inventory = &estate.places[&untouched.place];
            let touched = touched.get(&untouched.place).map_or(0, BTreeSet::len);
            prop_assert_eq!(untouched.images + untouched.snapshots + touched, inventory.images.len() + inventory.snapshots.len());
        }
    }

    #[test]
    fn the_same_input_gives_the_same_bytes_in_any_order(answers in estate()) {
        let config = Config::default();
        let (one, _) = plan_of(&answers, &config, &EAGER);
        let mut turned = answers;
        turned.reverse();
        for answers in &mut turned {
            answers.images.as_mut().unwrap().images.as_mut().unwrap().reverse();
            answers.snapshots.as_mut().unwrap().snapshots.as_mut().unwrap().reverse();
        }
        let (other, _) = plan_of(&turned, &config, &EAGER);
        prop_assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
        prop_assert!(one.is_intact());
    }

    #[test]
    fn the_audit_agrees_with_every_plan(answers in estate(), denial in (0usize..4, 0..DENIALS)) {
        let mut answers = answers;
        if let Some(place) = answers.get_mut(denial.0) {
            deny(place, denial.1);
        }
        for policies in [&*EAGER, &*SHIPPED] {
            let config = boundless();
            let (plan, estate) = plan_of(&answers, &config, policies);
            prop_assert_eq!(audit(&plan, &estate, &History::default(), &config), vec![]);
        }
    }

    #[test]
    fn the_audit_catches_a_planner_that_forgets_its_interlocks(answers in estate()) {
        let config = boundless();
        let (mut plan, estate) = plan_of(&answers, &config, &EAGER);
        let released = |entry: &Entry| {
            let destructive = entry.action.class() == ActionClass::Destructive;
            let known = ["not-owned", "keep-tag", "in-use", "usage-unknown", "referenced-by-image"];
            destructive && entry.held_by.iter().any(|hold| hold.kind == HoldKind::Interlock && known.contains(&hold.name.as_str()))
        };
        let Some(held) = plan.held.iter().position(released) else { return Ok(()) };
        let mut step = plan.held.remove(held);
        step.held_by.clear();
        let resource = step.resource.to_string();
        plan.steps.push(step);
        let objections = audit(&plan, &estate, &History::default(), &config);
        prop_assert!(objections.iter().any(|objection| objection.about.ends_with(&resource)), "nobody objected to {}", resource);
    }

    #[test]
    fn a_kept_image_does_not_stay_public(answers in estate()) {
        let (plan, estate) = plan_of(&answers, &boundless(), &SHIPPED);
        for inventory in estate.places.values() {
            for image in inventory.images.iter().filter(|image| image.public == Some(true) && image.owner == inventory.place.account) {
                let id = ResourceId::Image(image.id.clone());
                prop_assert!(plan.steps.iter().any(|step| step.action == Action::MakePrivate && step.resource == id), "{} stays public", id);
            }
        }
    }
}
