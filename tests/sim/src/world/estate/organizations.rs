//! Building organizations: `w.organization("o-abcdefghij").management(A).unit("ou-abcd-11111111", "r-abcd").account(B, "ou-…")`.

use crate::world::World;
use crate::world::account::Account;
use crate::world::organization::{Member, MemberStatus, Organization, Unit};

/// An organization to build in.
#[derive(Debug)]
pub struct OrganizationHandle<'w> {
    world: &'w mut World,
    id: String,
}

impl World {
    /// Begins to build in an organization, which comes into being if it was not there, with the root `r-abcd`.
    pub fn organization(&mut self, id: &str) -> OrganizationHandle<'_> {
        self.organizations.entry(id.to_owned()).or_insert_with(|| Organization::new(id));
        OrganizationHandle { world: self, id: id.to_owned() }
    }
}

impl OrganizationHandle<'_> {
    /// Changes anything there is no word for.
    pub fn with(self, change: impl FnOnce(&mut Organization)) -> Self {
        if let Some(organization) = self.world.organizations.get_mut(&self.id) {
            change(organization);
        }
        self
    }

    /// Another id for the root. Before anything is put below it.
    pub fn root(self, id: &str) -> Self {
        self.with(|organization| id.clone_into(&mut organization.root))
    }

    /// The management account, at the root. Before ARNs of the organization are used: it is part of them.
    pub fn management(self, account: &str) -> Self {
        let root = self.world.organizations.get(&self.id).map(|organization| organization.root.clone()).unwrap_or_default();
        self.account(account, &root).with(|organization| account.clone_into(&mut organization.management))
    }

    /// A unit below the root or another unit.
    pub fn unit(self, id: &str, parent: &str) -> Self {
        self.with(|organization| {
            let unit = Unit { name: id.to_owned(), parent: parent.to_owned() };
            organization.units.insert(id.to_owned(), unit);
        })
    }

    /// An account in the root or a unit, active; one that was there already moves. It comes into being if it was not
    /// there, and leaves the organization it was in.
    pub fn account(self, account: &str, parent: &str) -> Self {
        let joined = self.world.now();
        self.world.accounts.entry(account.to_owned()).or_insert_with(|| Account::new("aws"));
        for (id, organization) in &mut self.world.organizations {
            if *id != self.id {
                organization.members.remove(account);
            }
        }
        self.with(|organization| {
            let member = organization.members.entry(account.to_owned()).or_insert_with(|| Member {
                name: format!("account {account}"),
                email: format!("aws-{account}@example.com"),
                status: MemberStatus::Active,
                invited: false,
                joined,
                parent: String::new(),
            });
            parent.clone_into(&mut member.parent);
        })
    }

    /// What an account is called.
    pub fn named(self, account: &str, name: &str) -> Self {
        self.with(|organization| {
            if let Some(member) = organization.members.get_mut(account) {
                name.clone_into(&mut member.name);
            }
        })
    }

    /// Whether a member is active, suspended or about to be closed.
    pub fn status(self, account: &str, status: MemberStatus) -> Self {
        self.with(|organization| {
            if let Some(member) = organization.members.get_mut(account) {
                member.status = status;
            }
        })
    }

    /// A member that may read the organization all the same.
    pub fn delegated_administrator(self, account: &str) -> Self {
        self.with(|organization| {
            organization.delegated.insert(account.to_owned());
        })
    }

    /// A member leaves: it stands alone from now on.
    pub fn leave(self, account: &str) -> Self {
        self.with(|organization| {
            organization.members.remove(account);
            organization.delegated.remove(account);
        })
    }
}
