//! CreateTags and DeleteTags, and tags in answers.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::image::Tags;
use crate::world::{Place, World};

/// "Each resource can have a maximum of 50 tags."
const TAGS_PER_RESOURCE: usize = 50;
/// "We recommend ... up to 1000 resource IDs".
const RESOURCES_PER_CALL: usize = 1000;

/// A `tagSet`.
pub(crate) fn write(xml: &mut Xml, tags: &Tags) {
    xml.items("tagSet", tags, |xml, (key, value)| {
        xml.text("key", key);
        xml.text("value", value);
    });
}

/// `Tag.1.Key`, `Tag.1.Value` as a set.
pub(crate) fn read(params: &Params) -> Result<Tags, AwsError> {
    let mut tags = Tags::new();
    for tag in params.groups("Tag") {
        let key = tag.required("Key")?;
        if key.starts_with("aws:") {
            let message = format!("Tag keys starting with 'aws:' are reserved for internal use: {key}");
            return Err(AwsError::invalid_value(message));
        }
        if key.chars().count() > 128 || tag.get("Value").is_some_and(|value| value.chars().count() > 256) {
            let message = "Tag key exceeds the maximum length of 128 characters, or tag value of 256";
            return Err(AwsError::invalid_value(message));
        }
        tags.insert(key.to_owned(), tag.get("Value").unwrap_or_default().to_owned());
    }
    Ok(tags)
}

/// The tags of the `TagSpecification.N` for a kind of resource.
pub(crate) fn specified(params: &Params, resource: &str) -> Result<Tags, AwsError> {
    let mut tags = Tags::new();
    for specification in params.groups("TagSpecification") {
        if specification.get("ResourceType") == Some(resource) {
            tags.extend(read(&specification)?);
        }
    }
    Ok(tags)
}

fn tags_of<'p>(place: &'p mut Place, id: &str) -> Option<&'p mut Tags> {
    match id.split('-').next()? {
        "ami" => place.images.get_mut(id).map(|found| &mut found.tags),
        "snap" => place.snapshots.get_mut(id).map(|found| &mut found.tags),
        "i" => place.instances.get_mut(id).map(|found| &mut found.tags),
        "vol" => place.volumes.get_mut(id).map(|found| &mut found.tags),
        "amiur" => place.usage_reports.get_mut(id).map(|found| &mut found.tags),
        "lt" => place.launch_templates.get_mut(id).map(|found| &mut found.tags),
        _ => None,
    }
}

fn not_found(id: &str) -> AwsError {
    let (code, message) = match id.split('-').next() {
        Some("ami") => ("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist")),
        Some("snap") => ("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist.")),
        Some("i") => ("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist")),
        Some("vol") => ("InvalidVolume.NotFound", format!("The volume '{id}' does not exist.")),
        _ => ("InvalidID", format!("The ID '{id}' is not valid")),
    };
    AwsError::client(code, message)
}

/// The ids a call names: at least one, not too many, all there. All or nothing.
fn targets(world: &mut World, call: &Call) -> Result<Vec<String>, AwsError> {
    let ids: Vec<String> = call.params.list("ResourceId").into_iter().map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(AwsError::missing("resourceIdSet"));
    }
    if ids.len() > RESOURCES_PER_CALL {
        let message = format!("The number of resources exceeds the limit of {RESOURCES_PER_CALL}");
        return Err(AwsError::invalid_value(message));
    }
    let place = world.place_mut(call.account(), &call.region);
    match ids.iter().find(|id| tags_of(place, id).is_none()) {
        Some(missing) => Err(not_found(missing)),
        None => Ok(ids),
    }
}

pub(crate) fn create(world: &mut World, call: &Call) -> Answered {
    let tags = read(&call.params)?;
    if tags.is_empty() {
        return Err(AwsError::missing("tagSet"));
    }
    let ids = targets(world, call)?;
    let place = world.place_mut(call.account(), &call.region);
    let mut changed = Vec::new();
    for id in &ids {
        let Some(have) = tags_of(place, id) else {
            continue;
        };
        let mut have = have.clone();
        have.extend(tags.clone());
        if have.keys().filter(|key| !key.starts_with("aws:")).count() > TAGS_PER_RESOURCE {
            let message = format!("The maximum number of Tags for a resource has been reached: {id}");
            return Err(AwsError::client("TagLimitExceeded", message));
        }
        changed.push((id, have));
    }
    for (id, tags) in changed {
        if let Some(have) = tags_of(place, id) {
            *have = tags;
        }
    }
    Ok(Done::yes())
}

/// Without tags, all tags go but AWS's own; with a value, only a tag that has it.
pub(crate) fn delete(world: &mut World, call: &Call) -> Answered {
    let wanted: Vec<(String, Option<String>)> = call
        .params
        .groups("Tag")
        .iter()
        .map(|tag| Ok((tag.required("Key")?.to_owned(), tag.get("Value").map(str::to_owned))))
        .collect::<Result<_, AwsError>>()?;
    if let Some((key, _)) = wanted.iter().find(|(key, _)| key.starts_with("aws:")) {
        let message = format!("Tag keys starting with 'aws:' are reserved for internal use: {key}");
        return Err(AwsError::invalid_value(message));
    }
    let ids = targets(world, call)?;
    let place = world.place_mut(call.account(), &call.region);
    for id in &ids {
        let Some(tags) = tags_of(place, id) else {
            continue;
        };
        if wanted.is_empty() {
            tags.retain(|key, _| key.starts_with("aws:"));
        }
        for (key, value) in &wanted {
            if value.is_none() || value.as_ref() == tags.get(key) {
                tags.remove(key);
            }
        }
    }
    Ok(Done::yes())
}
