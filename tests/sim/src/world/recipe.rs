//! Image Builder's recipes: what images are built from.

use jiff::Timestamp;

use super::image::{Mapping, Tags};

/// What a recipe builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipeKind {
    /// Images.
    Image,
    /// Containers, on an instance of this image; of one that Image Builder chooses, without it.
    Container { instance_image: Option<String> },
}

/// A recipe, in one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    pub name: String,
    /// `MAJOR.MINOR.PATCH`
    pub version: String,
    pub kind: RecipeKind,
    pub description: Option<String>,
    pub platform: String,
    pub owner: String,
    /// An AMI id, the ARN of an image of Image Builder, or `ssm:` and a parameter; of a container, a container image.
    pub parent_image: String,
    /// ARNs of components.
    pub components: Vec<String>,
    /// Disks of the image, or of the instance that containers are built on.
    pub mappings: Vec<Mapping>,
    pub created: Timestamp,
    pub tags: Tags,
}

impl Recipe {
    /// `image-recipe/web/1.0.0`: what its ARN ends with. Everything but letters, digits, `-` and `_` becomes a `-`.
    pub(crate) fn resource(&self) -> String {
        let kind = match self.kind {
            RecipeKind::Image => "image-recipe",
            RecipeKind::Container { .. } => "container-recipe",
        };
        let name = self.name.to_ascii_lowercase();
        let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_', "-");
        format!("{kind}/{name}/{}", self.version)
    }

    /// The parts of its version, to be compared as numbers.
    pub(crate) fn parts(&self) -> Vec<u64> {
        self.version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    }

    /// Whether its version is this one, or the pattern of it: `1.x.x`.
    pub(crate) fn is_version(&self, pattern: &str) -> bool {
        let (have, wanted) = (self.version.split('.'), pattern.split('.'));
        have.clone().count() == wanted.clone().count() && have.zip(wanted).all(|(have, wanted)| wanted == "x" || have == wanted)
    }
}
