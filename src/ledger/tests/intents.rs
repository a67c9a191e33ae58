//! Intents and outcomes over crashes, and the stories told from them.

use proptest::prelude::*;
use serde_json::json;

use super::super::{CycleKind, Ledger, LedgerError, Outcome, Story};
use super::{at, entry, fresh};

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        any::<u8>().prop_map(|number| Outcome::Done { detail: json!({ "RequestId": number }) }),
        "\\PC{0,9}".prop_map(|message| Outcome::Failed { code: "UnauthorizedOperation".into(), message }),
        "\\PC{0,9}".prop_map(|reason| Outcome::Skipped { reason }),
        "\\PC{0,9}".prop_map(|message| Outcome::Unknown { message }),
        any::<u8>().prop_map(|number| Outcome::InFlight { detail: json!({ "image": number }) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The process may end after any write; whatever has no final outcome by then is found again.
    #[test]
    fn after_a_crash_exactly_the_unfinished_intents_are_open(lives in prop::collection::vec(prop::collection::vec(outcome(), 0..4), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_directory, ledger) = fresh().await;
            let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
            let mut expected = Vec::new();
            for (number, outcomes) in lives.iter().enumerate() {
                let entry = entry(&format!("ami-{number}"));
                let before = json!({ "permissions": ["all"], "number": number });
                let id = ledger.intend(cycle, &entry, &before, at(1)).await.unwrap();
                let mut last = None;
                for outcome in outcomes {
                    let concluded = last.as_ref().is_some_and(Outcome::is_final);
                    match ledger.conclude(id, outcome, at(2)).await {
                        Ok(()) => {
                            assert!(!concluded);
                            last = Some(outcome.clone());
                        }
                        Err(error) => assert!(concluded && matches!(error, LedgerError::Concluded { .. }), "{error}"),
                    }
                }
                if !last.as_ref().is_some_and(Outcome::is_final) {
                    expected.push((id, entry, before, last));
                }
            }
            // A crash: nothing is closed, another process opens the file.
            let other = Ledger::open(ledger.path()).await.unwrap();
            let open: Vec<_> = other.open_intents().await.unwrap().into_iter()
                .map(|open| (open.intent.id, open.intent.entry, open.intent.before, open.last)).collect();
            assert_eq!(open, expected);
        });
    }
}

#[tokio::test]
async fn an_intent_needs_a_cycle_and_an_outcome_needs_an_intent() {
    let (_directory, ledger) = fresh().await;
    let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    let id = ledger.intend(cycle, &entry("ami-1"), &json!(null), at(0)).await.unwrap();
    let none = super::super::IntentId(id.0 + 1);
    assert!(matches!(ledger.conclude(none, &Outcome::Skipped { reason: String::new() }, at(1)).await, Err(LedgerError::Unknown { .. })));
    assert!(ledger.intend(super::super::CycleId(99), &entry("ami-1"), &json!(null), at(0)).await.is_err());
}

#[tokio::test]
async fn the_record_cannot_be_rewritten_even_by_hand() {
    let (_directory, ledger) = fresh().await;
    let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    let id = ledger.intend(cycle, &entry("ami-1"), &json!(null), at(0)).await.unwrap();
    ledger.conclude(id, &Outcome::Done { detail: json!({}) }, at(1)).await.unwrap();
    for sql in [
        "UPDATE intents SET resource = 'ami-2'",
        "DELETE FROM intents",
        "UPDATE outcomes SET kind = 'failed'",
        "DELETE FROM outcomes",
        "UPDATE cycles SET kind = 'apply'",
        "INSERT INTO outcomes (intent, at, kind, detail) VALUES (1, '', 'failed', '')",
    ] {
        assert!(sqlx::query(sql).execute(&ledger.pool).await.is_err(), "{sql}");
    }
}

#[tokio::test]
async fn the_story_of_a_resource_is_told_from_intent_to_outcome() {
    let (_directory, ledger) = fresh().await;
    let cycle = ledger.begin_cycle(CycleKind::Apply, at(0)).await.unwrap();
    let step = entry("ami-1");
    ledger.record_plan(cycle, &super::plan("abcdef0123456789", at(0), vec![step.clone(), entry("ami-2")])).await.unwrap();
    let id = ledger.intend(cycle, &step, &json!({ "tags": {} }), at(1)).await.unwrap();
    ledger.conclude(id, &Outcome::Unknown { message: "timeout".into() }, at(2)).await.unwrap();
    ledger.conclude(id, &Outcome::Done { detail: json!({}) }, at(3)).await.unwrap();

    let Story::Resource(story) = ledger.show("ami-1").await.unwrap() else { panic!("not a resource") };
    assert_eq!(story.standing.len(), 1);
    assert_eq!(story.steps.len(), 1);
    assert_eq!(
        story.steps[0].outcomes.iter().map(|(at, outcome)| (*at, outcome.name())).collect::<Vec<_>>(),
        [(at(2), "unknown"), (at(3), "done")]
    );
    assert!(matches!(ledger.show("intent-1").await.unwrap(), Story::Intent(step) if step.intent.id == id));
    assert!(
        matches!(ledger.show("cycle-1").await.unwrap(), Story::Cycle { cycle, .. } if cycle.outcomes == [("done".to_owned(), 1)].into())
    );
    assert!(matches!(ledger.show("abcdef").await.unwrap(), Story::Plan(plan) if plan.counts.steps == 2 && plan.plan.is_some()));
    for unknown in ["ami-9", "intent-9", "cycle-9", "fffffff", ""] {
        assert!(matches!(ledger.show(unknown).await, Err(LedgerError::Unknown { .. })), "{unknown}");
    }
}
