//! Block Public Access: switched on once per Region and kind, where it is off and ours to switch; and who else can get at
//! an image.

use ami_warden::config::Config;
use ami_warden::model::Action;
use ami_warden_sim::world::image::Permission;
use ami_warden_sim::{Calls, Fault, World};
use jiff::SignedDuration;

use super::harness::*;

/// As in `docs/policies.md`.
const BLOCK: &str = r#"
    @id("block-public-access") @severity("medium")
    permit (principal, action == Action::"blockPublicAccess", resource is Place)
    when { context.of == "images" || context.of == "snapshots" } unless { resource in AccountGroup::"publishers" };
"#;

const IMAGES: &str = "EnableImageBlockPublicAccess";
const SNAPSHOTS: &str = "EnableSnapshotBlockPublicAccess";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn place(region: &str) -> String {
    format!("{OURS}/{region}")
}

async fn blocking(world: World, config: Config) -> Stage {
    stage_with(world, config, policies(BLOCK), |_| ()).await
}

/// Block Public Access for images and for snapshots, as EC2 has it.
fn states(stage: &Stage, region: &str) -> (String, String) {
    stage.sim.world(|world| {
        let place = world.place(OURS, region).unwrap();
        (place.image_block.state.clone(), place.snapshot_block.state.clone())
    })
}

fn new_sharing_blocked() -> (String, String) {
    ("block-new-sharing".into(), "block-new-sharing".into())
}

#[tokio::test]
async fn new_sharing_is_blocked_after_a_week_by_one_call_each_and_nothing_is_unshared() {
    let mut world = world();
    let image = world.here().image("leaked").age_days(10).public().put();
    let stage = blocking(world, enforcing()).await;
    let first = stage.cycle().await;
    assert_eq!(first.plan.pending.len(), 4, "{:?}", first.plan.held);
    assert!(stage.attempts().is_empty(), "a week of grace first");

    let second = stage.after(DAY * 7).await;
    let done = |region: &str| format!("blockPublicAccess {} done", place(region));
    assert_eq!(second.enacted(), [done(THERE), done(THERE), done(HERE), done(HERE)]);
    assert_eq!((states(&stage, HERE), states(&stage, THERE)), (new_sharing_blocked(), new_sharing_blocked()));
    assert_eq!((stage.count(IMAGES), stage.count(SNAPSHOTS), stage.attempts().len()), (2, 2, 4));
    stage.sim.world(|world| assert!(world.image(&image).unwrap().launch_permissions.contains(&Permission::Everyone)));

    let steps = stage.steps_of(&place(HERE)).await;
    assert_eq!(steps[0].intent.before["ImageBlockPublicAccess"]["ImageBlockPublicAccessState"], "unblocked", "{steps:?}");
    assert_eq!(steps[1].intent.before["SnapshotBlockPublicAccess"]["State"], "unblocked", "{steps:?}");

    let third = stage.after(DAY).await;
    assert_eq!((third.steps(), third.pending(), third.plan.held.len()), (Vec::new(), Vec::new(), 0));
    assert_eq!(stage.attempts().len(), 4);
}

#[tokio::test]
async fn what_a_declarative_policy_is_in_charge_of_is_left_to_it() {
    let mut world = world();
    world.here().managed_by_policy();
    let stage = blocking(world, hasty()).await;
    let cycle = stage.cycle().await;
    assert_eq!(cycle.held_by(Action::BlockPublicAccess, &place(HERE)), Some(vec!["managed"]));
    let held = cycle.plan.held.iter().flat_map(|entry| &entry.held_by);
    assert!(held.clone().count() == 2 && held.clone().all(|hold| hold.detail.contains("AWS Organizations")), "{:?}", cycle.plan.held);
    assert_eq!((stage.count(IMAGES), stage.count(SNAPSHOTS)), (1, 1), "only in the other Region");
}

#[tokio::test]
async fn a_state_that_cannot_be_read_holds_its_own_block_and_no_other() {
    let mut world = world();
    world.inject(Fault::deny().action("GetImageBlockPublicAccessState").region(HERE));
    let stage = blocking(world, hasty()).await;
    let cycle = stage.cycle().await;
    assert_eq!(cycle.held_by(Action::BlockPublicAccess, &place(HERE)), Some(vec!["get-image-block-public-access-state"]));
    assert_eq!(states(&stage, HERE), ("unblocked".into(), "block-new-sharing".into()));
    assert_eq!(states(&stage, THERE), new_sharing_blocked());
}

#[tokio::test]
async fn what_hides_public_snapshots_is_never_replaced_by_what_would_publish_them_again() {
    let mut hidden = world();
    hidden.here().block_public_access("block-new-sharing", "block-all-sharing");
    let stage = blocking(hidden, hasty()).await;
    let cycle = stage.cycle().await;
    assert!(cycle.steps().iter().all(|step| !step.contains(HERE)), "{:?}", cycle.steps());
    assert_eq!(states(&stage, HERE), ("block-new-sharing".into(), "block-all-sharing".into()));

    // Nor when somebody else hides them between the scan and the step.
    let mut open = world();
    let read_again = Calls::of("GetSnapshotBlockPublicAccessState").region(HERE).nth(2);
    open.meanwhile(read_again, |world| "block-all-sharing".clone_into(&mut world.place_mut(OURS, HERE).snapshot_block.state));
    let stage = blocking(open, hasty()).await;
    let cycle = stage.cycle().await;
    assert!(cycle.enacted().contains(&format!("blockPublicAccess {} skipped", place(HERE))), "{:?}", cycle.enacted());
    assert_eq!(states(&stage, HERE), ("block-new-sharing".into(), "block-all-sharing".into()));
    assert_eq!(stage.count(SNAPSHOTS), 1, "only in the other Region");
}

#[tokio::test]
async fn a_lost_answer_is_read_back_and_the_call_is_not_repeated() {
    let mut world = world();
    world.inject(Fault::timeout_after().action(SNAPSHOTS).region(HERE).first(1));
    let stage = blocking(world, hasty()).await;
    let cycle = stage.cycle().await;
    assert!(cycle.enacted().iter().all(|step| step.ends_with(" done")), "{:?}", cycle.enacted());
    assert_eq!((stage.count(SNAPSHOTS), states(&stage, HERE)), (2, new_sharing_blocked()));
}

#[tokio::test]
async fn a_lost_answer_is_open_while_ec2_takes_its_ten_minutes() {
    let mut world = world();
    world.settings.block_delay = SignedDuration::from_mins(10);
    world.inject(Fault::timeout_after().action(IMAGES).region(HERE).first(1));
    let stage = blocking(world, hasty()).await;
    let first = stage.cycle().await;
    assert!(first.enacted().contains(&format!("blockPublicAccess {} unknown", place(HERE))), "{:?}", first.enacted());

    let second = stage.after(HOUR).await;
    assert_eq!(second.concluded(), [format!("blockPublicAccess {} done", place(HERE))]);
    assert_eq!((stage.count(IMAGES), states(&stage, HERE)), (2, new_sharing_blocked()));
}

#[tokio::test]
async fn a_call_that_never_arrived_is_tried_again_once_that_is_certain() {
    let mut world = world();
    world.inject(Fault::timeout_before().action(IMAGES).region(HERE).first(1));
    let stage = blocking(world, hasty()).await;
    let first = stage.cycle().await;
    assert!(first.enacted().contains(&format!("blockPublicAccess {} unknown", place(HERE))), "{:?}", first.enacted());

    let second = stage.after(HOUR).await;
    assert_eq!(second.concluded(), [format!("blockPublicAccess {} failed", place(HERE))]);
    assert_eq!(second.enacted(), [format!("blockPublicAccess {} done", place(HERE))]);
    assert_eq!(states(&stage, HERE), new_sharing_blocked());
}

#[tokio::test]
async fn a_refused_block_fails_by_itself_and_stops_nothing_else() {
    let mut world = world();
    world.inject(Fault::deny().action(IMAGES).region(HERE));
    let stage = blocking(world, hasty()).await;
    let cycle = stage.cycle().await;
    assert_eq!(cycle.summary.failed(), 1, "{:?}", cycle.enacted());
    assert_eq!(states(&stage, HERE), ("unblocked".into(), "block-new-sharing".into()));
    assert_eq!(states(&stage, THERE), new_sharing_blocked());
}

#[tokio::test]
async fn an_exposure_cycle_blocks_nothing() {
    let stage = blocking(world(), hasty()).await;
    let cycle = stage.exposure().await;
    assert_eq!((cycle.steps(), cycle.plan.held.len()), (Vec::new(), 0));
    assert!(stage.attempts().is_empty());
}

#[tokio::test]
async fn what_is_not_in_the_enforced_actions_is_only_planned() {
    let config = Config { enforce: Config::default().enforce, ..hasty() };
    let stage = blocking(world(), config).await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.steps.len() == 4 && cycle.plan.steps.iter().all(|step| !step.enact), "{:?}", cycle.plan.steps);
    assert!(stage.attempts().is_empty());
}

/// What the shipped policies find, with the detail.
fn found(cycle: &Cycle, policy: &str) -> Vec<(String, String)> {
    let findings = cycle.plan.findings.iter().filter(|finding| finding.because.iter().any(|id| id == policy));
    findings.map(|finding| (finding.resource.to_string(), finding.detail.clone())).collect()
}

#[tokio::test]
async fn an_open_region_is_found_with_the_command_that_closes_it() {
    let mut world = world();
    world.there().block_public_access("block-new-sharing", "block-all-sharing");
    world.here().snapshot().public().put();
    let stage = stage(world, enforcing()).await;
    let cycle = stage.cycle().await;
    let images = found(&cycle, "images-can-become-public");
    let command = "aws ec2 enable-image-block-public-access --region us-east-1 --image-block-public-access-state block-new-sharing";
    // Findings of one resource come together.
    assert!(images.len() == 1 && images[0].0 == place(HERE) && images[0].1.contains(command), "{images:?}");
    let snapshots = found(&cycle, "snapshots-can-become-public");
    assert!(snapshots[0].1.contains("aws ec2 enable-snapshot-block-public-access --region us-east-1 --state block-new-sharing"));
    assert!(snapshots[0].1.contains("public snapshots, which that does not change: 1"), "{snapshots:?}");
}

#[tokio::test]
async fn a_private_image_on_a_public_snapshot_is_found_with_all_its_shares_and_no_further_request() {
    let mut world = world();
    let snapshot = world.here().snapshot().age_days(10).public().put();
    let image = world.here().image("web").age_days(10).on_snapshot(&snapshot).shared_with(OUTSIDER).put();
    let mut config = enforcing();
    config.groups.insert("partners".into(), vec![OUTSIDER.into()]);
    config.enforce = Config::default().enforce;
    config.mode = ami_warden::model::Mode::Notify;
    let stage = stage(world, config).await;
    let found = found(&stage.cycle().await, "private-image-public-snapshot");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, image);
    for part in [format!("the image: shared with {OUTSIDER}"), format!("its snapshots: public: {snapshot}")] {
        assert!(found[0].1.contains(&part), "{}", found[0].1);
    }
    assert_eq!(stage.count("DescribeSnapshotAttribute"), 0, "the listing of public snapshots tells it");
}

/// Two images that are shared with the outsider: one on a snapshot whose key lets only us in, and one on a snapshot of
/// another key. Both are of ours, and old enough to be disabled.
fn encrypted(world: &mut World, other: &str) -> [String; 2] {
    let ours = world.here().kms_key("ours", &[&format!("arn:aws:iam::{OURS}:root")]);
    [ours, other.to_owned()].map(|key| {
        let snapshot = world.here().snapshot().age_days(800).encrypted_with(&key).put();
        world.here().image(&key).age_days(800).on_snapshot(&snapshot).shared_with(OUTSIDER).put()
    })
}

/// Somebody we know and share with.
fn with_a_partner() -> Config {
    let mut config = hasty();
    config.groups.insert("partners".into(), vec![OUTSIDER.into()]);
    config
}

const CANNOT_WORK: &str = "share-that-cannot-work";

#[tokio::test]
async fn a_share_with_somebody_whom_the_key_shuts_out_is_found() {
    let mut world = world();
    let open = world.here().kms_key("open", &[OURS, &format!("arn:aws:iam::{OUTSIDER}:role/launcher")]);
    let [shut, _] = encrypted(&mut world, &open);
    let default = world.here().default_key("ebs");
    let snapshot = world.here().snapshot().age_days(10).encrypted_with(&default).put();
    let by_default = world.here().image("default").age_days(10).on_snapshot(&snapshot).shared_with(OUTSIDER).put();
    let stage = stage(world, with_a_partner()).await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.complete, "{:?}", cycle.plan.gaps);
    let mut found = found(&cycle, CANNOT_WORK);
    found.sort_by_key(|(image, _)| *image != shut);
    let [(first, by_policy), (second, by_alias)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((first, second), (&shut, &by_default));
    assert!(by_policy.contains("the policy of its KMS key does not name them"), "{by_policy}");
    assert!(by_alias.contains("AWS's default key `aws/ebs`"), "{by_alias}");
}

#[tokio::test]
async fn a_key_that_cannot_be_read_is_a_gap_that_finds_nothing_and_freezes_nothing() {
    let images = |world: &mut World| {
        let gone = format!("arn:aws:kms:{HERE}:{OURS}:key/pending-deletion");
        world.bins();
        let unused = world.unused("forgotten");
        (encrypted(world, &gone), unused)
    };
    let mut all = world();
    let ([shut, _], unused) = images(&mut all);
    let stage = stage(all, with_a_partner()).await;
    let cycle = stage.cycle().await;
    let gaps: Vec<_> = cycle.plan.gaps.iter().map(|gap| (gap.source.name(), gap.error.contains("key pending-deletion: "))).collect();
    assert_eq!(gaps, [("get-resource-keys", true)], "{:?}", cycle.plan.gaps);
    // What the other key says still counts.
    assert_eq!(found(&cycle, CANNOT_WORK).into_iter().map(|(image, _)| image).collect::<Vec<_>>(), [shut]);
    assert!(cycle.enacted().iter().any(|done| done.contains(&unused)), "{:?} {:?}", cycle.enacted(), cycle.plan.held);

    // Nor does it when no key can be read at all.
    let mut none = world();
    let (_, unused) = images(&mut none);
    none.inject(Fault::deny().action("GetResource"));
    let stage = super::harness::stage(none, with_a_partner()).await;
    let cycle = stage.cycle().await;
    assert!(cycle.plan.gaps.iter().all(|gap| gap.source.name() == "get-resource-keys") && !cycle.plan.complete, "{:?}", cycle.plan.gaps);
    assert_eq!(found(&cycle, CANNOT_WORK), []);
    assert!(cycle.enacted().iter().any(|done| done.contains(&unused)), "{:?} {:?}", cycle.enacted(), cycle.plan.held);
}
