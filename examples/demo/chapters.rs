//! What the demonstration tells, chapter by chapter.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::time::Duration;

use ami_warden::cli::plan_text;
use ami_warden::ledger::{Outcome, Story as LedgerStory};
use ami_warden::model::{Action, ActionClass, ResourceId};
use ami_warden::plan::{Entry, Plan};
use ami_warden_sim::world::topic::Message;
use jiff::Timestamp;
use owo_colors::{OwoColorize, Style};
use serde_json::Value;

use crate::estate::{Estate, OURS, OUTSIDER, REGIONS, id};
use crate::warden::Demo;

/// Lines end here, so that the story fits a page.
const WIDTH: usize = 118;

/// One line to people. A reader who has gone away has seen enough.
pub(crate) fn say(line: impl std::fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{line}");
}

fn heading(number: usize, title: &str) {
    say("");
    say(format!("{} {}", format!("{number} ·").cyan().bold(), title.bold()));
}

/// The story and what it is about.
pub(crate) struct Story<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) start: Timestamp,
}

impl Story<'_> {
    pub(crate) fn title(&self, demo: &Demo) {
        let config = &demo.engine.settings.config;
        say(format!("{} governs a simulated AWS at {} for fourteen weeks.", "ami-warden".bold(), demo.endpoint));
        say(format!("Mode `{}`, {} policies, health at http://{}. The real AWS is out of reach.", config.mode, demo.engine.settings.policies.policies().count(), demo.http));
    }

    pub(crate) fn estate(&self) {
        heading(1, &format!("What there is on {}", self.start.strftime("%A, %-d %B %Y")));
        for (account, whose) in [(OURS, "ours, governed"), (OUTSIDER, "a partner's, none of our business")] {
            say(format!("  {account} {}", format!("({whose})").dimmed()));
            for region in REGIONS {
                let Some(place) = self.estate.world.place(account, region) else { continue };
                let public = place.images.values().filter(|image| image.is_public()).count() + place.snapshots.values().filter(|it| it.is_public()).count();
                let counts = [
                    (place.images.len(), "images"),
                    (place.snapshots.len(), "snapshots"),
                    (public, "public"),
                    (place.instances.len(), "instances"),
                    (place.launch_templates.len(), "templates"),
                    (place.groups.len(), "groups"),
                    (place.rules.len(), "bin rules"),
                ];
                let counts: String = counts.iter().map(|(count, what)| format!("{count:>4} {what:<9}")).collect();
                say(format!("    {region:<13}{counts}"));
            }
        }
    }

    /// The plan as `ami-warden plan` prints it, with a few resources per group.
    pub(crate) async fn first_plan(&self, demo: &Demo) -> Result<(), Box<dyn Error>> {
        heading(2, "The first plan, abridged");
        let text = plan_text(&demo.plan().await?, &demo.engine.settings.policies, 2);
        for line in text.lines() {
            say(format!("  {line}"));
        }
        Ok(())
    }

    /// Everything that was enacted, a line per moment and action.
    pub(crate) fn deeds(&self, demo: &Demo) {
        heading(3, &format!("What was done in {} cycles", demo.cycles));
        let mut lines: BTreeMap<(Timestamp, Action, &'static str), Vec<&Entry>> = BTreeMap::new();
        for deed in &demo.deeds {
            lines.entry((deed.at, deed.step.action, told(&deed.outcome))).or_default().push(&deed.step);
        }
        for ((at, action, told), steps) in lines {
            let day = at.duration_since(self.start).as_hours() / 24;
            let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
            let action = format!("{action:<15}").style(weight(action)).to_string();
            say(format!("  {} {action}{}{}", format!("day {day:>2}  {}", at.strftime("%-d %b %H:%M")).dimmed(), cut(&names.join(", "), WIDTH - 40), told.cyan()));
        }
    }

    /// A message as a mail reader shows it, and what machines filter on.
    pub(crate) fn message(&self, demo: &Demo) -> Result<(), Box<dyn Error>> {
        heading(4, "What people were told");
        let [calm, urgent] = Estate::topics().map(|topic| demo.sim.world(|world| world.messages(&topic).to_vec()));
        let is = |message: &&Message, name: &str, value: &str| message.attributes.get(name).is_some_and(|attribute| attribute.value == value);
        let chosen = calm.iter().find(|message| is(message, "event", "planned") && is(message, "action", "revokeShare"));
        if let Some(message) = chosen {
            let body: Value = serde_json::from_str(&message.body)?;
            say(format!("  {}  {}", message.subject.as_deref().unwrap_or_default().bold(), message.at.strftime("%-d %b %H:%M").to_string().dimmed()));
            for line in body.get("email").and_then(Value::as_str).unwrap_or_default().lines() {
                say(cut(&format!("  │ {line}"), WIDTH));
            }
            let attributes: Vec<String> = message.attributes.iter().map(|(name, attribute)| format!("{name}={}", attribute.value)).collect();
            say(format!("  attributes: {}", attributes.join("  ").dimmed()));
        }
        say(format!("  In all {} messages: {} on topic `ami-warden`, {} on `ami-warden-urgent`.", calm.len() + urgent.len(), calm.len(), urgent.len()));
        Ok(())
    }

    /// What monitoring sees.
    pub(crate) async fn endpoint(&self, demo: &Demo) -> Result<(), Box<dyn Error>> {
        heading(5, "What monitoring sees");
        let ask = |path: &'static str, status: &str, answer: &str| {
            say(cut(&format!("  {:<20} {} {}", format!("GET {path}"), status.green(), answer.trim()), WIDTH + 10));
        };
        for path in ["/healthz", "/readyz"] {
            let (status, body) = demo.get(path).await?;
            ask(path, &status, &body);
        }
        let (status, body) = demo.get("/api/v1/status").await?;
        let facts: Value = serde_json::from_str(&body)?;
        let plan = facts.pointer("/status/plan").map(Value::to_string).unwrap_or_default();
        ask("/api/v1/status", &status, &plan);
        let (status, body) = demo.get("/metrics").await?;
        ask("/metrics", &status, "");
        for line in body.lines().filter(|line| line.starts_with("ami_warden_steps_enacted_total") || line.starts_with("ami_warden_ready")) {
            say(format!("    {line}"));
        }
        Ok(())
    }

    /// Why nothing happened to what a careless cleanup would have taken.
    pub(crate) fn traps(&self, plan: &Plan) {
        heading(6, "What was due and is still held, and why");
        for (name, (image, _)) in &self.estate.traps {
            let Some(entry) = plan.held.iter().find(|entry| entry.resource == ResourceId::Image(image.as_str().into())) else { continue };
            let holds: Vec<String> = entry.held_by.iter().map(|hold| format!("{} {}", format!("{}:", hold.name).yellow(), hold.detail)).collect();
            say(cut(&format!("  {name:<22} {:<11}{}", entry.action, holds.join(" · ")), WIDTH + 10));
        }
    }

    /// The record: the last cycles, and the life of one image.
    pub(crate) async fn ledger(&self, demo: &Demo) -> Result<(), Box<dyn Error>> {
        heading(7, "What the ledger says");
        for cycle in demo.engine.ledger.list(3).await? {
            let counts = cycle.counts.map(|counts| format!("{} steps, {} pending, {} held", counts.steps, counts.pending, counts.held)).unwrap_or_default();
            let outcomes: Vec<String> = cycle.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
            say(format!("  {:<10} {} {:<9} {counts}  {}", cycle.id.to_string().bold(), cycle.started_at.strftime("%Y-%m-%d %H:%M"), cycle.kind.name(), outcomes.join(", ")));
        }
        for kind in ["ami", "snap"] {
            let resource = id(kind, "dev-api-b139");
            say(format!("  {} dev-api-b139", resource.bold()));
            let LedgerStory::Resource(life) = demo.engine.ledger.show(&resource).await? else { continue };
            for step in &life.steps {
                let entry = &step.intent.entry;
                let outcomes: Vec<&str> = step.outcomes.iter().map(|(_, outcome)| outcome.name()).collect();
                say(format!("    {:<11} {} {:<15} because of {}: {}", step.intent.id.to_string(), step.intent.at.strftime("%Y-%m-%d %H:%M"), entry.action, entry.because.join(", "), outcomes.join(", ")));
            }
        }
        Ok(())
    }

    pub(crate) fn end(&self, demo: &Demo, took: Duration, passed: bool) {
        let requests = demo.sim.world(|world| world.journal.entries().len());
        say("");
        let verdict = if passed { "Everything came out as it should".green().to_string() } else { "Something is wrong".red().to_string() };
        say(format!("{verdict}: {} cycles, {requests} requests, {:.1} seconds.", demo.cycles, took.as_secs_f64()));
    }
}

fn told(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done { .. } => "",
        Outcome::InFlight { .. } => " … on its way",
        Outcome::Failed { .. } => " failed",
        Outcome::Skipped { .. } => " skipped",
        Outcome::Unknown { .. } => " unknown",
    }
}

fn weight(action: Action) -> Style {
    match action.class() {
        ActionClass::Destructive => Style::new().red(),
        ActionClass::Restrictive => Style::new().yellow(),
        ActionClass::Additive => Style::new().green(),
        ActionClass::Report => Style::new(),
    }
}

/// At most so many characters.
fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        None => text.to_owned(),
        Some(_) => text.chars().take(width - 1).chain(['…']).collect(),
    }
}
