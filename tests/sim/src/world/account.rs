//! Accounts, and who acts in them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::World;

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'static str,
    /// Regions it opted in to, beside those that are on for everybody.
    pub opted_in: BTreeSet<String>,
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
    /// Any role can be assumed, whether it is among `roles` or not. So it is until the first role is put there.
    pub any_role: bool,
    /// The ARN of its organization and of the organizational units it is in.
    pub belongs_to: BTreeSet<String>,
}

impl Account {
    pub(crate) fn new(partition: &'static str) -> Self {
        Self { partition, opted_in: BTreeSet::new(), roles: BTreeMap::new(), any_role: true, belongs_to: BTreeSet::new() }
    }
}

/// A role, as far as assuming it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// What `ExternalId` must be, if its trust policy asks for one.
    pub external_id: Option<String>,
    /// Whom it trusts: account ids, or the ARNs of users and roles. `None`: everybody.
    pub trusts: Option<BTreeSet<String>>,
    /// The longest session it gives: an hour unless told otherwise.
    pub longest: SignedDuration,
}

impl Role {
    pub(crate) fn new(external_id: Option<&str>) -> Self {
        Self { external_id: external_id.map(str::to_owned), trusts: None, longest: SignedDuration::from_hours(1) }
    }

    /// Whether its trust policy lets this principal in, with the external id it gives.
    pub(crate) fn trusts(&self, principal: &Principal, external_id: Option<&str>) -> bool {
        let known = |trusted: &BTreeSet<String>| trusted.contains(&principal.account) || trusted.contains(&principal.grantee);
        self.trusts.as_ref().is_none_or(known) && self.external_id.as_deref().is_none_or(|wanted| external_id == Some(wanted))
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
