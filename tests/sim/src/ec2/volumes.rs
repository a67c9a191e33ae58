//! DescribeVolumes.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, page};
use crate::wire::xml::{Xml, millis};
use crate::world::snapshot::Volume;
use crate::world::{Place, World};

use super::filter::Filters;
use super::instances::{is_hidden, write_operator};
use super::well_formed;

/// Where a volume is attached, if it is.
const DEVICE: &str = "/dev/xvda";
const FILTERS: [&str; 13] = [
    "attachment.device",
    "attachment.instance-id",
    "attachment.status",
    "availability-zone",
    "create-time",
    "encrypted",
    "operator.managed",
    "operator.principal",
    "size",
    "snapshot-id",
    "status",
    "volume-id",
    "volume-type",
];

pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let ids = call.params.list("VolumeId");
    let include = call.params.flag("IncludeManagedResources")?;
    let filters = Filters::of(call)?;
    filters.check(&FILTERS)?;
    let mut found = Vec::new();
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    for id in &ids {
        well_formed(id, "vol", "InvalidParameterValue")?;
        if !place.volumes.contains_key(*id) {
            let message = format!("The volume '{id}' does not exist.");
            return Err(AwsError::client("InvalidVolume.NotFound", message));
        }
    }
    for volume in place.volumes.values() {
        let named = ids.contains(&volume.id.as_str());
        let shown = (ids.is_empty() || named) && !is_hidden(volume.operator.as_ref(), include || named);
        if shown && filters.pass(&volume.tags, |name| field(volume, name))? {
            found.push((volume.id.as_str(), volume));
        }
    }
    let page = page(world, call, LARGE, found)?;
    let mut xml = Xml::default();
    xml.items("volumeSet", page.items, write);
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

fn field(volume: &Volume, name: &str) -> Option<Vec<String>> {
    let some = |value: &Option<String>| Some(value.clone().into_iter().collect());
    let value = match name {
        "attachment.instance-id" => return some(&volume.instance),
        "snapshot-id" => return some(&volume.snapshot),
        "attachment.device" => return Some(volume.instance.iter().map(|_| DEVICE.to_owned()).collect()),
        "attachment.status" => return Some(volume.instance.iter().map(|_| "attached".to_owned()).collect()),
        "operator.principal" => return Some(volume.operator.iter().map(|operator| operator.principal.clone()).collect()),
        "operator.managed" => volume.operator.is_some().to_string(),
        "size" => volume.size.to_string(),
        "availability-zone" => volume.zone.clone(),
        "create-time" => millis(volume.created),
        "encrypted" => volume.encrypted.to_string(),
        "status" => volume.state.clone(),
        "volume-id" => volume.id.clone(),
        "volume-type" => volume.volume_type.clone(),
        _ => return None,
    };
    Some(vec![value])
}

fn write(xml: &mut Xml, volume: &Volume) {
    xml.text("volumeId", &volume.id);
    xml.text("size", volume.size);
    xml.text("snapshotId", volume.snapshot.as_deref().unwrap_or_default());
    xml.text("availabilityZone", &volume.zone);
    xml.text("status", &volume.state);
    xml.time("createTime", volume.created);
    xml.items("attachmentSet", &volume.instance, |xml, instance| {
        xml.text("volumeId", &volume.id);
        xml.text("instanceId", instance);
        xml.text("device", DEVICE);
        xml.text("status", "attached");
        xml.time("attachTime", volume.created);
        xml.text("deleteOnTermination", true);
    });
    xml.text("volumeType", &volume.volume_type);
    xml.text("encrypted", volume.encrypted);
    xml.maybe("kmsKeyId", volume.kms_key.as_deref());
    xml.text("multiAttachEnabled", false);
    if !volume.tags.is_empty() {
        super::tags::write(xml, &volume.tags);
    }
    write_operator(xml, volume.operator.as_ref());
}
