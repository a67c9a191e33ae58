//! Messages fit, whatever is in them.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{BODY_LIMIT, SNS_LIMIT};
use super::*;

/// Short and long, plain and nasty: what AWS, people and attackers put into names.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9 -]{0,12}",
        "\\PC{0,20}",
        "[\u{0}-\u{1f}\u{7f}\u{202e}\"\\\\]{0,12}",
        (prop::sample::select(vec!['x', '\u{1}', '"', '😀']), 0_usize..1_000).prop_map(|(c, times)| c.to_string().repeat(times)),
    ]
}

prop_compose! {
    fn arbitrary_entry()(
        action in prop::sample::select(Action::ALL.to_vec()),
        severity in prop::sample::select(vec![Severity::Low, Severity::Medium, Severity::High, Severity::Critical]),
        account in prop_oneof![Just("111122223333".to_owned()), text()],
        region in prop_oneof![Just("eu-central-1".to_owned()), text()],
        name in text(),
        because in prop::collection::vec(text(), 0..24),
        details in prop::collection::vec((text(), text()), 0..14),
        enact in any::<bool>(),
    ) -> Entry {
        let held_by = details.into_iter().map(|(name, detail)| Hold { kind: HoldKind::Interlock, name, detail }).collect();
        Entry { action, severity, place: Place::new(account, region), name, because, held_by, enact, ..tripped("ami-0") }
    }
}

/// Each with an id of its own, so that it can be found again.
fn numbered(entries: Vec<Entry>) -> Vec<Entry> {
    entries
        .into_iter()
        .enumerate()
        .map(|(number, entry)| Entry { resource: ResourceId::Image(format!("ami-{number}").as_str().into()), ..entry })
        .collect()
}

fn weight(message: &Message) -> usize {
    let attributes: usize = message.typed_attributes().map(|(name, kind, value)| name.len() + kind.len() + value.len()).sum();
    message.body.len() + message.subject.len() + attributes
}

fn check_form(message: &Message) {
    assert!(message.subject.len() < 100 && message.subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{:?}", message.subject);
    assert!(message.subject.starts_with("[ami-warden]"));
    assert!(!message.id.is_empty() && message.id.len() <= 128 && message.id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(weight(message) < SNS_LIMIT, "{}", weight(message));
    assert!(message.attributes.len() <= 10 && message.typed_attributes().all(|(_, _, value)| !value.is_empty()));
    assert!(!email(message).chars().any(|c| c.is_control() && c != '\n'), "{:?}", email(message));
    assert!(machine(message).is_object());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_entry_is_in_exactly_one_part_and_every_part_fits(
        steps in prop::collection::vec(arbitrary_entry(), 0..20),
        held in prop::collection::vec(arbitrary_entry(), 0..10),
        alike in prop::collection::vec(arbitrary_entry(), 0..40),
        errors in prop::collection::vec(text(), 0..5),
    ) {
        let alike = alike.into_iter().map(|entry| Entry { action: Action::Deregister, severity: Severity::High, place: place(), ..entry });
        let mut all = numbered(steps.into_iter().chain(held).chain(alike).collect());
        let total = all.len();
        let held = all.split_off(total / 2);
        let gaps = errors.iter().map(|error| Gap::about(&place(), Source::Other(error.clone()), error, error.clone())).collect();
        let new = Plan { steps: all, held, gaps, ..plan(at(0)) };
        let told = [plan(at(-1))];
        let messages = Scene { max_messages: 100_000, ..Scene::of(&new, &told) }.messages();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut ids = std::collections::BTreeSet::new();
        for message in &messages {
            check_form(message);
            assert!(ids.insert(&message.id), "two messages with one id");
            let machine = machine(message);
            for entry in machine["entries"].as_array().into_iter().flatten().filter(|entry| entry["source"].is_null()) {
                *seen.entry(entry["resource"].as_str().unwrap().to_owned()).or_default() += 1;
                assert!(email(message).contains(entry["resource"].as_str().unwrap()));
            }
            if machine["event"] != "digest" {
                assert!(weight(message) <= BODY_LIMIT);
            }
        }
        assert_eq!(seen.len(), total);
        assert!(seen.values().all(|times| *times == 1), "{seen:?}");
    }

    #[test]
    fn no_topic_gets_more_than_its_limit_and_what_is_left_out_is_counted(
        entries in prop::collection::vec(arbitrary_entry(), 0..60),
        max_messages in 0_usize..12,
    ) {
        let new = Plan { steps: numbered(entries), ..plan(at(0)) };
        let told = [plan(at(-1))];
        let messages = Scene { max_messages, ..Scene::of(&new, &told) }.messages();
        let mut topics: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for message in messages.iter().filter(|message| message.event != "digest") {
            check_form(message);
            let machine = machine(message);
            let changes = machine["changes"].as_u64().map_or_else(|| machine["entries"].as_array().unwrap().len(), |changes| changes as usize);
            let topic = topics.entry(&message.topic).or_default();
            *topic = (topic.0 + 1, topic.1 + changes);
        }
        assert!(topics.values().all(|(messages, _)| *messages <= max_messages.max(1)), "{topics:?}");
        assert_eq!(topics.values().map(|(_, changes)| changes).sum::<usize>(), new.steps.len());
    }
}

#[test]
fn a_long_message_becomes_numbered_parts() {
    let steps: Vec<Entry> = (0..2_000)
        .map(|number| Entry { name: "x".repeat(200), ..entry(Action::Deprecate, &format!("ami-{number:017x}"), Severity::Medium) })
        .collect();
    let new = Plan { steps, ..plan(at(0)) };
    let told = [plan(at(-1))];
    let parts: Vec<Message> = Scene::of(&new, &told).messages().into_iter().filter(|message| message.event == "due").collect();
    assert!(parts.len() > 1);
    for (index, part) in parts.iter().enumerate() {
        assert!(part.subject.ends_with(&format!(" ({}/{})", index + 1, parts.len())), "{}", part.subject);
        assert_eq!(machine(part)["parts"], parts.len());
    }
}

#[test]
fn a_flood_is_one_message_that_counts_it() {
    let findings = (0..60_000).map(|number| finding(&format!("ami-{number}"), Severity::Low)).collect();
    let new = Plan { findings, ..plan(at(0)) };
    let told = [plan(at(-1))];
    let messages = Scene::of(&new, &told).messages();
    assert_eq!(messages.iter().map(|message| message.event.as_str()).collect::<Vec<_>>(), ["more", "digest"]);
    assert_eq!(messages[0].subject, "[ami-warden] low: 60000 changes more, too many to send one by one");
    assert!(email(&messages[0]).contains("found: 60000 resources in account 111122223333"));
}
