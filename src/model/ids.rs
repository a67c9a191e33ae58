//! Identifiers. An id is whatever AWS (or a recorded file) said: one that looks odd is data and is
//! judged by its owner, never rejected.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id as AWS writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<Arc<str>> for $name {
            fn from(id: Arc<str>) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.as_str())
            }
        }
    };
}

id!(
    /// A twelve-digit AWS account number.
    AccountId
);
id!(
    /// A Region code such as `eu-central-1`.
    Region
);
id!(
    /// An image id, `ami-…`.
    AmiId
);
id!(
    /// A snapshot id, `snap-…`.
    SnapshotId
);
id!(
    /// An instance id, `i-…`.
    InstanceId
);
id!(
    /// The name of an Auto Scaling group, unique in its place.
    GroupName
);

impl Region {
    /// Stands for a Region that nobody named: it may be any.
    pub const ANY: &'static str = "*";

    /// Whether it may be any Region.
    pub fn is_any(&self) -> bool {
        self.as_str() == Self::ANY
    }
}

impl AccountId {
    /// Whether this has the form AWS gives account numbers: twelve digits.
    pub fn is_well_formed(&self) -> bool {
        self.0.len() == 12 && self.0.bytes().all(|b| b.is_ascii_digit())
    }
}

/// An account and a Region: what one listing covers, and what one gap freezes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    pub account: AccountId,
    pub region: Region,
}

impl Place {
    /// The place `region` of `account`.
    pub fn new(account: impl Into<AccountId>, region: impl Into<Region>) -> Self {
        Self { account: account.into(), region: region.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

/// What a step acts on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceId {
    Image(AmiId),
    Snapshot(SnapshotId),
    /// A whole account and Region: its settings, or something that all of it lacks.
    Place(Place),
    /// Findings only: no step is ever taken on what runs.
    Instance(InstanceId),
    /// Findings only. Written as its name; the place beside it says which group of that name it is.
    Group(GroupName),
}

impl ResourceId {
    /// Reads `ami-…` as an image, `snap-…` as a snapshot, an account number and a Region with a slash between them as a
    /// place; anything else is no resource of ours.
    pub fn parse(id: &str) -> Option<Self> {
        match id.split_once('-') {
            Some(("ami", rest)) if !rest.is_empty() => Some(Self::Image(id.into())),
            Some(("snap", rest)) if !rest.is_empty() => Some(Self::Snapshot(id.into())),
            _ => {
                let (account, region) = id.split_once('/')?;
                let place = Place::new(account, region);
                (place.account.is_well_formed() && !region.is_empty()).then_some(Self::Place(place))
            }
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(id) => id.fmt(f),
            Self::Snapshot(id) => id.fmt(f),
            Self::Place(place) => place.fmt(f),
            Self::Instance(id) => id.fmt(f),
            Self::Group(name) => name.fmt(f),
        }
    }
}

impl Serialize for ResourceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some(id) = Self::parse(&text) {
            return Ok(id);
        }
        if text.strip_prefix("i-").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            return Ok(Self::Instance(text.into()));
        }
        match text.split_once('/') {
            Some((account, region)) => Ok(Self::Place(Place::new(account, region))),
            // An id of no form came from a listing all the same. Of a group there are only findings, which nothing
            // looks up again: that its name is read as an image's odd id does no harm.
            None => Ok(Self::Image(text.into())),
        }
    }
}
