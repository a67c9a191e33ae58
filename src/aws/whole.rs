//! Watches every call of a client: counts what is sent, and refuses answers that are not whole.
//!
//! The SDK's XML reader stops silently where a document breaks off (`next_tag` turns an error of the tokenizer
//! into "no more tags"), so a page cut short would be a shorter list without a next token: the one lie that
//! makes a used image look unused. Every successful XML answer is therefore checked from its first to its last tag.

use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use xmlparser::{ElementEnd, Token, Tokenizer};

use super::requests::Requests;
use crate::model::Place;

/// One per client.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    pub(super) place: Place,
    pub(super) requests: Arc<Requests>,
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
        self.requests.note(&self.place, cfg.load::<Metadata>().map_or("unnamed", Metadata::name));
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
        match context.response().body().bytes() {
            Some(body) => {
                whole(body)?;
                Ok(holds_its_list(cfg.load::<Metadata>().map_or("", Metadata::name), body)?)
            }
            None => Err(Broken("its body was not read to the end".into()).into()),
        }
    }
}

/// Why an answer is not whole.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is cut short or broken: {0}")]
struct Broken(String);

/// Whether the answer to `api` holds the list it is about, empty or not. Where a list is required by the service's model
/// the SDK makes up an empty one if it is missing (`serde_util.rs` of aws-sdk-autoscaling): no groups, and so no users.
fn holds_its_list(api: &str, body: &[u8]) -> Result<(), Broken> {
    let list = match api {
        "DescribeAutoScalingGroups" => "AutoScalingGroups",
        "DescribeLaunchConfigurations" => "LaunchConfigurations",
        _ => return Ok(()),
    };
    let named = String::from_utf8_lossy(body).contains(&format!("<{list}"));
    named.then_some(()).ok_or_else(|| Broken(format!("it lacks its list `{list}`")))
}

/// Whether `body` is a complete XML document. What is not XML (Recycle Bin answers in JSON) is the SDK's to check.
fn whole(body: &[u8]) -> Result<(), Broken> {
    let text = std::str::from_utf8(body).map_err(|error| Broken(error.to_string()))?;
    if !text.trim_start().starts_with('<') {
        return Ok(());
    }
    let mut open = Vec::new();
    let mut elements = 0_usize;
    for token in Tokenizer::from(text) {
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

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<?xml version="1.0"?><R><imagesSet><item><imageId>ami-1</imageId></item><item/></imagesSet><t>x &amp; y</t></R>"#;

    #[test]
    fn every_prefix_of_a_page_is_refused() {
        assert_eq!(whole(PAGE.as_bytes()), Ok(()));
        let first_element = PAGE.find("<R>").unwrap();
        for end in first_element..PAGE.len() {
            assert!(whole(&PAGE.as_bytes()[..end]).is_err(), "{}", &PAGE[..end]);
        }
    }

    #[test]
    fn json_and_empty_bodies_are_left_to_the_sdk() {
        assert_eq!(whole(b"{\"Rules\":["), Ok(()));
        assert_eq!(whole(b""), Ok(()));
    }

    #[test]
    fn a_closing_tag_of_another_element_is_refused() {
        assert!(whole(b"<a><b></a></b>").is_err());
    }
}
