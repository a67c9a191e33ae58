//! What would become of one resource if nothing changed but the time: the counterfactual of `explain`.
//!
//! The same judging as the plan's, day after day, for this one resource. Limits are left out: they depend on everything else.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::inventory::Joined;
use crate::model::{Action, Context, Place, Principal, ResourceId};
use crate::policy::PolicySet;

use super::document::{Entry, Hold};
use super::judge::judge_one;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How far ahead is looked: every rung of a ladder whose ages are counted in months.
const DAYS_AHEAD: usize = 2 * 366;

/// What is in store for one action on a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Forecast {
    pub action: Action,
    pub context: Context,
    /// The policies that ask for it when it is first asked for.
    pub because: Vec<String>,
    /// When it is first asked for: now, or the day on which a policy would begin to.
    pub asked_from: Timestamp,
    /// When it is first asked for and held by nothing; `None` when something holds it as far as one can see.
    pub free_from: Option<Timestamp>,
    /// When it would be done at the earliest, its grace time counted from then on.
    pub done_from: Option<Timestamp>,
    /// What holds it: on the first day, or, if it is never free, what still does on the last, told as it first held.
    pub held_by: Vec<Hold>,
}

/// The actions on a resource of `place` that are asked for within two years, in ladder order, if the estate stays as it is.
pub fn outlook(mut joined: Joined<'_>, policies: &PolicySet, principal: Principal, place: &Place, resource: &ResourceId) -> Vec<Forecast> {
    let mut forecasts: Vec<Forecast> = Vec::new();
    for _ in 0..DAYS_AHEAD {
        let at = joined.now;
        for Entry { action, context, because, held_by, .. } in judge_one(&joined, policies, principal, place, resource) {
            let free_from = held_by.is_empty().then_some(at);
            let done_from = free_from.and_then(|free| free.checked_add(joined.config.grace.of(action)).ok());
            match forecasts.iter_mut().find(|known| known.action == action && known.context == context) {
                Some(known) if known.free_from.is_none() => {
                    (known.free_from, known.done_from) = (free_from, done_from);
                    if free_from.is_none() {
                        known.still_held_by(held_by);
                    }
                }
                Some(_) => {}
                None => forecasts.push(Forecast { action, context, because, asked_from: at, free_from, done_from, held_by }),
            }
        }
        let Ok(next) = at.checked_add(DAY) else { break };
        joined = joined.at(next);
    }
    forecasts.sort_by(|a, b| (a.action, &a.context).cmp(&(b.action, &b.context)));
    forecasts
}

impl Forecast {
    /// What was told before stays in its words: ages among them grow from day to day.
    fn still_held_by(&mut self, held_by: Vec<Hold>) {
        let same = |one: &Hold, other: &Hold| one.kind == other.kind && one.name == other.name;
        self.held_by.retain(|before| held_by.iter().any(|now| same(before, now)));
        let new: Vec<Hold> = held_by.into_iter().filter(|now| !self.held_by.iter().any(|before| same(before, now))).collect();
        self.held_by.extend(new);
    }
}
