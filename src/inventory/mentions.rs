//! Ids wherever they stand: in a parameter's text, in a resource's properties, in an event.

use std::collections::BTreeSet;

use serde_json::Value;

/// Adds every id with this prefix (`ami-`, `snap-`) in the keys and texts of `value`.
pub fn mentions(value: &Value, prefix: &str, ids: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => in_text(text, prefix, ids),
        Value::Array(values) => values.iter().for_each(|value| mentions(value, prefix, ids)),
        Value::Object(object) => {
            for (key, value) in object {
                in_text(key, prefix, ids);
                mentions(value, prefix, ids);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Ids inside a text. Where one runs on into other letters both readings count: one too many only holds, or asks again.
pub(super) fn in_text(text: &str, prefix: &str, ids: &mut BTreeSet<String>) {
    for (start, prefix) in text.match_indices(prefix) {
        let rest = text.get(start + prefix.len()..).unwrap_or_default();
        for part_of_id in [|c: char| c.is_ascii_hexdigit(), |c: char| c.is_ascii_alphanumeric() || c == '-'] {
            let length = rest.find(|c| !part_of_id(c)).unwrap_or(rest.len());
            if let Some(id) = rest.get(..length).filter(|id| !id.is_empty()) {
                ids.insert(format!("{prefix}{id}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_wherever_they_stand() {
        let mut ids = BTreeSet::new();
        let value = serde_json::json!({
            "Value": "{\"image\":\"ami-0abc\",\"old\":\"ami-0DEF, ami-12 \"}",
            "arn:aws:ec2:us-east-1::image/ami-77": [{"x": ["prefix-ami-88.suffix", 5, null, "ami-"]}],
        });
        mentions(&value, "ami-", &mut ids);
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["ami-0DEF", "ami-0abc", "ami-12", "ami-77", "ami-88"]);
    }

    #[test]
    fn an_odd_id_counts_in_both_readings() {
        let mut ids = BTreeSet::new();
        in_text("ami-0abc-copy", "ami-", &mut ids);
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["ami-0abc", "ami-0abc-copy"]);
    }
}
