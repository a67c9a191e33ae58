//! Who uses the resource: how old that is, who told it, and whether it was seen now or is only remembered.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::inventory::{Joined, Reference, User};
use crate::model::ResourceId;

use super::facts::days;

/// A user with what it rests on.
#[derive(Debug, Serialize)]
pub(super) struct Seen {
    #[serde(flatten)]
    user: Reference,
    /// How people are told of it, with its age where it has one.
    told: String,
    /// When it was seen, where that was not now: in an earlier cycle, or by a report of EC2's.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_at: Option<Timestamp>,
}

pub(super) fn seen(joined: &Joined<'_>, resource: &ResourceId, user: &Reference) -> Seen {
    // The told form has the age of what nothing names.
    let age = match (&user.user, user.since) {
        (User::LaunchTemplate { .. }, Some(since)) if user.live => format!(", {} old", days(joined.now.duration_since(since))),
        _ => String::new(),
    };
    Seen { user: user.clone(), told: user.told(joined.now) + &age, seen_at: joined.seen_at(resource, user) }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, told, seen_at } = self;
        let stale = if user.live { "" } else { " (stale)" };
        write!(f, "{told} in {}{stale}  [{}", user.place, user.user.source())?;
        if let Some(at) = seen_at {
            let how = if matches!(user.user, User::Reported { .. }) { "reported on" } else { "remembered from" };
            write!(f, ", {how} {}", at.strftime("%Y-%m-%d %H:%M"))?;
        }
        f.write_str("]")
    }
}
