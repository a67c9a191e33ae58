//! The world a simulation is in: accounts, their places, the clock, what was called and what is to go wrong.
//!
//! It never reads a real clock and never does I/O; only `advance` and `set_now` move its time.

pub mod account;
pub mod activity;
pub mod allowed;
pub mod compute;
pub mod estate;
pub mod fleet;
mod ids;
pub mod image;
pub mod organization;
pub mod parameter;
mod passing;
pub mod place;
pub mod recipe;
pub mod recycle_bin;
pub mod regions;
pub mod resource;
pub mod settings;
pub mod snapshot;
pub mod topic;
pub mod trail;
pub mod usage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::buckets::Buckets;
use crate::calls::{Calls, Meanwhile};
use crate::faults::{Fault, Faults};
use crate::journal::Journal;
use account::{Account, Principal};
use estate::AccountHandle;
use ids::Ids;
use image::Image;
use organization::Organization;
pub use place::Place;
use regions::RegionInfo;
use settings::Settings;
use snapshot::Snapshot;
use topic::Message;
use trail::TrailEvent;

/// Everything this AWS knows.
#[derive(Debug, Clone)]
pub struct World {
    now: Timestamp,
    /// Delays, limits and choices.
    pub settings: Settings,
    /// Every call so far.
    pub journal: Journal,
    pub(crate) faults: Faults,
    pub(crate) meanwhile: Vec<Meanwhile>,
    pub(crate) buckets: Buckets,
    pub(crate) ids: Ids,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) keys: BTreeMap<String, Principal>,
    pub(crate) organizations: BTreeMap<String, Organization>,
    /// CloudTrail's events by account and Region; apart from the places, which a refused call leaves as they were.
    trail: BTreeMap<(String, String), Vec<TrailEvent>>,
    allowed: BTreeMap<String, BTreeSet<String>>,
    regions: Vec<RegionInfo>,
    places: BTreeMap<(String, String), Place>,
}

impl World {
    /// An empty world at a time: no account, every Region.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            settings: Settings::default(),
            journal: Journal::default(),
            faults: Faults::default(),
            meanwhile: Vec::new(),
            buckets: Buckets::default(),
            ids: Ids::default(),
            accounts: BTreeMap::new(),
            keys: BTreeMap::new(),
            organizations: BTreeMap::new(),
            trail: BTreeMap::new(),
            allowed: BTreeMap::new(),
            regions: regions::catalogue(),
            places: BTreeMap::new(),
        }
    }

    /// The time it is here.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Moves the clock forward; what was due by then has happened.
    pub fn advance(&mut self, by: SignedDuration) {
        self.now += by;
        self.pass();
    }

    /// Sets the clock; what was due by then has happened. Going back undoes nothing.
    pub fn set_now(&mut self, now: Timestamp) {
        self.now = now;
        self.pass();
    }

    /// Leaves only these Regions in the world, so that a scan of all of them stays small.
    pub fn limit_regions(&mut self, names: &[&str]) {
        self.regions.retain(|region| names.contains(&region.name.as_str()));
    }

    /// The Regions of the catalogue.
    pub fn regions(&self) -> &[RegionInfo] {
        &self.regions
    }

    /// Begins to build in an account, which comes into being if it was not there.
    pub fn account(&mut self, id: &str) -> AccountHandle<'_> {
        self.accounts.entry(id.to_owned()).or_insert_with(|| Account::new("aws"));
        AccountHandle::new(self, id.to_owned())
    }

    /// The same, in another partition: `aws-cn` or `aws-us-gov`.
    pub fn account_in(&mut self, partition: &'static str, id: &str) -> AccountHandle<'_> {
        self.accounts.entry(id.to_owned()).or_insert_with(|| Account::new(partition));
        AccountHandle::new(self, id.to_owned())
    }

    /// Lets an access key id stand for a principal. `AKIA` followed by a known account id needs no such entry.
    pub fn access_key(&mut self, key: &str, account: &str, arn: &str) {
        self.keys.insert(key.to_owned(), Principal::new(account, arn));
    }

    /// From now on this access key id is expired.
    pub fn expire_key(&mut self, key: &str) {
        if let Some(mut principal) = self.principal_of_key(key) {
            principal.expires = Some(self.now);
            self.keys.insert(key.to_owned(), principal);
        }
    }

    /// Lets a principal (the ARN of a user or role) do these actions, written `ec2:DescribeImages`, and nothing else.
    pub fn allow_only<'a>(&mut self, principal: &str, actions: impl IntoIterator<Item = &'a str>) {
        let actions = actions.into_iter().map(str::to_owned).collect();
        self.allowed.insert(principal.to_owned(), actions);
    }

    pub(crate) fn allows(&self, grantee: &str, action: &str) -> bool {
        self.allowed.get(grantee).is_none_or(|actions| actions.contains(action))
    }

    /// Makes a call go wrong, see [`Fault`].
    pub fn inject(&mut self, fault: Fault) {
        self.faults.add(fault);
    }

    /// Lets somebody else change the world right before each of these calls runs: what was read is no longer so.
    pub fn meanwhile(&mut self, calls: Calls, change: impl Fn(&mut Self) + Send + Sync + 'static) {
        self.meanwhile.push(Meanwhile { calls, change: Arc::new(change) });
    }

    /// Everything works again.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// What is in an account and Region.
    pub fn place(&self, account: &str, region: &str) -> Option<&Place> {
        self.places.get(&(account.to_owned(), region.to_owned()))
    }

    /// The same, to be changed at will.
    pub fn place_mut(&mut self, account: &str, region: &str) -> &mut Place {
        self.places.entry((account.to_owned(), region.to_owned())).or_default()
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = (&str, &str, &Place)> {
        self.places.iter().map(|((account, region), place)| (account.as_str(), region.as_str(), place))
    }

    pub(crate) fn places_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        self.places.values_mut()
    }

    /// An image that is registered somewhere, disabled ones included.
    pub fn image(&self, id: &str) -> Option<&Image> {
        self.places.values().find_map(|place| place.images.get(id))
    }

    /// The same, to be changed at will.
    pub fn image_mut(&mut self, id: &str) -> Option<&mut Image> {
        self.places.values_mut().find_map(|place| place.images.get_mut(id))
    }

    /// An image in some Recycle Bin.
    pub fn binned_image(&self, id: &str) -> Option<&Image> {
        self.places.values().find_map(|place| place.bin_images.get(id)).map(|binned| &binned.item)
    }

    /// A snapshot that is not deleted.
    pub fn snapshot(&self, id: &str) -> Option<&Snapshot> {
        self.places.values().find_map(|place| place.snapshots.get(id))
    }

    /// The same, to be changed at will.
    pub fn snapshot_mut(&mut self, id: &str) -> Option<&mut Snapshot> {
        self.places.values_mut().find_map(|place| place.snapshots.get_mut(id))
    }

    /// A snapshot in some Recycle Bin.
    pub fn binned_snapshot(&self, id: &str) -> Option<&Snapshot> {
        self.places.values().find_map(|place| place.bin_snapshots.get(id)).map(|binned| &binned.item)
    }

    /// What a topic took so far; nothing for a topic there is not.
    pub fn messages(&self, topic: &str) -> &[Message] {
        self.places.values().find_map(|place| place.topics.get(topic)).map_or(&[], |topic| &topic.messages)
    }

    /// Lets so many of the next PublishBatch entries of a topic fail inside HTTP 200.
    pub fn fail_batch_entries(&mut self, topic: &str, entries: usize) {
        if let Some(topic) = self.places.values_mut().find_map(|place| place.topics.get_mut(topic)) {
            topic.failing_entries = entries;
        }
    }
}
