//! SNS: topics that remember what was published to them.

use std::collections::BTreeMap;

use crate::api::{Answered, Api, Call, Done};
use crate::buckets::{READ, WRITE};
use crate::error::AwsError;
use crate::paging::{Sizes, page};
use crate::wire::params::Params;
use crate::wire::xml::Xml;
use crate::world::World;
use crate::world::topic::{Attribute, Message, Topic};

pub(crate) const APIS: &[Api] = &[
    Api { name: "CreateTopic", mutating: true, limit: WRITE, params: &["Name", "Attributes", "Tags"], run: create_topic },
    Api { name: "ListTopics", mutating: false, limit: READ, params: &["NextToken"], run: list_topics },
    Api {
        name: "Publish",
        mutating: true,
        limit: READ,
        params: &["TopicArn", "TargetArn", "Message", "Subject", "MessageStructure", "MessageAttributes"],
        run: publish,
    },
    Api { name: "PublishBatch", mutating: true, limit: READ, params: &["TopicArn", "PublishBatchRequestEntries"], run: publish_batch },
];

/// "The maximum message size is 256 KB", its attributes included.
const MAX_BYTES: usize = 262_144;

const SIZES: Sizes =
    Sizes { parameter: "MaxResults", least: 1, most: 100, default: Some(100), bad_token: "InvalidParameter", bad_size: "InvalidParameter" };

fn invalid(message: impl AsRef<str>) -> AwsError {
    AwsError::client("InvalidParameter", format!("Invalid parameter: {}", message.as_ref()))
}

fn create_topic(world: &mut World, call: &Call) -> Answered {
    let name = call.params.required("Name").map_err(|_| invalid("Topic Name"))?;
    let fits = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !fits || name.len() > 256 {
        return Err(invalid("Topic Name"));
    }
    let arn = format!("arn:{}:sns:{}:{}:{name}", world.partition(call.account()), call.region, call.account());
    let place = world.place_mut(call.account(), &call.region);
    let effect = !place.topics.contains_key(&arn);
    place.topics.entry(arn.clone()).or_insert_with(|| Topic { arn: arn.clone(), messages: Vec::new(), failing_entries: 0 });
    let mut xml = Xml::default();
    xml.text("TopicArn", arn);
    Ok(Done { effect, ..Done::wrote(xml.into_string()) })
}

fn list_topics(world: &mut World, call: &Call) -> Answered {
    let place = world.place(call.account(), &call.region);
    let found = place.map(|place| place.topics.keys().map(|arn| (arn.clone(), arn)).collect()).unwrap_or_default();
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.members("Topics", page.items, |xml, arn| xml.text("TopicArn", arn));
    xml.maybe("NextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

/// The topic a call names. Its ARN says where it is; the call has to be signed for that Region.
fn topic<'w>(world: &'w mut World, call: &Call, arn: &str) -> Result<&'w mut Topic, AwsError> {
    let mut parts = arn.split(':');
    let (Some("arn"), Some(_), Some("sns"), Some(region), Some(account)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(invalid("TopicArn"));
    };
    if region != call.region {
        return Err(invalid("TopicArn"));
    }
    if account != call.account() {
        let who = &call.principal.arn;
        let message = format!("User: {who} is not authorized to perform: SNS:Publish on resource: {arn}");
        return Err(AwsError::new(403, "AuthorizationError", message));
    }
    let topic = world.place_mut(account, region).topics.get_mut(arn);
    topic.ok_or_else(|| AwsError::new(404, "NotFound", "Topic does not exist"))
}

/// What Publish and one entry of PublishBatch say alike; and how many bytes it counts for.
fn message(params: &Params) -> Result<(Message, usize), AwsError> {
    let body = params.get("Message").filter(|body| !body.is_empty()).ok_or_else(|| invalid("Empty message"))?;
    let subject = params.get("Subject");
    // "Subjects must be UTF-8 text with no line breaks or control characters, and less than 100 characters long."
    let fits = |subject: &str| !subject.is_empty() && subject.chars().count() <= 100 && !subject.chars().any(char::is_control);
    if subject.is_some_and(|subject| !fits(subject)) {
        return Err(invalid("Subject"));
    }
    let structure = params.get("MessageStructure").map(str::to_owned);
    if structure.as_deref() == Some("json") {
        let parsed: Option<serde_json::Value> = serde_json::from_str(body).ok();
        let default = parsed.as_ref().and_then(|parsed| parsed.get("default")).is_some_and(serde_json::Value::is_string);
        if !default {
            return Err(invalid("Message Structure - No default entry in JSON message body"));
        }
    }
    let mut bytes = body.len();
    let mut attributes = BTreeMap::new();
    for entry in params.groups("MessageAttributes.entry") {
        let name = entry.required("Name").map_err(|_| invalid("MessageAttributes"))?.to_owned();
        let data_type = entry.get("Value.DataType").unwrap_or_default().to_owned();
        let value = entry.get("Value.StringValue").or_else(|| entry.get("Value.BinaryValue")).unwrap_or_default();
        if data_type.is_empty() || value.is_empty() {
            let message = format!("The message attribute '{name}' must contain non-empty message attribute value");
            return Err(AwsError::client("InvalidParameterValue", message));
        }
        bytes += name.len() + data_type.len() + value.len();
        attributes.insert(name, Attribute { data_type, value: value.to_owned() });
    }
    if bytes > MAX_BYTES {
        return Err(invalid("Message too long"));
    }
    let message = Message {
        id: String::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
        subject: subject.map(str::to_owned),
        body: body.to_owned(),
        structure,
        attributes,
        batch_entry: None,
    };
    Ok((message, bytes))
}

fn publish(world: &mut World, call: &Call) -> Answered {
    let arn = call.params.get("TopicArn").or_else(|| call.params.get("TargetArn"));
    let arn = arn.ok_or_else(|| invalid("TopicArn or TargetArn Reason: no value for required parameter"))?;
    let (message, _) = message(&call.params)?;
    let (id, at) = (world.ids.uuid(), world.now());
    topic(world, call, arn)?.messages.push(Message { id: id.clone(), at, ..message });
    let mut xml = Xml::default();
    xml.text("MessageId", id);
    Ok(Done::wrote(xml.into_string()))
}

/// Refuses what concerns the whole batch.
fn batch(params: &Params) -> Result<Vec<Params>, AwsError> {
    let entries = params.groups("PublishBatchRequestEntries.member");
    let refuse = |code, message: &str| Err(AwsError::client(code, message));
    if entries.is_empty() {
        return refuse("EmptyBatchRequest", "The batch request doesn't contain any entries.");
    }
    if entries.len() > 10 {
        return refuse("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.");
    }
    let mut ids: Vec<&str> = entries.iter().filter_map(|entry| entry.get("Id")).collect();
    if ids.len() != entries.len() || ids.iter().any(|id| id.is_empty() || id.len() > 80) {
        return refuse("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification.");
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != entries.len() {
        return refuse("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.");
    }
    let bytes: usize = entries.iter().filter_map(|entry| message(entry).ok()).map(|(_, bytes)| bytes).sum();
    if bytes > MAX_BYTES {
        return refuse("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit.");
    }
    Ok(entries)
}

/// An entry that fails does so inside an answer with HTTP 200.
fn publish_batch(world: &mut World, call: &Call) -> Answered {
    let arn = call.params.get("TopicArn").ok_or_else(|| invalid("TopicArn"))?;
    let entries = batch(&call.params)?;
    topic(world, call, arn)?;
    let mut taken = Vec::new();
    let mut failed = Vec::new();
    for entry in entries {
        let entry_id = entry.get("Id").unwrap_or_default().to_owned();
        let (id, at) = (world.ids.uuid(), world.now());
        let topic = topic(world, call, arn)?;
        if topic.failing_entries > 0 {
            topic.failing_entries -= 1;
            failed.push((entry_id, AwsError::new(500, "InternalError", "An internal error has occurred")));
            continue;
        }
        match message(&entry) {
            Err(error) => failed.push((entry_id, error)),
            Ok((message, _)) => {
                let batch_entry = Some(entry_id.clone());
                topic.messages.push(Message { id: id.clone(), at, batch_entry, ..message });
                taken.push((entry_id, id));
            }
        }
    }
    let effect = !taken.is_empty();
    let mut xml = Xml::default();
    xml.members("Successful", taken, |xml, (entry, id)| {
        xml.text("Id", entry);
        xml.text("MessageId", id);
    });
    xml.members("Failed", failed, |xml, (entry, error)| {
        xml.text("Id", entry);
        xml.text("Code", &error.code);
        xml.text("Message", &error.message);
        xml.text("SenderFault", error.status < 500);
    });
    Ok(Done { effect, ..Done::wrote(xml.into_string()) })
}
