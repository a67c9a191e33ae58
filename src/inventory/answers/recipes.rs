//! Image Builder's recipes. Its CLI prints camel case.

use serde::{Deserialize, Serialize};

use super::List;
use super::ec2::shape;

shape! {
    "camelCase"

    /// `aws imagebuilder list-image-recipes --owner Self`
    ListImageRecipes { image_recipe_summary_list: List<RecipeSummary> }

    /// `aws imagebuilder list-container-recipes --owner Self`
    ListContainerRecipes { container_recipe_summary_list: List<RecipeSummary> }

    RecipeSummary { arn: Option<String>, name: Option<String> }

    /// `aws imagebuilder get-image-recipe --image-recipe-arn …`
    GetImageRecipe { image_recipe: Option<ImageRecipe> }

    /// `parent_image` is an image id, the ARN of an Image Builder image, a Marketplace product, or `ssm:…`.
    ImageRecipe {
        arn: Option<String>,
        name: Option<String>,
        version: Option<String>,
        parent_image: Option<String>,
        block_device_mappings: List<RecipeDevice>,
    }

    RecipeDevice { device_name: Option<String>, ebs: Option<RecipeEbs> }

    RecipeEbs { snapshot_id: Option<String> }

    /// `aws imagebuilder get-container-recipe --container-recipe-arn …`
    GetContainerRecipe { container_recipe: Option<ContainerRecipe> }

    ContainerRecipe {
        arn: Option<String>,
        name: Option<String>,
        version: Option<String>,
        parent_image: Option<String>,
        instance_configuration: Option<InstanceConfiguration>,
    }

    /// What builds the container: an image id or `ssm:…`; without one, an image of Amazon's.
    InstanceConfiguration { image: Option<String>, block_device_mappings: List<RecipeDevice> }
}
