//! A scan's progress: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::model::printable;
use crate::scan::{Progress, ScanEvent};

/// A listener for `stderr`, and the bar to finish (hidden where there is no terminal).
pub(super) fn listener() -> (Progress, ProgressBar) {
    if !std::io::stderr().is_terminal() {
        return (log(), ProgressBar::hidden());
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{spinner} scanning {bar:30} {pos}/{len} places  {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    let shown = bar.clone();
    let progress = Progress::to(move |event| match event {
        ScanEvent::PlaceStarted { place } => {
            shown.inc_length(1);
            shown.set_message(place.to_string());
        }
        ScanEvent::SourceDone { place, source, items, .. } => shown.set_message(format!("{place} {source}: {items}")),
        ScanEvent::SourceFailed { place, source, error, .. } => shown.println(printable(&format!("gap: {place} {source}: {error}"))),
        ScanEvent::PlaceDone { .. } => shown.inc(1),
    });
    (progress, bar)
}

/// Log lines, for the daemon and wherever output is not a terminal.
pub(super) fn log() -> Progress {
    Progress::to(|event| match event {
        ScanEvent::PlaceStarted { place } => tracing::debug!(account.id = %place.account, region = %place.region, "scanning {place}"),
        ScanEvent::SourceDone { place, source, items, requests } => {
            tracing::debug!(account.id = %place.account, region = %place.region, items, requests, "{place} {source}: {items} items in {requests} requests");
        }
        ScanEvent::SourceFailed { place, source, error, .. } => {
            tracing::warn!(account.id = %place.account, region = %place.region, "{place} {source} could not be read: {error}");
        }
        ScanEvent::PlaceDone { place } => tracing::info!(account.id = %place.account, region = %place.region, "scanned {place}"),
    })
}
