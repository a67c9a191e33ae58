//! The whole estate: every place that was seen, and who belongs to us.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::model::{AccountId, AmiId, Gap, Place, Region, Source};

use super::answers::DescribeOrganization;
use super::decode::{members, required};
use super::organization::Organization;
use super::place::Inventory;

/// One immutable picture. Places are added while they are scanned; then it is only read.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    pub places: BTreeMap<Place, Inventory>,
    pub organization: Organization,
    /// Gaps of places of which nothing is known, such as a Region that is not enabled.
    pub gaps: Vec<Gap>,
}

impl Estate {
    /// An estate without places, with the accounts that the configuration names.
    pub fn new(config: &Config) -> Self {
        Self { organization: configured(config), ..Self::default() }
    }

    /// Adds a place.
    pub fn add(&mut self, inventory: Inventory) {
        self.places.insert(inventory.place.clone(), inventory);
    }

    /// Learns the organization from its recorded answer; what is unreadable leaves it incomplete.
    pub fn learn_organization(&mut self, answer: DescribeOrganization) {
        match read_organization(answer) {
            Ok((id, members)) => {
                self.organization.id = Some(id);
                self.organization.incomplete = None;
                self.organization.members.extend(members);
            }
            Err(error) => self.organization.incomplete = Some(format!("organization.json: {error}")),
        }
    }

    /// Every gap, sorted, of places, single resources and the estate.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps: Vec<Gap> = self.places.values().flat_map(|place| &place.gaps).chain(&self.gaps).cloned().collect();
        gaps.sort();
        gaps.dedup();
        gaps
    }

    /// The images that belong to the account they were listed in, of the places where they were listed.
    pub fn own_images(&self) -> BTreeMap<Place, Vec<AmiId>> {
        let own = |inventory: &Inventory| {
            let own = inventory.images.iter().filter(|image| image.owner == inventory.place.account);
            own.map(|image| image.id.clone()).collect()
        };
        self.places.iter().filter(|(_, seen)| seen.images_read).map(|(place, inventory)| (place.clone(), own(inventory))).collect()
    }

    /// The Regions of all places.
    pub fn regions(&self) -> std::collections::BTreeSet<Region> {
        self.places.keys().map(|place| place.region.clone()).collect()
    }

    /// Whether nothing at all was read: no listing of any place answered.
    pub fn is_blank(&self) -> bool {
        // Details of rules are asked for only when the rules were listed.
        let mut listings = Source::LISTINGS.iter().filter(|source| **source != Source::RecycleBinRule);
        let is_missing = |place: &Inventory, source: &Source| place.place_gaps().any(|gap| gap.source == *source);
        listings.all(|source| self.places.values().all(|place| place.unasked.contains(source) || is_missing(place, source)))
    }
}

/// The membership that the configuration declares. The accounts that are scanned are ours in any case.
fn configured(config: &Config) -> Organization {
    let settings = &config.organization;
    let path: Vec<String> = settings.id.iter().cloned().collect();
    let incomplete = settings.members.is_none().then(|| {
        "which accounts belong to us is not known: set `organization.members` in the configuration (an empty list for a stand-alone account)".to_owned()
    });
    Organization {
        id: settings.id.clone(),
        incomplete,
        members: settings.members.iter().flatten().map(|account| (account.clone(), path.clone())).collect(),
        groups: config.groups.iter().map(|(name, members)| (name.clone(), members.iter().cloned().collect())).collect(),
    }
}

/// The organization's id and its accounts with the ids above them.
fn read_organization(answer: DescribeOrganization) -> Result<(String, BTreeMap<AccountId, Vec<String>>), String> {
    let head = answer.organization.ok_or("it lacks `Organization`")?;
    let organization = required(head.id, "Id", "the organization")?;
    let member = |member: super::answers::Member| {
        let id = required(member.id, "Id", "an account")?;
        let path = member.path.as_deref().unwrap_or(&organization);
        let path = path.split('/').filter(|part| part.starts_with("o-") || part.starts_with("ou-") || part.starts_with("r-"));
        Ok((AccountId::from(id), path.map(str::to_owned).collect()))
    };
    let members = members(answer.accounts, "Accounts")?.into_iter().map(member).collect::<Result<_, String>>()?;
    Ok((organization.clone(), members))
}
