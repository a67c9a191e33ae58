//! Everything that has ever cost somebody an outage, for a simulated year of cycles.

use std::collections::{BTreeMap, BTreeSet};

use ami_warden::model::Action;
use ami_warden_sim::{InstanceState, Protection, World};
use jiff::SignedDuration;

use super::harness::*;

/// Builds one image per trap, and tells what each is named after.
fn traps(world: &mut World) -> BTreeMap<String, &'static str> {
    let mut traps = BTreeMap::new();
    let mut trap = |world: &mut World, name: &'static str| {
        let image = world.unused(name);
        traps.insert(image.clone(), name);
        image
    };

    let image = trap(world, "running");
    world.here().instance(&image).put();
    let image = trap(world, "stopped");
    world.here().instance(&image).state(InstanceState::Stopped).put();
    let image = trap(world, "hiddeninstance");
    world.here().instance(&image).managed_by("eks.amazonaws.com").put();

    let newest = world.here().image("current").age_days(5).put();
    let image = trap(world, "defaultversion");
    world.here().launch_template("default").version(&newest).version(&image).default_version(2).version(&newest).put();
    let image = trap(world, "latestversion");
    world.here().launch_template("latest").version(&newest).version(&image).put();
    let image = trap(world, "hiddentemplate");
    world.here().launch_template("hidden").version(&image).managed_by("eks.amazonaws.com").put();
    let image = trap(world, "staleversion");
    world.here().launch_template("stale").version(&image).version(&newest).default_version(2).put();
    let image = trap(world, "numberedversion");
    let template = world.here().launch_template("numbered").version(&newest).version(&image).version(&newest).put();
    world.here().auto_scaling_group("numbered").launch_template(&template, "2").size(1, 3, 1).put();
    let image = trap(world, "zerosize");
    let template = world.here().launch_template("zero").version(&newest).version(&image).version(&newest).put();
    world.here().auto_scaling_group("zero").launch_template(&template, "2").size(0, 0, 0).put();
    let image = trap(world, "overridetemplate");
    let overriding = world.here().launch_template("overriding").version(&newest).version(&image).version(&newest).put();
    let base = world.here().launch_template("base").version(&newest).put();
    world.here().auto_scaling_group("mixed").mixed(&base, "$Default").override_template("m5.large", &overriding, "2").put();
    let image = trap(world, "overrideimage");
    world.here().auto_scaling_group("mixedimage").mixed(&base, "$Default").override_image("m5.large", &image).put();
    let image = trap(world, "configuration");
    world.here().launch_configuration("classic", &image);
    let image = trap(world, "alias");
    world.here().parameter("/images/web", &image);
    world.here().launch_template("alias").version("resolve:ssm:/images/web").put();

    let share = |world: &mut World, image: &str, permission| {
        world.image_mut(image).unwrap().launch_permissions.insert(permission);
    };
    let image = trap(world, "shared");
    share(world, &image, ami_warden_sim::Permission::Account(OUTSIDER.into()));
    let image = trap(world, "public");
    // Of public images older than two years EC2 takes no deprecation date any more.
    world.image_mut(&image).unwrap().created = start() - DAY * 500;
    share(world, &image, ami_warden_sim::Permission::Everyone);

    let mark = |world: &mut World, image: &str, tag: &str| {
        world.image_mut(image).unwrap().tags.insert(tag.to_owned(), "yes".to_owned());
    };
    let image = trap(world, "kept");
    mark(world, &image, "keep");
    let image = trap(world, "onhold");
    mark(world, &image, "legal-hold");
    let image = trap(world, "backup");
    mark(world, &image, "aws:backup:source-resource");
    for name in ["newest", "second", "third"] {
        let image = trap(world, name);
        world.image_mut(&image).unwrap().tags.insert("family".into(), "golden".into());
    }
    let image = trap(world, "guarded");
    world.image_mut(&image).unwrap().protection = Protection::On;
    traps
}

#[tokio::test]
async fn nothing_that_may_be_in_use_is_touched_in_a_year() {
    let mut world = world();
    world.bins();
    let free = world.unused("free");
    let traps = traps(&mut world);
    let mut config = enforcing();
    // The doubt about use has to hold them, not the end of the exposure.
    config.enforce.actions.retain(|action| !action.ends_exposure());
    let stage = stage(world, config).await;

    let mut held: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for _ in 0..26 {
        let cycle = stage.cycle().await;
        assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
        for entry in cycle.plan.held.iter().filter(|entry| entry.action != Action::Deprecate) {
            if let Some(name) = traps.get(&entry.resource.to_string()) {
                held.entry(name).or_default().extend(entry.held_by.iter().map(|hold| hold.name.clone()));
            }
        }
        stage.advance(SignedDuration::from_hours(24 * 14));
    }

    let changes = stage.changes();
    assert!(changes.contains(&format!("DeregisterImage {free}")), "the daemon did work: {changes:?}");
    let touched = |api: &str, id: &str| changes.iter().any(|change| *change == format!("{api} {id}"));
    for (image, name) in &traps {
        assert!(!touched("DeregisterImage", image), "{name} was deregistered");
        assert!(touched("DisableImage", image) == (*name == "guarded"), "{name}");
        assert!(!["kept", "onhold", "backup"].contains(name) || !touched("EnableImageDeprecation", image), "{name} was deprecated");
    }
    let snapshots = changes.iter().filter(|change| change.starts_with("DeleteSnapshot")).count();
    assert_eq!(snapshots, 2, "only those of the free image");
    assert_eq!(stage.count("ResetImageAttribute") + stage.count("ModifyImageAttribute"), 0);

    let reason = |name: &str| held.get(name).unwrap_or_else(|| panic!("{name} was never held: {held:?}"));
    for name in [
        "running",
        "stopped",
        "hiddeninstance",
        "defaultversion",
        "latestversion",
        "hiddentemplate",
        "numberedversion",
        "zerosize",
        "overridetemplate",
        "overrideimage",
        "configuration",
        "alias",
    ] {
        assert!(reason(name).contains("in-use"), "{name}: {:?}", reason(name));
    }
    assert!(reason("staleversion").contains("stale-use"));
    for name in ["shared", "public"] {
        assert!(reason(name).contains("usage-unknown"), "{name}");
    }
    assert!(reason("guarded").contains("protected"));
}

#[tokio::test]
async fn what_is_kept_or_managed_elsewhere_is_not_even_deprecated() {
    let mut world = world();
    world.bins();
    let traps = traps(&mut world);
    let stage = stage(world, enforcing()).await;
    let cycle = stage.cycle().await;
    let id = |name: &str| traps.iter().find(|(_, trap)| **trap == name).map(|(id, _)| id.clone()).unwrap();
    assert_eq!(cycle.held_by(Action::Deprecate, &id("kept")), Some(vec!["keep-tag"]));
    assert_eq!(cycle.held_by(Action::Deprecate, &id("onhold")), Some(vec!["keep-tag", "legal-hold"]));
    assert_eq!(cycle.held_by(Action::Deprecate, &id("backup")), Some(vec!["managed"]));
    // Of three images as old as each other the one with the greatest id is the newest.
    let newest = ["newest", "second", "third"].map(&id).into_iter().max().unwrap();
    assert_eq!(cycle.held_by(Action::Deprecate, &newest), Some(vec!["keep-newest"]));
    for id in [id("kept"), id("onhold"), id("backup"), newest] {
        assert!(!stage.attempts().iter().any(|attempt| attempt.ends_with(&id)), "{id}");
    }
}
