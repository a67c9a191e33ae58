//! DeleteSnapshot and who may make volumes of a snapshot.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::wire::xml::Xml;
use crate::world::World;
use crate::world::image::{Image, Permission};
use crate::world::recycle_bin::{Binned, RuleResource, retention};
use crate::world::settings::SnapshotGuard;
use crate::world::snapshot::Snapshot;

use super::block_public_access::refuse_public_snapshot;
use super::image_attributes::{apply, change, write_permission};
use super::snapshots::{not_found, visible};
use super::well_formed;

/// The caller's own snapshot, else the refusal that AWS gives.
pub(crate) fn own<'w>(world: &'w World, call: &Call, id: &str) -> Result<&'w Snapshot, AwsError> {
    well_formed(id, "snap", "InvalidSnapshotID.Malformed")?;
    let own = world.place(call.account(), &call.region).and_then(|place| place.snapshots.get(id));
    own.ok_or_else(|| {
        if !visible(world, call.account(), &call.region, &BTreeSet::from([id])).is_empty() {
            AwsError::client("AuthFailure", format!("Not authorized for snapshot:{id}"))
        } else {
            not_found(id)
        }
    })
}

pub(crate) fn delete(world: &mut World, call: &Call) -> Answered {
    let id = call.params.required("SnapshotId")?.to_owned();
    delete_one(world, call, &id)?;
    Ok(Done::yes())
}

/// Deletes a snapshot of the caller's: into the Recycle Bin if a rule keeps it, else for ever.
pub(crate) fn delete_one(world: &mut World, call: &Call, id: &str) -> Result<(), AwsError> {
    let now = world.now();
    let guard = world.settings.snapshot_guard;
    let snapshot = own(world, call, id)?.clone();
    let place = world.place_mut(call.account(), &call.region);
    refuse_kept(&snapshot, now)?;
    // A disabled image is registered: it protects its snapshots like any other.
    if let Some(image) = place.images_of_snapshot(id).find(|image| guards(guard, image, id)) {
        let message = format!("The snapshot {id} is currently in use by {}", image.id);
        return Err(AwsError::client("InvalidSnapshot.InUse", message));
    }
    place.snapshots.remove(id);
    if let Some(kept) = retention(place.rules.values(), RuleResource::Snapshot, &snapshot.tags, now) {
        place.bin_snapshots.insert(id.to_owned(), Binned { item: snapshot, entered: now, exits: now + kept });
    }
    Ok(())
}

fn guards(guard: SnapshotGuard, image: &Image, id: &str) -> bool {
    match guard {
        SnapshotGuard::EverySnapshot => true,
        SnapshotGuard::RootOnly => image.root_snapshot() == Some(id),
    }
}

fn refuse_kept(snapshot: &Snapshot, now: Timestamp) -> Result<(), AwsError> {
    let id = &snapshot.id;
    if snapshot.is_managed_by_backup() {
        let message = "This snapshot is managed by the AWS Backup service and cannot be deleted via EC2 APIs. If you \
                       wish to delete this snapshot, please do so via the Backup console.";
        return Err(AwsError::invalid_value(message));
    }
    if snapshot.is_locked(now) {
        let message = format!("The snapshot {id} is locked and cannot be deleted");
        return Err(AwsError::client("OperationNotPermitted", message));
    }
    if snapshot.has_fast_restore() {
        let message = format!("The snapshot {id} is currently in use by fast snapshot restore");
        return Err(AwsError::client("InvalidSnapshot.InUse", message));
    }
    Ok(())
}

pub(crate) fn describe_attribute(world: &mut World, call: &Call) -> Answered {
    let id = call.params.required("SnapshotId")?;
    let snapshot = own(world, call, id)?;
    let mut xml = Xml::default();
    xml.text("snapshotId", id);
    match call.params.required("Attribute")? {
        "createVolumePermission" => xml.items("createVolumePermission", &snapshot.permissions, write_permission),
        "productCodes" => xml.items("productCodes", std::iter::empty::<()>(), |_, ()| {}),
        other => {
            return Err(AwsError::invalid_value(format!("Value ({other}) for parameter attribute is invalid.")));
        }
    }
    Ok(Done::read(xml.into_string()))
}

pub(crate) fn modify_attribute(world: &mut World, call: &Call) -> Answered {
    let id = call.params.required("SnapshotId")?.to_owned();
    if let Some(other) = call.params.get("Attribute").filter(|name| *name != "createVolumePermission") {
        return Err(AwsError::invalid_value(format!("Value ({other}) for parameter attribute is invalid.")));
    }
    let change = change(&call.params, "CreateVolumePermission")?;
    if change.add.is_empty() && change.remove.is_empty() {
        return Err(AwsError::client("InvalidParameterCombination", "No attributes specified."));
    }
    // "... but you cannot do both in a single operation."
    if !change.add.is_empty() && !change.remove.is_empty() {
        let message = "You cannot add and remove create volume permissions in the same request";
        return Err(AwsError::client("InvalidParameterCombination", message));
    }
    let only_accounts = change.add.iter().chain(&change.remove);
    if only_accounts.into_iter().any(|one| matches!(one, Permission::Organization(_) | Permission::Unit(_))) {
        return Err(AwsError::client("UnknownParameter", "Snapshots are shared with accounts only"));
    }
    refuse_public_snapshot(world, call, &change.add)?;
    let encrypted = own(world, call, &id)?.encrypted;
    if encrypted && change.add.contains(&Permission::Everyone) {
        let message = "Encrypted snapshots cannot be made public";
        return Err(AwsError::client("OperationNotPermitted", message));
    }
    if let Some(snapshot) = world.place_mut(call.account(), &call.region).snapshots.get_mut(&id) {
        apply(&mut snapshot.permissions, change);
    }
    Ok(Done::yes())
}
