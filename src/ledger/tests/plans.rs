//! Plans and cycles: what stays and what is dropped.

use serde_json::json;

use super::super::{CycleEnd, CycleKind, CycleResult, Ledger, Report};
use super::{at, entry, fresh, plan};
use crate::model::{Gap, Source};
use crate::plan::Plan;

#[tokio::test]
async fn the_latest_plan_is_the_one_made_last() {
    let (_directory, ledger) = fresh().await;
    assert_eq!(ledger.latest_plan().await.unwrap(), None);
    for (second, id) in [(0, "aa"), (1, "bb"), (2, "aa")] {
        let cycle = ledger.begin_cycle(CycleKind::Scan, at(second)).await.unwrap();
        ledger.record_plan(cycle, &plan(id, at(second), vec![entry("ami-1")])).await.unwrap();
    }
    assert_eq!(ledger.latest_plan().await.unwrap(), Some(plan("aa", at(2), vec![entry("ami-1")])), "with its own time");
    assert_eq!(ledger.plan("aa").await.unwrap().unwrap().now, at(0));
    assert_eq!(ledger.plan("cc").await.unwrap(), None);
}

#[tokio::test]
async fn old_documents_go_but_what_was_planned_stays_known() {
    let (_directory, ledger) = fresh().await;
    let reported = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    ledger.record_plan(reported, &plan("00", at(0), vec![])).await.unwrap();
    ledger.enqueue(&Report { cycle: reported, messages: vec![], through: 0 }, at(0)).await.unwrap();
    for second in 1..=70 {
        let cycle = ledger.begin_cycle(CycleKind::Scan, at(second)).await.unwrap();
        ledger.record_plan(cycle, &plan(&format!("{second:02}"), at(second), vec![])).await.unwrap();
    }
    for second in 0..70 {
        let cycle = ledger.begin_cycle(CycleKind::Exposure, at(second)).await.unwrap();
        ledger.record_plan(cycle, &plan(&format!("e{second}"), at(second), vec![])).await.unwrap();
    }
    assert_eq!(ledger.plan("10").await.unwrap(), None);
    assert!(ledger.plan("11").await.unwrap().is_some(), "frequent exposure scans push out no plan of a full scan");
    let reported: Vec<String> = ledger.reported_plans().await.unwrap().into_iter().map(|plan| plan.plan_id).collect();
    assert_eq!(reported, ["00"], "the next report needs it");
    assert_eq!(ledger.list(1000).await.unwrap().len(), 141);
}

async fn reported(ledger: &Ledger, kind: CycleKind, plan: &Plan) {
    let cycle = ledger.begin_cycle(kind, plan.now).await.unwrap();
    ledger.record_plan(cycle, plan).await.unwrap();
    ledger.enqueue(&Report { cycle, messages: vec![], through: 0 }, plan.now).await.unwrap();
}

async fn told(ledger: &Ledger) -> Vec<(String, Vec<String>)> {
    let plans = ledger.reported_plans().await.unwrap();
    plans.into_iter().map(|plan| (plan.plan_id, plan.steps.iter().map(|step| step.resource.to_string()).collect())).collect()
}

#[tokio::test]
async fn what_was_told_before_the_last_full_scan_is_news_again() {
    let (_directory, ledger) = fresh().await;
    reported(&ledger, CycleKind::Apply, &plan("apply", at(0), vec![entry("ami-1")])).await;
    reported(&ledger, CycleKind::Exposure, &plan("early", at(1), vec![entry("ami-2")])).await;
    assert_eq!(told(&ledger).await.len(), 2);
    reported(&ledger, CycleKind::Scan, &plan("full", at(2), vec![])).await;
    assert_eq!(told(&ledger).await, [("full".into(), vec![])]);
    reported(&ledger, CycleKind::Exposure, &plan("late", at(3), vec![entry("ami-3")])).await;
    assert_eq!(told(&ledger).await, [("full".into(), vec![]), ("late".into(), vec!["ami-3".into()])]);
}

#[tokio::test]
async fn one_unreadable_listing_does_not_make_everything_there_news() {
    let (_directory, ledger) = fresh().await;
    let mut elsewhere = entry("ami-2");
    elsewhere.place.region = "us-east-1".into();
    let gap = Gap::in_place(&entry("ami-1").place, Source::Images, "RequestLimitExceeded");
    reported(&ledger, CycleKind::Scan, &plan("ancient", at(0), vec![entry("ami-0")])).await;
    reported(&ledger, CycleKind::Scan, &plan("before", at(1), vec![entry("ami-1"), elsewhere])).await;
    for (second, id) in [(2, "blind"), (3, "blinder")] {
        reported(&ledger, CycleKind::Scan, &Plan { gaps: vec![gap.clone()], ..plan(id, at(second), vec![]) }).await;
    }
    assert_eq!(told(&ledger).await, [("before".into(), vec!["ami-1".into()]), ("blind".into(), vec![]), ("blinder".into(), vec![])]);
    reported(&ledger, CycleKind::Scan, &plan("seeing", at(4), vec![])).await;
    assert_eq!(told(&ledger).await, [("seeing".into(), vec![])], "a complete look settles it");
}

#[tokio::test]
async fn a_cycle_without_an_end_was_cut_off() {
    let (_directory, ledger) = fresh().await;
    let cut = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    let whole = ledger.begin_cycle(CycleKind::Exposure, at(1)).await.unwrap();
    ledger.finish_cycle(whole, &CycleEnd { result: CycleResult::Gaps, detail: json!({ "requests": 12 }) }, at(2)).await.unwrap();
    assert!(ledger.finish_cycle(whole, &CycleEnd { result: CycleResult::Complete, detail: json!({}) }, at(3)).await.is_err());
    let listed = ledger.list(10).await.unwrap();
    assert_eq!(listed.iter().map(|story| (story.id, story.result)).collect::<Vec<_>>(), [(whole, Some(CycleResult::Gaps)), (cut, None)]);
}
