//! Parameters of a request: `Filter.1.Value.2=x`, read by name, never by position. Those of a JSON body are written
//! the same way, so that what looks for a parameter need not know the protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use jiff::Timestamp;
use serde_json::Value;

use crate::error::AwsError;

/// Parameters by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Params {
    all: BTreeMap<String, String>,
}

impl Params {
    pub(crate) fn from_form(body: &[u8]) -> Self {
        Self { all: form_urlencoded::parse(body).into_owned().collect() }
    }

    pub(crate) fn insert(&mut self, name: &str, value: String) {
        self.all.insert(name.to_owned(), value);
    }

    /// Every field of a JSON body under the name it would have in a query; what is null or empty has none.
    pub(crate) fn insert_json(&mut self, name: &str, value: &Value) {
        let below = |field: &str| if name.is_empty() { field.to_owned() } else { format!("{name}.{field}") };
        match value {
            Value::Null => {}
            Value::Bool(flag) => self.insert(name, flag.to_string()),
            Value::Number(number) => self.insert(name, number.to_string()),
            Value::String(text) => self.insert(name, text.clone()),
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    self.insert_json(&below(&(place + 1).to_string()), item);
                }
            }
            Value::Object(fields) => {
                for (field, value) in fields {
                    self.insert_json(&below(field), value);
                }
            }
        }
    }

    pub(crate) fn all(&self) -> &BTreeMap<String, String> {
        &self.all
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all.get(name).map(String::as_str)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, AwsError> {
        self.get(name).filter(|value| !value.is_empty()).ok_or_else(|| AwsError::missing(name))
    }

    fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, AwsError> {
        self.get(name)
            .map(|value| {
                value.parse().map_err(|_| AwsError::invalid_value(format!("Invalid value '{value}' for {name}. It must be {what}")))
            })
            .transpose()
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, AwsError> {
        self.parsed(name, "an integer")
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, AwsError> {
        Ok(self.parsed(name, "true or false")?.unwrap_or(false))
    }

    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, AwsError> {
        self.parsed(name, "a date and time in ISO 8601")
    }

    /// Whether anything begins with this segment.
    pub(crate) fn has(&self, segment: &str) -> bool {
        self.all.keys().any(|name| name.split('.').next() == Some(segment))
    }

    /// The first segments of all names.
    pub(crate) fn segments(&self) -> BTreeSet<&str> {
        self.all.keys().filter_map(|name| name.split('.').next()).collect()
    }

    /// `ImageId.1`, `ImageId.2`, … in the order of their numbers.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let mut numbered: Vec<(u32, &str)> = self
            .all
            .iter()
            .filter_map(|(key, value)| {
                let rest = key.strip_prefix(name)?.strip_prefix('.')?;
                Some((rest.parse().ok()?, value.as_str()))
            })
            .collect();
        numbered.sort_by_key(|(number, _)| *number);
        numbered.into_iter().map(|(_, value)| value).collect()
    }

    /// `Filter.1.…`, `Filter.2.…`: each group with the names that are left.
    pub(crate) fn groups(&self, name: &str) -> Vec<Self> {
        let mut groups: BTreeMap<u32, Self> = BTreeMap::new();
        for (key, value) in &self.all {
            let Some(rest) = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            let (number, field) = rest.split_once('.').unwrap_or((rest, ""));
            if let Ok(number) = number.parse() {
                groups.entry(number).or_default().insert(field, value.clone());
            }
        }
        groups.into_values().collect()
    }

    /// `LaunchPermission.…` without its prefix.
    pub(crate) fn under(&self, name: &str) -> Self {
        let all = self.all.iter().filter_map(|(key, value)| Some((key.strip_prefix(name)?.strip_prefix('.')?.to_owned(), value.clone())));
        Self { all: all.collect() }
    }

    /// One number for all parameters but these: the same request gives the same one (FNV-1a).
    pub(crate) fn fingerprint(&self, without: &[&str]) -> u64 {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for (key, value) in self.all.iter().filter(|(key, _)| !without.contains(&key.as_str())) {
            for byte in key.bytes().chain([0]).chain(value.bytes()).chain([0]) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_follow_their_numbers_and_not_the_alphabet() {
        let params = Params::from_form(b"Id.10=c&Id.2=b&Id.1=a&Identity=x&Id.1.Name=y");
        assert_eq!(params.list("Id"), ["a", "b", "c"]);
    }

    #[test]
    fn groups_keep_their_fields_together() {
        let params = Params::from_form(b"Filter.1.Name=state&Filter.1.Value.1=available&Filter.2.Name=name");
        let groups = params.groups("Filter");
        assert_eq!(groups.iter().map(|group| group.get("Name")).collect::<Vec<_>>(), [Some("state"), Some("name")]);
        assert_eq!(groups.first().map(|group| group.list("Value")), Some(vec!["available"]));
    }

    #[test]
    fn a_json_body_reads_like_a_query() {
        let body = serde_json::json!({"Names": ["a", "b"], "Filters": [{"Key": "Type", "Values": ["String"]}], "Off": false, "None": null});
        let mut json = Params::default();
        json.insert_json("", &body);
        let query = Params::from_form(b"Names.1=a&Names.2=b&Filters.1.Key=Type&Filters.1.Values.1=String&Off=false");
        assert_eq!(json, query);
    }
}
