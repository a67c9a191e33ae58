//! Asking a world as an account: what the tests share.

use ami_warden_sim::{Reply, World, handle};
use bytes::Bytes;
use http::Request;
use serde_json::Value;

pub(crate) const OURS: &str = "111111111111";
pub(crate) const OUTSIDER: &str = "222222222222";
pub(crate) const HERE: &str = "us-east-1";

/// An answer: HTTP status and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    /// The text of each element of that name, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let parts = self.text.split(open.as_str()).skip(1);
        parts.filter_map(|part| part.split(close.as_str()).next()).collect()
    }

    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.one("Code")
    }
}

/// Who asks where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) key: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

pub(crate) const US: Caller<'static> = Caller { key: "AKIA111111111111", region: HERE, service: "ec2" };
pub(crate) const THEM: Caller<'static> = Caller { key: "AKIA222222222222", region: HERE, service: "ec2" };

/// The reply to a query request with these parameters, as `Action=…&A=b`.
pub(crate) fn reply(world: &mut World, caller: Caller<'_>, query: &str) -> Reply {
    let Caller { key, region, service } = caller;
    let credential = format!("{key}/20260101/{region}/{service}/aws4_request");
    let header = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0");
    let request = Request::post("http://localhost/").header("authorization", header);
    match request.body(Bytes::from(query.to_owned())) {
        Ok(request) => handle(world, &request),
        Err(_) => Reply::Reset,
    }
}

/// The answer to it. A lost one has status 0.
pub(crate) fn ask(world: &mut World, caller: Caller<'_>, query: &str) -> Answer {
    match reply(world, caller, query).answer() {
        None => Answer { status: 0, text: String::new() },
        Some(response) => Answer { status: response.status().as_u16(), text: String::from_utf8_lossy(response.body()).into_owned() },
    }
}

/// The reply to a JSON request.
pub(crate) fn reply_json(world: &mut World, caller: Caller<'_>, target: &str, body: &str) -> Reply {
    let Caller { key, region, service } = caller;
    let header = format!("AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0");
    let request = Request::post("http://localhost/").header("authorization", header).header("x-amz-target", target);
    match request.body(Bytes::from(body.to_owned())) {
        Ok(request) => handle(world, &request),
        Err(_) => Reply::Reset,
    }
}

/// Status and JSON of the answer to it; what is no JSON is null.
pub(crate) fn ask_json_as(world: &mut World, caller: Caller<'_>, target: &str, body: &str) -> (u16, Value) {
    match reply_json(world, caller, target, body).answer() {
        None => (0, Value::Null),
        Some(response) => (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or(Value::Null)),
    }
}

/// The same, asked by us.
pub(crate) fn ask_json(world: &mut World, service: &str, target: &str, body: &str) -> (u16, Value) {
    ask_json_as(world, Caller { service, ..US }, target, body)
}
