//! What is new enough to be told.

use serde_json::json;

use super::*;
use crate::ledger::{Ledger, Outcome};

#[test]
fn nothing_new_is_no_message() {
    let same = Plan {
        steps: vec![entry(Action::MakePrivate, "ami-1", Severity::Critical)],
        pending: vec![pending("ami-2", at(100 * HOUR))],
        held: vec![tripped("ami-3")],
        findings: vec![finding("ami-4", Severity::High)],
        gaps: vec![gap()],
        ..plan(at(0))
    };
    let again = Plan { now: at(6 * HOUR), ..same.clone() };
    assert_eq!(Scene::of(&again, &[same]).news(), []);
}

#[test]
fn everything_new_is_told_the_most_urgent_first() {
    let new = Plan {
        steps: vec![entry(Action::MakePrivate, "ami-1", Severity::Critical)],
        pending: vec![pending("ami-2", at(100 * HOUR))],
        held: vec![tripped("ami-3")],
        findings: vec![finding("ami-4", Severity::High)],
        gaps: vec![gap()],
        ..plan(at(0))
    };
    let told = [plan(at(-1))];
    let scene = Scene::of(&new, &told);
    let mut news = scene.news();
    news.sort();
    assert_eq!(news, [("approval".into(), 1), ("due".into(), 1), ("found".into(), 1), ("gap".into(), 1), ("planned".into(), 1)]);
    let pager: Vec<_> =
        scene.messages().into_iter().filter(|message| message.topic.ends_with(":pager")).map(|message| message.event).collect();
    assert_eq!(pager, ["due"], "a topic per severity");
}

#[test]
fn the_first_report_is_a_digest_what_is_critical_and_what_begins_to_wait() {
    let first = Plan {
        steps: vec![entry(Action::MakePrivate, "ami-1", Severity::Critical), entry(Action::Deprecate, "ami-2", Severity::Medium)],
        pending: (0..40).map(|number| pending(&format!("ami-p{number}"), at(100 * HOUR))).collect(),
        gaps: vec![gap()],
        ..plan(at(0))
    };
    let scene = Scene::of(&first, &[]);
    assert_eq!(scene.news(), [("planned".to_owned(), 40), ("due".to_owned(), 1)]);
    assert!(email(&scene.digest().unwrap()).contains("deregister in 111122223333"));
}

#[test]
fn observe_says_nothing_and_neither_does_a_daemon_without_topics() {
    let new = Plan { steps: vec![entry(Action::MakePrivate, "ami-1", Severity::Critical)], ..plan(at(0)) };
    assert_eq!(Scene { mode: Mode::Observe, ..Scene::of(&new, &[]) }.messages(), []);
}

#[test]
fn what_the_exposure_scan_told_the_full_scan_does_not_tell_again() {
    let step = entry(Action::MakePrivate, "ami-1", Severity::Critical);
    let exposure = Plan { steps: vec![step.clone()], ..plan(at(0)) };
    let full_before = plan(at(-HOUR));
    let full = Plan { steps: vec![step], ..plan(at(HOUR)) };
    assert_eq!(Scene::of(&full, &[full_before, exposure]).news(), []);
}

#[test]
fn a_pending_step_is_told_at_entry_and_once_again_within_24_hours() {
    let acts_at = at(100 * HOUR);
    let mut told = plan(at(-HOUR));
    let mut news = Vec::new();
    for hour in (0..100).step_by(6) {
        let now = Plan { pending: vec![pending("ami-1", acts_at)], ..plan(at(hour * HOUR)) };
        news.extend(Scene::of(&now, std::slice::from_ref(&told)).news().into_iter().map(|(event, _)| (hour, event)));
        told = now;
    }
    assert_eq!(news, [(0, "planned".into()), (78, "soon".into())]);
}

#[test]
fn a_step_that_acts_within_a_day_of_its_entry_is_told_once() {
    let acts_at = at(20 * HOUR);
    let entered = Plan { pending: vec![pending("ami-1", acts_at)], ..plan(at(0)) };
    assert_eq!(Scene::of(&entered, &[plan(at(-HOUR))]).news(), [("planned".to_owned(), 1)]);
    let later = Plan { now: at(6 * HOUR), ..entered.clone() };
    assert_eq!(Scene::of(&later, &[entered]).news(), []);
}

#[tokio::test]
async fn what_was_done_is_told_as_done_and_not_as_due_as_well() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&directory.path().join("ledger.db")).await.unwrap();
    let steps: Vec<Entry> = ["ami-1", "ami-2", "ami-3", "ami-4"].map(|id| entry(Action::MakePrivate, id, Severity::Critical)).into();
    let outcomes = [
        Outcome::Done { detail: json!({}) },
        Outcome::Failed { code: "UnauthorizedOperation".into(), message: "no\nway".into() },
        Outcome::Unknown { message: "timeout".into() },
        Outcome::Skipped { reason: "already private".into() },
    ];
    let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    for (step, outcome) in steps.iter().zip(&outcomes) {
        let intent = ledger.intend(cycle, step, &json!(null), at(0)).await.unwrap();
        ledger.conclude(intent, outcome, at(0)).await.unwrap();
    }
    let enacted = ledger.unreported().await.unwrap();
    let new = Plan { steps, ..plan(at(0)) };
    let told = [plan(at(-1))];
    let scene = Scene { enacted: &enacted, mode: Mode::Enforce, ..Scene::of(&new, &told) };
    assert_eq!(scene.news(), [("failed".into(), 1), ("unclear".into(), 1), ("done".into(), 1)]);
    assert!(email(&scene.digest().unwrap()).contains("makePrivate skipped, no longer as planned"));

    // The same failure again is for the digest.
    let again: Vec<Enacted> = enacted.into_iter().map(|enacted| Enacted { repeated: true, ..enacted }).collect();
    let told = [new.clone()];
    let scene = Scene { enacted: &again, mode: Mode::Enforce, ..Scene::of(&new, &told) };
    assert_eq!(scene.news(), []);
}

#[test]
fn many_things_of_one_kind_are_one_message() {
    let new =
        Plan { steps: (0..25).map(|number| entry(Action::Deprecate, &format!("ami-{number}"), Severity::Medium)).collect(), ..plan(at(0)) };
    let told = [plan(at(-1))];
    let messages = Scene::of(&new, &told).messages();
    assert_eq!(messages[0].subject, "[ami-warden] medium: due: deprecate 25 resources in account 111122223333");
    assert_eq!(machine(&messages[0])["entries"].as_array().unwrap().len(), 25);
    let attributes: Vec<_> = messages[0].typed_attributes().map(|(name, kind, value)| format!("{name} {kind} {value}")).collect();
    assert_eq!(
        attributes,
        [
            "account String 111122223333",
            "action String deprecate",
            "event String due",
            "region String eu-central-1",
            "severity String medium"
        ]
    );
}

#[test]
fn several_regions_are_a_string_array() {
    let mut elsewhere = entry(Action::Deprecate, "ami-2", Severity::Medium);
    elsewhere.place.region = "us-east-1".into();
    let new = Plan { steps: vec![entry(Action::Deprecate, "ami-1", Severity::Medium), elsewhere], ..plan(at(0)) };
    let told = [plan(at(-1))];
    let messages = Scene::of(&new, &told).messages();
    let region = messages[0].typed_attributes().find(|(name, ..)| *name == "region").unwrap();
    assert_eq!(region, ("region", "String.Array", r#"["eu-central-1","us-east-1"]"#.to_owned()));
}

#[test]
fn the_same_report_made_twice_has_the_same_ids() {
    let new = Plan { steps: vec![entry(Action::Deprecate, "ami-1", Severity::Medium)], ..plan(at(0)) };
    let told = [plan(at(-1))];
    assert_eq!(Scene::of(&new, &told).messages(), Scene::of(&new, &told).messages());
    let later = Plan { now: at(1), ..new.clone() };
    assert_ne!(Scene::of(&new, &told).messages()[0].id, Scene::of(&later, &told).messages()[0].id, "another occasion is another message");
}

#[test]
fn a_person_reads_what_where_why_when_and_how_to_stop_it() {
    let mut second = pending("ami-2", at(200 * HOUR));
    (second.name, second.place.region) = ("evil\u{202e}\nname".into(), "us-east-1".into());
    let new = Plan { pending: vec![pending("ami-1", at(100 * HOUR)), second], ..plan(at(0)) };
    let told = [plan(at(-1))];
    insta::assert_snapshot!(email(&Scene::of(&new, &told).messages()[0]), @r#"
    medium: planned: deregister 2 resources in account 111122223333
    The policies ask for it. It may be done when its grace time is over, if it is still due then.

    111122223333/eu-central-1
      ami-1  "golden"
          because of no-public-images
          not before 2027-01-19 12:00 UTC

    111122223333/us-east-1
      ami-2  "evil� name"
          because of no-public-images
          not before 2027-01-23 16:00 UTC

    Why
      no-public-images: Title of no-public-images
          Anyone can launch it.
          Owner: security

    What you can do
      To stop it, put the tag `keep` on the resource, or write a guard rail: a `forbid` policy that covers it.
      Why, and what would change it: `ami-warden explain ami-1`

    Plan 0123456789ab of 2027-01-15 08:00 UTC
    "#);
}
