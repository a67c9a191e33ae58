//! The whole estate: every place that was seen, and who belongs to us.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::config::{Config, Sources};
use crate::model::{AccountId, AmiId, Gap, Place, Region, Source};

use super::answers::DescribeOrganization;
use super::history::History;
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

    /// Adds the launches that `history` remembers to have failed to every place.
    pub fn add_failed_launches(&mut self, history: &mut History, sources: &Sources, now: Timestamp) {
        for (place, seen) in &mut history.failed_launches {
            if let Some(inventory) = self.places.get_mut(place) {
                inventory.add_failed_launches(seen, sources, now);
            }
        }
    }

    /// Learns the organization from what AWS said; `source` names it for people. What is unreadable leaves it incomplete,
    /// unless the configuration says who belongs to us.
    pub fn learn_organization(&mut self, answer: DescribeOrganization, source: &str) {
        match self.organization.learn(answer) {
            Ok(()) => self.organization.incomplete = None,
            Err(error) => self.organization_unread(format!("{source}: {error}")),
        }
    }

    /// Notes why the organization is not completely known: a gap, and a hold on what rests on it.
    pub fn organization_unread(&mut self, why: String) {
        // It is of no one place; nothing but shares and who is governed rests on it.
        self.gaps.push(Gap::in_place(&Place::new("*", "*"), Source::Organization, why.clone()));
        if !self.organization.configured {
            self.organization.incomplete = Some(why);
        }
    }

    /// Takes the recorded accounts for the governed ones, where the configuration governs more than one. Those that it names
    /// and nobody recorded are gaps, as they are live when they cannot be entered.
    pub fn govern_recorded(&mut self, config: &Config) {
        if !config.accounts.beyond_own() {
            return;
        }
        let recorded: BTreeSet<AccountId> = self.places.keys().map(|place| place.account.clone()).collect();
        for account in self.organization.wanted(&config.accounts).difference(&recorded) {
            let place = Place::new(account.clone(), "*");
            if !self.gaps.iter().any(|gap| gap.place == place && gap.source == Source::AssumeRole) {
                self.gaps.push(Gap::in_place(&place, Source::AssumeRole, "not recorded: there is no folder of this account"));
            }
            self.organization.governed.insert(account.clone());
        }
        self.organization.governed.extend(recorded);
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
    pub fn regions(&self) -> BTreeSet<Region> {
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
        "which accounts belong to us is not known: allow the reads of AWS Organizations, or set `organization.members` in the configuration (an empty list for a stand-alone account)".to_owned()
    });
    Organization {
        id: settings.id.clone(),
        incomplete,
        configured: settings.members.is_some(),
        members: settings.members.iter().flatten().map(|account| (account.clone(), path.clone())).collect(),
        groups: config.groups.iter().map(|(name, members)| (name.clone(), members.iter().cloned().collect())).collect(),
        ..Organization::default()
    }
}
