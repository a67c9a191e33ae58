//! Permissions that need not be asked again: those that were read before and that CloudTrail knows no change of.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::bounded::each;
use super::listings::PLACES_AT_ONCE;
use crate::aws::{Aws, read};
use crate::config::PermissionSettings;
use crate::inventory::answers::{Answer, LookupEvents};
use crate::inventory::{Changed, Estate, History, IMAGE_CHANGES, LAUNCHES, SNAPSHOT_CHANGES};
use crate::model::{Place, ResourceId, Source};
use crate::plan::Questions;
use crate::scan::{Progress, ScanEvent};

/// Answers what `history` still knows to be true into `estate`, and returns what has to be asked.
pub async fn recall(
    aws: &Aws,
    asked: &BTreeMap<Place, Questions>,
    history: &mut History,
    estate: &mut Estate,
    memory: Memory<'_>,
) -> BTreeMap<Place, Questions> {
    let Memory { settings, now, progress } = memory;
    if !settings.cloudtrail {
        return asked.clone();
    }
    let since = asked.keys().filter_map(|place| Some((place.clone(), history.trail_begins(place, now)?))).collect();
    let mut read = BTreeMap::new();
    changes(aws, &since, progress, |place, changed| {
        read.insert(place, changed);
    })
    .await;
    for place in asked.keys() {
        history.learn_changes(place, read.get(place).and_then(Option::as_ref), now);
    }
    let mut open = BTreeMap::new();
    for (place, questions) in asked {
        let Some(inventory) = estate.places.get_mut(place) else { continue };
        let mut unanswered = Questions::default();
        for image in &questions.images {
            match history.recall(place, &ResourceId::Image(image.clone()), settings.reread, now) {
                Some(permissions) => drop(inventory.launch_permissions.insert(image.clone(), permissions.clone())),
                None => unanswered.images.push(image.clone()),
            }
        }
        for snapshot in &questions.snapshots {
            match history.recall(place, &ResourceId::Snapshot(snapshot.clone()), settings.reread, now) {
                Some(permissions) => drop(inventory.create_volume_permissions.insert(snapshot.clone(), permissions.clone())),
                None => unanswered.snapshots.push(snapshot.clone()),
            }
        }
        open.insert(place.clone(), unanswered);
    }
    open
}

/// How permissions are remembered.
#[derive(Clone, Copy, Debug)]
pub struct Memory<'a> {
    pub settings: &'a PermissionSettings,
    pub now: Timestamp,
    pub progress: &'a Progress,
}

/// Reads the changes of each place; `None` where CloudTrail did not answer. That costs requests and is no gap: what is not
/// known to be unchanged is asked again.
async fn changes(aws: &Aws, since: &BTreeMap<Place, Timestamp>, progress: &Progress, mut fold: impl FnMut(Place, Option<Changed>)) {
    let names: Vec<&'static str> = IMAGE_CHANGES.into_iter().chain(SNAPSHOT_CHANGES).collect();
    events(aws, &names, since, progress, |place, answer| fold(place, answer.and_then(|events| Changed::of(&events)).ok())).await;
}

/// Reads the launches that may have failed, since the given moment in each place.
pub async fn launches(aws: &Aws, since: &BTreeMap<Place, Timestamp>, progress: &Progress, fold: impl FnMut(Place, Answer<LookupEvents>)) {
    events(aws, &LAUNCHES, since, progress, fold).await;
}

async fn events(
    aws: &Aws,
    names: &[&'static str],
    since: &BTreeMap<Place, Timestamp>,
    progress: &Progress,
    mut fold: impl FnMut(Place, Answer<LookupEvents>),
) {
    let read = |(place, since): (Place, Timestamp)| {
        let (clients, names, progress) = (aws.clients(&place), names.to_vec(), progress.clone());
        async move {
            let clients = clients.map(|clients| clients.counted());
            let answer = match &clients {
                Ok(clients) => read::events(clients, &names, since).await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            let requests = clients.map_or(0, |clients| clients.asked());
            progress.tell(match &answer {
                Ok(events) => {
                    ScanEvent::SourceDone { place, source: Source::Events, items: events.events.as_ref().map_or(0, Vec::len), requests }
                }
                Err(error) => ScanEvent::SourceFailed { place, source: Source::Events, error: error.clone(), requests },
            });
            answer
        }
    };
    let places = since.iter().map(|(place, since)| (place.clone(), *since));
    each(places, PLACES_AT_ONCE, read, |(place, _), answer| {
        fold(place, answer.unwrap_or_else(|| Err("the task that read it broke off: please report this".into())));
    })
    .await;
}
