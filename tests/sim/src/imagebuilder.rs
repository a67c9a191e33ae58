//! Image Builder: recipes, read only, in REST and JSON.

use serde_json::{Map, Value, json};

use crate::api::{Answered, Api, Call, Done};
use crate::buckets::IMAGE_BUILDER;
use crate::error::AwsError;
use crate::paging::{Sizes, page};
use crate::wire::params::Params;
use crate::wire::xml::millis;
use crate::world::World;
use crate::world::image::{EbsMapping, Mapping, MappingKind};
use crate::world::recipe::{Recipe, RecipeKind};

type Run = fn(&mut World, &Call) -> Answered;

const LIST: &[&str] = &["owner", "filters", "maxResults", "nextToken"];

const fn read(name: &'static str, params: &'static [&'static str], run: Run) -> Api {
    Api { name, mutating: false, limit: IMAGE_BUILDER, params, run }
}

pub(crate) const APIS: &[Api] = &[
    read("ListImageRecipes", LIST, list_image_recipes),
    read("GetImageRecipe", &["imageRecipeArn"], get_image_recipe),
    read("ListContainerRecipes", LIST, list_container_recipes),
    read("GetContainerRecipe", &["containerRecipeArn"], get_container_recipe),
];

/// "If you don't specify a value, Image Builder returns up to 25 items. The largest page size is 100."
const SIZES: Sizes = Sizes {
    parameter: "maxResults",
    least: 1,
    most: 100,
    default: Some(25),
    bad_token: "InvalidPaginationTokenException",
    bad_size: "InvalidRequestException",
};

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("InvalidRequestException", message)
}

fn recipes<'w>(world: &'w World, call: &Call) -> impl Iterator<Item = (&'w String, &'w Recipe)> + use<'w> {
    world.place(call.account(), &call.region).into_iter().flat_map(|place| place.recipes.iter())
}

fn is_container(recipe: &Recipe) -> bool {
    matches!(recipe.kind, RecipeKind::Container { .. })
}

/// "By default, this request will only show image recipes owned by your account."
fn is_owned(call: &Call, recipe: &Recipe) -> Result<bool, AwsError> {
    let own = recipe.owner == call.account();
    match call.params.get("owner").unwrap_or("Self") {
        "Self" => Ok(own),
        "Shared" => Ok(!own),
        "Amazon" | "ThirdParty" | "AWSMarketplace" => Ok(false),
        other => Err(invalid(format!("Value '{other}' at 'owner' failed to satisfy constraint"))),
    }
}

/// One of `filters`: `name`, `parentImage` or `platform`.
fn passes(recipe: &Recipe, filter: &Params) -> Result<bool, AwsError> {
    let have = match filter.get("name").unwrap_or_default() {
        "name" => &recipe.name,
        "parentImage" => &recipe.parent_image,
        "platform" => &recipe.platform,
        other => return Err(invalid(format!("The filter {other} is not supported"))),
    };
    Ok(filter.list("values").contains(&have.as_str()))
}

fn list(world: &World, call: &Call, name: &str, containers: bool) -> Answered {
    let mut found = Vec::new();
    let filters = call.params.groups("filters");
    for (arn, recipe) in recipes(world, call).filter(|(_, recipe)| is_container(recipe) == containers) {
        let mut shown = is_owned(call, recipe)?;
        for filter in &filters {
            shown &= passes(recipe, filter)?;
        }
        if shown {
            found.push((arn.clone(), summary(arn, recipe)));
        }
    }
    let page = page(world, call, SIZES, found)?;
    let mut answer = Map::from_iter([(name.to_owned(), Value::from(page.items))]);
    if let Some(next) = page.next {
        answer.insert("nextToken".to_owned(), Value::from(next));
    }
    Ok(Done::json(Value::Object(answer)))
}

fn list_image_recipes(world: &mut World, call: &Call) -> Answered {
    list(world, call, "imageRecipeSummaryList", false)
}

fn list_container_recipes(world: &mut World, call: &Call) -> Answered {
    list(world, call, "containerRecipeSummaryList", true)
}

fn summary(arn: &str, recipe: &Recipe) -> Value {
    let Recipe { name, kind, platform, owner, parent_image, created, tags, version: _, description: _, components: _, mappings: _ } =
        recipe;
    let mut fields = json!({
        "arn": arn,
        "name": name,
        "platform": platform,
        "owner": owner,
        "parentImage": parent_image,
        "dateCreated": millis(*created),
        "tags": tags,
    });
    if let (RecipeKind::Container { instance_image }, Some(fields)) = (kind, fields.as_object_mut()) {
        fields.insert("containerType".to_owned(), Value::from("DOCKER"));
        if let Some(image) = instance_image {
            fields.insert("instanceImage".to_owned(), Value::from(image.as_str()));
        }
    }
    fields
}

/// The recipe behind an ARN; `x` in its version means the latest that matches.
fn named<'w>(world: &'w World, call: &Call, parameter: &str, containers: bool) -> Result<(&'w String, &'w Recipe), AwsError> {
    let asked = call.params.get(parameter).filter(|arn| !arn.is_empty()).ok_or_else(|| invalid(format!("{parameter} is required")))?;
    let (stem, version) = asked.rsplit_once('/').unwrap_or((asked, ""));
    let matching = recipes(world, call).filter(|(arn, recipe)| {
        let same = arn.rsplit_once('/').is_some_and(|(have, _)| have == stem);
        same && is_container(recipe) == containers && recipe.is_version(version)
    });
    matching.max_by_key(|(_, recipe)| recipe.parts()).ok_or_else(|| {
        let message = format!("The resource with ARN '{asked}' does not exist.");
        AwsError::new(404, "ResourceNotFoundException", message)
    })
}

/// What both kinds of recipe tell alike.
fn told(arn: &str, recipe: &Recipe) -> Map<String, Value> {
    let components = recipe.components.iter().map(|arn| json!({ "componentArn": arn }));
    let mut fields = summary(arn, recipe).as_object().cloned().unwrap_or_default();
    fields.remove("instanceImage");
    fields.insert("version".to_owned(), Value::from(recipe.version.as_str()));
    fields.insert("components".to_owned(), components.collect());
    if let Some(description) = &recipe.description {
        fields.insert("description".to_owned(), Value::from(description.as_str()));
    }
    fields
}

fn get_image_recipe(world: &mut World, call: &Call) -> Answered {
    let (arn, recipe) = named(world, call, "imageRecipeArn", false)?;
    let mut fields = told(arn, recipe);
    fields.insert("type".to_owned(), Value::from("AMI"));
    fields.insert("blockDeviceMappings".to_owned(), recipe.mappings.iter().map(mapping).collect());
    Ok(Done::json(json!({ "imageRecipe": fields })))
}

fn get_container_recipe(world: &mut World, call: &Call) -> Answered {
    let (arn, recipe) = named(world, call, "containerRecipeArn", true)?;
    let mut fields = told(arn, recipe);
    let mappings: Value = recipe.mappings.iter().map(mapping).collect();
    let mut instance = json!({ "blockDeviceMappings": mappings });
    if let (RecipeKind::Container { instance_image: Some(image) }, Some(instance)) = (&recipe.kind, instance.as_object_mut()) {
        instance.insert("image".to_owned(), Value::from(image.as_str()));
    }
    fields.insert("instanceConfiguration".to_owned(), instance);
    fields.insert("targetRepository".to_owned(), json!({ "service": "ECR", "repositoryName": recipe.name }));
    Ok(Done::json(json!({ "containerRecipe": fields })))
}

fn mapping(mapping: &Mapping) -> Value {
    let Mapping { device, kind } = mapping;
    match kind {
        MappingKind::Ephemeral(name) => json!({ "deviceName": device, "virtualName": name }),
        MappingKind::Ebs(ebs) => {
            let EbsMapping { snapshot, volume_size, volume_type, encrypted, kms_key, delete_on_termination } = ebs;
            let mut ebs = json!({
                "encrypted": encrypted,
                "deleteOnTermination": delete_on_termination,
                "volumeSize": volume_size,
                "volumeType": volume_type,
            });
            for (name, value) in [("snapshotId", snapshot), ("kmsKeyId", kms_key)] {
                if let (Some(value), Some(ebs)) = (value, ebs.as_object_mut()) {
                    ebs.insert(name.to_owned(), Value::from(value.as_str()));
                }
            }
            json!({ "deviceName": device, "ebs": ebs })
        }
    }
}
