//! Chains of sources over made-up estates, against the closure of "was made from" computed the slow way.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{History, Joined};
use super::{OURS, by_id, estate, hours, image, made_from, now, place};
use crate::config::Config;
use crate::inventory::answers::{self, Answers, ImageAttribute, Permission};
use crate::model::Permissions;

const SISTER: &str = "222222222222";
const PLACES: [(&str, &str); 3] = [(OURS, "eu-west-1"), (OURS, "us-east-1"), (SISTER, "eu-west-1")];

/// One image: where it lives, in which state, and which one it was made from; numbers beyond the list are images that are
/// gone or somebody else's.
#[derive(Clone, Debug)]
struct Link {
    place: usize,
    state: &'static str,
    source: Option<usize>,
    /// Whether the account beside may launch it.
    shared: bool,
}

fn links() -> impl Strategy<Value = Vec<Link>> {
    let state = prop_oneof![4 => Just("available"), 1 => Just("pending"), 1 => Just("disabled"), 1 => Just("failed")];
    let link = (0..PLACES.len(), state, prop::option::weighted(0.8, 0usize..11), any::<bool>());
    vec(link.prop_map(|(place, state, source, shared)| Link { place, state, source, shared }), 0..9)
}

fn id(number: usize) -> String {
    format!("ami-{number}")
}

fn region(links: &[Link], number: usize) -> &'static str {
    links.get(number).map_or("eu-west-1", |link| PLACES[link.place].1)
}

fn places(links: &[Link]) -> Vec<Answers> {
    let one = |place_number: usize, (account, in_region): (&str, &str)| {
        let here = links.iter().enumerate().filter(|(_, link)| link.place == place_number);
        let images = here.clone().map(|(number, link)| {
            let image = answers::Image { state: Some(link.state.into()), owner_id: Some(account.into()), ..image(&id(number)) };
            match link.source {
                Some(source) => made_from(image, &id(source), region(links, source)),
                None => image,
            }
        });
        let mut answers = place(account, in_region, images.collect());
        for (number, link) in here {
            let shares = link.shared.then(|| Some(Permission { user_id: Some(SISTER.into()), ..Permission::default() }));
            let attribute = ImageAttribute { image_id: Some(id(number)), launch_permissions: Some(shares.into_iter().collect()) };
            answers.launch_permissions.insert(id(number).as_str().into(), Ok(attribute));
        }
        answers
    };
    PLACES.into_iter().enumerate().map(|(number, place)| one(number, place)).collect()
}

/// Everything that each image was made from, by joining the relation with itself until nothing is added.
fn above(links: &[Link]) -> Vec<BTreeSet<usize>> {
    let mut above: Vec<BTreeSet<usize>> = links.iter().map(|link| link.source.into_iter().collect()).collect();
    loop {
        let next: Vec<BTreeSet<usize>> = above
            .iter()
            .map(|known| known.iter().flat_map(|number| above.get(*number).into_iter().flatten()).chain(known).copied().collect())
            .collect();
        if next == above {
            return above;
        }
        above = next;
    }
}

/// What the joins say of every image: its ancestors, whether they are all, its children, whether they are all.
/// An image, its ancestors and whether they are all, its children and whether they are all.
type Judged = (String, Option<(BTreeSet<String>, bool)>, BTreeSet<String>, bool);

fn judged(places: Vec<Answers>, history: &History) -> Vec<Judged> {
    let (estate, config) = (estate(places), Config::default());
    let joined = Joined::new(&estate, history, &config, now());
    let of = |(id, (inventory, image)): (&str, (&crate::inventory::Inventory, &crate::model::Image))| {
        let ancestors = joined.ancestors_of(image);
        let sharing = inventory.launch_permissions.get(&image.id);
        let children = joined.children_of(inventory, image, sharing);
        (
            id.to_owned(),
            ancestors.map(|ancestors| (ancestors.images.iter().map(ToString::to_string).collect(), ancestors.complete)),
            children.found.iter().map(|child| child.id.to_string()).collect(),
            children.unknown.is_empty(),
        )
    };
    by_id(&estate).into_iter().map(of).collect()
}

proptest! {
    #[test]
    fn ancestors_are_the_closure_of_what_each_was_made_from(links in links()) {
        let above = above(&links);
        for (name, ancestors, ..) in judged(places(&links), &History::default()) {
            let number: usize = name.trim_start_matches("ami-").parse().unwrap();
            let mut expected = above[number].clone();
            let leaves = expected.iter().any(|ancestor| *ancestor >= links.len());
            expected.remove(&number);
            let expected: BTreeSet<String> = expected.into_iter().map(id).collect();
            prop_assert_eq!(ancestors, Some((expected, !leaves)), "{}", name);
        }
    }

    #[test]
    fn children_live_and_belong_to_those_who_could_have_made_them(links in links()) {
        for (name, _, children, all) in judged(places(&links), &History::default()) {
            let number: usize = name.trim_start_matches("ami-").parse().unwrap();
            let parent = &links[number];
            let (account, _) = PLACES[parent.place];
            let mut expected = BTreeSet::new();
            for (child, link) in links.iter().enumerate() {
                let (theirs, _) = PLACES[link.place];
                let could = theirs == account || (parent.shared && theirs == SISTER);
                if link.source == Some(number) && child != number && could && ["available", "pending"].contains(&link.state) {
                    expected.insert(id(child));
                }
            }
            prop_assert_eq!((children, all), (expected, true), "{}", name);
        }
    }

    #[test]
    fn a_place_that_was_not_read_makes_unknown_what_it_could_hide(links in links(), blind in 0..PLACES.len()) {
        let whole = judged(places(&links), &History::default());
        let mut less = places(&links);
        less[blind].images = Err("AccessDenied".into());
        for (name, ancestors, children, all) in judged(less, &History::default()) {
            let (_, known, known_children, _) = whole.iter().find(|(id, ..)| *id == name).unwrap();
            prop_assert!(ancestors.is_none() || ancestors == *known, "{}: {:?}, not {:?}", name, ancestors, known);
            prop_assert!(!all || children == *known_children, "{}: {:?}, not {:?}", name, children, known_children);
        }
    }

    #[test]
    fn for_a_day_what_was_seen_of_a_place_stands_in_for_it(links in links(), blind in 0..PLACES.len(), late: bool) {
        let whole = judged(places(&links), &History::default());
        let mut history = History::default();
        let seen = estate(places(&links));
        let then = now() - hours(if late { 25 } else { 23 });
        history.observe(&Joined::new(&seen, &History::default(), &Config::default(), then));
        let mut less = places(&links);
        less[blind].images = Err("AccessDenied".into());
        // What cannot be read is remembered by the cycle that could not read it, too.
        history.observe(&Joined::new(&estate(less.clone()), &history.clone(), &Config::default(), now() - hours(1)));
        for (name, _, children, all) in judged(less, &history) {
            let (_, _, known_children, _) = whole.iter().find(|(id, ..)| *id == name).unwrap();
            if late {
                prop_assert!(!all || children == *known_children);
            } else {
                prop_assert_eq!((&children, all), (known_children, true), "{}", name);
            }
        }
    }
}

#[test]
fn an_image_that_names_itself_is_neither_its_ancestor_nor_its_child() {
    let itself = made_from(image("ami-1"), "ami-1", "eu-west-1");
    let judged = judged(vec![place(OURS, "eu-west-1", vec![itself])], &History::default());
    assert_eq!(judged, [("ami-1".to_owned(), Some((BTreeSet::new(), true)), BTreeSet::new(), true)]);
}

#[test]
fn whom_an_image_of_unknown_shares_was_copied_by_is_unknown_while_any_place_is() {
    let parent = place(OURS, "eu-west-1", vec![image("ami-1")]);
    let beside = Answers { images: Err("AccessDenied".into()), ..place(SISTER, "eu-west-1", vec![]) };
    let (estate, history, config) = (estate([parent, beside]), History::default(), Config::default());
    let joined = Joined::new(&estate, &history, &config, now());
    let (inventory, image) = by_id(&estate)["ami-1"];
    assert!(!joined.image(inventory, image).children.unknown.is_empty());
    assert!(joined.children_of(inventory, image, Some(&Permissions::default())).unknown.is_empty());
}

/// An image that says what it was made from and not in which Region that is.
fn made_somewhere_from(id: &str, source: &str) -> answers::Image {
    answers::Image { source_image_id: Some(source.into()), ..image(id) }
}

#[test]
fn a_source_without_its_region_is_found_where_there_is_but_one_of_that_id() {
    let there = place(OURS, "us-east-1", vec![made_somewhere_from("ami-2", "ami-1")]);
    let (estate, history, config) =
        (estate([place(OURS, "eu-west-1", vec![image("ami-1")]), there]), History::default(), Config::default());
    let joined = Joined::new(&estate, &history, &config, now());
    let (home, parent) = by_id(&estate)["ami-1"];
    let children = joined.children_of(home, parent, None);
    assert_eq!(children.found.iter().map(|child| child.id.as_str()).collect::<Vec<_>>(), ["ami-2"]);
    assert_eq!(joined.has_replica(&home.place, parent, &"us-east-1".into()), Some(true));
    let ancestors = joined.ancestors_of(by_id(&estate)["ami-2"].1).unwrap();
    assert_eq!((ancestors.images, ancestors.complete), ([&"ami-1".into()].into(), true));
}

#[test]
fn a_source_without_its_region_leaves_open_which_of_two_images_it_is() {
    let there = place(OURS, "us-east-1", vec![image("ami-1"), made_somewhere_from("ami-2", "ami-1")]);
    let (estate, history, config) =
        (estate([place(OURS, "eu-west-1", vec![image("ami-1")]), there]), History::default(), Config::default());
    let joined = Joined::new(&estate, &history, &config, now());
    for inventory in estate.places.values() {
        let children = joined.children_of(inventory, &inventory.images[0], None);
        let why = "ami-2 was made from it or from another image of its id: its source Region was not told";
        assert_eq!(children.unknown.iter().map(|unknown| unknown.reason.as_str()).collect::<Vec<_>>(), [why], "{}", inventory.place);
    }
    let home = &estate.places[&crate::model::Place::new(OURS, "eu-west-1")];
    assert_eq!(joined.has_replica(&home.place, &home.images[0], &"us-east-1".into()), None);
    assert_eq!(joined.ancestors_of(by_id(&estate)["ami-2"].1), None);
}

#[test]
fn a_source_without_its_region_that_is_not_there_may_be_in_any_place_that_was_not_read() {
    let here = || place(OURS, "us-east-1", vec![made_somewhere_from("ami-2", "ami-1")]);
    let ancestors = |places: Vec<Answers>| {
        let (estate, history, config) = (estate(places), History::default(), Config::default());
        let joined = Joined::new(&estate, &history, &config, now());
        joined.ancestors_of(by_id(&estate)["ami-2"].1).map(|ancestors| (ancestors.images.len(), ancestors.complete))
    };
    assert_eq!(ancestors(vec![here()]), Some((1, false)));
    let unread = Answers { images: Err("AccessDenied".into()), ..place(OURS, "ap-south-1", vec![]) };
    assert_eq!(ancestors(vec![here(), unread]), None);
}
