//! The one resource as it is now, right before and right after a step.

use serde::Serialize;

use crate::aws::read::{self, Lookup};
use crate::aws::{AwsError, Clients};
use crate::inventory::answers;
use crate::inventory::{
    read_fast_restores, read_image, read_image_block, read_locks, read_permissions, read_snapshot, read_snapshot_block,
};
use crate::model::{Action, AmiId, Block, Image, Permissions, Shareable, Snapshot, SnapshotId};

/// An image, a snapshot or a setting of a place as AWS has it at this moment.
#[derive(Clone, Debug)]
pub(super) enum Present {
    Image(Box<PresentImage>),
    Snapshot(Box<PresentSnapshot>),
    Place(PresentPlace),
    Gone,
}

#[derive(Clone, Debug)]
pub(super) struct PresentImage {
    pub(super) image: Image,
    pub(super) permissions: Permissions,
    /// Instances that run it, and are not terminated.
    pub(super) instances: Vec<String>,
    before: BeforeImage,
}

#[derive(Clone, Debug)]
pub(super) struct PresentSnapshot {
    pub(super) snapshot: Snapshot,
    pub(super) permissions: Permissions,
    /// Own images that need it, disabled ones included.
    pub(super) images: Vec<AmiId>,
    /// What makes EC2 refuse to delete it: a lock, Fast Snapshot Restore.
    pub(super) guards: Vec<String>,
    before: BeforeSnapshot,
}

/// Block Public Access for images or for snapshots.
#[derive(Clone, Debug)]
pub(super) struct PresentPlace {
    pub(super) block: Block,
    before: BeforePlace,
}

/// What the ledger keeps of an image before a step: enough to bring back what the step destroys.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BeforeImage {
    image: answers::Image,
    launch_permissions: answers::ImageAttribute,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BeforeSnapshot {
    snapshot: answers::Snapshot,
    create_volume_permissions: answers::SnapshotAttribute,
}

/// As the AWS CLI prints it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
enum BeforePlace {
    ImageBlockPublicAccess(answers::GetImageBlockPublicAccessState),
    SnapshotBlockPublicAccess(answers::GetSnapshotBlockPublicAccessState),
}

impl Present {
    /// The before-image for the ledger, in the shapes of a recorded estate.
    pub(super) fn before(&self) -> Result<serde_json::Value, serde_json::Error> {
        match self {
            Self::Image(image) => serde_json::to_value(&image.before),
            Self::Snapshot(snapshot) => serde_json::to_value(&snapshot.before),
            Self::Place(place) => serde_json::to_value(&place.before),
            Self::Gone => Ok(serde_json::Value::Null),
        }
    }
}

/// Reads an image with its launch permissions and, when `action` takes it from its users, the instances that run it. What
/// ends exposure must not fail because instances cannot be read.
pub(super) async fn image(clients: &Clients, id: &AmiId, action: Action) -> Result<Present, AwsError> {
    let Lookup::Found(answer) = read::image(clients, id).await? else { return Ok(Present::Gone) };
    let Lookup::Found(attribute) = read::launch_permissions(clients, id).await? else { return Ok(Present::Gone) };
    let instances = match action {
        Action::Disable | Action::Deregister => read::instances_of(clients, id).await?,
        _ => Vec::new(),
    };
    let before = BeforeImage { image: answer.clone(), launch_permissions: attribute.clone() };
    // An image that does not say is taken as protected: this is the last look before it goes.
    let image = read_image(answer, true).map_err(AwsError::malformed)?;
    let permissions = read_permissions(attribute.launch_permissions, "LaunchPermissions").map_err(AwsError::malformed)?;
    Ok(Present::Image(Box::new(PresentImage { image, permissions, instances, before })))
}

/// Reads a snapshot with its create-volume permissions and, before it is deleted, the images that need it and what guards it.
pub(super) async fn snapshot(clients: &Clients, id: &SnapshotId, action: Action) -> Result<Present, AwsError> {
    let Lookup::Found(answer) = read::snapshot(clients, id).await? else { return Ok(Present::Gone) };
    let Lookup::Found(attribute) = read::create_volume_permissions(clients, id).await? else { return Ok(Present::Gone) };
    let (images, guards) = match action {
        Action::DeleteSnapshot => (read::images_of(clients, id).await?, guards(clients, id).await?),
        _ => (Vec::new(), Vec::new()),
    };
    let before = BeforeSnapshot { snapshot: answer.clone(), create_volume_permissions: attribute.clone() };
    let snapshot = read_snapshot(answer).map_err(AwsError::malformed)?;
    let permissions = read_permissions(attribute.create_volume_permissions, "CreateVolumePermissions").map_err(AwsError::malformed)?;
    Ok(Present::Snapshot(Box::new(PresentSnapshot { snapshot, permissions, images, guards, before })))
}

/// Whether the one snapshot is locked or has Fast Snapshot Restore by now.
async fn guards(clients: &Clients, id: &SnapshotId) -> Result<Vec<String>, AwsError> {
    let mut locks = read_locks(read::lock_of(clients, id).await?).map_err(AwsError::malformed)?;
    let mut restores = read_fast_restores(read::fast_restores_of(clients, id).await?).map_err(AwsError::malformed)?;
    let lock = locks.remove(id).map(|state| format!("its lock is {state}"));
    Ok(lock.into_iter().chain(restores.remove(id).map(|state| format!("Fast Snapshot Restore is {state}"))).collect())
}

/// Reads the state of Block Public Access for images or for snapshots.
pub(super) async fn place(clients: &Clients, of: Shareable) -> Result<Present, AwsError> {
    let (block, before) = match of {
        Shareable::Images => {
            let answer = read::image_block_public_access(clients).await?;
            (read_image_block(answer.clone()), BeforePlace::ImageBlockPublicAccess(answer))
        }
        Shareable::Snapshots => {
            let answer = read::snapshot_block_public_access(clients).await?;
            (read_snapshot_block(answer.clone()), BeforePlace::SnapshotBlockPublicAccess(answer))
        }
    };
    Ok(Present::Place(PresentPlace { block: block.map_err(AwsError::malformed)?, before }))
}
