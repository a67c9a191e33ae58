//! CloudTrail: looking up what was called. What it writes down is in `record`.

pub(crate) mod record;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::api::{Answered, Api, Call, Done};
use crate::buckets::LOOKUP_EVENTS;
use crate::error::AwsError;
use crate::paging::{Sizes, page};
use crate::wire::params::Params;
use crate::world::World;
use crate::world::trail::TrailEvent;

pub(crate) const APIS: &[Api] = &[Api {
    name: "LookupEvents",
    mutating: false,
    limit: LOOKUP_EVENTS,
    params: &["LookupAttributes", "StartTime", "EndTime", "MaxResults", "NextToken"],
    run: lookup,
}];

const SIZES: Sizes = Sizes {
    parameter: "MaxResults",
    least: 1,
    most: 50,
    default: Some(50),
    bad_token: "InvalidNextTokenException",
    bad_size: "InvalidMaxResultsException",
};

/// Seconds since 1970, with a fraction or without.
fn time(call: &Call, name: &str) -> Result<Option<Timestamp>, AwsError> {
    let Some(value) = call.json.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let millis = value.as_f64().map(|seconds| (seconds * 1000.0).round() as i64);
    let at = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok());
    at.map(Some).ok_or_else(|| AwsError::client("InvalidTimeRangeException", format!("{name} is not a time")))
}

fn lookup(world: &mut World, call: &Call) -> Answered {
    let (start, end) = (time(call, "StartTime")?, time(call, "EndTime")?);
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        return Err(AwsError::client("InvalidTimeRangeException", "StartTime cannot be after EndTime"));
    }
    let attributes = call.params.groups("LookupAttributes");
    // "Currently the list can contain only one item."
    if attributes.len() > 1 {
        return Err(AwsError::client("InvalidLookupAttributesException", "LookupAttributes can contain only one item"));
    }
    let mut found = Vec::new();
    for (number, event) in world.visible_events(call.account(), &call.region).enumerate() {
        let inside = start.is_none_or(|start| start <= event.time) && end.is_none_or(|end| event.time <= end);
        if inside && attributes.first().map_or(Ok(true), |attribute| has(event, attribute))? {
            // Newest first.
            let key = format!("{:020}{:010}", i128::from(i64::MAX) - i128::from(event.time.as_millisecond()), u32::MAX as usize - number);
            found.push((key, told(event)));
        }
    }
    if let Some(attribute) = attributes.first() {
        known(attribute)?;
    }
    let page = page(world, call, SIZES, found)?;
    let mut answer = Map::from_iter([("Events".to_owned(), Value::from(page.items))]);
    if let Some(next) = page.next {
        answer.insert("NextToken".to_owned(), Value::from(next));
    }
    Ok(Done::json(Value::Object(answer)))
}

/// A key there is, and a value to it.
fn known(attribute: &Params) -> Result<(&str, &str), AwsError> {
    let keys = ["EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"];
    match (attribute.get("AttributeKey"), attribute.get("AttributeValue")) {
        (Some(key), Some(value)) if keys.contains(&key) && !value.is_empty() => Ok((key, value)),
        _ => Err(AwsError::client("InvalidLookupAttributesException", "a lookup attribute is not valid")),
    }
}

fn has(event: &TrailEvent, attribute: &Params) -> Result<bool, AwsError> {
    let (key, value) = known(attribute)?;
    Ok(match key {
        "EventId" => event.id == value,
        "EventName" => event.name == value,
        "ReadOnly" => event.read_only.to_string() == value,
        "Username" => event.username.as_deref() == Some(value),
        "ResourceType" => event.resources.iter().any(|(kind, _)| kind == value),
        "ResourceName" => event.resources.iter().any(|(_, name)| name == value),
        "EventSource" => event.source == value,
        _ => event.access_key.as_deref() == Some(value),
    })
}

fn told(event: &TrailEvent) -> Value {
    let TrailEvent { id, time, name, source, read_only, username, access_key, resources, record, visible_from: _ } = event;
    let resources: Vec<Value> = resources.iter().map(|(kind, name)| json!({ "ResourceType": kind, "ResourceName": name })).collect();
    let mut told = Map::new();
    for (field, value) in [("Username", username), ("AccessKeyId", access_key)] {
        if let Some(value) = value {
            told.insert(field.to_owned(), Value::from(value.as_str()));
        }
    }
    let rest = json!({
        "EventId": id,
        "EventName": name,
        "ReadOnly": read_only.to_string(),
        "EventTime": time.as_second(),
        "EventSource": source,
        "Resources": resources,
        "CloudTrailEvent": record.to_string(),
    });
    told.extend(rest.as_object().cloned().unwrap_or_default());
    Value::Object(told)
}
