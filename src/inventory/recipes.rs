//! Image Builder's recipes: what they build from.
//!
//! The parent of an image recipe is an image id, `ssm:` and a parameter, the ARN of an Image Builder image, or a
//! Marketplace product (Image Builder API, `ImageRecipe`). The last two name no image id. A container recipe's parent is a
//! container; the image that builds it is in its instance configuration, and without one it is Amazon's.

use std::collections::BTreeSet;

use crate::model::Source;

use super::answers::{Answers, ContainerRecipe, ImageRecipe, List, RecipeDevice, RecipeSummary};
use super::decode::{self, listed};
use super::ids;
use super::references::{Reference, User};
use super::templates::PUBLISHED;
use super::users::Reading;

/// A parameter that Image Builder resolves when it builds.
const ALIAS: &str = "ssm:";

/// One recipe of either kind.
struct Recipe<'a> {
    arn: Option<&'a String>,
    from: Option<&'a str>,
    devices: Option<&'a List<RecipeDevice>>,
}

pub(super) fn read(answers: &Answers, reading: &mut Reading<'_>) {
    let names = reading
        .gaps
        .asked(Source::ImageRecipes, &answers.image_recipes, |answer| arns(&answer.image_recipe_summary_list, "imageRecipeSummaryList"));
    let details = reading.gaps.asked(Source::ImageRecipe, &answers.image_recipe_details, Ok);
    let recipes = details.map(|details| details.iter().map(|detail| detail.image_recipe.as_ref().map(image_recipe)).collect());
    each(Source::ImageRecipe, names, recipes, |arn| User::ImageRecipe { arn }, reading);

    let names = reading.gaps.asked(Source::ContainerRecipes, &answers.container_recipes, |answer| {
        arns(&answer.container_recipe_summary_list, "containerRecipeSummaryList")
    });
    let details = reading.gaps.asked(Source::ContainerRecipe, &answers.container_recipe_details, Ok);
    let recipes = details.map(|details| details.iter().map(|detail| detail.container_recipe.as_ref().map(container_recipe)).collect());
    each(Source::ContainerRecipe, names, recipes, |arn| User::ContainerRecipe { arn }, reading);
}

fn arns(summaries: &List<RecipeSummary>, list: &str) -> Result<BTreeSet<String>, String> {
    listed(summaries, list)?.into_iter().map(|summary| decode::required(summary.arn.clone(), "arn", "a recipe")).collect()
}

fn image_recipe(recipe: &ImageRecipe) -> Recipe<'_> {
    let ImageRecipe { arn, name: _, version: _, parent_image, block_device_mappings } = recipe;
    Recipe { arn: arn.as_ref(), from: parent_image.as_deref(), devices: Some(block_device_mappings) }
}

fn container_recipe(recipe: &ContainerRecipe) -> Recipe<'_> {
    let ContainerRecipe { arn, name: _, version: _, parent_image: _, instance_configuration } = recipe;
    let instance = instance_configuration.as_ref();
    let from = Some(instance.and_then(|instance| instance.image.as_deref()).unwrap_or_default());
    Recipe { arn: arn.as_ref(), from, devices: instance.map(|instance| &instance.block_device_mappings) }
}

/// Counts what the recipes build from. A recipe that was listed and not described might build from any image.
fn each(
    source: Source,
    names: Option<BTreeSet<String>>,
    recipes: Option<Vec<Option<Recipe<'_>>>>,
    user: impl Fn(String) -> User,
    reading: &mut Reading<'_>,
) {
    let Some(recipes) = recipes else { return };
    let mut problems = Vec::new();
    let mut open = Vec::new();
    let mut described = BTreeSet::new();
    for recipe in recipes {
        let read = recipe.ok_or_else(|| "an answer lacks its recipe".to_owned()).and_then(|recipe| {
            let arn = decode::required(recipe.arn.cloned(), "arn", "a recipe")?;
            // What was told of it may be unreadable; then the problem names it.
            described.insert(arn.clone());
            let alias = read_recipe(arn.clone(), &recipe, &user, reading)?;
            Ok(alias.map(|alias| format!("recipe {arn} builds from `{alias}`, whose value is not known")))
        });
        match read {
            Ok(unresolved) => open.extend(unresolved),
            Err(problem) => problems.push(problem),
        }
    }
    let missing = names.iter().flatten().filter(|arn| !described.contains(*arn));
    problems.extend(missing.map(|arn| format!("recipe {arn} is listed but not described")));
    reading.gaps.all(source, problems);
    // The recipe was read; what its alias stands for the parameters did not tell.
    reading.gaps.all(Source::Parameters, open);
}

/// Counts what one recipe builds from. Gives the alias that nobody could resolve.
fn read_recipe(
    arn: String,
    recipe: &Recipe<'_>,
    user: impl Fn(String) -> User,
    reading: &mut Reading<'_>,
) -> Result<Option<String>, String> {
    let from = recipe.from.ok_or_else(|| format!("recipe {arn} has no parentImage"))?;
    let reference = Reference::live(reading.place, user(arn.clone()));
    for device in recipe.devices.into_iter().flatten().flatten() {
        let device = device.as_ref().ok_or_else(|| format!("recipe {arn} has a blockDeviceMapping that is null"))?;
        if let Some(snapshot) = device.ebs.as_ref().and_then(|ebs| ebs.snapshot_id.clone()).filter(|id| !id.is_empty()) {
            reading.users.add_snapshot(snapshot, reference.clone());
        }
    }
    let from = match from.strip_prefix(ALIAS) {
        None => from,
        Some(parameter) => match reading.parameters.value(parameter) {
            Some(value) => value,
            None if parameter.starts_with(PUBLISHED) || reading.parameters.is_invalid(parameter) => "",
            None => return Ok(Some(from.escape_default().to_string())),
        },
    };
    for image in ids::in_text(from) {
        reading.users.add(image, reference.clone());
    }
    Ok(None)
}
