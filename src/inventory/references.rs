//! Who uses an image or snapshot, each with where the reference came from.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Place;

/// One user of an image or snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// Where the user lives; not always the image's own account.
    pub place: Place,
    pub user: User,
    /// The user's id or name, with what is needed to find it: `lt-… version 7`.
    pub name: String,
    /// Whether it could launch at any moment; a template version that nothing names is stale.
    pub live: bool,
}

/// What kind of thing uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum User {
    Instance,
    LaunchTemplate,
    AutoScalingGroup,
    LaunchConfiguration,
    /// An image whose snapshot this is.
    Image,
    /// An image in the Recycle Bin whose snapshot this is.
    ImageInRecycleBin,
    /// A recorded file in which the id was found.
    Recorded,
}

impl User {
    /// The field's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::LaunchTemplate => "launch template",
            Self::AutoScalingGroup => "Auto Scaling group",
            Self::LaunchConfiguration => "launch configuration",
            Self::Image => "image",
            Self::ImageInRecycleBin => "image in the Recycle Bin",
            Self::Recorded => "recorded source",
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.user.name(), self.name)
    }
}
