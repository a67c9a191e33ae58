//! Sends one message to one topic, in the topic's own Region.
//!
//! Not a change of the estate, and sent once like one: the outbox in the ledger keeps what did not go out.

use std::collections::BTreeMap;

use aws_sdk_sns::config::retry::RetryConfig;
use aws_sdk_sns::types::MessageAttributeValue;

use super::connect::Aws;
use super::error::{AwsError, ErrorKind};
use super::write::{WriteOutcome, once};
use crate::model::{Place, Region};

/// A message ready to go. With its attributes it must stay below SNS's 262,144 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    pub topic_arn: String,
    /// ASCII, below 100 characters, no line break; for mail readers.
    pub subject: String,
    /// The JSON document of a message with `MessageStructure=json`: one text per protocol.
    pub body: String,
    /// To filter on: one value is a `String`, several are a `String.Array`.
    pub attributes: BTreeMap<String, Vec<String>>,
}

/// SNS's name for a message it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageId(pub String);

/// The Region in a topic's ARN: `arn:aws:sns:eu-central-1:123456789012:alerts`.
pub fn topic_region(topic_arn: &str) -> Option<Region> {
    let parts: Vec<&str> = topic_arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "sns", region, account, name] if !region.is_empty() && !account.is_empty() && !name.is_empty() => {
            Some(Region::from(*region))
        }
        _ => None,
    }
}

/// Publishes one message with the home account's credentials.
pub async fn publish(aws: &Aws, publication: &Publication) -> WriteOutcome<MessageId> {
    let client = match client(aws, &publication.topic_arn) {
        Ok(client) => client,
        Err(error) => return WriteOutcome::Failed(error),
    };
    let client = &client;
    once(|| async move {
        let mut call = client
            .publish()
            .topic_arn(&publication.topic_arn)
            .subject(&publication.subject)
            .message(&publication.body)
            .message_structure("json");
        for (name, values) in &publication.attributes {
            let (kind, text) = match values.as_slice() {
                [one] => ("String", one.clone()),
                // A JSON array: strings in a list are always JSON.
                several => ("String.Array", serde_json::to_string(several).unwrap_or_default()),
            };
            let value = MessageAttributeValue::builder().data_type(kind).string_value(text).build();
            let value = value.map_err(|error| AwsError::unsent(ErrorKind::Other, "InvalidAttribute", error.to_string()))?;
            call = call.message_attributes(name, value);
        }
        let answer = call.send().await.map_err(AwsError::of)?;
        answer.message_id.map(MessageId).ok_or_else(|| AwsError::malformed("SNS did not name the message"))
    })
    .await
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes SNS clients")]
fn client(aws: &Aws, topic_arn: &str) -> Result<aws_sdk_sns::Client, AwsError> {
    let unusable = || AwsError::unsent(ErrorKind::Other, "InvalidTopic", format!("`{topic_arn}` is not the ARN of an SNS topic"));
    let region = topic_region(topic_arn).ok_or_else(unusable)?;
    let account = aws.identity().account.clone();
    // Cheap: connections belong to the HTTP client, which all clients share.
    let config = aws_sdk_sns::config::Builder::from(aws.own_config())
        .region(aws_config::Region::new(region.as_str().to_owned()))
        .retry_config(RetryConfig::disabled())
        .interceptor(aws.witness(Place { account, region }));
    Ok(aws_sdk_sns::Client::from_conf(config.build()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_comes_from_the_topic() {
        assert_eq!(topic_region("arn:aws-cn:sns:cn-north-1:123456789012:alerts"), Some("cn-north-1".into()));
        assert_eq!(topic_region("arn:aws:sqs:eu-west-1:123456789012:queue"), None);
        assert_eq!(topic_region("arn:aws:sns::123456789012:alerts"), None);
        assert_eq!(topic_region("alerts"), None);
    }
}
