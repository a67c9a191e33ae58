//! Which images configured consumers would pick, where what an image says of itself is odd.

use std::path::Path;

use super::super::{History, Joined};
use super::{OURS, by_id, estate, image, now, place, tags};
use crate::config;
use crate::inventory::answers;

/// How many consumers pick each image, by id; `None` where one may or may not.
fn picked(images: Vec<answers::Image>, consumer: &str) -> Vec<Option<usize>> {
    let config = config::load(Some((Path::new("x.toml"), &format!("[[consumers]]\nname = \"web\"\n{consumer}"))), []).unwrap();
    let (estate, history) = (estate([place(OURS, "eu-west-1", images)]), History::default());
    let joined = Joined::new(&estate, &history, &config, now());
    by_id(&estate).into_values().map(|(inventory, image)| joined.image(inventory, image).consumers).collect()
}

fn made(id: &str, date: &str) -> answers::Image {
    answers::Image { name: Some("web".into()), creation_date: Some(date.into()), ..image(id) }
}

const NAMED: &str = "name_pattern = \"web*\"";

#[test]
fn an_image_from_the_future_is_picked_and_leaves_the_newest_picked_as_well() {
    let images = || vec![made("ami-1", "2026-01-01T00:00:00Z"), made("ami-2", "2026-02-01T00:00:00Z")];
    assert_eq!(picked(images(), NAMED), [Some(0), Some(1)]);
    let with_future = images().into_iter().chain([made("ami-3", "2036-02-01T00:00:00Z")]).collect();
    assert_eq!(picked(with_future, NAMED), [Some(0), Some(1), Some(1)]);
}

#[test]
fn whether_an_image_without_a_name_is_picked_by_name_is_not_known() {
    let nameless = |id: &str| answers::Image { name: None, tags: tags(&[("role", "web")]), ..made(id, "2026-02-01T00:00:00Z") };
    let images = || vec![made("ami-1", "2026-01-01T00:00:00Z"), nameless("ami-2")];
    assert_eq!(picked(images(), NAMED), [Some(1), None], "and the one below it stays picked");
    assert_eq!(picked(images(), "tags = { role = \"web\" }"), [Some(0), Some(1)]);
    assert_eq!(picked(images(), "name_pattern = \"web*\"\ntags = { role = \"db\" }"), [Some(0), Some(0)]);
}
