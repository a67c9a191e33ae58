//! Scaling activities: what an Auto Scaling group did, and what it tried in vain.

use jiff::Timestamp;

/// One activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    pub id: String,
    pub group: String,
    pub description: String,
    pub cause: String,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    /// `Successful`, `Failed`, `Cancelled`, `InProgress`, …
    pub status: String,
    /// Why, for one that did not succeed.
    pub message: Option<String>,
    pub zone: String,
}

impl Activity {
    pub(crate) fn fail(&mut self, message: &str) {
        "Failed".clone_into(&mut self.status);
        self.description = format!("{}.  Status Reason: {message}", self.description);
        self.message = Some(message.to_owned());
    }
}
