//! Launch and create-volume permissions, one call per resource: only for those that a policy could act on.

use std::collections::BTreeMap;

use super::bounded::each;
use super::listings::PLACES_AT_ONCE;
use crate::aws::read::{self, Lookup};
use crate::aws::{Aws, AwsError, Clients};
use crate::inventory::answers::{Answer, ImageAttribute, SnapshotAttribute};
use crate::model::{AmiId, Place, SnapshotId};
use crate::plan::Questions;

/// Questions at the same time in one place. Our bucket gives ten a second, each takes about a third of one.
const AT_ONCE: usize = 6;

/// The permissions of what was asked about, or for each why not.
pub type PermissionAnswers = (BTreeMap<AmiId, Answer<ImageAttribute>>, BTreeMap<SnapshotId, Answer<SnapshotAttribute>>);

/// Reads the permissions of these images and snapshots, each by itself: one that fails takes no other with it.
pub async fn permissions(
    aws: &Aws,
    place: &Place,
    images: impl IntoIterator<Item = AmiId>,
    snapshots: impl IntoIterator<Item = SnapshotId>,
) -> PermissionAnswers {
    place_permissions(aws.clients(place), images, snapshots).await
}

async fn place_permissions(
    clients: Result<Clients, AwsError>,
    images: impl IntoIterator<Item = AmiId>,
    snapshots: impl IntoIterator<Item = SnapshotId>,
) -> PermissionAnswers {
    let mut answers = PermissionAnswers::default();
    let clients = match clients {
        Ok(clients) => clients,
        Err(error) => {
            answers.0.extend(images.into_iter().map(|id| (id, Err(error.to_string()))));
            answers.1.extend(snapshots.into_iter().map(|id| (id, Err(error.to_string()))));
            return answers;
        }
    };
    let read_image = |id: AmiId| {
        let clients = clients.clone();
        async move { read::launch_permissions(&clients, &id).await }
    };
    each(images, AT_ONCE, read_image, |id, answer| {
        answers.0.insert(id, settle(answer));
    })
    .await;
    let read_snapshot = |id: SnapshotId| {
        let clients = clients.clone();
        async move { read::create_volume_permissions(&clients, &id).await }
    };
    each(snapshots, AT_ONCE, read_snapshot, |id, answer| {
        answers.1.insert(id, settle(answer));
    })
    .await;
    answers
}

/// The questions of all places, each place at its own pace; the answers go to `fold` as they come.
pub async fn all_permissions(aws: &Aws, asked: &BTreeMap<Place, Questions>, mut fold: impl FnMut(Place, PermissionAnswers)) {
    let read = |place: Place| {
        let questions = asked.get(&place).cloned().unwrap_or_default();
        let clients = aws.clients(&place);
        async move { place_permissions(clients, questions.images, questions.snapshots).await }
    };
    each(asked.keys().cloned(), PLACES_AT_ONCE, read, |place, answers| {
        // A task that broke off leaves its questions unanswered, and that is noted as a gap.
        fold(place, answers.unwrap_or_default());
    })
    .await;
}

/// A resource that is gone has no permissions to speak of, but it was listed a moment ago: that is a doubt.
fn settle<T>(answer: Option<Result<Lookup<T>, AwsError>>) -> Answer<T> {
    match answer {
        Some(Ok(Lookup::Found(answer))) => Ok(answer),
        Some(Ok(Lookup::Gone)) => Err("it was listed, but is not there any more".into()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("the task that read it broke off: please report this".into()),
    }
}
