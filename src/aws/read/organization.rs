//! AWS Organizations: who belongs to us, and below which units.
//!
//! `DescribeOrganization` answers every member; the listings answer only the management account and delegated
//! administrators. Accounts carry their path in newer answers; where they do not, the tree is walked.
//! <https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html>

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aws_sdk_organizations::types::Account;

use crate::aws::error::AwsError;
use crate::aws::organization::Organizations;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{DescribeOrganization, List, Member, OrganizationError, OrganizationHead};

/// The largest page of every listing here.
const PAGE: i32 = 20;

/// An organization has at most 2,000 units (Organizations user guide, quotas); more are a tree that goes in a circle.
const MOST_PARENTS: usize = 2_500;

/// The code with which AWS tells an account that it stands alone.
const STANDS_ALONE: &str = "AWSOrganizationsNotInUseException";

/// What was learnt of the organization.
#[derive(Clone, Debug)]
pub struct OrganizationAnswer {
    /// As `organization.json` holds it; without its accounts where they could not be listed.
    pub answer: DescribeOrganization,
    /// Why the accounts or their units are not known; `None` when they are.
    pub incomplete: Option<AwsError>,
}

/// Asks what organization the own account is in, and who else.
///
/// # Errors
/// When even that was not answered.
pub async fn organization(organizations: &Organizations) -> Result<OrganizationAnswer, AwsError> {
    organizations.turn(Api::organization("DescribeOrganization")).await;
    let head = match organizations.client.describe_organization().send().await.map_err(AwsError::of) {
        Ok(answer) => answer.organization.ok_or_else(|| AwsError::malformed("the answer lacks its `Organization`"))?,
        Err(error) if error.code == STANDS_ALONE => return Ok(stands_alone(error)),
        Err(error) => return Err(error),
    };
    let id = head.id.clone().filter(|id| !id.is_empty()).ok_or_else(|| AwsError::malformed("the organization has no id"))?;
    let organization = Some(OrganizationHead { id: head.id, arn: head.arn, master_account_id: head.master_account_id });
    let (accounts, incomplete) = match members(organizations, &id).await {
        Ok(members) => (Some(members), None),
        Err(error) => (None, Some(error)),
    };
    Ok(OrganizationAnswer { answer: DescribeOrganization { organization, accounts, error: None }, incomplete })
}

fn stands_alone(error: AwsError) -> OrganizationAnswer {
    let error = OrganizationError { code: Some(error.code), message: Some(error.message) };
    let answer = DescribeOrganization { organization: None, accounts: Some(Vec::new()), error: Some(error) };
    OrganizationAnswer { answer, incomplete: None }
}

/// Every account, each with its path.
async fn members(organizations: &Organizations, id: &str) -> Result<Vec<Option<Member>>, AwsError> {
    let accounts = all_pages("Accounts", |token| async move {
        organizations.turn(Api::organization("ListAccounts")).await;
        let page = organizations.client.list_accounts().max_results(PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        Ok(Page { items: page.accounts, next: page.next_token })
    });
    let accounts = accounts.await?;
    let mut paths: BTreeMap<String, String> = BTreeMap::new();
    for account in &accounts {
        let number = account.id.clone().ok_or_else(|| AwsError::malformed("an account was listed without its id"))?;
        if let Some(path) = told_path(account, id) {
            paths.insert(number, path);
        }
    }
    if paths.len() < accounts.len() {
        paths = walk(organizations, id).await?;
    }
    let members = accounts.into_iter().map(|account| {
        let number = account.id.clone().unwrap_or_default();
        let path = paths.remove(&number).ok_or_else(|| moved(&number))?;
        Ok(Some(Member { id: account.id.clone(), name: account.name.clone(), status: status(&account), path: Some(path) }))
    });
    let members = members.collect::<Result<Vec<_>, AwsError>>()?;
    match paths.keys().next() {
        Some(number) => Err(moved(number)),
        None => Ok(members),
    }
}

/// Accounts join, leave and move while they are listed; then the picture is of no one moment.
fn moved(number: &str) -> AwsError {
    AwsError::malformed(format!(
        "account {number} is not in all listings: it joined, left, moved, or is listed twice; the next cycle asks again"
    ))
}

/// `State`, or where it is not told `Status`, which AWS retires.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html>
fn status(account: &Account) -> Option<String> {
    let state = account.state.as_ref().map(|state| state.as_str().to_owned());
    state.or_else(|| account.status.as_ref().map(|status| status.as_str().to_owned()))
}

/// The path in the account's own words, without the account at its end: `o-…/r-…/ou-…/`.
fn told_path(account: &Account, organization: &str) -> Option<String> {
    let [path] = account.paths.as_deref()? else { return None };
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if parts.last() == account.id.as_deref().as_ref() {
        parts.pop();
    }
    let starts = parts.first() == Some(&organization) && parts.get(1).is_some_and(|root| root.starts_with("r-"));
    let goes_on = parts.iter().skip(2).all(|unit| unit.starts_with("ou-"));
    (starts && goes_on).then(|| parts.join("/") + "/")
}

/// The path of every account, from the roots down.
async fn walk(organizations: &Organizations, id: &str) -> Result<BTreeMap<String, String>, AwsError> {
    let roots = all_pages("Roots", |token| async move {
        organizations.turn(Api::organization("ListRoots")).await;
        let page = organizations.client.list_roots().max_results(PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        Ok(Page { items: ids(page.roots, |root| root.id), next: page.next_token })
    });
    let mut waiting: VecDeque<(String, String)> =
        named("root", roots.await?)?.into_iter().map(|root| (format!("{id}/{root}/"), root)).collect();
    let mut seen = BTreeSet::new();
    let mut paths = BTreeMap::new();
    while let Some((path, parent)) = waiting.pop_front() {
        if !seen.insert(parent.clone()) || seen.len() > MOST_PARENTS {
            return Err(AwsError::malformed(format!("the tree of units goes in a circle or never ends, at {parent}")));
        }
        for account in accounts_of(organizations, &parent).await? {
            if paths.insert(account.clone(), path.clone()).is_some() {
                return Err(moved(&account));
            }
        }
        waiting.extend(units_of(organizations, &parent).await?.into_iter().map(|unit| (format!("{path}{unit}/"), unit)));
    }
    Ok(paths)
}

async fn accounts_of(organizations: &Organizations, parent: &str) -> Result<Vec<String>, AwsError> {
    let accounts = all_pages("Accounts", |token| async move {
        organizations.turn(Api::organization("ListAccountsForParent")).await;
        let call = organizations.client.list_accounts_for_parent().parent_id(parent);
        let page = call.max_results(PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        Ok(Page { items: ids(page.accounts, |account| account.id), next: page.next_token })
    });
    named("account", accounts.await?)
}

async fn units_of(organizations: &Organizations, parent: &str) -> Result<Vec<String>, AwsError> {
    let units = all_pages("OrganizationalUnits", |token| async move {
        organizations.turn(Api::organization("ListOrganizationalUnitsForParent")).await;
        let call = organizations.client.list_organizational_units_for_parent().parent_id(parent);
        let page = call.max_results(PAGE).set_next_token(token).send().await.map_err(AwsError::of)?;
        Ok(Page { items: ids(page.organizational_units, |unit| unit.id), next: page.next_token })
    });
    named("unit", units.await?)
}

fn ids<T>(list: Option<Vec<T>>, id: impl Fn(T) -> Option<String>) -> List<String> {
    Some(list?.into_iter().map(id).collect())
}

fn named(what: &str, ids: Vec<Option<String>>) -> Result<Vec<String>, AwsError> {
    let lacks = || AwsError::malformed(format!("a {what} was listed without its id"));
    ids.into_iter().map(|id| id.filter(|id| !id.is_empty()).ok_or_else(lacks)).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_organizations::types::{AccountState, AccountStatus};

    use super::*;

    fn account(paths: &[&str]) -> Account {
        Account::builder().id("222222222222").set_paths(Some(paths.iter().map(|path| (*path).to_owned()).collect())).build()
    }

    #[test]
    fn a_path_is_taken_only_as_aws_documents_it() {
        let told = |paths: &[&str]| told_path(&account(paths), "o-abcdefghij");
        let below = Some("o-abcdefghij/r-abcd/ou-abcd-11111111/".to_owned());
        assert_eq!(told(&["o-abcdefghij/r-abcd/ou-abcd-11111111/222222222222/"]), below);
        assert_eq!(told(&["o-abcdefghij/r-abcd/ou-abcd-11111111/"]), below);
        assert_eq!(told(&["o-abcdefghij/r-abcd/222222222222/"]), Some("o-abcdefghij/r-abcd/".into()));
        for odd in [vec![], vec!["o-abcdefghij/"], vec!["o-other/r-abcd/"], vec!["o-abcdefghij/r-abcd/x/"], vec!["a/", "b/"]] {
            assert_eq!(told(&odd), None, "{odd:?}");
        }
    }

    #[test]
    fn the_newer_word_for_the_state_of_an_account_wins() {
        let account = Account::builder().status(AccountStatus::Active);
        assert_eq!(status(&account.clone().build()).as_deref(), Some("ACTIVE"));
        assert_eq!(status(&account.state(AccountState::Closed).build()).as_deref(), Some("CLOSED"));
        assert_eq!(status(&Account::builder().build()), None);
    }
}
