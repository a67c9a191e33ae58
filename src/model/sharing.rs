//! Who may launch an image or make a volume of a snapshot.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AccountId, Source};

/// One launch or create-volume permission. Snapshots know only `Everyone` and `Account`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// The group `all`: public.
    Everyone,
    Account(AccountId),
    /// `arn:aws:organizations::…:organization/o-…`
    Organization(String),
    /// `arn:aws:organizations::…:ou/o-…/ou-…`
    Unit(String),
}

impl Grantee {
    /// Reads what the plan's JSON holds: `all`, an account id, or an ARN.
    pub fn parse(text: &str) -> Self {
        match text {
            "all" => Self::Everyone,
            arn if arn.starts_with("arn:") && arn.contains(":ou/") => Self::Unit(arn.into()),
            arn if arn.starts_with("arn:") => Self::Organization(arn.into()),
            account => Self::Account(account.into()),
        }
    }

    /// The account, if it is one.
    pub fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Account(account) => Some(account),
            Self::Everyone | Self::Organization(_) | Self::Unit(_) => None,
        }
    }

    /// The organization id (`o-…`) inside an organization's or unit's ARN.
    pub fn organization_id(&self) -> Option<&str> {
        let (Self::Organization(arn) | Self::Unit(arn)) = self else { return None };
        arn.split('/').find(|part| part.starts_with("o-"))
    }
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everyone => f.pad("all"),
            Self::Account(id) => id.fmt(f),
            Self::Organization(arn) | Self::Unit(arn) => f.pad(arn),
        }
    }
}

impl Serialize for Grantee {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Grantee {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(deserializer)?))
    }
}

/// All permissions of one image or snapshot, completely read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(pub BTreeSet<Grantee>);

impl Permissions {
    /// Everybody but the public: whom `revokeShare` could be about.
    pub fn shares(&self) -> impl Iterator<Item = &Grantee> {
        self.0.iter().filter(|grantee| **grantee != Grantee::Everyone)
    }
}

/// What can be made public, and has a Block Public Access of its own in each Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shareable {
    Images,
    Snapshots,
}

impl Shareable {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Images, Self::Snapshots];

    /// The value of `context.of` in policies and plans.
    pub fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Snapshots => "snapshots",
        }
    }

    /// Where the state of its Block Public Access is read.
    pub fn block_source(self) -> Source {
        match self {
            Self::Images => Source::ImageBlockPublicAccess,
            Self::Snapshots => Source::SnapshotBlockPublicAccess,
        }
    }
}

impl fmt::Display for Shareable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
