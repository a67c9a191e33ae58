//! What a cycle remembers for the next one.

use jiff::Timestamp;

use super::super::{Cooldown, Estate, History, Joined};
use super::{OURS, by_id, estate, hours, image, now, place};
use crate::config::Config;
use crate::inventory::answers;

fn protected(word: &str) -> Estate {
    let image = answers::Image { deregistration_protection: Some(word.into()), ..image("ami-1") };
    estate([place(OURS, "eu-west-1", vec![image])])
}

/// Sees an image in this state at each of these hours, and tells until when it cools down after the last.
fn seen(states: &[(i64, &str)]) -> Option<Timestamp> {
    let config = Config::default();
    let mut history = History::default();
    let mut until = None;
    for (hour, word) in states {
        let estate = protected(word);
        let at = now() + hours(*hour);
        history.observe(&Joined::new(&estate, &history.clone(), &config, at));
        let joined = Joined::new(&estate, &history, &config, at);
        let (inventory, image) = by_id(&estate)["ami-1"];
        until = joined.image(inventory, image).cooling_until;
    }
    until
}

#[test]
fn protection_that_was_taken_off_cools_down_for_a_day_from_when_it_was_first_seen_off() {
    let on = "enabled-with-cooldown";
    assert_eq!(seen(&[(0, on)]), None, "it is still on");
    assert_eq!(seen(&[(0, on), (6, "disabled")]), Some(now() + hours(30)));
    assert_eq!(seen(&[(0, on), (6, "disabled"), (12, "disabled"), (29, "disabled")]), Some(now() + hours(30)));
    assert_eq!(seen(&[(0, on), (6, "disabled"), (30, "disabled")]), None);
    assert_eq!(seen(&[(0, on), (6, "disabled"), (12, on), (18, "disabled")]), Some(now() + hours(42)));
}

#[test]
fn protection_without_cooldown_ends_at_once() {
    assert_eq!(seen(&[(0, "enabled-without-cooldown"), (6, "disabled")]), None);
    assert_eq!(seen(&[(0, "enabled-with-cooldown"), (6, "enabled-without-cooldown"), (12, "disabled")]), None);
    // A word that nobody knows yet may mean anything.
    assert_eq!(seen(&[(0, "enabled-until-further-notice"), (6, "disabled")]), Some(now() + hours(30)));
}

#[test]
fn without_a_cycle_that_saw_it_off_the_cooldown_counts_from_now() {
    let estate = protected("disabled");
    let cooldown = Cooldown { protected_at: now() - hours(500), seen_off_at: None };
    let history = History { cooldowns: [("ami-1".into(), cooldown)].into(), ..History::default() };
    let config = Config::default();
    let joined = Joined::new(&estate, &history, &config, now());
    let (inventory, image) = by_id(&estate)["ami-1"];
    assert_eq!(joined.image(inventory, image).cooling_until, Some(now() + hours(24)));
}

#[test]
fn what_is_gone_is_forgotten_only_when_everything_was_read() {
    let config = Config::default();
    let mut history = History::default();
    history.observe(&Joined::new(&protected("enabled-with-cooldown"), &History::default(), &config, now()));
    let mut unread = place(OURS, "eu-west-1", vec![]);
    unread.images = Err("AccessDenied".into());
    history.observe(&Joined::new(&estate([unread]), &history.clone(), &config, now()));
    assert_eq!(history.cooldowns.len(), 1);
    history.observe(&Joined::new(&estate([place(OURS, "eu-west-1", vec![])]), &history.clone(), &config, now()));
    assert_eq!(history.cooldowns.len(), 0);
}
