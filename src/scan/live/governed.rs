//! What is governed: who belongs to us, which accounts can be entered, and which places there are to read.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::regions::{Reach, RegionsError, reach};
use crate::aws::read::{self, OrganizationAnswer};
use crate::aws::{Aws, Organizations};
use crate::config::Config;
use crate::inventory::answers::DescribeOrganization;
use crate::inventory::{Estate, History, Organization};
use crate::model::Place;
use crate::policy::PolicySet;
use crate::scan::Progress;

/// An estate in which nothing is read yet but who belongs to us.
#[derive(Debug)]
pub struct Governed {
    pub estate: Estate,
    /// To be read.
    pub places: Vec<Place>,
    /// What AWS said of the organization, if it was asked and said it all.
    pub organization: Option<DescribeOrganization>,
}

/// Finds out what is governed. AWS Organizations is asked where the configuration or a policy can make use of it; what it
/// does not tell is a gap, and so is every account that cannot be entered.
///
/// # Errors
/// When it is not known what to read.
pub async fn governed(
    aws: &Aws,
    config: &Config,
    policies: &PolicySet,
    history: &History,
    now: Timestamp,
    progress: &Progress,
) -> Result<Governed, RegionsError> {
    let mut estate = Estate::new(config);
    let could_use = config.organization.members.is_none() && policies.asks_organization();
    let organization = match could_use || config.accounts.discover.is_some() {
        true => ask(aws, &mut estate).await,
        false => None,
    };
    let known = match estate.organization.learnt {
        true => Some(estate.organization.clone()),
        false => Organization::remembered(history, now),
    };
    let places = enter(aws, config, &mut estate, known, progress).await?;
    Ok(Governed { estate, places, organization })
}

/// The same for an exposure scan, which comes every few minutes: it asks AWS Organizations only when nobody remembers who
/// is in it. Nothing that it plans depends on that.
///
/// # Errors
/// When it is not known what to read.
pub async fn governed_in_haste(
    aws: &Aws,
    config: &Config,
    policies: &PolicySet,
    history: &History,
    now: Timestamp,
) -> Result<Governed, RegionsError> {
    let silent = Progress::silent();
    let remembered = Organization::remembered(history, now);
    if config.accounts.discover.is_some() && remembered.is_none() {
        return governed(aws, config, policies, history, now, &silent).await;
    }
    let mut estate = Estate::new(config);
    let places = enter(aws, config, &mut estate, remembered, &silent).await?;
    Ok(Governed { estate, places, organization: None })
}

/// Asks who is in the organization; a complete answer is also returned, for a record.
async fn ask(aws: &Aws, estate: &mut Estate) -> Option<DescribeOrganization> {
    match read::organization(&Organizations::new(aws)).await {
        Ok(OrganizationAnswer { answer, incomplete: None }) => {
            estate.learn_organization(answer.clone(), "AWS Organizations");
            Some(answer)
        }
        Ok(OrganizationAnswer { answer, incomplete: Some(error) }) => {
            estate.organization.id = answer.organization.and_then(|organization| organization.id);
            estate.organization_unread(error.to_string());
            None
        }
        Err(error) => {
            estate.organization_unread(error.to_string());
            None
        }
    }
}

/// Enters every governed account, and notes in `estate` which ones those are. `known` is the organization as it was last
/// completely listed.
async fn enter(
    aws: &Aws,
    config: &Config,
    estate: &mut Estate,
    known: Option<Organization>,
    progress: &Progress,
) -> Result<Vec<Place>, RegionsError> {
    aws.enter_by(&config.accounts);
    let mut governed: BTreeSet<_> = known.unwrap_or_default().wanted(&config.accounts);
    let Reach { places, gaps } = reach(aws, &config.scope, &governed, progress).await?;
    estate.gaps.extend(gaps);
    if config.accounts.beyond_own() {
        governed.insert(aws.identity().account.clone());
        estate.organization.governed = governed;
    }
    Ok(places)
}
