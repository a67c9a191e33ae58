//! Image Builder's recipes: own ones, every version, with what they are built from.

use aws_sdk_imagebuilder::types::{self as sdk, Ownership};

use super::list;
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{
    ContainerRecipe, GetContainerRecipe, GetImageRecipe, ImageRecipe, InstanceConfiguration, List, ListContainerRecipes, ListImageRecipes,
    RecipeDevice, RecipeEbs, RecipeSummary,
};

/// Image Builder lists at most this many recipes on a page.
/// <https://docs.aws.amazon.com/imagebuilder/latest/APIReference/API_ListImageRecipes.html>
const PAGE: i32 = 25;

/// The versions of all own image recipes.
pub async fn image_recipes(clients: &Clients) -> Result<ListImageRecipes, AwsError> {
    let recipes = all_pages("imageRecipeSummaryList", |token| async move {
        clients.turn(Api::gentle("ListImageRecipes")).await;
        let page = clients
            .imagebuilder
            .list_image_recipes()
            .owner(Ownership::SelfValue)
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        let convert = |recipe: sdk::ImageRecipeSummary| RecipeSummary { arn: recipe.arn, name: recipe.name };
        Ok(Page { items: list(page.image_recipe_summary_list, convert), next: page.next_token })
    });
    Ok(ListImageRecipes { image_recipe_summary_list: Some(recipes.await?) })
}

/// The versions of all own container recipes.
pub async fn container_recipes(clients: &Clients) -> Result<ListContainerRecipes, AwsError> {
    let recipes = all_pages("containerRecipeSummaryList", |token| async move {
        clients.turn(Api::gentle("ListContainerRecipes")).await;
        let page = clients
            .imagebuilder
            .list_container_recipes()
            .owner(Ownership::SelfValue)
            .max_results(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        let convert = |recipe: sdk::ContainerRecipeSummary| RecipeSummary { arn: recipe.arn, name: recipe.name };
        Ok(Page { items: list(page.container_recipe_summary_list, convert), next: page.next_token })
    });
    Ok(ListContainerRecipes { container_recipe_summary_list: Some(recipes.await?) })
}

/// One version of an image recipe.
pub async fn image_recipe(clients: &Clients, arn: &str) -> Result<GetImageRecipe, AwsError> {
    clients.turn(Api::gentle("GetImageRecipe")).await;
    let answer = clients.imagebuilder.get_image_recipe().image_recipe_arn(arn).send().await.map_err(AwsError::of)?;
    let recipe = about(arn, answer.image_recipe, |recipe| recipe.arn.as_deref())?;
    Ok(GetImageRecipe {
        image_recipe: Some(ImageRecipe {
            arn: recipe.arn,
            name: recipe.name,
            version: recipe.version,
            parent_image: recipe.parent_image,
            block_device_mappings: devices(recipe.block_device_mappings),
        }),
    })
}

fn devices(devices: Option<Vec<sdk::InstanceBlockDeviceMapping>>) -> List<RecipeDevice> {
    list(devices, |device| RecipeDevice {
        device_name: device.device_name,
        ebs: device.ebs.map(|ebs| RecipeEbs { snapshot_id: ebs.snapshot_id }),
    })
}

/// One version of a container recipe.
pub async fn container_recipe(clients: &Clients, arn: &str) -> Result<GetContainerRecipe, AwsError> {
    clients.turn(Api::gentle("GetContainerRecipe")).await;
    let answer = clients.imagebuilder.get_container_recipe().container_recipe_arn(arn).send().await.map_err(AwsError::of)?;
    let recipe = about(arn, answer.container_recipe, |recipe| recipe.arn.as_deref())?;
    Ok(GetContainerRecipe {
        container_recipe: Some(ContainerRecipe {
            arn: recipe.arn,
            name: recipe.name,
            version: recipe.version,
            parent_image: recipe.parent_image,
            instance_configuration: recipe.instance_configuration.map(|instance| InstanceConfiguration {
                image: instance.image,
                block_device_mappings: devices(instance.block_device_mappings),
            }),
        }),
    })
}

/// An answer without its recipe, or about another one, is none.
fn about<T>(asked: &str, recipe: Option<T>, arn: impl Fn(&T) -> Option<&str>) -> Result<T, AwsError> {
    let recipe = recipe.ok_or_else(|| AwsError::malformed(format!("asked about {asked}, the answer holds no recipe")))?;
    match arn(&recipe) {
        Some(arn) if arn == asked => Ok(recipe),
        other => Err(AwsError::malformed(format!("asked about {asked}, the answer is about {}", other.unwrap_or("nothing")))),
    }
}
