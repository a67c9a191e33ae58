//! What images were made from: whether a newer image of that family could be launched by now.

use std::collections::{HashMap, HashSet};

use crate::model::{AmiId, Image, Place, Region};

use super::estate::Estate;
use super::joins::Joined;

/// Copies of copies are followed this far: one per Region and account is plenty, and a circle must end.
const COPIES: usize = 8;

/// Every listed image that another one was made from, by id and Region.
#[derive(Debug, Default)]
pub(super) struct Bases<'a>(HashMap<(&'a AmiId, &'a Region), (&'a Place, &'a Image)>);

impl<'a> Bases<'a> {
    pub(super) fn of(estate: &'a Estate) -> Self {
        let images = || estate.places.values().flat_map(|inventory| inventory.images.iter().map(|image| (&inventory.place, image)));
        let named: HashSet<(&AmiId, &Region)> =
            images().filter_map(|(_, image)| image.source_image.as_ref()).map(|(id, region)| (id, region)).collect();
        let mut bases = HashMap::new();
        for (place, image) in images().filter(|(place, image)| named.contains(&(&image.id, &place.region))) {
            bases.entry((&image.id, &place.region)).or_insert((place, image));
        }
        Self(bases)
    }
}

impl Joined<'_> {
    /// Whether a newer image of the family of its base can be launched. A source of its own family is no base but what it is a
    /// copy of. `None` where the base, or its family, is not known.
    pub(super) fn newer_base(&self, place: &Place, image: &Image) -> Option<bool> {
        let own = self.standing(place, &image.id).map(|standing| standing.name.as_str());
        let mut image = image;
        for _ in 0..COPIES {
            let (id, region) = image.source_image.as_ref()?;
            let (place, base) = *self.bases.0.get(&(id, region))?;
            let standing = self.standing(place, &base.id)?;
            if own != Some(standing.name.as_str()) {
                return Some(standing.rank > 0);
            }
            image = base;
        }
        None
    }
}
