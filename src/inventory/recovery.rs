//! What the Recycle Bin would keep, and for how long: its rules applied to one resource.
//!
//! Source: "Recycle Bin retention rules" and "Considerations for Recycle Bin" in the EBS user guide. Tag rules match any
//! of their tags, Region rules match all resources but those that carry an exclusion tag; where several match, the longest
//! wins. Only rules in state `available` keep anything. An image is of no use without its snapshots: it is recoverable
//! only as long as each of them would be.

use jiff::{SignedDuration, Timestamp};

use crate::model::{SnapshotId, Tags};

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
    /// Empty for a Region-level rule.
    pub tags: Vec<(String, Option<String>)>,
    pub excluded: Vec<(String, Option<String>)>,
    pub available: bool,
}

impl RecycleBinRule {
    /// The documentation speaks of pairs of key and value and does not say what a key without a value matches. It is read
    /// either way so that it promises less: it includes only the empty value, and it excludes every value.
    fn covers(&self, resource_type: &str, tags: &Tags) -> bool {
        let included =
            |(key, value): &(String, Option<String>)| tags.get(key).is_some_and(|have| have == value.as_deref().unwrap_or_default());
        let excluded =
            |(key, value): &(String, Option<String>)| tags.get(key).is_some_and(|have| value.as_ref().is_none_or(|value| value == have));
        let in_scope = self.tags.is_empty() || self.tags.iter().any(included);
        self.resource_type == resource_type && in_scope && !self.excluded.iter().any(excluded)
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

/// How long an image could be brought back, given how long itself and each of its snapshots would be kept: without one of
/// them it "would be unrecoverable" (Considerations for Recycle Bin).
pub(super) fn with_snapshots<'a>(image: Recovery, snapshots: impl Iterator<Item = (&'a SnapshotId, Recovery)>) -> Recovery {
    snapshots.fold(image, |so_far, (id, snapshot)| match (so_far, snapshot) {
        (Recovery::For(image), Recovery::For(snapshot)) => Recovery::For(image.min(snapshot)),
        (Recovery::For(_), Recovery::Never(why)) => Recovery::Never(format!("it is nothing without its snapshot {id}: {why}")),
        (Recovery::For(_), Recovery::Unknown(why)) => Recovery::Unknown(format!("it is nothing without its snapshot {id}: {why}")),
        (worse, _) => worse,
    })
}

fn kind(resource_type: &str) -> &'static str {
    if resource_type == "EC2_IMAGE" { "image" } else { "snapshot" }
}
