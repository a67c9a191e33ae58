//! `ledger` and `approve`: what was decided and done, and a person's yes.

use std::fmt::Write as _;
use std::process::ExitCode;

use owo_colors::OwoColorize;
use serde::Serialize;

use crate::inventory::Triple;
use crate::ledger::{self as record, CycleStory, LedgerError, Outcome, PlanStory, ResourceStory, Standing, StepStory, Story};
use crate::model::{json_text, printable};
use crate::plan::Entry;

use super::arguments::{Approve, Format, Ledger};
use super::failure::Failure;
use super::plan::{now, read};
use super::settings::Settings;

pub(super) fn run(command: Ledger, settings: &Settings) -> Result<ExitCode, Failure> {
    let path = &settings.config.ledger.path;
    match command {
        Ledger::List { limit, format } => {
            let cycles = block_on(async { Ok(record::Ledger::open_existing(path).await?.list(limit).await?) })?;
            show(&cycles, format, || cycles.iter().map(line).collect())
        }
        Ledger::Show { id, format } => {
            let story = block_on(async { Ok(record::Ledger::open_existing(path).await?.show(&id).await?) })?;
            show(&story, format, || text(&story))
        }
    }
}

/// Runs one task to its end.
pub(super) fn block_on<T>(task: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::failed(format!("cannot start: {error}")))?.block_on(task)
}

/// Writes a person's yes into the ledger, for everything the saved plan marks as approvable.
pub(super) fn approve(arguments: Approve, settings: &Settings) -> Result<ExitCode, Failure> {
    let plan = read(&arguments.file)?;
    let approvable: Vec<&Entry> = plan.held.iter().filter(|entry| entry.approvable).collect();
    if approvable.is_empty() {
        anstream::println!("nothing in `{}` waits for approval", arguments.file.display());
        return Ok(ExitCode::SUCCESS);
    }
    for entry in &approvable {
        anstream::println!(
            "  {} {} {} in {}",
            entry.action.yellow(),
            printable(&entry.resource.to_string()).bold(),
            printable(&entry.name),
            printable(&entry.place.to_string())
        );
    }
    let question = format!("Approve these {}? They then wait for their grace time.", approvable.len());
    if !arguments.yes && !confirmed(&question)? {
        return Err(Failure::failed("not approved; nothing was changed"));
    }
    let triples: Vec<Triple> = approvable.iter().map(|entry| entry.triple()).collect();
    let by = user();
    let path = &settings.config.ledger.path;
    let new = block_on(async { Ok(record::Ledger::open(path).await?.approve(&triples, &plan.plan_id, &by, now()).await?) })?;
    anstream::println!("approved {new} of {} in {}; the rest was approved before", triples.len(), path.display());
    Ok(ExitCode::SUCCESS)
}

/// Who says yes, as far as the system tells.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment comes from")]
fn user() -> String {
    std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "unknown".to_owned())
}

/// Where there is no terminal, nobody can say yes.
pub(super) fn terminal() -> Result<(), Failure> {
    use std::io::IsTerminal;
    let there = std::io::stdin().is_terminal();
    if there { Ok(()) } else { Err(Failure::usage("there is no terminal to ask on: give `--yes`")) }
}

/// Asks on the terminal.
pub(super) fn confirmed(question: &str) -> Result<bool, Failure> {
    terminal()?;
    anstream::eprint!("{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| Failure::failed(format!("cannot read the answer: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn show(value: &impl Serialize, format: Format, text: impl FnOnce() -> String) -> Result<ExitCode, Failure> {
    let text = match format {
        Format::Text => text(),
        Format::Json => json_text(value).map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))? + "\n",
    };
    super::print(&text)
}

fn line(cycle: &CycleStory) -> String {
    let result = cycle.result.map_or("unfinished", |result| result.name());
    let counts = cycle.counts.map(|counts| {
        format!(
            "{} steps, {} pending, {} held, {} findings, {} gaps",
            counts.steps, counts.pending, counts.held, counts.findings, counts.gaps
        )
    });
    let outcomes: Vec<String> = cycle.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    let plan = cycle.plan_id.as_deref().and_then(|id| id.get(..12)).map(|id| format!("plan {id}")).unwrap_or_default();
    let id = format!("{:10}", cycle.id.to_string());
    format!(
        "{}  {}  {:8}  {:8}  {}  {}  {}\n",
        id.bold(),
        cycle.started_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        cycle.kind.name(),
        result,
        plan.dimmed(),
        counts.unwrap_or_default(),
        outcomes.join(", ")
    )
}

fn text(story: &Story) -> String {
    match story {
        Story::Cycle { cycle, steps } => line(cycle) + &steps.iter().map(step).collect::<String>(),
        Story::Intent(story) => step(story),
        Story::Plan(story) => plan(story),
        Story::Resource(story) => resource(story),
    }
}

fn step(story: &StepStory) -> String {
    let StepStory { intent, outcomes } = story;
    let entry = &intent.entry;
    let mut out = format!(
        "{}  {}  {} {} in {}, because of {}\n",
        intent.id.bold(),
        intent.at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        entry.action.yellow(),
        printable(&entry.resource.to_string()),
        printable(&entry.place.to_string()),
        entry.because.join(", ")
    );
    if outcomes.is_empty() {
        out.push_str("    no outcome yet: the next cycle reads it back\n");
    }
    for (at, outcome) in outcomes {
        let told = match outcome {
            Outcome::Done { detail } | Outcome::InFlight { detail } if detail.is_null() => String::new(),
            Outcome::Done { detail } | Outcome::InFlight { detail } => format!(" {detail}"),
            Outcome::Failed { code, message } => format!(" {code}: {message}"),
            Outcome::Skipped { reason } => format!(": {reason}"),
            Outcome::Unknown { message } => format!(": {message}"),
        };
        let _ = writeln!(out, "    {}  {}{}", at.strftime("%Y-%m-%d %H:%M:%S UTC"), outcome.name(), printable(&told));
    }
    let _ = writeln!(out, "    before: {}", printable(&intent.before.to_string()).dimmed());
    out
}

fn plan(story: &PlanStory) -> String {
    let counts = story.counts;
    let cycles: Vec<String> = story.cycles.iter().map(ToString::to_string).collect();
    let kept = if story.plan.is_some() { "`--format json` prints it" } else { "its document is no longer kept" };
    format!(
        "plan {}\n    {} steps, {} pending, {} held, {} findings, {} gaps; made in {}; {kept}\n",
        story.plan_id.bold(),
        counts.steps,
        counts.pending,
        counts.held,
        counts.findings,
        counts.gaps,
        cycles.join(", ")
    )
}

fn resource(story: &ResourceStory) -> String {
    let mut out = format!("{}\n", printable(&story.resource).bold());
    for standing in &story.standing {
        let _ = writeln!(out, "    {}", printable(&standing_text(standing)));
    }
    for (place, action, since, seconds) in &story.clocks {
        let _ = writeln!(
            out,
            "    due for {action} in {} since {}, {} hours counted",
            printable(&place.to_string()),
            since.strftime("%Y-%m-%d %H:%M UTC"),
            seconds / 3600
        );
    }
    for approval in &story.approvals {
        let _ = writeln!(
            out,
            "    {} approved by {} at {}",
            approval.triple.action,
            printable(&approval.by),
            approval.at.strftime("%Y-%m-%d %H:%M UTC")
        );
    }
    out.extend(story.steps.iter().map(step));
    out
}

fn standing_text(standing: &Standing) -> String {
    let because = |entry: &Entry| format!("{}, because of {}", entry.action, entry.because.join(", "));
    match standing {
        Standing::Step(entry) => format!("step: {}", because(entry)),
        Standing::Pending(entry) => {
            let at = entry.not_before.map(|at| format!(", not before {}", at.strftime("%Y-%m-%d %H:%M UTC"))).unwrap_or_default();
            format!("pending: {}{at}", because(entry))
        }
        Standing::Held(entry) => {
            let by: Vec<String> = entry.held_by.iter().map(|hold| format!("{} ({})", hold.name, hold.detail)).collect();
            format!("held: {}, by {}", because(entry), by.join(", "))
        }
        Standing::Finding(finding) => format!("finding: {} {}", finding.because.join(", "), finding.detail),
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::error(error)
    }
}
