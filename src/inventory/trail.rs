//! What CloudTrail says may have changed since the permissions that are remembered were read.
//!
//! Launch and create-volume permissions have no listing, one call each. Once read they are remembered, and asked again only
//! for what an event names. Doubt asks again: an event that cannot be read, or names nothing, could be about anything.
//!
//! CloudTrail's event history keeps 90 days of management events and usually shows one within five minutes, without a
//! promise ("CloudTrail Event history", AWS CloudTrail User Guide). So each look begins well before the last one ended.

use std::collections::{BTreeSet, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Permissions, Place, ResourceId};

use super::answers::{Event, LookupEvents};
use super::decode::listed;
use super::estate::Estate;
use super::history::History;
use super::ids::Named;
use super::place::Inventory;

/// How far behind CloudTrail may be: twelve times what it usually is. What happened in the meantime is looked for again.
pub(super) const LAG: SignedDuration = SignedDuration::from_hours(1);

/// Beyond this the event history may have forgotten; it keeps 90 days.
const MEMORY: SignedDuration = SignedDuration::from_hours(24 * 85);

/// The calls that change who may use an image; DisableImage drops all launch permissions, and by CancelImageLaunchPermission an
/// account gives up its own.
pub const IMAGE_CHANGES: [&str; 6] = [
    "ModifyImageAttribute",
    "ResetImageAttribute",
    "CancelImageLaunchPermission",
    "DisableImage",
    "EnableImage",
    "RestoreImageFromRecycleBin",
];

/// The calls that change who may use a snapshot.
pub const SNAPSHOT_CHANGES: [&str; 3] = ["ModifySnapshotAttribute", "ResetSnapshotAttribute", "RestoreSnapshotFromRecycleBin"];

/// The permissions of one image or snapshot as they were read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remembered {
    pub place: Place,
    pub read_at: Timestamp,
    pub permissions: Permissions,
}

/// Which of a place's images and snapshots the events are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    These(BTreeSet<String>),
    /// An event that names none.
    Anything,
}

impl Changed {
    /// Reads the events of the calls that change permissions.
    ///
    /// # Errors
    /// When the answer lacks its list or a member of it.
    pub fn of(answer: &LookupEvents) -> Result<Self, String> {
        let mut ids = BTreeSet::new();
        for event in listed(&answer.events, "Events")? {
            match named(event) {
                Some(named) => ids.extend(named),
                None => return Ok(Self::Anything),
            }
        }
        Ok(Self::These(ids))
    }

    fn concerns(&self, resource: &str) -> bool {
        match self {
            Self::These(ids) => ids.contains(resource),
            Self::Anything => true,
        }
    }
}

/// The images and snapshots an event's request was about.
fn named(event: &Event) -> Option<BTreeSet<String>> {
    let record: Value = serde_json::from_str(event.cloud_trail_event.as_deref()?).ok()?;
    let request = record.get("requestParameters")?;
    let Named { image_ids, snapshot_ids } = Named::in_json(request);
    let images = image_ids.into_iter().map(|id| id.to_string());
    let ids: BTreeSet<String> = images.chain(snapshot_ids.into_iter().map(|id| id.to_string())).collect();
    (!ids.is_empty()).then_some(ids)
}

impl History {
    /// From when on the events of `place` must be read for what is remembered of it to hold; `None` where everything has to
    /// be asked anyway.
    pub fn trail_begins(&self, place: &Place, now: Timestamp) -> Option<Timestamp> {
        let watched = self.watched.get(place)?;
        let begins = watched.checked_sub(LAG).ok()?;
        let in_reach = now.duration_since(begins) < MEMORY;
        (in_reach && self.permissions.values().any(|remembered| remembered.place == *place)).then_some(begins)
    }

    /// Takes in what the events of `place` said, read completely up to `now`; `None` when they could not be read.
    pub fn learn_changes(&mut self, place: &Place, changed: Option<&Changed>, now: Timestamp) {
        match changed {
            Some(changed) => {
                self.permissions.retain(|resource, remembered| remembered.place != *place || !changed.concerns(&resource.to_string()));
                self.watched.insert(place.clone(), now);
            }
            // What is read from now on is watched from now on; what was read before is not.
            None if self.trail_begins(place, now).is_none() => {
                self.permissions.retain(|_, remembered| remembered.place != *place);
                self.watched.insert(place.clone(), now);
            }
            None => {}
        }
    }

    /// Remembers the permissions of `resources`, read just now into `estate`, and forgets what is not there any more.
    pub fn remember(&mut self, estate: &Estate, resources: impl Iterator<Item = (Place, ResourceId)>, now: Timestamp) {
        for (place, resource) in resources {
            let Some(inventory) = estate.places.get(&place) else { continue };
            let permissions = match &resource {
                ResourceId::Image(id) => inventory.launch_permissions.get(id),
                ResourceId::Snapshot(id) => inventory.create_volume_permissions.get(id),
                _ => None,
            };
            if let Some(permissions) = permissions.cloned() {
                self.permissions.insert(resource, Remembered { place, read_at: now, permissions });
            }
        }
        let listed: HashSet<&str> = estate.places.values().flat_map(Inventory::listed).collect();
        self.permissions.retain(|resource, remembered| {
            let read = estate.places.get(&remembered.place).is_some_and(|place| place.images_read && place.snapshots_read);
            !read || listed.contains(resource.to_string().as_str())
        });
    }

    /// The permissions of `resource` as they must still be: read within `reread`, and watched since then until `now`.
    pub fn recall(&self, place: &Place, resource: &ResourceId, reread: SignedDuration, now: Timestamp) -> Option<&Permissions> {
        let remembered = self.permissions.get(resource).filter(|remembered| remembered.place == *place)?;
        let watched = self.watched.get(place) == Some(&now);
        let young = now.duration_since(remembered.read_at) < reread && remembered.read_at <= now;
        (watched && young).then_some(&remembered.permissions)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(parameters: &str) -> Event {
        Event { cloud_trail_event: Some(format!(r#"{{"requestParameters":{parameters}}}"#)), ..Event::default() }
    }

    fn changed(events: Vec<Event>) -> Changed {
        Changed::of(&LookupEvents { events: Some(events.into_iter().map(Some).collect()) }).unwrap()
    }

    #[test]
    fn an_event_names_what_it_is_about_and_one_that_does_not_could_be_about_anything() {
        let these = changed(vec![event(r#"{"imageId":"ami-1"}"#), event(r#"{"snapshotId":"snap-2","attributeType":"x"}"#)]);
        assert_eq!(these, Changed::These(["ami-1".to_owned(), "snap-2".to_owned()].into()));
        for unreadable in
            [event("{}"), event("null"), Event { cloud_trail_event: Some("cut sh".into()), ..Event::default() }, Event::default()]
        {
            assert_eq!(changed(vec![event(r#"{"imageId":"ami-1"}"#), unreadable]), Changed::Anything);
        }
        assert!(Changed::of(&LookupEvents { events: None }).is_err());
    }

    #[test]
    fn an_account_that_gives_up_its_share_changes_who_may_launch() {
        assert!(IMAGE_CHANGES.contains(&"CancelImageLaunchPermission"));
        let request = event(r#"{"CancelImageLaunchPermissionRequest":{"ImageId":"ami-1"}}"#);
        assert_eq!(changed(vec![request]), Changed::These(["ami-1".to_owned()].into()));
    }

    proptest! {
        /// Whatever happens and whenever it becomes visible, within the lag: what is recalled is what AWS would answer, or the
        /// change is younger than the lag.
        #[test]
        fn what_is_recalled_is_never_older_than_the_lag(
            steps in prop::collection::vec((1_i64..200, any::<bool>(), any::<bool>(), 0_i64..60), 1..60),
            reread in 1_i64..5_000,
        ) {
            let place = Place::new("111111111111", "eu-central-1");
            let resource = ResourceId::Image("ami-1".into());
            let reread = SignedDuration::from_mins(reread);
            let mut history = History::default();
            let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
            // When it changed, and when CloudTrail shows it.
            let mut changes: Vec<(Timestamp, Timestamp)> = Vec::new();
            for (minutes, changes_now, readable, lag) in steps {
                now += SignedDuration::from_mins(minutes);
                if changes_now {
                    let at = now - SignedDuration::from_mins(minutes / 2);
                    changes.push((at, at + SignedDuration::from_mins(lag)));
                }
                let begins = history.trail_begins(&place, now);
                let seen = begins.filter(|_| readable).map(|begins| {
                    let any = changes.iter().any(|(at, visible)| *at >= begins && *visible <= now);
                    Changed::These(if any { ["ami-1".to_owned()].into() } else { BTreeSet::new() })
                });
                history.learn_changes(&place, seen.as_ref(), now);
                match history.recall(&place, &resource, reread, now) {
                    Some(_) => {
                        let read_at = history.permissions[&resource].read_at;
                        prop_assert!(now.duration_since(read_at) < reread);
                        for (at, _) in &changes {
                            prop_assert!(*at <= read_at || now.duration_since(*at) <= LAG, "changed at {at}, read at {read_at}, now {now}");
                        }
                    }
                    None => {
                        let remembered = Remembered { place: place.clone(), read_at: now, permissions: Permissions::default() };
                        history.permissions.insert(resource.clone(), remembered);
                    }
                }
            }
        }
    }
}
