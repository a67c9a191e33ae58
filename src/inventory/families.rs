//! Families: images that replace each other, and where each stands among the launchable ones.
//!
//! The family is the configured tag; without it, images whose names differ only in a trailing version or date are
//! one family when there are at least two of them. Order is by version where every launchable member has one, else
//! by creation.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::config::TagNames;
use crate::model::{AmiId, Image, ImageState};

use super::facts::FamilyFacts;
use super::place::Inventory;
use super::versions::Version;

/// The families of one place: standing and version of its images.
#[derive(Debug, Default)]
pub(super) struct Families {
    pub(super) standing: HashMap<AmiId, FamilyFacts>,
    pub(super) versions: HashMap<AmiId, Version>,
}

/// Sorts the images of a place into families.
pub(super) fn families(inventory: &Inventory, tags: &TagNames) -> Families {
    // Untagged images of two architectures never replace each other.
    let mut members: HashMap<(String, Option<&str>), Vec<&Image>> = HashMap::new();
    let mut found = Families::default();
    for image in &inventory.images {
        if let Some(version) = version(image, tags) {
            found.versions.insert(image.id.clone(), version);
        }
        if let Some((name, tagged)) = family(image, tags) {
            let architecture = (!tagged).then_some(image.architecture.as_str());
            members.entry((name, architecture)).or_default().push(image);
        }
    }
    for ((name, architecture), members) in members {
        if architecture.is_none() || members.len() > 1 {
            stand(&name, &members, &mut found);
        }
    }
    found
}

/// The family's name, and whether a tag gives it.
fn family(image: &Image, tags: &TagNames) -> Option<(String, bool)> {
    match image.tags.get(&tags.family) {
        Some(family) if !family.is_empty() => Some((family.clone(), true)),
        _ => split(&image.name).map(|(stem, _)| (stem.to_owned(), false)),
    }
}

fn version(image: &Image, tags: &TagNames) -> Option<Version> {
    let tagged = image.tags.get(&tags.version).and_then(|text| Version::parse(text));
    tagged.or_else(|| split(&image.name).map(|(_, version)| version))
}

/// `golden-al2023-1.4.2` is `golden-al2023` and 1.4.2: the longest trailing version. What follows a version in a name is a
/// prerelease only when it reads like one: `ubuntu-22-20240501` is no 22 of the family `ubuntu`.
fn split(name: &str) -> Option<(&str, Version)> {
    let like_a_release = |version: &Version| match &version.prerelease {
        None => true,
        Some(word) => word.starts_with(|first: char| first.is_ascii_alphabetic()) && !ARCHITECTURES.iter().any(|name| word.contains(name)),
    };
    name.char_indices().filter(|(_, letter)| matches!(letter, '-' | '_' | ' ' | '/')).find_map(|(at, letter)| {
        let (stem, version) = (name.get(..at)?, name.get(at + letter.len_utf8()..)?);
        let version = Version::parse(version).filter(like_a_release)?;
        (!stem.is_empty()).then_some((stem, version))
    })
}

/// Words that say what an image runs on, not which release it is.
const ARCHITECTURES: [&str; 5] = ["x86_64", "amd64", "arm64", "aarch64", "i386"];

/// Ranks every member among the launchable ones.
fn stand(name: &str, members: &[&Image], found: &mut Families) {
    let mut launchable: Vec<&Image> = members.iter().copied().filter(|image| image.state == ImageState::Available).collect();
    let versioned = launchable.iter().all(|image| found.versions.contains_key(&image.id));
    let version = |image: &Image| found.versions.get(&image.id).filter(|_| versioned);
    let order = |a: &Image, b: &Image| {
        let by_version = match (version(a), version(b)) {
            (Some(a), Some(b)) => a.cmp(b),
            _ => Ordering::Equal,
        };
        by_version.then_with(|| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)))
    };
    launchable.sort_by(|a, b| order(b, a));

    // releases[n] counts the distinct releases among the n newest.
    let mut releases = vec![0];
    for (index, image) in launchable.iter().enumerate() {
        let earlier = index.checked_sub(1).and_then(|before| launchable.get(before));
        let repeated = earlier.is_some_and(|newer| version(newer).is_some() && version(newer) == version(image));
        releases.push(releases.last().copied().unwrap_or(0) + usize::from(!repeated));
    }
    let facts = |image: &Image| {
        let rank = launchable.partition_point(|other| order(other, image).is_gt());
        let same_release = rank
            .checked_sub(1)
            .and_then(|before| launchable.get(before))
            .is_some_and(|newer| version(newer).is_some() && version(newer) == version(image));
        FamilyFacts {
            name: name.to_owned(),
            rank,
            size: launchable.len(),
            versions_behind: releases.get(rank).copied().unwrap_or(0).saturating_sub(usize::from(same_release)),
            is_newest: rank == 0 && image.state == ImageState::Available,
        }
    };
    let standing: Vec<_> = members.iter().map(|image| (image.id.clone(), facts(image))).collect();
    found.standing.extend(standing);
}
