//! `[trust]`: whose images may run, and which tag says that an image was tested.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::consumers::{Owner, nobody};

/// Whose images are trusted beside our own accounts' and our organization's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trust {
    /// Owner aliases and account numbers.
    #[serde(deserialize_with = "owners")]
    pub owners: Vec<Owner>,
    /// The tag that says, by `true` or `yes`, that an image was tested. Empty: nobody tests, and nothing is said about it.
    pub tested: String,
}

impl Default for Trust {
    /// AWS's own images, and those of the verified providers in the AWS Marketplace (EC2 API reference,
    /// "ImageCriterionRequest").
    fn default() -> Self {
        Self { owners: vec![Owner::Alias("amazon".into()), Owner::Alias("aws-marketplace".into())], tested: "tested".into() }
    }
}

fn owners<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Owner>, D::Error> {
    let owner = |text: String| match Owner::named(&text) {
        Some(Owner::Itself) => Err(D::Error::custom("`self` is trusted in any case: leave it out")),
        Some(owner) => Ok(owner),
        None => Err(D::Error::custom(nobody(&text, ""))),
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(owner).collect()
}
