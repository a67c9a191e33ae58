//! Which images replace each other, as the configuration tells it.

use super::super::{FamilyFacts, History, Joined};
use super::{OURS, by_id, estate, image, now, place, tags};
use crate::config::{Config, Families, NamePattern};
use crate::inventory::answers;

fn named(id: &str, name: &str) -> answers::Image {
    answers::Image { name: Some(name.into()), ..image(id) }
}

fn with_patterns(patterns: &[&str]) -> Config {
    let patterns = patterns.iter().map(|pattern| NamePattern::parse(pattern).unwrap()).collect();
    Config { families: Families { patterns }, ..Config::default() }
}

/// Family and rank of every image, by id.
fn ranks(images: Vec<answers::Image>, config: &Config) -> Vec<(String, Option<(String, usize)>)> {
    let (estate, history) = (estate([place(OURS, "eu-west-1", images)]), History::default());
    let joined = Joined::new(&estate, &history, config, now());
    by_id(&estate)
        .into_iter()
        .map(|(id, (inventory, image))| {
            let family = joined.image(inventory, image).family;
            (id.to_owned(), family.map(|FamilyFacts { name, rank, .. }| (name, rank)))
        })
        .collect()
}

#[test]
fn a_pattern_finds_the_version_in_the_middle_of_a_name() {
    let images = || vec![named("ami-1", "web-1.9.0_hvm"), named("ami-2", "web-1.10.0_hvm"), named("ami-3", "web-1.2.0_hvm")];
    let family = |rank| Some(("web".to_owned(), rank));
    let expected = [("ami-1".to_owned(), family(1)), ("ami-2".to_owned(), family(0)), ("ami-3".to_owned(), family(2))];
    assert_eq!(ranks(images(), &with_patterns(&["ci/{family}_{version}", "{family}-{version}_*"])), expected);
    // Without it nobody can tell.
    assert!(ranks(images(), &Config::default()).iter().all(|(_, family)| family.is_none()));
}

#[test]
fn a_pattern_makes_a_family_even_of_a_single_image() {
    assert_eq!(ranks(vec![named("ami-1", "web-7")], &Config::default())[0].1, None);
    assert_eq!(ranks(vec![named("ami-1", "web-7")], &with_patterns(&["{family}-{version}"]))[0].1, Some(("web".into(), 0)));
}

#[test]
fn a_tag_says_more_than_a_pattern_and_a_pattern_more_than_the_end_of_a_name() {
    let tagged = answers::Image { tags: tags(&[("family", "golden")]), ..named("ami-1", "web-2-x") };
    let images = vec![tagged, named("ami-2", "web-3-x"), named("ami-3", "db-4"), named("ami-4", "db-5")];
    let config = with_patterns(&["{family}-{version}-x"]);
    let family = |name: &str, rank| Some((name.to_owned(), rank));
    let found: Vec<_> = ranks(images, &config).into_iter().map(|(_, family)| family).collect();
    assert_eq!(found, [family("golden", 0), family("web", 0), family("db", 1), family("db", 0)]);
}

#[test]
fn the_name_of_a_family_is_known_where_its_ranks_are_not() {
    let tagged = answers::Image { tags: tags(&[("family", "golden")]), ..image("ami-1") };
    let answers = place(OURS, "eu-west-1", vec![tagged]);
    let mut estate = crate::inventory::Estate::new(&Config::default());
    estate.add(crate::inventory::Inventory::exposure(answers.place.clone(), answers.images, answers.snapshots));
    let (history, config) = (History::default(), Config::default());
    let joined = Joined::new(&estate, &history, &config, now());
    let (inventory, image) = by_id(&estate)["ami-1"];
    let facts = joined.image(inventory, image);
    assert_eq!((facts.family, facts.family_name.as_deref()), (None, Some("golden")));
}

#[test]
fn images_of_others_and_of_the_future_replace_none_of_ours() {
    let made = |id: &str, name: &str, day: &str| answers::Image { creation_date: Some(format!("{day}T00:00:00Z")), ..named(id, name) };
    let (old, new) = (made("ami-1", "web-1", "2026-01-01"), made("ami-2", "web-2", "2026-02-01"));
    let found = |more: answers::Image| -> Vec<usize> {
        let ranked = ranks(vec![old.clone(), new.clone(), more], &Config::default());
        ranked.into_iter().map(|(_, family)| family.map_or(99, |(_, rank)| rank)).collect()
    };
    assert_eq!(found(made("ami-3", "web-3", "2026-03-01")), [2, 1, 0]);
    let theirs = answers::Image { owner_id: Some("999999999999".into()), ..made("ami-3", "web-3", "2026-03-01") };
    assert_eq!(found(theirs)[..2], [1, 0]);
    assert_eq!(found(made("ami-3", "web-3", "2036-03-01")), [1, 0, 0]);
    // Nor by making all of them be compared by their dates.
    let odd = answers::Image { tags: tags(&[("family", "web")]), ..made("ami-3", "odd", "2036-03-01") };
    let tagged = |image: &answers::Image| answers::Image { tags: tags(&[("family", "web")]), ..image.clone() };
    let older = made("ami-4", "web-9", "2025-01-01");
    let ranked = ranks(vec![tagged(&old), tagged(&new), odd, tagged(&older)], &Config::default());
    assert_eq!(ranked.into_iter().map(|(_, family)| family.unwrap().1).collect::<Vec<_>>(), [2, 1, 0, 0]);
}
