//! Messages as people and machines get them.

mod delivery;
mod digests;
mod news;
mod sizes;

use jiff::Timestamp;
use serde_json::Value;

use super::{Occasion, PolicyTexts, messages};
use crate::config::Sns;
use crate::ledger::{CycleKind, Enacted, LastDigest, Message};
use crate::model::{Action, Context, Gap, Mode, Place, ResourceId, Severity, Source};
use crate::plan::{Entry, Finding, Hold, HoldKind, Plan};

const HOUR: i64 = 3_600;

/// A moment so many seconds after the start of the tests' time.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn place() -> Place {
    Place::new("111122223333", "eu-central-1")
}

fn entry(action: Action, resource: &str, severity: Severity) -> Entry {
    Entry {
        action,
        place: place(),
        resource: ResourceId::parse(resource).unwrap(),
        name: "golden".into(),
        context: Context::none(),
        because: vec!["no-public-images".into()],
        severity,
        enact: true,
        reversible_until: None,
        not_before: None,
        held_by: vec![],
        approvable: false,
    }
}

fn pending(resource: &str, not_before: Timestamp) -> Entry {
    Entry { not_before: Some(not_before), ..entry(Action::Deregister, resource, Severity::Medium) }
}

fn tripped(resource: &str) -> Entry {
    let hold = Hold { kind: HoldKind::Limit, name: "tripwire".into(), detail: "40 newly due at once, more than 25".into() };
    Entry { held_by: vec![hold], approvable: true, ..entry(Action::Disable, resource, Severity::Medium) }
}

fn finding(resource: &str, severity: Severity) -> Finding {
    Finding {
        action: Action::Notify,
        place: place(),
        resource: ResourceId::parse(resource).unwrap(),
        name: String::new(),
        because: vec!["untagged".into()],
        severity,
        detail: String::new(),
    }
}

fn gap() -> Gap {
    Gap::in_place(&place(), Source::Instances, "UnauthorizedOperation: not for you")
}

fn plan(now: Timestamp) -> Plan {
    Plan {
        version: 1,
        plan_id: "0123456789abcdef".into(),
        now,
        complete: true,
        principal: crate::model::Principal::Automatic,
        gaps: vec![],
        steps: vec![],
        pending: vec![],
        held: vec![],
        findings: vec![],
        untouched: vec![],
    }
}

/// The messages of `plan` when `told` is what people know.
struct Scene<'a> {
    plan: &'a Plan,
    told: &'a [Plan],
    enacted: &'a [Enacted],
    last_digest: Option<&'a LastDigest>,
    max_messages: usize,
    mode: Mode,
    kind: CycleKind,
}

impl<'a> Scene<'a> {
    fn of(plan: &'a Plan, told: &'a [Plan]) -> Self {
        Self { plan, told, enacted: &[], last_digest: None, max_messages: 20, mode: Mode::Notify, kind: CycleKind::Scan }
    }

    fn messages(&self) -> Vec<Message> {
        let topics = [
            ("default".to_owned(), "arn:aws:sns:eu-central-1:111122223333:all".to_owned()),
            ("critical".to_owned(), "arn:aws:sns:eu-central-1:111122223333:pager".to_owned()),
        ];
        let sns = Sns { topics: topics.into(), max_messages: self.max_messages };
        messages(&Occasion {
            mode: self.mode,
            kind: self.kind,
            plan: self.plan,
            told: self.told,
            enacted: self.enacted,
            last_digest: self.last_digest,
            sns: &sns,
            keep_tags: &["keep".to_owned()],
            policies: &|id| {
                Some(PolicyTexts {
                    title: Some(format!("Title of {id}")),
                    reason: Some("Anyone can launch it.".into()),
                    owner: Some("security".into()),
                    runbook: None,
                })
            },
            now: self.plan.now,
        })
    }

    /// Everything but the digest, as event and number of entries.
    fn news(&self) -> Vec<(String, usize)> {
        let news = self.messages().into_iter().filter(|message| message.event != "digest");
        news.map(|message| (message.event.clone(), machine(&message)["entries"].as_array().map_or(0, Vec::len))).collect()
    }

    fn digest(&self) -> Option<Message> {
        self.messages().into_iter().find(|message| message.event == "digest")
    }
}

/// What machines get.
fn machine(message: &Message) -> Value {
    let body: Value = serde_json::from_str(&message.body).unwrap();
    serde_json::from_str(body["default"].as_str().unwrap()).unwrap()
}

/// What people get.
fn email(message: &Message) -> String {
    let body: Value = serde_json::from_str(&message.body).unwrap();
    body["email"].as_str().unwrap().to_owned()
}
