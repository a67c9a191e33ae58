//! Files of sources that have no reader: every image id anywhere in them counts as use.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::file;
use crate::inventory::answers::Answer;
use crate::inventory::mentions;
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
    mentions(&value, "ami-", &mut ids);
    Ok(ids.into_iter().map(AmiId::from).collect())
}
