//! SSM parameters: what an alias resolves to, and what may name an image.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::image::Tags;

/// `Type` of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    Text,
    TextList,
    Secret,
}

impl ParameterKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "String",
            Self::TextList => "StringList",
            Self::Secret => "SecureString",
        }
    }
}

/// A parameter and its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// For example `/golden/web`.
    pub name: String,
    pub kind: ParameterKind,
    /// `text` or `aws:ec2:image`: the latter is checked for an AMI id when it is written.
    pub data_type: String,
    pub description: Option<String>,
    pub tier: String,
    pub modified: Timestamp,
    /// Values by version; never empty.
    pub versions: BTreeMap<u64, String>,
    /// Versions by label.
    pub labels: BTreeMap<String, u64>,
    /// AWS's own, under `/aws/service/`: found by name and path, and in no DescribeParameters.
    pub public: bool,
    pub tags: Tags,
}

impl Parameter {
    pub(crate) fn new(name: &str, value: &str, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            kind: ParameterKind::Text,
            data_type: "text".to_owned(),
            description: None,
            tier: "Standard".to_owned(),
            modified: now,
            versions: BTreeMap::from([(1, value.to_owned())]),
            labels: BTreeMap::new(),
            public: false,
            tags: Tags::new(),
        }
    }

    /// Writes another version and returns its number.
    pub fn write(&mut self, value: &str, now: Timestamp) -> u64 {
        let number = self.versions.keys().next_back().map_or(1, |last| last + 1);
        self.versions.insert(number, value.to_owned());
        self.modified = now;
        number
    }

    /// The version and value that a selector means: a number, a label, or nothing for the newest.
    pub fn value(&self, selector: Option<&str>) -> Option<(u64, &str)> {
        let (number, value) = match selector {
            None => self.versions.iter().next_back()?,
            Some(selector) => {
                let number = selector.parse().ok().or_else(|| self.labels.get(selector).copied())?;
                self.versions.get_key_value(&number)?
            }
        };
        Some((*number, value))
    }

    /// What SSM stores instead of a secret: nothing that could be taken for the value.
    pub(crate) fn ciphertext(version: u64, value: &str) -> String {
        let sum = value.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        format!("AQICAHsimulated{version:04}{sum:016x}==")
    }
}

/// Splits `name:selector`. The colons of an ARN are none of it.
pub(crate) fn split_selector(asked: &str) -> (&str, Option<&str>) {
    let from = asked.rfind('/').map_or(0, |slash| slash + 1);
    match asked.get(from..).and_then(|last| last.find(':')) {
        Some(colon) if !asked.starts_with("arn:") || from > 0 => {
            (asked.get(..from + colon).unwrap_or(asked), asked.get(from + colon + 1..))
        }
        _ => (asked, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_is_what_follows_the_last_segment() {
        assert_eq!(split_selector("/a/b"), ("/a/b", None));
        assert_eq!(split_selector("/a/b:3"), ("/a/b", Some("3")));
        assert_eq!(split_selector("plain:stable"), ("plain", Some("stable")));
        let arn = "arn:aws:ssm:us-east-1:111111111111:parameter/a";
        assert_eq!(split_selector(arn), (arn, None));
        assert_eq!(split_selector(&format!("{arn}:2")), (arn, Some("2")));
    }

    #[test]
    fn versions_and_labels_select_a_value() {
        let mut parameter = Parameter::new("/a", "one", Timestamp::UNIX_EPOCH);
        parameter.write("two", Timestamp::UNIX_EPOCH);
        parameter.labels.insert("stable".to_owned(), 1);
        assert_eq!(parameter.value(None), Some((2, "two")));
        assert_eq!(parameter.value(Some("1")), Some((1, "one")));
        assert_eq!(parameter.value(Some("stable")), Some((1, "one")));
        assert_eq!(parameter.value(Some("9")), None);
    }
}
