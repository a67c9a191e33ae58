//! What lies in the Recycle Bin, and how it comes back.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, Sizes, page};
use crate::wire::xml::Xml;
use crate::world::{Place, World};

use super::well_formed;

const SIZES: Sizes = Sizes { least: 1, most: 1000, default: Some(1000), ..LARGE };

fn no_image(id: &str) -> AwsError {
    AwsError::client("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist in the Recycle Bin"))
}

fn no_snapshot(id: &str) -> AwsError {
    AwsError::client("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist in the Recycle Bin."))
}

/// Tells no block device mappings: what an image was made of has to be remembered elsewhere.
pub(crate) fn list_images(world: &mut World, call: &Call) -> Answered {
    let ids = call.params.list("ImageId");
    let mut found = Vec::new();
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    if let Some(missing) = ids.iter().find(|id| !place.bin_images.contains_key(**id)) {
        return Err(no_image(missing));
    }
    let all = place.bin_images.iter();
    found.extend(all.filter(|(id, _)| ids.is_empty() || ids.contains(&id.as_str())).map(|(id, b)| (id.clone(), b)));
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.items("imageSet", page.items, |xml, binned| {
        xml.text("imageId", &binned.item.id);
        xml.text("name", &binned.item.name);
        xml.maybe("description", binned.item.description.as_deref());
        xml.time("recycleBinEnterTime", binned.entered);
        xml.time("recycleBinExitTime", binned.exits);
    });
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

pub(crate) fn list_snapshots(world: &mut World, call: &Call) -> Answered {
    let ids = call.params.list("SnapshotId");
    let mut found = Vec::new();
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    if let Some(missing) = ids.iter().find(|id| !place.bin_snapshots.contains_key(**id)) {
        return Err(no_snapshot(missing));
    }
    let all = place.bin_snapshots.iter();
    found.extend(all.filter(|(id, _)| ids.is_empty() || ids.contains(&id.as_str())).map(|(id, b)| (id.clone(), b)));
    let sizes = Sizes { least: 5, ..SIZES };
    let page = page(world, call, sizes, found)?;
    let mut xml = Xml::default();
    xml.items("snapshotSet", page.items, |xml, binned| {
        xml.text("snapshotId", &binned.item.id);
        xml.time("recycleBinEnterTime", binned.entered);
        xml.time("recycleBinExitTime", binned.exits);
        xml.text("description", &binned.item.description);
        xml.text("volumeId", &binned.item.volume);
    });
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

/// All its snapshots have to be there first.
pub(crate) fn restore_image(world: &mut World, call: &Call) -> Answered {
    let id = call.params.required("ImageId")?;
    well_formed(id, "ami", "InvalidAMIID.Malformed")?;
    let place = world.place_mut(call.account(), &call.region);
    let binned = place.bin_images.get(id).ok_or_else(|| no_image(id))?;
    let missing = binned.item.snapshots().find(|snapshot| !place.snapshots.contains_key(*snapshot));
    if let Some(missing) = missing {
        let message = format!("The snapshot '{missing}' of the image '{id}' does not exist.");
        return Err(AwsError::client("InvalidSnapshot.NotFound", message));
    }
    if let Some(binned) = place.bin_images.remove(id) {
        place.deregistered.retain(|gone| gone != id);
        place.lingering.retain(|(image, _)| image.id != id);
        place.images.insert(id.to_owned(), binned.item);
    }
    Ok(Done::yes())
}

pub(crate) fn restore_snapshot(world: &mut World, call: &Call) -> Answered {
    let id = call.params.required("SnapshotId")?;
    well_formed(id, "snap", "InvalidSnapshotID.Malformed")?;
    let place = world.place_mut(call.account(), &call.region);
    let binned = place.bin_snapshots.remove(id).ok_or_else(|| no_snapshot(id))?;
    let mut xml = Xml::default();
    super::snapshots::write_core(&mut xml, &binned.item);
    place.snapshots.insert(id.to_owned(), binned.item);
    Ok(Done::wrote(xml.into_string()))
}
