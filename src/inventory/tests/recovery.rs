//! The Recycle Bin's rules against a second implementation, which lets the days pass one by one and looks what is left.

use proptest::collection::{btree_map, vec};
use proptest::option::weighted;
use proptest::prelude::*;

use super::super::recovery::{Recovery, RecycleBinRule, recovery, with_snapshots};
use super::super::{History, Joined};
use super::{estate, hours, image, now, place};
use crate::config::Config;
use crate::inventory::answers::{
    Answers, GetRule, ListRules, ListSnapshotsInRecycleBin, RetentionPeriod, RuleSummary, SnapshotInRecycleBin,
};
use crate::model::{SnapshotId, Tags};

type Pair = (String, Option<String>);

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b"]).prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "1", "2"]).prop_map(str::to_owned)
}

fn resource() -> impl Strategy<Value = Tags> {
    btree_map(key(), value(), 0..3)
}

fn pairs() -> impl Strategy<Value = Vec<Pair>> {
    vec((key(), weighted(0.8, prop::sample::select(vec!["1", "2"]).prop_map(str::to_owned))), 0..3)
}

fn rules() -> impl Strategy<Value = Vec<RecycleBinRule>> {
    let kind = prop::sample::select(vec!["EC2_IMAGE", "EBS_SNAPSHOT", "EBS_VOLUME"]);
    let rule = (kind, 1i64..12, pairs(), pairs(), prop::bool::weighted(0.8));
    vec(rule, 0..6).prop_map(|rules| {
        let numbered = rules.into_iter().enumerate();
        numbered
            .map(|(number, (kind, days, tags, excluded, available))| RecycleBinRule {
                id: number.to_string(),
                resource_type: kind.into(),
                retention_days: days,
                tags,
                excluded,
                available,
            })
            .collect()
    })
}

/// Whether a thing of that kind, deleted so many days ago, is still in the bin.
fn is_there(rules: &[RecycleBinRule], in_effect: &[bool], kind: &str, tags: &Tags, days: i64) -> bool {
    let named = |pairs: &[Pair], bare: &dyn Fn(&str) -> bool| {
        tags.iter().any(|(key, value)| {
            pairs.contains(&(key.clone(), Some(value.clone()))) || (pairs.contains(&(key.clone(), None)) && bare(value))
        })
    };
    let mut keeping = rules.to_vec();
    keeping.retain(|rule| rule.resource_type == kind && rule.available && rule.retention_days >= days);
    keeping.retain(|rule| in_effect[rule.id.parse::<usize>().unwrap()]);
    keeping.retain(|rule| !named(&rule.excluded, &|_| true));
    keeping.iter().any(|rule| rule.tags.is_empty() || named(&rule.tags, &str::is_empty))
}

proptest! {
    #[test]
    fn what_the_rules_would_keep_is_what_is_left_day_after_day(
        rules in rules(),
        in_effect in vec(prop::bool::weighted(0.8), 6),
        of_image in resource(),
        of_snapshots in vec(resource(), 0..3),
    ) {
        let first_seen = |id: &str| {
            let since = if in_effect[id.parse::<usize>().unwrap()] { hours(1) } else { hours(0) };
            Some(now() - since)
        };
        let of = |kind: &str, tags: &Tags| recovery(&rules, kind, tags, first_seen, now());
        let ids: Vec<SnapshotId> = (0..of_snapshots.len()).map(|number| format!("snap-{number}").into()).collect();
        let snapshots = ids.iter().zip(&of_snapshots).map(|(id, tags)| (id, of("EBS_SNAPSHOT", tags)));
        let simulated = with_snapshots(of("EC2_IMAGE", &of_image), snapshots);

        let whole = |days: i64| {
            is_there(&rules, &in_effect, "EC2_IMAGE", &of_image, days)
                && of_snapshots.iter().all(|tags| is_there(&rules, &in_effect, "EBS_SNAPSHOT", tags, days))
        };
        match (1..20).take_while(|days| whole(*days)).last() {
            Some(days) => prop_assert_eq!(simulated, Recovery::For(hours(24 * days))),
            None => prop_assert!(matches!(simulated, Recovery::Never(_)), "{:?}", simulated),
        }
    }

    #[test]
    fn one_more_snapshot_never_makes_an_image_more_recoverable(rules in rules(), of_image in resource(), of_snapshot in resource()) {
        let of = |kind: &str, tags: &Tags| recovery(&rules, kind, tags, |_| None, now());
        let kept = |recovery: &Recovery| match recovery {
            Recovery::For(kept) => *kept,
            Recovery::Never(_) | Recovery::Unknown(_) => hours(0),
        };
        let id = SnapshotId::from("snap-1");
        let alone = of("EC2_IMAGE", &of_image);
        let both = with_snapshots(alone.clone(), [(&id, of("EBS_SNAPSHOT", &of_snapshot))].into_iter());
        prop_assert!(kept(&both) <= kept(&alone));
    }
}

/// One image with one snapshot, and a rule for each kind that keeps it so many days.
fn ruled(images: i64, snapshots: Option<i64>) -> Answers {
    let rule = |kind: &str, days: i64| GetRule {
        identifier: Some(kind.into()),
        resource_type: Some(kind.into()),
        retention_period: Some(RetentionPeriod { retention_period_value: Some(days), retention_period_unit: Some("DAYS".into()) }),
        status: Some("available".into()),
        ..GetRule::default()
    };
    let rules: Vec<GetRule> =
        [("EC2_IMAGE", Some(images)), ("EBS_SNAPSHOT", snapshots)].into_iter().filter_map(|(kind, days)| Some(rule(kind, days?))).collect();
    let summary = |rule: &GetRule| Some(RuleSummary { identifier: rule.identifier.clone(), ..RuleSummary::default() });
    Answers {
        rules: Ok(ListRules { rules: Some(rules.iter().map(summary).collect()) }),
        rule_details: Ok(rules),
        ..place(super::OURS, "eu-west-1", vec![image("ami-1")])
    }
}

fn judged(answers: Answers) -> Recovery {
    let (estate, history, config) = (estate([answers]), History::default(), Config::default());
    let joined = Joined::new(&estate, &history, &config, now());
    let inventory = estate.places.values().next().unwrap();
    joined.image(inventory, &inventory.images[0]).recovery
}

#[test]
fn an_image_is_recoverable_no_longer_than_its_snapshots() {
    assert_eq!(judged(ruled(14, Some(30))), Recovery::For(hours(24 * 14)));
    assert_eq!(judged(ruled(14, Some(7))), Recovery::For(hours(24 * 7)));
    let Recovery::Never(why) = judged(ruled(14, None)) else { panic!("nothing keeps its snapshot") };
    assert_eq!(why, "it is nothing without its snapshot snap-1: no Recycle Bin rule covers this snapshot");
}

#[test]
fn snapshots_that_were_not_read_leave_it_open() {
    let unread = Answers { snapshots: Err("AccessDenied".into()), ..ruled(14, Some(30)) };
    assert!(matches!(judged(unread), Recovery::Unknown(_)));
}

#[test]
fn a_snapshot_in_the_bin_is_gone_when_it_leaves_it() {
    let binned = |exit: Option<&str>| {
        let mut answers = ruled(14, Some(30));
        answers.snapshots.as_mut().unwrap().snapshots = Some(vec![]);
        let snapshot = SnapshotInRecycleBin {
            snapshot_id: Some("snap-1".into()),
            recycle_bin_exit_time: exit.map(Into::into),
            ..SnapshotInRecycleBin::default()
        };
        answers.snapshots_in_recycle_bin = Some(Ok(ListSnapshotsInRecycleBin { snapshots: Some(vec![Some(snapshot)]) }));
        judged(answers)
    };
    assert_eq!(binned(Some("2026-11-23T12:00:00Z")), Recovery::For(hours(72)));
    assert!(matches!(binned(None), Recovery::Unknown(_)));
}

#[test]
fn a_key_without_a_value_promises_nothing() {
    let rule = |tags: Vec<Pair>, excluded: Vec<Pair>| RecycleBinRule {
        id: "r".into(),
        resource_type: "EC2_IMAGE".into(),
        retention_days: 14,
        tags,
        excluded,
        available: true,
    };
    let kept = |rule: RecycleBinRule| recovery(&[rule], "EC2_IMAGE", &[("a".to_owned(), "1".to_owned())].into(), |_| None, now());
    assert!(matches!(kept(rule(vec![("a".into(), None)], vec![])), Recovery::Never(_)));
    assert!(matches!(kept(rule(vec![], vec![("a".into(), None)])), Recovery::Never(_)));
    assert!(matches!(kept(rule(vec![("a".into(), Some("1".into()))], vec![])), Recovery::For(_)));
}
