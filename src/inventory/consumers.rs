//! What configured consumers would pick: images that something finds by name or tags, although nothing in AWS names them.
//!
//! Whether a consumer sees deprecated images depends on what it is and who owns them: an owner always does, Terraform asks for
//! `include_deprecated`, Karpenter takes them when there is nothing else (karpenter#6393). So both picks are protected.
//!
//! INVARIANT: an image is left out only if as many newer ones are certainly seen by the consumer as it picks. Images that
//! nobody read can only make more of the others stay.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::config::Consumer;
use crate::model::{AccountId, AmiId, Grantee, Image, ImageState, Permissions, Place, Region};

use super::estate::Estate;
use super::facts::Unknown;
use super::joins::Joined;
use super::organization::Organization;
use super::place::Inventory;
use super::references::{Reference, User};

/// What would be picked.
#[derive(Debug, Default)]
pub(super) struct Picks<'a> {
    pub(super) certain: Vec<(&'a AmiId, Reference)>,
    /// Images that may be picked, since it was not read whom they are shared with or what they are called.
    pub(super) doubtful: HashMap<&'a AmiId, Vec<Unknown>>,
}

/// Whether a consumer sees an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    Yes,
    No,
    /// Whom it is shared with was not read.
    Unread,
    /// It has no name to be found by.
    Nameless,
}

impl Joined<'_> {
    /// How many consumers would pick an image; `None` where one may or may not. Where the images of some account were not
    /// listed, one of those may be picked in its stead.
    pub(super) fn consumers_of(&self, inventory: &Inventory, image: &AmiId, users: &[Reference]) -> Option<usize> {
        let picked = users.iter().filter(|user| matches!(user.user, User::Consumer { .. })).count();
        let rivals = || self.estate.places.values().filter(|other| other.place.region == inventory.place.region);
        let certain = picked == 0 || rivals().all(|other| other.images_read);
        (certain && !self.picks.doubtful.contains_key(image)).then_some(picked)
    }
}

/// What the consumers would pick of the estate's images at `now`. `unasked` stands in for permissions that were not read.
pub(super) fn picks<'a>(estate: &'a Estate, consumers: &[Consumer], unasked: Option<&Permissions>, now: Timestamp) -> Picks<'a> {
    let mut picks = Picks::default();
    let mut regions: BTreeMap<&Region, Vec<&Inventory>> = BTreeMap::new();
    for (place, inventory) in &estate.places {
        regions.entry(&place.region).or_default().push(inventory);
    }
    for consumer in consumers {
        for (region, places) in regions.iter().filter(|(region, _)| consumer.looks_in(region)) {
            let market = Market { consumer, organization: &estate.organization, unasked, candidates: candidates(consumer, places), now };
            let accounts = places.iter().map(|inventory| &inventory.place.account);
            let sites: BTreeSet<&AccountId> =
                consumer.account.as_ref().map_or_else(|| accounts.collect(), |account| BTreeSet::from([account]));
            market.pick(region, &sites, &mut picks);
        }
    }
    picks
}

/// The images that fit and can be launched, newest first.
fn candidates<'a>(consumer: &Consumer, places: &[&'a Inventory]) -> Vec<(&'a Inventory, &'a Image)> {
    let images = places.iter().flat_map(|inventory| inventory.images.iter().map(move |image| (*inventory, image)));
    let mut found: Vec<_> = images.filter(|(_, image)| image.state == ImageState::Available && consumer.may_describe(image)).collect();
    found.sort_by(|(_, a), (_, b)| (b.created_at, &a.id).cmp(&(a.created_at, &b.id)));
    found
}

/// One consumer in one Region, and what it chooses from.
struct Market<'c, 'a> {
    consumer: &'c Consumer,
    organization: &'c Organization,
    unasked: Option<&'c Permissions>,
    candidates: Vec<(&'a Inventory, &'a Image)>,
    now: Timestamp,
}

impl<'a> Market<'_, 'a> {
    /// What it would pick from any of `sites`: one reference per image, from its owner's account if it looks from there.
    fn pick(&self, region: &Region, sites: &BTreeSet<&AccountId>, picks: &mut Picks<'a>) {
        let Consumer { name, kind, .. } = self.consumer;
        let name = if kind.is_empty() { name.clone() } else { format!("{name} ({kind})") };
        let mut picked: BTreeMap<&AmiId, &AccountId> = BTreeMap::new();
        let mut doubtful: BTreeMap<&AmiId, &str> = BTreeMap::new();
        for site in sites {
            for with_deprecated in [true, false] {
                self.look(site, with_deprecated, |image, sight| match sight {
                    Sight::Yes if image.owner == **site => drop(picked.insert(&image.id, site)),
                    Sight::Yes => drop(picked.entry(&image.id).or_insert(site)),
                    Sight::Unread => drop(doubtful.insert(&image.id, "whom it is shared with was not read")),
                    Sight::Nameless => drop(doubtful.insert(&image.id, "what it is called was not told")),
                    Sight::No => {}
                });
            }
        }
        for (image, site) in &picked {
            let place = Place { account: (*site).clone(), region: region.clone() };
            picks.certain.push((image, Reference::live(&place, User::Consumer { name: name.clone() })));
        }
        for (image, why) in doubtful.into_iter().filter(|(image, _)| !picked.contains_key(image)) {
            let reason = format!("consumer {name} may pick it: {why}");
            picks.doubtful.entry(image).or_default().push(Unknown { reason });
        }
    }

    /// Goes through what is seen from `site`, from the newest on, until enough are certain. Those of one moment count together:
    /// which of them is the newest nobody can tell. One from the future takes no place: its date is wrong, or the clock.
    fn look(&self, site: &AccountId, with_deprecated: bool, mut see: impl FnMut(&'a Image, Sight)) {
        let wanted = self.consumer.pick.count();
        let seen = |image: &Image| (with_deprecated || !image.is_deprecated(self.now)) && self.consumer.looks_among(image, site);
        let mut certain = 0;
        for moment in self.candidates.chunk_by(|(_, a), (_, b)| a.created_at == b.created_at) {
            if certain >= wanted {
                return;
            }
            for (inventory, image) in moment.iter().filter(|(_, image)| seen(image)) {
                let sight = self.sight(inventory, image, site);
                certain += usize::from(sight == Sight::Yes && image.created_at <= self.now);
                see(image, sight);
            }
        }
    }

    fn sight(&self, inventory: &Inventory, image: &Image, site: &AccountId) -> Sight {
        match self.shown(inventory, image, site) {
            Sight::Yes if !self.consumer.describes(image) => Sight::Nameless,
            sight => sight,
        }
    }

    /// Whether it may launch the image, whatever that is called.
    fn shown(&self, inventory: &Inventory, image: &Image, site: &AccountId) -> Sight {
        if image.owner == *site || image.public == Some(true) {
            return Sight::Yes;
        }
        let Some(Permissions(grantees)) = inventory.launch_permissions.get(&image.id).or(self.unasked) else { return Sight::Unread };
        let above = self.organization.members.get(site).map(Vec::as_slice).unwrap_or_default();
        let shared = grantees.iter().map(|grantee| match grantee {
            Grantee::Everyone => Sight::Yes,
            Grantee::Account(account) => {
                if account == site {
                    Sight::Yes
                } else {
                    Sight::No
                }
            }
            Grantee::Organization(arn) | Grantee::Unit(arn) => {
                let id = arn.rsplit('/').next().unwrap_or(arn);
                if above.iter().any(|known| known == id) { Sight::Yes } else { Sight::Unread }
            }
        });
        let unknown = if image.public.is_none() { Sight::Unread } else { Sight::No };
        shared.fold(unknown, |best, sight| match (best, sight) {
            (Sight::Yes, _) | (_, Sight::Yes) => Sight::Yes,
            (Sight::No, Sight::No) => Sight::No,
            _ => Sight::Unread,
        })
    }
}
