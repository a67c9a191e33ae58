//! What differs between an image and its copies in other Regions, as far as both were read.
//!
//! Only what copies are meant to have in common: keep, hold and replication tags speak of the one image, and AWS's own tags
//! are AWS's. Nothing here tells a copy by its name.

use std::collections::BTreeSet;

use jiff::SignedDuration;

use crate::config::TagNames;
use crate::model::{Image, Permissions, Place};

/// Deprecated by the same policy, an image and its copy still differ by the time of a cycle or two.
const SAME_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Where copies differ from their source, in words that name the copy. Empty lists are the knowledge that they do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    pub tags: Vec<String>,
    pub deprecation: Vec<String>,
    /// `None` unless the permissions of the image and of every copy were read.
    pub shares: Option<Vec<String>>,
}

impl Drift {
    /// Everything that differs, for people; `None` when nothing does.
    pub fn told(&self) -> Option<String> {
        let Self { tags, deprecation, shares } = self;
        let all: Vec<&str> = tags.iter().chain(deprecation).chain(shares.iter().flatten()).map(String::as_str).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }
}

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'a> {
    pub(super) image: &'a Image,
    pub(super) permissions: Option<&'a Permissions>,
}

/// How the copies of `source` differ from it.
pub(super) fn drift<'a>(source: Side<'_>, copies: impl Iterator<Item = (&'a Place, Side<'a>)>, names: &TagNames) -> Drift {
    let mut drift = Drift { shares: Some(Vec::new()), ..Drift::default() };
    for (place, copy) in copies {
        let told = |what: String| format!("{} in {} {what}", copy.image.id, place.region);
        let keys: Vec<String> = different_tags(source.image, copy.image, names).map(|key| format!("`{}`", key.escape_default())).collect();
        if !keys.is_empty() {
            drift.tags.push(told(format!("has other tags {}", keys.join(", "))));
        }
        if differently_deprecated(source.image, copy.image) {
            drift.deprecation.push(told("is deprecated at another time, or only one of the two is".into()));
        }
        let shares = source.permissions.zip(copy.permissions).map(|(ours, theirs)| ours != theirs);
        match (shares, &mut drift.shares) {
            (Some(true), Some(list)) => list.push(told("is shared with others".into())),
            (Some(false), _) | (_, None) => {}
            (None, _) => drift.shares = None,
        }
    }
    drift
}

/// The keys that only one of them has, or that have different values.
fn different_tags<'a>(source: &'a Image, copy: &'a Image, names: &'a TagNames) -> impl Iterator<Item = &'a str> {
    let own = |key: &&String| key.starts_with("aws:") || names.keep.contains(key) || names.hold.contains(key) || **key == names.replicate;
    let keys: BTreeSet<&String> = source.tags.keys().chain(copy.tags.keys()).filter(|key| !own(key)).collect();
    keys.into_iter().filter(|key| source.tags.get(*key) != copy.tags.get(*key)).map(String::as_str)
}

fn differently_deprecated(source: &Image, copy: &Image) -> bool {
    match (source.deprecation_at, copy.deprecation_at) {
        (None, None) => false,
        (Some(one), Some(other)) => one.duration_since(other).abs() > SAME_DAY,
        (Some(_), None) | (None, Some(_)) => true,
    }
}
