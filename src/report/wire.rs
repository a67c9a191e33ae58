//! The form SNS takes: one JSON document with a text for mail and a JSON for everything else.
//!
//! With `MessageStructure=json`, `email` is the text for people, `sms` is the subject, and `default` (SQS, Lambda, HTTP,
//! Firehose, `email-json`) is the JSON for machines. Two forms and not five copies: the 256 KB are for both together.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ledger::{Message, Outcome};
use crate::model::{Context, printable_json};

use super::changes::Change;
use super::text::{clamp, line};
use super::{Occasion, PolicyTexts};

/// What SNS takes, attributes included (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
pub const SNS_LIMIT: usize = 262_144;

/// What we send: the rest is room for what SNS may count besides body, subject and attributes.
pub const BODY_LIMIT: usize = 250_000;

/// Policies named per entry; a resource that more policies ask for is named with the first ones.
const POLICIES: usize = 20;

/// Everything about one message but its parts.
pub(super) struct Draft {
    pub(super) id: String,
    pub(super) topic: String,
    pub(super) event: &'static str,
    pub(super) fingerprint: String,
    pub(super) plan_id: String,
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) machine: Value,
    pub(super) attributes: BTreeMap<String, Vec<String>>,
}

impl Draft {
    /// The message as it goes out.
    pub(super) fn message(self) -> Message {
        let Self { id, topic, event, fingerprint, plan_id, subject, text, machine, attributes } = self;
        let machine = printable_json(&machine.to_string());
        let body = printable_json(&json!({ "default": machine, "email": text, "sms": subject }).to_string());
        Message { id, topic, event: event.to_owned(), fingerprint, plan_id, subject, body, attributes }
    }
}

/// What SNS counts: body and attributes with their names and types; the subject too, to be safe.
pub(super) fn size(message: &Message) -> usize {
    let attributes: usize = message.typed_attributes().map(|(name, kind, value)| name.len() + kind.len() + value.len()).sum();
    message.body.len() + message.subject.len() + attributes
}

/// Attributes without what SNS refuses: an empty value.
pub(super) fn attributes(values: impl IntoIterator<Item = (&'static str, Vec<String>)>) -> BTreeMap<String, Vec<String>> {
    let clean =
        |values: Vec<String>| -> Vec<String> { values.iter().map(|value| line(value, 128)).filter(|value| !value.is_empty()).collect() };
    let named = values.into_iter().map(|(name, values)| (name.to_owned(), clean(values)));
    named.filter(|(_, values)| !values.is_empty()).collect()
}

/// A stable id of whatever the parts say: 40 hexadecimal digits.
pub(super) fn id<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length, so that no two lists of parts run together into the same bytes.
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

/// One change for machines. Long texts are cut, so that every entry fits into a message.
pub(super) fn entry(change: &Change<'_>) -> Value {
    let place = change.place();
    let mut entry = json!({
        "account": clamp(place.account.as_str(), 64),
        "region": clamp(place.region.as_str(), 64),
    });
    let mut put = |key: &str, value: Value| {
        if let Some(fields) = entry.as_object_mut() {
            fields.insert(key.to_owned(), value);
        }
    };
    if let Change::Gap(gap) = change {
        put("source", json!(clamp(gap.source.name(), 256)));
        put("error", json!(clamp(&gap.error, 500)));
        put("resource", json!(gap.resource.as_deref().map(|resource| clamp(resource, 256))));
        return entry;
    }
    let Context { grantee, target, of } = change.context();
    put("resource", json!(clamp(&change.resource(), 256)));
    put("name", json!(clamp(change.name(), 256)));
    put("because", json!(change.because().iter().take(POLICIES).map(|id| clamp(id, 128)).collect::<Vec<_>>()));
    put(
        "context",
        json!({
            "grantee": grantee.map(|grantee| clamp(&grantee.to_string(), 256)),
            "target": target.map(|target| clamp(target.as_str(), 64)),
            "of": of,
        }),
    );
    match change {
        Change::Entry(_, entry) => {
            put("enact", json!(entry.enact));
            put("not_before", json!(entry.not_before));
            let holds = entry
                .held_by
                .iter()
                .take(10)
                .map(|hold| json!({ "kind": hold.kind, "name": clamp(&hold.name, 128), "detail": clamp(&hold.detail, 500) }));
            put("held_by", holds.collect());
        }
        Change::Enacted(_, enacted) => {
            put("intent", json!(enacted.intent));
            put("at", json!(enacted.at));
            put("reversible_until", json!(enacted.entry.reversible_until));
            put("outcome", outcome(&enacted.outcome));
        }
        Change::Finding(finding) => put("detail", json!(clamp(&finding.detail, 500))),
        Change::Gap(_) => (),
    }
    entry
}

fn outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Failed { code, message } => json!({ "kind": outcome.name(), "code": clamp(code, 128), "message": clamp(message, 500) }),
        Outcome::Unknown { message } => json!({ "kind": outcome.name(), "message": clamp(message, 500) }),
        Outcome::Skipped { reason } => json!({ "kind": outcome.name(), "reason": clamp(reason, 500) }),
        // What AWS answered is in the ledger; it can be of any size.
        Outcome::Done { .. } | Outcome::InFlight { .. } => json!({ "kind": outcome.name() }),
    }
}

/// The policies these changes name, with what they say of themselves.
pub(super) fn policies<'a>(occasion: &Occasion<'_>, changes: &[Change<'a>]) -> BTreeMap<&'a str, PolicyTexts> {
    let ids = changes.iter().flat_map(|change| change.because().iter().take(POLICIES));
    let mut found = BTreeMap::new();
    for id in ids {
        found.entry(id.as_str()).or_insert_with(|| (occasion.policies)(id).unwrap_or_default());
    }
    found
}

/// The same for machines.
pub(super) fn policies_json(policies: &BTreeMap<&str, PolicyTexts>) -> Value {
    let cut = |text: &Option<String>| text.as_deref().map(|text| clamp(text, 1_000));
    let each = policies.iter().map(|(id, PolicyTexts { title, reason, owner, runbook })| {
        (clamp(id, 128), json!({ "title": cut(title), "reason": cut(reason), "owner": cut(owner), "runbook": cut(runbook) }))
    });
    Value::Object(each.collect())
}
