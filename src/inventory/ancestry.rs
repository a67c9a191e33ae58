//! Where images come from and what was made of them: chains of `SourceImageId`.
//!
//! A chain that leaves the estate, runs in a circle or names itself is data; every walk ends. Nothing here guesses from
//! names.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{AccountId, AmiId, Grantee, Image, ImageState, Permissions, Place, Region, Source};

use super::estate::Estate;
use super::facts::{Unknown, since};
use super::history::History;
use super::place::Inventory;

/// How long the last complete listing of a place stands in for one that failed. Images are made rarely, and one Region that
/// does not answer must not hold every other one.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// The images above one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestors<'a> {
    pub images: BTreeSet<&'a AmiId>,
    /// Whether the last of them is known to come from no other image. A chain that ends at somebody else's image, or at one
    /// that is gone, is not complete.
    pub complete: bool,
}

/// An image that was made from another one and lives: it can be launched, or is about to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child<'a> {
    pub id: &'a AmiId,
    pub place: &'a Place,
    /// `None` where its place was not read and only an earlier cycle saw it.
    pub image: Option<&'a Image>,
}

/// What was made of an image.
#[derive(Clone, Debug, Default)]
pub struct Children<'a> {
    /// Those that were found, whether or not they are all. Sorted by place and id.
    pub found: Vec<Child<'a>>,
    /// Why there may be more; empty when there are not.
    pub unknown: Vec<Unknown>,
}

/// An image id and the Region it is in.
type Origin<'a> = (&'a AmiId, &'a Region);

/// All chains of the estate.
#[derive(Debug, Default)]
pub(super) struct Ancestry<'a> {
    images: HashMap<Origin<'a>, &'a Image>,
    children: HashMap<Origin<'a>, Vec<Child<'a>>>,
    /// What was made from an image of that id, nobody said in which Region: only where there is more than one of them.
    undecided: HashMap<&'a AmiId, Vec<Child<'a>>>,
    /// The one image of an id that something was made from in a Region that nobody named; `None` where there are several.
    namesakes: HashMap<&'a AmiId, Option<Origin<'a>>>,
    /// Places of ours whose images were not listed, and whether an earlier cycle stands in.
    blind: Vec<(&'a Place, bool)>,
}

impl<'a> Ancestry<'a> {
    pub(super) fn new(estate: &'a Estate, history: &'a History, now: Timestamp) -> Self {
        let mut ancestry = Self::default();
        for inventory in estate.places.values() {
            ancestry.join(inventory);
        }
        let unread = estate.places.values().filter(|inventory| !inventory.images_read).map(|inventory| &inventory.place);
        let unseen = estate.gaps.iter().filter(|gap| gap.source != Source::Organization && !estate.places.contains_key(&gap.place));
        let mut blind: Vec<&Place> = unread.chain(unseen.map(|gap| &gap.place)).collect();
        blind.sort();
        blind.dedup();
        let recent = |place: &&Place| history.listed_at.get(*place).is_some_and(|at| still_counts(*at, now));
        ancestry.blind = blind.into_iter().map(|place| (place, recent(&place))).collect();
        ancestry.remember(history);
        ancestry.decide();
        for children in ancestry.children.values_mut() {
            children.sort_by_key(|child| (child.place, child.id));
        }
        ancestry
    }

    fn join(&mut self, inventory: &'a Inventory) {
        for image in &inventory.images {
            self.images.insert((&image.id, &inventory.place.region), image);
            if let Some((source, region)) = parent(image) {
                let child = Child { id: &image.id, place: &inventory.place, image: Some(image) };
                self.add(source, region, child);
            }
        }
    }

    fn add(&mut self, source: &'a AmiId, region: &'a Region, child: Child<'a>) {
        match region.is_any() {
            true => self.undecided.entry(source).or_default().push(child),
            false => self.children.entry((source, region)).or_default().push(child),
        }
    }

    /// Looks for the images that something was made from in a Region that nobody named. Ids are hardly given twice: where only
    /// one image has it, it is the one.
    fn decide(&mut self) {
        let named = self.images.values().filter_map(|image| image.source_image.as_ref());
        let mut wanted: HashSet<&AmiId> = named.filter(|(_, region)| region.is_any()).map(|(source, _)| source).collect();
        wanted.extend(self.undecided.keys());
        for (id, region) in self.images.keys().filter(|(id, _)| wanted.contains(id)) {
            self.namesakes.entry(id).and_modify(|one| *one = None).or_insert(Some((id, region)));
        }
        for (source, found) in &self.namesakes {
            if let Some(origin) = found
                && let Some(children) = self.undecided.remove(source)
            {
                self.children.entry(*origin).or_default().extend(children);
            }
        }
    }

    /// Children in places that were not read now, as an earlier cycle saw them.
    fn remember(&mut self, history: &'a History) {
        if !self.blind.iter().any(|(_, remembered)| *remembered) {
            return;
        }
        for (id, parent) in &history.parents {
            if self.blind.contains(&(&parent.place, true)) {
                let child = Child { id, place: &parent.place, image: None };
                self.add(&parent.image, &parent.region, child);
            }
        }
    }

    /// The images above `image`, or `None` where a place that was not read may hold one of them, or nobody can tell which of
    /// several it is.
    pub(super) fn ancestors(&self, image: &'a Image) -> Option<Ancestors<'a>> {
        let mut images = BTreeSet::new();
        let mut next = image.source_image.as_ref();
        while let Some((source, region)) = next {
            // A circle: all of it is known.
            if *source == image.id || !images.insert(source) {
                break;
            }
            let origin = match self.namesakes.get(source).filter(|_| region.is_any()) {
                Some(one) => (*one)?,
                None => (source, region),
            };
            let Some(above) = self.images.get(&origin) else {
                let hidden = self.blind.iter().any(|(place, _)| region.is_any() || place.region == *region || place.region.is_any());
                return (!hidden).then_some(Ancestors { images, complete: false });
            };
            next = above.source_image.as_ref();
        }
        Some(Ancestors { images, complete: true })
    }

    /// What was made of `image` in its own account, and in those it is shared with: nobody else could have made a copy as
    /// things stand, and what another account copied in earlier times is its own.
    pub(super) fn children(&self, place: &Place, image: &Image, sharing: Option<&Permissions>) -> Children<'a> {
        let concerns = |account: &AccountId| {
            let shared = |permissions: &Permissions| permissions.0.iter().any(|grantee| reaches(grantee, account));
            *account == place.account || image.public != Some(false) || sharing.is_none_or(shared)
        };
        let found = self.children.get(&(&image.id, &place.region)).into_iter().flatten();
        let unread = self.blind.iter().filter(|(blind, remembered)| !remembered && concerns(&blind.account));
        let unread = unread.map(|(blind, _)| Unknown { reason: format!("the images of {blind} were not read") });
        let undecided = self.undecided.get(&image.id).into_iter().flatten().filter(|child| concerns(&child.place.account));
        let undecided = undecided.map(|Child { id, .. }| Unknown {
            reason: format!("{id} was made from it or from another image of its id: its source Region was not told"),
        });
        Children {
            found: found.filter(|child| concerns(&child.place.account)).copied().collect(),
            unknown: unread.chain(undecided).collect(),
        }
    }

    /// Whether nobody can tell if something was made from `image` or from another image of its id.
    pub(super) fn is_undecided(&self, image: &Image) -> bool {
        self.undecided.contains_key(&image.id)
    }

    /// The copies of `image` in other Regions of its account, those on their way included: told by their source, never by
    /// name.
    pub(super) fn replicas<'s>(&'s self, place: &'s Place, image: &'s Image) -> impl Iterator<Item = (&'a Place, &'a Image)> + 's {
        let children = self.children.get(&(&image.id, &place.region)).into_iter().flatten();
        let elsewhere = children.filter(|child| child.place.account == place.account && child.place.region != place.region);
        elsewhere.filter_map(|child| Some((child.place, child.image?)))
    }
}

/// Whether a listing at `then` still stands in for one that failed.
pub(super) fn still_counts(then: Timestamp, now: Timestamp) -> bool {
    since(then, now) <= REMEMBERED
}

/// What an image that lives was made from. One that names itself has no parent.
pub(super) fn parent(image: &Image) -> Option<(&AmiId, &Region)> {
    let lives = matches!(image.state, ImageState::Available | ImageState::Pending);
    let (source, region) = image.source_image.as_ref().filter(|(source, _)| lives && *source != image.id)?;
    Some((source, region))
}

/// Whether `account` may have copied what is shared with `grantee`.
fn reaches(grantee: &Grantee, account: &AccountId) -> bool {
    match grantee {
        Grantee::Account(one) => one == account,
        Grantee::Everyone | Grantee::Organization(_) | Grantee::Unit(_) => true,
    }
}
