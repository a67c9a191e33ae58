//! Enacts steps, and is the only one that may: re-read, check, write the intent down, call AWS, write the outcome down.
//!
//! It makes no choices. What is not as the plan saw it is skipped and said; what fails is written down and left to the
//! next cycle; one failed step never stops the others. When the ledger cannot be written, nothing more is done.

mod call;
mod enact;
mod reconcile;
mod reread;
mod still;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use crate::aws::Aws;
use crate::config::Config;
use crate::ledger::{CycleId, Ledger};

pub use enact::enact;
pub use reconcile::reconcile;

/// What acting needs at hand.
#[derive(Clone, Copy, Debug)]
pub struct Acting<'a> {
    pub aws: &'a Aws,
    pub ledger: &'a Ledger,
    pub config: &'a Config,
    pub cycle: CycleId,
    pub clock: &'a Clock,
    pub stop: &'a Stop,
}

/// Where the time comes from: the machine, or a simulation.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that asks `now`.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The moment.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// Whether somebody asked to stop. It is looked at between steps, never within one.
#[derive(Clone, Debug)]
pub struct Stop(watch::Sender<bool>);

impl Default for Stop {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Stop {
    /// Asks to stop.
    pub fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Whether to stop.
    pub fn asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until somebody asks.
    pub async fn wait(&self) {
        // `self` holds the sender, so this ends only when somebody asked.
        let _ = self.0.subscribe().wait_for(|asked| *asked).await;
    }
}
