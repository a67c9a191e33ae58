//! How an answer and a refusal look in each protocol.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::Service;
use super::service::Protocol;
use super::xml::Xml;
use crate::error::AwsError;

/// What an API answers with.
#[derive(Debug)]
pub(crate) enum Body {
    /// The elements inside the response (EC2) or the result (query services).
    Xml(String),
    /// The JSON of a service that speaks it, and its HTTP status.
    Json(u16, Value),
}

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// An answer on the wire.
pub(crate) fn success(service: Service, action: &str, body: Body, request_id: &str) -> Response<Bytes> {
    match body {
        Body::Json(status, value) => {
            let text = if status == 204 { String::new() } else { value.to_string() };
            response(service, status, text, request_id)
        }
        Body::Xml(inside) if service == Service::Ec2 => {
            let text = format!(
                "{DECLARATION}<{action}Response xmlns=\"{}\"><requestId>{request_id}</requestId>{inside}</{action}Response>",
                service.namespace()
            );
            response(service, 200, text, request_id)
        }
        Body::Xml(inside) => {
            let text = format!(
                "<{action}Response xmlns=\"{}\"><{action}Result>{inside}</{action}Result><ResponseMetadata>\
                 <RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>",
                service.namespace()
            );
            response(service, 200, text, request_id)
        }
    }
}

/// A refusal on the wire.
pub(crate) fn refusal(service: Service, error: &AwsError, request_id: &str) -> Response<Bytes> {
    match service.protocol() {
        Protocol::RestJson => {
            let body = json!({ service.message_field(): error.message });
            let mut answer = response(service, error.status, body.to_string(), request_id);
            if let Ok(code) = HeaderValue::from_str(&error.code) {
                answer.headers_mut().insert("x-amzn-errortype", code);
            }
            answer
        }
        Protocol::AwsJson(_) => {
            let body = json!({ "__type": error.code, service.message_field(): error.message });
            response(service, error.status, body.to_string(), request_id)
        }
        Protocol::Ec2Query | Protocol::Query => refusal_in_xml(service, error, request_id),
    }
}

fn refusal_in_xml(service: Service, error: &AwsError, request_id: &str) -> Response<Bytes> {
    let mut xml = Xml::default();
    let text = if service == Service::Ec2 {
        xml.element("Response", |xml| {
            xml.element("Errors", |xml| {
                xml.element("Error", |xml| {
                    xml.text("Code", &error.code);
                    xml.text("Message", &error.message);
                });
            });
            xml.text("RequestID", request_id);
        });
        format!("{DECLARATION}{}", xml.into_string())
    } else {
        xml.element("Error", |xml| {
            xml.text("Type", if error.status < 500 { "Sender" } else { "Receiver" });
            xml.text("Code", &error.code);
            xml.text("Message", &error.message);
        });
        xml.text("RequestId", request_id);
        format!("<ErrorResponse xmlns=\"{}\">{}</ErrorResponse>", service.namespace(), xml.into_string())
    };
    response(service, error.status, text, request_id)
}

fn response(service: Service, status: u16, text: String, request_id: &str) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(text));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = match service.protocol() {
        Protocol::Ec2Query => "text/xml;charset=UTF-8",
        Protocol::Query => "text/xml",
        Protocol::RestJson => "application/json",
        Protocol::AwsJson("1.0") => "application/x-amz-json-1.0",
        Protocol::AwsJson(_) => "application/x-amz-json-1.1",
    };
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        answer.headers_mut().insert("x-amzn-requestid", id);
    }
    answer
}
