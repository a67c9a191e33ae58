//! What CloudTrail writes about a call.
//!
//! The older APIs of EC2 have a form of their own (`"launchPermission": {"add": {"items": […]}}`), taken from published
//! events; the newer ones have their request under its name (`"DisableImageRequest": {"ImageId": …}`).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::error::AwsError;
use crate::wire::params::Params;
use crate::wire::xml::seconds;
use crate::world::World;
use crate::world::account::Principal;
use crate::world::trail::{TrailEvent, event_id};

/// A call that AWS has seen.
pub(crate) struct Seen<'c> {
    pub(crate) action: &'c str,
    pub(crate) params: &'c Params,
    pub(crate) principal: &'c Principal,
    pub(crate) key: &'c str,
    pub(crate) region: &'c str,
    pub(crate) request_id: &'c str,
    /// The answer's XML, or the refusal.
    pub(crate) result: &'c Result<String, AwsError>,
}

/// Writes down a mutating call of EC2.
pub(crate) fn note(world: &mut World, seen: &Seen<'_>) {
    let Seen { action, params, principal, key, region, request_id, result } = seen;
    let made = result.as_ref().map_or_else(|_| Vec::new(), |xml| made(action, xml));
    let response = result.as_ref().map_or(Value::Null, |_| response_elements(action, &made, request_id));
    let mut record = base(world.now(), action, "ec2.amazonaws.com", &principal.account, region, request_id);
    record.insert("userIdentity".to_owned(), identity(principal, key));
    record.insert("requestParameters".to_owned(), request_parameters(action, params));
    record.insert("responseElements".to_owned(), response);
    if let Err(error) = result {
        record.insert("errorCode".to_owned(), Value::from(error_code(error)));
        record.insert("errorMessage".to_owned(), Value::from(error.message.as_str()));
    }
    let named = params.all().values().map(String::as_str).chain(made.iter().map(String::as_str));
    let mut resources: Vec<(String, String)> = named.filter_map(|id| Some((kind(id)?.to_owned(), id.to_owned()))).collect();
    resources.sort();
    resources.dedup();
    let event = TrailEvent {
        id: event_id(request_id),
        time: world.now(),
        name: (*action).to_owned(),
        source: "ec2.amazonaws.com".to_owned(),
        read_only: false,
        username: principal.arn.rsplit('/').next().map(str::to_owned),
        access_key: Some((*key).to_owned()),
        resources,
        record: Value::Object(record),
        visible_from: None,
    };
    world.add_event(&principal.account, region, event);
}

/// What every record has.
pub(crate) fn base(time: Timestamp, action: &str, source: &str, account: &str, region: &str, request_id: &str) -> Map<String, Value> {
    let record = json!({
        "eventVersion": "1.11",
        "eventTime": seconds(time),
        "eventSource": source,
        "eventName": action,
        "awsRegion": region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "simulated",
        "requestID": request_id,
        "eventID": event_id(request_id),
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": account,
        "eventCategory": "Management",
    });
    record.as_object().cloned().unwrap_or_default()
}

/// `userIdentity` of a user, or of a session of a role.
pub(crate) fn identity(principal: &Principal, key: &str) -> Value {
    let Principal { account, arn, grantee, .. } = principal;
    let name = arn.rsplit('/').next().unwrap_or_default();
    if !arn.contains(":assumed-role/") {
        return json!({
            "type": "IAMUser",
            "principalId": format!("AIDA{account}"),
            "arn": arn,
            "accountId": account,
            "accessKeyId": key,
            "userName": name,
        });
    }
    json!({
        "type": "AssumedRole",
        "principalId": format!("AROA{account}:{name}"),
        "arn": arn,
        "accountId": account,
        "accessKeyId": key,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": format!("AROA{account}"),
                "arn": grantee,
                "accountId": account,
                "userName": grantee.rsplit('/').next(),
            },
            "attributes": { "mfaAuthenticated": "false" },
        },
    })
}

/// EC2's codes have a prefix here that its answers do not have. That requests are too many is the client's fault.
fn error_code(error: &AwsError) -> String {
    let client = error.status < 500 || error.code == "RequestLimitExceeded";
    format!("{}.{}", if client { "Client" } else { "Server" }, error.code)
}

/// The CloudFormation type of what an id names.
fn kind(id: &str) -> Option<&'static str> {
    let (prefix, digits) = id.split_once('-')?;
    if digits.is_empty() || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    match prefix {
        "ami" => Some("AWS::EC2::Ami"),
        "snap" => Some("AWS::EC2::Snapshot"),
        "i" => Some("AWS::EC2::Instance"),
        "vol" => Some("AWS::EC2::Volume"),
        "lt" => Some("AWS::EC2::LaunchTemplate"),
        _ => None,
    }
}

/// The ids of what a call has made.
fn made(action: &str, xml: &str) -> Vec<String> {
    let element = match action {
        "CopyImage" => "imageId",
        "RunInstances" => "instanceId",
        _ => return Vec::new(),
    };
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).map(str::to_owned).collect()
}

fn response_elements(action: &str, made: &[String], request_id: &str) -> Value {
    match (action, made.first()) {
        ("CopyImage", Some(image)) => json!({ "requestId": request_id, "imageId": image }),
        ("RunInstances", _) => {
            let items: Vec<Value> = made.iter().map(|instance| json!({ "instanceId": instance })).collect();
            json!({ "requestId": request_id, "instancesSet": { "items": items } })
        }
        _ if is_old(action) => json!({ "requestId": request_id, "_return": true }),
        _ => json!({ format!("{action}Response"): { "requestId": request_id, "return": true } }),
    }
}

fn is_old(action: &str) -> bool {
    matches!(
        action,
        "RunInstances"
            | "TerminateInstances"
            | "ModifyImageAttribute"
            | "ResetImageAttribute"
            | "ModifySnapshotAttribute"
            | "DeregisterImage"
            | "DeleteSnapshot"
            | "CopyImage"
            | "CreateTags"
            | "DeleteTags"
    )
}

fn request_parameters(action: &str, params: &Params) -> Value {
    match action {
        "RunInstances" => run_instances(params),
        "TerminateInstances" => json!({ "instancesSet": items(params.list("InstanceId"), "instanceId") }),
        "ModifyImageAttribute" => attribute(params, "ImageId", "LaunchPermission", "launchPermission"),
        "ModifySnapshotAttribute" => attribute(params, "SnapshotId", "CreateVolumePermission", "CREATE_VOLUME_PERMISSION"),
        "CreateTags" | "DeleteTags" => {
            let tags: Vec<Value> = params.groups("Tag").iter().map(lowered).collect();
            json!({ "resourcesSet": items(params.list("ResourceId"), "resourceId"), "tagSet": { "items": tags } })
        }
        _ if is_old(action) => lowered(params),
        _ => json!({ format!("{action}Request"): nested(params) }),
    }
}

/// `{"items": [{"instanceId": "i-1"}]}`
fn items(values: Vec<&str>, name: &str) -> Value {
    let items: Vec<Value> = values.into_iter().map(|value| json!({ name: value })).collect();
    json!({ "items": items })
}

/// What is about the protocol and not about the request.
fn is_protocol(name: &str) -> bool {
    matches!(name, "Action" | "Version" | "DryRun")
}

fn lower(name: &str) -> String {
    let mut name = name.to_owned();
    name.get_mut(..1).into_iter().for_each(str::make_ascii_lowercase);
    name
}

fn typed(value: &str) -> Value {
    match value {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        other => Value::from(other),
    }
}

/// Plain parameters, their names in lower case.
fn lowered(params: &Params) -> Value {
    let plain = params.all().iter().filter(|(name, _)| !is_protocol(name) && !name.contains('.'));
    Value::Object(plain.map(|(name, value)| (lower(name), typed(value))).collect())
}

/// Parameters as the tree that their dots make.
fn nested(params: &Params) -> Value {
    let mut all = Map::new();
    for name in params.segments().into_iter().filter(|name| !is_protocol(name)) {
        let value = match params.get(name) {
            Some(value) => typed(value),
            None => nested(&params.under(name)),
        };
        all.insert(name.to_owned(), value);
    }
    Value::Object(all)
}

fn run_instances(params: &Params) -> Value {
    let mut item = Map::new();
    if let Some(image) = params.get("ImageId") {
        item.insert("imageId".to_owned(), Value::from(image));
    }
    for name in ["MinCount", "MaxCount"] {
        let count = params.get(name).and_then(|count| count.parse::<i64>().ok());
        item.insert(lower(name), Value::from(count.unwrap_or(1)));
    }
    let mut all = Map::from_iter([("instancesSet".to_owned(), json!({ "items": [item] }))]);
    for name in ["InstanceType", "ClientToken"] {
        if let Some(value) = params.get(name) {
            all.insert(lower(name), Value::from(value));
        }
    }
    if params.has("LaunchTemplate") {
        all.insert("launchTemplate".to_owned(), lowered(&params.under("LaunchTemplate")));
    }
    all.insert("monitoring".to_owned(), json!({ "enabled": false }));
    all.insert("disableApiTermination".to_owned(), Value::Bool(false));
    Value::Object(all)
}

/// Both wire forms of a change of permissions, as one.
fn attribute(params: &Params, id: &str, structure: &str, kind: &str) -> Value {
    let mut add: Vec<Value> = params.under(structure).groups("Add").iter().map(lowered).collect();
    let mut remove: Vec<Value> = params.under(structure).groups("Remove").iter().map(lowered).collect();
    let flat = [
        ("UserId", "userId"),
        ("UserGroup", "group"),
        ("OrganizationArn", "organizationArn"),
        ("OrganizationalUnitArn", "organizationalUnitArn"),
    ];
    let into = if params.get("OperationType") == Some("remove") { &mut remove } else { &mut add };
    for (parameter, name) in flat {
        into.extend(params.list(parameter).into_iter().map(|value| json!({ name: value })));
    }
    let mut all = Map::new();
    if let Some(id_value) = params.get(id) {
        all.insert(lower(id), Value::from(id_value));
    }
    if let Some(description) = params.get("Description.Value") {
        all.insert("description".to_owned(), Value::from(description));
        return Value::Object(all);
    }
    all.insert("attributeType".to_owned(), Value::from(kind));
    let mut changes = Map::new();
    for (name, items) in [("add", add), ("remove", remove)] {
        if !items.is_empty() {
            changes.insert(name.to_owned(), json!({ "items": items }));
        }
    }
    all.insert(lower(structure), Value::Object(changes));
    Value::Object(all)
}
