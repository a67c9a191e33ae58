//! Cloud Control: resources of other services, by type, read only.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::api::{Answered, Api, Call, Done};
use crate::buckets::CLOUD_CONTROL;
use crate::error::AwsError;
use crate::paging::{Sizes, page};
use crate::world::World;
use crate::world::resource::{Resource, identifying, readable, type_info};

pub(crate) const APIS: &[Api] = &[
    Api {
        name: "ListResources",
        mutating: false,
        limit: CLOUD_CONTROL,
        params: &["TypeName", "ResourceModel", "MaxResults", "NextToken"],
        run: list,
    },
    Api { name: "GetResource", mutating: false, limit: CLOUD_CONTROL, params: &["TypeName", "Identifier"], run: get },
];

/// MaxResults is "Reserved", from 1 to 100. How many come without it is up to the handler of the type.
const SIZES: Sizes = Sizes {
    parameter: "MaxResults",
    least: 1,
    most: 100,
    default: Some(100),
    bad_token: "InvalidRequestException",
    bad_size: "ValidationException",
};

type Resources = BTreeMap<String, Resource>;

/// The type a call names, and what there is of it.
fn resources<'w>(world: &'w World, call: &Call, action: &str) -> Result<(String, Option<&'w Resources>), AwsError> {
    let name = call.params.get("TypeName").unwrap_or_default();
    let word = |word: &str| (2..=64).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphanumeric());
    if name.split("::").count() != 3 || !name.split("::").all(word) {
        let message = format!("1 validation error detected: Value '{name}' at 'typeName' failed to satisfy constraint");
        return Err(AwsError::client("ValidationException", message));
    }
    let place = world.place(call.account(), &call.region);
    let there = place.and_then(|place| place.resources.get(name));
    let missing = place.is_some_and(|place| place.missing_types.contains(name));
    match type_info(name) {
        _ if missing => Err(not_found(name)),
        // What a test has put there is there, whatever the registry says.
        _ if there.is_some() => Ok((name.to_owned(), there)),
        Some(info) if info.handlers => Ok((name.to_owned(), None)),
        Some(_) => {
            let message = format!("Resource type {name} does not support {action} action");
            Err(AwsError::client("UnsupportedActionException", message))
        }
        None => Err(not_found(name)),
    }
}

fn not_found(name: &str) -> AwsError {
    AwsError::client("TypeNotFoundException", format!("The type '{name}' cannot be found."))
}

/// `ResourceModel`, and whether it says what the type needs to be listed.
fn model(call: &Call, kind: &str) -> Result<Map<String, Value>, AwsError> {
    let model = match call.params.get("ResourceModel") {
        None => Map::new(),
        Some(text) => serde_json::from_str(text)
            .map_err(|_| AwsError::client("InvalidRequestException", "The ResourceModel is no valid JSON object"))?,
    };
    let needs = type_info(kind).map_or(&[] as &[&str], |info| info.list_needs);
    if let Some(missing) = needs.iter().find(|name| !model.get(**name).is_some_and(Value::is_string)) {
        let message = format!(
            "Missing or invalid ResourceModel property in {kind} list handler request input.Required property: \
             (#: required key [{missing}] not found)"
        );
        return Err(AwsError::client("InvalidRequestException", message));
    }
    Ok(model)
}

fn description(id: &str, properties: &Value) -> Value {
    json!({ "Identifier": id, "Properties": properties.to_string() })
}

fn list(world: &mut World, call: &Call) -> Answered {
    let (kind, resources) = resources(world, call, "LIST")?;
    let model = model(call, &kind)?;
    let fits = |resource: &Resource| model.iter().all(|(name, value)| resource.properties.get(name) == Some(value));
    let found = resources.into_iter().flatten().filter(|(_, resource)| fits(resource)).map(|(id, resource)| {
        let Resource { properties, listed_whole } = resource;
        let told = if *listed_whole { readable(&kind, properties) } else { identifying(&kind, properties) };
        (id.clone(), description(id, &told))
    });
    let page = page(world, call, SIZES, found.collect())?;
    let mut answer = Map::new();
    answer.insert("TypeName".to_owned(), Value::from(kind));
    answer.insert("ResourceDescriptions".to_owned(), Value::from(page.items));
    if let Some(next) = page.next {
        answer.insert("NextToken".to_owned(), Value::from(next));
    }
    Ok(Done::json(Value::Object(answer)))
}

fn get(world: &mut World, call: &Call) -> Answered {
    let (kind, resources) = resources(world, call, "READ")?;
    let asked = call.params.get("Identifier").unwrap_or_default();
    // "Primary identifiers can be specified as a string or JSON".
    let fields: Option<Map<String, Value>> = serde_json::from_str(asked).ok();
    let is_asked = |id: &str, resource: &Resource| match &fields {
        Some(fields) => !fields.is_empty() && fields.iter().all(|(name, value)| resource.properties.get(name) == Some(value)),
        None => id == asked,
    };
    let found = resources.into_iter().flatten().find(|(id, resource)| is_asked(id, resource));
    let (id, resource) = found.ok_or_else(|| {
        let message = format!("{kind} Handler returned status FAILED: Resource of type '{kind}' with identifier '{asked}' was not found.");
        AwsError::client("ResourceNotFoundException", format!("{message} (HandlerErrorCode: NotFound)"))
    })?;
    let description = description(id, &readable(&kind, &resource.properties));
    Ok(Done::json(json!({ "TypeName": kind, "ResourceDescription": description })))
}
