//! DescribeLaunchTemplates and DescribeLaunchTemplateVersions.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, Sizes, page};
use crate::wire::xml::{Xml, millis};
use crate::world::compute::{LaunchTemplate, TemplateVersion};
use crate::world::image::Tags;
use crate::world::{Place, World};

use super::filter::Filters;
use super::images::write_mapping;
use super::instances::{is_hidden, write_operator};

/// "This value can be between 1 and 200."
const SIZES: Sizes = Sizes { least: 1, most: 200, default: Some(200), ..LARGE };
const FILTERS: [&str; 2] = ["create-time", "launch-template-name"];
const VERSION_FILTERS: [&str; 4] = ["create-time", "image-id", "instance-type", "is-default-version"];

fn no_id(id: &str) -> AwsError {
    let message = format!("The specified launch template, with template ID {id}, does not exist.");
    AwsError::client("InvalidLaunchTemplateId.NotFound", message)
}

fn no_name(name: &str) -> AwsError {
    let message = format!("The specified launch template, with template name {name}, does not exist.");
    AwsError::client("InvalidLaunchTemplateName.NotFoundException", message)
}

pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let ids = call.params.list("LaunchTemplateId");
    let names = call.params.list("LaunchTemplateName");
    let include = call.params.flag("IncludeManagedResources")?;
    let filters = Filters::of(call)?;
    filters.check(&FILTERS)?;
    let mut found = Vec::new();
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    let all = &place.launch_templates;
    if let Some(id) = ids.iter().find(|id| !all.contains_key(**id)) {
        return Err(no_id(id));
    }
    if let Some(name) = names.iter().find(|name| !all.values().any(|template| template.name == **name)) {
        return Err(no_name(name));
    }
    for template in all.values() {
        let named = ids.contains(&template.id.as_str()) || names.contains(&template.name.as_str());
        let everything = ids.is_empty() && names.is_empty();
        let shown = (everything || named) && !is_hidden(template.operator.as_ref(), include || named);
        let passes = filters.pass(&template.tags, |name| match name {
            "create-time" => Some(vec![millis(template.created)]),
            "launch-template-name" => Some(vec![template.name.clone()]),
            _ => None,
        })?;
        if shown && passes {
            found.push((template.id.as_str(), template));
        }
    }
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.items("launchTemplates", page.items, |xml, template| {
        xml.text("launchTemplateId", &template.id);
        xml.text("launchTemplateName", &template.name);
        xml.time("createTime", template.created);
        xml.text("createdBy", &template.created_by);
        xml.text("defaultVersionNumber", template.default_version);
        xml.text("latestVersionNumber", template.latest_version());
        if !template.tags.is_empty() {
            super::tags::write(xml, &template.tags);
        }
        write_operator(xml, template.operator.as_ref());
    });
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

/// The template a call names, by id or by name.
pub(crate) fn named<'p>(place: &'p Place, id: Option<&str>, name: Option<&str>) -> Result<Option<&'p LaunchTemplate>, AwsError> {
    match (id, name) {
        (None, None) => Ok(None),
        (Some(id), _) => place.launch_templates.get(id).map(Some).ok_or_else(|| no_id(id)),
        (None, Some(name)) => {
            let found = place.launch_templates.values().find(|template| template.name == name);
            found.map(Some).ok_or_else(|| no_name(name))
        }
    }
}

/// The number that `$Default`, `$Latest` or a number stands for.
pub(crate) fn number(template: &LaunchTemplate, version: &str) -> Result<u64, AwsError> {
    match version {
        "$Default" => Ok(template.default_version),
        "$Latest" => Ok(template.latest_version()),
        number => number.parse().map_err(|_| {
            let message = format!("Launch template version {number} is not valid");
            AwsError::client("InvalidLaunchTemplateId.VersionNotFound", message)
        }),
    }
}

type Version<'p> = (&'p LaunchTemplate, u64, &'p TemplateVersion);

pub(crate) fn versions(world: &mut World, call: &Call) -> Answered {
    let include = call.params.flag("IncludeManagedResources")?;
    let resolve = call.params.flag("ResolveAlias")?;
    let filters = Filters::of(call)?;
    filters.check(&VERSION_FILTERS)?;
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    let params = &call.params;
    let template = named(place, params.get("LaunchTemplateId"), params.get("LaunchTemplateName"))?;
    let wanted = params.list("LaunchTemplateVersion");
    let chosen = match template {
        Some(template) => of_one(template, &wanted, params.integer("MinVersion")?, params.integer("MaxVersion")?)?,
        None => of_all(place, &wanted, include)?,
    };
    let mut found = Vec::new();
    for (template, number, version) in chosen {
        let image = if resolve { resolved(place, version) } else { version.image.clone() };
        let passes = filters.pass(&Tags::new(), |name| match name {
            "create-time" => Some(vec![millis(version.created)]),
            "image-id" => Some(image.clone().into_iter().collect()),
            "instance-type" => Some(version.instance_type.clone().into_iter().collect()),
            "is-default-version" => Some(vec![(template.default_version == number).to_string()]),
            _ => None,
        })?;
        if passes {
            // Newest first, as AWS has them.
            found.push((format!("{} {:020}", template.id, u64::MAX - number), (template, number, version, image)));
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found.dedup_by(|(a, _), (b, _)| a == b);
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.items("launchTemplateVersionSet", page.items, |xml, (template, number, version, image)| {
        write_version(xml, (template, number, version), image);
    });
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

fn of_one<'p>(template: &'p LaunchTemplate, wanted: &[&str], least: Option<i64>, most: Option<i64>) -> Result<Vec<Version<'p>>, AwsError> {
    if wanted.is_empty() {
        let inside = |number: u64| {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            least.is_none_or(|least| least <= number) && most.is_none_or(|most| number <= most)
        };
        let all = template.versions.iter().filter(|(number, _)| inside(**number));
        return Ok(all.map(|(number, version)| (template, *number, version)).collect());
    }
    wanted
        .iter()
        .map(|wanted| {
            let number = number(template, wanted)?;
            let version = template.versions.get(&number).ok_or_else(|| {
                let message = format!("Could not find launch template version {number}");
                AwsError::client("InvalidLaunchTemplateId.VersionNotFound", message)
            })?;
            Ok((template, number, version))
        })
        .collect()
}

/// Without a template, only `$Default` and `$Latest` can be asked for, over all templates.
fn of_all<'p>(place: &'p Place, wanted: &[&str], include: bool) -> Result<Vec<Version<'p>>, AwsError> {
    if wanted.is_empty() {
        return Err(AwsError::missing("LaunchTemplateId or LaunchTemplateName"));
    }
    if let Some(other) = wanted.iter().find(|wanted| !["$Default", "$Latest"].contains(wanted)) {
        let message = format!("Versions may only be $Default or $Latest when no launch template is specified, not {other}");
        return Err(AwsError::client("InvalidParameterCombination", message));
    }
    let mut chosen = Vec::new();
    for template in place.launch_templates.values().filter(|one| !is_hidden(one.operator.as_ref(), include)) {
        for wanted in wanted {
            let number = number(template, wanted)?;
            if let Some(version) = template.versions.get(&number) {
                chosen.push((template, number, version));
            }
        }
    }
    Ok(chosen)
}

/// The image of a version, a `resolve:ssm:` alias looked up; one that leads nowhere stays as it is.
pub(crate) fn resolved(place: &Place, version: &TemplateVersion) -> Option<String> {
    let image = version.image.as_deref()?;
    let value = image.strip_prefix("resolve:ssm:").and_then(|parameter| place.parameter(parameter));
    Some(value.unwrap_or(image).to_owned())
}

fn write_version(xml: &mut Xml, (template, number, version): Version<'_>, image: Option<String>) {
    xml.text("launchTemplateId", &template.id);
    xml.text("launchTemplateName", &template.name);
    xml.text("versionNumber", number);
    xml.maybe("versionDescription", version.description.as_deref());
    xml.time("createTime", version.created);
    xml.text("createdBy", &template.created_by);
    xml.text("defaultVersion", template.default_version == number);
    xml.element("launchTemplateData", |xml| {
        xml.maybe("imageId", image);
        xml.maybe("instanceType", version.instance_type.as_deref());
        if !version.mappings.is_empty() {
            xml.items("blockDeviceMappingSet", &version.mappings, write_mapping);
        }
    });
    write_operator(xml, template.operator.as_ref());
}
