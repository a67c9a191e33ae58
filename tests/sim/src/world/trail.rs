//! What CloudTrail knows: events by place, and when they can be looked up.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::World;

/// How far back LookupEvents looks: "events that occurred in a Region within the last 90 days".
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct TrailEvent {
    pub id: String,
    pub time: Timestamp,
    /// For example `RunInstances`.
    pub name: String,
    /// For example `ec2.amazonaws.com`.
    pub source: String,
    pub read_only: bool,
    /// The user's name, or the session's.
    pub username: Option<String>,
    pub access_key: Option<String>,
    /// Type and name: `AWS::EC2::Ami` and an image's id.
    pub resources: Vec<(String, String)>,
    /// `CloudTrailEvent`, as JSON.
    pub record: Value,
    /// Not to be looked up before then; without it, `settings.trail_lag` after its time.
    pub visible_from: Option<Timestamp>,
}

impl World {
    /// What can be looked up in a place now, oldest first.
    pub(crate) fn visible_events(&self, account: &str, region: &str) -> impl Iterator<Item = &TrailEvent> {
        let lag = self.settings.trail_lag;
        let events = self.trail.get(&(account.to_owned(), region.to_owned()));
        events.into_iter().flatten().filter(move |event| {
            let visible_from = event.visible_from.unwrap_or(event.time + lag);
            visible_from <= self.now() && self.now() - KEPT <= event.time
        })
    }

    /// Every event of a place, those that nobody can look up yet included.
    pub fn events(&self, account: &str, region: &str) -> &[TrailEvent] {
        self.trail.get(&(account.to_owned(), region.to_owned())).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn add_event(&mut self, account: &str, region: &str, event: TrailEvent) {
        self.trail.entry((account.to_owned(), region.to_owned())).or_default().push(event);
    }
}

/// The id of the event of a request: as unique as the request's own.
pub(crate) fn event_id(request_id: &str) -> String {
    request_id.replacen("-9000-", "-a000-", 1)
}
