//! The commands that talk to AWS: `record`, live `plan`, `apply` and `run`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use owo_colors::OwoColorize;

use crate::act::{Clock, Stop};
use crate::aws::{self, Aws};
use crate::cycle::{CycleError, Warden, deliver_due, prepare};
use crate::daemon;
use crate::evidence::{Asking, Evidence, EvidenceError};
use crate::inventory::{History, Triple};
use crate::ledger::{CycleKind, Ledger, LedgerError, Outcome};
use crate::model::{Principal, ResourceId, printable};
use crate::plan::{Entry, Plan};
use crate::scan::live::RegionsError;
use crate::scan::recorded::Recording;

use super::arguments;
use super::cost;
use super::failure::Failure;
use super::ledger::{block_on, confirmed};
use super::plan::now;
use super::progress;
use super::render;
use super::settings::Settings;

/// What AWS and the ledger tell right now, for a live `plan`, or for a live `explain` of what it is `about`. Clocks are read,
/// not advanced; nothing is written.
pub(super) fn evidence(
    settings: &Settings,
    principal: Principal,
    now: jiff::Timestamp,
    about: Option<ResourceId>,
    verbose: u8,
) -> Result<Evidence, Failure> {
    block_on(async {
        let aws = connect().await?;
        let (history, approved) = remembered(settings).await?;
        let asking = Asking { config: &settings.config, policies: &settings.policies, principal, history, approved, now, about };
        let (progress, bar) = progress::listener();
        let evidence = Evidence::live(&aws, asking, &progress, None).await;
        bar.finish_and_clear();
        cost::tell(&aws, verbose);
        Ok(evidence?)
    })
}

/// The memory of a ledger, if there is one already.
async fn remembered(settings: &Settings) -> Result<(History, BTreeSet<Triple>), Failure> {
    match Ledger::open_existing(&settings.config.ledger.path).await {
        Ok(ledger) => {
            let approved = ledger.approvals().await?.into_iter().map(|approval| approval.triple).collect();
            Ok((ledger.history().await?, approved))
        }
        Err(LedgerError::Missing { .. } | LedgerError::NoDirectory { .. }) => {
            tracing::debug!("there is no ledger yet: grace counts from now");
            Ok((History::default(), BTreeSet::new()))
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn connect() -> Result<Aws, Failure> {
    Aws::connect(aws::Settings::default()).await.map_err(Failure::error)
}

impl From<EvidenceError> for Failure {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Regions(RegionsError::NoSuchRegion { .. }) => Self::usage(error.to_string()),
            error => Self::error(error),
        }
    }
}

impl From<CycleError> for Failure {
    fn from(error: CycleError) -> Self {
        match error {
            CycleError::Evidence(error) => error.into(),
            error => Self::error(error),
        }
    }
}

pub(super) fn record(arguments: arguments::Record, settings: &Settings, verbose: u8) -> Result<ExitCode, Failure> {
    block_on(async {
        let recording = Recording::create(&arguments.out).map_err(Failure::error)?;
        let aws = connect().await?;
        let (history, approved) = remembered(settings).await?;
        let asking = Asking {
            config: &settings.config,
            policies: &settings.policies,
            principal: Principal::Automatic,
            history,
            approved,
            now: now(),
            about: None,
        };
        let (progress, bar) = progress::listener();
        let evidence = Evidence::live(&aws, asking, &progress, Some(&recording)).await;
        bar.finish_and_clear();
        cost::tell(&aws, verbose);
        let estate = evidence?.estate;
        for gap in estate.gaps() {
            anstream::eprintln!("gap: {}", printable(&gap.to_string()));
        }
        let images: usize = estate.places.values().map(|place| place.images.len()).sum();
        let snapshots: usize = estate.places.values().map(|place| place.snapshots.len()).sum();
        anstream::println!(
            "recorded {images} images and {snapshots} snapshots of {} places in {}",
            estate.places.len(),
            arguments.out.display()
        );
        anstream::println!("read it with `ami-warden plan --from {}`", arguments.out.display());
        Ok(ExitCode::SUCCESS)
    })
}

pub(super) fn apply(arguments: arguments::Apply, settings: &Settings, verbose: u8) -> Result<ExitCode, Failure> {
    let wanted = arguments.file.as_deref().map(super::plan::read).transpose()?;
    if !arguments.yes {
        super::ledger::terminal()?;
    }
    block_on(async {
        let aws = connect().await?;
        let ledger = Ledger::open(&settings.config.ledger.path).await?;
        let (clock, stop) = (Clock::new(now), Stop::default());
        let warden =
            Warden { config: &settings.config, policies: &settings.policies, aws: &aws, ledger: &ledger, clock: &clock, stop: &stop };
        // Whoever applies a saved plan has looked at it: that is a person's approval of its steps, and of no others.
        let principal = if wanted.is_some() { Principal::AfterApproval } else { Principal::Automatic };
        let (progress, bar) = progress::listener();
        let prepared = prepare(warden, CycleKind::Apply, principal, &progress).await;
        bar.finish_and_clear();
        cost::tell(&aws, verbose);
        let mut prepared = prepared?;
        let steps = match &wanted {
            Some(wanted) => still_due(wanted, &prepared.plan),
            None => prepared.plan.steps.clone(),
        };
        anstream::print!("{}", render::plan(&prepared.plan, &settings.policies, verbose > 0));
        let mut agreed = steps.is_empty() || arguments.yes;
        if !agreed {
            let question = format!("Enact {} of the steps above?", steps.len());
            agreed = prepared.while_waiting(warden, move || confirmed(&question)).await??;
        }
        if !agreed {
            prepared.abandon(warden).await?;
            return Err(Failure::failed("not enacted; nothing was changed"));
        }
        if now().duration_since(prepared.plan.now) > OLDEST_PLAN {
            prepared.abandon(warden).await?;
            let help = "what uses an image may have changed meanwhile: run `ami-warden apply` again";
            return Err(Failure::failed_with("the answer came more than 15 minutes after the scan; nothing was changed", help));
        }
        let summary = prepared.carry_out(warden, &steps).await?;
        deliver_due(warden).await?;
        ledger.close().await;
        if steps.is_empty() {
            anstream::println!("nothing to do");
        }
        print_outcomes(&summary.enacted);
        let unknown = summary.enacted.iter().any(|(_, outcome)| matches!(outcome, Outcome::Unknown { .. }));
        Ok(if summary.failed() > 0 || unknown { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    })
}

/// A plan older than this is not enacted on a person's word: EC2 may have launched from any of its images since.
const OLDEST_PLAN: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);

/// The steps of a saved plan that are steps now too; the others are named, with what became of them.
fn still_due(wanted: &Plan, plan: &Plan) -> Vec<Entry> {
    let mut steps = Vec::new();
    for old in &wanted.steps {
        let same = |entry: &&Entry| entry.triple() == old.triple();
        if let Some(step) = plan.steps.iter().find(same) {
            steps.push(step.clone());
            continue;
        }
        let why = match plan.held.iter().chain(&plan.pending).find(same) {
            Some(held) if !held.held_by.is_empty() => {
                held.held_by.iter().map(|hold| format!("{}: {}", hold.name, hold.detail)).collect::<Vec<_>>().join("; ")
            }
            Some(_) => "its grace time is not over".to_owned(),
            None => "it is no longer due".to_owned(),
        };
        anstream::println!("left out {} {}: {}", old.action, printable(&old.resource.to_string()), printable(&why));
    }
    steps
}

fn print_outcomes(enacted: &[(Entry, Outcome)]) {
    for (step, outcome) in enacted {
        let told = match outcome {
            Outcome::Done { .. } => "done".green().to_string(),
            Outcome::InFlight { .. } => "under way".cyan().to_string(),
            Outcome::Failed { code, message } => format!("{} {}", "failed".red(), printable(&format!("{code}: {message}"))),
            Outcome::Skipped { reason } => format!("{} {}", "skipped".yellow(), printable(reason)),
            Outcome::Unknown { message } => format!("{} {}", "unknown, read back in the next cycle".yellow(), printable(message)),
        };
        anstream::println!("{} {} in {}: {told}", step.action, printable(&step.resource.to_string()), printable(&step.place.to_string()));
    }
}

pub(super) fn run(arguments: arguments::Run, config: Option<&Path>) -> Result<ExitCode, Failure> {
    let config = config.map(Path::to_owned);
    let settings = Settings::load(config.as_deref())?;
    let reload = move || {
        let settings = Settings::load(config.as_deref()).map_err(|failure| failure.to_string())?;
        Ok(daemon::Settings { config: settings.config, policies: settings.policies })
    };
    let first = daemon::Settings { config: settings.config, policies: settings.policies };
    block_on(async {
        let aws = connect().await?;
        let options = daemon::Options { once: arguments.once, clock: Clock::new(now), progress: progress::log() };
        daemon::run(aws, first, reload, options).await.map_err(Failure::error)
    })?;
    Ok(ExitCode::SUCCESS)
}
