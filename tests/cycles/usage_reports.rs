//! What EC2 itself counts in accounts that nobody here can enter: only a fresh report of everything makes the use of a shared
//! image known, and whatever names a use counts.

use ami_warden::model::{Action, Mode};
use ami_warden_sim::world::estate::UsageReportBuilder;
use ami_warden_sim::world::usage::UsageReport;
use ami_warden_sim::{Fault, FaultKind, Permission, World};
use jiff::SignedDuration;

use super::harness::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Two images that are due to be deregistered: one that somebody else may use, and one of ours alone.
struct Two {
    world: World,
    shared: String,
    plain: String,
}

fn two() -> Two {
    let mut world = world();
    world.bins();
    let shared = world.unused("shared");
    world.image_mut(&shared).unwrap().launch_permissions.insert(Permission::Account(OUTSIDER.into()));
    let plain = world.unused("plain");
    for n in 0..8 {
        world.here().image(&format!("young{n}x")).age_days(10).put();
    }
    Two { world, shared, plain }
}

impl Two {
    async fn stage(self) -> (Stage, String, String) {
        let mut config = hasty();
        // The plan tells; the next cycle finds everything as it was.
        config.mode = Mode::Observe;
        let stage = stage_with(self.world, config, policies(&whatever_is_old("deregister")), |_| ()).await;
        (stage, self.shared, self.plain)
    }
}

/// Makes a report less than it could be.
type Less = fn(&mut UsageReport);

fn deregister(image: &str) -> String {
    format!("deregister {image}")
}

/// A finished report of all accounts, instances and all versions of launch templates.
fn whole<'w>(world: &'w mut World, image: &str) -> UsageReportBuilder<'w> {
    world.here().usage_report(image).with(|report| report.kinds[1].depth = Some(10_000))
}

/// Asks EC2 for a report, as the documentation says; looking at so many versions of each template, if told.
fn order(stage: &Stage, image: &str, depth: Option<usize>) {
    let mut query = format!(
        "Action=CreateImageUsageReport&Version=2016-11-15&ImageId={image}\
         &ResourceType.1.ResourceType=ec2:Instance&ResourceType.2.ResourceType=ec2:LaunchTemplate"
    );
    if let Some(depth) = depth {
        let option = "&ResourceType.2.ResourceTypeOption.1";
        query.push_str(&format!("{option}.OptionName=version-depth{option}.OptionValue.1={depth}"));
    }
    let answer = stage.sim.call(OURS, HERE, &query).answer().unwrap();
    assert_eq!(answer.status(), 200, "{answer:?}");
}

#[tokio::test]
async fn without_a_report_nobody_knows_who_uses_what_is_shared_outside() {
    let (stage, shared, plain) = two().stage().await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
    assert_eq!(cycle.held_by(Action::Deregister, &shared), Some(vec!["usage-unknown"]));
    assert_eq!(cycle.steps(), [deregister(&plain)]);
}

#[tokio::test]
async fn a_whole_report_decides_and_only_for_a_day() {
    for (users, held) in [(0, None), (3, Some(vec!["in-use"]))] {
        let mut two = two();
        let report = whole(&mut two.world, &two.shared);
        if users > 0 {
            report.entry(OUTSIDER, "ec2:Instance", users).put()
        } else {
            report.put()
        };
        let (stage, shared, plain) = two.stage().await;
        for hours in [0, 23] {
            let cycle = stage.after(HOUR * hours).await;
            assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
            assert_eq!(cycle.held_by(Action::Deregister, &shared), held, "{users} users after {hours} hours");
        }
        let cycle = stage.after(HOUR).await;
        assert_eq!(cycle.held_by(Action::Deregister, &shared), Some(vec!["usage-unknown"]), "{users} users, a day old");
        assert_eq!(cycle.steps(), [deregister(&plain)]);
    }
}

#[tokio::test]
async fn a_report_with_no_use_lets_the_image_go_and_one_with_use_keeps_it() {
    for (used, left) in [(false, 0), (true, 1)] {
        let mut two = two();
        let report = whole(&mut two.world, &two.shared);
        if used {
            report.entry(OUTSIDER, "ec2:LaunchTemplate", 1).put()
        } else {
            report.put()
        };
        let Two { world, shared, .. } = two;
        let stage = stage_with(world, hasty(), policies(&whatever_is_old("deregister")), |_| ()).await;
        stage.cycle().await;
        assert_eq!(stage.changes().iter().filter(|change| change.ends_with(&shared)).count(), 1 - left, "{:?}", stage.changes());
    }
}

#[tokio::test]
async fn anything_less_than_everything_proves_nothing() {
    let less: [(&str, Less); 8] = [
        ("the newest twenty versions", |report| report.kinds[1].depth = None),
        ("all versions but one", |report| report.kinds[1].depth = Some(9_999)),
        ("instances only", |report| drop(report.kinds.remove(1))),
        ("templates only", |report| drop(report.kinds.remove(0))),
        ("one account only", |report| report.accounts.push(OUTSIDER.into())),
        ("not finished", |report| "pending".clone_into(&mut report.state)),
        ("not made", |report| "error".clone_into(&mut report.state)),
        ("in the future", |report| report.created += HOUR),
    ];
    for (what, change) in less {
        let mut two = two();
        whole(&mut two.world, &two.shared).with(change).put();
        let (stage, shared, plain) = two.stage().await;
        let cycle = stage.cycle().await;
        assert_eq!(cycle.held_by(Action::Deregister, &shared), Some(vec!["usage-unknown"]), "{what}");
        assert_eq!(cycle.steps(), [deregister(&plain)], "{what}");
    }
}

#[tokio::test]
async fn a_use_that_is_named_counts_however_little_the_report_looked_at() {
    let less: [(&str, Less); 3] = [
        ("the newest twenty versions", |report| report.kinds[1].depth = None),
        ("instances only", |report| drop(report.kinds.remove(1))),
        ("one account only", |report| report.accounts.push(OUTSIDER.into())),
    ];
    for (what, change) in less {
        let mut two = two();
        whole(&mut two.world, &two.shared).with(|report| report.created -= HOUR * 2).put();
        whole(&mut two.world, &two.shared).with(change).entry(OUTSIDER, "ec2:Instance", 1).put();
        let (stage, shared, _) = two.stage().await;
        let cycle = stage.cycle().await;
        assert_eq!(cycle.held_by(Action::Deregister, &shared), Some(vec!["in-use"]), "{what}, after a whole one without use");
    }
}

#[tokio::test]
async fn of_several_reports_the_newest_whole_one_tells() {
    for (before, now, held) in [(1, 0, None), (0, 1, Some(vec!["in-use"]))] {
        let mut two = two();
        let count = |report: UsageReportBuilder<'_>, users| match users {
            0 => report.put(),
            users => report.entry(OUTSIDER, "ec2:Instance", users).put(),
        };
        count(whole(&mut two.world, &two.shared).with(|report| report.created -= HOUR * 2), before);
        // One that looked at less and found nothing changes nothing.
        two.world.here().usage_report(&two.shared).with(|report| report.created -= MINUTE).put();
        count(whole(&mut two.world, &two.shared).with(|report| report.created -= HOUR), now);
        let (stage, shared, _) = two.stage().await;
        assert_eq!(stage.cycle().await.held_by(Action::Deregister, &shared), held, "{before} users, then {now}");
    }
}

#[tokio::test]
async fn what_strangers_use_whom_it_is_not_shared_with_any_more_holds_nothing() {
    let mut two = two();
    whole(&mut two.world, &two.shared).entry("999999999999", "ec2:Instance", 1).put();
    let (stage, shared, _) = two.stage().await;
    assert_eq!(stage.cycle().await.held_by(Action::Deregister, &shared), None);
}

#[tokio::test]
async fn nobody_counts_the_public() {
    let mut two = two();
    two.world.image_mut(&two.shared).unwrap().launch_permissions.insert(Permission::Everyone);
    whole(&mut two.world, &two.shared).put();
    let (stage, shared, _) = two.stage().await;
    assert_eq!(stage.cycle().await.held_by(Action::Deregister, &shared), Some(vec!["usage-unknown"]));
}

#[tokio::test]
async fn a_report_that_cannot_be_read_is_a_gap_and_holds_what_rests_on_it_alone() {
    let mut two = two();
    whole(&mut two.world, &two.shared).put();
    // So that there is a second page.
    whole(&mut two.world, &two.plain).entry(OUTSIDER, "ec2:Instance", 1).entry(OUTSIDER, "ec2:LaunchTemplate", 1).put();
    two.world.settings.page_limit = Some(1);
    let (stage, shared, plain) = two.stage().await;
    let both = [deregister(&shared), deregister(&plain)];
    let free = stage.cycle().await.steps();
    assert!(free.len() == 2 && both.iter().all(|step| free.contains(step)), "{free:?}");
    for api in ["DescribeImageUsageReports", "DescribeImageUsageReportEntries"] {
        for kind in [
            FaultKind::Deny,
            FaultKind::TimeoutBefore,
            FaultKind::InternalError,
            FaultKind::EmptyBody,
            FaultKind::BareAnswer,
            FaultKind::TruncatedPage,
        ] {
            stage.sim.world(|world| world.inject(Fault::new(kind.clone()).action(api).region(HERE)));
            let cycle = stage.cycle().await;
            stage.sim.world(World::clear_faults);
            let gaps: Vec<&str> = cycle.plan.gaps.iter().map(|gap| gap.source.name()).collect();
            assert!(gaps.iter().any(|gap| gap.starts_with("describe-image-usage-report")), "{api} {kind:?}: {gaps:?}");
            assert_eq!(cycle.held_by(Action::Deregister, &shared), Some(vec!["usage-unknown"]), "{api} {kind:?}");
            assert_eq!(cycle.steps(), [deregister(&plain)], "{api} {kind:?}");
        }
    }
}

#[tokio::test]
async fn a_default_version_that_lies_deep_is_found_by_a_report_of_all_versions_only() {
    let mut two = two();
    let other = two.world.account(OUTSIDER).region(HERE).image("theirs").put();
    let deep = two.world.account(OUTSIDER).region(HERE).launch_template("deep").version(&two.shared);
    (0..25).fold(deep, |deep, _| deep.version(&other)).default_version(1).put();
    let (stage, shared, _) = two.stage().await;
    // Reports may lack the last day.
    stage.advance(DAY * 2);
    order(&stage, &shared, None);
    assert_eq!(stage.cycle().await.held_by(Action::Deregister, &shared), Some(vec!["usage-unknown"]), "it is not finished");
    let cycle = stage.after(MINUTE * 5).await;
    assert_eq!(cycle.held_by(Action::Deregister, &shared), Some(vec!["usage-unknown"]), "it names no use, and looked at twenty");
    order(&stage, &shared, Some(10_000));
    assert_eq!(stage.after(MINUTE * 5).await.held_by(Action::Deregister, &shared), Some(vec!["in-use"]));
}

#[tokio::test]
async fn who_began_within_the_grace_time_is_seen_although_reports_lack_the_last_day() {
    let Two { world, shared, plain } = two();
    let mut config = hasty();
    config.grace.deregister = DAY * 4;
    let stage = stage_with(world, config, policies(&whatever_is_old("deregister")), |_| ()).await;
    let mut held = Vec::new();
    for day in 0..7 {
        order(&stage, &shared, Some(10_000));
        stage.advance(MINUTE * 5);
        held.push(stage.cycle().await.held_by(Action::Deregister, &shared).is_some());
        if day == 1 {
            stage.sim.world(|world| world.account(OUTSIDER).region(HERE).instance(&shared).put());
        }
        stage.advance(DAY - MINUTE * 5);
    }
    assert_eq!(held, [false, false, false, true, true, true, true]);
    assert_eq!(
        stage.changes().iter().filter(|change| change.starts_with("Deregister")).collect::<Vec<_>>(),
        [&format!("DeregisterImage {plain}")]
    );
}
