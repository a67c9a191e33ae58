//! How accounts stand to our organization over time: members now, suspended, gone since, or never seen.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::AccountId;

use super::history::History;
use super::organization::Organization;

/// How long the last complete listing of the organization stands in for one that fails: as long as any other account's
/// complete reading.
pub(super) const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// Accounts that left are forgotten this long after they were last seen as members.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(730 * 24);

/// An account as the organization last listed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Membership {
    /// From `o-…` down to the lowest unit.
    pub path: Vec<String>,
    /// Since when it cannot be used, as far as was seen; `None` while it can.
    #[serde(default)]
    pub unusable_since: Option<Timestamp>,
    /// The last complete listing that named it.
    pub last_seen: Timestamp,
}

/// How an account stands to our organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// A member, or an account that is governed without being one.
    Ours,
    /// A member that nobody can act in: suspended, closed, about to be, or not yet opened.
    Suspended,
    /// It was a member, and is not in the latest complete listing.
    Left {
        /// The last listing that named it.
        last_seen: Timestamp,
    },
    /// Never seen as a member.
    Stranger,
}

impl Organization {
    /// How `account` stands to us; `None` when that is not known.
    pub fn relation(&self, account: &AccountId, history: &History) -> Option<Relation> {
        if self.suspended.contains(account) {
            return Some(Relation::Suspended);
        }
        if self.members.contains_key(account) || self.governed.contains(account) {
            return Some(Relation::Ours);
        }
        if self.incomplete.is_some() {
            return None;
        }
        let left = history.members.get(account).map(|member| Relation::Left { last_seen: member.last_seen });
        Some(left.unwrap_or(Relation::Stranger))
    }

    /// The members as they were when they were last completely listed, if that is not too long ago.
    pub fn remembered(history: &History, now: Timestamp) -> Option<Self> {
        let last = history.members.values().map(|member| member.last_seen).max()?;
        if now.duration_since(last) > REMEMBERED {
            return None;
        }
        let current: BTreeMap<&AccountId, &Membership> = history.members.iter().filter(|(_, member)| member.last_seen == last).collect();
        Some(Self {
            members: current.iter().map(|(account, member)| ((*account).clone(), member.path.clone())).collect(),
            suspended: current
                .iter()
                .filter(|(_, member)| member.unusable_since.is_some())
                .map(|(account, _)| (*account).clone())
                .collect(),
            ..Self::default()
        })
    }
}

impl History {
    /// Remembers who is a member, if that was completely told.
    pub(super) fn observe_members(&mut self, organization: &Organization, now: Timestamp) {
        if organization.incomplete.is_some() {
            return;
        }
        for (account, path) in &organization.members {
            let before = self.members.get(account).and_then(|member| member.unusable_since);
            let unusable_since = organization.suspended.contains(account).then(|| before.unwrap_or(now));
            self.members.insert(account.clone(), Membership { path: path.clone(), unusable_since, last_seen: now });
        }
        self.members.retain(|_, member| now.duration_since(member.last_seen) <= FORGOTTEN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap().checked_add(SignedDuration::from_hours(hours)).unwrap()
    }

    fn with(members: &[&str]) -> Organization {
        let members = members.iter().map(|account| (AccountId::from(*account), vec!["o-ours123456".to_owned(), "r-abcd".to_owned()]));
        Organization { learnt: true, members: members.collect(), ..Organization::default() }
    }

    #[test]
    fn who_was_a_member_and_is_no_more_has_left() {
        let mut history = History::default();
        history.observe_members(&with(&["1", "2"]), at(0));
        let later = Organization { suspended: [AccountId::from("1")].into(), ..with(&["1"]) };
        history.observe_members(&later, at(6));
        assert_eq!(later.relation(&"1".into(), &history), Some(Relation::Suspended));
        assert_eq!(later.relation(&"2".into(), &history), Some(Relation::Left { last_seen: at(0) }));
        assert_eq!(later.relation(&"3".into(), &history), Some(Relation::Stranger));
        let unread = Organization { incomplete: Some("denied".into()), governed: [AccountId::from("4")].into(), ..Organization::default() };
        assert_eq!(unread.relation(&"2".into(), &history), None);
        assert_eq!(unread.relation(&"4".into(), &history), Some(Relation::Ours));
        history.observe_members(&unread, at(12));
        assert_eq!(history.members.len(), 2, "an incomplete listing says nothing");
    }

    #[test]
    fn the_last_complete_listing_stands_in_for_a_day() {
        let mut history = History::default();
        assert_eq!(Organization::remembered(&history, at(0)), None);
        history.observe_members(&with(&["1", "2"]), at(0));
        history.observe_members(&with(&["1"]), at(6));
        let remembered = Organization::remembered(&history, at(30)).unwrap();
        assert_eq!(remembered.members.keys().map(AccountId::as_str).collect::<Vec<_>>(), ["1"]);
        assert_eq!(Organization::remembered(&history, at(31)), None);
    }

    #[test]
    fn nobody_is_remembered_for_ever() {
        let mut history = History::default();
        history.observe_members(&with(&["1", "2"]), at(0));
        history.observe_members(&with(&["1"]), at(24 * 731));
        assert_eq!(history.members.len(), 1);
    }
}
