//! Counts every request that left the process, retries included, per place and call.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::model::Place;

/// All requests since the connection was made.
#[derive(Debug, Default)]
pub struct Requests(Mutex<BTreeMap<(Place, String), u64>>);

/// How often one call was sent in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestCount {
    pub place: Place,
    /// As AWS names it: `DescribeImages`.
    pub api: String,
    pub sent: u64,
}

impl Requests {
    /// Notes one attempt.
    pub(super) fn note(&self, place: &Place, api: &str) {
        let mut counts = self.counts();
        *counts.entry((place.clone(), api.to_owned())).or_default() += 1;
    }

    /// Everything sent, by place and call.
    pub fn all(&self) -> Vec<RequestCount> {
        let counts = self.counts();
        counts.iter().map(|((place, api), &sent)| RequestCount { place: place.clone(), api: api.clone(), sent }).collect()
    }

    /// How many requests were sent in all.
    pub fn total(&self) -> u64 {
        self.counts().values().sum()
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<(Place, String), u64>> {
        // A count is whole after every statement, so a panic elsewhere leaves it usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
