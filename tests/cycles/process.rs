//! `run`, `record`, `plan`, `apply`, `approve` and `ledger` as processes of their own.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use ami_warden_sim::{Fault, RuleResource, World};
use serde_json::Value;

use super::harness::{HERE, OURS, OUTSIDER, THERE};
use super::program::*;

const NO_GRACE: &str =
    "[grace]\ndeprecate = \"0s\"\ndisable = \"0s\"\nderegister = \"0s\"\ndeleteSnapshot = \"0s\"\nrevokeShare = \"0s\"\n";

/// Something public, something old, something in use, and enough beside it that the tripwire rests.
fn estate() -> World {
    let mut world = world_of_today();
    let here = |world: &mut World, name: &str, days: i64| world.account(OURS).region(HERE).image(name).age_days(days).put();
    here(&mut world, "forgotten", 800);
    let used = here(&mut world, "used", 900);
    world.account(OURS).region(HERE).instance(&used).put();
    for name in ["a", "b", "c", "d", "e", "f"] {
        here(&mut world, name, 10);
    }
    world.account(OURS).region(HERE).image("leaked").age_days(10).public().put();
    world.account(OURS).region(HERE).image("shared").age_days(10).shared_with(OUTSIDER).put();
    world.account(OURS).region(HERE).snapshot().age_days(100).put();
    let golden = world.account(OURS).region(HERE).image("golden-1.0.0").age_days(20).tag("family", "golden");
    golden.tag("tested", "true").tag("replicate-to", THERE).put();
    let deprecated = world.now() - jiff::SignedDuration::from_hours(24 * 100);
    world.account(OURS).region(HERE).image("retiring").age_days(700).deprecated_at(deprecated).put();
    world.account(OURS).region(HERE).image("runningold").age_days(700).deprecated_at(deprecated).id("ami-0000000000000abcd").put();
    world.account(OURS).region(HERE).instance("ami-0000000000000abcd").put();
    world.account(OURS).region(THERE).image("there").age_days(10).put();
    world.account(OURS).region(HERE).recycle_bin_rule(RuleResource::Image, 14).put();
    world.account(OURS).region(HERE).recycle_bin_rule(RuleResource::Snapshot, 30).put();
    world
}

/// The words that arrive at systemd's socket until all of `wanted` have.
fn told(socket: &UnixDatagram, wanted: &[&str]) {
    let mut missing: Vec<&str> = wanted.to_vec();
    let mut buffer = [0; 4096];
    while !missing.is_empty() {
        let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("systemd never heard {missing:?}: {error}"));
        let words = text(&buffer[..length]);
        missing.retain(|wanted| !words.lines().any(|line| line == *wanted));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_lives_under_systemd_reloads_keeps_the_last_good_policies_and_ends_cleanly() {
    let bench = Bench::new(estate(), "mode = \"enforce\"\n[organization]\nmembers = []").await;
    shipped_policies(&bench.path("policies"));
    let socket = UnixDatagram::bind(bench.path("notify")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut command = bench.command(&["run"]);
    command.env("NOTIFY_SOCKET", bench.path("notify")).env("WATCHDOG_USEC", "1000000");
    let mut daemon = Daemon::start(command, bench.port);
    told(&socket, &["READY=1", "WATCHDOG=1"]);
    daemon.says("scan cycle");
    daemon.gets("/readyz", |status, _| status == 200);
    assert_eq!(daemon.get("/healthz").0, 200);
    assert_eq!(bench.changes(), ["ModifyImageAttribute", "EnableImageDeprecation", "EnableImageDeprecation"], "what the defaults allow");
    // Twice a second, as the watchdog wants.
    told(&socket, &["WATCHDOG=1"]);

    let policies = |body: &str| serde_json::from_str::<Value>(body).unwrap()["status"]["policies"].clone();
    let before = policies(&daemon.get("/api/v1/status").1);
    std::fs::write(bench.path("policies/broken.cedar"), "permit (principal, action, ressource);").unwrap();
    daemon.signal("HUP");
    daemon.says("the last good ones stay");
    told(&socket, &["READY=1"]);
    let refused = policies(&daemon.get("/api/v1/status").1);
    assert!(refused["refused"].as_str().unwrap().contains("broken.cedar"), "{refused}");
    assert_eq!(refused["count"], before["count"]);
    assert_eq!(daemon.get("/readyz").0, 200);

    std::fs::remove_file(bench.path("policies/broken.cedar")).unwrap();
    daemon.signal("HUP");
    daemon.says("read anew");
    daemon.gets("/api/v1/status", |_, body| policies(body)["refused"].is_null());
    daemon.signal("TERM");
    told(&socket, &["STOPPING=1"]);
    assert_eq!(daemon.ends().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_says_what_is_in_its_way() {
    let mut world = estate();
    // The first one waits for an answer as long as it will.
    world.settings.hang_limit = Duration::from_secs(300);
    world.inject(Fault::timeout_before().action("DescribeImages").region(THERE).first(1));
    let bench = Bench::new(world, "").await;
    let mut first = Daemon::start(bench.command(&["run"]), bench.port);
    first.says("health at");
    let second = bench.run(&["run"]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains(&bench.port.to_string()), "{}", text(&second.stderr));

    while bench.sim.world(|world| world.journal.count("DescribeImages")) == 0 {
        tokio::task::yield_now().await;
    }
    // On another port, with the same ledger, while the first one's cycle runs.
    let port = free_port().to_string();
    let elsewhere = bench.command(&["run", "--once"]).env("AMI_WARDEN_HTTP__LISTEN", format!("127.0.0.1:{port}")).output().unwrap();
    assert_eq!(elsewhere.status.code(), Some(1));
    assert!(text(&elsewhere.stderr).contains("is running since"), "{}", text(&elsewhere.stderr));

    let asked = Instant::now();
    first.signal("TERM");
    assert_eq!(first.ends().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(10), "it need not wait for an answer that only tells something");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_or_an_endpoint_the_daemon_ends_soon_and_says_what_to_do() {
    let bench = Bench::new(estate(), "").await;
    let started = Instant::now();
    let output = bench.stranger(&["run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("AWS_PROFILE"), "{}", text(&output.stderr));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());

    let refused = bench.command(&["run"]).env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", free_port())).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("AWS_ENDPOINT_URL"), "{}", text(&refused.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_gives_the_plan_that_the_live_estate_gives() {
    let bench = Bench::new(estate(), "[organization]\nmembers = []").await;
    for with_history in [false, true] {
        if with_history {
            bench.prints(&["run", "--once"]);
        }
        let folder = format!("recorded{with_history}");
        let now = bench.sim.world(|world| (world.now() + jiff::SignedDuration::from_hours(24 * 8)).to_string());
        bench.prints(&["record", "--out", &folder]);
        assert!(bench.path(&folder).join("history.json").exists());
        let live = bench.json(&["plan", "--now", &now]);
        let from = bench.json(&["plan", "--now", &now, "--from", &folder]);
        for part in ["complete", "gaps", "steps", "pending", "held", "findings", "untouched", "plan_id"] {
            assert_eq!(from[part], live[part], "{part}, with history: {with_history}");
        }
        assert!(!live["steps"].as_array().unwrap().is_empty() && !live["held"].as_array().unwrap().is_empty(), "{live}");
    }
    assert!(bench.changes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_applied_step_by_step_and_the_ledger_tells_of_it() {
    let bench = Bench::new(estate(), &format!("[organization]\nmembers = []\n{NO_GRACE}")).await;
    let plan = bench.json(&["plan", "--out", "plan.json"]);
    let steps: Vec<(String, String)> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["action"].as_str().unwrap().into(), step["resource"].as_str().unwrap().into()))
        .collect();
    let actions: Vec<&str> = steps.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["makePrivate", "revokeShare", "deprecate", "deprecate", "disable", "replicate"], "{plan}");

    // Between plan and apply somebody takes one of them into use.
    let disabled = &steps[4].1;
    bench.sim.world(|world| {
        world.account(OURS).region(HERE).instance(disabled).put();
        world.inject(Fault::deny().action("EnableImageDeprecation").first(1));
    });
    let output = bench.run(&["apply", "plan.json", "--yes"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "a step failed: {said}");
    assert!(said.contains(&format!("left out disable {disabled}")) && said.contains("in-use"), "{said}");
    assert_eq!(bench.changes(), ["ModifyImageAttribute", "ModifyImageAttribute", "EnableImageDeprecation", "CopyImage"]);

    assert_eq!(bench.run(&["apply", "--yes"]).status.code(), Some(0));
    assert_eq!(bench.changes().len(), 5, "the failed one, and no other");
    let cycles = bench.json(&["ledger", "list"]);
    assert_eq!(cycles.as_array().unwrap().iter().map(|cycle| cycle["kind"].as_str().unwrap()).collect::<Vec<_>>(), ["apply", "apply"]);
    let leaked = &steps[0].1;
    let shown = bench.prints(&["ledger", "show", leaked]);
    assert!(shown.contains("makePrivate") && shown.contains("done"), "{shown}");
    let story = bench.json(&["ledger", "show", leaked]);
    let before = &story["resource"]["steps"][0]["intent"]["before"]["LaunchPermissions"]["LaunchPermissions"][0]["Group"];
    assert_eq!(before, "all", "{story}");
    let why = bench.prints(&["explain", disabled]);
    assert!(why.contains("in-use"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tripwire_holds_is_done_after_a_person_approved_the_saved_plan() {
    let mut world = world_of_today();
    for n in 0..30 {
        world.account(OURS).region(HERE).image(&format!("old{n}x")).age_days(800).put();
    }
    let bench = Bench::new(world, "mode = \"enforce\"").await;
    bench.prints(&["run", "--once"]);
    assert!(bench.changes().is_empty());
    let plan = bench.json(&["plan", "--out", "plan.json"]);
    assert_eq!(plan["held"].as_array().unwrap().iter().filter(|held| held["approvable"] == true).count(), 30);
    let said = bench.prints(&["approve", "plan.json", "--yes"]);
    assert!(said.contains("approved 30 of 30"), "{said}");
    assert!(bench.prints(&["approve", "plan.json", "--yes"]).contains("approved 0 of 30"));
    bench.prints(&["run", "--once"]);
    assert_eq!(bench.changes().len(), 25, "at the rate");
    bench.prints(&["run", "--once"]);
    assert_eq!(bench.changes().len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_was_killed_in_the_middle_of_a_step_reads_back_what_it_did() {
    let mut world = estate();
    world.settings.hang_limit = Duration::from_secs(300);
    world.inject(Fault::timeout_after().action("ModifyImageAttribute").first(1));
    let bench = Bench::new(world, "mode = \"enforce\"").await;
    let mut daemon = Daemon::start(bench.command(&["run"]), bench.port);
    while bench.changes().is_empty() {
        tokio::task::yield_now().await;
    }
    daemon.signal("KILL");
    assert!(!daemon.ends().success());
    // Its lease is taken over at once: no such process is there any more.
    bench.prints(&["run", "--once"]);
    assert_eq!(bench.changes(), ["ModifyImageAttribute", "EnableImageDeprecation", "EnableImageDeprecation"], "each once");
    let leaked = bench.sim.world(|world| world.journal.calls("ModifyImageAttribute").next().unwrap().params["ImageId"].clone());
    let story = bench.json(&["ledger", "show", &leaked]);
    assert_eq!(story["resource"]["steps"][0]["outcomes"][0][1]["kind"], "done", "{story}");
}
