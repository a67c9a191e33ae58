//! Several accounts: what one of them uses of another's images, and what is done when one cannot be entered.

use std::collections::{BTreeMap, BTreeSet};

use ami_warden::aws;
use ami_warden::config::{Accounts, Config, Discover, OrganizationSettings};
use ami_warden::inventory::{History, Relation};
use ami_warden::ledger::CycleKind;
use ami_warden::model::{AccountId, Action, Mode};
use ami_warden_sim::world::image::MappingKind;
use ami_warden_sim::{Fault, FaultKind, MemberStatus, Permission, World};
use jiff::SignedDuration;

use super::harness::*;
use super::program::{Bench, text, world_of_today};

const SISTER: &str = "333333333333";
const BROTHER: &str = "444444444444";
const STRANGER: &str = "999999999999";
const ORGANIZATION: &str = "o-abcdefghij";
const WHOLE: &str = "arn:aws:organizations::111111111111:organization/o-abcdefghij";
const UNIT: &str = "ou-abcd-11111111";

/// An organization of three accounts, two of which let us in.
fn company() -> World {
    let mut world = world();
    // The client runs on the machine's clock, the world on its own.
    world.settings.credentials_expire_at = Some("2099-01-01T00:00:00Z".parse().unwrap());
    world.organization(ORGANIZATION).management(OURS).unit(UNIT, "r-abcd").account(SISTER, UNIT).account(BROTHER, "r-abcd");
    for account in [SISTER, BROTHER] {
        world.account(account).role_trusting("ami-warden-scan", Some("the-id"), &[OURS]).region(HERE);
    }
    world
}

/// Whom AWS Organizations names is governed, and what is due is done.
fn discovering() -> Config {
    let mut config = hasty();
    config.organization = OrganizationSettings::default();
    config.accounts = Accounts { discover: Some(Discover::Organization), external_id: Some("the-id".into()), ..Accounts::default() };
    config.recovery.require_recycle_bin = false;
    config
}

fn watching() -> Config {
    Config { mode: Mode::Observe, ..discovering() }
}

fn listing(accounts: &[&str]) -> Config {
    let mut config = discovering();
    config.accounts.discover = None;
    config.accounts.list = accounts.iter().map(|account| AccountId::from(*account)).collect();
    config
}

async fn deregistering(world: World, config: Config) -> Stage {
    stage_with(world, config, policies(&whatever_is_old("deregister")), |_| ()).await
}

/// Three old images of ours: one that an instance of the sister's runs, one that is shared with her and that nobody uses,
/// and one that is shared with nobody. Younger ones keep the tripwire quiet.
struct Images {
    used: String,
    shared: String,
    own: String,
}

fn images(world: &mut World) -> Images {
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).put();
    }
    let used = world.here().image("used").age_days(800).shared_with(SISTER).put();
    let shared = world.here().image("shared").age_days(800).shared_with(SISTER).put();
    let own = world.here().image("own").age_days(800).put();
    world.account(SISTER).region(HERE).instance(&used).put();
    Images { used, shared, own }
}

fn gaps(cycle: &Cycle) -> Vec<String> {
    cycle.plan.gaps.iter().map(|gap| format!("{} {}", gap.place, gap.source)).collect()
}

/// What holds an action on a resource, in words.
fn why(cycle: &Cycle, action: Action, resource: &str) -> String {
    let entry = cycle.plan.held.iter().find(|entry| entry.action == action && entry.resource.to_string() == resource);
    entry
        .map(|entry| entry.held_by.iter().map(|hold| format!("{}: {}", hold.name, hold.detail)).collect::<Vec<_>>().join("\n"))
        .unwrap_or_default()
}

/// The accounts in which EC2 was asked for `api`.
fn asked_in(stage: &Stage, api: &str) -> BTreeSet<String> {
    stage.sim.world(|world| world.journal.calls(api).map(|entry| entry.account.clone()).collect())
}

async fn remembered(stage: &Stage) -> History {
    stage.engine.ledger.history().await.unwrap()
}

#[tokio::test]
async fn an_image_that_another_account_uses_stays_and_one_that_nobody_uses_goes() {
    let mut world = company();
    let images = images(&mut world);
    let stage = deregistering(world, discovering()).await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
    let mut expected = [&images.shared, &images.own].map(|image| format!("deregister {image} done"));
    expected.sort();
    assert_eq!(cycle.enacted(), expected);
    assert_eq!(cycle.held_by(Action::Deregister, &images.used), Some(vec!["in-use"]));
    let all = [OURS, SISTER, BROTHER].map(str::to_owned).into();
    assert_eq!(asked_in(&stage, "DescribeInstances"), all);
}

#[tokio::test]
async fn an_account_that_cannot_be_entered_is_a_gap_and_holds_only_what_is_shared_with_it() {
    type Break = fn(&mut World);
    let breaks: [(&str, Break); 6] = [
        ("no role", |world| drop(world.account(SISTER).without_roles())),
        ("another external id", |world| drop(world.account(SISTER).role_trusting("ami-warden-scan", Some("another"), &[OURS]))),
        ("trusts somebody else", |world| drop(world.account(SISTER).role_trusting("ami-warden-scan", Some("the-id"), &[OUTSIDER]))),
        ("throttled", |world| {
            world.inject(Fault::throttle().action("AssumeRole").resource(&format!("arn:aws:iam::{SISTER}:role/ami-warden-scan")))
        }),
        ("out of order", |world| {
            let role = format!("arn:aws:iam::{SISTER}:role/ami-warden-scan");
            world.inject(Fault::new(FaultKind::InternalError).action("AssumeRole").resource(&role));
        }),
        ("closed", |world| drop(world.organization(ORGANIZATION).status(SISTER, MemberStatus::Suspended))),
    ];
    for (what, fail) in breaks {
        let mut world = company();
        let images = images(&mut world);
        fail(&mut world);
        let stage = deregistering(world, discovering()).await;
        let cycle = stage.cycle().await;
        let expected = if what == "closed" { vec![] } else { vec![format!("{SISTER}/* assume-role")] };
        assert_eq!(gaps(&cycle), expected, "{what}");
        assert_eq!(cycle.enacted(), [format!("deregister {} done", images.own)], "{what}");
        for image in [&images.shared, &images.used] {
            let why = why(&cycle, Action::Deregister, image);
            assert!(why.contains("usage-unknown: it is shared with 333333333333"), "{what}: {why}");
        }
        assert!(asked_in(&stage, "DescribeInstances").contains(BROTHER), "{what}: the others are left alone");
        assert!(!asked_in(&stage, "DescribeInstances").contains(SISTER), "{what}");
    }
}

/// Every way in which a call can fail.
const FAULTS: [FaultKind; 11] = [
    FaultKind::Deny,
    FaultKind::AuthFailure,
    FaultKind::Expired,
    FaultKind::TimeoutBefore,
    FaultKind::ResetBefore,
    FaultKind::InternalError,
    FaultKind::Throttle,
    FaultKind::EmptyBody,
    FaultKind::BareAnswer,
    FaultKind::TruncatedPage,
    FaultKind::LoopingToken,
];

#[tokio::test]
async fn whatever_fails_on_the_way_into_the_accounts_is_named_and_frees_nothing() {
    let prepared = async || {
        let mut world = company();
        world.limit_regions(&[HERE]);
        let images = images(&mut world);
        (deregistering(world, watching()).await, images)
    };
    let (stage, images) = prepared().await;
    stage.sim.world(|world| world.journal.clear());
    let whole: BTreeSet<String> = stage.cycle().await.steps().into_iter().collect();
    assert_eq!(whole, [&images.shared, &images.own].map(|image| format!("deregister {image}")).into());
    // What was asked before any place was, each with whether its answers come in pages.
    let calls: BTreeMap<String, bool> = stage.sim.world(|world| {
        let asked = world.journal.entries().iter().filter(|entry| entry.service != "ec2" || entry.action == "DescribeRegions");
        let asked = asked.filter(|entry| ["ec2", "sts", "organizations"].contains(&entry.service.as_str()));
        asked.map(|entry| (entry.action.clone(), entry.params.contains_key("MaxResults"))).collect()
    });
    assert!(calls.contains_key("AssumeRole") && calls.contains_key("ListAccounts") && calls.len() > 3, "{calls:?}");
    for (api, paged) in calls {
        for kind in FAULTS {
            let (stage, images) = prepared().await;
            stage.sim.world(|world| world.inject(Fault::new(kind.clone()).action(&api)));
            // Without anything to read there is no plan.
            if let Ok(cycle) = stage.run(CycleKind::Scan).await {
                let named: BTreeSet<&str> = cycle.plan.gaps.iter().map(|gap| gap.source.name()).collect();
                assert!(cycle.plan.gaps.iter().all(|gap| !gap.error.is_empty()));
                assert_eq!(named.is_empty(), kind == FaultKind::LoopingToken && !paged, "{api} {kind:?} {named:?}");
                let steps: BTreeSet<String> = cycle.steps().into_iter().collect();
                let may_stay = if named.is_empty() { whole.clone() } else { [format!("deregister {}", images.own)].into() };
                assert!(steps.is_subset(&may_stay), "{api} {kind:?} {named:?}: {steps:?}");
            }
            assert!(stage.attempts().is_empty());
        }
    }
}

#[tokio::test]
async fn a_complete_reading_counts_for_a_day_and_no_longer() {
    let mut world = company();
    let images = images(&mut world);
    let stage = deregistering(world, watching()).await;
    let step = format!("deregister {}", images.shared);
    assert!(stage.cycle().await.steps().contains(&step));

    stage.sim.world(|world| world.inject(Fault::deny().action("AssumeRole")));
    // The session at hand is ended too.
    stage.sim.world(|world| world.inject(Fault::new(FaultKind::Expired).account(SISTER)));
    stage.sim.world(|world| world.inject(Fault::new(FaultKind::Expired).account(BROTHER)));
    for hours in [6, 12, 6] {
        let cycle = stage.after(SignedDuration::from_hours(hours)).await;
        assert_eq!(gaps(&cycle), [format!("{SISTER}/* assume-role"), format!("{BROTHER}/* assume-role")]);
        assert!(cycle.steps().contains(&step), "{}", why(&cycle, Action::Deregister, &images.shared));
        assert_eq!(cycle.held_by(Action::Deregister, &images.used), Some(vec!["in-use"]), "what was seen there stands");
    }
    let cycle = stage.after(SignedDuration::from_mins(1)).await;
    let why = why(&cycle, Action::Deregister, &images.shared);
    assert!(why.contains("usage-unknown") && why.contains("last read completely on 2026-11-20"), "{why}");
    assert_eq!(cycle.held_by(Action::Deregister, &images.used), Some(vec!["usage-unknown"]));
    assert!(cycle.steps().contains(&format!("deregister {}", images.own)));

    stage.sim.world(World::clear_faults);
    assert!(stage.after(DAY).await.steps().contains(&step));
}

#[tokio::test]
async fn what_an_account_was_last_seen_to_use_is_not_forgotten_with_its_share() {
    let mut world = company();
    let images = images(&mut world);
    let stage = deregistering(world, watching()).await;
    stage.cycle().await;
    stage.sim.world(|world| {
        world.image_mut(&images.used).unwrap().launch_permissions.clear();
        world.account(SISTER).without_roles();
        world.inject(Fault::new(FaultKind::Expired).account(SISTER));
    });
    assert_eq!(stage.after(DAY).await.held_by(Action::Deregister, &images.used), Some(vec!["in-use"]));
    let later = stage.after(DAY * 30).await;
    let why = why(&later, Action::Deregister, &images.used);
    assert!(why.contains("account 333333333333 used it when it was last read completely, on 2026-11-20"), "{why}");
}

#[tokio::test]
async fn a_place_that_is_only_partly_read_is_remembered_as_it_was_when_it_was_whole() {
    let mut world = company();
    let images = images(&mut world);
    let stage = deregistering(world, watching()).await;
    stage.cycle().await;
    for api in ["DescribeInstances", "DescribeLaunchTemplates", "DescribeAutoScalingGroups"] {
        stage.sim.world(|world| world.inject(Fault::deny().account(SISTER).region(HERE).action(api)));
        let cycle = stage.after(SignedDuration::from_hours(6)).await;
        assert!(gaps(&cycle).iter().all(|gap| gap.starts_with(&format!("{SISTER}/{HERE} "))), "{:?}", gaps(&cycle));
        assert_eq!(cycle.held_by(Action::Deregister, &images.used), Some(vec!["in-use"]), "{api}");
        assert!(cycle.steps().contains(&format!("deregister {}", images.shared)), "{api}");
        stage.sim.world(World::clear_faults);
    }
}

#[tokio::test]
async fn our_own_gaps_are_never_made_up_for_by_an_earlier_reading() {
    let mut world = company();
    let images = images(&mut world);
    let stage = deregistering(world, watching()).await;
    stage.cycle().await;
    stage.sim.world(|world| world.inject(Fault::deny().account(OURS).region(HERE).action("DescribeInstances")));
    let cycle = stage.after(SignedDuration::from_hours(1)).await;
    for image in [&images.used, &images.shared, &images.own] {
        assert!(cycle.held_by(Action::Deregister, image).is_some());
    }
}

#[tokio::test]
async fn a_session_that_was_ended_is_begun_anew_in_the_same_cycle() {
    let mut world = company();
    images(&mut world);
    let stage = deregistering(world, watching()).await;
    stage.cycle().await;
    stage.sim.world(|world| world.inject(Fault::new(FaultKind::Expired).account(SISTER).action("DescribeRegions").first(1)));
    let before = stage.count("AssumeRole");
    assert!(stage.after(SignedDuration::from_hours(1)).await.plan.complete);
    assert_eq!(stage.count("AssumeRole") - before, 1);
    // In the middle of a cycle it is a gap of what was asked then, and the next one begins with a new session.
    stage.sim.world(|world| world.inject(Fault::new(FaultKind::Expired).account(SISTER).action("DescribeInstances").region(HERE).first(1)));
    let cycle = stage.after(SignedDuration::from_hours(1)).await;
    assert_eq!(gaps(&cycle), [format!("{SISTER}/{HERE} describe-instances")]);
    assert!(stage.after(SignedDuration::from_hours(1)).await.plan.complete);
}

#[tokio::test]
async fn one_region_whose_sts_is_down_keeps_nobody_out() {
    let mut world = company();
    images(&mut world);
    world.inject(Fault::new(FaultKind::InternalError).action("AssumeRole").region(THERE));
    let eager = policies(&whatever_is_old("deregister"));
    let stage = stage_with(world, watching(), eager, |connection: &mut aws::Settings| connection.home = Some(THERE.into())).await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
    assert!(asked_in(&stage, "DescribeInstances").contains(SISTER));
}

#[tokio::test]
async fn every_account_is_asked_for_its_own_regions() {
    let mut world = World::new(start());
    world.limit_regions(&[HERE, THERE, "eu-south-1"]);
    world.settings.credentials_expire_at = Some("2099-01-01T00:00:00Z".parse().unwrap());
    world.account(OURS).region(HERE);
    world.account(SISTER).opt_in("eu-south-1").region("eu-south-1").image("old").age_days(800).put();
    let mut config = listing(&[SISTER]);
    config.mode = Mode::Observe;
    let stage = deregistering(world, config).await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
    let places: Vec<String> = cycle.plan.untouched.iter().map(|untouched| untouched.place.to_string()).collect();
    let expected = [(OURS, THERE), (OURS, HERE), (SISTER, "eu-south-1"), (SISTER, THERE), (SISTER, HERE)];
    assert_eq!(places, expected.map(|(account, region)| format!("{account}/{region}")));
    stage.sim.world(|world| world.inject(Fault::deny().account(SISTER).action("DescribeRegions")));
    let cycle = stage.after(DAY).await;
    assert_eq!(gaps(&cycle), [format!("{SISTER}/* describe-regions")]);
    assert_eq!(cycle.plan.untouched.len(), 2);
}

#[tokio::test]
async fn what_is_shared_with_the_organization_is_of_known_use_when_all_of_it_was_read() {
    let mut world = company();
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).put();
    }
    let unused = world.here().image("unused").age_days(800).shared_with_organization(WHOLE).put();
    let used = world.here().image("used").age_days(800).shared_with_organization(WHOLE).put();
    let below = world
        .here()
        .image("below")
        .age_days(800)
        .shared_with_unit(&format!("arn:aws:organizations::111111111111:ou/{ORGANIZATION}/{UNIT}"))
        .put();
    let public = world.here().image("public").age_days(800).public().put();
    world.account(BROTHER).region(HERE).launch_template("t").version(&used).put();
    let stage = deregistering(world, watching()).await;
    let cycle = stage.cycle().await;
    let mut expected = [&unused, &below].map(|image| format!("deregister {image}"));
    expected.sort();
    assert_eq!(cycle.steps(), expected);
    assert_eq!(cycle.held_by(Action::Deregister, &used), Some(vec!["in-use"]));
    assert_eq!(cycle.held_by(Action::Deregister, &public), Some(vec!["usage-unknown"]), "the public is never known");

    // Whom nobody has ever read may use what the whole organization may, but not what is shared with a unit beside it.
    stage.sim.world(|world| {
        world.organization(ORGANIZATION).account("555555555555", "r-abcd");
        world.account("555555555555").without_roles();
    });
    let cycle = stage.after(DAY * 2).await;
    assert_eq!(cycle.steps(), [format!("deregister {below}")]);
    let why = why(&cycle, Action::Deregister, &unused);
    assert!(why.contains("account 555555555555, where assume-role was not read"), "{why}");

    // An organization that is not completely known reaches anybody.
    stage.sim.world(|world| world.inject(Fault::deny().action("ListAccounts")));
    let cycle = stage.after(SignedDuration::from_hours(1)).await;
    assert_eq!(cycle.steps(), Vec::<String>::new());
}

#[tokio::test]
async fn accounts_that_join_are_governed_and_those_that_left_are_known_as_such() {
    let stage = deregistering(company(), watching()).await;
    stage.cycle().await;
    assert_eq!(asked_in(&stage, "DescribeImages").len(), 3);
    stage.sim.world(|world| {
        world.organization(ORGANIZATION).leave(SISTER).account("555555555555", UNIT).status(BROTHER, MemberStatus::PendingClosure);
        world.account("555555555555").role_trusting("ami-warden-scan", Some("the-id"), &[OURS]);
        world.journal.clear();
    });
    let cycle = stage.after(SignedDuration::from_hours(6)).await;
    assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
    assert_eq!(asked_in(&stage, "DescribeImages"), [OURS.to_owned(), "555555555555".to_owned()].into());
    let history = remembered(&stage).await;
    let mut organization = ami_warden::inventory::Organization::remembered(&history, stage.now()).unwrap();
    organization.incomplete = None;
    let relation = |account: &str| organization.relation(&account.into(), &history);
    assert_eq!(relation("555555555555"), Some(Relation::Ours));
    assert_eq!(relation(BROTHER), Some(Relation::Suspended));
    assert_eq!(relation(SISTER), Some(Relation::Left { last_seen: start() }));
    assert_eq!(relation(STRANGER), Some(Relation::Stranger));
}

#[tokio::test]
async fn without_the_organization_no_share_ends_but_exposure_does_and_known_accounts_are_still_read() {
    for api in ["DescribeOrganization", "ListAccounts"] {
        for kind in [FaultKind::Deny, FaultKind::Throttle, FaultKind::InternalError, FaultKind::TruncatedPage, FaultKind::BareAnswer] {
            let mut world = company();
            let image = world.here().image("web").age_days(10).shared_with(SISTER).shared_with(STRANGER).put();
            let public = world.account(SISTER).region(HERE).image("leaked").age_days(10).public().put();
            let mut config = discovering();
            config.mode = Mode::Observe;
            let mut stage = stage(world, config).await;
            let cycle = stage.cycle().await;
            assert_eq!(cycle.steps(), [format!("makePrivate {public}"), format!("revokeShare {image}")]);
            assert_eq!(cycle.plan.steps[1].context.grantee.as_ref().unwrap().to_string(), STRANGER);

            stage.engine.settings.config.mode = Mode::Enforce;
            stage.sim.world(|world| world.inject(Fault::new(kind.clone()).action(api)));
            let cycle = stage.after(SignedDuration::from_hours(6)).await;
            assert_eq!(gaps(&cycle), ["*/* organization"], "{api} {kind:?}");
            assert_eq!(cycle.enacted(), [format!("makePrivate {public} done")], "{api} {kind:?}");
            assert_eq!(cycle.held_by(Action::RevokeShare, &image), Some(vec!["organization"]), "{api} {kind:?}");
        }
    }
}

#[tokio::test]
async fn when_nobody_has_known_the_organization_for_a_day_only_our_own_account_is_read() {
    let stage = deregistering(company(), watching()).await;
    stage.cycle().await;
    stage.sim.world(|world| {
        world.inject(Fault::deny().action("ListAccounts"));
        world.journal.clear();
    });
    stage.after(DAY).await;
    assert_eq!(asked_in(&stage, "DescribeImages").len(), 3);
    stage.sim.world(|world| world.journal.clear());
    let cycle = stage.after(SignedDuration::from_hours(1)).await;
    assert_eq!(asked_in(&stage, "DescribeImages"), [OURS.to_owned()].into());
    assert_eq!(gaps(&cycle), ["*/* organization"]);
    // What they were seen to use is not forgotten with them.
    let known: BTreeSet<String> = remembered(&stage).await.readings.keys().map(|place| place.account.to_string()).collect();
    assert_eq!(known, [OURS, SISTER, BROTHER].map(str::to_owned).into());
}

#[tokio::test]
async fn a_list_of_accounts_takes_the_place_of_an_organization() {
    let mut world = company();
    world.organization(ORGANIZATION).leave(SISTER).leave(BROTHER).leave(OURS);
    let images = images(&mut world);
    let shared = world.here().image("web").age_days(10).shared_with(SISTER).shared_with(STRANGER).put();
    let stage = stage_with(world, listing(&[SISTER]), policies(&whatever_is_old("deregister")), |_| ()).await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
    let mut expected = [&images.shared, &images.own].map(|image| format!("deregister {image} done"));
    expected.sort();
    assert_eq!(cycle.enacted(), expected);
    assert_eq!(stage.count("DescribeOrganization"), 0, "no policy asks who belongs to us");

    // With the shipped policies: whom we govern is ours, in an organization or not.
    let mut config = listing(&[SISTER]);
    config.mode = Mode::Observe;
    let world = stage.sim.world(|world| world.clone());
    let stage = super::harness::stage(world, config).await;
    let cycle = stage.cycle().await;
    let revoked: Vec<String> = cycle
        .plan
        .steps
        .iter()
        .filter(|step| step.action == Action::RevokeShare)
        .map(|step| format!("{} {}", step.resource, step.context.grantee.as_ref().unwrap()))
        .collect();
    assert_eq!(revoked, [format!("{shared} {STRANGER}")]);
}

#[tokio::test]
async fn what_is_excluded_or_beside_the_units_is_never_entered() {
    let mut narrow = watching();
    narrow.accounts.units = vec![UNIT.into()];
    let stage = deregistering(company(), narrow).await;
    stage.cycle().await;
    assert_eq!(asked_in(&stage, "DescribeImages"), [OURS, SISTER].map(str::to_owned).into());
    let mut without = watching();
    without.accounts.exclude = vec![SISTER.into()];
    let stage = deregistering(company(), without).await;
    stage.cycle().await;
    assert_eq!(asked_in(&stage, "DescribeImages"), [OURS, BROTHER].map(str::to_owned).into());
}

#[tokio::test]
async fn another_account_is_read_by_one_role_and_changed_by_another() {
    let mut world = company();
    let theirs = world.account(SISTER).region(HERE).image("old").age_days(800).put();
    for name in ["a", "b", "c"] {
        world.account(SISTER).region(HERE).image(name).age_days(10).put();
    }
    let brothers = world.account(BROTHER).region(HERE).image("old").age_days(800).put();
    for account in [SISTER, BROTHER] {
        world.account(account).role_trusting("ami-warden-enforce", Some("the-id"), &[OURS]);
    }
    world.allow_only(&format!("arn:aws:iam::{SISTER}:role/ami-warden-enforce"), ["ec2:DeregisterImage"]);
    let mut config = discovering();
    config.accounts.enforce_role = Some("ami-warden-enforce".into());
    config.enforce.accounts = Some(vec![OURS.into(), SISTER.into()]);
    let stage = deregistering(world, config).await;
    let cycle = stage.cycle().await;
    assert_eq!(cycle.enacted(), [format!("deregister {theirs} done")], "only where `enforce.accounts` allows it");
    assert!(cycle.steps().contains(&format!("deregister {brothers}")), "but it is planned");
    stage.sim.world(|world| {
        let by: BTreeSet<(String, bool)> = world
            .journal
            .entries()
            .iter()
            .filter(|entry| entry.account == SISTER)
            .map(|entry| (entry.principal.clone(), entry.mutating))
            .collect();
        let role = |name: &str| format!("arn:aws:iam::{SISTER}:role/{name}");
        assert_eq!(by, [(role("ami-warden-enforce"), true), (role("ami-warden-scan"), false)].into());
    });
}

#[tokio::test]
async fn an_exposure_scan_looks_into_every_account_and_asks_nobody_who_they_are() {
    let stage = stage(company(), discovering()).await;
    stage.cycle().await;
    let leaked = stage.sim.world(|world| world.account(SISTER).region(HERE).image("leaked").age_days(10).public().put());
    let asked = (stage.count("ListAccounts"), stage.count("AssumeRole"));
    assert_eq!(stage.exposure().await.enacted(), [format!("makePrivate {leaked} done")]);
    assert_eq!((stage.count("ListAccounts"), stage.count("AssumeRole")), asked);
}

#[tokio::test]
async fn a_snapshot_that_an_image_of_another_account_needs_stays_whether_or_not_that_can_be_read() {
    let mut world = company();
    world.account(OURS).region(HERE).snapshot().age_days(10).put();
    let snapshot = world.here().snapshot().age_days(800).put();
    let shared = Permission::Account(SISTER.into());
    world.snapshot_mut(&snapshot).unwrap().permissions.insert(shared);
    let theirs = world.account(SISTER).region(HERE).image("theirs").age_days(10).put();
    if let MappingKind::Ebs(ebs) = &mut world.image_mut(&theirs).unwrap().mappings[0].kind {
        ebs.snapshot = Some(snapshot.clone());
    }
    let stage = stage_with(world, watching(), policies(&whatever_is_old("deleteSnapshot")), |_| ()).await;
    assert_eq!(stage.cycle().await.held_by(Action::DeleteSnapshot, &snapshot), Some(vec!["referenced-by-image"]));
    stage.sim.world(|world| world.inject(Fault::deny().account(SISTER).action("DescribeImages")));
    let cycle = stage.after(SignedDuration::from_hours(6)).await;
    assert_eq!(cycle.held_by(Action::DeleteSnapshot, &snapshot), Some(vec!["referenced-by-image"]), "remembered");
    let cycle = stage.after(DAY).await;
    let why = why(&cycle, Action::DeleteSnapshot, &snapshot);
    assert!(why.contains("usage-unknown: it is shared with 333333333333, where describe-images was not read"), "{why}");
}

// --- The program ---

const CONFIGURATION: &str = "[accounts]\ndiscover = \"organization\"\nexternal_id = \"the-id\"\n";

fn company_of_today() -> World {
    let mut world = world_of_today();
    world.organization(ORGANIZATION).management(OURS).unit(UNIT, "r-abcd").account(SISTER, UNIT).account(BROTHER, "r-abcd");
    world.account(SISTER).role_trusting("ami-warden-scan", Some("the-id"), &[OURS]).region(HERE);
    world.account(BROTHER).without_roles();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_says_who_belongs_to_us_and_is_judged_like_aws_itself() {
    let mut world = company_of_today();
    let shared = world.account(OURS).region(HERE).image("web").age_days(10).shared_with(STRANGER).shared_with(SISTER).put();
    let bench = Bench::new(world, CONFIGURATION).await;
    let folder = bench.path("record");
    bench.prints(&["record", "--out", folder.to_str().unwrap()]);
    let organization: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("organization.json")).unwrap()).unwrap();
    assert_eq!(organization["Organization"]["Id"], ORGANIZATION);
    let path = |account: &str| {
        let accounts = organization["Accounts"].as_array().unwrap();
        accounts.iter().find(|member| member["Id"] == account).map(|member| (member["Status"].clone(), member["Path"].clone()))
    };
    assert_eq!(path(SISTER), Some(("ACTIVE".into(), format!("{ORGANIZATION}/r-abcd/{UNIT}/").into())));
    assert!(folder.join(SISTER).join(HERE).join("describe-images.json").exists());

    let live = bench.json(&["plan"]);
    let recorded = bench.json(&["plan", "--from", folder.to_str().unwrap()]);
    for list in ["steps", "pending"] {
        assert_eq!(live[list].as_array().unwrap().len(), recorded[list].as_array().unwrap().len(), "{list}");
    }
    let revoked = &recorded["pending"][0];
    assert_eq!((&revoked["resource"], &revoked["context"]["grantee"]), (&shared.as_str().into(), &STRANGER.into()), "{recorded}");
    let gap = |plan: &serde_json::Value| {
        plan["gaps"].as_array().unwrap().iter().map(|gap| format!("{} {}", gap["account"], gap["source"])).collect::<Vec<_>>()
    };
    assert_eq!(gap(&live), [format!("\"{BROTHER}\" \"assume-role\"")]);
    assert_eq!(gap(&recorded), gap(&live), "who was not recorded is as unknown as who could not be entered");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_who_can_be_entered_and_what_is_missing() {
    let bench = Bench::new(company_of_today(), CONFIGURATION).await;
    let output = bench.run(&["check", "--aws"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    assert!(said.contains(&format!("{SISTER} can be entered")), "{said}");
    assert!(said.contains(&format!("{BROTHER} cannot be entered")), "{said}");
    assert!(said.contains("sts:AssumeRole") && said.contains("aws iam create-role --role-name ami-warden-scan"), "{said}");
    assert!(said.contains("organization") && said.contains("3 accounts"), "{said}");

    bench.sim.world(|world| world.inject(Fault::deny().action("ListAccounts")));
    let said = text(&bench.run(&["check", "--aws"]).stdout);
    assert!(said.contains("organizations:ListAccounts"), "{said}");
}

#[tokio::test]
async fn a_launch_of_a_shared_image_that_fails_in_another_account_keeps_the_image() {
    let mut world = company();
    let wanted = world.here().image("wanted").age_days(800).shared_with(SISTER).disabled().put();
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).put();
    }
    world.account(SISTER).region(HERE).failed_launch(&wanted).minutes_ago(120).put();
    let stage = deregistering(world, discovering()).await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
    assert_eq!(cycle.held_by(Action::Deregister, &wanted), Some(vec!["in-use"]));
    assert!(why(&cycle, Action::Deregister, &wanted).contains(SISTER));
}
