//! What the passing of time brings about: copies arrive, bins empty, launches are reported.

use std::mem;

use super::World;
use super::image::{ImageState, Protection};
use super::place::{Block, Place};
use super::snapshot::{FastRestore, SnapshotState};
use jiff::{SignedDuration, Timestamp};

/// "Spot Fleet requests are deleted 48 hours after they are canceled and their instances are terminated."
const CANCELLED_FLEET_VISIBLE: SignedDuration = SignedDuration::from_hours(48);
/// "Spot Instance requests are deleted four hours after they are canceled and their instances are terminated."
const CANCELLED_REQUEST_VISIBLE: SignedDuration = SignedDuration::from_hours(4);
/// How long a terminated instance stays in DescribeInstances ("usually ... an hour").
const TERMINATED_VISIBLE: SignedDuration = SignedDuration::from_hours(1);

impl World {
    /// Brings about everything that is due by now.
    pub(crate) fn pass(&mut self) {
        let now = self.now;
        let lag = self.settings.last_launched_lag;
        for place in self.places_mut() {
            finish_copies(place, now);
            take_effect(&mut place.image_block, now);
            take_effect(&mut place.snapshot_block, now);
            for snapshot in place.snapshots.values_mut() {
                let optimizing = snapshot.time_to_optimize();
                snapshot.fast_restores.iter_mut().for_each(|restore| move_on(restore, optimizing, now));
            }
            for report in place.usage_reports.values_mut() {
                if report.due.take_if(|due| *due <= now).is_some() {
                    "available".clone_into(&mut report.state);
                }
            }
            place.usage_reports.retain(|_, report| now < report.expires());
            place.bin_images.retain(|_, binned| now < binned.exits);
            place.bin_snapshots.retain(|_, binned| now < binned.exits);
            place.lingering.retain(|(_, until)| now < *until);
            place.stale.retain(|_, (_, until)| now < *until);
            place.instances.retain(|_, instance| instance.terminated.is_none_or(|at| now < at + TERMINATED_VISIBLE));
            place.spot_fleets.retain(|_, fleet| fleet.cancelled.is_none_or(|at| now < at + CANCELLED_FLEET_VISIBLE));
            place.spot_requests.retain(|_, request| request.cancelled.is_none_or(|at| now < at + CANCELLED_REQUEST_VISIBLE));
            for image in place.images.values_mut() {
                if let Some(launched) = image.unreported_launch.filter(|launched| *launched + lag <= now) {
                    image.last_launched = Some(launched);
                    image.unreported_launch = None;
                }
                if let Protection::CoolingDown(until) = image.protection
                    && until <= now
                {
                    image.protection = Protection::Off;
                }
            }
        }
    }
}

fn take_effect(block: &mut Block, now: Timestamp) {
    if let Some((state, _)) = block.coming.take_if(|(_, from)| *from <= now) {
        block.state = state;
    }
}

/// Through every state that was due by now.
fn move_on(restore: &mut FastRestore, optimizing: SignedDuration, now: Timestamp) {
    while let Some(due) = restore.due.take_if(|due| *due <= now) {
        match restore.state.as_str() {
            "enabling" => restore.enter("optimizing", due, Some(optimizing)),
            "optimizing" => restore.enter("enabled", due, None),
            _ => restore.enter("disabled", due, None),
        }
    }
}

fn finish_copies(place: &mut Place, now: Timestamp) {
    let (due, pending) = mem::take(&mut place.copies).into_iter().partition(|copy| copy.due <= now);
    place.copies = pending;
    let due: Vec<super::place::Copy> = due;
    for copy in due {
        let Some(image) = place.images.get_mut(&copy.image) else {
            continue;
        };
        let state = match copy.failure {
            None => {
                image.state = ImageState::Available;
                SnapshotState::Completed
            }
            Some(reason) => {
                image.state = ImageState::Failed;
                image.state_reason = Some(("Client.InternalError".to_owned(), reason));
                SnapshotState::Error
            }
        };
        for id in image.snapshots() {
            if let Some(snapshot) = place.snapshots.get_mut(id) {
                snapshot.state = state;
                snapshot.completed = Some(copy.due);
            }
        }
    }
}
