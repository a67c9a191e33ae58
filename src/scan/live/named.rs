//! Which images and parameters the answers about one place name, for what has to be asked about them in turn.

use std::collections::BTreeSet;

use crate::inventory::answers::{Answer, Answers, FleetTemplate, LaunchSpecification, List};
use crate::model::AmiId;

/// How EC2 and Auto Scaling write "the image that this parameter holds", and how Image Builder does.
const ALIASES: [&str; 2] = ["resolve:ssm:", "ssm:"];

/// The parameters whose values are worth reading: all that can be read without a key, since an image id may stand in any,
/// and those that an alias names, public ones included. An alias whose parameter cannot be a name stays unresolved.
pub(super) fn parameters(answers: &Answers) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut secret = BTreeSet::new();
    for parameter in members(answers.parameter_names.as_ref().and_then(|answer| answer.as_ref().ok()).map(|answer| &answer.parameters)) {
        let Some(name) = &parameter.name else { continue };
        match parameter.kind.as_deref() {
            Some("SecureString") => secret.insert(name.as_str()),
            _ => names.insert(name.clone()),
        };
    }
    let aliases = images(answers).into_iter().filter_map(alias);
    // Before the selector, `name:3` or `name:label`; an ARN has colons of its own.
    let base = |name: &str| if name.starts_with("arn:") { name.to_owned() } else { name.split(':').next().unwrap_or(name).to_owned() };
    names.extend(aliases.filter(|name| can_be_asked(name) && !secret.contains(base(name).as_str())).map(str::to_owned));
    names
}

/// The images that something here runs or could start, without those in the listing of own images.
pub(super) fn others_images(answers: &Answers) -> BTreeSet<AmiId> {
    let own = members(answers.images.as_ref().ok().map(|answer| &answer.images));
    let own: BTreeSet<&str> = own.filter_map(|image| image.image_id.as_deref()).collect();
    let values: Vec<_> = members(answers.parameters.as_ref().and_then(|answer| answer.as_ref().ok()).map(|answer| &answer.parameters))
        .filter_map(|parameter| {
            let selector = parameter.selector.as_deref().unwrap_or_default();
            Some((format!("{}{selector}", parameter.name.as_deref()?), parameter.arn.as_deref(), parameter.value.as_deref()?.trim()))
        })
        .collect();
    let resolve = |text: &str| match alias(text) {
        None => Some(text.to_owned()),
        Some(wanted) => {
            let found = values.iter().find(|(name, arn, _)| name == wanted || *arn == Some(wanted));
            found.map(|(_, _, value)| (*value).to_owned())
        }
    };
    let named = images(answers).into_iter().filter_map(resolve);
    named.filter(|image| image.starts_with("ami-") && !own.contains(image.as_str())).map(AmiId::from).collect()
}

/// What follows `resolve:ssm:` or `ssm:`.
fn alias(image: &str) -> Option<&str> {
    ALIASES.iter().find_map(|prefix| image.strip_prefix(prefix))
}

/// Whether Parameter Store would take this for a name, with a version, a label, or as an ARN. One it does not take is an
/// error for all that are asked with it.
fn can_be_asked(name: &str) -> bool {
    !name.is_empty() && name.len() <= 1011 && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-/:".contains(c))
}

/// Every text that stands where an image id can stand.
fn images(answers: &Answers) -> Vec<&str> {
    let mut found: Vec<&Option<String>> = Vec::new();
    for reservation in members(ok(&answers.instances).map(|answer| &answer.reservations)) {
        found.extend(members(Some(&reservation.instances)).map(|instance| &instance.image_id));
    }
    for version in members(ok(&answers.launch_template_versions).map(|answer| &answer.launch_template_versions)) {
        found.extend(version.launch_template_data.as_ref().map(|data| &data.image_id));
    }
    for group in members(ok(&answers.auto_scaling_groups).map(|answer| &answer.auto_scaling_groups)) {
        let template = group.mixed_instances_policy.as_ref().and_then(|policy| policy.launch_template.as_ref());
        found.extend(members(template.map(|template| &template.overrides)).map(|entry| &entry.image_id));
    }
    let configurations = members(ok(&answers.launch_configurations).map(|answer| &answer.launch_configurations));
    found.extend(configurations.map(|configuration| &configuration.image_id));
    for fleet in members(asked(&answers.fleets).map(|answer| &answer.fleets)) {
        found.extend(overrides(&fleet.launch_template_configs));
    }
    for fleet in members(asked(&answers.spot_fleets).map(|answer| &answer.spot_fleet_request_configs)) {
        let Some(config) = &fleet.spot_fleet_request_config else { continue };
        found.extend(overrides(&config.launch_template_configs));
        found.extend(members(Some(&config.launch_specifications)).map(|LaunchSpecification { image_id, .. }| image_id));
    }
    let requests = members(asked(&answers.spot_requests).map(|answer| &answer.spot_instance_requests));
    found.extend(requests.filter_map(|request| request.launch_specification.as_ref()).map(|specification| &specification.image_id));
    let recipes = asked(&answers.image_recipe_details).into_iter().flatten().filter_map(|answer| answer.image_recipe.as_ref());
    found.extend(recipes.map(|recipe| &recipe.parent_image));
    let recipes = asked(&answers.container_recipe_details).into_iter().flatten().filter_map(|answer| answer.container_recipe.as_ref());
    // Its parent is a container.
    found.extend(recipes.filter_map(|recipe| recipe.instance_configuration.as_ref()).map(|instance| &instance.image));
    found.into_iter().filter_map(Option::as_deref).collect()
}

fn overrides(templates: &List<FleetTemplate>) -> impl Iterator<Item = &Option<String>> {
    members(Some(templates)).flat_map(|template| members(Some(&template.overrides))).map(|entry| &entry.image_id)
}

fn ok<T>(answer: &Answer<T>) -> Option<&T> {
    answer.as_ref().ok()
}

fn asked<T>(answer: &Option<Answer<T>>) -> Option<&T> {
    answer.as_ref().and_then(ok)
}

/// What is there of a list. What is not there the inventory notes as a gap.
fn members<'a, T: 'a>(list: Option<&'a List<T>>) -> impl Iterator<Item = &'a T> {
    list.and_then(Option::as_ref).into_iter().flatten().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::answers::{
        DescribeImages, DescribeInstances, DescribeLaunchTemplateVersions, DescribeParameters, GetImageRecipe, GetParameters, Image,
        ImageRecipe, Instance, LaunchTemplateData, LaunchTemplateVersion, Parameter, ParameterMetadata, Reservation,
    };
    use crate::model::Place;

    fn version(image: &str) -> Option<LaunchTemplateVersion> {
        let launch_template_data = Some(LaunchTemplateData { image_id: Some(image.into()), ..LaunchTemplateData::default() });
        Some(LaunchTemplateVersion { launch_template_data, ..LaunchTemplateVersion::default() })
    }

    fn listed(name: &str, kind: &str) -> Option<ParameterMetadata> {
        Some(ParameterMetadata { name: Some(name.into()), kind: Some(kind.into()), ..ParameterMetadata::default() })
    }

    fn answers() -> Answers {
        let parameters = vec![listed("/plain", "String"), listed("/list", "StringList"), listed("/secret", "SecureString")];
        let versions = ["ami-1", "resolve:ssm:/secret:2", "resolve:ssm:/aws/service/x", "resolve:ssm:/plain:7", "resolve:ssm:bad name", ""];
        let parent_image = Some("ssm:arn:aws:ssm:us-east-1:1:parameter/shared".to_owned());
        let recipe = GetImageRecipe { image_recipe: Some(ImageRecipe { parent_image, ..ImageRecipe::default() }) };
        Answers {
            launch_template_versions: Ok(DescribeLaunchTemplateVersions {
                launch_template_versions: Some(versions.iter().map(|image| version(image)).collect()),
            }),
            parameter_names: Some(Ok(DescribeParameters { parameters: Some(parameters) })),
            image_recipe_details: Some(Ok(vec![recipe])),
            ..Answers::unread(Place::new("1", "us-east-1"), "not read")
        }
    }

    #[test]
    fn readable_parameters_and_those_that_aliases_name_are_asked_for_and_no_secret_one() {
        let names: Vec<String> = parameters(&answers()).into_iter().collect();
        assert_eq!(names, ["/aws/service/x", "/list", "/plain", "/plain:7", "arn:aws:ssm:us-east-1:1:parameter/shared"]);
    }

    #[test]
    fn images_in_use_are_those_that_are_not_ours_with_aliases_resolved() {
        let mut answers = answers();
        let own = Image { image_id: Some("ami-own".into()), ..Image::default() };
        answers.images = Ok(DescribeImages { images: Some(vec![Some(own)]) });
        let instance = |image: &str| Some(Instance { image_id: Some(image.into()), ..Instance::default() });
        let reservation = Reservation { instances: Some(vec![instance("ami-own"), instance("ami-2"), None]) };
        answers.instances = Ok(DescribeInstances { reservations: Some(vec![Some(reservation)]) });
        let value =
            Parameter { name: Some("/plain".into()), selector: Some(":7".into()), value: Some("ami-3\n".into()), ..Parameter::default() };
        answers.parameters = Some(Ok(GetParameters { parameters: Some(vec![Some(value)]), ..GetParameters::default() }));
        let ids: Vec<String> = others_images(&answers).iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["ami-1", "ami-2", "ami-3"]);
    }
}
