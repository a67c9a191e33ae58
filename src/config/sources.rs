//! Where evidence of use comes from, and what of it is not there to be had.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::model::{AccountId, Place, Region, Source};

use super::values;

/// CloudTrail's event history goes back 90 days (CloudTrail API reference, `LookupEvents`).
const LONGEST_MEMORY: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Types that have read and list handlers and whose properties can name an image or a launch template, by the
/// CloudFormation schema of each. What has a listing of its own (instances, templates, groups, fleets, recipes) is read
/// there. Node groups are listed per cluster, of EKS and PCS. `AWS::EMR::Cluster` names a custom image and has no handlers:
/// what EMR runs is seen as instances.
const NAMING_IMAGES: [&str; 7] = [
    "AWS::Batch::ComputeEnvironment",
    "AWS::CodeBuild::Fleet",
    "AWS::EKS::Nodegroup",
    "AWS::ElasticBeanstalk::ConfigurationTemplate",
    "AWS::ElasticBeanstalk::Environment",
    "AWS::PCS::ComputeNodeGroup",
    "AWS::SageMaker::Cluster",
];

/// The table `[sources]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sources {
    /// What does not answer in a place and holds nothing there.
    pub unused: Vec<Unused>,
    /// The resource types that Cloud Control is asked for.
    #[serde(deserialize_with = "types")]
    pub cloud_control: Vec<String>,
    /// How long a failed launch counts as use.
    #[serde(deserialize_with = "memory")]
    pub screams: SignedDuration,
}

impl Default for Sources {
    /// Everything is asked; a failed launch counts for 30 days, which covers what is launched once a month.
    fn default() -> Self {
        Self { unused: Vec::new(), cloud_control: NAMING_IMAGES.map(str::to_owned).into(), screams: SignedDuration::from_hours(30 * 24) }
    }
}

/// A source of which somebody says that nothing of theirs is in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unused {
    #[serde(deserialize_with = "usage_source")]
    pub source: Source,
    /// In this account only.
    #[serde(default, deserialize_with = "values::one_account")]
    pub account: Option<AccountId>,
    /// In this Region only.
    #[serde(default, deserialize_with = "values::one_region")]
    pub region: Option<Region>,
    /// For those who read it in a year.
    #[serde(deserialize_with = "said")]
    pub reason: String,
    /// From this day on, at midnight UTC, it is a gap again.
    #[serde(deserialize_with = "day")]
    pub until: Timestamp,
}

impl Unused {
    /// Whether it speaks of that place.
    pub fn covers(&self, place: &Place) -> bool {
        self.account.as_ref().is_none_or(|account| *account == place.account)
            && self.region.as_ref().is_none_or(|region| *region == place.region)
    }
}

impl Sources {
    /// The declaration about `source` in `place`, in force or not; that of a listing covers the details of its members.
    pub fn declared(&self, source: &Source, place: &Place) -> impl Iterator<Item = &Unused> {
        let listing = source.listing();
        self.unused.iter().filter(move |it| (it.source == *source || listing.as_ref() == Some(&it.source)) && it.covers(place))
    }
}

fn usage_source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Source, D::Error> {
    let name = String::deserialize(deserializer)?;
    let source = Source::named(&name);
    if source.may_be_declared_unused() {
        return Ok(source);
    }
    let shown = name.escape_default();
    if !matches!(source, Source::Other(_)) {
        return Err(D::Error::custom(format!("`{shown}` tells nothing about use, so it cannot be unused: leave it out")));
    }
    let near = Source::ALL.into_iter().filter(Source::may_be_declared_unused);
    let near = near.min_by_key(|source| strsim::damerau_levenshtein(source.name(), &name));
    let near = near.map(|source| format!("did you mean `{source}`?")).unwrap_or_default();
    Err(D::Error::custom(format!("there is no source `{shown}`: {near}")))
}

fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let reason = String::deserialize(deserializer)?;
    match reason.trim().is_empty() {
        false => Ok(reason),
        true => Err(D::Error::custom("`reason` is empty: say why nothing is missed there")),
    }
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    let start = text.parse::<Date>().and_then(|day| day.to_zoned(TimeZone::UTC)).map(|start| start.timestamp());
    start.map_err(|_| D::Error::custom(format!("`{}` is no date: write it like `2027-01-31`", text.escape_default())))
}

fn memory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
    let memory = values::duration(deserializer)?;
    match memory <= LONGEST_MEMORY {
        true => Ok(memory),
        false => Err(D::Error::custom("nothing remembers failed launches for more than 90 days: write `90d` or less")),
    }
}

/// Type names such as `AWS::Batch::ComputeEnvironment`.
fn types<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let is_type = |name: &&String| {
        let parts: Vec<&str> = name.split("::").collect();
        parts.len() >= 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    match names.iter().find(|name| !is_type(name)) {
        None => Ok(names),
        Some(name) => Err(D::Error::custom(format!(
            "`{}` is no resource type: write names such as `AWS::Batch::ComputeEnvironment`",
            name.escape_default()
        ))),
    }
}
