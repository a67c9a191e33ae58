//! What must hold for every estate, whatever is in it and whatever could not be read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "properties/accounts.rs"]
mod accounts;
mod estates;
#[path = "properties/needs.rs"]
mod needs;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ami_warden::config::{Config, Consumer, Owner, load};
use ami_warden::evidence::Evidence;
use ami_warden::inventory::answers::{Answers, FastSnapshotRestore, LockedSnapshot};
use ami_warden::inventory::{Cooldown, Estate, History, Inventory, Joined, Triple};
use ami_warden::model::{Action, ActionClass, BlockState, Hides, Image, ImageState, Manager, Place, ResourceId, Shareable, Source};
use ami_warden::plan::{Entry, HoldKind, Plan, Principal, audit, make};
use ami_warden::policy::{PolicyFile, PolicySet};
use ami_warden::scan::recorded::{self, Recording};
use estates::faults::{DAMAGES, Damage, damage, deny, files};
use estates::users::{KINDS, UserSeed, add_user, counts};
use estates::{estate, now};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;

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
    for (id, of, unless) in [
        ("images", "images", "resource has publicImages && resource.publicImages > 0"),
        ("snapshots", "snapshots", "resource has publicSnapshots && resource.publicSnapshots > 0"),
        ("others", "images", "resource has allowedImages && resource.allowedImages.state == \"enabled\""),
    ] {
        let condition = format!("when {{ context.of == \"{of}\" }} unless {{ {unless} }}");
        text += &policy(&format!("block-{id}"), "blockPublicAccess", "Place", &condition);
    }
    PolicySet::load(&[PolicyFile { path: PathBuf::from("eager.cedar"), text }]).unwrap()
});

/// Policies that spare what a fact speaks for: each alone, half of them in an `unless`, half in a forbid. They read the fact
/// the careful way, `resource has …`, which says nothing of why it is absent.
static SPARING: LazyLock<Vec<PolicySet>> = LazyLock::new(|| {
    let images = [
        "resource has usage && resource.usage.total > 0",
        "resource has sharing && !resource.sharing.accounts.isEmpty()",
        "resource has snapshotsPublic && resource.snapshotsPublic",
        "resource has snapshotsSharedWith && !resource.snapshotsSharedWith.isEmpty()",
        "resource has replicaRegions && !resource.replicaRegions.isEmpty()",
        "resource has replicaDrift && resource.replicaDrift.tags",
        "resource has replicaDrift && resource.replicaDrift has shares && resource.replicaDrift.shares",
        "resource has deregistrationProtected && resource.deregistrationProtected",
        "resource has liveChildren && resource.liveChildren > 0",
        "resource has children && !resource.children.isEmpty()",
        "resource has ancestors && !resource.ancestors.isEmpty()",
        "resource has family && resource.family.rank < 1",
        "resource in Family::\"line0\"",
    ];
    let snapshots = [
        "resource has isPublic && resource.isPublic",
        "resource has usage && resource.usage.total > 0",
        "resource has usedByImages && resource.usedByImages > 0",
        "resource has locked && resource.locked",
        "resource has fastRestore && resource.fastRestore",
        "resource has sharing && !resource.sharing.accounts.isEmpty()",
    ];
    let of_images =
        images.iter().flat_map(|spared| ["deprecate", "disable", "deregister", "makePrivate"].map(|action| (action, "Image", spared)));
    let of_snapshots = snapshots.iter().flat_map(|spared| ["deleteSnapshot", "makePrivate"].map(|action| (action, "Snapshot", spared)));
    let set = |(action, kind, spared): (&str, &str, &&str)| {
        let always = "resource.age >= duration(\"0s\")";
        let unless = policy("asked", action, kind, &format!("when {{ {always} }} unless {{ {spared} }}"));
        let forbid = policy("spared", action, kind, &format!("when {{ {spared} }}")).replace("permit (", "forbid (");
        let asked = policy("asked", action, kind, &format!("when {{ {always} }}"));
        [unless, asked + &forbid].map(|text| PolicySet::load(&[PolicyFile { path: PathBuf::from("sparing.cedar"), text }]).unwrap())
    };
    of_images.chain(of_snapshots).flat_map(set).collect()
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
    config.grace.block_public_access = SignedDuration::ZERO;
    config.organization.members = Some(vec!["111111111111".into(), "222222222222".into()]);
    config
}

fn seen(answers: &[Answers], config: &Config) -> Estate {
    let mut estate = Estate::new(config);
    for answers in answers {
        estate.add(Inventory::settled(answers.clone(), &config.sources, now()));
    }
    estate
}

fn plan_of(answers: &[Answers], config: &Config, policies: &PolicySet) -> (Plan, Estate) {
    let estate = seen(answers, config);
    (judged(&estate, config, policies), estate)
}

fn judged(estate: &Estate, config: &Config, policies: &PolicySet) -> Plan {
    let history = History::default();
    // Everything newly due counts as approved: the tripwire's half of a small place has no switch.
    let approved = everything_due(estate, config, policies);
    make(&Joined::new(estate, &history, config, now()), policies, Principal::Automatic, &approved)
}

/// The estate as `record` writes it.
fn recorded(answers: &[Answers]) -> TempDir {
    let dir = TempDir::new().unwrap();
    let recording = Recording::create(dir.path()).unwrap();
    for answers in answers {
        recording.place(answers).unwrap();
    }
    recording.history(&History::default()).unwrap();
    dir
}

/// The steps of a recorded estate; none where nothing could be read.
fn steps_from(dir: &Path, config: &Config, policies: &PolicySet) -> BTreeSet<Triple> {
    match Evidence::recorded(dir, config, policies, Principal::Automatic, now()) {
        Ok(evidence) => steps(&judged(&evidence.estate, config, policies)),
        Err(_) => BTreeSet::new(),
    }
}

/// A place with one user of each kind beside images that nothing uses, so that a file that hides a user would free one.
fn one_of_each() -> Vec<Answers> {
    let mut runner = TestRunner::deterministic();
    let place = Place::new(estates::ACCOUNTS[0], estates::REGIONS[0]);
    let plain = |number: usize| estates::Seed {
        age_days: 900 + i64::try_from(number).unwrap(),
        idle_days: Some(700),
        state: if number.is_multiple_of(2) { "available" } else { "disabled" },
        public: Some(false),
        protection: Some("disabled"),
        owner: "self",
        tags: Vec::new(),
        shares: Some(Vec::new()),
        snapshot_shares: Some(Vec::new()),
        users: KINDS.get(number).copied().into_iter().collect(),
        listed: !number.is_multiple_of(5),
        in_bin: false,
        snapshot_public: false,
        backup: false,
        copy_in_other_region: false,
        snapshot_in_bin: false,
        ..estates::seed().new_tree(&mut runner).unwrap().current()
    };
    let seeds: Vec<_> = (0..KINDS.len() + 6).map(plain).collect();
    vec![estates::answers(0, place, &seeds, true)]
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
fn the_estates_reach_every_action_every_interlock_and_every_kind_of_user() {
    let mut runner = TestRunner::deterministic();
    let mut actions = BTreeSet::new();
    let mut holds = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    let mut found = BTreeSet::new();
    for _ in 0..150 {
        let answers = estate().new_tree(&mut runner).unwrap().current();
        let (plan, estate) = plan_of(&answers, &boundless(), &EAGER);
        actions.extend(plan.steps.iter().map(|step| step.action));
        let (shipped, _) = plan_of(&answers, &boundless(), &SHIPPED);
        found.extend(shipped.findings.iter().flat_map(|finding| finding.because.clone()));
        holds.extend(plan.held.iter().flat_map(|held| &held.held_by).map(|hold| hold.name.clone()));
        let users = estate.places.values().flat_map(|place| place.users.of_images.values()).flatten();
        kinds.extend(users.map(|user| (user.user.kind(), user.live)));
    }
    for action in Action::ALL.into_iter().filter(|action| *action != Action::Notify) {
        assert!(actions.contains(&action), "no estate has a step to {action}");
    }
    for name in [
        "images-can-become-public",
        "snapshots-can-become-public",
        "private-image-public-snapshot",
        "old-image-in-use",
        "deprecated-image-in-use",
        "gone-image-in-use",
        "untrusted-image-in-use",
        "group-cannot-launch",
    ] {
        assert!(found.contains(name), "no estate has anything found by {name}");
    }
    for name in [
        "not-owned",
        "managed",
        "protected",
        "keep-tag",
        "in-use",
        "usage-unknown",
        "unrecoverable",
        "referenced-by-image",
        "locked",
        "fast-restore",
    ] {
        assert!(holds.contains(name), "no estate has anything held by {name}");
    }
    let live = [
        "instance",
        "launch template",
        "Auto Scaling group",
        "launch configuration",
        "Spot fleet",
        "Spot request",
        "EC2 fleet",
        "parameter",
        "image recipe",
        "container recipe",
        "resource",
        "reference",
        "failed launch",
        "recorded source",
    ];
    for kind in live {
        assert!(kinds.contains(&(kind, true)), "no estate has a {kind} that uses an image");
    }
    for kind in ["launch template", "parameter"] {
        assert!(kinds.contains(&(kind, false)), "no estate has a stale {kind}");
    }
}

#[test]
fn whatever_becomes_of_any_file_of_a_record_adds_no_step() {
    let config = boundless();
    let answers = one_of_each();
    let whole_dir = recorded(&answers);
    let whole = steps_from(whole_dir.path(), &config, &EAGER);
    assert!(whole.iter().any(|step| step.action == Action::Deregister) && whole.iter().any(|step| step.action == Action::DeleteSnapshot));
    let named: Vec<PathBuf> = files(whole_dir.path()).iter().map(|path| path.strip_prefix(whole_dir.path()).unwrap().into()).collect();
    let sources: BTreeSet<&str> = named.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
    for source in Source::ALL {
        let has_no_file =
            [Source::Regions, Source::Organization, Source::AssumeRole, Source::LaunchPermissions, Source::CreateVolumePermissions];
        assert!(has_no_file.contains(&source) || sources.contains(source.name()), "{source} is not recorded");
    }
    for file in named {
        // One permission is like another.
        let damages = if file.iter().any(|part| part == "launch-permissions" || part == "create-volume-permissions") {
            if !file.to_str().unwrap().ends_with("07.json") {
                continue;
            }
            &DAMAGES[..]
        } else if file.ends_with("history.json") {
            // Broken, nothing is planned at all.
            &[Damage::Removed]
        } else {
            &DAMAGES[..]
        };
        let path = whole_dir.path().join(&file);
        let text = std::fs::read_to_string(&path).unwrap();
        for kind in damages.iter().filter(|kind| can_happen(&file, **kind)) {
            damage(&path, *kind);
            let part = steps_from(whole_dir.path(), &config, &EAGER);
            let added: Vec<_> = part.difference(&whole).collect();
            assert!(added.is_empty(), "{} {kind:?} added {added:#?}", file.display());
            std::fs::write(&path, &text).unwrap();
        }
    }
}

/// Any source that has a reader.
fn source() -> impl Strategy<Value = Source> {
    prop::sample::select(&Source::ALL[..])
}

fn user() -> impl Strategy<Value = UserSeed> {
    prop::sample::select(&KINDS[..])
}

/// A file of no known form has no list to lose, and without its history a record is no record.
fn can_happen(file: &Path, kind: Damage) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap();
    match kind {
        Damage::NoList => !name.starts_with("note-") && name != "history.json",
        Damage::NullMember | Damage::OtherPages => name != "history.json",
        _ => true,
    }
}

/// An inventory as text, without what every reading words anew: why something failed.
fn comparable(mut inventory: Inventory) -> String {
    inventory.gaps.iter_mut().for_each(|gap| gap.error.clear());
    inventory.gaps.sort();
    inventory.gaps.dedup();
    // Sets without an order.
    let public: Option<BTreeSet<_>> = inventory.public_snapshots.take().map(|ids| ids.into_iter().collect());
    let volumes: Option<BTreeSet<_>> = inventory.volumes.take().map(|ids| ids.into_iter().collect());
    format!("{inventory:#?} {public:?} {volumes:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_failed_read_never_adds_a_step(answers in estate(), denials in prop::collection::vec((0usize..4, source()), 1..4), shipped: bool) {
        let policies = if shipped { &*SHIPPED } else { &*EAGER };
        let config = boundless();
        let (whole, _) = plan_of(&answers, &config, policies);
        let mut less = answers.clone();
        for (place, source) in denials {
            if let Some(answers) = less.get_mut(place) {
                deny(answers, &source);
            }
        }
        let (part, _) = plan_of(&less, &config, policies);
        let added: Vec<_> = steps(&part).difference(&steps(&whole)).cloned().collect();
        prop_assert!(added.is_empty(), "a failed read added {added:#?}");
    }

    #[test]
    fn a_failed_read_never_adds_a_step_that_a_fact_would_have_spared(
        answers in estate(),
        denials in prop::collection::vec((0usize..4, source()), 1..4),
        policies in prop::sample::select(&SPARING[..]),
    ) {
        let config = boundless();
        let (whole, _) = plan_of(&answers, &config, &policies);
        let mut less = answers;
        for (place, source) in denials {
            if let Some(answers) = less.get_mut(place) {
                deny(answers, &source);
            }
        }
        let (part, _) = plan_of(&less, &config, &policies);
        let added: Vec<_> = steps(&part).difference(&steps(&whole)).cloned().collect();
        prop_assert!(added.is_empty(), "a failed read added {added:#?}");
    }

    #[test]
    fn one_more_user_never_adds_a_step_that_takes_away(answers in estate(), place in 0usize..4, image in any::<prop::sample::Index>(), kind in user()) {
        let config = boundless();
        let (before, estate) = plan_of(&answers, &config, &EAGER);
        let images: Vec<String> =
            estate.places.values().flat_map(|place| &place.images).map(|image| image.id.to_string()).collect();
        let mut more = answers.clone();
        let (Some(there), false) = (more.get_mut(place), images.is_empty()) else { return Ok(()) };
        let used = image.get(&images);
        add_user(there, "one-more", used, kind);
        let (after, estate) = plan_of(&more, &config, &EAGER);
        let taking = |plan: &Plan| steps(plan).into_iter().filter(|step| step.action.takes_away()).collect::<BTreeSet<_>>();
        let added: Vec<_> = taking(&after).difference(&taking(&before)).cloned().collect();
        prop_assert!(added.is_empty(), "{kind:?} added {added:#?}");
        // It is found as what it is, wherever it lives.
        let users = estate.places.values().filter_map(|place| place.users.of_images.get(&used.as_str().into())).flatten();
        let mine: Vec<_> = users.filter(|user| user.to_string().contains("one-more")).collect();
        prop_assert_eq!(mine.iter().any(|user| user.live), counts(kind) == Some(true), "{:?}: {:?}", kind, mine);
        prop_assert!(!mine.is_empty() || counts(kind).is_none(), "{kind:?} is not found");
        if counts(kind) == Some(true) {
            let lost = after.steps.iter().filter(|step| step.resource.to_string() == *used);
            prop_assert!(lost.clone().all(|step| !matches!(step.action, Action::Disable | Action::Deregister)), "{kind:?} {lost:?}");
        }
    }

    #[test]
    fn every_live_user_is_named_in_the_hold_or_counted(answers in estate()) {
        let config = boundless();
        let (plan, estate) = plan_of(&answers, &config, &EAGER);
        for held in plan.held.iter().filter(|held| held.action == Action::Deregister) {
            let ResourceId::Image(id) = &held.resource else { continue };
            let users = estate.places.values().filter_map(|place| place.users.of_images.get(id)).flatten();
            let live: Vec<String> = users.filter(|user| user.live).map(ToString::to_string).collect();
            let detail = held.held_by.iter().find(|hold| hold.name == "in-use").map(|hold| hold.detail.as_str());
            let Some(detail) = detail else {
                prop_assert!(live.is_empty(), "{held:?} is not held by {live:?}");
                continue;
            };
            let named = live.iter().filter(|user| detail.contains(user.as_str())).count();
            let more = detail.rsplit_once("; and ").and_then(|(_, more)| more.strip_suffix(" more")?.parse().ok()).unwrap_or(0);
            prop_assert_eq!(named + more, live.len(), "{}", detail);
        }
    }

    #[test]
    fn a_record_is_read_as_what_was_written(answers in estate(), denials in prop::collection::vec((0usize..4, source()), 0..6)) {
        let mut answers = answers;
        for (place, source) in denials {
            if let Some(answers) = answers.get_mut(place) {
                // A permission that was not read leaves no file: then nobody asked.
                if !matches!(source, Source::LaunchPermissions | Source::CreateVolumePermissions) {
                    deny(answers, &source);
                }
            }
        }
        let dir = recorded(&answers);
        let record = recorded::open(dir.path()).unwrap();
        let history = record.history().unwrap().unwrap();
        for answers in answers {
            let read = Inventory::from_answers(record.answers(&answers.place, &history));
            prop_assert_eq!(comparable(read), comparable(Inventory::from_answers(answers)));
        }
    }

    #[test]
    fn a_failed_read_adds_no_finding_about_what_runs(answers in estate(), denials in prop::collection::vec((0usize..4, source()), 1..4)) {
        let config = boundless();
        let about_runs = |plan: &Plan| -> BTreeSet<_> {
            let runs = plan.findings.iter().filter(|finding| matches!(finding.resource, ResourceId::Instance(_) | ResourceId::Group(_)));
            runs.flat_map(|finding| finding.because.iter().map(|id| (finding.place.clone(), finding.resource.clone(), id.clone()))).collect()
        };
        let (whole, _) = plan_of(&answers, &config, &SHIPPED);
        let mut less = answers.clone();
        for (place, source) in denials {
            if let Some(answers) = less.get_mut(place) {
                deny(answers, &source);
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
    fn a_damaged_record_adds_no_step(
        answers in estate(),
        file in any::<prop::sample::Index>(),
        kind in prop::sample::select(&DAMAGES[..]),
        shipped: bool,
    ) {
        let policies = if shipped { &*SHIPPED } else { &*EAGER };
        let config = boundless();
        let dir = recorded(&answers);
        let whole = steps_from(dir.path(), &config, policies);
        let files = files(dir.path());
        let file = file.get(&files);
        prop_assume!(can_happen(file, kind));
        damage(file, kind);
        let part = steps_from(dir.path(), &config, policies);
        let added: Vec<_> = part.difference(&whole).collect();
        prop_assert!(added.is_empty(), "{} {:?} added {:#?}", file.display(), kind, added);
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
    fn a_consumer_never_adds_a_step_that_takes_away(answers in estate(), consumers in consumers(), denial in (0usize..4, source())) {
        let mut answers = answers;
        if let Some(place) = answers.get_mut(denial.0) {
            deny(place, &denial.1);
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
    fn a_lock_or_fast_snapshot_restore_never_adds_a_step_and_keeps_its_snapshot(answers in estate(), place in 0usize..4, pick: prop::sample::Index, restore: bool) {
        let config = boundless();
        let (free, _) = plan_of(&answers, &config, &EAGER);
        let mut guarded = answers;
        let Some(answers) = guarded.get_mut(place) else { return Ok(()) };
        let listed = answers.snapshots.as_ref().unwrap().snapshots.as_ref().unwrap();
        prop_assume!(!listed.is_empty());
        let snapshot_id = pick.get(listed).as_ref().unwrap().snapshot_id.clone();
        let resource = ResourceId::Snapshot(snapshot_id.as_deref().unwrap().into());
        if restore {
            let restore = FastSnapshotRestore { snapshot_id, state: Some("optimizing".into()), ..FastSnapshotRestore::default() };
            let restores = answers.fast_restores.as_mut().unwrap().as_mut().unwrap();
            restores.fast_snapshot_restores.as_mut().unwrap().push(Some(restore));
        } else {
            let lock = LockedSnapshot { snapshot_id, lock_state: Some("compliance".into()), ..LockedSnapshot::default() };
            answers.locked_snapshots.as_mut().unwrap().as_mut().unwrap().snapshots.as_mut().unwrap().push(Some(lock));
        }
        let (plan, estate) = plan_of(&guarded, &config, &EAGER);
        prop_assert!(steps(&plan).is_subset(&steps(&free)));
        prop_assert!(plan.steps.iter().all(|step| step.action != Action::DeleteSnapshot || step.resource != resource));
        prop_assert_eq!(audit(&plan, &estate, &History::default(), &config), vec![]);
    }

    #[test]
    fn protection_that_cools_down_never_adds_a_step(answers in estate(), hours in 0i64..48) {
        let config = boundless();
        let estate = seen(&answers, &config);
        let approved = everything_due(&estate, &config, &EAGER);
        let off = now() - SignedDuration::from_hours(hours);
        let images = estate.places.values().flat_map(|place| &place.images);
        let cooldowns = images.map(|image| (image.id.clone(), Cooldown { protected_at: off, seen_off_at: Some(off) })).collect();
        let history = History { cooldowns, ..History::default() };
        let of = |history: &History| make(&Joined::new(&estate, history, &config, now()), &EAGER, Principal::Automatic, &approved);
        let (never, cooling) = (of(&History::default()), of(&history));
        prop_assert!(steps(&cooling).is_subset(&steps(&never)));
        prop_assert!(hours >= 24 || cooling.steps.iter().all(|step| step.action != Action::Deregister));
        prop_assert!(hours < 24 || steps(&cooling) == steps(&never));
        prop_assert_eq!(audit(&cooling, &estate, &history, &config), vec![]);
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
    fn a_place_that_was_not_completely_read_loses_nothing_that_could_be_hidden(answers in estate(), place in 0usize..4, source in source()) {
        let mut less = answers.clone();
        let Some(denied) = less.get_mut(place) else { return Ok(()) };
        // Rules that nobody listed need no details; permissions are of one resource each.
        let nothing_there = source == Source::RecycleBinRule && denied.rule_details.as_ref().is_ok_and(Vec::is_empty);
        prop_assume!(!nothing_there && source.hides() != Hides::OneResource && deny(denied, &source));
        let place = denied.place.clone();
        let (plan, _) = plan_of(&less, &boundless(), &EAGER);
        prop_assert!(!plan.complete);
        prop_assert!(plan.gaps.iter().any(|gap| gap.source == source && gap.place == place));
        for step in plan.steps.iter().filter(|step| step.place == place) {
            let destructive = step.action.class() == ActionClass::Destructive;
            let frozen = match source.hides() {
                Hides::Users | Hides::Resources => destructive || step.action == Action::Disable,
                Hides::Consequences => destructive,
                Hides::SnapshotGuards => step.action == Action::DeleteSnapshot,
                Hides::Nothing | Hides::OneResource => false,
            };
            prop_assert!(!frozen, "{source} {step:?}");
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
            // The place itself is none of its images and snapshots.
            if !matches!(entry.resource, ResourceId::Place(_)) {
                touched.entry(&entry.place).or_default().insert(&entry.resource);
            }
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
    fn the_audit_agrees_with_every_plan(answers in estate(), denial in (0usize..4, source())) {
        let mut answers = answers;
        if let Some(place) = answers.get_mut(denial.0) {
            deny(place, &denial.1);
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
            let known = ["not-owned", "keep-tag", "in-use", "usage-unknown", "referenced-by-image", "locked", "fast-restore"];
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
    fn nothing_is_blocked_that_is_blocked_already_or_not_ours_to_block(answers in estate()) {
        let (plan, estate) = plan_of(&answers, &boundless(), &EAGER);
        for step in plan.steps.iter().filter(|step| step.action == Action::BlockPublicAccess) {
            let block = estate.places[&step.place].block(step.context.of.unwrap()).unwrap();
            prop_assert_eq!((block.state, block.managed_by), (BlockState::Unblocked, Some(Manager::Account)), "{:?}", step);
            prop_assert_eq!(&step.resource, &ResourceId::Place(step.place.clone()));
        }
    }

    #[test]
    fn the_audit_catches_a_planner_that_blocks_what_it_may_not(answers in estate(), denied: bool) {
        let mut answers = answers;
        if denied && let Some(place) = answers.first_mut() {
            deny(place, &Source::ImageBlockPublicAccess);
        }
        let config = boundless();
        let (mut plan, estate) = plan_of(&answers, &config, &EAGER);
        let held = |entry: &Entry| entry.action == Action::BlockPublicAccess && entry.held_by.iter().any(|hold| hold.name == "managed" || hold.name == Source::ImageBlockPublicAccess.name() && entry.context.of == Some(Shareable::Images));
        let Some(index) = plan.held.iter().position(held) else { return Ok(()) };
        let mut step = plan.held.remove(index);
        step.held_by.clear();
        let place = step.place.to_string();
        plan.steps.push(step);
        let objections = audit(&plan, &estate, &History::default(), &config);
        prop_assert!(objections.iter().any(|objection| objection.about.ends_with(&place)), "nobody objected to {}", place);
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
