//! DescribeImageReferences: which of the caller's own resources name an image, whoever owns it.
//!
//! It looks into instances (of every state unless told otherwise), the newest versions of launch templates (ten
//! unless told otherwise), SSM parameters and Image Builder recipes, and nowhere else: "How AMI reference checks
//! work", EC2 User Guide. It resolves no alias, and what a service manages and hides it does not tell.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, Sizes, page};
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::parameter::ParameterKind;
use crate::world::recipe::RecipeKind;
use crate::world::{Place, World};

use super::instances::is_hidden;
use super::well_formed;

/// "Minimum number of 1 item. Maximum number of 10 items."
const IMAGES_PER_CALL: usize = 10;
const SIZES: Sizes = Sizes { default: Some(1000), ..LARGE };
/// Versions of a launch template that are looked at, newest first, unless a call says otherwise.
const DEPTH: usize = 10;
const MOST_DEPTH: usize = 10_000;
const STATES: [&str; 6] = ["pending", "running", "shutting-down", "terminated", "stopping", "stopped"];

/// What the call asks for in each kind of resource that it asks for.
#[derive(Debug, Default)]
struct Wanted {
    /// States of instances.
    instances: Option<Vec<String>>,
    /// Newest versions of each launch template.
    templates: Option<usize>,
    parameters: bool,
    image_recipes: bool,
    container_recipes: bool,
}

impl Wanted {
    fn everything() -> Self {
        let states = STATES.map(str::to_owned).to_vec();
        Self { instances: Some(states), templates: Some(DEPTH), parameters: true, image_recipes: true, container_recipes: true }
    }

    /// "When ResourceTypes and IncludeAllResourceTypes are used together, the ResourceTypes option values take
    /// precedence over the defaults."
    fn of(params: &Params) -> Result<Self, AwsError> {
        let all = params.flag("IncludeAllResourceTypes")?;
        let kinds = params.groups("ResourceType");
        if !all && kinds.is_empty() {
            return Err(AwsError::missing("IncludeAllResourceTypes or ResourceType"));
        }
        let mut wanted = if all { Self::everything() } else { Self::default() };
        for kind in kinds {
            let name = kind.required("ResourceType")?;
            let mut options = options(&kind)?;
            match name {
                "ec2:Instance" => wanted.instances = Some(states(options.remove("state-name"))?),
                "ec2:LaunchTemplate" => wanted.templates = Some(depth(options.remove("version-depth"))?),
                "ssm:Parameter" => wanted.parameters = true,
                "imagebuilder:ImageRecipe" => wanted.image_recipes = true,
                "imagebuilder:ContainerRecipe" => wanted.container_recipes = true,
                other => return Err(AwsError::invalid_value(format!("Invalid value '{other}' for ResourceType."))),
            }
            if let Some(option) = options.keys().next() {
                return Err(AwsError::invalid_value(format!("The option '{option}' is not valid for the resource type '{name}'.")));
            }
        }
        Ok(wanted)
    }
}

fn options(kind: &Params) -> Result<BTreeMap<String, Vec<String>>, AwsError> {
    let all = kind.groups("ResourceTypeOption");
    let each = all.iter().map(|option| {
        let values = option.list("OptionValue").into_iter().map(str::to_owned).collect();
        Ok((option.required("OptionName")?.to_owned(), values))
    });
    each.collect()
}

fn states(given: Option<Vec<String>>) -> Result<Vec<String>, AwsError> {
    let states = given.unwrap_or_else(|| STATES.map(str::to_owned).to_vec());
    match states.iter().find(|state| !STATES.contains(&state.as_str())) {
        Some(bad) => Err(AwsError::invalid_value(format!("Invalid value '{bad}' for the option 'state-name'."))),
        None => Ok(states),
    }
}

fn depth(given: Option<Vec<String>>) -> Result<usize, AwsError> {
    let Some(values) = given else { return Ok(DEPTH) };
    let depth = match values.as_slice() {
        [one] => one.parse().ok().filter(|depth| (1..=MOST_DEPTH).contains(depth)),
        _ => None,
    };
    depth.ok_or_else(|| AwsError::invalid_value(format!("The option 'version-depth' must be one number from 1 to {MOST_DEPTH}.")))
}

/// "To use the DescribeImageReferences API ... you need the following IAM permissions to describe the resources".
pub(crate) fn iam_actions(params: &Params) -> Vec<String> {
    let wanted = Wanted::of(params).unwrap_or_default();
    let groups: [(bool, &[&str]); 5] = [
        (wanted.instances.is_some(), &["ec2:DescribeInstances"]),
        (wanted.templates.is_some(), &["ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"]),
        (wanted.parameters, &["ssm:DescribeParameters", "ssm:GetParameters"]),
        (wanted.image_recipes, &["imagebuilder:ListImageRecipes"]),
        (wanted.container_recipes, &["imagebuilder:ListContainerRecipes", "imagebuilder:GetContainerRecipe"]),
    ];
    let needed = groups.into_iter().filter(|(asked, _)| *asked).flat_map(|(_, actions)| actions.iter().copied());
    std::iter::once("ec2:DescribeImageReferences").chain(needed).map(str::to_owned).collect()
}

pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let images: BTreeSet<&str> = call.params.list("ImageId").into_iter().collect();
    if images.is_empty() {
        return Err(AwsError::missing("ImageId"));
    }
    if images.len() > IMAGES_PER_CALL {
        let message = format!("The number of image IDs specified exceeds the limit of {IMAGES_PER_CALL}");
        return Err(AwsError::invalid_value(message));
    }
    for id in &images {
        well_formed(id, "ami", "InvalidAMIID.Malformed")?;
    }
    let wanted = Wanted::of(&call.params)?;
    let partition = world.partition(call.account());
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    let arn = |service: &str, what: String| format!("arn:{partition}:{service}:{}:{}:{what}", call.region, call.account());
    // An image, the kind of what names it, and its ARN; a template that names it twice is one reference.
    let mut found: BTreeSet<(String, &str, String)> = BTreeSet::new();
    let mut add = |image: &str, kind: &'static str, arn: String| {
        if images.contains(image) {
            found.insert((image.to_owned(), kind, arn));
        }
    };
    for instance in place.instances.values().filter(|one| !is_hidden(one.operator.as_ref(), false)) {
        if wanted.instances.iter().flatten().any(|state| state == instance.state.as_str()) {
            add(&instance.image, "ec2:Instance", arn("ec2", format!("instance/{}", instance.id)));
        }
    }
    for template in place.launch_templates.values().filter(|one| !is_hidden(one.operator.as_ref(), false)) {
        for version in template.versions.values().rev().take(wanted.templates.unwrap_or(0)) {
            if let Some(image) = &version.image {
                add(image, "ec2:LaunchTemplate", arn("ec2", format!("launch-template/{}", template.id)));
            }
        }
    }
    let own = place.parameters.values().filter(|one| wanted.parameters && !one.public && one.kind == ParameterKind::Text);
    for parameter in own {
        if let Some(value) = parameter.versions.values().next_back() {
            add(value, "ssm:Parameter", arn("ssm", format!("parameter/{}", parameter.name.trim_start_matches('/'))));
        }
    }
    for (arn, recipe) in place.recipes.iter().filter(|(_, recipe)| recipe.owner == call.account()) {
        match &recipe.kind {
            RecipeKind::Image if wanted.image_recipes => add(&recipe.parent_image, "imagebuilder:ImageRecipe", arn.clone()),
            RecipeKind::Container { instance_image: Some(image) } if wanted.container_recipes => {
                add(image, "imagebuilder:ContainerRecipe", arn.clone());
            }
            RecipeKind::Image | RecipeKind::Container { .. } => {}
        }
    }
    let found = found.into_iter().map(|one| (format!("{} {} {}", one.0, one.1, one.2), one)).collect();
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.items("imageReferenceSet", page.items, |xml, (image, kind, arn)| {
        xml.text("imageId", image);
        xml.text("resourceType", kind);
        xml.text("arn", arn);
    });
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}
