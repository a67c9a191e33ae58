//! Who belongs to us: the organization's accounts and units, and the configured groups.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccountId, Grantee};

pub use crate::config::OURS;

/// What is known about accounts beyond their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organization {
    /// `o-…`, when known.
    pub id: Option<String>,
    /// Why the membership is not completely known; `None` when it is.
    pub incomplete: Option<String>,
    /// Member accounts with the ids above them, from the organization (`o-…`) to the lowest unit.
    pub members: BTreeMap<AccountId, Vec<String>>,
    /// Configured groups by name.
    pub groups: BTreeMap<String, BTreeSet<AccountId>>,
}

/// How a grantee stands to us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Groups it belongs to, `OURS` among them when it is one of ours.
    pub groups: BTreeSet<String>,
    /// `o-…`, `ou-…` above it.
    pub path: Vec<String>,
}

impl Organization {
    /// How `account` stands to us as far as is known.
    pub fn account(&self, account: &AccountId) -> Standing {
        let mut groups: BTreeSet<String> =
            self.groups.iter().filter(|(_, members)| members.contains(account)).map(|(name, _)| name.clone()).collect();
        let path = self.members.get(account).cloned();
        if path.is_some() {
            groups.insert(OURS.into());
        }
        Standing { groups, path: path.unwrap_or_default() }
    }

    /// How any grantee stands to us: an organization or unit is ours when it carries our organization's id.
    pub fn grantee(&self, grantee: &Grantee) -> Standing {
        if let Grantee::Account(account) = grantee {
            return self.account(account);
        }
        let Some(id) = grantee.organization_id() else { return Standing::default() };
        let ours = self.id.as_deref() == Some(id);
        Standing { groups: ours.then(|| OURS.to_owned()).into_iter().collect(), path: vec![id.to_owned()] }
    }
}
