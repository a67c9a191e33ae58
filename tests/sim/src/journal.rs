//! Every call that reached this AWS, so that a test can say what was called, and above all what was not.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// How a call ended, as its caller saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An answer.
    Ok,
    /// A refusal, by its code.
    Error(String),
    /// Silence, a reset connection or an answer that cannot be read.
    Lost,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, on the world's clock.
    pub time: Timestamp,
    /// The account that was acted in; empty if the credentials named none.
    pub account: String,
    /// The Region it was signed for.
    pub region: String,
    /// The signing name: `ec2`, `ssm`, `cloudcontrolapi`, …
    pub service: String,
    /// For example `DescribeImages`.
    pub action: String,
    /// What IAM has to allow for it: `ec2:DescribeImages`; PublishBatch needs `sns:Publish`.
    pub iam_actions: Vec<String>,
    /// The ARN permissions hang on.
    pub principal: String,
    /// The ARN GetCallerIdentity tells: behind a role it ends with the name of the session.
    pub caller: String,
    /// The parameters as they came, those of a JSON body too (`Names.1`).
    pub params: BTreeMap<String, String>,
    /// Whether the API can change anything.
    pub mutating: bool,
    /// Whether `DryRun` was asked for.
    pub dry_run: bool,
    /// Whether the change happened: it may have, although the caller saw an error.
    pub effect: bool,
    /// What the caller saw.
    pub outcome: Outcome,
}

/// Every call in order.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    entries: Vec<Entry>,
}

impl Journal {
    pub(crate) fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// All of them.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Calls of APIs that can change something, refused ones and dry runs included.
    pub fn mutating(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.mutating)
    }

    /// Calls that did change something.
    pub fn effects(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.effect)
    }

    /// Calls of one action.
    pub fn calls<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(move |entry| entry.action == action)
    }

    /// How many calls of one action there were.
    pub fn count(&self, action: &str) -> usize {
        self.calls(action).count()
    }

    /// Forgets everything so far.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}
