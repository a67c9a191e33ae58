//! Messages wait in order, once each, until they are sent.

use serde_json::json;

use super::super::{CycleKind, Ledger, Message, Outcome, Report};
use super::{at, entry, fresh};

fn message(id: &str, topic: &str) -> Message {
    Message {
        id: id.into(),
        topic: topic.into(),
        event: "due".into(),
        fingerprint: String::new(),
        plan_id: String::new(),
        subject: "subject".into(),
        body: "{}".into(),
        attributes: [("region".to_owned(), vec!["eu-central-1".to_owned()])].into(),
    }
}

async fn enqueue(ledger: &Ledger, messages: Vec<Message>) {
    let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    ledger.enqueue(&Report { cycle, messages, through: 0 }, at(0)).await.unwrap();
}

async fn due(ledger: &Ledger, second: i64) -> Vec<String> {
    ledger.due_messages(at(second), 100).await.unwrap().into_iter().map(|(message, _)| message.id).collect()
}

#[tokio::test]
async fn the_same_event_twice_is_one_message_even_after_it_was_sent() {
    let (_directory, ledger) = fresh().await;
    enqueue(&ledger, vec![message("a", "t"), message("a", "t"), message("b", "t")]).await;
    assert_eq!(due(&ledger, 0).await, ["a", "b"]);
    ledger.mark_sent("a", "receipt", at(1)).await.unwrap();
    enqueue(&ledger, vec![message("a", "t")]).await;
    assert_eq!(due(&ledger, 2).await, ["b"]);
    assert_eq!(ledger.due_messages(at(2), 9).await.unwrap(), [(message("b", "t"), 0)]);
}

#[tokio::test]
async fn a_message_that_waits_holds_back_its_own_topic_only() {
    let (_directory, ledger) = fresh().await;
    enqueue(&ledger, vec![message("a1", "a"), message("b1", "b"), message("a2", "a")]).await;
    ledger.mark_failed("a1", "no route", at(60)).await.unwrap();
    assert_eq!(due(&ledger, 59).await, ["b1"]);
    assert_eq!(due(&ledger, 60).await, ["a1", "b1", "a2"]);
    ledger.park("a1", "InvalidParameter", at(61)).await.unwrap();
    assert_eq!(due(&ledger, 61).await, ["b1", "a2"]);
    let outbox = ledger.outbox().await.unwrap();
    assert_eq!((outbox.waiting, outbox.oldest, outbox.parked.len()), (2, Some(at(0)), 1));
    assert_eq!(outbox.parked[0].error, "InvalidParameter");
}

#[tokio::test]
async fn outcomes_are_told_once_and_not_before_the_messages_are_safe() {
    let (_directory, ledger) = fresh().await;
    let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    let fail = Outcome::Failed { code: "UnauthorizedOperation".into(), message: "no".into() };
    for second in 0..2 {
        let id = ledger.intend(cycle, &entry("ami-1"), &json!({}), at(second)).await.unwrap();
        ledger.conclude(id, &fail, at(second)).await.unwrap();
    }
    let told = ledger.unreported().await.unwrap();
    assert_eq!(told.iter().map(|enacted| enacted.repeated).collect::<Vec<_>>(), [false, true]);
    assert_eq!(ledger.unreported().await.unwrap(), told, "reading is not telling");
    ledger.enqueue(&Report { cycle, messages: vec![], through: told[1].number }, at(3)).await.unwrap();
    assert_eq!(ledger.unreported().await.unwrap(), []);
}

#[tokio::test]
async fn the_text_of_a_message_outlives_its_delivery_by_a_month() {
    let (_directory, ledger) = fresh().await;
    enqueue(&ledger, vec![message("old", "t"), message("waiting", "u")]).await;
    ledger.mark_sent("old", "receipt", at(0)).await.unwrap();
    let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    ledger.enqueue(&Report { cycle, messages: vec![], through: 0 }, at(31 * 86_400)).await.unwrap();
    let left: Vec<String> = sqlx::query_scalar("SELECT id FROM outbox WHERE body <> ''").fetch_all(&ledger.pool).await.unwrap();
    assert_eq!(left, ["waiting"]);
}
