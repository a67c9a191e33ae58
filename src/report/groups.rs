//! What changed together is one message; what is too long becomes numbered parts; what is too much is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::json;

use crate::ledger::Message;
use crate::model::{AccountId, Action, Severity};

use super::Occasion;
use super::changes::{Change, Event};
use super::text::{advice, count, details, headline, line, meaning, moment, subject};
use super::wire::{BODY_LIMIT, Draft, attributes, entry, id, policies, policies_json, size};

/// What a group has in common. The order is the order of sending: the most severe first, then the most urgent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    severity: std::cmp::Reverse<Severity>,
    event: Event,
    action: Option<Action>,
    account: AccountId,
}

/// Groups named in a message about what was left out.
const NAMED: usize = 50;

/// One message per group, in parts where it must be; at most `[sns] max_messages` per topic.
pub(super) fn messages(occasion: &Occasion<'_>, changes: Vec<Change<'_>>) -> Vec<Message> {
    let mut groups: BTreeMap<Key, Vec<Change<'_>>> = BTreeMap::new();
    for change in changes {
        let key = Key {
            severity: std::cmp::Reverse(change.severity()),
            event: change.event(),
            action: change.action(),
            account: change.place().account.clone(),
        };
        groups.entry(key).or_default().push(change);
    }
    let mut topics: BTreeMap<&str, Vec<(Key, Vec<Change<'_>>)>> = BTreeMap::new();
    for (key, changes) in groups {
        // A severity without a topic is one nobody wants to hear of.
        if let Some(topic) = occasion.sns.topic(key.severity.0) {
            topics.entry(topic).or_default().push((key, changes));
        }
    }
    topics.into_iter().flat_map(|(topic, groups)| of_topic(occasion, topic, groups)).collect()
}

fn of_topic(occasion: &Occasion<'_>, topic: &str, groups: Vec<(Key, Vec<Change<'_>>)>) -> Vec<Message> {
    let limit = occasion.sns.max_messages.max(1);
    let groups: Vec<_> = groups
        .into_iter()
        .map(|(key, changes)| {
            // More changes than fit into the limit's parts need not be written out to be left out.
            let parts = if changes.len() > limit.saturating_mul(PER_PART) { None } else { Some(parts(occasion, topic, &key, &changes)) };
            (key, changes, parts)
        })
        .collect();
    let total: usize = groups.iter().map(|(.., parts)| parts.as_ref().map_or(limit + 1, Vec::len)).sum();
    // One message of the limit says what the others could not.
    let mut room = if total > limit { limit - 1 } else { limit };
    let (mut sent, mut left_out) = (Vec::new(), Vec::new());
    for (key, changes, parts) in groups {
        match parts {
            Some(parts) if parts.len() <= room => {
                room -= parts.len();
                sent.extend(parts);
            }
            _ => left_out.push((key, changes)),
        }
    }
    sent.extend(counted(occasion, topic, &left_out));
    sent
}

/// No part holds more changes than this, however short they are: an entry takes more than 100 bytes.
const PER_PART: usize = BODY_LIMIT / 100;

/// The messages of one group. INVARIANT: every change is in exactly one part, and no part is over [`BODY_LIMIT`]:
/// every text in an entry is clamped, so that a single one always fits.
fn parts(occasion: &Occasion<'_>, topic: &str, key: &Key, changes: &[Change<'_>]) -> Vec<Message> {
    let slices = slices(occasion, topic, key, changes);
    let total = slices.len();
    slices.iter().enumerate().map(|(index, slice)| part(occasion, topic, key, slice, index + 1, total)).collect()
}

fn slices<'c, 'a>(occasion: &Occasion<'_>, topic: &str, key: &Key, changes: &'c [Change<'a>]) -> Vec<&'c [Change<'a>]> {
    let trial = part(occasion, topic, key, changes, 99_999, 99_999);
    match changes.split_at_checked(changes.len() / 2) {
        Some((first, second)) if size(&trial) > BODY_LIMIT && !first.is_empty() => {
            let mut all = slices(occasion, topic, key, first);
            all.extend(slices(occasion, topic, key, second));
            all
        }
        _ => vec![changes],
    }
}

fn part(occasion: &Occasion<'_>, topic: &str, key: &Key, changes: &[Change<'_>], number: usize, total: usize) -> Message {
    let Key { severity, event, action, account } = key;
    let what = match changes {
        // Its place is all there is to say of a place.
        [only] if total == 1 && only.resource() == only.place().to_string() => line(&only.resource(), 64),
        [only] if total == 1 => format!("{} in {}", line(&only.resource(), 64), line(&only.place().to_string(), 64)),
        many => format!(
            "{} in account {}",
            count(many.len(), if *event == Event::Gap { "source" } else { "resource" }),
            line(account.as_str(), 64)
        ),
    };
    let headline = headline(*event, *action, &what);
    let tail = if total > 1 { format!(" ({number}/{total})") } else { String::new() };
    let subject = subject(&format!("[ami-warden] {}: {headline}", severity.0), &tail);
    let keys: Vec<String> = changes.iter().map(Change::key).collect();
    let action_name = action.map_or("", Action::name);
    let made = occasion.plan.now.to_string();
    let fixed = [topic, event.name(), severity.0.name(), action_name, account.as_str(), &made, &occasion.plan.plan_id];
    let id = id(fixed.into_iter().chain(keys.iter().map(String::as_str)));
    let regions: BTreeSet<String> = changes.iter().map(|change| change.place().region.to_string()).collect();
    let policies = policies(occasion, changes);
    let machine = json!({
        "source": "ami-warden",
        "version": 1,
        "id": id,
        "event": event.name(),
        "severity": severity.0,
        "action": action,
        "account": line(account.as_str(), 64),
        "subject": subject,
        "part": number,
        "parts": total,
        "plan_id": occasion.plan.plan_id,
        "planned_at": occasion.plan.now,
        "entries": changes.iter().map(entry).collect::<Vec<_>>(),
        "policies": policies_json(&policies),
    });
    let text = text(occasion, key, &format!("{headline}{tail}"), changes);
    let attributes = attributes([
        ("severity", vec![severity.0.name().to_owned()]),
        ("event", vec![event.name().to_owned()]),
        ("action", vec![action_name.to_owned()]),
        ("account", vec![account.to_string()]),
        ("region", regions.into_iter().collect()),
    ]);
    Draft {
        id,
        topic: topic.to_owned(),
        event: event.name(),
        fingerprint: String::new(),
        plan_id: occasion.plan.plan_id.clone(),
        subject,
        text,
        machine,
        attributes,
    }
    .message()
}

fn text(occasion: &Occasion<'_>, key: &Key, headline: &str, changes: &[Change<'_>]) -> String {
    let mut out = format!("{}: {headline}\n{}\n", key.severity.0, meaning(key.event));
    let mut region = None;
    let mut sorted: Vec<&Change<'_>> = changes.iter().collect();
    sorted.sort_by_key(|change| change.place().clone());
    for change in sorted {
        let here = Some(change.place());
        if region != here {
            region = here;
            _ = writeln!(out, "\n{}", line(&change.place().to_string(), 128));
        }
        let name = if change.name().is_empty() { String::new() } else { format!("  \"{}\"", line(change.name(), 256)) };
        _ = writeln!(out, "  {}{name}", line(&change.resource(), 256));
        let because: Vec<String> = change.because().iter().take(20).map(|id| line(id, 128)).collect();
        if !because.is_empty() {
            _ = writeln!(out, "      because of {}", because.join(", "));
        }
        for detail in details(change) {
            _ = writeln!(out, "      {detail}");
        }
    }
    let policies = policies(occasion, changes);
    if !policies.is_empty() {
        out.push_str("\nWhy\n");
    }
    for (id, texts) in &policies {
        _ = writeln!(out, "  {}: {}", line(id, 128), line(texts.title.as_deref().unwrap_or("a policy without a title"), 256));
        let labelled = [("", &texts.reason), ("Owner: ", &texts.owner), ("Runbook: ", &texts.runbook)];
        for (label, text) in labelled.into_iter().filter_map(|(label, text)| Some((label, text.as_deref()?))) {
            _ = writeln!(out, "      {label}{}", line(text, 1_000));
        }
    }
    out.push_str("\nWhat you can do\n");
    let example = changes.first().map(Change::resource).unwrap_or_default();
    for advice in advice(key.event, key.action, occasion.keep_tags, &line(&example, 256)) {
        _ = writeln!(out, "  {advice}");
    }
    _ = writeln!(out, "\nPlan {} of {}", short(&occasion.plan.plan_id), moment(occasion.plan.now));
    out
}

/// The beginning of a plan's id: enough for `ledger show`.
pub(super) fn short(plan_id: &str) -> String {
    line(&plan_id.chars().take(12).collect::<String>(), 12)
}

/// One message that counts what the limit left out.
fn counted(occasion: &Occasion<'_>, topic: &str, left_out: &[(Key, Vec<Change<'_>>)]) -> Option<Message> {
    let (first, _) = left_out.first()?;
    let severity = first.severity.0;
    let changes: usize = left_out.iter().map(|(_, changes)| changes.len()).sum();
    let subject = subject(&format!("[ami-warden] {severity}: {} more, too many to send one by one", count(changes, "change")), "");
    let mut text = format!(
        "{subject}\n\nThis topic gets at most {} messages per cycle (`[sns] max_messages`). Left out:\n\n",
        occasion.sns.max_messages.max(1)
    );
    for (key, changes) in left_out.iter().take(NAMED) {
        let what = format!("{} in account {}", count(changes.len(), "resource"), line(key.account.as_str(), 64));
        _ = writeln!(text, "  {}: {}", key.severity.0, headline(key.event, key.action, &what));
    }
    if left_out.len() > NAMED {
        _ = writeln!(text, "  and {} more groups", left_out.len() - NAMED);
    }
    _ = writeln!(text, "\nAll of it: `ami-warden ledger show {}`, or `ami-warden plan`", short(&occasion.plan.plan_id));
    let groups: Vec<_> = left_out.iter().take(NAMED).map(|(key, changes)| {
        json!({ "severity": key.severity.0, "event": key.event.name(), "action": key.action, "account": line(key.account.as_str(), 64), "changes": changes.len() })
    }).collect();
    let made = occasion.plan.now.to_string();
    let id = id([topic, "more", &made, &occasion.plan.plan_id]);
    let machine = json!({
        "source": "ami-warden", "version": 1, "id": id, "event": "more", "severity": severity, "subject": subject,
        "plan_id": occasion.plan.plan_id, "planned_at": occasion.plan.now, "changes": changes, "groups": groups,
    });
    let names = |of: &dyn Fn(&Key) -> String| {
        left_out.iter().take(NAMED).map(|(key, _)| of(key)).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    let attributes = attributes([
        ("severity", vec![severity.name().to_owned()]),
        ("event", vec!["more".to_owned()]),
        ("action", names(&|key| key.action.map_or_else(String::new, |action| action.name().to_owned()))),
        ("account", names(&|key| key.account.to_string())),
    ]);
    let draft = Draft {
        id,
        topic: topic.to_owned(),
        event: "more",
        fingerprint: String::new(),
        plan_id: occasion.plan.plan_id.clone(),
        subject,
        text,
        machine,
        attributes,
    };
    Some(draft.message())
}
