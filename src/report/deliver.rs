//! Sends what waits in the outbox: at least once, in order within a topic, and never faster than SNS recovers.
//!
//! A message is marked as sent only after SNS took it, so an end of the process in between sends it twice; its `id`
//! tells receivers that it is the same. One that SNS will never take is put aside and blocks no other.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::ledger::{Ledger, LedgerError, Message};

/// Messages per delivery; the rest follows in the next one. A cycle can hold this many in memory: 25 MB.
const BATCH: u32 = 100;

/// The first wait after a failure; each further failure doubles it.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// The longest wait: an hour after SNS is back, everything has been tried again.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// Why SNS did not take a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct PublishError {
    /// AWS's error code, or our word where no answer came.
    pub code: String,
    pub message: String,
    pub rejection: Rejection,
}

/// Whether it helps to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Later, or when a person has mended permissions, the topic or the network.
    Now,
    /// Never: SNS does not take this message as it is.
    ForEver,
}

impl PublishError {
    /// Sorts an error by its code (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors>). Only
    /// what the message itself is to blame for is for ever; a missing topic or permission can be mended.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        let rejection = match code.as_str() {
            // SNS says the same of a topic's ARN that is wrong, and that can be mended.
            _ if message.contains("TopicArn") => Rejection::Now,
            "InvalidParameter"
            | "InvalidParameterValue"
            | "ParameterValueInvalid"
            | "ValidationError"
            | "ValidationException"
            | "InvalidAttribute" => Rejection::ForEver,
            _ => Rejection::Now,
        };
        Self { code, message, rejection }
    }
}

/// What one delivery did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryReport {
    pub sent: usize,
    /// Put aside for ever, with the reason.
    pub parked: Vec<(String, String)>,
    /// To be tried again, with the reason: one per topic.
    pub delayed: Vec<(String, String)>,
}

/// Sends what is due at `now`. `publish` gives SNS's message id.
///
/// # Errors
/// Only those of the ledger: that SNS refuses is in the report.
pub async fn deliver<P, F>(ledger: &Ledger, publish: P, now: Timestamp) -> Result<DeliveryReport, LedgerError>
where
    P: Fn(Message) -> F,
    F: Future<Output = Result<String, PublishError>>,
{
    let mut report = DeliveryReport::default();
    let mut blocked = BTreeSet::new();
    for (message, attempts) in ledger.due_messages(now, BATCH).await? {
        if blocked.contains(&message.topic) {
            continue;
        }
        let (id, topic) = (message.id.clone(), message.topic.clone());
        match publish(message).await {
            Ok(receipt) => {
                ledger.mark_sent(&id, &receipt, now).await?;
                report.sent += 1;
            }
            Err(error) if error.rejection == Rejection::ForEver => {
                ledger.park(&id, &error.to_string(), now).await?;
                report.parked.push((id, error.to_string()));
            }
            Err(error) => {
                ledger.mark_failed(&id, &error.to_string(), now.checked_add(wait(attempts)).unwrap_or(Timestamp::MAX)).await?;
                report.delayed.push((topic.clone(), error.to_string()));
                blocked.insert(topic);
            }
        }
    }
    Ok(report)
}

/// How long to wait after this many failures before the present one.
fn wait(attempts: u32) -> SignedDuration {
    let factor = 1_i32.checked_shl(attempts.min(16)).unwrap_or(i32::MAX);
    FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_an_hour() {
        let seconds: Vec<i64> = [0, 1, 2, 6, 7, 40, u32::MAX].map(|attempts| wait(attempts).as_secs()).into();
        assert_eq!(seconds, [30, 60, 120, 1920, 3600, 3600, 3600]);
    }

    #[test]
    fn only_the_message_itself_is_rejected_for_ever() {
        assert_eq!(PublishError::new("InvalidParameter", "").rejection, Rejection::ForEver);
        for code in ["NotFound", "AuthorizationError", "Throttled", "InternalError", "dispatch"] {
            assert_eq!(PublishError::new(code, "").rejection, Rejection::Now, "{code}");
        }
    }
}
