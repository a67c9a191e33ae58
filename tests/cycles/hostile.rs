//! Words of AWS that are more than words, on their way through the daemon: names, tags and error messages in logs, messages
//! and on its pages.

use ami_warden_sim::world::topic::Message;
use ami_warden_sim::{Fault, World};
use serde_json::Value;

use super::harness::{HERE, OURS, THERE};
use super::program::*;

/// What XML can carry of it: a second line, C1 sequences, DEL, separators, turned writing.
const WORDS: &str = "x\nERROR forged: y\r\u{9b}31m\u{9d}0;owned\u{9c}\u{7f}\u{85}\u{2028}\u{202e}z\u{2066}\u{61c}\t";

fn is_raw(letter: char) -> bool {
    (letter.is_control() && letter != '\n') || matches!(letter, '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[track_caller]
fn is_clean(what: &str, text: &str) {
    assert!(!text.contains(is_raw), "{what}: {text:?}");
}

/// A public image that cannot be made private, one to deprecate, and a Region in which one source does not answer.
fn estate() -> (World, String) {
    let mut world = world_of_today();
    for n in 0..6 {
        world.account(OURS).region(HERE).image(&format!("young{n}")).age_days(10).put();
    }
    let worded = |world: &mut World, name: &str, days: i64| {
        let image = world.account(OURS).region(HERE).image(&format!("{name}{WORDS}")).age_days(days);
        image.tag("team", WORDS).tag(WORDS, "x").with(|image| image.description = Some(WORDS.to_owned())).put()
    };
    worded(&mut world, "old", 800);
    let leaked = worded(&mut world, "leaked", 10);
    world.image_mut(&leaked).unwrap().launch_permissions.insert(ami_warden_sim::Permission::Everyone);
    world.inject(Fault::refuse("OperationNotPermitted", WORDS).action("ModifyImageAttribute"));
    world.inject(Fault::refuse("UnauthorizedOperation", WORDS).region(THERE).action("DescribeInstances"));
    let topic = world.account(OURS).region(HERE).topic("warden");
    (world, topic)
}

fn configuration(topic: &str) -> String {
    format!("mode = \"enforce\"\n[organization]\nmembers = []\n[sns]\ntopics = {{ default = \"{topic}\" }}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_line_is_one_line_and_a_message_is_text_whatever_aws_says() {
    for form in ["text", "json"] {
        let (world, topic) = estate();
        let bench = Bench::new(world, &configuration(&topic)).await;
        let output = bench.run(&["run", "--once", "-v", "--log-format", form, "--color", "never"]);
        let log = text(&output.stderr);
        is_clean(form, &log);
        assert!(log.contains("OperationNotPermitted") && log.contains("describe-instances"), "{log}");
        for line in log.lines() {
            match form {
                "json" => assert!(serde_json::from_str::<Value>(line).unwrap().is_object(), "{line}"),
                _ => assert!(line.starts_with("20"), "no line of its own: {line:?}"),
            }
        }
        let messages: Vec<Message> = bench.sim.world(|world| world.messages(&topic).to_vec());
        assert!(messages.iter().any(|message| message.body.contains("OperationNotPermitted")), "{messages:?}");
        for message in &messages {
            let subject = message.subject.as_deref().unwrap();
            assert!(subject.len() < 100 && subject.chars().all(|letter| letter.is_ascii_graphic() || letter == ' '), "{subject:?}");
            is_clean("the body", &message.body);
            let forms: Value = serde_json::from_str(&message.body).unwrap();
            is_clean("the mail", forms["email"].as_str().unwrap());
            is_clean("the JSON", forms["default"].as_str().unwrap());
            message.attributes.values().for_each(|attribute| is_clean("an attribute", &attribute.value));
        }
        let told = bench.run(&["ledger", "list", "--format", form]);
        is_clean("the ledger", &text(&told.stdout));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_the_daemon_hold_only_text_whatever_aws_says() {
    let (world, topic) = estate();
    let bench = Bench::new(world, &configuration(&topic)).await;
    let daemon = Daemon::start(bench.command(&["run"]), bench.port);
    daemon.says("health at");
    daemon.gets("/readyz", |status, _| status == 200);
    for path in ["/metrics", "/api/v1/status", "/api/v1/plan", "/readyz"] {
        is_clean(path, &daemon.get(path).1);
    }
    let plan: Value = serde_json::from_str(&daemon.get("/api/v1/plan").1).unwrap();
    assert!(plan.to_string().contains("forged"), "the words are told as they were");
    for line in daemon.get("/metrics").1.lines() {
        assert!(line.starts_with('#') || line.starts_with("ami_warden_") || line.starts_with("process_"), "{line:?}");
    }
}
