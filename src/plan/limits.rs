//! Limits: tripwire, grace and rate, in this order, over everything that takes something away.
//!
//! What a gap alone holds back still counts: a failed read must not make room for other steps.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::inventory::{Joined, Triple};
use crate::model::{Place, ResourceId, Source};

use super::document::{Entry, Hold, HoldKind};
use super::judge::{Due, PlaceJudgement};

/// A place is small when half of it is fewer than this; below it, the tripwire's "over half" means nothing.
const SMALL_PLACE_AT_LEAST: usize = 3;

/// Everything due, in the list it belongs to.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    pub(super) steps: Vec<Entry>,
    pub(super) pending: Vec<Entry>,
    pub(super) held: Vec<Entry>,
}

/// Sorts what is due into steps, pending and held.
pub(super) fn limit(joined: &Joined<'_>, places: &mut [PlaceJudgement], approved: &BTreeSet<Triple>) -> Sorted {
    let tripped = Tripwire::new(joined, places, approved);
    let mut sorted = Sorted::default();
    let mut ready: Vec<Ready> = Vec::new();
    for due in places.iter_mut().flat_map(|place| std::mem::take(&mut place.due)) {
        let triple = due.entry.triple();
        let newly = is_newly_due(joined, approved, &triple, &due);
        if let Some(detail) = tripped.over(&due.entry).filter(|_| newly && due.is_free()) {
            let held_by = vec![Hold { kind: HoldKind::Limit, name: "tripwire".into(), detail }];
            sorted.held.push(Entry { held_by, approvable: true, ..due.entry });
            continue;
        }
        let clock = joined.history.clocks.get(&triple);
        let grace = joined.config.grace.of(due.entry.action);
        // Counted time must have passed, and so must the calendar's: a clock that was once ahead proves nothing.
        let counted = clock.map_or(SignedDuration::ZERO, |clock| clock.elapsed(joined.now));
        let passed = clock.map_or(SignedDuration::ZERO, |clock| joined.now.duration_since(clock.since));
        let remaining = grace.saturating_sub(counted.min(passed));
        if remaining.is_positive() {
            let not_before = joined.now.checked_add(remaining).unwrap_or(Timestamp::MAX);
            match due.is_free() {
                true => sorted.pending.push(Entry { not_before: Some(not_before), ..due.entry }),
                false => sorted.held.push(due.entry),
            }
            continue;
        }
        let since = clock.map_or(joined.now, |clock| clock.since);
        ready.push(Ready { since, born: due.born, free: due.is_free(), counts: due.counts(), entry: due.entry, triple });
    }
    rate(joined, ready, &mut sorted);
    sorted
}

/// Something whose grace is over.
struct Ready {
    since: Timestamp,
    born: Timestamp,
    free: bool,
    counts: bool,
    triple: Triple,
    entry: Entry,
}

/// Lets the oldest through, up to the rates.
fn rate(joined: &Joined<'_>, mut ready: Vec<Ready>, sorted: &mut Sorted) {
    let limits = &joined.config.limits;
    // What nobody is going to enact must not keep the rate from what is.
    ready.sort_by(|a, b| (!a.entry.enact, a.since, a.born, &a.triple).cmp(&(!b.entry.enact, b.since, b.born, &b.triple)));
    let mut in_place: BTreeMap<Place, usize> = BTreeMap::new();
    let mut in_all = 0;
    for Ready { entry, free, counts, .. } in ready {
        if !entry.action.takes_away() || !counts {
            match free {
                true => sorted.steps.push(entry),
                false => sorted.held.push(entry),
            }
            continue;
        }
        let here = in_place.entry(entry.place.clone()).or_default();
        let full = if *here >= limits.per_place {
            Some(format!("{} steps in this place have gone first (`limits.per_place`)", limits.per_place))
        } else if in_all >= limits.per_cycle {
            Some(format!("{} steps have gone first in this cycle (`limits.per_cycle`)", limits.per_cycle))
        } else {
            None
        };
        match full {
            None => {
                *here += 1;
                in_all += 1;
                match free {
                    true => sorted.steps.push(entry),
                    false => sorted.held.push(entry),
                }
            }
            Some(_) if !free => sorted.held.push(entry),
            Some(detail) => {
                let held_by = vec![Hold { kind: HoldKind::Limit, name: "rate".into(), detail }];
                sorted.held.push(Entry { held_by, ..entry });
            }
        }
    }
}

impl Due {
    /// Nothing but a limit can still hold it.
    fn is_free(&self) -> bool {
        self.entry.held_by.is_empty()
    }

    /// Whether limits count it: it is free, or would be if everything had been read. That we do not know who belongs
    /// to us is no failed read.
    fn counts(&self) -> bool {
        let follows_from_a_gap = |hold: &Hold| match hold.kind {
            HoldKind::Gap => hold.name != Source::Organization.name(),
            HoldKind::Interlock => ["usage-unknown", "unrecoverable", "referenced-by-image"].contains(&hold.name.as_str()),
            HoldKind::Policy | HoldKind::Limit | HoldKind::Error => false,
        };
        self.is_free() || (!self.judged && self.entry.held_by.iter().all(follows_from_a_gap))
    }
}

/// Due now, and never admitted before.
fn is_newly_due(joined: &Joined<'_>, approved: &BTreeSet<Triple>, triple: &Triple, due: &Due) -> bool {
    let admitted = joined.history.clocks.get(triple).is_some_and(|clock| clock.admitted);
    due.entry.action.takes_away() && !admitted && !approved.contains(triple)
}

/// How much falls newly due at once.
struct Tripwire {
    places: BTreeMap<Place, String>,
    estate: Option<String>,
}

impl Tripwire {
    fn new(joined: &Joined<'_>, judgements: &[PlaceJudgement], approved: &BTreeSet<Triple>) -> Self {
        let limits = &joined.config.limits;
        let mut places = BTreeMap::new();
        let mut in_all = 0;
        for judgement in judgements {
            // What a gap holds counts when it is first seen: a source that is never read must not trip for ever.
            let newly = |due: &&Due| {
                let triple = due.entry.triple();
                let first_seen = due.is_free() || !joined.history.clocks.contains_key(&triple);
                due.counts() && first_seen && is_newly_due(joined, approved, &triple, due)
            };
            in_all += judgement.due.iter().filter(newly).count();
            // The share is one of images and snapshots; a place's own two settings are neither.
            let count = judgement.due.iter().filter(newly).filter(|due| !is_setting(&due.entry)).count();
            let share = 100.0 * as_float(count) / as_float(judgement.resources);
            let over_share = count > limits.tripwire_count && share > limits.tripwire_percent;
            let over_half = count >= SMALL_PLACE_AT_LEAST && 2 * count > judgement.resources;
            if over_share || over_half {
                let detail = format!(
                    "{count} steps fell due at once here, where there are {} images and snapshots; look, then `ami-warden approve`",
                    judgement.resources
                );
                places.insert(judgement.untouched.place.clone(), detail);
            }
        }
        let estate = (in_all > limits.tripwire_estate)
            .then(|| format!("{in_all} steps fell due at once in the estate (`limits.tripwire_estate`); look, then `ami-warden approve`"));
        Self { places, estate }
    }

    /// Why `entry` is part of a cohort that a person must look at first.
    fn over(&self, entry: &Entry) -> Option<String> {
        let place = self.places.get(&entry.place).filter(|_| !is_setting(entry));
        place.or(self.estate.as_ref()).cloned()
    }
}

/// Whether it is about the place itself, which has no more than two settings to change: no cohort of it falls due at once.
fn is_setting(entry: &Entry) -> bool {
    matches!(entry.resource, ResourceId::Place(_))
}

#[expect(clippy::cast_precision_loss, reason = "a share in percent of counts far below 2^52")]
fn as_float(count: usize) -> f64 {
    count as f64
}
