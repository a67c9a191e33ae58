//! Counts every request that left the process, retries included, per place and call, with what came back for it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::Place;

/// All requests since the connection was made.
#[derive(Debug, Default)]
pub struct Requests(Mutex<BTreeMap<(Place, String), Spent>>);

/// What one call cost in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestCount {
    pub place: Place,
    /// As AWS names it: `DescribeImages`.
    pub api: String,
    pub sent: u64,
    /// The bodies of the answers, without their headers. No answer is compressed, since none is asked to be.
    pub bytes: u64,
    /// From sending to the end of the answer, or to giving up. Requests under way at the same time all count.
    pub waited: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    sent: u64,
    bytes: u64,
    waited: Duration,
}

impl Requests {
    /// Notes one attempt, when it is sent: one that is never answered was sent all the same.
    pub(super) fn note(&self, place: &Place, api: &str) {
        self.spend(place, api, |spent| spent.sent += 1);
    }

    /// Notes what became of it.
    pub(super) fn ended(&self, place: &Place, api: &str, bytes: usize, waited: Duration) {
        self.spend(place, api, |spent| {
            spent.bytes = spent.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
            spent.waited = spent.waited.saturating_add(waited);
        });
    }

    fn spend(&self, place: &Place, api: &str, add: impl FnOnce(&mut Spent)) {
        add(self.counts().entry((place.clone(), api.to_owned())).or_default());
    }

    /// Everything sent, by place and call.
    pub fn all(&self) -> Vec<RequestCount> {
        let counts = self.counts();
        let count = |((place, api), &Spent { sent, bytes, waited }): (&(Place, String), &Spent)| RequestCount {
            place: place.clone(),
            api: api.clone(),
            sent,
            bytes,
            waited,
        };
        counts.iter().map(count).collect()
    }

    /// How many requests were sent in all.
    pub fn total(&self) -> u64 {
        self.counts().values().map(|spent| spent.sent).sum()
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<(Place, String), Spent>> {
        // A count is whole after every statement, so a panic elsewhere leaves it usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
