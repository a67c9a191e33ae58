//! Ids in texts that were not made to hold one: parameter values, error messages, properties, events, unknown files.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::model::{AmiId, SnapshotId};

/// The images and snapshots that something names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Named {
    pub image_ids: BTreeSet<AmiId>,
    pub snapshot_ids: BTreeSet<SnapshotId>,
}

impl Named {
    /// Those anywhere in `value`, keys included.
    pub fn in_json(value: &Value) -> Self {
        Self { image_ids: in_json(value), snapshot_ids: snapshots_in_json(value) }
    }

    /// Those anywhere in `text`.
    pub fn in_text(text: &str) -> Self {
        let mut snapshot_ids = BTreeSet::new();
        find(text, SNAPSHOT, &mut snapshot_ids);
        Self { image_ids: in_text(text), snapshot_ids }
    }
}

const IMAGE: &str = "ami-";
const SNAPSHOT: &str = "snap-";

/// The image ids anywhere in `value`, keys included.
pub(super) fn in_json(value: &Value) -> BTreeSet<AmiId> {
    let mut ids = BTreeSet::new();
    collect(value, IMAGE, &mut ids);
    ids
}

/// The snapshot ids anywhere in `value`, keys included.
fn snapshots_in_json(value: &Value) -> BTreeSet<SnapshotId> {
    let mut ids = BTreeSet::new();
    collect(value, SNAPSHOT, &mut ids);
    ids
}

/// The image ids anywhere in `text`. Where one runs on into other letters both readings count: a use too many only
/// holds.
pub(super) fn in_text(text: &str) -> BTreeSet<AmiId> {
    let mut ids = BTreeSet::new();
    find(text, IMAGE, &mut ids);
    ids
}

fn collect<I: From<String> + Ord>(value: &Value, prefix: &str, ids: &mut BTreeSet<I>) {
    match value {
        Value::String(text) => find(text, prefix, ids),
        Value::Array(values) => values.iter().for_each(|value| collect(value, prefix, ids)),
        Value::Object(object) => {
            for (key, value) in object {
                find(key, prefix, ids);
                collect(value, prefix, ids);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn find<I: From<String> + Ord>(text: &str, prefix: &str, ids: &mut BTreeSet<I>) {
    for (start, prefix) in text.match_indices(prefix) {
        let rest = text.get(start + prefix.len()..).unwrap_or_default();
        for part_of_id in [|c: char| c.is_ascii_hexdigit(), |c: char| c.is_ascii_alphanumeric() || c == '-'] {
            let length = rest.find(|c| !part_of_id(c)).unwrap_or(rest.len());
            if let Some(id) = rest.get(..length).filter(|id| !id.is_empty()) {
                ids.insert(I::from(format!("{prefix}{id}")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(ids: BTreeSet<AmiId>) -> Vec<String> {
        ids.into_iter().map(|id| id.to_string()).collect()
    }

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let value = serde_json::json!({
            "Value": "{\"image\":\"ami-0abc\",\"old\":\"ami-0DEF, ami-12 \"}",
            "arn:aws:ec2:us-east-1::image/ami-77": [{"x": ["prefix-ami-88.suffix", 5, null, "ami-"]}],
        });
        assert_eq!(words(in_json(&value)), ["ami-0DEF", "ami-0abc", "ami-12", "ami-77", "ami-88"]);
    }

    #[test]
    fn an_odd_id_counts_in_both_readings() {
        assert_eq!(words(in_text("ami-0abc-copy")), ["ami-0abc", "ami-0abc-copy"]);
    }

    #[test]
    fn messages_of_failed_launches_name_their_image() {
        let message = "The image id '[ami-0abc]' does not exist. Launching EC2 instance failed.";
        assert_eq!(words(in_text(message)), ["ami-0abc"]);
    }
}
