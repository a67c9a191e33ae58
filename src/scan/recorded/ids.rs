//! Files of sources that have no reader: every image id anywhere in them counts as use.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::file;
use crate::inventory::answers::Answer;
use crate::model::AmiId;

/// Listings without a reader that must hold their list to count as an answer. Of other files only JSON is asked.
const LISTS: [(&str, &str); 6] = [
    ("describe-fleets", "Fleets"),
    ("describe-image-references", "ImageReferences"),
    ("describe-parameters", "Parameters"),
    ("describe-spot-fleet-requests", "SpotFleetRequestConfigs"),
    ("describe-spot-instance-requests", "SpotInstanceRequests"),
    ("list-image-recipes", "imageRecipeSummaryList"),
];

/// The image ids in the file of the source called `name`.
pub(super) fn read(path: &Path, name: &str) -> Answer<Vec<AmiId>> {
    let value: Value = file::json(path)?;
    let is_token = |key: &str| key.eq_ignore_ascii_case("NextToken");
    if let Value::Object(object) = &value {
        if object.iter().any(|(key, value)| is_token(key) && !value.is_null()) {
            return Err(file::partial(path));
        }
        if object.len() == 1 && object.contains_key("Error") {
            return Err(format!("{} is no answer{}", path.display(), file::error_inside(value.to_string().as_bytes())));
        }
    }
    if let Some((_, list)) = LISTS.iter().find(|(source, _)| *source == name)
        && !value.get(list).is_some_and(Value::is_array)
    {
        return Err(format!("{} lacks its list `{list}`", path.display()));
    }
    let mut ids = BTreeSet::new();
    collect(&value, &mut ids);
    Ok(ids.into_iter().map(AmiId::from).collect())
}

fn collect(value: &Value, ids: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => find(text, ids),
        Value::Array(values) => values.iter().for_each(|value| collect(value, ids)),
        Value::Object(object) => {
            for (key, value) in object {
                find(key, ids);
                collect(value, ids);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Image ids inside a text. Where one runs on into other letters both readings count: a use too many only holds.
fn find(text: &str, ids: &mut BTreeSet<String>) {
    for (start, prefix) in text.match_indices("ami-") {
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
        collect(&value, &mut ids);
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["ami-0DEF", "ami-0abc", "ami-12", "ami-77", "ami-88"]);
    }

    #[test]
    fn an_odd_id_counts_in_both_readings() {
        let mut ids = BTreeSet::new();
        find("ami-0abc-copy", &mut ids);
        assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["ami-0abc", "ami-0abc-copy"]);
    }
}
