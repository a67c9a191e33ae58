//! Building Image Builder's recipes: `place.image_recipe("web", "1.0.0").parent_image("ami-…").put()`.

use super::PlaceHandle;
use crate::world::image::{EbsMapping, Mapping, MappingKind, Tags};
use crate::world::recipe::{Recipe, RecipeKind};

/// A recipe in the making.
#[derive(Debug)]
pub struct RecipeBuilder<'w> {
    place: PlaceHandle<'w>,
    recipe: Recipe,
}

impl<'w> PlaceHandle<'w> {
    /// A version of an image recipe; without a word about it, its parent is an image of Amazon's.
    pub fn image_recipe(self, name: &str, version: &str) -> RecipeBuilder<'w> {
        let parent = format!("arn:aws:imagebuilder:{}:aws:image/amazon-linux-2023-x86/x.x.x", self.region);
        self.recipe(name, version, RecipeKind::Image, &parent)
    }

    /// A version of a container recipe.
    pub fn container_recipe(self, name: &str, version: &str) -> RecipeBuilder<'w> {
        self.recipe(name, version, RecipeKind::Container { instance_image: None }, "public.ecr.aws/amazonlinux/amazonlinux:latest")
    }

    fn recipe(self, name: &str, version: &str, kind: RecipeKind, parent: &str) -> RecipeBuilder<'w> {
        let recipe = Recipe {
            name: name.to_owned(),
            version: version.to_owned(),
            kind,
            description: None,
            platform: "Linux".to_owned(),
            owner: self.account.clone(),
            parent_image: parent.to_owned(),
            components: Vec::new(),
            mappings: Vec::new(),
            created: self.world.now(),
            tags: Tags::new(),
        };
        RecipeBuilder { place: self, recipe }
    }
}

impl RecipeBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut Recipe)) -> Self {
        change(&mut self.recipe);
        self
    }

    /// What it builds on: an AMI id, an image's ARN, or `ssm:` and a parameter.
    pub fn parent_image(self, image: &str) -> Self {
        self.with(|recipe| image.clone_into(&mut recipe.parent_image))
    }

    /// The image of the instance that containers are built on. Only of a container recipe.
    pub fn instance_image(self, image: &str) -> Self {
        self.with(|recipe| {
            if let RecipeKind::Container { instance_image } = &mut recipe.kind {
                *instance_image = Some(image.to_owned());
            }
        })
    }

    /// A component, by ARN.
    pub fn component(self, arn: &str) -> Self {
        self.with(|recipe| recipe.components.push(arn.to_owned()))
    }

    /// A disk made of a snapshot.
    pub fn disk(self, device: &str, snapshot: &str) -> Self {
        let ebs = EbsMapping {
            snapshot: Some(snapshot.to_owned()),
            volume_size: 8,
            volume_type: "gp3".to_owned(),
            encrypted: false,
            kms_key: None,
            delete_on_termination: true,
        };
        self.with(|recipe| recipe.mappings.push(Mapping { device: device.to_owned(), kind: MappingKind::Ebs(ebs) }))
    }

    /// Another account's, shared with this one.
    pub fn shared_by(self, account: &str) -> Self {
        self.with(|recipe| account.clone_into(&mut recipe.owner))
    }

    /// Puts it there and returns its ARN.
    pub fn put(mut self) -> String {
        let partition = self.place.world.partition(&self.place.account);
        let arn = format!("arn:{partition}:imagebuilder:{}:{}:{}", self.place.region, self.recipe.owner, self.recipe.resource());
        let recipe = self.recipe;
        self.place.place().recipes.insert(arn.clone(), recipe);
        arn
    }
}
