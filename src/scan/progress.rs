//! What a scan tells while it runs: a bar on a terminal, plain log lines elsewhere. Both are the caller's.

use std::fmt;
use std::sync::Arc;

use crate::model::{Place, Source};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanEvent {
    PlaceStarted {
        place: Place,
    },
    /// A source answered completely, with so many entries for so many requests (one per page; retries not counted).
    SourceDone {
        place: Place,
        source: Source,
        items: usize,
        requests: u64,
    },
    /// A source did not answer; this becomes a gap.
    SourceFailed {
        place: Place,
        source: Source,
        error: String,
        requests: u64,
    },
    PlaceDone {
        place: Place,
    },
}

/// Where events go. Called from several tasks at once, so it must be quick and never block.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(ScanEvent) + Send + Sync>);

impl Progress {
    /// Hands every event to `listen`.
    pub fn to(listen: impl Fn(ScanEvent) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listen))
    }

    /// Nobody listens.
    pub fn silent() -> Self {
        Self::to(|_| ())
    }

    /// Tells the listener.
    pub fn tell(&self, event: ScanEvent) {
        (self.0)(event);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
