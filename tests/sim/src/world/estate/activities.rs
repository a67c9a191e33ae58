//! Building scaling activities.

use jiff::{SignedDuration, Timestamp};

use super::PlaceHandle;
use crate::world::activity::Activity;

impl<'w> PlaceHandle<'w> {
    /// A successful launch by a group, right now. A group that is not there is one that was deleted.
    pub fn scaling_activity(self, group: &str) -> ActivityBuilder<'w> {
        let now = self.world.now();
        let activity = Activity {
            id: self.world.ids.uuid(),
            group: group.to_owned(),
            description: "Launching a new EC2 instance".to_owned(),
            cause: format!("At {now} an instance was started in response to a difference between desired and actual capacity."),
            started: now,
            ended: Some(now),
            status: "Successful".to_owned(),
            message: None,
            zone: self.zone(),
        };
        ActivityBuilder { place: self, activity }
    }
}

/// A scaling activity in the making.
#[derive(Debug)]
pub struct ActivityBuilder<'w> {
    place: PlaceHandle<'w>,
    activity: Activity,
}

impl ActivityBuilder<'_> {
    /// Sets anything there is no word for.
    pub fn with(mut self, change: impl FnOnce(&mut Activity)) -> Self {
        change(&mut self.activity);
        self
    }

    /// Failed, for this reason: `AMI 'ami-…' is disabled, and cannot be run. Launching EC2 instance failed.`
    pub fn failed(self, message: &str) -> Self {
        self.with(|activity| activity.fail(message))
    }

    /// Failed because this image is disabled, as AWS words it.
    pub fn failed_on_disabled(self, image: &str) -> Self {
        self.failed(&format!("AMI '{image}' is disabled, and cannot be run. Launching EC2 instance failed."))
    }

    /// Failed because this image is not there any more, as AWS words it.
    pub fn failed_on_missing(self, image: &str) -> Self {
        self.failed(&format!("The image id '[{image}]' does not exist. Launching EC2 instance failed."))
    }

    /// When it began and ended.
    pub fn at(self, at: Timestamp) -> Self {
        self.with(|activity| {
            activity.started = at;
            activity.ended = Some(at);
        })
    }

    /// So many hours ago.
    pub fn hours_ago(self, hours: i64) -> Self {
        let at = self.place.world.now() - SignedDuration::from_hours(hours);
        self.at(at)
    }

    /// Puts it there and returns its id.
    pub fn put(mut self) -> String {
        let id = self.activity.id.clone();
        let activity = self.activity;
        self.place.place().activities.push(activity);
        id
    }
}
