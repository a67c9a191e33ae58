//! The Recycle Bin: its rules and what lies in it.

use jiff::{SignedDuration, Timestamp};

use super::image::Tags;

/// What a rule keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleResource {
    /// `EC2_IMAGE`
    Image,
    /// `EBS_SNAPSHOT`
    Snapshot,
    /// `EBS_VOLUME`
    Volume,
}

impl RuleResource {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Image => "EC2_IMAGE",
            Self::Snapshot => "EBS_SNAPSHOT",
            Self::Volume => "EBS_VOLUME",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        match word {
            "EC2_IMAGE" => Some(Self::Image),
            "EBS_SNAPSHOT" => Some(Self::Snapshot),
            "EBS_VOLUME" => Some(Self::Volume),
            _ => None,
        }
    }
}

/// A tag that a rule looks for: a key, and a value if it has to be that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTag {
    pub key: String,
    pub value: Option<String>,
}

impl RuleTag {
    fn matches(&self, tags: &Tags) -> bool {
        match (tags.get(&self.key), &self.value) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(have), Some(want)) => have == want,
        }
    }
}

/// A retention rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    pub resource: RuleResource,
    pub days: i64,
    pub description: String,
    /// Empty: the rule holds for the whole Region, but for what `exclude` names.
    pub tags: Vec<RuleTag>,
    pub exclude: Vec<RuleTag>,
    /// `pending` before, `available` from then on.
    pub available_from: Timestamp,
    pub locked: bool,
}

impl Rule {
    pub(crate) fn is_available(&self, now: Timestamp) -> bool {
        self.available_from <= now
    }

    pub(crate) fn keeps(&self, resource: RuleResource, tags: &Tags, now: Timestamp) -> bool {
        let scope = if self.tags.is_empty() {
            !self.exclude.iter().any(|tag| tag.matches(tags))
        } else {
            self.tags.iter().any(|tag| tag.matches(tags))
        };
        self.resource == resource && self.is_available(now) && scope
    }
}

/// How long the rules keep a resource: of several that match, the longest wins (aws-facts, "Recycle Bin").
pub(crate) fn retention<'a>(
    rules: impl Iterator<Item = &'a Rule>,
    resource: RuleResource,
    tags: &Tags,
    now: Timestamp,
) -> Option<SignedDuration> {
    rules.filter(|rule| rule.keeps(resource, tags, now)).map(|rule| SignedDuration::from_hours(rule.days * 24)).max()
}

/// A resource in the bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binned<T> {
    /// As it was.
    pub item: T,
    /// `RecycleBinEnterTime`
    pub entered: Timestamp,
    /// `RecycleBinExitTime`: gone for ever from then on.
    pub exits: Timestamp,
}
