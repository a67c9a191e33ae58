//! Organizations: one root, units below it, and accounts in them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::World;

/// `Status` of an account in its organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberStatus {
    Active,
    /// Closed by AWS, or by its owner within the last 90 days.
    Suspended,
    PendingClosure,
}

impl MemberStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
            Self::PendingClosure => "PENDING_CLOSURE",
        }
    }
}

/// An account as its organization lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub email: String,
    pub status: MemberStatus,
    pub invited: bool,
    pub joined: Timestamp,
    /// The id of the root or of a unit.
    pub parent: String,
}

/// An organizational unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub name: String,
    /// The id of the root or of a unit.
    pub parent: String,
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// `o-` and ten to 32 letters and digits.
    pub id: String,
    /// The root's id, `r-` and four to 32 letters and digits.
    pub root: String,
    /// The management account; empty until there is one.
    pub management: String,
    /// Members that may read it all the same.
    pub delegated: BTreeSet<String>,
    pub units: BTreeMap<String, Unit>,
    pub members: BTreeMap<String, Member>,
    /// Accounts are listed without `Status`, only with `State`, as AWS has announced.
    pub without_status: bool,
    /// Accounts are listed without `Paths`, as they were before 2026: whoever wants them walks the tree.
    pub without_paths: bool,
}

impl Organization {
    pub(crate) fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            root: "r-abcd".to_owned(),
            management: String::new(),
            delegated: BTreeSet::new(),
            units: BTreeMap::new(),
            members: BTreeMap::new(),
            without_status: false,
            without_paths: false,
        }
    }

    /// Whether there is such a root or unit.
    pub(crate) fn has_parent(&self, id: &str) -> bool {
        id == self.root || self.units.contains_key(id)
    }

    /// From a parent up to the root, both included. Units that contain each other end it.
    pub(crate) fn ancestry<'o>(&'o self, parent: &'o str) -> Vec<&'o str> {
        let mut up = vec![parent];
        let mut at = parent;
        while let Some(unit) = self.units.get(at).filter(|_| up.len() <= self.units.len()) {
            at = &unit.parent;
            up.push(at);
        }
        up
    }

    /// `o-id/r-root/ou-…/`, the way down to a parent.
    pub(crate) fn path(&self, parent: &str) -> String {
        let mut path = format!("{}/", self.id);
        for step in self.ancestry(parent).into_iter().rev() {
            path.push_str(step);
            path.push('/');
        }
        path
    }

    /// The ARN of something in it: `organization/o-…`, `account/o-…/111111111111`.
    pub(crate) fn arn(&self, partition: &str, what: &str) -> String {
        format!("arn:{partition}:organizations::{}:{what}", self.management)
    }

    /// Whether an account is in the organization or unit of this ARN.
    fn includes(&self, partition: &str, account: &str, arn: &str) -> bool {
        let Some(member) = self.members.get(account) else {
            return false;
        };
        arn == self.arn(partition, &format!("organization/{}", self.id))
            || self.ancestry(&member.parent).iter().any(|unit| arn == self.arn(partition, &format!("ou/{}/{unit}", self.id)))
    }
}

impl World {
    /// The organization an account is in.
    pub fn organization_of(&self, account: &str) -> Option<&Organization> {
        self.organizations.values().find(|organization| organization.members.contains_key(account))
    }

    /// Whether an account is in an organization or unit, by ARN: because it was said so, or because it was put there.
    pub(crate) fn belongs_to(&self, account: &str, arn: &str) -> bool {
        let said = self.accounts.get(account).is_some_and(|account| account.belongs_to.contains(arn));
        let partition = self.partition(account);
        said || self.organization_of(account).is_some_and(|organization| organization.includes(partition, account, arn))
    }

    /// Whether an account is suspended in its organization.
    pub(crate) fn is_suspended(&self, account: &str) -> bool {
        let member = self.organization_of(account).and_then(|organization| organization.members.get(account));
        member.is_some_and(|member| member.status == MemberStatus::Suspended)
    }
}
