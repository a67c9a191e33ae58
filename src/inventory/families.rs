//! Families: images that replace each other, and where each stands among the launchable ones.
//!
//! The family is the configured tag, or what a configured pattern finds in the name. Without either, images whose names
//! differ only in a trailing version or date are one family when there are at least two of them. Order is by version where
//! every launchable member has one, else by creation.

use std::cmp::Ordering;
use std::collections::HashMap;

use jiff::Timestamp;

use crate::config::Config;
use crate::model::{AccountId, AmiId, Image, ImageState};

use super::facts::FamilyFacts;
use super::place::Inventory;
use super::versions::Version;

/// The families of one place: standing and version of its images.
#[derive(Debug, Default)]
pub(super) struct Families {
    pub(super) standing: HashMap<AmiId, FamilyFacts>,
    pub(super) versions: HashMap<AmiId, Version>,
}

/// Sorts the images of a place into families as they stand at `now`.
pub(super) fn families(inventory: &Inventory, config: &Config, now: Timestamp) -> Families {
    // Images of two owners never replace each other, nor do untagged ones of two architectures.
    let mut members: HashMap<(String, Option<&str>, Told, &AccountId), Vec<&Image>> = HashMap::new();
    let mut found = Families::default();
    for image in &inventory.images {
        let Line { family, version } = line(image, config);
        if let Some(version) = version {
            found.versions.insert(image.id.clone(), version);
        }
        if let Some((name, told)) = family {
            let architecture = (told != Told::Tag).then_some(image.architecture.as_str());
            members.entry((name, architecture, told, &image.owner)).or_default().push(image);
        }
    }
    for ((name, _, told, _), members) in members {
        if told != Told::Name || members.len() > 1 {
            stand(&name, &members, now, &mut found);
        }
    }
    found
}

/// The name of the family that the image itself tells, whether or not its other members were listed.
pub(super) fn family_name(image: &Image, config: &Config) -> Option<String> {
    line(image, config).family.map(|(name, _)| name)
}

/// What an image says of its family and version.
struct Line {
    family: Option<(String, Told)>,
    version: Option<Version>,
}

/// How a family is told. People who wrote a tag or a pattern meant it; a number at the end of a name may mean anything.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Told {
    Tag,
    Pattern,
    Name,
}

fn line(image: &Image, config: &Config) -> Line {
    let tagged = |tag: &str| image.tags.get(tag).filter(|value| !value.is_empty());
    let by_tag = tagged(&config.tags.family).map(|family| (family.clone(), Told::Tag));
    let version = tagged(&config.tags.version).and_then(|text| Version::parse(text));
    let is_version = |text: &str| Version::parse(text).is_some();
    if let Some(named) = config.families.patterns.iter().find_map(|pattern| pattern.read(&image.name, is_version)) {
        let family = by_tag.or_else(|| Some((named.family.to_owned(), Told::Pattern)));
        return Line { family, version: version.or_else(|| named.version.and_then(Version::parse)) };
    }
    let (stem, trailing) = split(&image.name).unzip();
    let family = by_tag.or_else(|| Some((stem?.to_owned(), Told::Name)));
    Line { family, version: version.or(trailing) }
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

/// Ranks every member among the launchable ones. One from the future replaces none: its date is wrong, or the clock.
fn stand(name: &str, members: &[&Image], now: Timestamp, found: &mut Families) {
    let launchable = members.iter().copied().filter(|image| image.state == ImageState::Available);
    let size = launchable.clone().count();
    let mut launchable: Vec<&Image> = launchable.filter(|image| image.created_at <= now).collect();
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
            size,
            versions_behind: releases.get(rank).copied().unwrap_or(0).saturating_sub(usize::from(same_release)),
            is_newest: rank == 0 && image.state == ImageState::Available,
        }
    };
    let standing: Vec<_> = members.iter().map(|image| (image.id.clone(), facts(image))).collect();
    found.standing.extend(standing);
}
