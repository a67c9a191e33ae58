//! What the Recycle Bin would keep, and for how long: its rules applied to one resource.
//!
//! Source: "Retention rules" in the Recycle Bin user guide. Tag rules match any of their tags, Region rules match
//! all resources but those that carry an exclusion tag; where several match, the longest wins.

use jiff::{SignedDuration, Timestamp};

use crate::model::Tags;

/// A first rule takes up to 30 minutes to take effect (Recycle Bin user guide).
const SETTLING: SignedDuration = SignedDuration::from_mins(30);

/// Whether a deleted resource could be brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// A rule keeps it this long.
    For(SignedDuration),
    /// It would be gone at once; why, for people.
    Never(String),
    /// The rules could not be read.
    Unknown(String),
}

/// A rule of the Recycle Bin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecycleBinRule {
    pub id: String,
    /// `EC2_IMAGE` or `EBS_SNAPSHOT`.
    pub resource_type: String,
    pub retention_days: i64,
    /// Empty for a Region-level rule. A tag without a value matches any value.
    pub tags: Vec<(String, Option<String>)>,
    pub excluded: Vec<(String, Option<String>)>,
    pub available: bool,
}

impl RecycleBinRule {
    fn covers(&self, resource_type: &str, tags: &Tags) -> bool {
        let any = |wanted: &[(String, Option<String>)]| {
            wanted.iter().any(|(key, value)| tags.get(key).is_some_and(|have| value.as_ref().is_none_or(|value| value == have)))
        };
        self.resource_type == resource_type && (if self.tags.is_empty() { !any(&self.excluded) } else { any(&self.tags) })
    }
}

/// How long the rules would keep a resource of that type with those tags, if it were deleted at `now`.
/// `first_seen` tells since when a rule is known; `None` where nobody kept watch.
pub(super) fn recovery(
    rules: &[RecycleBinRule],
    resource_type: &str,
    tags: &Tags,
    first_seen: impl Fn(&str) -> Option<Timestamp>,
    now: Timestamp,
) -> Recovery {
    let settled =
        |rule: &&RecycleBinRule| rule.available && first_seen(&rule.id).is_none_or(|since| super::facts::since(since, now) >= SETTLING);
    let mut covering = rules.iter().filter(|rule| rule.covers(resource_type, tags)).peekable();
    if covering.peek().is_none() {
        return Recovery::Never(format!("no Recycle Bin rule covers this {}", kind(resource_type)));
    }
    match covering.filter(settled).map(|rule| rule.retention_days).max() {
        Some(days) => Recovery::For(SignedDuration::from_hours(24_i64.saturating_mul(days.clamp(0, 3650)))),
        None => Recovery::Never("its Recycle Bin rule is not in effect yet (a first rule takes up to 30 minutes)".into()),
    }
}

fn kind(resource_type: &str) -> &'static str {
    if resource_type == "EC2_IMAGE" { "image" } else { "snapshot" }
}
