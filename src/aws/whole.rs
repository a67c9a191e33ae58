//! Watches every call of a client: counts what is sent and what comes back, and refuses answers that are not whole.
//!
//! The SDK's XML reader stops silently where a document breaks off (`next_tag` turns an error of the tokenizer
//! into "no more tags"), so a page cut short would be a shorter list without a next token: the one lie that
//! makes a used image look unused. Its JSON readers take an empty body for `{}` (`or_empty_doc`) and leave out `null`
//! members of a list. Every successful answer is therefore checked from its first to its last byte.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use serde_json::Value;
use tokio::time::Instant;
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::requests::Requests;
use crate::model::Place;

/// One per client.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    pub(super) place: Place,
    pub(super) requests: Arc<Requests>,
}

/// When the attempt under way was sent.
#[derive(Debug)]
struct Sent(Instant);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

/// The call, as AWS names it, and its service.
fn named(cfg: &ConfigBag) -> (&str, &str) {
    cfg.load::<Metadata>().map_or(("unnamed", ""), |metadata| (metadata.name(), metadata.service()))
}

#[dyn_dispatch_hint]
impl Intercept for Witness {
    fn name(&self) -> &'static str {
        "Witness"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _runtime_components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.requests.note(&self.place, named(cfg).0);
        cfg.interceptor_state().store_put(Sent(Instant::now()));
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _runtime_components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.output_or_error().is_err() {
            return Ok(());
        }
        let (api, service) = named(cfg);
        match context.response().body().bytes() {
            Some(body) => Ok(Wire::of(service).check(api, body)?),
            None => Err(Broken("its body was not read to the end".into()).into()),
        }
    }

    /// Runs once for every attempt, those without an answer included.
    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _runtime_components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Sent(sent)) = cfg.load::<Sent>() else { return Ok(()) };
        let waited = sent.elapsed();
        let bytes = context.response().and_then(|response| response.body().bytes()).map_or(0, <[u8]>::len);
        self.requests.ended(&self.place, named(cfg).0, bytes, waited);
        cfg.interceptor_state().unset::<Sent>();
        Ok(())
    }
}

/// Why an answer is not whole.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is cut short or broken: {0}")]
struct Broken(String);

/// How a service writes its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    Xml,
    Json,
}

impl Wire {
    /// By the service's name in the SDK.
    fn of(service: &str) -> Self {
        match service {
            "EC2" | "Auto Scaling" | "STS" | "SNS" => Self::Xml,
            _ => Self::Json,
        }
    }

    fn check(self, api: &str, body: &[u8]) -> Result<(), Broken> {
        match self {
            Self::Xml => whole_document(body).and_then(|()| holds_its_list(api, body)),
            Self::Json => whole_object(body),
        }
    }
}

/// Whether the answer to `api` holds the list it is about, empty or not. Where a list is required by the service's model
/// the SDK makes up an empty one if it is missing (`serde_util.rs` of aws-sdk-autoscaling): no groups, and so no users.
/// No other list that is read here is required by its model; one that is missing is seen where pages are put together.
fn holds_its_list(api: &str, body: &[u8]) -> Result<(), Broken> {
    let list = match api {
        "DescribeAutoScalingGroups" => "AutoScalingGroups",
        "DescribeLaunchConfigurations" => "LaunchConfigurations",
        "DescribeScalingActivities" => "Activities",
        _ => return Ok(()),
    };
    let named = String::from_utf8_lossy(body).contains(&format!("<{list}"));
    named.then_some(()).ok_or_else(|| Broken(format!("it lacks its list `{list}`")))
}

/// Whether `body` is a complete XML document.
fn whole_document(body: &[u8]) -> Result<(), Broken> {
    let text = std::str::from_utf8(body).map_err(|error| Broken(error.to_string()))?;
    let mut open = Vec::new();
    let mut elements = 0_usize;
    for token in Tokenizer::from(text.trim_start()) {
        match token.map_err(|error| Broken(error.to_string()))? {
            Token::ElementStart { prefix, local, .. } => {
                elements += 1;
                open.push((prefix.as_str(), local.as_str()));
            }
            Token::ElementEnd { end: ElementEnd::Empty, .. } => {
                open.pop();
            }
            Token::ElementEnd { end: ElementEnd::Close(prefix, local), .. } if open.pop() != Some((prefix.as_str(), local.as_str())) => {
                return Err(Broken(format!("`</{local}>` closes nothing that is open")));
            }
            _ => {}
        }
    }
    match open.last() {
        Some((_, local)) => Err(Broken(format!("`<{local}>` is never closed"))),
        None if elements == 0 => Err(Broken("it holds no element".into())),
        None => Ok(()),
    }
}

/// Whether `body` is one complete JSON object without `null` in any of its lists.
fn whole_object(body: &[u8]) -> Result<(), Broken> {
    match serde_json::from_slice(body).map_err(|error| Broken(error.to_string()))? {
        Value::Object(object) if object.values().any(holds_null_member) => Err(Broken("a member of a list is null".into())),
        Value::Object(_) => Ok(()),
        _ => Err(Broken("it is no JSON object".into())),
    }
}

fn holds_null_member(value: &Value) -> bool {
    match value {
        Value::Array(members) => members.iter().any(|member| member.is_null() || holds_null_member(member)),
        Value::Object(object) => object.values().any(holds_null_member),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<?xml version="1.0"?><R><imagesSet><item><imageId>ami-1</imageId></item><item/></imagesSet><t>x &amp; y</t></R>"#;
    const JSON: &str = r#"{"Parameters":[{"Name":"/a","Value":"ami-1"},{}],"Rules":[],"NextToken":null}"#;

    #[test]
    fn every_prefix_of_a_page_is_refused() {
        assert_eq!(whole_document(PAGE.as_bytes()), Ok(()));
        for end in 0..PAGE.len() {
            assert!(whole_document(&PAGE.as_bytes()[..end]).is_err(), "{}", &PAGE[..end]);
        }
    }

    #[test]
    fn every_prefix_of_a_json_answer_is_refused() {
        assert_eq!(whole_object(JSON.as_bytes()), Ok(()));
        for end in 0..JSON.len() {
            assert!(whole_object(&JSON.as_bytes()[..end]).is_err(), "{}", &JSON[..end]);
        }
    }

    #[test]
    fn an_answer_in_the_other_language_is_refused() {
        assert!(Wire::of("EC2").check("DescribeImages", JSON.as_bytes()).is_err());
        assert!(Wire::of("SSM").check("GetParameters", PAGE.as_bytes()).is_err());
        assert!(whole_object(b"[]").is_err());
    }

    #[test]
    fn a_null_in_a_list_is_no_shorter_list() {
        for body in [r#"{"Rules":[null]}"#, r#"{"a":{"b":[[1,null]]}}"#] {
            assert!(whole_object(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_required_list_that_is_missing_is_not_made_up() {
        let empty = b"<DescribeScalingActivitiesResponse><DescribeScalingActivitiesResult/></DescribeScalingActivitiesResponse>";
        assert!(Wire::Xml.check("DescribeScalingActivities", empty).is_err());
        assert!(Wire::Xml.check("DescribeImages", empty).is_ok());
    }

    #[test]
    fn a_closing_tag_of_another_element_is_refused() {
        assert!(whole_document(b"<a><b></a></b>").is_err());
    }
}
