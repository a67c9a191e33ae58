//! What a request asks for: the operation and its parameters, in whichever protocol they came.

use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value};

use super::Service;
use super::params::Params;
use super::request::query;
use super::service::Protocol;

/// An operation and its parameters.
#[derive(Debug)]
pub(crate) struct Operation {
    /// For example `DescribeImages`. What leads nowhere keeps its path or target as its name, and is refused as such.
    pub(crate) action: String,
    /// Parameters by name, those of a JSON body too: `Names.1`, `ParameterFilters.1.Key`.
    pub(crate) params: Params,
    /// The JSON of the body, if there is one.
    pub(crate) json: Value,
    /// The body should be JSON and is not.
    pub(crate) unreadable: bool,
}

impl Operation {
    pub(crate) fn read(service: Service, http: &Request<Bytes>) -> Self {
        match service.protocol() {
            Protocol::Ec2Query | Protocol::Query => {
                let params = query(http);
                let action = params.get("Action").unwrap_or_default().to_owned();
                Self { action, params, json: Value::Null, unreadable: false }
            }
            Protocol::AwsJson(_) => Self::with_body(target(service, http), Params::default(), http),
            Protocol::RestJson => {
                let (action, params) = route(service, http);
                Self::with_body(action, params, http)
            }
        }
    }

    fn with_body(action: String, mut params: Params, http: &Request<Bytes>) -> Self {
        let body = match http.body().as_ref() {
            [] => Some(Map::new()),
            bytes => serde_json::from_slice(bytes).ok(),
        };
        let unreadable = body.is_none();
        let json = Value::Object(body.unwrap_or_default());
        params.insert_json("", &json);
        Self { action, params, json, unreadable }
    }
}

/// The operation behind the service's name in `X-Amz-Target`.
fn target(service: Service, http: &Request<Bytes>) -> String {
    let target = http.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = service.targets().iter().find_map(|prefix| target.strip_prefix(prefix)?.strip_prefix('.'));
    operation.unwrap_or(target).to_owned()
}

/// The operation behind a method and a path, and what the path or its query says.
fn route(service: Service, http: &Request<Bytes>) -> (String, Params) {
    let path = http.uri().path();
    let mut params = Params::default();
    let action = match (service, http.method().as_str(), path) {
        (Service::Rbin, "POST", "/list-rules") => "ListRules",
        (Service::Rbin, "POST", "/rules") => "CreateRule",
        (Service::Rbin, method, path) => match (method, path.strip_prefix("/rules/")) {
            ("GET", Some(id)) => {
                params.insert("Identifier", id.to_owned());
                "GetRule"
            }
            ("DELETE", Some(id)) => {
                params.insert("Identifier", id.to_owned());
                "DeleteRule"
            }
            _ => path,
        },
        // Image Builder's paths are the names of its operations; those that get take their arguments from the query.
        (Service::ImageBuilder, "POST", path) => path.strip_prefix('/').filter(|name| name.starts_with("List")).unwrap_or(path),
        (Service::ImageBuilder, "GET", path) => {
            params = Params::from_form(http.uri().query().unwrap_or_default().as_bytes());
            path.strip_prefix('/').filter(|name| name.starts_with("Get")).unwrap_or(path)
        }
        _ => path,
    };
    (action.to_owned(), params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(service: Service, target: &str, body: &str) -> Option<Operation> {
        let request = Request::post("/").header("x-amz-target", target).body(Bytes::from(body.to_owned()));
        request.ok().map(|request| Operation::read(service, &request))
    }

    #[test]
    fn both_targets_of_cloudtrail_name_the_same_operation() {
        for prefix in ["CloudTrail_20131101", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"] {
            let operation = asked(Service::CloudTrail, &format!("{prefix}.LookupEvents"), "{}");
            assert_eq!(operation.map(|operation| operation.action), Some("LookupEvents".to_owned()));
        }
    }

    #[test]
    fn the_target_of_another_service_leads_nowhere() {
        let operation = asked(Service::Ssm, "CloudApiService.ListResources", "{}");
        assert_eq!(operation.map(|operation| operation.action), Some("CloudApiService.ListResources".to_owned()));
    }

    #[test]
    fn a_body_that_is_no_json_object_is_unreadable_and_an_empty_one_is_none() {
        let unreadable = |body| asked(Service::Ssm, "AmazonSSM.GetParameters", body).map(|operation| operation.unreadable);
        assert_eq!(unreadable(""), Some(false));
        assert_eq!(unreadable("{\"Names\":[\"a\"]}"), Some(false));
        assert_eq!(unreadable("[]"), Some(true));
        assert_eq!(unreadable("{\"Names\":"), Some(true));
    }
}
