//! Copies in other Regions, and what differs.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::btree_map;
use proptest::prelude::*;

use super::super::replicas::{Drift, Side, drift};
use super::super::{History, Joined};
use super::{OURS, by_id, estate, image, made_from, now, place, tags};
use crate::config::Config;
use crate::inventory::answers::{self, Answers, ImageAttribute, Permission};
use crate::model::{Place, Region};

fn some_tags() -> impl Strategy<Value = BTreeMap<String, String>> {
    let keys = vec!["team", "Name", "keep", "legal-hold", "replicate-to", "aws:ssm:x", "\u{1b}[31m"];
    btree_map(prop::sample::select(keys).prop_map(str::to_owned), prop::sample::select(vec!["", "1", "2"]).prop_map(str::to_owned), 0..5)
}

proptest! {
    #[test]
    fn tags_drift_exactly_where_what_is_meant_to_be_copied_differs(ours in some_tags(), theirs in some_tags()) {
        let read = |tags: &BTreeMap<String, String>| {
            let pairs: Vec<(&str, &str)> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            crate::inventory::read_image(answers::Image { tags: super::tags(&pairs), ..image("ami-1") }, true).unwrap()
        };
        let (source, copy) = (read(&ours), read(&theirs));
        let there = Place::new(OURS, "us-east-1");
        let side = |image| Side { image, permissions: None };
        let found = drift(side(&source), [(&there, side(&copy))].into_iter(), &Config::default().tags);
        let common = |mut tags: BTreeMap<String, String>| {
            tags.retain(|key, _| !["keep", "legal-hold", "replicate-to"].contains(&key.as_str()) && !key.starts_with("aws:"));
            tags
        };
        prop_assert_eq!(found.tags.is_empty(), common(ours) == common(theirs), "{:?}", found);
        prop_assert_eq!(found.deprecation, Vec::<String>::new());
        prop_assert_eq!(found.shares, None);
    }
}

/// The image `ami-1` here and what is there; `None` where no permissions were read.
fn two_regions(source: answers::Image, copies: Vec<answers::Image>, shares: &[(&str, &[&str])]) -> Vec<Answers> {
    let mut places = vec![place(OURS, "eu-west-1", vec![source]), place(OURS, "us-east-1", copies)];
    for (id, grantees) in shares {
        let grantee = |account: &&str| Some(Permission { user_id: Some((*account).into()), ..Permission::default() });
        let attribute = ImageAttribute { image_id: None, launch_permissions: Some(grantees.iter().map(grantee).collect()) };
        let place = usize::from(*id != "ami-1");
        places[place].launch_permissions.insert((*id).into(), Ok(attribute));
    }
    places
}

fn judged(places: Vec<Answers>) -> Option<Drift> {
    let (estate, history, config) = (estate(places), History::default(), Config::default());
    let joined = Joined::new(&estate, &history, &config, now());
    let (inventory, image) = by_id(&estate)["ami-1"];
    joined.image(inventory, image).drift
}

fn copy(id: &str) -> answers::Image {
    made_from(image(id), "ami-1", "eu-west-1")
}

/// The Regions with a copy, and whether there is one in the other Region.
fn copies_in(copy: answers::Image) -> (Option<BTreeSet<Region>>, Option<bool>) {
    let (estate, history, config) = (estate(two_regions(image("ami-1"), vec![copy], &[])), History::default(), Config::default());
    let joined = Joined::new(&estate, &history, &config, now());
    let (inventory, image) = by_id(&estate)["ami-1"];
    let there = joined.has_replica(&inventory.place, image, &"us-east-1".into());
    (joined.image(inventory, image).replica_regions, there)
}

#[test]
fn a_copy_is_told_by_its_source_and_never_by_its_name() {
    let namesake = answers::Image { name: Some("ami-1".into()), tags: tags(&[("team", "other")]), ..image("ami-2") };
    let tagged = answers::Image { tags: tags(&[("team", "web")]), ..image("ami-1") };
    assert_eq!(judged(two_regions(tagged.clone(), vec![namesake], &[])).unwrap().told(), None);
    let told = judged(two_regions(tagged, vec![copy("ami-3")], &[])).unwrap().told();
    assert_eq!(told.as_deref(), Some("ami-3 in us-east-1 has other tags `team`"));
}

#[test]
fn shares_are_compared_only_where_both_were_read() {
    let shares = |read: &[(&str, &[&str])]| judged(two_regions(image("ami-1"), vec![copy("ami-2")], read)).unwrap().shares;
    assert_eq!(shares(&[]), None);
    assert_eq!(shares(&[("ami-1", &["222222222222"])]), None);
    assert_eq!(shares(&[("ami-1", &["222222222222"]), ("ami-2", &["222222222222"])]), Some(vec![]));
    assert_eq!(shares(&[("ami-1", &["222222222222"]), ("ami-2", &[])]).map(|list| list.len()), Some(1));
}

#[test]
fn a_deprecation_of_the_same_day_is_the_same() {
    let dated = |id: &str, at: Option<&str>| answers::Image { deprecation_time: at.map(Into::into), ..copy(id) };
    let source = answers::Image { deprecation_time: Some("2026-10-01T00:00:00Z".into()), ..image("ami-1") };
    let deprecation = |at| judged(two_regions(source.clone(), vec![dated("ami-2", at)], &[])).unwrap().deprecation.len();
    assert_eq!(deprecation(Some("2026-10-01T18:00:00Z")), 0);
    assert_eq!(deprecation(Some("2026-10-03T00:00:00Z")), 1);
    assert_eq!(deprecation(None), 1);
}

#[test]
fn a_region_that_was_not_read_leaves_copies_and_their_drift_unknown() {
    let mut places = two_regions(image("ami-1"), vec![copy("ami-2")], &[]);
    places[1].images = Err("AccessDenied".into());
    assert_eq!(judged(places), None);
}

#[test]
fn a_copy_on_its_way_is_not_compared_and_one_of_another_account_is_no_copy_of_ours() {
    let pending = answers::Image { state: Some("pending".into()), tags: tags(&[("team", "web")]), ..copy("ami-2") };
    assert_eq!(judged(two_regions(image("ami-1"), vec![pending.clone()], &[])).unwrap().told(), None);
    // There is none to launch yet, and none to make any more.
    assert_eq!(copies_in(pending), (Some([].into()), Some(true)));
    assert_eq!(copies_in(copy("ami-2")), (Some(["us-east-1".into()].into()), Some(true)));
    let mut places = two_regions(image("ami-1"), vec![], &[]);
    places.push(place("222222222222", "us-east-1", vec![answers::Image { owner_id: Some("222222222222".into()), ..copy("ami-2") }]));
    let (estate, history, config) = (estate(places), History::default(), Config::default());
    let joined = Joined::new(&estate, &history, &config, now());
    let (inventory, image) = by_id(&estate)["ami-1"];
    assert_eq!(joined.image(inventory, image).replica_regions, Some([].into()));
}
