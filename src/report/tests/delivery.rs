//! From the outbox to SNS, whatever SNS does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::super::{DeliveryReport, PublishError, deliver};
use super::*;
use crate::ledger::{Ledger, Report};

fn message(topic: &str, number: usize) -> Message {
    Message {
        id: format!("{topic}{number}"),
        topic: topic.into(),
        event: "due".into(),
        fingerprint: String::new(),
        plan_id: String::new(),
        subject: String::new(),
        body: "{}".into(),
        attributes: BTreeMap::new(),
    }
}

async fn with(messages: Vec<Message>) -> (tempfile::TempDir, Ledger) {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&directory.path().join("ledger.db")).await.unwrap();
    let cycle = ledger.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();
    ledger.enqueue(&Report::new(cycle, messages, &[]), at(0)).await.unwrap();
    (directory, ledger)
}

#[tokio::test]
async fn a_poisoned_message_is_put_aside_and_blocks_no_other() {
    let (_directory, ledger) = with(vec![message("a", 0), message("a", 1)]).await;
    let publish = async |message: Message| match message.id.as_str() {
        "a0" => Err(PublishError::new("InvalidParameter", "Invalid parameter: Subject")),
        _ => Ok("receipt".to_owned()),
    };
    let report = deliver(&ledger, publish, at(0)).await.unwrap();
    assert_eq!(
        report,
        DeliveryReport { sent: 1, parked: vec![("a0".into(), "InvalidParameter: Invalid parameter: Subject".into())], delayed: vec![] }
    );
    assert_eq!(ledger.outbox().await.unwrap().parked[0].id, "a0");
}

#[tokio::test]
async fn while_sns_is_down_nothing_is_lost_and_nobody_hammers() {
    let (_directory, ledger) = with((0..3).map(|number| message("a", number)).collect()).await;
    let tries = Mutex::new(0);
    let down = async |_| {
        *tries.lock().unwrap() += 1;
        Err(PublishError::new("dispatch", "connection refused"))
    };
    for minute in 0..60 {
        deliver(&ledger, down, at(minute * 60)).await.unwrap();
    }
    assert!(*tries.lock().unwrap() < 10, "{}", tries.lock().unwrap());
    let outbox = ledger.outbox().await.unwrap();
    assert_eq!((outbox.waiting, outbox.error.as_deref()), (3, Some("dispatch: connection refused")));
    let report = deliver(&ledger, async |_| Ok("receipt".to_owned()), at(3 * HOUR)).await.unwrap();
    assert_eq!((report.sent, ledger.outbox().await.unwrap().waiting), (3, 0));
}

#[tokio::test]
async fn delivery_can_run_as_a_task_of_its_own() {
    let (_directory, ledger) = with(vec![message("a", 0)]).await;
    let publish = |message: Message| async move {
        tokio::task::yield_now().await;
        Ok(message.id)
    };
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { deliver(&ledger, publish, at(0)).await });
    assert_eq!(tasks.join_next().await.unwrap().unwrap().unwrap().sent, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever fails, every message arrives, at least once, and those of a topic in their order.
    #[test]
    fn everything_arrives_in_order(topics in prop::collection::vec(0_usize..3, 1..12), fails in prop::collection::vec(any::<bool>(), 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let messages: Vec<Message> = topics.iter().enumerate().map(|(number, topic)| message(["a", "b", "c"][*topic], number)).collect();
            let (_directory, ledger) = with(messages.clone()).await;
            let fails = Arc::new(Mutex::new(fails.into_iter()));
            let arrived = Arc::new(Mutex::new(BTreeMap::<String, Vec<String>>::new()));
            let publish = |message: Message| {
                let (fails, arrived) = (Arc::clone(&fails), Arc::clone(&arrived));
                async move {
                    if fails.lock().unwrap().next() == Some(true) {
                        return Err(PublishError::new("Throttled", "slow down"));
                    }
                    arrived.lock().unwrap().entry(message.topic).or_default().push(message.id);
                    Ok("receipt".to_owned())
                }
            };
            for hour in 0..60 {
                deliver(&ledger, publish, at(hour * HOUR)).await.unwrap();
            }
            let mut expected = BTreeMap::<String, Vec<String>>::new();
            for message in messages {
                expected.entry(message.topic).or_default().push(message.id);
            }
            assert_eq!(*arrived.lock().unwrap(), expected);
        });
    }
}
