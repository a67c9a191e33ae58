//! When cycles run: cron expressions in a time zone, through the scheduler.
//!
//! tokio-cron-scheduler fixes the UTC offset of a cron job when the job is made, so a job that lives through a change
//! to summer time would run an hour off. Each run is therefore a job of its own, at the moment the expression means in
//! the zone, and the next one is registered when it has fired.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::act::Clock;
use crate::config::{self, cron};
use crate::ledger::CycleKind;

/// The kinds of cycle that run on schedule.
const SCHEDULED: [CycleKind; 2] = [CycleKind::Scan, CycleKind::Exposure];

/// Why nothing could be scheduled.
#[derive(Debug, Error)]
pub enum ScheduleError {
    #[error("{0}")]
    Expression(String),
    #[error("`{0}` never runs: write a schedule such as `0 15 */6 * * *`")]
    Never(String),
    #[error("the scheduler refused a job")]
    Scheduler(#[from] JobSchedulerError),
}

/// The jobs that are registered, and the kinds of cycle that fell due.
pub(super) struct Schedule {
    scheduler: JobScheduler,
    fired: mpsc::Sender<CycleKind>,
    firing: mpsc::Receiver<CycleKind>,
    next: BTreeMap<CycleKind, Timestamp>,
}

impl Schedule {
    /// Registers the next run of every kind.
    pub(super) async fn start(schedule: &config::Schedule, clock: &Clock) -> Result<Self, ScheduleError> {
        let scheduler = JobScheduler::new().await?;
        scheduler.start().await?;
        // One place per kind: a run that falls due while another cycle works is made once, right after it.
        let (fired, firing) = mpsc::channel(SCHEDULED.len());
        let mut started = Self { scheduler, fired, firing, next: BTreeMap::new() };
        for kind in SCHEDULED {
            started.register_again(kind, schedule, clock).await?;
        }
        Ok(started)
    }

    /// The kind of cycle that falls due next.
    pub(super) async fn due(&mut self) -> CycleKind {
        match self.firing.recv().await {
            Some(kind) => kind,
            // `self` holds a sender, so the channel stays open.
            None => std::future::pending().await,
        }
    }

    /// Registers the next run of `kind`.
    pub(super) async fn register_again(
        &mut self,
        kind: CycleKind,
        schedule: &config::Schedule,
        clock: &Clock,
    ) -> Result<(), ScheduleError> {
        let expression = expression(kind, schedule);
        let now = clock.now();
        let next = next_run(expression, schedule.time_zone, now)?.ok_or_else(|| ScheduleError::Never(expression.to_owned()))?;
        let pause = Duration::try_from(next.duration_since(now)).unwrap_or_default();
        let fired = self.fired.clone();
        let job = Job::new_one_shot_at_instant_async(Instant::now() + pause, move |_, _| {
            // A full channel holds this kind already.
            let _ = fired.try_send(kind);
            Box::pin(async {})
        })?;
        self.scheduler.add(job).await?;
        self.next.insert(kind, next);
        Ok(())
    }

    /// When each kind runs next.
    pub(super) fn next_runs(&self) -> impl Iterator<Item = (CycleKind, Timestamp)> {
        self.next.iter().map(|(kind, at)| (*kind, *at))
    }

    pub(super) async fn stop(&mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::warn!("the scheduler did not end cleanly: {error}");
        }
    }
}

fn expression(kind: CycleKind, schedule: &config::Schedule) -> &str {
    match kind {
        CycleKind::Exposure => &schedule.exposure,
        CycleKind::Scan | CycleKind::Apply => &schedule.scan,
    }
}

/// The first run of `expression` after `now`, on the clocks of `zone`; `None` when there is none.
///
/// # Errors
/// When the expression is none.
pub fn next_run(expression: &str, zone: chrono_tz::Tz, now: Timestamp) -> Result<Option<Timestamp>, ScheduleError> {
    let cron = cron(expression).map_err(ScheduleError::Expression)?;
    let now: DateTime<Utc> = DateTime::from_timestamp(now.as_second(), 0).unwrap_or_default();
    let next = cron.find_next_occurrence(&now.with_timezone(&zone), false).ok();
    Ok(next.and_then(|next| Timestamp::from_second(next.timestamp()).ok()))
}

/// The longest a full cycle may be ago before the daemon is not ready: twice the pause between two runs, and an hour
/// for the cycle itself.
pub(super) fn longest_pause(schedule: &config::Schedule, now: Timestamp) -> SignedDuration {
    let after = |at: Timestamp| next_run(&schedule.scan, schedule.time_zone, at).ok().flatten();
    let first = after(now);
    let second = first.and_then(after);
    let pause = match (first, second) {
        (Some(first), Some(second)) => second.duration_since(first),
        _ => SignedDuration::from_hours(24),
    };
    pause.saturating_mul(2).saturating_add(SignedDuration::from_hours(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn runs_follow_the_clocks_of_the_zone_across_summer_time() {
        let zone = chrono_tz::Europe::Berlin;
        // 2026-03-29 02:00 CET becomes 03:00 CEST, 2026-10-25 03:00 CEST becomes 02:00 CET.
        let runs = |start: &str, count: usize| {
            let mut now = at(start);
            let next = |_| {
                now = next_run("0 0 12 * * *", zone, now).unwrap().unwrap();
                now.to_string()
            };
            (0..count).map(next).collect::<Vec<_>>()
        };
        assert_eq!(runs("2026-03-28T00:00:00Z", 3), ["2026-03-28T11:00:00Z", "2026-03-29T10:00:00Z", "2026-03-30T10:00:00Z"]);
        assert_eq!(runs("2026-10-24T00:00:00Z", 3), ["2026-10-24T10:00:00Z", "2026-10-25T11:00:00Z", "2026-10-26T11:00:00Z"]);
    }

    #[test]
    fn every_day_has_a_run_even_when_its_hour_does_not_exist() {
        let mut now = at("2026-03-27T12:00:00Z");
        let mut days = Vec::new();
        for _ in 0..4 {
            now = next_run("0 30 2 * * *", chrono_tz::Europe::Berlin, now).unwrap().unwrap();
            days.push(now.strftime("%d").to_string());
        }
        assert_eq!(days, ["28", "29", "30", "31"]);
    }

    #[test]
    fn a_date_that_never_comes_has_no_run() {
        assert_eq!(next_run("0 0 0 30 2 *", chrono_tz::UTC, at("2026-01-01T00:00:00Z")).unwrap(), None);
    }

    #[tokio::test]
    async fn the_scheduler_fires_what_is_due_and_registers_it_again() {
        let schedule = config::Schedule { scan: "0 0 0 1 1 *".into(), exposure: "0 * * * * *".into(), time_zone: chrono_tz::UTC };
        // A clock that stands a second before the minute, so that the exposure scan is due at once.
        let clock = Clock::new(|| "2026-11-20T12:00:59Z".parse().unwrap_or_default());
        let mut started = Schedule::start(&schedule, &clock).await.unwrap();
        assert_eq!(started.due().await, CycleKind::Exposure);
        started.register_again(CycleKind::Exposure, &schedule, &clock).await.unwrap();
        assert_eq!(started.due().await, CycleKind::Exposure);
        started.stop().await;
    }
}
