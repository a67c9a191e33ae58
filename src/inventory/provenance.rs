//! What is known about what runs, seen through the images: how old they are, whose, and whether they could be launched again.
//!
//! Worked out only where a policy asks, once per image and place: a thousand instances of one image cost one look.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::config::Owner;
use crate::model::{AccountId, AmiId, Image, ImageState, Place, Source};

use super::facts::since;
use super::joins::Joined;
use super::organization::OURS;
use super::place::Inventory;
use super::platforms::{System, system_of};
use super::runs::{Group, Instance};

/// Everything the policies may ask about one instance.
#[derive(Clone, Copy, Debug)]
pub struct InstanceFacts<'a> {
    pub place: &'a Place,
    pub instance: &'a Instance,
    /// Since its launch.
    pub age: Option<SignedDuration>,
    /// The Auto Scaling group it says it belongs to, unless the groups were listed without that one.
    pub group: Option<&'a str>,
    pub image: &'a Origin<'a>,
    pub condition: Condition,
}

/// Everything the policies may ask about one Auto Scaling group.
#[derive(Clone, Debug)]
pub struct GroupFacts<'a> {
    pub place: &'a Place,
    pub group: &'a Group,
    /// The images that it launches or its instances run, as far as they are known.
    pub images: Vec<&'a Origin<'a>>,
    /// Whether these are all.
    pub complete: bool,
    /// Two images for one architecture: a mixed-instances policy has one for each, and that is no mixture.
    pub mixed: Option<bool>,
    pub instances: Option<usize>,
    /// Whether every image that it would launch is there and available.
    pub launchable: Option<bool>,
    pub condition: Condition,
}

/// An image as one who runs it knows it.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    pub id: &'a AmiId,
    /// `None` where nobody could describe it.
    pub image: Option<&'a Image>,
    condition: Condition,
}

/// How the images are that something runs; of several the worst. `None` is unknown; ages and counts are those of the worst that
/// is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    pub age: Option<SignedDuration>,
    pub deprecated: Option<bool>,
    pub since_deprecation: Option<SignedDuration>,
    /// Every owner is one of ours, or one that the configuration trusts.
    pub trusted: Option<bool>,
    pub public: Option<bool>,
    /// Whether this account can see it, and so launch it again. `false`: it is gone, no longer shared, or not among the Allowed
    /// AMIs (EC2 API reference, "DescribeImages"), and AWS does not tell which.
    pub visible: Option<bool>,
    pub versions_behind: Option<usize>,
    pub newer_base: Option<bool>,
    pub untested: Option<bool>,
    pub is_32_bit: Option<bool>,
    pub is_paravirtual: Option<bool>,
    /// The system whose support ends first.
    pub system: Option<(&'static str, Timestamp)>,
}

/// What runs in the estate, joined with the images that were listed anywhere in it.
#[derive(Debug)]
pub struct Provenance<'a> {
    joined: &'a Joined<'a>,
    listed: HashMap<&'a AmiId, Vec<(&'a Inventory, &'a Image)>>,
    accounts: HashSet<&'a AccountId>,
}

/// What runs in one place.
#[derive(Debug)]
pub struct Here<'a> {
    inventory: &'a Inventory,
    now: Timestamp,
    origins: HashMap<&'a AmiId, Origin<'a>>,
    /// The images each group would launch.
    launched: HashMap<&'a str, BTreeSet<&'a AmiId>>,
    /// The images of the instances in each group, and how many instances there are.
    running: HashMap<&'a str, (usize, BTreeSet<&'a AmiId>)>,
    /// Whether it is known of every group what it launches.
    launches_known: bool,
}

impl<'a> Provenance<'a> {
    /// Looks up every image that something runs, in one pass over the listed ones.
    pub fn new(joined: &'a Joined<'a>) -> Self {
        let places = || joined.estate.places.values();
        let used: HashSet<&AmiId> = places().flat_map(used).collect();
        let mut listed: HashMap<&AmiId, Vec<(&Inventory, &Image)>> = HashMap::new();
        for inventory in places() {
            for image in inventory.images.iter().filter(|image| used.contains(&image.id)) {
                listed.entry(&image.id).or_default().push((inventory, image));
            }
        }
        Self { joined, listed, accounts: joined.estate.places.keys().map(|place| &place.account).collect() }
    }

    /// What runs in one place.
    pub fn here(&self, inventory: &'a Inventory) -> Here<'a> {
        let mut running: HashMap<&str, (usize, BTreeSet<&AmiId>)> = HashMap::new();
        for instance in inventory.runs.instances.iter().flatten().filter(|instance| &*instance.state != "shutting-down") {
            if let Some(group) = instance.group() {
                let (count, images) = running.entry(group).or_default();
                *count += 1;
                images.insert(&instance.image);
            }
        }
        let named = [
            Source::AutoScalingGroups,
            Source::LaunchConfigurations,
            Source::LaunchTemplates,
            Source::LaunchTemplateVersions,
            Source::Parameters,
        ];
        Here {
            inventory,
            now: self.joined.now,
            origins: used(inventory).map(|id| (id, self.origin(inventory, id))).collect(),
            launched: launched(inventory),
            running,
            launches_known: !inventory.place_gaps().any(|gap| named.contains(&gap.source)),
        }
    }

    fn origin(&self, inventory: &'a Inventory, id: &'a AmiId) -> Origin<'a> {
        let places = self.listed.get(id).map(Vec::as_slice).unwrap_or_default();
        let own = places.iter().find(|(listing, _)| listing.place == inventory.place);
        let sister = places.iter().find(|(listing, _)| listing.place.region == inventory.place.region);
        let described = inventory.runs.images.seen.get(id);
        let found = own.or(sister).copied();
        let image = found.map(|(_, image)| image).or(described);
        let visible = match (own.is_some() || described.is_some(), sister) {
            (true, _) => Some(true),
            // Who asked for others' images need not have asked for this one.
            (false, Some(_)) => None,
            (false, None) => (inventory.images_read && inventory.runs.images.complete).then_some(false),
        };
        let mut condition = Condition { visible, ..Condition::default() };
        if let Some(image) = image {
            let now = self.joined.now;
            let known = |text: &str, what: &str| (text != "unknown").then_some(text == what);
            condition = Condition {
                age: Some(since(image.created_at, now)),
                deprecated: Some(image.is_deprecated(now)),
                since_deprecation: image.deprecation_at.filter(|at| *at <= now).map(|at| since(at, now)),
                trusted: self.trusted(&inventory.place, image),
                public: image.public,
                is_32_bit: known(&image.architecture, "i386"),
                is_paravirtual: known(&image.virtualization, "paravirtual"),
                system: system_of(image).and_then(|system: System| Some((system.name, system.end_of_life()?))),
                ..condition
            };
        }
        if let Some((listing, image)) = found {
            condition.versions_behind = self.joined.standing(&listing.place, &image.id).map(|standing| standing.versions_behind);
            condition.newer_base = self.joined.newer_base(&listing.place, image);
            condition.untested = self.untested(image);
        }
        Origin { id, image, condition }
    }

    /// As long as it is not completely known who belongs to us, a stranger may be one of us.
    fn trusted(&self, place: &Place, image: &Image) -> Option<bool> {
        let organization = &self.joined.estate.organization;
        let ours = image.owner == place.account
            || self.accounts.contains(&image.owner)
            || organization.account(&image.owner).groups.contains(OURS);
        let named = self.joined.config.trust.owners.iter().any(|owner| match owner {
            Owner::Itself => false,
            Owner::Alias(alias) => image.owner_alias.as_ref() == Some(alias),
            Owner::Account(account) => image.owner == *account,
        });
        match (ours || named, &organization.incomplete) {
            (true, _) => Some(true),
            (false, None) => Some(false),
            (false, Some(_)) => None,
        }
    }

    /// Only the owner's own listing shows an image's tags.
    fn untested(&self, image: &Image) -> Option<bool> {
        let tag = &self.joined.config.trust.tested;
        let passed = |value: &String| ["true", "yes"].iter().any(|word| value.eq_ignore_ascii_case(word));
        (!tag.is_empty()).then(|| !image.tags.get(tag).is_some_and(passed))
    }
}

/// Every image that an instance or a group of the place runs, some of them more than once.
fn used(inventory: &Inventory) -> impl Iterator<Item = &AmiId> {
    let instances = inventory.runs.instances.iter().flatten().map(|instance| &instance.image);
    let groups = inventory.users.of_images.iter().filter(|(_, users)| users.iter().any(|user| user.group().is_some()));
    instances.chain(groups.map(|(image, _)| image))
}

/// The images that each group would launch, from what uses images.
fn launched(inventory: &Inventory) -> HashMap<&str, BTreeSet<&AmiId>> {
    let mut launched: HashMap<&str, BTreeSet<&AmiId>> = HashMap::new();
    for (image, users) in &inventory.users.of_images {
        for group in users.iter().filter_map(|user| user.group()) {
            launched.entry(group).or_default().insert(image);
        }
    }
    launched
}

impl<'a> Here<'a> {
    /// What is known about an instance of this place.
    pub fn instance(&'a self, instance: &'a Instance) -> Option<InstanceFacts<'a>> {
        let origin = self.origins.get(&instance.image)?;
        // Where the groups could not be listed an instance is not suddenly one that stands alone.
        let listed = |name: &&str| {
            let groups = self.inventory.runs.groups.as_deref();
            groups.is_none_or(|groups| groups.binary_search_by(|group| group.name.as_str().cmp(name)).is_ok())
        };
        Some(InstanceFacts {
            place: &self.inventory.place,
            instance,
            age: instance.launched_at.map(|at| since(at, self.now)),
            group: instance.group().filter(listed),
            image: origin,
            condition: origin.condition,
        })
    }

    /// What is known about a group of this place.
    pub fn group(&'a self, group: &'a Group) -> GroupFacts<'a> {
        let name = group.name.as_str();
        let launched: BTreeSet<&AmiId> = self.launched.get(name).cloned().unwrap_or_default();
        let running = self.running.get(name);
        let ids: BTreeSet<&AmiId> = launched.iter().copied().chain(running.iter().flat_map(|(_, images)| images.iter().copied())).collect();
        let images: Vec<&Origin<'_>> = ids.into_iter().filter_map(|id| self.origins.get(id)).collect();
        let complete = self.launches_known && self.inventory.runs.instances.is_some();
        let launchable = launched.iter().filter_map(|id| self.origins.get(*id)).map(Origin::launchable);
        GroupFacts {
            place: &self.inventory.place,
            group,
            complete,
            mixed: mixed(&images, complete),
            instances: self.inventory.runs.instances.as_ref().map(|_| running.map_or(0, |(count, _)| *count)),
            launchable: every(launchable, self.launches_known),
            condition: Condition::worst(images.iter().map(|origin| &origin.condition), complete),
            images,
        }
    }
}

impl Origin<'_> {
    fn launchable(&self) -> Option<bool> {
        match (self.condition.visible, self.image) {
            (Some(false), _) => Some(false),
            (_, Some(image)) if image.state != ImageState::Available => Some(false),
            (visible, _) => visible,
        }
    }
}

/// Whether two of the images are built for one architecture.
fn mixed(images: &[&Origin<'_>], complete: bool) -> Option<bool> {
    let mut built: BTreeMap<&str, usize> = BTreeMap::new();
    let known = images.iter().filter_map(|origin| origin.image).map(|image| image.architecture.as_str()).filter(|name| *name != "unknown");
    known.for_each(|architecture| *built.entry(architecture).or_default() += 1);
    if built.values().any(|count| *count > 1) {
        return Some(true);
    }
    // One image of which nothing is known is no mixture either.
    let told = built.len() == images.len() || images.len() < 2;
    (complete && told && !images.is_empty()).then_some(false)
}

impl Condition {
    /// Of several images the worst; `complete` says whether these are all.
    fn worst<'c>(images: impl Iterator<Item = &'c Self> + Clone, complete: bool) -> Self {
        let any = |fact: fn(&Self) -> Option<bool>| any(images.clone().map(fact), complete);
        let every = |fact: fn(&Self) -> Option<bool>| every(images.clone().map(fact), complete);
        Self {
            age: images.clone().filter_map(|image| image.age).max(),
            deprecated: any(|image| image.deprecated),
            since_deprecation: images.clone().filter_map(|image| image.since_deprecation).max(),
            trusted: every(|image| image.trusted),
            public: any(|image| image.public),
            visible: every(|image| image.visible),
            versions_behind: images.clone().filter_map(|image| image.versions_behind).max(),
            newer_base: any(|image| image.newer_base),
            untested: any(|image| image.untested),
            is_32_bit: any(|image| image.is_32_bit),
            is_paravirtual: any(|image| image.is_paravirtual),
            system: images.clone().filter_map(|image| image.system).min_by_key(|(name, end)| (*end, *name)),
        }
    }
}

/// `Some(true)` as soon as one is; `Some(false)` only when all are known and none is.
fn any(facts: impl Iterator<Item = Option<bool>> + Clone, complete: bool) -> Option<bool> {
    if facts.clone().any(|fact| fact == Some(true)) {
        return Some(true);
    }
    (complete && facts.clone().next().is_some() && facts.clone().all(|fact| fact == Some(false))).then_some(false)
}

fn every(facts: impl Iterator<Item = Option<bool>> + Clone, complete: bool) -> Option<bool> {
    any(facts.map(|fact| fact.map(|holds| !holds)), complete).map(|fails| !fails)
}
