//! What AWS answers when it refuses: a code, a message and an HTTP status.
//!
//! The protocol decides how it looks on the wire, see `wire::answer`.

use std::borrow::Cow;

/// A refusal as AWS would word it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct AwsError {
    /// The code that clients match on, for example `InvalidAMIID.NotFound`.
    pub code: Cow<'static, str>,
    /// The sentence for people.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
}

impl AwsError {
    /// A refusal with any status.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status }
    }

    /// HTTP 400, by far the most of them.
    pub(crate) fn client(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub(crate) fn invalid_value(message: impl Into<String>) -> Self {
        Self::client("InvalidParameterValue", message)
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::client("MissingParameter", format!("The request must contain the parameter {parameter}"))
    }
}
