//! What arrives in SNS: changes with attributes to filter on, in order, none lost and none twice.

use std::collections::BTreeSet;

use ami_warden::config::Config;
use ami_warden::model::{Action, Mode};
use ami_warden_sim::world::topic::Message;
use ami_warden_sim::{Fault, FaultKind, World};
use jiff::SignedDuration;
use serde_json::Value;

use super::harness::*;

fn told(world: &mut World, config: Config) -> (Config, String) {
    let topic = world.here().topic("warden");
    let mut config = config;
    config.sns.topics.insert("default".into(), topic.clone());
    (config, topic)
}

fn messages(stage: &Stage, topic: &str) -> Vec<Message> {
    stage.sim.world(|world| world.messages(topic).to_vec())
}

fn attribute<'m>(message: &'m Message, name: &str) -> &'m str {
    message.attributes.get(name).map_or("", |attribute| attribute.value.as_str())
}

fn machine(message: &Message) -> Value {
    let forms: Value = serde_json::from_str(&message.body).unwrap();
    serde_json::from_str(forms["default"].as_str().unwrap()).unwrap()
}

/// The events of the messages that are no digest.
fn events(messages: &[Message]) -> Vec<String> {
    let told = messages.iter().filter(|message| attribute(message, "event") != "digest");
    told.map(|message| format!("{} {}", attribute(message, "event"), attribute(message, "action"))).collect()
}

#[tokio::test]
async fn what_falls_due_is_done_or_fails_arrives_with_attributes_to_filter_on() {
    let mut world = world();
    world.bins();
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).snapshot_size(8).snapshot_size(8).put();
    }
    let (config, topic) = told(&mut world, enforcing());
    let stage = stage_with(world, config, policies(&whatever_is_old("deregister")), |_| ()).await;
    stage.cycle().await;
    assert_eq!(events(&messages(&stage, &topic)), Vec::<String>::new(), "the first report is a digest");
    assert_eq!(messages(&stage, &topic).len(), 1);

    let image = stage.sim.world(|world| world.unused("forgotten"));
    stage.after(DAY / 4).await;
    assert_eq!(events(&messages(&stage, &topic)), ["planned deregister"]);
    stage.after(DAY * 13).await;
    assert_eq!(events(&messages(&stage, &topic)), ["planned deregister", "soon deregister"]);
    stage.sim.world(|world| world.inject(Fault::deny().action("DeregisterImage").first(1)));
    stage.after(DAY).await;
    stage.after(DAY / 4).await;
    let all = messages(&stage, &topic);
    assert_eq!(events(&all), ["planned deregister", "soon deregister", "failed deregister", "done deregister"]);
    for message in all.iter().filter(|message| attribute(message, "event") != "digest") {
        let values = ["severity", "account", "region", "action"].map(|name| attribute(message, name));
        assert_eq!(values, ["medium", OURS, HERE, "deregister"]);
        assert_eq!(message.structure.as_deref(), Some("json"));
        let machine = machine(message);
        assert_eq!(machine["entries"][0]["resource"], image.as_str(), "{machine}");
        let people: Value = serde_json::from_str(&message.body).unwrap();
        assert!(people["email"].as_str().unwrap().contains(&image));
    }
    assert_eq!(
        machine(&all.into_iter().find(|message| attribute(message, "event") == "failed").unwrap())["entries"][0]["outcome"]["code"],
        "UnauthorizedOperation"
    );
}

#[tokio::test]
async fn messages_go_to_the_topic_of_their_severity_in_its_own_region() {
    let mut world = world();
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).put();
    }
    world.here().image("leaked").age_days(10).public().put();
    let (mut config, topic) = told(&mut world, enforcing());
    let urgent = world.there().topic("urgent");
    config.sns.topics.insert("critical".into(), urgent.clone());
    let stage = stage(world, config).await;
    stage.cycle().await;
    assert_eq!(events(&messages(&stage, &urgent)), ["done makePrivate"]);
    assert!(events(&messages(&stage, &topic)).is_empty());
    assert!(stage.sim.world(|world| world.journal.calls("Publish").any(|call| call.region == THERE)));
}

#[tokio::test]
async fn nothing_is_lost_nothing_comes_twice_and_nothing_overtakes_while_sns_is_down() {
    for kind in [FaultKind::InternalError, FaultKind::Deny, FaultKind::TimeoutBefore, FaultKind::Throttle] {
        let mut world = world();
        world.bins();
        for name in ["a", "b", "c", "d", "e", "f", "g", "h"] {
            world.here().image(name).age_days(10).snapshot_size(8).snapshot_size(8).put();
        }
        let (config, topic) = told(&mut world, hasty());
        let stage = stage_with(world, config, policies(&whatever_is_old("deregister")), |_| ()).await;
        // A throttled write is tried again for twelve real seconds: one such failure is enough.
        let down = Fault::new(kind.clone()).action("Publish");
        stage.sim.world(|world| world.inject(if kind == FaultKind::Throttle { down.first(4) } else { down }));
        let mut images = Vec::new();
        for name in ["one", "two", "three"].into_iter().take(if kind == FaultKind::Throttle { 1 } else { 3 }) {
            images.push(stage.sim.world(|world| world.unused(name)));
            stage.after(SignedDuration::from_hours(2)).await;
        }
        assert!(messages(&stage, &topic).is_empty(), "{kind:?}");
        let waiting = stage.engine.ledger.outbox().await.unwrap();
        assert!(waiting.waiting > 0 && waiting.error.is_some(), "{waiting:?}");
        stage.sim.world(World::clear_faults);
        stage.after(SignedDuration::from_hours(2)).await;
        stage.after(SignedDuration::from_hours(2)).await;
        let all = messages(&stage, &topic);
        let done: Vec<String> = all
            .iter()
            .filter(|message| attribute(message, "event") == "done")
            .map(|message| machine(message)["entries"][0]["resource"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(done, images, "{kind:?}");
        let ids: BTreeSet<String> = all.iter().map(|message| machine(message)["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids.len(), all.len(), "{kind:?}: none twice");
        assert_eq!(stage.engine.ledger.outbox().await.unwrap().waiting, 0);
    }
}

#[tokio::test]
async fn a_crash_between_doing_and_telling_loses_no_message() {
    let mut world = world();
    world.bins();
    for name in ["a", "b", "c", "d"] {
        world.here().image(name).age_days(10).snapshot_size(8).snapshot_size(8).put();
    }
    let image = world.unused("forgotten");
    let (config, topic) = told(&mut world, hasty());
    let stage = stage_with(world, config, policies(&whatever_is_old("deregister")), |_| ()).await;
    let (tell, mut seen) = tokio::sync::mpsc::unbounded_channel();
    stage.sim.world(|world| {
        world.settings.hang_limit = std::time::Duration::from_secs(60);
        world.inject(Fault::timeout_before().action("Publish").first(1));
        world.meanwhile(ami_warden_sim::Calls::of("DeregisterImage"), move |_| tell.send(()).unwrap());
    });
    tokio::select! {
        ended = stage.engine.cycle(ami_warden::ledger::CycleKind::Scan) => panic!("{ended:?}"),
        () = async {
            seen.recv().await;
            while stage.count("Publish") == 0 {
                tokio::task::yield_now().await;
            }
        } => {}
    }
    let stage = stage.restarted().await;
    stage.after(DAY / 4).await;
    let done: Vec<Value> = messages(&stage, &topic).iter().filter(|message| attribute(message, "event") == "done").map(machine).collect();
    assert_eq!(done.len(), 1);
    assert_eq!(done[0]["entries"][0]["resource"], image.as_str());
}

#[tokio::test]
async fn a_gap_is_told_once_when_it_comes() {
    let mut world = world();
    world.here().image("a").age_days(10).put();
    let (mut config, topic) = told(&mut world, enforcing());
    config.mode = Mode::Notify;
    let stage = stage(world, config).await;
    stage.cycle().await;
    stage.sim.world(|world| world.inject(Fault::deny().action("DescribeInstances").region(HERE)));
    for _ in 0..3 {
        stage.after(DAY / 4).await;
    }
    let gaps: Vec<Message> = messages(&stage, &topic).into_iter().filter(|message| attribute(message, "event") == "gap").collect();
    assert_eq!(gaps.len(), 1);
    assert_eq!(machine(&gaps[0])["entries"][0]["source"], "describe-instances");
}

#[tokio::test]
async fn what_the_tripwire_holds_asks_for_a_person() {
    let mut world = world();
    for n in 0..30 {
        world.here().image(&format!("young{n}x")).age_days(10).put();
    }
    let (config, topic) = told(&mut world, enforcing());
    let stage = stage_with(world, config, policies(&whatever_is_old("deprecate")), |_| ()).await;
    stage.cycle().await;
    stage.sim.world(|world| {
        for n in 0..30 {
            world.here().image(&format!("old{n}x")).age_days(800).put();
        }
    });
    stage.after(DAY / 4).await;
    stage.after(DAY / 4).await;
    assert_eq!(events(&messages(&stage, &topic)), ["approval deprecate"]);
    assert!(stage.attempts().is_empty());
}

#[tokio::test]
async fn observe_tells_nobody_and_notify_changes_nothing() {
    for (mode, silent) in [(Mode::Observe, true), (Mode::Notify, false)] {
        let mut world = world();
        for name in ["a", "b", "c", "d"] {
            world.here().image(name).age_days(10).put();
        }
        world.here().image("leaked").age_days(10).public().put();
        let (mut config, topic) = told(&mut world, hasty());
        config.mode = mode;
        let stage = stage(world, config).await;
        let cycle = stage.cycle().await;
        assert!(cycle.plan.steps.iter().any(|step| step.action == Action::MakePrivate && !step.enact));
        stage.after(DAY).await;
        assert_eq!(messages(&stage, &topic).is_empty(), silent, "{mode}");
        assert!(stage.attempts().is_empty(), "{mode}");
        assert_eq!(stage.count("Publish") == 0, silent, "{mode}");
    }
}
