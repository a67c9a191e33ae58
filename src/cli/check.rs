//! `check`: is everything in order before the daemon is switched on?

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::ExitCode;

use owo_colors::OwoColorize;

use crate::config::{Schedule, cron};
use crate::model::{Mode, Source};
use crate::policy::{Asked, Needs, wanted_by};
use crate::scan::calls;

use super::arguments;
use super::failure::Failure;
use super::plan::now;
use super::settings::Settings;

/// How many coming runs are shown.
const RUNS: usize = 3;
/// How many reasons for reading a source are shown.
const REASONS: usize = 2;

pub(super) fn run(arguments: arguments::Check, settings: &Settings) -> Result<ExitCode, Failure> {
    let mut out = String::new();
    let config = &settings.config;
    let from = settings.file.as_ref().map_or("built-in defaults".to_owned(), |file| file.display().to_string());
    line(&mut out, "configuration", &from);
    line(&mut out, "mode", &mode(config.mode));
    line(&mut out, "policies", &format!("{} in force, schema and lints passed", settings.policies.policies().count()));
    for warning in settings.policies.warnings() {
        line(&mut out, "warning", &warning.to_string().yellow().to_string());
    }
    let asked = match settings.policies.asks_launch_permissions() {
        Asked::All => "of every own image, one call each (a policy revokes shares)",
        Asked::WhenDue => "only of images due to be disabled or deregistered, one call each",
    };
    line(&mut out, "launch permissions", asked);
    let again = if config.permissions.cloudtrail {
        let reread = config.permissions.reread.as_hours();
        format!(
            "only what CloudTrail says may have changed, and everything after {reread} hours; without `cloudtrail:LookupEvents`, everything"
        )
    } else {
        "all of them in every scan: `permissions.cloudtrail` is off".to_owned()
    };
    line(&mut out, "… asked again", &again);
    sources(&mut out, settings);
    for (name, expression) in [("full scan", &config.schedule.scan), ("exposure scan", &config.schedule.exposure)] {
        line(&mut out, name, &format!("{expression}, next {}", next_runs(&config.schedule, expression)?));
    }
    let topics = if config.sns.topics.is_empty() {
        "none: nothing is reported".yellow().to_string()
    } else {
        config.sns.topics.keys().cloned().collect::<Vec<_>>().join(", ")
    };
    line(&mut out, "SNS topics", &topics);
    line(&mut out, "health", &format!("http://{}/healthz", config.http.listen));
    line(&mut out, "ledger", &config.ledger.path.display().to_string());
    super::print(&out)?;
    #[cfg(feature = "aws")]
    if arguments.aws {
        return super::access::check(settings);
    }
    #[cfg(not(feature = "aws"))]
    let arguments::Check {} = arguments;
    Ok(ExitCode::SUCCESS)
}

/// Which sources a scan reads in each place, for what, and for how many calls. Sources that are read for the same reasons
/// stand together.
fn sources(out: &mut String, settings: &Settings) {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for source in Source::ALL {
        let Some(mut calls) = calls(&source).map(str::to_owned) else { continue };
        if source == Source::ImageReferences && settings.policies.asks_image_references() == Asked::WhenDue {
            calls += " due to be disabled, deregistered or deleted";
        }
        let (why, told) = match reasons(settings.policies.needs(), &source) {
            Some(why) => (format!("read for {why}, in calls per place"), format!("  {source:38} {calls}")),
            None => (format!("not read: no policy {}", wanted_by(&source)), format!("  {source}").dimmed().to_string()),
        };
        match groups.iter_mut().find(|(known, _)| *known == why) {
            Some((_, sources)) => sources.push(told),
            None => groups.push((why, vec![told])),
        }
    }
    for (why, sources) in groups {
        line(out, "sources", &why);
        for source in sources {
            let _ = writeln!(out, "{source}");
        }
    }
}

/// The first few policies that need it, each with one reason; `None` when nobody does.
fn reasons(needs: &Needs, source: &Source) -> Option<String> {
    let mut seen = BTreeSet::new();
    let all: Vec<String> = needs.why(source).filter(|reason| seen.insert(reason.policy())).map(ToString::to_string).collect();
    let (first, rest) = all.split_at(all.len().min(REASONS));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more policies", rest.len()) };
    (!all.is_empty()).then(|| format!("{}{more}", first.join(", ")))
}

fn line(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "{:20} {value}", name.bold());
}

fn mode(mode: Mode) -> String {
    let meaning = match mode {
        Mode::Observe => "plans and records; tells nobody, changes nothing",
        Mode::Notify => "plans and reports; changes nothing",
        Mode::Enforce => "plans, reports and acts as [enforce] allows",
    };
    format!("{mode}: {meaning}")
}

/// The next runs in the schedule's time zone, by the scheduler's own parser.
fn next_runs(schedule: &Schedule, expression: &str) -> Result<String, Failure> {
    let cron = cron(expression).map_err(Failure::usage)?;
    let now = chrono::DateTime::from_timestamp(now().as_second(), 0).unwrap_or_default().with_timezone(&schedule.time_zone);
    let runs: Vec<String> = cron.iter_after(now).take(RUNS).map(|run| run.format("%Y-%m-%d %H:%M:%S %Z").to_string()).collect();
    if runs.is_empty() {
        return Err(Failure::usage(format!("`{expression}` never runs: write a schedule such as `0 15 */6 * * *`")));
    }
    Ok(runs.join(", "))
}
