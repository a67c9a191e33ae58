//! Accounts, and who acts in them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::World;

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'static str,
    /// Regions it opted in to, beside those that are on for everybody.
    pub opted_in: BTreeSet<String>,
    /// Roles that can be assumed, with their external id. Empty: any role can.
    pub roles: BTreeMap<String, Option<String>>,
    /// The ARN of its organization and of the organizational units it is in.
    pub belongs_to: BTreeSet<String>,
}

impl Account {
    pub(crate) fn new(partition: &'static str) -> Self {
        Self { partition, opted_in: BTreeSet::new(), roles: BTreeMap::new(), belongs_to: BTreeSet::new() }
    }
}

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account that pays and answers.
    pub account: String,
    /// The ARN GetCallerIdentity tells.
    pub arn: String,
    /// The ARN permissions hang on: the user, or the role behind a session.
    pub grantee: String,
    /// When the credentials end.
    pub expires: Option<Timestamp>,
}

impl Principal {
    pub(crate) fn new(account: &str, arn: &str) -> Self {
        Self { account: account.to_owned(), arn: arn.to_owned(), grantee: arn.to_owned(), expires: None }
    }
}

impl World {
    /// The principal behind an access key id: one that was registered, or `AKIA` and a known account's id.
    pub(crate) fn principal_of_key(&self, key: &str) -> Option<Principal> {
        if let Some(principal) = self.keys.get(key) {
            return Some(principal.clone());
        }
        let id = key.strip_prefix("AKIA")?;
        let account = self.accounts.get(id)?;
        Some(Principal::new(id, &format!("arn:{}:iam::{id}:user/simulated", account.partition)))
    }

    /// Whether an account can use a Region; `None` where there is no such Region in its partition.
    pub(crate) fn is_enabled(&self, account: &str, region: &str) -> Option<bool> {
        let account = self.accounts.get(account)?;
        let info = self.regions().iter().find(|info| info.name == region && info.partition == account.partition)?;
        Some(!info.opt_in || account.opted_in.contains(region))
    }

    /// The partition of an account.
    pub(crate) fn partition(&self, account: &str) -> &'static str {
        self.accounts.get(account).map_or("aws", |account| account.partition)
    }
}
