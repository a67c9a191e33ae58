//! What must hold for every estate, whatever is in it and whatever could not be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod estates;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ami_warden::config::{Config, Consumer, Owner, load};
use ami_warden::inventory::answers::Answers;
use ami_warden::inventory::{Estate, History, Inventory, Joined, Triple};
use ami_warden::model::{Action, ActionClass, Image, ImageState, Place, ResourceId};
use ami_warden::plan::{Entry, HoldKind, Plan, Principal, audit, make};
use ami_warden::policy::{PolicyFile, PolicySet};
use estates::{DENIALS, deny, estate, now};
use jiff::SignedDuration;
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

/// Consumers as they are written in the configuration.
fn consumers() -> impl Strategy<Value = String> {
    let consumer = (
        prop_oneof![Just("name_pattern = \"line?-*\""), Just("name_pattern = \"line0-1.?*\""), Just("tags = { family = \"gold*\" }")],
        prop_oneof![Just(""), Just("owners = [\"self\"]"), Just("owners = [\"111111111111\"]"), Just("owners = [\"amazon\"]")],
        prop_oneof![Just("newest"), Just("newest-2"), Just("all")],
        prop_oneof![Just(""), Just("account = \"111111111111\""), Just("account = \"333333333333\"")],
        prop_oneof![Just(""), Just("regions = [\"us-east-1\"]")],
    );
    prop::collection::vec(consumer, 1..3).prop_map(|consumers| {
        let written = consumers.iter().enumerate().map(|(number, (finds, owners, pick, account, regions))| {
            format!("[[consumers]]\nname = \"c{number}\"\n{finds}\n{owners}\npick = \"{pick}\"\n{account}\n{regions}\n")
        });
        written.collect()
    })
}

fn with(consumers: &str) -> Config {
    let written = load(Some((Path::new("x.toml"), consumers)), []).unwrap();
    Config { consumers: written.consumers, ..boundless() }
}

/// Whether `consumer` looks from the owner's account among nobody else's images, and finds fewer newer ones there than it
/// wants: told by other means than the planner's.
fn picks(consumer: &Consumer, inventory: &Inventory, image: &Image) -> bool {
    let owned = image.owner == inventory.place.account && consumer.account.as_ref().is_none_or(|account| *account == image.owner);
    let alone = [Owner::Itself, Owner::Account(image.owner.clone())];
    let among_its_own = !consumer.owners.is_empty() && consumer.owners.iter().all(|owner| alone.contains(owner));
    let fits = |image: &Image| {
        image.state == ImageState::Available && consumer.describes(image) && consumer.looks_among(image, &inventory.place.account)
    };
    // The deprecated ones it may not see; without them it picks at least what it picks with them.
    let rivals = inventory.images.iter().filter(|other| fits(other) && other.created_at > image.created_at);
    let certain = rivals.filter(|other| image.is_deprecated(now()) || !other.is_deprecated(now()));
    owned && among_its_own && fits(image) && consumer.looks_in(&inventory.place.region) && certain.count() < consumer.pick.count()
}

/// A property over estates in which everything is held would prove nothing.
#[test]
fn the_estates_reach_every_action_and_every_interlock() {
    let mut runner = TestRunner::deterministic();
    let mut actions = BTreeSet::new();
    let mut holds = BTreeSet::new();
    let mut found = BTreeSet::new();
    for _ in 0..150 {
        let answers = estate().new_tree(&mut runner).unwrap().current();
        let (plan, _) = plan_of(&answers, &boundless(), &EAGER);
        actions.extend(plan.steps.iter().map(|step| step.action));
        let (shipped, _) = plan_of(&answers, &boundless(), &SHIPPED);
        found.extend(shipped.findings.iter().flat_map(|finding| finding.because.clone()));
        holds.extend(plan.held.iter().flat_map(|held| &held.held_by).map(|hold| hold.name.clone()));
    }
    for action in Action::ALL.into_iter().filter(|action| *action != Action::Notify) {
        assert!(actions.contains(&action), "no estate has a step to {action}");
    }
    for name in ["old-image-in-use", "deprecated-image-in-use", "gone-image-in-use", "untrusted-image-in-use", "group-cannot-launch"] {
        assert!(found.contains(name), "no estate has anything found by {name}");
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
    fn a_failed_read_adds_no_finding_about_what_runs(answers in estate(), denials in prop::collection::vec((0usize..4, 0..DENIALS), 1..4)) {
        let config = boundless();
        let about_runs = |plan: &Plan| -> BTreeSet<_> {
            let runs = plan.findings.iter().filter(|finding| matches!(finding.resource, ResourceId::Instance(_) | ResourceId::Group(_)));
            runs.flat_map(|finding| finding.because.iter().map(|id| (finding.place.clone(), finding.resource.clone(), id.clone()))).collect()
        };
        let (whole, _) = plan_of(&answers, &config, &SHIPPED);
        let mut less = answers.clone();
        for (place, source) in denials {
            if let Some(answers) = less.get_mut(place) {
                deny(answers, source);
            }
        }
        let (part, _) = plan_of(&less, &config, &SHIPPED);
        let added: Vec<_> = about_runs(&part).difference(&about_runs(&whole)).cloned().collect();
        prop_assert!(added.is_empty(), "a failed read found {added:#?}");
        for entry in whole.steps.iter().chain(&whole.pending).chain(&whole.held) {
            prop_assert!(!matches!(entry.resource, ResourceId::Instance(_) | ResourceId::Group(_)), "{entry:?}");
        }
    }

    #[test]
    fn what_a_consumer_would_pick_is_not_taken_away(answers in estate(), consumers in consumers()) {
        let config = with(&consumers);
        for (policies, held) in [(&*EAGER, [Action::Disable, Action::Deregister].as_slice()), (&*SHIPPED, &[Action::Disable, Action::Deregister, Action::Deprecate])] {
            let (plan, estate) = plan_of(&answers, &config, policies);
            let taken = plan.steps.iter().chain(&plan.pending).filter(|step| held.contains(&step.action));
            let taken: BTreeSet<String> = taken.map(|step| step.resource.to_string()).collect();
            for (inventory, image) in estate.places.values().flat_map(|place| place.images.iter().map(move |image| (place, image))) {
                let picked = config.consumers.iter().any(|consumer| picks(consumer, inventory, image));
                prop_assert!(!(picked && taken.contains(image.id.as_str())), "{} would be picked", image.id);
            }
        }
    }

    #[test]
    fn a_consumer_never_adds_a_step_that_takes_away(answers in estate(), consumers in consumers(), denial in (0usize..4, 0..DENIALS)) {
        let mut answers = answers;
        if let Some(place) = answers.get_mut(denial.0) {
            deny(place, denial.1);
        }
        let taken = |config: &Config, policies: &PolicySet| -> BTreeSet<Triple> {
            plan_of(&answers, config, policies).0.steps.iter().filter(|step| step.action.takes_away()).map(Entry::triple).collect()
        };
        for policies in [&*EAGER, &*SHIPPED] {
            prop_assert!(taken(&with(&consumers), policies).is_subset(&taken(&boundless(), policies)));
        }
    }

    #[test]
    fn the_audit_agrees_with_every_plan_for_consumers(answers in estate(), consumers in consumers()) {
        let config = with(&consumers);
        let (plan, estate) = plan_of(&answers, &config, &EAGER);
        prop_assert_eq!(audit(&plan, &estate, &History::default(), &config), vec![]);
    }

    #[test]
    fn the_audit_catches_a_planner_that_forgets_consumers(answers in estate(), consumers in consumers()) {
        let config = with(&consumers);
        // Planned as if nobody had declared any, judged with them.
        let (plan, estate) = plan_of(&answers, &boundless(), &EAGER);
        let objections = audit(&plan, &estate, &History::default(), &config);
        for step in plan.steps.iter().filter(|step| matches!(step.action, Action::Disable | Action::Deregister)) {
            let inventory = &estate.places[&step.place];
            let image = inventory.images.iter().find(|image| image.id.as_str() == step.resource.to_string()).unwrap();
            let picked = config.consumers.iter().any(|consumer| picks(consumer, inventory, image));
            let objected = objections.iter().any(|objection| objection.about.ends_with(image.id.as_str()));
            prop_assert!(objected || !picked, "nobody objected to {}", image.id);
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
