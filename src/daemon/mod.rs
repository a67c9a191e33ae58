//! The daemon: cycles on schedule, one at a time, until somebody asks it to stop.
//!
//! SIGTERM and SIGINT end it between two steps; SIGHUP reads configuration and policies anew and keeps the last good
//! ones. Nothing here decides what is done.

mod engine;
mod heartbeat;
mod schedule;
mod signals;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::act::{Clock, Stop};
use crate::aws::Aws;
use crate::config::Config;
use crate::http::{self, HttpError, Status};
use crate::ledger::{CycleKind, Ledger, LedgerError};
use crate::policy::PolicySet;
use crate::scan::Progress;

pub use engine::Engine;
pub use schedule::next_run;

use schedule::{Schedule, ScheduleError};
use signals::{Asked, signals};

/// What can be read anew while it runs.
#[derive(Debug)]
pub struct Settings {
    pub config: Config,
    pub policies: PolicySet,
}

/// How it runs.
#[derive(Debug)]
pub struct Options {
    /// Stop after the cycle made at start.
    pub once: bool,
    pub clock: Clock,
    pub progress: Progress,
}

/// Why it could not start, or had to end.
#[derive(Debug, Error)]
pub enum DaemonError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),
    #[error("the first cycle failed: {0}")]
    Once(String),
}

/// Runs until asked to stop. `reload` reads the settings anew; on an error, for people, the old ones stay.
///
/// # Errors
/// When it cannot start: the ledger, the health endpoint, the schedule. A failed cycle is reported and tried again on
/// schedule; only with `once` is it an error.
pub async fn run(aws: Aws, settings: Settings, reload: impl Fn() -> Result<Settings, String>, options: Options) -> Result<(), DaemonError> {
    let Options { once, clock, progress } = options;
    let ledger = Ledger::open(&settings.config.ledger.path).await?;
    let stop = Stop::default();
    let age = schedule::longest_pause(&settings.config.schedule, clock.now());
    let times = clock.clone();
    let status = Arc::new(Status::new(env!("CARGO_PKG_VERSION"), settings.config.mode, age, move || times.now()));
    let listener = http::bind(settings.config.http.listen).await?;
    tracing::info!("health at http://{}/healthz, mode {}", settings.config.http.listen, settings.config.mode);

    let mut tasks: JoinSet<()> = JoinSet::new();
    // Health and watchdog answer until the last step is done, not only until somebody asks to stop.
    let ended = Stop::default();
    let until = ended.clone();
    let shown = Arc::clone(&status);
    tasks.spawn(async move {
        if let Err(error) = http::serve(listener, shown, async move { until.wait().await }).await {
            tracing::error!("{error}");
        }
    });
    tasks.spawn(heartbeat::beat(ledger.clone(), Arc::clone(&status), clock.clone(), ended.clone()));
    let (asked, mut asks) = mpsc::channel(8);
    tasks.spawn(signals(stop.clone(), asked).map_err(DaemonError::Signals)?);

    let mut engine = Engine { aws, ledger, settings, status, clock, stop: stop.clone(), progress };
    engine.status.policies_loaded(engine.settings.policies.policies().count());
    heartbeat::ready();
    let first = engine.cycle(CycleKind::Scan).await;
    let result = match (once, first) {
        (true, Err(error)) => Err(DaemonError::Once(error.to_string())),
        (true, Ok(_)) => Ok(()),
        (false, first) => on_schedule(&mut engine, &reload, &mut asks, first.is_err()).await,
    };
    heartbeat::stopping();
    stop.ask();
    ended.ask();
    while tasks.join_next().await.is_some() {}
    engine.ledger.close().await;
    result
}

/// A full cycle that failed is tried again this soon: whoever restarts after a crash may have to wait for the lease of the
/// process before, and not for a schedule of hours.
const RETRY: Duration = Duration::from_secs(5 * 60);

/// Waits for whatever comes first: a cycle that is due, a signal, or the end.
async fn on_schedule(
    engine: &mut Engine,
    reload: &impl Fn() -> Result<Settings, String>,
    asks: &mut mpsc::Receiver<Asked>,
    first_failed: bool,
) -> Result<(), DaemonError> {
    let mut retry_at = first_failed.then(|| Instant::now() + RETRY);
    let mut schedule = Schedule::start(&engine.settings.config.schedule, &engine.clock).await?;
    while !engine.stop.asked() {
        for (kind, at) in schedule.next_runs() {
            engine.status.scheduled(kind, Some(at));
        }
        tokio::select! {
            () = sleep_until(retry_at.unwrap_or_else(Instant::now)), if retry_at.is_some() => {
                retry_at = engine.cycle(CycleKind::Scan).await.is_err().then(|| Instant::now() + RETRY);
            }
            kind = schedule.due() => {
                // A failure has been logged and shown.
                let failed = engine.cycle(kind).await.is_err();
                if kind == CycleKind::Scan {
                    retry_at = failed.then(|| Instant::now() + RETRY);
                }
                schedule.register_again(kind, &engine.settings.config.schedule, &engine.clock).await?;
            }
            Some(asked) = asks.recv() => match asked {
                Asked::Stop => break,
                Asked::Reload => {
                    heartbeat::reloading();
                    take_over(engine, reload());
                    schedule.stop().await;
                    schedule = Schedule::start(&engine.settings.config.schedule, &engine.clock).await?;
                    heartbeat::ready();
                }
            },
        }
    }
    schedule.stop().await;
    Ok(())
}

/// New settings take the place of the old ones, or the old ones stay and everybody is told why.
fn take_over(engine: &mut Engine, settings: Result<Settings, String>) {
    match settings {
        Ok(settings) => {
            let old = &engine.settings.config;
            if settings.config.http != old.http || settings.config.ledger != old.ledger {
                tracing::warn!("`[http]` and `[ledger]` change only with a restart");
            }
            engine.settings = settings;
            let config = &engine.settings.config;
            engine.status.configured(config.mode, schedule::longest_pause(&config.schedule, engine.clock.now()));
            engine.status.policies_loaded(engine.settings.policies.policies().count());
            tracing::info!(
                "configuration and policies read anew: mode {}, {} policies",
                config.mode,
                engine.settings.policies.policies().count()
            );
        }
        Err(reason) => {
            tracing::error!("the new configuration or policies are refused, the last good ones stay: {reason}");
            engine.status.policies_refused(reason);
        }
    }
}
