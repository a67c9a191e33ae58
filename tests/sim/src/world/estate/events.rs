//! Building CloudTrail's events, for what others did: `place.event("RunInstances").minutes_ago(20).failed(code, why).put()`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::PlaceHandle;
use crate::cloudtrail::record::{base, identity};
use crate::world::account::Principal;
use crate::world::trail::{TrailEvent, event_id};

/// An event in the making.
#[derive(Debug)]
pub struct EventBuilder<'w> {
    place: PlaceHandle<'w>,
    event: TrailEvent,
    fields: Map<String, Value>,
}

impl<'w> PlaceHandle<'w> {
    /// A call of EC2 that changed something, now, by the account's user, unless told otherwise.
    pub fn event(self, name: &str) -> EventBuilder<'w> {
        let event = TrailEvent {
            id: String::new(),
            time: self.world.now(),
            name: name.to_owned(),
            source: "ec2.amazonaws.com".to_owned(),
            read_only: false,
            username: None,
            access_key: None,
            resources: Vec::new(),
            record: Value::Null,
            visible_from: None,
        };
        let arn = format!("arn:{}:iam::{}:user/somebody", self.world.partition(&self.account), self.account);
        EventBuilder { place: self, event, fields: Map::new() }.by(&arn)
    }

    /// A launch that failed because its image is disabled or gone, as EC2 words it.
    pub fn failed_launch(self, image: &str) -> EventBuilder<'w> {
        let message = format!("The image ID '{image}' is no longer available");
        self.event("RunInstances")
            .request(json!({ "instancesSet": { "items": [{ "imageId": image, "minCount": 1, "maxCount": 1 }] } }))
            .resource("AWS::EC2::Ami", image)
            .failed("Client.InvalidAMIID.Unavailable", &message)
    }
}

impl EventBuilder<'_> {
    /// Sets anything there is no word for; `record` is made by `put`.
    pub fn with(mut self, change: impl FnOnce(&mut TrailEvent)) -> Self {
        change(&mut self.event);
        self
    }

    /// A field of `CloudTrailEvent`.
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// When it happened.
    pub fn at(self, time: Timestamp) -> Self {
        self.with(|event| event.time = time)
    }

    /// So many minutes ago.
    pub fn minutes_ago(self, minutes: i64) -> Self {
        let at = self.place.world.now() - SignedDuration::from_mins(minutes);
        self.at(at)
    }

    /// Not to be looked up before then, whatever the world's lag is.
    pub fn visible_from(self, at: Timestamp) -> Self {
        self.with(|event| event.visible_from = Some(at))
    }

    /// Another service than EC2, for example `autoscaling.amazonaws.com`.
    pub fn source(self, source: &str) -> Self {
        self.with(|event| source.clone_into(&mut event.source))
    }

    /// Whose call it was: the ARN of a user, or of a role's session.
    pub fn by(self, arn: &str) -> Self {
        let grantee = match arn.split(":assumed-role/").collect::<Vec<_>>().as_slice() {
            [start, rest] => format!("{}:role/{}", start.replacen(":sts:", ":iam:", 1), rest.split('/').next().unwrap_or_default()),
            _ => arn.to_owned(),
        };
        let key = format!("AKIA{}", self.place.account);
        let principal = Principal { grantee, ..Principal::new(&self.place.account, arn) };
        self.with(|event| {
            event.username = arn.rsplit('/').next().map(str::to_owned);
            event.access_key = Some(key.clone());
        })
        .field("userIdentity", identity(&principal, &key))
    }

    /// An AWS service did it, for example `autoscaling.amazonaws.com`.
    pub fn by_service(self, service: &str) -> Self {
        self.with(|event| {
            event.username = None;
            event.access_key = None;
        })
        .field("userIdentity", json!({ "type": "AWSService", "invokedBy": service }))
        .field("sourceIPAddress", Value::from(service))
    }

    /// A call that only looked.
    pub fn read_only(self) -> Self {
        self.with(|event| event.read_only = true).field("readOnly", Value::Bool(true))
    }

    /// `requestParameters`.
    pub fn request(self, parameters: Value) -> Self {
        self.field("requestParameters", parameters)
    }

    /// It failed: `Client.InvalidAMIID.Unavailable`, and why.
    pub fn failed(self, code: &str, message: &str) -> Self {
        self.field("errorCode", Value::from(code)).field("errorMessage", Value::from(message))
    }

    /// What it was about, by type and name.
    pub fn resource(self, kind: &str, name: &str) -> Self {
        self.with(|event| event.resources.push((kind.to_owned(), name.to_owned())))
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        let request = self.place.world.ids.request();
        let TrailEvent { time, name, source, .. } = &self.event;
        let mut record = base(*time, name, source, &self.place.account, &self.place.region, &request);
        record.insert("requestParameters".to_owned(), Value::Null);
        record.insert("responseElements".to_owned(), Value::Null);
        record.extend(self.fields);
        self.event.record = Value::Object(record);
        self.event.id = event_id(&request);
        let id = self.event.id.clone();
        self.place.world.add_event(&self.place.account, &self.place.region, self.event);
        id
    }
}
