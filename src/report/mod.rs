//! What people are told: changes, one digest of the rest, and the delivery of both.
//!
//! Composing is pure: plans and outcomes in, messages out. Delivery takes from the ledger's outbox and gives to a
//! publisher. Nothing here decides what is done, and in mode `observe` nothing is said.
//!
//! A message goes out once for each change: due, planned, about to be done within 24 hours, held for a person, done,
//! failed, found, or not readable. What changes together (same severity, event, action and account) is one message.
//! What stays as it is shows in the digest, at most once a day, and once a week while nothing in it changes.

mod changes;
mod deliver;
mod digest;
mod groups;
#[cfg(test)]
mod tests;
mod text;
mod wire;

use jiff::Timestamp;

use crate::config::Sns;
use crate::ledger::{CycleKind, Enacted, LastDigest, Message};
use crate::model::Mode;
use crate::plan::Plan;

pub use changes::Event;
pub use deliver::{DeliveryReport, PublishError, Rejection, deliver};
pub use wire::{BODY_LIMIT, SNS_LIMIT};

/// What a policy says of itself, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyTexts {
    pub title: Option<String>,
    pub reason: Option<String>,
    pub owner: Option<String>,
    pub runbook: Option<String>,
}

/// Everything a cycle's messages are made from.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    pub mode: Mode,
    pub kind: CycleKind,
    pub plan: &'a Plan,
    /// What people have been told and still holds ([`crate::ledger::Ledger::reported_plans`]); empty before the first report.
    pub told: &'a [Plan],
    /// Outcomes nobody has been told yet.
    pub enacted: &'a [Enacted],
    pub last_digest: Option<&'a LastDigest>,
    pub sns: &'a Sns,
    /// Tags that protect a resource, to tell people how to stop something.
    pub keep_tags: &'a [String],
    pub policies: &'a dyn Fn(&str) -> Option<PolicyTexts>,
    pub now: Timestamp,
}

impl std::fmt::Debug for Occasion<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Occasion")
            .field("kind", &self.kind)
            .field("plan", &self.plan.plan_id)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// The messages of one cycle, the most urgent first. None in mode `observe`, and none where no topic is configured.
pub fn messages(occasion: &Occasion<'_>) -> Vec<Message> {
    if occasion.mode == Mode::Observe || occasion.sns.topics.is_empty() {
        return Vec::new();
    }
    let changes = changes::changes(occasion);
    let mut messages = groups::messages(occasion, changes);
    messages.extend(digest::message(occasion));
    messages
}
