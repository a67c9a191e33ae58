//! What could not be read, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Place, Source};

/// A source that did not answer completely. It freezes what it could have hidden.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gap {
    #[serde(flatten)]
    pub place: Place,
    pub source: Source,
    /// What went wrong, for people: the AWS error code and message, or the file and its fault.
    pub error: String,
    /// The one resource that the unanswered question was about; `None` when it is the whole place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

impl Gap {
    /// A gap that concerns a whole place.
    pub fn in_place(place: &Place, source: Source, error: impl Into<String>) -> Self {
        Self { place: place.clone(), source, error: error.into(), resource: None }
    }

    /// A gap about one resource; the rest of the place is not in doubt.
    pub fn about(place: &Place, source: Source, resource: impl fmt::Display, error: impl Into<String>) -> Self {
        Self { place: place.clone(), source, error: error.into(), resource: Some(resource.to_string()) }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.source)?;
        if let Some(resource) = &self.resource {
            write!(f, " of {resource}")?;
        }
        write!(f, ": {}", self.error)
    }
}
