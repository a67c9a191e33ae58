//! The IAM documents that are handed to operators are enough for what the program does, and it does no more.

use std::collections::BTreeSet;

use ami_warden::config::{Accounts, Discover};
use ami_warden::model::Mode;
use ami_warden::policy::{PolicyFile, PolicySet, shipped_files};
use ami_warden_sim::{InstanceState, World};
use serde_json::Value;

use super::harness::*;

const SCAN: &str = include_str!("../../deploy/iam/scan-role.json");
const REPORT: &str = include_str!("../../deploy/iam/report-role.json");
const ENFORCE: &str = include_str!("../../deploy/iam/enforce-role.json");
const HUB: &str = include_str!("../../deploy/iam/hub-role.json");

/// The actions that a document allows.
fn allowed(document: &str) -> BTreeSet<String> {
    let document: Value = serde_json::from_str(document).unwrap();
    let statements = document["Statement"].as_array().unwrap().iter().filter(|statement| statement["Effect"] == "Allow");
    let actions = statements.flat_map(|statement| match &statement["Action"] {
        Value::Array(actions) => actions.iter().map(|action| action.as_str().unwrap().to_owned()).collect(),
        one => vec![one.as_str().unwrap().to_owned()],
    });
    actions.collect()
}

const BEHIND_CLOUD_CONTROL: [&str; 7] = ["batch", "codebuild", "eks", "elasticbeanstalk", "kms", "pcs", "sagemaker"];

/// The service an action belongs to.
fn service(action: &str) -> &str {
    action.split(':').next().unwrap_or_default()
}

/// An estate in which everything happens: every source has something, and every action something to do.
fn everything() -> World {
    let mut world = world();
    world.bins();
    world.unused("forgotten");
    for n in 0..8 {
        world.here().image(&format!("young{n}x")).age_days(10).put();
    }
    let used = world.here().image("used").age_days(10).put();
    world.here().instance(&used).state(InstanceState::Stopped).put();
    let template = world.here().launch_template("web").version(&used).put();
    world.here().auto_scaling_group("web").launch_template(&template, "$Default").put();
    world.here().launch_configuration("classic", &used);
    world.here().parameter("/images/web", &used);
    world.here().launch_template("alias").version("resolve:ssm:/images/web").put();
    world.here().image("leaked").age_days(10).public().put();
    world.here().snapshot().public().put();
    let key = world.here().kms_key("ours", &[OURS]);
    world.here().snapshot().encrypted_with(&key).put();
    world.here().image("shared").age_days(10).shared_with(OUTSIDER).put();
    world.here().image("golden-1.0.0").age_days(20).tag("family", "golden").tag("tested", "true").tag("replicate-to", THERE).put();
    world
}

/// What the shipped policies have no use for, and the documents allow: policies of the documentation.
const ALSO: &str = r#"
    @id("block-public-access") @severity("medium")
    permit (principal, action == Action::"blockPublicAccess", resource is Place) when { context.of == "images" || context.of == "snapshots" };
    @id("allowed-images-not-enforced") @severity("low")
    permit (principal, action == Action::"notify", resource is Place)
    when { resource has allowedImages && resource.allowedImages.state != "enabled" };
"#;

fn shipped_and_more() -> PolicySet {
    let more = PolicyFile { path: "more.cedar".into(), text: ALSO.into() };
    PolicySet::load(&shipped_files().into_iter().chain([more]).collect::<Vec<_>>()).unwrap()
}

fn principal() -> String {
    format!("arn:aws:iam::{OURS}:user/simulated")
}

/// Runs until the forgotten image is gone for good, in mode `mode` and with these permissions.
async fn live(mode: Mode, documents: &[&str]) -> Stage {
    let granted: BTreeSet<String> = documents.iter().flat_map(|document| allowed(document)).collect();
    let mut world = everything();
    world.allow_only(&principal(), granted.iter().map(String::as_str));
    let topic = world.here().topic("warden");
    let mut config = enforcing();
    config.mode = mode;
    config.sns.topics.insert("default".into(), topic);
    let stage = stage_with(world, config, shipped_and_more(), |_| ()).await;
    // With nothing enacted the first cycles have seen all there is.
    for _ in 0..if mode == Mode::Enforce { 27 } else { 3 } {
        let cycle = stage.cycle().await;
        assert!(cycle.plan.complete, "{mode}: {:?}", cycle.plan.gaps);
        assert_eq!(cycle.summary.failed(), 0, "{:?}", cycle.summary.enacted);
        stage.advance(DAY * 8);
    }
    stage.sim.world(|world| {
        for entry in world.journal.entries() {
            for action in entry.iam_actions.iter().filter(|action| *action != "sts:GetCallerIdentity") {
                assert!(granted.contains(action), "{mode}: {action} is in none of the documents");
            }
            assert!(
                !matches!(&entry.outcome, ami_warden_sim::Outcome::Error(code) if code.contains("Unauthorized") || code.contains("Denied")),
                "{entry:?}"
            );
        }
    });
    stage
}

#[tokio::test]
async fn the_scan_role_is_enough_to_observe() {
    let stage = live(Mode::Observe, &[SCAN]).await;
    assert!(stage.attempts().is_empty());
}

#[tokio::test]
async fn with_the_report_role_it_is_enough_to_notify() {
    let stage = live(Mode::Notify, &[SCAN, REPORT]).await;
    assert!(stage.attempts().is_empty() && stage.count("Publish") > 0);
    assert_eq!(stage.engine.ledger.outbox().await.unwrap().waiting, 0);
}

#[tokio::test]
async fn with_the_enforce_role_every_action_works() {
    let stage = live(Mode::Enforce, &[SCAN, REPORT, ENFORCE]).await;
    for api in [
        "EnableImageDeprecation",
        "DisableImage",
        "DeregisterImage",
        "DeleteSnapshot",
        "ModifyImageAttribute",
        "ModifySnapshotAttribute",
        "CopyImage",
        "EnableImageBlockPublicAccess",
        "EnableSnapshotBlockPublicAccess",
    ] {
        assert!(stage.count(api) > 0, "{api} was never called");
    }
    // What was called in all is what the documents allow, and nothing in them is idle.
    let called: BTreeSet<String> =
        stage.sim.world(|world| world.journal.entries().iter().flat_map(|entry| entry.iam_actions.clone()).collect());
    let granted: BTreeSet<String> = [SCAN, REPORT, ENFORCE].iter().flat_map(|document| allowed(document)).collect();
    let idle = granted.difference(&called).map(String::as_str);
    // Cloud Control asks the services whose resources it tells of on the caller's behalf.
    let (by_others, not_here): (Vec<&str>, Vec<&str>) = idle.partition(|action| BEHIND_CLOUD_CONTROL.contains(&service(action)));
    assert_eq!(by_others.into_iter().map(service).collect::<BTreeSet<&str>>(), BEHIND_CLOUD_CONTROL.into());
    // DescribeVolumes is for policies that ask for what it tells; the rest is about single things of a kind that this estate
    // has none of.
    let excused = ["ec2:DescribeImageUsageReportEntries", "ec2:DescribeVolumes", "imagebuilder:GetImageRecipe"];
    assert_eq!(not_here, excused);
}

#[tokio::test]
async fn with_the_hub_role_other_accounts_are_governed_by_roles_of_their_own() {
    const OTHER: &str = "333333333333";
    let granted = |documents: &[&str]| documents.iter().flat_map(|document| allowed(document)).collect::<BTreeSet<String>>();
    let role = |name: &str| format!("arn:aws:iam::{OTHER}:role/{name}");
    let rights = [
        (principal(), granted(&[SCAN, HUB])),
        (role("ami-warden-scan"), granted(&[SCAN])),
        (role("ami-warden-enforce"), granted(&[ENFORCE])),
    ];
    let mut world = everything();
    world.settings.credentials_expire_at = Some("2099-01-01T00:00:00Z".parse().unwrap());
    let organization = world.organization("o-abcdefghij").management(OURS).unit("ou-abcd-11111111", "r-abcd");
    organization.account(OTHER, "ou-abcd-11111111").with(|organization| organization.without_paths = true);
    for name in ["ami-warden-scan", "ami-warden-enforce"] {
        world.account(OTHER).role_trusting(name, Some("the-id"), &[OURS]);
    }
    let used = world.account(OTHER).region(HERE).image("used").age_days(10).put();
    world.account(OTHER).region(HERE).instance(&used).put();
    let leaked = world.account(OTHER).region(HERE).image("leaked").age_days(10).public().put();
    for (who, actions) in &rights {
        world.allow_only(who, actions.iter().map(String::as_str));
    }
    let mut config = hasty();
    config.organization = Default::default();
    config.enforce.accounts = Some(vec![OTHER.into()]);
    config.accounts = Accounts {
        discover: Some(Discover::Organization),
        enforce_role: Some("ami-warden-enforce".into()),
        external_id: Some("the-id".into()),
        ..Accounts::default()
    };
    let stage = stage(world, config).await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
    assert_eq!(cycle.enacted(), [format!("makePrivate {leaked} done")]);
    let mut called: BTreeSet<String> = BTreeSet::new();
    stage.sim.world(|world| {
        for entry in world.journal.entries().iter().filter(|entry| entry.action != "GetCallerIdentity") {
            let (_, granted) = rights.iter().find(|(who, _)| *who == entry.principal).unwrap();
            assert!(entry.iam_actions.iter().all(|action| granted.contains(action)), "{entry:?}");
            called.extend(entry.iam_actions.clone());
        }
    });
    assert_eq!(allowed(HUB).difference(&called).collect::<Vec<_>>(), Vec::<&String>::new(), "nothing in it is idle");
}

#[tokio::test]
async fn without_the_enforce_role_every_step_fails_by_itself_and_nothing_changes() {
    let granted: BTreeSet<String> = [SCAN, REPORT].iter().flat_map(|document| allowed(document)).collect();
    let mut world = everything();
    world.allow_only(&principal(), granted.iter().map(String::as_str));
    let stage = stage(world, hasty()).await;
    let cycle = stage.cycle().await;
    assert!(cycle.summary.enacted.len() >= 4, "{:?}", cycle.enacted());
    assert_eq!(cycle.summary.failed(), cycle.summary.enacted.len());
    assert!(stage.changes().is_empty());
}
