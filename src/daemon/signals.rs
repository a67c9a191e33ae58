//! Signals: stop between steps, or read the settings anew.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::act::Stop;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Stop,
    Reload,
}

/// A task that hands signals on until it is time to stop. A stop reaches a cycle under way at once.
pub(super) fn signals(stop: Stop, asked: mpsc::Sender<Asked>) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        loop {
            let request = tokio::select! {
                _ = terminate.recv() => Asked::Stop,
                _ = interrupt.recv() => Asked::Stop,
                _ = hang_up.recv() => Asked::Reload,
                () = stop.wait() => return,
            };
            if request == Asked::Stop {
                tracing::info!("asked to stop: the step under way is finished first");
                stop.ask();
            }
            // A full queue holds the same request already.
            let _ = asked.try_send(request);
        }
    })
}
