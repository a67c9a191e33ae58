//! SNS topics and what was published to them.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// A message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `String`, `Number`, `String.Array` or `Binary`.
    pub data_type: String,
    /// The value; a binary one as the base64 it came in.
    pub value: String,
}

/// A message that a topic took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: String,
    pub at: Timestamp,
    pub subject: Option<String>,
    pub body: String,
    pub structure: Option<String>,
    pub attributes: BTreeMap<String, Attribute>,
    /// The entry's id, if it came with PublishBatch.
    pub batch_entry: Option<String>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its ARN.
    pub arn: String,
    /// What it took, in order.
    pub messages: Vec<Message>,
    /// So many of the next batch entries fail inside HTTP 200, with code `InternalError`.
    pub failing_entries: usize,
}
