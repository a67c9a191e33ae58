//! Several processes and one ledger: approvals and the lease.

use jiff::SignedDuration;
use serde_json::json;

use super::super::{CycleKind, Holder, Ledger, LedgerError};
use super::{at, entry, fresh};

fn holder(process: u32) -> Holder {
    Holder { process, host: "mill".into(), namespace: None, ticks: None, started_at: at(0) }
}

const TTL: SignedDuration = SignedDuration::from_secs(120);

#[tokio::test]
async fn a_person_approves_while_a_cycle_holds_the_ledger() {
    let (_directory, daemon) = fresh().await;
    let _lease = daemon.lease(&holder(1), at(0), TTL).await.unwrap();
    let cycle = daemon.begin_cycle(CycleKind::Scan, at(0)).await.unwrap();

    let person = Ledger::open(daemon.path()).await.unwrap();
    let triples = [entry("ami-1").triple(), entry("ami-2").triple()];
    assert_eq!(person.approve(&triples, "abc", "ada", at(1)).await.unwrap(), 2);
    assert_eq!(person.approve(&triples, "def", "bob", at(2)).await.unwrap(), 0, "once is enough");

    daemon.intend(cycle, &entry("ami-1"), &json!({}), at(3)).await.unwrap();
    let standing = daemon.approvals().await.unwrap();
    assert_eq!(
        standing.iter().map(|approval| (&approval.triple, approval.by.as_str())).collect::<Vec<_>>(),
        [(&triples[0], "ada"), (&triples[1], "ada")]
    );

    daemon.clear_approvals(&triples[..1], at(4)).await.unwrap();
    assert_eq!(daemon.approvals().await.unwrap().len(), 1);
    assert_eq!(person.approve(&triples, "def", "bob", at(5)).await.unwrap(), 1, "an ended approval can be given again");
}

#[tokio::test]
async fn an_approval_waits_for_a_long_write_of_the_daemon() {
    let (_directory, daemon) = fresh().await;
    let person = Ledger::open(daemon.path()).await.unwrap();
    let transaction = daemon.write().await.unwrap();
    let triples = [entry("ami-1").triple()];
    let mut approval = std::pin::pin!(person.approve(&triples, "abc", "ada", at(1)));
    let early = tokio::time::timeout(std::time::Duration::from_millis(300), approval.as_mut()).await;
    assert!(early.is_err(), "it has to wait");
    transaction.commit().await.unwrap();
    assert_eq!(approval.await.unwrap(), 1);
}

#[tokio::test]
async fn one_cycle_at_a_time_over_all_processes() {
    let (_directory, ledger) = fresh().await;
    let other = Ledger::open(ledger.path()).await.unwrap();
    let lease = ledger.lease(&holder(17), at(0), TTL).await.unwrap();
    let error = other.lease(&holder(18), at(60), TTL).await.unwrap_err();
    assert_eq!(error.to_string(), "a cycle of process 17 on mill is running since 2027-01-15T08:00:00Z; wait for it, or stop that process");
    assert!(other.lease(&holder(17), at(60), TTL).await.is_err(), "not even twice in one process");
    assert_eq!(other.leased(at(60)).await.unwrap(), Some((holder(17), at(0))));
    ledger.release(lease).await.unwrap();
    assert_eq!(other.leased(at(60)).await.unwrap(), None);
    other.lease(&holder(18), at(60), TTL).await.unwrap();
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_passes_on_and_stays_lost() {
    let (_directory, ledger) = fresh().await;
    let mut late = ledger.lease(&holder(17), at(0), TTL).await.unwrap();
    ledger.renew(&mut late, at(100), TTL).await.unwrap();
    assert!(ledger.lease(&holder(18), at(219), TTL).await.is_err());
    let next = ledger.lease(&holder(18), at(220), TTL).await.unwrap();
    assert!(matches!(ledger.renew(&mut late, at(221), TTL).await, Err(LedgerError::LeaseLost)));
    ledger.release(late).await.unwrap();
    assert_eq!(ledger.leased(at(222)).await.unwrap(), Some((holder(18), at(220))), "a late release takes nothing away");
    ledger.release(next).await.unwrap();
}

#[tokio::test]
async fn the_lease_of_a_process_that_is_certainly_gone_is_taken_over_at_once() {
    let (_directory, ledger) = fresh().await;
    let me = Holder::this_process(at(0));
    assert!(me.namespace.is_some() && me.ticks.is_some(), "this test needs /proc");
    let earlier_life = Holder { ticks: Some(1), ..me.clone() };
    let dead = Holder { process: u32::MAX, ..me.clone() };
    let elsewhere = Holder { process: u32::MAX, namespace: Some("another kernel".into()), ..me.clone() };
    let nowhere = Holder { process: u32::MAX, namespace: None, ..me.clone() };
    for (theirs, free) in [(earlier_life, true), (dead, true), (me.clone(), false), (elsewhere, false), (nowhere, false)] {
        let lease = ledger.lease(&theirs, at(0), TTL).await.unwrap();
        let taken = ledger.lease(&me, at(1), TTL).await;
        assert_eq!(taken.is_ok(), free, "{theirs:?}");
        ledger.release(taken.unwrap_or(lease)).await.unwrap();
    }
}

#[tokio::test]
async fn a_cycle_that_ended_in_an_error_does_not_lock_its_own_process_out() {
    let (_directory, ledger) = fresh().await;
    let me = Holder::this_process(at(0));
    drop(ledger.lease(&me, at(0), TTL).await.unwrap());
    let other = Ledger::open(ledger.path()).await.unwrap();
    assert!(other.lease(&holder(99), at(1), TTL).await.is_err(), "others cannot know and wait");
    let lease = ledger.clone().lease(&me, at(1), TTL).await.unwrap();
    assert!(ledger.lease(&me, at(2), TTL).await.is_err());
    ledger.release(lease).await.unwrap();
}
