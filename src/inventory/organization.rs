//! Who belongs to us: the organization's accounts and units, the accounts that are governed, and the configured groups.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Accounts, Discover};
use crate::model::{AccountId, Grantee};

use super::answers::{DescribeOrganization, Member};
use super::decode::{members, required};

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
    /// Whether the configuration says who the members are: then what AWS does not tell leaves nothing open.
    pub configured: bool,
    /// Whether the members were told by AWS (now, or in a recording) and not by the configuration: only then are they
    /// known to be all accounts that a share with the whole organization reaches.
    pub learnt: bool,
    /// Members that nobody can act in: suspended, closed, about to be, or not yet opened. Members all the same.
    pub suspended: BTreeSet<AccountId>,
    /// Accounts that are governed; ours, whether or not they are in the organization.
    pub governed: BTreeSet<AccountId>,
    /// Configured groups by name.
    pub groups: BTreeMap<String, BTreeSet<AccountId>>,
}

/// The words for an account that cannot be used. Any other word, and none, is an account that is tried.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html>
const UNUSABLE: [&str; 4] = ["SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION"];

/// The code with which AWS tells an account that it stands alone.
const STANDS_ALONE: &str = "AWSOrganizationsNotInUseException";

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
        if path.is_some() || self.governed.contains(account) {
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

    /// Learns who is in the organization, from what AWS said.
    ///
    /// # Errors
    /// What the answer lacks, for people. What it does tell is learnt all the same.
    pub(super) fn learn(&mut self, answer: DescribeOrganization) -> Result<(), String> {
        let DescribeOrganization { organization, accounts, error } = answer;
        let stands_alone = error.and_then(|error| error.code).is_some_and(|code| code == STANDS_ALONE);
        if stands_alone && organization.is_none() {
            self.learnt = true;
            return Ok(());
        }
        let id = required(organization.ok_or("it lacks `Organization`")?.id, "Id", "the organization")?;
        self.id = Some(id.clone());
        for member in members(accounts, "Accounts")?.into_iter().map(|member| read(member, &id)).collect::<Result<Vec<_>, _>>()? {
            let (account, path, usable) = member;
            if usable {
                self.suspended.remove(&account);
            } else {
                self.suspended.insert(account.clone());
            }
            self.members.insert(account, path);
        }
        self.learnt = true;
        Ok(())
    }

    /// The accounts that the configuration has us govern, beside the own one: what it lists, or the usable members below
    /// its units.
    pub fn wanted(&self, accounts: &Accounts) -> BTreeSet<AccountId> {
        let below = |path: &[String]| accounts.units.is_empty() || path.iter().any(|id| accounts.units.contains(id));
        let wanted: BTreeSet<AccountId> = match accounts.discover {
            Some(Discover::Organization) => {
                let usable = self.members.iter().filter(|(account, _)| !self.suspended.contains(*account));
                usable.filter(|(_, path)| below(path)).map(|(account, _)| account.clone()).collect()
            }
            None => accounts.list.iter().cloned().collect(),
        };
        wanted.into_iter().filter(|account| !accounts.exclude.contains(account)).collect()
    }

    /// Every account that a share with an organization or unit reaches.
    ///
    /// # Errors
    /// Why they are not all known: it is not ours, or ours is not completely known.
    pub fn reached_by(&self, grantee: &Grantee) -> Result<BTreeSet<&AccountId>, String> {
        let unit = match grantee {
            Grantee::Organization(_) => None,
            Grantee::Unit(arn) => Some(arn.rsplit('/').next().unwrap_or_default()),
            Grantee::Everyone | Grantee::Account(_) => return Err("it is no organization".into()),
        };
        if grantee.organization_id().is_none() || grantee.organization_id() != self.id.as_deref() {
            return Err("it is not our organization, as far as is known".into());
        }
        if let Some(why) = &self.incomplete {
            return Err(format!("its accounts are not all known: {why}"));
        }
        if !self.learnt {
            return Err("its accounts were not read, only configured".into());
        }
        // A path without its root does not tell the units.
        if let (Some(_), Some((account, _))) = (unit, self.members.iter().find(|(_, path)| !path.iter().any(|id| id.starts_with("r-")))) {
            return Err(format!("the units above {account} are not known"));
        }
        let reached = self.members.iter().filter(|(_, path)| unit.is_none_or(|unit| path.iter().any(|id| id == unit)));
        Ok(reached.map(|(account, _)| account).collect())
    }
}

/// An account, the ids above it, and whether it can be used.
fn read(member: Member, organization: &str) -> Result<(AccountId, Vec<String>, bool), String> {
    let id = required(member.id, "Id", "an account")?;
    let path = member.path.as_deref().unwrap_or(organization);
    let path = path.split('/').filter(|part| part.starts_with("o-") || part.starts_with("ou-") || part.starts_with("r-"));
    let usable = !member.status.is_some_and(|status| UNUSABLE.contains(&status.as_str()));
    Ok((id.into(), path.map(str::to_owned).collect(), usable))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str) -> (Organization, Result<(), String>) {
        let mut organization = Organization::default();
        let result = organization.learn(serde_json::from_str(json).unwrap());
        (organization, result)
    }

    const COMPANY: &str = r#"{"Organization": {"Id": "o-ours123456"}, "Accounts": [
        {"Id": "111111111111", "Status": "ACTIVE", "Path": "o-ours123456/r-abcd/"},
        {"Id": "222222222222", "Path": "o-ours123456/r-abcd/ou-abcd-11111111/"},
        {"Id": "333333333333", "Status": "SOMETHING_NEW", "Path": "o-ours123456/r-abcd/ou-abcd-11111111/ou-abcd-22222222/"},
        {"Id": "444444444444", "Status": "SUSPENDED", "Path": "o-ours123456/r-abcd/ou-abcd-11111111/"}]}"#;

    fn discovering(units: &[&str], exclude: &[&str]) -> Accounts {
        Accounts {
            discover: Some(Discover::Organization),
            units: units.iter().map(|unit| (*unit).to_owned()).collect(),
            exclude: exclude.iter().map(|account| AccountId::from(*account)).collect(),
            ..Accounts::default()
        }
    }

    fn numbers<'a>(accounts: impl IntoIterator<Item = &'a AccountId>) -> String {
        accounts.into_iter().map(|account| &account.as_str()[..1]).collect()
    }

    #[test]
    fn usable_members_below_the_units_are_governed() {
        let (organization, result) = told(COMPANY);
        assert_eq!(result, Ok(()));
        assert_eq!(numbers(&organization.wanted(&discovering(&[], &[]))), "123");
        assert_eq!(numbers(&organization.wanted(&discovering(&[], &["222222222222"]))), "13");
        assert_eq!(numbers(&organization.wanted(&discovering(&["ou-abcd-11111111"], &[]))), "23");
        assert_eq!(numbers(&organization.wanted(&discovering(&["r-abcd"], &[]))), "123");
        let listed = Accounts { list: vec!["999999999999".into()], ..Accounts::default() };
        assert_eq!(numbers(&organization.wanted(&listed)), "9");
    }

    #[test]
    fn a_share_with_a_unit_reaches_every_account_below_it_the_suspended_ones_too() {
        let (mut organization, _) = told(COMPANY);
        let ours = |what: &str| format!("arn:aws:organizations::111111111111:{what}");
        let whole = Grantee::Organization(ours("organization/o-ours123456"));
        let unit = Grantee::Unit(ours("ou/o-ours123456/ou-abcd-11111111"));
        assert_eq!(numbers(organization.reached_by(&whole).unwrap()), "1234");
        assert_eq!(numbers(organization.reached_by(&unit).unwrap()), "234");
        let empty = Grantee::Unit(ours("ou/o-ours123456/ou-abcd-99999999"));
        assert_eq!(numbers(organization.reached_by(&empty).unwrap()), "");
        assert!(organization.reached_by(&Grantee::Organization(ours("organization/o-other12345"))).is_err());
        organization.members.insert("555555555555".into(), vec!["o-ours123456".into()]);
        assert!(organization.reached_by(&unit).unwrap_err().contains("555555555555"));
        assert!(organization.reached_by(&whole).is_ok());
        organization.incomplete = Some("a page was cut off".into());
        assert!(organization.reached_by(&whole).unwrap_err().contains("a page was cut off"));
    }

    #[test]
    fn an_account_that_stands_alone_is_known_to_and_an_answer_without_its_parts_is_not() {
        let (alone, result) = told(r#"{"Error": {"Code": "AWSOrganizationsNotInUseException"}, "Accounts": []}"#);
        assert_eq!((result, alone.id, alone.learnt), (Ok(()), None, true));
        for broken in ["{}", r#"{"Accounts": []}"#, r#"{"Error": {"Code": "AccessDeniedException"}, "Accounts": []}"#] {
            let (organization, result) = told(broken);
            assert!(result.is_err() && !organization.learnt, "{broken}");
        }
        let (partly, result) = told(r#"{"Organization": {"Id": "o-ours123456"}}"#);
        assert_eq!((partly.id.as_deref(), partly.learnt), (Some("o-ours123456"), false));
        assert!(result.unwrap_err().contains("Accounts"));
    }
}
