//! Recycle Bin rules, in REST and JSON. What the rules keep lies in EC2's own APIs.

use serde_json::{Value, json};

use crate::api::{Answered, Api, Call, Done};
use crate::buckets::{READ, WRITE};
use crate::error::AwsError;
use crate::paging::{Sizes, page};
use crate::wire::answer::Body;
use crate::world::World;
use crate::world::recycle_bin::{Rule, RuleResource, RuleTag};

pub(crate) const APIS: &[Api] = &[
    Api {
        name: "ListRules",
        mutating: false,
        limit: READ,
        params: &["MaxResults", "NextToken", "ResourceType", "ResourceTags", "ExcludeResourceTags", "LockState"],
        run: list,
    },
    Api { name: "GetRule", mutating: false, limit: READ, params: &["Identifier"], run: get },
    Api {
        name: "CreateRule",
        mutating: true,
        limit: WRITE,
        params: &["RetentionPeriod", "Description", "Tags", "ResourceType", "ResourceTags", "ExcludeResourceTags"],
        run: create,
    },
    Api { name: "DeleteRule", mutating: true, limit: WRITE, params: &["Identifier"], run: delete },
];

const SIZES: Sizes = Sizes {
    parameter: "MaxResults",
    least: 1,
    most: 1000,
    default: Some(1000),
    bad_token: "ValidationException",
    bad_size: "ValidationException",
};

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationException", message)
}

fn resource_type(call: &Call) -> Result<RuleResource, AwsError> {
    let word = call.json.get("ResourceType").and_then(Value::as_str);
    word.and_then(RuleResource::parse).ok_or_else(|| invalid("ResourceType must be EBS_SNAPSHOT, EC2_IMAGE or EBS_VOLUME"))
}

fn tags(call: &Call, name: &str) -> Result<Vec<RuleTag>, AwsError> {
    let all = call.json.get(name).and_then(Value::as_array);
    let tags = all.into_iter().flatten().map(|tag| {
        let text = |field: &str| tag.get(field).and_then(Value::as_str).map(str::to_owned);
        let key = text("ResourceTagKey").ok_or_else(|| invalid("ResourceTagKey is required"))?;
        Ok(RuleTag { key, value: text("ResourceTagValue") })
    });
    tags.collect()
}

fn list(world: &mut World, call: &Call) -> Answered {
    let resource = resource_type(call)?;
    let with = tags(call, "ResourceTags")?;
    let without = tags(call, "ExcludeResourceTags")?;
    let lock = call.json.get("LockState").and_then(Value::as_str);
    let rules = world.place(call.account(), &call.region).map(|place| &place.rules);
    let found = rules
        .into_iter()
        .flat_map(|rules| rules.iter())
        .filter(|(_, rule)| rule.resource == resource)
        .filter(|(_, rule)| with.iter().all(|tag| rule.tags.contains(tag)))
        .filter(|(_, rule)| without.iter().all(|tag| rule.exclude.contains(tag)))
        .filter(|(_, rule)| lock.is_none_or(|lock| lock == lock_state(rule)))
        .map(|(id, rule)| (id.clone(), rule))
        .collect();
    let page = page(world, call, SIZES, found)?;
    let rules: Vec<Value> = page
        .items
        .into_iter()
        .map(|rule| {
            json!({
                "Identifier": rule.id,
                "Description": rule.description,
                "RetentionPeriod": period(rule),
                "LockState": lock_state(rule),
                "RuleArn": arn(world, call, rule),
            })
        })
        .collect();
    let mut answer = json!({ "Rules": rules });
    if let (Some(next), Some(fields)) = (page.next, answer.as_object_mut()) {
        fields.insert("NextToken".to_owned(), Value::from(next));
    }
    Ok(Done { body: Body::Json(200, answer), effect: false })
}

fn lock_state(rule: &Rule) -> &'static str {
    if rule.locked { "locked" } else { "unlocked" }
}

fn period(rule: &Rule) -> Value {
    json!({ "RetentionPeriodValue": rule.days, "RetentionPeriodUnit": "DAYS" })
}

fn arn(world: &World, call: &Call, rule: &Rule) -> String {
    format!("arn:{}:rbin:{}:{}:rule/{}", world.partition(call.account()), call.region, call.account(), rule.id)
}

fn whole(world: &World, call: &Call, rule: &Rule) -> Value {
    let tags = |tags: &[RuleTag]| {
        let each = tags.iter().map(|tag| match &tag.value {
            Some(value) => json!({ "ResourceTagKey": tag.key, "ResourceTagValue": value }),
            None => json!({ "ResourceTagKey": tag.key }),
        });
        each.collect::<Vec<Value>>()
    };
    json!({
        "Identifier": rule.id,
        "Description": rule.description,
        "ResourceType": rule.resource.as_str(),
        "RetentionPeriod": period(rule),
        "ResourceTags": tags(&rule.tags),
        "ExcludeResourceTags": tags(&rule.exclude),
        "Status": if rule.is_available(world.now()) { "available" } else { "pending" },
        "LockState": lock_state(rule),
        "RuleArn": arn(world, call, rule),
    })
}

fn no_rule(id: &str) -> AwsError {
    AwsError::new(404, "ResourceNotFoundException", format!("Rule with identifier {id} does not exist"))
}

fn get(world: &mut World, call: &Call) -> Answered {
    let id = call.params.required("Identifier")?;
    let rule = world.place(call.account(), &call.region).and_then(|place| place.rules.get(id));
    let rule = rule.ok_or_else(|| no_rule(id))?;
    Ok(Done { body: Body::Json(200, whole(world, call, rule)), effect: false })
}

/// A rule keeps what has its tags, or the whole Region but for what has the tags it excludes. It takes a while to work.
fn create(world: &mut World, call: &Call) -> Answered {
    let days = call.json.pointer("/RetentionPeriod/RetentionPeriodValue").and_then(Value::as_i64);
    let days = days.filter(|days| (1..=365).contains(days));
    let rule = Rule {
        resource: resource_type(call)?,
        days: days.ok_or_else(|| invalid("RetentionPeriodValue must be between 1 and 365"))?,
        description: call.json.get("Description").and_then(Value::as_str).unwrap_or_default().to_owned(),
        tags: tags(call, "ResourceTags")?,
        exclude: tags(call, "ExcludeResourceTags")?,
        available_from: world.now() + world.settings.rule_delay,
        locked: false,
        id: world.ids.rule(),
    };
    if !rule.tags.is_empty() && !rule.exclude.is_empty() {
        return Err(invalid("ExcludeResourceTags can only be used with Region-level rules"));
    }
    let answer = whole(world, call, &rule);
    world.place_mut(call.account(), &call.region).rules.insert(rule.id.clone(), rule);
    Ok(Done { body: Body::Json(201, answer), effect: true })
}

fn delete(world: &mut World, call: &Call) -> Answered {
    let id = call.params.required("Identifier")?;
    let place = world.place_mut(call.account(), &call.region);
    match place.rules.get(id) {
        None => Err(no_rule(id)),
        Some(rule) if rule.locked => Err(AwsError::new(409, "ConflictException", "The rule is locked")),
        Some(_) => {
            place.rules.remove(id);
            Ok(Done { body: Body::Json(204, Value::Null), effect: true })
        }
    }
}
