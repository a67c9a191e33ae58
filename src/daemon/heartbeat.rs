//! Signs of life: to systemd's watchdog, and into the ledger, whose writability `/readyz` shows.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;

use crate::act::{Clock, Stop};
use crate::http::Status;
use crate::ledger::Ledger;

/// How often the ledger is tried; `/readyz` wants to hear of it every five minutes.
const LEDGER: Duration = Duration::from_secs(60);
/// The beat without a watchdog.
const BEAT: Duration = Duration::from_secs(10);

/// Beats until asked to stop. Under a watchdog it beats twice as often as asked, as sd_watchdog_enabled(3) advises.
pub(super) async fn beat(ledger: Ledger, status: Arc<Status>, clock: Clock, stop: Stop) {
    let pause = sd_notify::watchdog_enabled().map_or(BEAT, |limit| limit / 2).min(BEAT);
    let mut since_probe = LEDGER;
    loop {
        notify(&[NotifyState::Watchdog]);
        if since_probe >= LEDGER {
            since_probe = Duration::ZERO;
            let probed = ledger.probe(clock.now()).await.map_err(|error| error.to_string());
            if let Err(error) = &probed {
                tracing::error!("{error}");
            }
            status.ledger_checked(probed);
        }
        tokio::select! {
            () = stop.wait() => return,
            () = tokio::time::sleep(pause) => since_probe += pause,
        }
    }
}

pub(super) fn ready() {
    notify(&[NotifyState::Ready]);
}

pub(super) fn reloading() {
    // systemd wants to know since when, to tell this reload from an older one (sd_notify(3)).
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!("systemd is not told of the reload: {error}"),
    }
}

pub(super) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!("systemd cannot be told: {error}");
    }
}
