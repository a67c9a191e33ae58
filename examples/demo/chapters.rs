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

use crate::estate::{Estate, HOME, OURS, OUTSIDER, REGIONS, id};
use crate::warden::{Deed, Demo};

/// Lines end here, so that the story fits a page.
const WIDTH: usize = 120;

/// The series that are shown.
const METRICS: [&str; 3] =
    ["ami_warden_ready", "ami_warden_plan_held{action=\"disable\"", "ami_warden_steps_enacted_total{action=\"deregister\""];

/// One line to people. A reader who has gone away has seen enough.
pub(crate) fn say(line: impl std::fmt::Display) {
    let _ = writeln!(anstream::stdout(), "{line}");
}

pub(crate) fn heading(number: usize, title: &str) {
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
        say(format!(
            "Mode `{}`, {} policies, health at http://{}. The real AWS is out of reach.",
            config.mode,
            demo.engine.settings.policies.policies().count(),
            demo.http
        ));
    }

    pub(crate) fn estate(&self) {
        heading(1, &format!("What there is on {}", self.start.strftime("%A, %-d %B %Y")));
        for (account, whose) in [(OURS, "ours"), (OUTSIDER, "partner's")] {
            for region in REGIONS {
                let Some(place) = self.estate.world.place(account, region) else { continue };
                let public = place.images.values().filter(|image| image.is_public()).count()
                    + place.snapshots.values().filter(|it| it.is_public()).count();
                let counts = [
                    (place.images.len(), "images"),
                    (place.snapshots.len(), "snapshots"),
                    (public, "public"),
                    (place.instances.len(), "instances"),
                    (place.launch_templates.len(), "templates"),
                    (place.groups.len(), "groups"),
                    (place.rules.len(), "bin rules"),
                ];
                let counts: String = counts.iter().map(|(count, what)| format!("{count:>3} {what}")).collect();
                say(format!("  {account} {}{region:<13}{counts}", format!("{whose:<10}").dimmed()));
            }
        }
    }

    /// The plan as `ami-warden plan` prints it: one Region of it, and a few resources per group. What is held comes later.
    pub(crate) async fn first_plan(&self, demo: &Demo) -> Result<(), Box<dyn Error>> {
        heading(2, &format!("The first plan, abridged to {HOME}; what is held comes in 6"));
        let plan = demo.plan().await?;
        let mut part = plan.clone();
        for entries in [&mut part.steps, &mut part.pending] {
            entries.retain(|entry| entry.place.region.as_str() == HOME);
        }
        part.held.clear();
        part.findings.clear();
        let policies = &demo.engine.settings.policies;
        let (part, whole) = (plan_text(&part, policies, 2), plan_text(&plan, policies, 2));
        let shown = part.lines().filter(|line| !line.is_empty());
        for line in shown.take_while(|line| !line.starts_with("Plan:")).chain(whole.lines().last()) {
            say(cut(&format!("  {line}"), WIDTH));
        }
        Ok(())
    }

    pub(crate) fn weeks(&self) {
        heading(3, "What is done in fourteen weeks, with a cycle every Monday and Thursday");
    }

    /// What one cycle did, a line per action.
    pub(crate) fn deeds(&self, deeds: &[Deed]) {
        let mut lines: BTreeMap<(Timestamp, Action, String), Vec<&str>> = BTreeMap::new();
        for deed in deeds {
            lines.entry((deed.at, deed.step.action, told(&deed.step, &deed.outcome))).or_default().push(&deed.step.name);
        }
        for ((at, action, told), names) in lines {
            let action = format!("{action:<15}").style(weight(action)).to_string();
            say(cut(&format!("  {}  {action}{}{told}", self.moment(at), names.join(", ")), WIDTH));
        }
    }

    pub(crate) fn mishap(&self, at: Timestamp) {
        say(format!(
            "  {}  {}",
            self.moment(at),
            "somebody publishes web-1.5.0 by mistake; the exposure scan comes every ten minutes".italic()
        ));
    }

    fn moment(&self, at: Timestamp) -> String {
        let day = at.duration_since(self.start).as_hours() / 24;
        format!("day {day:>2}  {}", at.strftime("%a %e %b %H:%M")).dimmed().to_string()
    }

    /// A message as a mail reader shows it, and what machines filter on.
    pub(crate) fn message(&self, demo: &Demo) -> Result<(), Box<dyn Error>> {
        heading(4, "What people were told");
        let [calm, urgent] = Estate::topics().map(|topic| demo.sim.world(|world| world.messages(&topic).to_vec()));
        let is =
            |message: &Message, name: &str, value: &str| message.attributes.get(name).is_some_and(|attribute| attribute.value == value);
        let planned = calm.iter().filter(|message| is(message, "event", "planned") && is(message, "action", "deregister"));
        if let Some(message) = planned.min_by_key(|message| message.body.len()) {
            let body: Value = serde_json::from_str(&message.body)?;
            let text = body.get("email").and_then(Value::as_str).unwrap_or_default();
            say(format!(
                "  {}  {}",
                message.subject.as_deref().unwrap_or_default().bold(),
                message.at.strftime("%a %e %b %H:%M").to_string().dimmed()
            ));
            // The first line says what the subject says, the last one names the plan.
            for line in text.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with("Plan ")) {
                say(cut(&format!("  │ {line}"), WIDTH));
            }
            let attributes: Vec<String> =
                message.attributes.iter().map(|(name, attribute)| format!("{name}={}", attribute.value)).collect();
            say(format!("  └ to filter on: {}", attributes.join("  ").cyan()));
        }
        say(format!(
            "  In all {} messages: {} on topic `ami-warden`, {} on `ami-warden-urgent`.",
            calm.len() + urgent.len(),
            calm.len(),
            urgent.len()
        ));
        Ok(())
    }

    /// What monitoring sees.
    pub(crate) async fn endpoint(&self, demo: &Demo) -> Result<(), Box<dyn Error>> {
        heading(5, "What monitoring sees");
        for path in ["/healthz", "/readyz", "/api/v1/status", "/metrics"] {
            let (status, body) = demo.get(path).await?;
            let shown = match path {
                "/api/v1/status" => piece(&body, "/status/plan")?,
                "/metrics" => {
                    let mut lines: Vec<&str> = body.lines().filter(|line| METRICS.iter().any(|metric| line.starts_with(metric))).collect();
                    lines.sort_unstable();
                    lines.join("\n")
                }
                _ => body,
            };
            for (number, line) in shown.trim().lines().enumerate() {
                let asked = if number == 0 { format!("{:<20} {}", format!("GET {path}"), status.green()) } else { format!("{:<27}", "") };
                say(cut(&format!("  {asked}  {line}"), WIDTH));
            }
        }
        Ok(())
    }

    /// Why nothing happened to what a careless cleanup would have taken.
    pub(crate) fn traps(&self, plan: &Plan) {
        heading(6, "What is due and yet held, and why");
        for (name, (image, what)) in &self.estate.traps {
            let Some(entry) = plan.held.iter().find(|entry| entry.resource == ResourceId::Image(image.as_str().into())) else { continue };
            let holds: Vec<String> =
                entry.held_by.iter().map(|hold| format!("{} {}", format!("{}:", hold.name).yellow(), hold.detail)).collect();
            say(cut(&format!("  {name:<17}{} {:<11}{}", format!("{what:<28}").dimmed(), entry.action, holds.join(" · ")), WIDTH));
        }
    }

    /// The record: the latest cycles that did something, and the life of one image and its snapshot.
    pub(crate) async fn ledger(&self, demo: &Demo) -> Result<(), Box<dyn Error>> {
        heading(7, "What the ledger says");
        let cycles = demo.engine.ledger.list(u32::MAX).await?;
        for cycle in cycles.iter().filter(|cycle| !cycle.outcomes.is_empty()).take(2) {
            let counts = cycle
                .counts
                .map(|counts| format!("{} steps, {} pending, {} held", counts.steps, counts.pending, counts.held))
                .unwrap_or_default();
            let outcomes: Vec<String> = cycle.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
            let result = cycle.result.map_or("unfinished", |result| result.name());
            say(format!(
                "  {:<9} {}  {:<5} {result}: {counts}; {}",
                cycle.id.to_string(),
                cycle.started_at.strftime("%a %e %b %H:%M"),
                cycle.kind.name(),
                outcomes.join(", ")
            ));
        }
        for (kind, whose) in [("ami", "dev-api-b139"), ("snap", "its snapshot")] {
            let resource = id(kind, "dev-api-b139");
            say(format!("  {} {}", resource.bold(), whose.dimmed()));
            // Where nothing was done there is nothing to show; the self-checks say what is missing.
            let Ok(LedgerStory::Resource(life)) = demo.engine.ledger.show(&resource).await else { continue };
            for step in &life.steps {
                let entry = &step.intent.entry;
                let outcomes: Vec<&str> = step.outcomes.iter().map(|(_, outcome)| outcome.name()).collect();
                let at = step.intent.at.strftime("%a %e %b %H:%M");
                say(format!(
                    "    {:<10} {at}  {:<15}{:<6}because of {}",
                    step.intent.id.to_string(),
                    entry.action,
                    outcomes.join(", "),
                    entry.because.join(", ")
                ));
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

/// What a step was aimed at, and what became of it where that goes without saying.
fn told(step: &Entry, outcome: &Outcome) -> String {
    let aim = match (&step.context.grantee, &step.context.target) {
        (Some(grantee), _) => format!(" from {grantee}"),
        (_, Some(target)) => format!(" to {target}"),
        _ => String::new(),
    };
    let became = match outcome {
        Outcome::Done { .. } if step.action == Action::Replicate => ": available".to_owned(),
        Outcome::Done { .. } => String::new(),
        Outcome::InFlight { .. } => ": on its way".to_owned(),
        Outcome::Failed { code, message } => format!(": failed, {code}: {message}"),
        Outcome::Skipped { reason } => format!(": skipped, {reason}"),
        Outcome::Unknown { message } => format!(": unknown, {message}"),
    };
    aim + &became
}

fn weight(action: Action) -> Style {
    match action.class() {
        ActionClass::Destructive => Style::new().red(),
        ActionClass::Restrictive => Style::new().yellow(),
        ActionClass::Additive => Style::new().green(),
        ActionClass::Report => Style::new(),
    }
}

/// A part of a JSON document, without the long values that only machines compare.
fn piece(body: &str, pointer: &str) -> Result<String, serde_json::Error> {
    let document: Value = serde_json::from_str(body)?;
    let fields = document.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    let short: serde_json::Map<String, Value> =
        fields.filter(|(name, _)| *name != "plan_id").map(|(name, value)| (name.clone(), value.clone())).collect();
    serde_json::to_string(&short)
}

/// At most so many characters that can be seen; colours do not count.
fn cut(text: &str, width: usize) -> String {
    let (mut out, mut seen, mut colour) = (String::new(), 0, false);
    for letter in text.chars() {
        colour |= letter == '\u{1b}';
        seen += usize::from(!colour);
        if seen > width {
            out.pop();
            return out + "…\u{1b}[0m";
        }
        out.push(letter);
        colour &= letter != 'm';
    }
    out
}
