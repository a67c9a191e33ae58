//! What fails, and that it stops nothing else, is not repeated blindly and is not lost.

use ami_warden::model::Action;
use ami_warden_sim::{Fault, FaultKind};
use jiff::SignedDuration;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use super::harness::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Images that are deregistered at once, among as many that stay.
async fn retiring(names: &[&str]) -> (Stage, Vec<String>) {
    let mut world = world();
    world.bins();
    let images: Vec<String> = names.iter().map(|name| world.unused(name)).collect();
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).snapshot_size(8).snapshot_size(8).put();
    }
    let stage = stage_with(world, hasty(), policies(&whatever_is_old("deregister")), |_| ()).await;
    (stage, images)
}

#[tokio::test]
async fn a_denied_step_does_not_stop_the_others() {
    let (stage, images) = retiring(&["one", "two", "three"]).await;
    stage.sim.world(|world| world.inject(Fault::deny().action("DeregisterImage").resource(&images[0])));
    let cycle = stage.cycle().await;
    let expected = [("failed", &images[0]), ("done", &images[1]), ("done", &images[2])].map(|(how, id)| format!("deregister {id} {how}"));
    assert_eq!(cycle.enacted(), expected);
}

#[tokio::test]
async fn three_failures_hold_a_step_with_growing_pauses_and_use_no_rate() {
    let (mut stage, images) = retiring(&["one", "two"]).await;
    stage.engine.settings.config.limits.per_place = 1;
    stage.sim.world(|world| {
        world.inject(Fault::deny().action("DeregisterImage").resource(&images[0]));
        // Older, so that it comes first.
        let created = world.image(&images[0]).unwrap().created;
        world.image_mut(&images[0]).unwrap().created = created - DAY;
    });
    for _ in 0..3 {
        assert_eq!(stage.after(HOUR).await.enacted(), [format!("deregister {} failed", images[0])]);
    }
    let held = stage.after(HOUR).await;
    assert_eq!(held.held_by(Action::Deregister, &images[0]), Some(vec!["UnauthorizedOperation"]));
    assert_eq!(held.enacted(), [format!("deregister {} done", images[1])], "the rate is free for others");

    // Six hours after the third failure, twelve after the fourth, twenty-four after the fifth.
    let mut tried = Vec::new();
    for hour in 1..=48 {
        if !stage.after(HOUR).await.enacted().is_empty() {
            tried.push(hour);
        }
    }
    assert_eq!(tried, [5, 17, 41]);
    stage.sim.world(ami_warden_sim::World::clear_faults);
    stage.advance(DAY * 2);
    assert_eq!(stage.cycle().await.enacted(), [format!("deregister {} done", images[0])]);
}

#[tokio::test]
async fn an_effect_whose_answer_was_lost_is_read_back_as_done() {
    let (stage, images) = retiring(&["one", "two"]).await;
    for kind in [FaultKind::TimeoutAfter, FaultKind::ResetAfter] {
        stage.sim.world(|world| world.inject(Fault::new(kind).action("DeregisterImage").first(1)));
    }
    let cycle = stage.cycle().await;
    assert_eq!(cycle.enacted(), images.iter().map(|id| format!("deregister {id} done")).collect::<Vec<_>>());
    assert_eq!(stage.count("DeregisterImage"), 2, "each once");
    for answer in [FaultKind::InternalErrorAfter, FaultKind::EmptyBody, FaultKind::TruncatedPage, FaultKind::BareAnswer] {
        let (stage, images) = retiring(&["one"]).await;
        stage.sim.world(|world| world.inject(Fault::new(answer.clone()).action("DeregisterImage")));
        assert_eq!(stage.cycle().await.enacted(), [format!("deregister {} done", images[0])], "{answer:?}");
        assert_eq!(stage.count("DeregisterImage"), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_call_that_was_lost_before_its_effect_is_not_repeated_blindly_and_ends_as_failed() {
    for kind in [FaultKind::TimeoutBefore, FaultKind::ResetBefore] {
        let (stage, images) = retiring(&["one"]).await;
        stage.sim.world(|world| world.inject(Fault::new(kind.clone()).action("DeregisterImage").first(1)));
        assert_eq!(stage.cycle().await.enacted(), [format!("deregister {} unknown", images[0])]);
        // A listing may lag by minutes: until then nobody knows.
        let early = stage.after(SignedDuration::from_mins(5)).await;
        assert_eq!((early.enacted(), early.concluded()), (vec![format!("deregister {} skipped", images[0])], vec![]), "{kind:?}");
        assert_eq!(stage.count("DeregisterImage"), 1);
        let later = stage.after(HOUR).await;
        assert_eq!(later.concluded(), [format!("deregister {} failed", images[0])]);
        assert_eq!(later.enacted(), [format!("deregister {} done", images[0])], "known to have had no effect, so tried again");
    }
}

#[tokio::test]
async fn every_step_whose_answer_was_lost_is_told_by_what_it_did() {
    let mut world = world();
    world.bins();
    for name in ["a", "b", "c", "d", "e", "f"] {
        world.here().image(name).age_days(10).snapshot_size(8).snapshot_size(8).put();
    }
    let deprecated = world.unused("deprecated");
    // A far date from before is not the effect.
    world.image_mut(&deprecated).unwrap().deprecation = Some(start() + DAY * 500);
    let disabled = world.unused("disabled");
    let public = world.unused("public");
    world.image_mut(&public).unwrap().launch_permissions.insert(ami_warden_sim::Permission::Everyone);
    let shared = world.unused("shared");
    world.image_mut(&shared).unwrap().launch_permissions.insert(ami_warden_sim::Permission::Account(OUTSIDER.into()));
    let snapshot = world.here().snapshot().age_days(800).put();
    let open = world.here().snapshot().age_days(10).public().put();
    let named = |action: &str, name: &str| {
        format!(
            "@id(\"{action}\") permit (principal, action == Action::\"{action}\", resource is Image) when {{ resource.name == \"{name}\" }};\n"
        )
    };
    let text = named("deprecate", "deprecated")
        + &named("disable", "disabled")
        + &named("revokeShare", "shared")
        + &whatever_is_old("deleteSnapshot")
        + "@id(\"private\") permit (principal, action == Action::\"makePrivate\", resource) when { resource has isPublic && resource.isPublic };\n";
    for kind in [FaultKind::TimeoutBefore, FaultKind::TimeoutAfter] {
        let fresh = world.clone();
        let stage = stage_with(fresh, hasty(), policies(&text), |_| ()).await;
        let writes = ["EnableImageDeprecation", "DisableImage", "ModifyImageAttribute", "ModifySnapshotAttribute", "DeleteSnapshot"];
        for api in writes {
            stage.sim.world(|world| world.inject(Fault::new(kind.clone()).action(api)));
        }
        let outcome = if kind == FaultKind::TimeoutAfter { "done" } else { "unknown" };
        let mut expected = [
            format!("makePrivate {public} {outcome}"),
            format!("makePrivate {open} {outcome}"),
            format!("revokeShare {shared} {outcome}"),
            format!("deprecate {deprecated} {outcome}"),
            format!("disable {disabled} {outcome}"),
            format!("deleteSnapshot {snapshot} {outcome}"),
        ];
        expected.sort();
        let cycle = stage.cycle().await;
        let mut enacted = cycle.enacted();
        enacted.sort();
        assert_eq!(enacted, expected, "{kind:?} {:?}", cycle.plan.held);
        assert_eq!(stage.attempts().len(), 6);
    }
}

#[tokio::test]
async fn a_throttled_write_is_sent_again() {
    let (stage, images) = retiring(&["one"]).await;
    stage.sim.world(|world| world.inject(Fault::throttle().action("DeregisterImage").first(1)));
    assert_eq!(stage.cycle().await.enacted(), [format!("deregister {} done", images[0])]);
    assert_eq!(stage.count("DeregisterImage"), 2);
}

#[tokio::test]
async fn a_throttled_read_is_sent_again() {
    let mut world = world();
    world.unused("forgotten");
    world.inject(Fault::throttle().action("DescribeImages").first(1));
    let stage =
        stage_with(world, enforcing(), ami_warden::policy::PolicySet::shipped().unwrap(), |settings| settings.timeouts.attempts = 3).await;
    assert!(stage.cycle().await.plan.complete);
}

/// Makes the ledger refuse to write `table`, as a full disk would.
async fn refuse(stage: &Stage, table: &str) -> SqliteConnection {
    let mut connection = SqliteConnectOptions::new().filename(stage.ledger_path()).connect().await.unwrap();
    let sql = format!("CREATE TRIGGER full_disk BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'no room'); END");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection
}

#[tokio::test]
async fn nothing_is_changed_while_an_intent_cannot_be_written_down() {
    let (stage, images) = retiring(&["one", "two"]).await;
    let mut disk = refuse(&stage, "intents").await;
    assert!(stage.run(ami_warden::ledger::CycleKind::Scan).await.is_err());
    assert!(stage.attempts().is_empty());
    sqlx::raw_sql("DROP TRIGGER full_disk").execute(&mut disk).await.unwrap();
    stage.advance(HOUR);
    assert_eq!(stage.cycle().await.enacted().len(), images.len());
}

#[tokio::test]
async fn acting_stops_when_an_outcome_cannot_be_written_down_and_goes_on_from_what_is_seen() {
    let (stage, images) = retiring(&["one", "two"]).await;
    let mut disk = refuse(&stage, "outcomes").await;
    assert!(stage.run(ami_warden::ledger::CycleKind::Scan).await.is_err());
    assert_eq!(stage.attempts(), [format!("DeregisterImage {}", images[0])], "no further call");
    sqlx::raw_sql("DROP TRIGGER full_disk").execute(&mut disk).await.unwrap();
    stage.advance(HOUR);
    let next = stage.cycle().await;
    assert_eq!(next.concluded(), [format!("deregister {} done", images[0])]);
    assert_eq!(next.enacted(), [format!("deregister {} done", images[1])]);
    assert_eq!(stage.count("DeregisterImage"), 2);
}

#[tokio::test]
async fn a_listing_that_still_shows_what_is_gone_makes_no_failure() {
    let (stage, images) = retiring(&["one"]).await;
    stage.sim.world(|world| world.settings.deregistered_linger = HOUR * 3);
    assert_eq!(stage.cycle().await.enacted(), [format!("deregister {} done", images[0])]);
    for _ in 0..4 {
        let cycle = stage.after(HOUR).await;
        assert!(cycle.enacted().iter().all(|told| !told.ends_with("failed")), "{:?}", cycle.summary.enacted);
    }
}

#[tokio::test]
async fn a_deprecation_date_years_away_is_brought_forward_and_then_left_alone() {
    let mut world = world();
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).put();
    }
    let image = world.unused("forgotten");
    world.image_mut(&image).unwrap().deprecation = Some(start() + DAY * 500);
    let stage = stage(world, enforcing()).await;
    assert_eq!(stage.cycle().await.enacted(), [format!("deprecate {image} done")]);
    assert!(stage.sim.world(|world| world.image(&image).unwrap().deprecation.unwrap()) < start() + HOUR);
    for _ in 0..3 {
        assert!(stage.after(HOUR).await.enacted().is_empty());
    }
}
