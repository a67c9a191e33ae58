//! Permissions have no listing, one call each: a second scan asks only for what CloudTrail says may have changed, and never
//! misses what did.

use ami_warden::config::Config;
use ami_warden::model::{Action, Mode};
use ami_warden::policy::PolicySet;
use ami_warden_sim::{Fault, FaultKind, World};
use jiff::SignedDuration;
use serde_json::json;

use super::harness::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// How many images there are, and how many snapshots behind them.
const EACH: usize = 100;

/// Two policies for which every image and every snapshot has to be asked.
fn over_all_shares() -> PolicySet {
    policies(
        r#"
        @id("image-shares") @severity("high")
        permit (principal, action == Action::"revokeShare", resource is Image) unless { context.grantee in AccountGroup::"organization" };
        @id("snapshot-shares") @severity("high")
        permit (principal, action == Action::"revokeShare", resource is Snapshot) unless { context.grantee in AccountGroup::"organization" };
    "#,
    )
}

/// Our images, each on a snapshot of its own; every tenth in the other Region.
struct Estate {
    stage: Stage,
    images: Vec<String>,
    snapshots: Vec<String>,
}

/// What is found is only planned, so that the attribute calls are those of the scan.
async fn estate(adjust: impl FnOnce(&mut World, &mut Config)) -> Estate {
    let mut world = world();
    let (mut images, mut snapshots) = (Vec::new(), Vec::new());
    for n in 0..EACH {
        let region = if n % 10 == 9 { THERE } else { HERE };
        let snapshot = world.account(OURS).region(region).snapshot().age_days(10).put();
        images.push(world.account(OURS).region(region).image(&format!("web{n}x")).age_days(10).on_snapshot(&snapshot).put());
        snapshots.push(snapshot);
    }
    let mut config = Config { mode: Mode::Observe, ..hasty() };
    adjust(&mut world, &mut config);
    let stage = stage_with(world, config, over_all_shares(), |_| ()).await;
    Estate { stage, images, snapshots }
}

/// A cycle, and what it asked for in attribute calls.
struct Scan {
    cycle: Cycle,
    asked: Vec<String>,
}

impl Scan {
    fn is_whole(&self) -> bool {
        self.asked.len() == 2 * EACH
    }
}

impl Estate {
    async fn scan(&self) -> Scan {
        self.stage.sim.world(|world| world.journal.clear());
        let cycle = self.stage.cycle().await;
        assert!(cycle.plan.complete, "CloudTrail is no source of the plan's: {:?}", cycle.plan.gaps);
        let attributes = ["DescribeImageAttribute", "DescribeSnapshotAttribute"];
        let asked = self.stage.sim.world(|world| {
            let calls = world.journal.entries().iter().filter(|entry| attributes.contains(&entry.action.as_str()));
            let mut asked: Vec<String> =
                calls.filter_map(|call| call.params.get("ImageId").or_else(|| call.params.get("SnapshotId")).cloned()).collect();
            asked.sort();
            asked
        });
        Scan { cycle, asked }
    }

    async fn scan_after(&self, by: SignedDuration) -> Scan {
        self.stage.advance(by);
        self.scan().await
    }

    /// Somebody changes the shares of an image or a snapshot in our first Region.
    fn modify(&self, operation: &str, resource: &str) {
        let answer = self.stage.sim.call(OURS, HERE, &share_query(operation, resource, OUTSIDER)).answer().unwrap();
        assert_eq!(answer.status(), 200, "{answer:?}");
    }

    fn share(&self, resource: &str) {
        self.modify("Add", resource);
    }
}

fn share_query(operation: &str, resource: &str, account: &str) -> String {
    let (action, id, structure) = match resource.starts_with("ami-") {
        true => ("ModifyImageAttribute", "ImageId", "LaunchPermission"),
        false => ("ModifySnapshotAttribute", "SnapshotId", "CreateVolumePermission"),
    };
    format!("Action={action}&Version=2016-11-15&{id}={resource}&{structure}.{operation}.1.UserId={account}")
}

fn revoke(resource: &str) -> String {
    format!("revokeShare {resource}")
}

#[tokio::test]
async fn a_second_scan_asks_for_a_twentieth_at_most_and_sees_what_was_shared_in_between() {
    let estate = estate(|_, _| ()).await;
    let first = estate.scan().await;
    assert!(first.is_whole(), "{}", first.asked.len());
    assert_eq!(first.cycle.steps(), Vec::<String>::new());

    estate.stage.advance(HOUR * 3);
    let (image, snapshot) = (&estate.images[42], &estate.snapshots[17]);
    estate.share(image);
    estate.share(snapshot);
    let second = estate.scan_after(HOUR * 3).await;
    assert!(second.asked.len() * 20 <= first.asked.len(), "{} after {}", second.asked.len(), first.asked.len());
    assert_eq!(second.asked, [image.clone(), snapshot.clone()]);
    assert_eq!(second.cycle.steps(), [revoke(image), revoke(snapshot)]);

    // Nothing happened since, and a restart forgets nothing.
    let estate = Estate { stage: estate.stage.restarted().await, ..estate };
    let third = estate.scan_after(HOUR * 6).await;
    assert_eq!(third.asked, Vec::<String>::new());
    assert_eq!(third.cycle.steps(), second.cycle.steps());
}

#[tokio::test]
async fn a_share_that_was_taken_back_in_between_is_not_due_any_more() {
    let estate = estate(|_, _| ()).await;
    let image = &estate.images[3];
    estate.share(image);
    assert_eq!(estate.scan().await.cycle.steps(), [revoke(image)]);
    estate.stage.advance(HOUR);
    estate.modify("Remove", image);
    let second = estate.scan_after(HOUR * 2).await;
    assert_eq!(second.asked, [image.as_str()]);
    assert_eq!(second.cycle.steps(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_new_is_asked_without_any_event() {
    let estate = estate(|_, _| ()).await;
    estate.scan().await;
    let image = estate.stage.sim.world(|world| {
        let snapshot = world.here().snapshot().put();
        world.here().image("new").on_snapshot(&snapshot).shared_with(OUTSIDER).put()
    });
    let second = estate.scan_after(HOUR).await;
    assert_eq!(second.asked.len(), 2, "{:?}", second.asked);
    assert_eq!(second.cycle.steps(), [revoke(&image)]);
}

#[tokio::test]
async fn an_event_that_arrives_late_is_not_missed() {
    // Whenever it happened between two scans, and however close to the hour that is covered it shows.
    for (between, happens, lag) in [
        (HOUR * 6, HOUR * 6 - MINUTE, MINUTE * 59),
        (HOUR * 6, HOUR * 6 - MINUTE * 58, MINUTE * 59),
        (MINUTE * 10, MINUTE, MINUTE * 59),
        (MINUTE * 10, MINUTE * 9, MINUTE * 59),
        (MINUTE * 45, MINUTE, MINUTE * 46),
    ] {
        let estate = estate(|world, _| world.settings.trail_lag = lag).await;
        estate.scan().await;
        estate.stage.advance(happens);
        estate.share(&estate.images[0]);
        let shared_at = estate.stage.now();
        let blind = estate.scan_after(between - happens).await;
        assert_eq!(blind.asked, Vec::<String>::new(), "nothing shows it yet");
        let mut seen = Vec::new();
        while estate.stage.now() < shared_at + lag {
            seen = estate.scan_after(between).await.cycle.steps();
        }
        assert_eq!(seen, [revoke(&estate.images[0])], "every {between}, after {happens}, {lag} late");
    }
}

#[tokio::test]
async fn what_the_daemon_changed_itself_is_asked_again_before_any_event_tells() {
    let estate = estate(|world, config| {
        config.mode = Mode::Enforce;
        world.settings.trail_lag = MINUTE * 59;
    })
    .await;
    let image = &estate.images[5];
    estate.share(image);
    assert_eq!(estate.scan().await.cycle.enacted(), [format!("revokeShare {image} done")]);
    let second = estate.scan_after(MINUTE).await;
    assert_eq!((second.asked, second.cycle.steps()), (vec![image.clone()], Vec::new()));
}

#[tokio::test]
async fn an_image_that_was_shared_before_any_event_tells_is_not_disabled() {
    let mut world = world();
    world.settings.trail_lag = MINUTE * 59;
    let image = world.unused("forgotten");
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).put();
    }
    let mut config = hasty();
    config.grace.disable = HOUR;
    let stage = stage_with(world, config, policies(&whatever_is_old("disable")), |_| ()).await;
    assert_eq!(stage.cycle().await.pending(), [format!("disable {image}")]);
    stage.advance(MINUTE * 30);
    let answer = stage.sim.call(OURS, HERE, &share_query("Add", &image, OUTSIDER)).answer().unwrap();
    assert_eq!(answer.status(), 200, "{answer:?}");
    stage.sim.world(|world| world.journal.clear());
    let cycle = stage.after(MINUTE * 30).await;
    assert_eq!(cycle.enacted(), [format!("disable {image} skipped")], "it is read again before it is touched");
    assert!(stage.attempts().is_empty());
    // From then on it is known.
    assert_eq!(stage.after(MINUTE).await.held_by(Action::Disable, &image), Some(vec!["usage-unknown"]));
}

#[tokio::test]
async fn while_cloudtrail_is_denied_everything_is_asked_each_time_and_nothing_is_held() {
    let estate = estate(|world, _| world.inject(Fault::deny().action("LookupEvents"))).await;
    for n in [1, 2, 3] {
        estate.share(&estate.images[n]);
        let scan = estate.scan_after(HOUR).await;
        assert!(scan.is_whole(), "{}", scan.asked.len());
        assert_eq!(scan.cycle.steps().len(), n);
        assert!(scan.cycle.plan.held.is_empty(), "{:?}", scan.cycle.plan.held);
    }
    // What was asked in the meantime is remembered, and what changed since is looked for from when the events were last read.
    estate.stage.sim.world(World::clear_faults);
    estate.stage.advance(HOUR);
    estate.share(&estate.images[4]);
    let scan = estate.scan_after(HOUR).await;
    assert!(scan.asked.len() * 20 <= 2 * EACH && scan.asked.contains(&estate.images[4]), "{:?}", scan.asked);
    assert_eq!(scan.cycle.steps().len(), 4);
}

#[tokio::test]
async fn one_region_without_cloudtrail_costs_only_its_own_questions() {
    let estate = estate(|_, _| ()).await;
    estate.scan().await;
    for fault in [FaultKind::Deny, FaultKind::InternalError, FaultKind::TruncatedPage, FaultKind::EmptyBody, FaultKind::BareAnswer] {
        estate.stage.sim.world(|world| world.inject(Fault::new(fault.clone()).action("LookupEvents").region(THERE)));
        let scan = estate.scan_after(HOUR).await;
        assert_eq!(scan.asked.len(), 2 * EACH / 10, "{fault:?}");
        estate.stage.sim.world(World::clear_faults);
    }
    assert_eq!(estate.scan_after(HOUR).await.asked, Vec::<String>::new());
}

#[tokio::test]
async fn changes_on_many_pages_are_all_seen() {
    let estate = estate(|world, _| {
        world.settings.page_limit = Some(2);
        world.settings.empty_first_pages = true;
    })
    .await;
    estate.scan().await;
    estate.stage.advance(HOUR);
    let changed: Vec<String> = (0..7).map(|n| estate.images[n].clone()).collect();
    changed.iter().for_each(|image| estate.share(image));
    let second = estate.scan_after(HOUR).await;
    assert_eq!(second.asked, changed);
    assert_eq!(second.cycle.steps(), changed.iter().map(|image| revoke(image)).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_event_that_names_nothing_could_be_about_anything_in_its_region() {
    let estate = estate(|_, _| ()).await;
    estate.scan().await;
    estate
        .stage
        .sim
        .world(|world| world.here().event("ModifyImageAttribute").request(json!({ "attributeType": "launchPermission" })).put());
    let second = estate.scan_after(HOUR).await;
    assert_eq!(second.asked.len(), 2 * EACH * 9 / 10, "the other Region is not in doubt");
}

#[tokio::test]
async fn everything_is_asked_again_once_it_is_old() {
    let estate = estate(|world, config| {
        config.permissions.reread = DAY * 2;
        // Far beyond what is covered: CloudTrail promises nothing.
        world.settings.trail_lag = DAY * 30;
    })
    .await;
    assert!(estate.scan().await.is_whole());
    estate.share(&estate.images[0]);
    for _ in 0..3 {
        let scan = estate.scan_after(HOUR * 12).await;
        assert_eq!(scan.asked, Vec::<String>::new());
        assert_eq!(scan.cycle.steps(), Vec::<String>::new(), "what neither CloudTrail nor a listing tells");
    }
    let scan = estate.scan_after(HOUR * 12).await;
    assert!(scan.is_whole(), "{}", scan.asked.len());
    assert_eq!(scan.cycle.steps(), [revoke(&estate.images[0])]);
}

#[tokio::test]
async fn who_does_not_want_it_asks_for_everything_and_never_for_events() {
    let estate = estate(|_, config| config.permissions.cloudtrail = false).await;
    estate.scan().await;
    let second = estate.scan_after(HOUR).await;
    assert!(second.is_whole(), "{}", second.asked.len());
    assert_eq!(estate.stage.count("LookupEvents"), 0);
}
