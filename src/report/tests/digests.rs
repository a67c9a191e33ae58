//! What the digest says, and when.

use super::*;

fn last(message: &Message, at: Timestamp, plan: &Plan) -> LastDigest {
    LastDigest { at, fingerprint: message.fingerprint.clone(), plan: Some(plan.clone()) }
}

#[test]
fn one_a_day_while_things_change_and_one_a_week_while_they_do_not() {
    let mut digest: Option<LastDigest> = None;
    let mut sent = Vec::new();
    for cycle in 0..(4 * 20) {
        let hours = cycle * 6;
        // Something changes every cycle for the first three days, then nothing.
        let changing = usize::try_from(hours.min(72)).unwrap();
        let now = Plan { steps: vec![entry(Action::Deprecate, "ami-1", Severity::Medium); changing + 1], ..plan(at(hours * HOUR)) };
        let told = [plan(at(-1))];
        let scene = Scene { last_digest: digest.as_ref(), ..Scene::of(&now, &told) };
        if let Some(message) = scene.digest() {
            sent.push(hours / 24);
            digest = Some(last(&message, now.now, &now));
        }
    }
    assert_eq!(sent, [0, 1, 2, 3, 10, 17]);
}

#[test]
fn an_exposure_scan_sends_no_digest() {
    let now = plan(at(0));
    assert_eq!(Scene { kind: CycleKind::Exposure, ..Scene::of(&now, &[]) }.digest(), None);
    assert!(Scene::of(&now, &[]).digest().is_some(), "the first one proves the way, even with nothing in it");
}

#[test]
fn a_gap_that_closed_is_in_the_next_digest() {
    let before = Plan { gaps: vec![gap()], ..plan(at(0)) };
    let first = Scene::of(&before, &[]).digest().unwrap();
    assert!(email(&first).contains("describe-instances: UnauthorizedOperation"));
    let after = plan(at(24 * HOUR));
    let told = [before.clone()];
    let last = last(&first, at(0), &before);
    let digest = Scene { last_digest: Some(&last), ..Scene::of(&after, &told) }.digest().unwrap();
    assert!(email(&digest).contains("Readable again since the last digest: 1\n  111122223333/eu-central-1 describe-instances"));
}

#[test]
fn a_digest_counts_what_is_due_held_and_found() {
    let now = Plan {
        steps: vec![entry(Action::Deprecate, "ami-1", Severity::Medium), entry(Action::Deprecate, "ami-2", Severity::Medium)],
        held: vec![tripped("ami-3"), tripped("ami-4"), tripped("ami-5")],
        findings: vec![finding("ami-6", Severity::Low)],
        untouched: vec![crate::plan::Untouched { place: place(), images: 12, snapshots: 1 }],
        ..plan(at(0))
    };
    let digest = Scene::of(&now, &[]).digest().unwrap();
    assert_eq!(digest.subject, "[ami-warden] digest: 2 due, 0 pending, 3 held, 1 finding, 0 gaps");
    insta::assert_snapshot!(email(&digest), @r#"
    2 due, 0 pending, 3 held, 1 finding, 0 gaps
    Nothing is due for 12 images and 1 snapshot in 1 place.

    Due now: 2
           2  deprecate in 111122223333

    Held, by reason (one thing can have several): 3
           3  tripwire

    Wait for approval (`ami-warden plan --out plan.json`, then `ami-warden approve plan.json`): 3
           3  disable in 111122223333

    Found, by policy: 1
           1  untagged: Title of untagged

    Plan 0123456789ab of 2027-01-15 08:00 UTC: `ami-warden plan`, `ami-warden explain ami-...`
    "#);
}
