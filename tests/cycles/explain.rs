//! A live `explain` asks all there is to ask about its one resource, and about no other.

use ami_warden_sim::{RuleResource, World};
use serde_json::{Value, json};

use super::harness::{HERE, OURS, OUTSIDER, whatever_is_old};
use super::program::*;

fn estate() -> World {
    let mut world = world_of_today();
    for resource in [RuleResource::Image, RuleResource::Snapshot] {
        world.account(OURS).region(HERE).recycle_bin_rule(resource, 30).put();
    }
    for name in ["one", "two"] {
        world.account(OURS).region(HERE).image(name).age_days(10).snapshot_size(8).shared_with(OUTSIDER).put();
    }
    world
}

async fn bench(world: World, policies: &str) -> Bench {
    let bench = Bench::new(world, "[organization]\nmembers = []").await;
    std::fs::create_dir(bench.path("policies")).unwrap();
    std::fs::write(bench.path("policies/asks.cedar"), policies).unwrap();
    bench
}

/// How often each question about single resources was asked.
fn asked(bench: &Bench) -> [usize; 3] {
    let apis = ["DescribeImageAttribute", "DescribeSnapshotAttribute", "DescribeImageReferences"];
    bench.sim.world(|world| apis.map(|api| world.journal.count(api)))
}

fn fact<'s>(facts: &'s Value, name: &str) -> &'s Value {
    &facts.as_array().unwrap().iter().find(|fact| fact["name"] == name).unwrap()["value"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_is_not_due_yet_is_told_with_its_shares_and_the_day_of_its_end() {
    let mut world = estate();
    let lost = world.account(OURS).region(HERE).snapshot().age_days(100).description("Created by CreateImage(i-0abc) for ami-0gone");
    let lost = lost.put();
    let orphans = "@id(\"orphans\") permit (principal, action == Action::\"deleteSnapshot\", resource is Snapshot)
        when { resource has orphanedFor && resource.orphanedFor > duration(\"14d\") };";
    let bench = bench(world, orphans).await;
    let story = bench.json(&["explain", &lost]);
    assert_eq!(asked(&bench), [0, 1, 0], "{story:#}");
    assert_eq!(fact(&story["facts"], "shared with"), "nobody");
    assert_eq!(story["unknown"], json!([]), "{story:#}");
    let outlook = story["outlook"][0].as_str().unwrap();
    assert!(outlook.contains("deleteSnapshot is asked for from") && outlook.contains("and would be done on"), "{outlook}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_nothing_is_due_for_is_told_with_its_shares_its_snapshots_shares_and_who_refers_to_it() {
    let mut world = estate();
    let image = world.account(OURS).region(HERE).image("young").age_days(10).snapshot_size(8).snapshot_size(8).shared_with(OUTSIDER).put();
    let bench = bench(world, &whatever_is_old("deregister")).await;
    let story = bench.json(&["explain", &image]);
    assert_eq!(asked(&bench), [1, 2, 1], "{story:#}");
    assert_eq!(fact(&story["facts"], "shared with"), OUTSIDER);
    let shares: Vec<&Value> = story["snapshots"].as_array().unwrap().iter().map(|behind| fact(&behind["facts"], "shared with")).collect();
    assert_eq!(shares, ["nobody", "nobody"], "{story:#}");
    let plan = bench.json(&["plan"]);
    assert_eq!(asked(&bench), [1, 2, 1], "a plan asks only about what is due: {plan:#}");
}
