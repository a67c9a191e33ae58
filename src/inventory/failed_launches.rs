//! Launches that failed and named an image: the scream of the scream test.
//!
//! From Auto Scaling's activities, which it keeps for six weeks, and from CloudTrail, which keeps 90 days (Auto Scaling and
//! CloudTrail API references, `DescribeScalingActivities` and `LookupEvents`). A launch that succeeded made an instance, and
//! needs no second witness.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{AmiId, Place, Source};

use super::answers::{Answers, Event, LookupEvents, ScalingActivity};
use super::decode::{self, listed};
use super::ids;
use super::references::{Reference, User};
use super::users::Reading;

/// How far back the first look goes. Nobody can have failed for long before the image was first seen disabled.
const FIRST_LOOK: SignedDuration = SignedDuration::from_hours(24);

/// Calls that launch something.
pub const LAUNCHES: [&str; 5] = ["RunInstances", "CreateFleet", "RequestSpotFleet", "RequestSpotInstances", "StartInstances"];

/// One attempt to launch an image that failed, as CloudTrail saw it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedLaunch {
    pub image: AmiId,
    pub by: String,
    pub at: Timestamp,
}

/// The failed launches of one place, remembered as long as they count as use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FailedLaunches {
    /// Up to when CloudTrail has been read.
    pub watched_until: Option<Timestamp>,
    pub seen: BTreeSet<FailedLaunch>,
}

impl FailedLaunches {
    /// From when on to read: a while before the last look ended, since events come late; `a day ago` at the first look,
    /// which is when somebody was first seen to be in danger of failing.
    pub fn begin(&self, now: Timestamp) -> Timestamp {
        let first = now.checked_sub(FIRST_LOOK).unwrap_or(Timestamp::MIN);
        self.watched_until.and_then(|until| until.checked_sub(super::trail::LAG).ok()).unwrap_or(first)
    }

    /// Takes in a complete reading up to `now`.
    ///
    /// # Errors
    /// When an event cannot be read: then nothing is taken in, and the next look begins where this one did.
    pub(super) fn learn(&mut self, answer: &LookupEvents, now: Timestamp) -> Result<(), String> {
        let mut attempts = Attempts::new();
        listed(&answer.events, "Events")?.into_iter().try_for_each(|it| event(it, &mut attempts))?;
        let failed = attempts.into_iter().map(|((image, by), (_, at))| FailedLaunch { image, by, at: at.unwrap_or(now) });
        self.seen.extend(failed);
        self.watched_until = Some(now);
        Ok(())
    }

    /// As users; several failures of the same launcher are one.
    pub(super) fn users(&self, place: &Place) -> impl Iterator<Item = (AmiId, Reference)> {
        let mut last: BTreeMap<(&AmiId, &str), (usize, Timestamp)> = BTreeMap::new();
        for FailedLaunch { image, by, at } in &self.seen {
            let known = last.entry((image, by)).or_insert((0, *at));
            *known = (known.0 + 1, known.1.max(*at));
        }
        last.into_iter().map(|((image, by), (times, at))| {
            let user = User::FailedLaunch { by: by.to_owned(), times, source: Source::Events };
            (image.clone(), Reference { since: Some(at), ..Reference::live(place, user) })
        })
    }
}

/// Attempts by image and by whoever made them: how many, and the last. A group tries again every few minutes.
type Attempts = BTreeMap<(AmiId, String), (usize, Option<Timestamp>)>;

pub(super) fn read(answers: &Answers, reading: &mut Reading<'_>) {
    let activities =
        reading.gaps.asked(Source::ScalingActivities, &answers.scaling_activities, |answer| listed(&answer.activities, "Activities"));
    each(Source::ScalingActivities, activities, reading, |it, attempts| {
        activity(it, attempts);
        Ok(())
    });
    let events = reading.gaps.asked(Source::Events, &answers.events, |answer| listed(&answer.events, "Events"));
    each(Source::Events, events, reading, event);
}

fn each<T>(source: Source, items: Option<Vec<&T>>, reading: &mut Reading<'_>, read: impl Fn(&T, &mut Attempts) -> Result<(), String>) {
    let (mut attempts, mut problems) = (Attempts::new(), Vec::new());
    for item in items.into_iter().flatten() {
        if let Err(problem) = read(item, &mut attempts) {
            problems.push(problem);
        }
    }
    for ((image, by), (times, since)) in attempts {
        let user = User::FailedLaunch { by, times, source: source.clone() };
        reading.users.add(image, Reference { since, ..Reference::live(reading.place, user) });
    }
    reading.gaps.all(source, problems);
}

fn note(attempts: &mut Attempts, image: AmiId, by: &str, at: Option<Timestamp>) {
    let (times, last) = attempts.entry((image, by.to_owned())).or_insert((0, at));
    *times += 1;
    // One without a time may be the last: then nobody knows when that was.
    *last = match (*last, at) {
        (Some(last), Some(at)) => Some(last.max(at)),
        _ => None,
    };
}

/// An attempt to launch that failed is `Failed` or `Cancelled` (Auto Scaling API reference); a status that is not known
/// may be one. The message names the image.
fn activity(activity: &ScalingActivity, attempts: &mut Attempts) {
    if activity.status_code.as_deref() == Some("Successful") {
        return;
    }
    let Some(message) = &activity.status_message else { return };
    let at = activity.start_time.as_deref().and_then(|time| time.parse().ok());
    let by = activity.auto_scaling_group_name.as_deref().unwrap_or("a group that was not named");
    ids::in_text(message).into_iter().for_each(|image| note(attempts, image, by, at));
}

fn event(event: &Event, attempts: &mut Attempts) -> Result<(), String> {
    if !event.event_name.as_deref().is_none_or(|name| LAUNCHES.contains(&name)) {
        return Ok(());
    }
    let id = event.event_id.as_deref().unwrap_or("an event");
    let text = decode::required(event.cloud_trail_event.clone(), "CloudTrailEvent", id)?;
    let whole: Value = serde_json::from_str(&text).map_err(|error| format!("event {id} is no JSON: {error}"))?;
    let field = |name: &str| whole.get(name).and_then(Value::as_str);
    let launches = event.event_name.as_deref().or(field("eventName")).is_none_or(|name| LAUNCHES.contains(&name));
    if !launches || (field("errorCode").is_none() && !whole.get("responseElements").is_some_and(tells_of_errors)) {
        return Ok(());
    }
    let at = event.event_time.as_ref().and_then(time).or_else(|| field("eventTime").and_then(|time| time.parse().ok()));
    let who = whole.get("userIdentity");
    let who = |name: &str| who.and_then(|who| who.get(name)).and_then(Value::as_str);
    let by = who("arn").or(who("invokedBy")).or(who("principalId")).unwrap_or("somebody who was not named");
    // Who it was may be named after an image.
    let said = whole.as_object().into_iter().flatten().filter(|(name, _)| *name != "userIdentity");
    let images: BTreeSet<AmiId> = said.flat_map(|(_, value)| ids::in_json(value)).collect();
    images.into_iter().for_each(|image| note(attempts, image, by, at));
    Ok(())
}

/// Whether an answer tells of errors although the call as such succeeded. `CreateFleet` of type `instant` reports what it could
/// not launch so: `Errors` ("Information about the instances that could not be launched by the fleet", EC2 API reference),
/// `errorSet` in CloudTrail.
fn tells_of_errors(answer: &Value) -> bool {
    match answer {
        Value::Object(fields) => {
            let is_error = |name: &str| name.to_ascii_lowercase().contains("error");
            fields.iter().any(|(name, value)| (is_error(name) && says_something(value)) || tells_of_errors(value))
        }
        Value::Array(values) => values.iter().any(tells_of_errors),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether there is anything in it but empty lists and texts.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(says_something),
        Value::Object(fields) => fields.values().any(says_something),
    }
}

/// The CLI prints a date, its first version seconds since 1970.
fn time(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(seconds) => {
            #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough, and beyond their range is no date")]
            let seconds = seconds.as_i64().or_else(|| seconds.as_f64().map(|seconds| seconds as i64))?;
            Timestamp::from_second(seconds).ok()
        }
        _ => None,
    }
}
