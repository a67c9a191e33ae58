//! RunInstances and TerminateInstances: enough to launch from an image, and to be refused.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::wire::xml::Xml;
use crate::world::World;
use crate::world::compute::{Instance, InstanceState};
use crate::world::image::ImageState;

use super::allowed_images::Gate;
use super::instances::{not_found, write, write_state};
use super::launch_templates::{named, number, resolved};
use super::{tags, well_formed};

/// The image a launch names itself, or through a launch template.
fn image_of(world: &World, call: &Call) -> Result<String, AwsError> {
    if let Some(image) = call.params.get("ImageId") {
        return Ok(image.to_owned());
    }
    let asked = call.params.under("LaunchTemplate");
    let place = world.place(call.account(), &call.region).ok_or_else(|| AwsError::missing("ImageId"))?;
    let template = named(place, asked.get("LaunchTemplateId"), asked.get("LaunchTemplateName"))?;
    let template = template.ok_or_else(|| AwsError::missing("ImageId"))?;
    let number = number(template, asked.get("Version").unwrap_or("$Default"))?;
    let version = template.versions.get(&number).ok_or_else(|| {
        let message = format!("Could not find launch template version {number}");
        AwsError::client("InvalidLaunchTemplateId.VersionNotFound", message)
    })?;
    resolved(place, version).ok_or_else(|| AwsError::missing("ImageId"))
}

pub(crate) fn run(world: &mut World, call: &Call) -> Answered {
    let now = world.now();
    let lag = world.settings.last_launched_lag;
    let count = call.params.integer("MaxCount")?.unwrap_or(1);
    let least = call.params.integer("MinCount")?.unwrap_or(count);
    if !(1..=1000).contains(&count) || !(1..=count).contains(&least) {
        return Err(AwsError::invalid_value(format!("Invalid value '{count}' for InstanceCount.")));
    }
    let id = image_of(world, call)?;
    well_formed(&id, "ami", "InvalidAMIID.Malformed")?;
    let given = tags::specified(&call.params, "instance")?;
    let gate = Gate::of(world, call.account(), &call.region);
    let here = world.places().filter(|(_, region, _)| *region == call.region);
    let image = here.filter_map(|(_, _, place)| place.images.get(&id)).find(|image| gate.admits(image));
    let architecture = match image {
        None => {
            return Err(AwsError::client("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist")));
        }
        // "A disabled AMI can't be used for instance launches"; nor can one that is not there yet, or never was.
        Some(image) if image.state != ImageState::Available => {
            let message = format!("The image ID '{id}' is no longer available");
            return Err(AwsError::client("InvalidAMIID.Unavailable", message));
        }
        Some(image) => image.architecture.clone(),
    };
    if let Some(image) = world.image_mut(&id) {
        if lag.is_zero() {
            image.last_launched = Some(now);
        } else {
            image.unreported_launch = Some(now);
        }
    }
    let reservation = world.ids.resource("r");
    let mut launched = Vec::new();
    for _ in 0..count {
        let instance = Instance {
            id: world.ids.resource("i"),
            reservation: reservation.clone(),
            image: id.clone(),
            state: InstanceState::Running,
            instance_type: call.params.get("InstanceType").unwrap_or("m1.small").to_owned(),
            architecture: architecture.clone(),
            launched: now,
            terminated: None,
            lifecycle: None,
            zone: format!("{}a", call.region),
            operator: None,
            tags: given.clone(),
        };
        world.place_mut(call.account(), &call.region).instances.insert(instance.id.clone(), instance.clone());
        launched.push(instance);
    }
    let mut xml = Xml::default();
    xml.text("reservationId", reservation);
    xml.text("ownerId", call.account());
    xml.items("groupSet", std::iter::empty::<()>(), |_, ()| {});
    xml.items("instancesSet", &launched, write);
    Ok(Done::wrote(xml.into_string()))
}

pub(crate) fn terminate(world: &mut World, call: &Call) -> Answered {
    let now = world.now();
    let ids = call.params.list("InstanceId");
    if ids.is_empty() {
        return Err(AwsError::missing("InstanceId"));
    }
    let place = world.place_mut(call.account(), &call.region);
    if let Some(missing) = ids.iter().find(|id| !place.instances.contains_key(**id)) {
        return Err(not_found(missing));
    }
    let mut changed = Vec::new();
    for id in ids {
        if let Some(instance) = place.instances.get_mut(id) {
            changed.push((id, instance.state));
            instance.state = InstanceState::Terminated;
            instance.terminated = instance.terminated.or(Some(now));
        }
    }
    let mut xml = Xml::default();
    xml.items("instancesSet", changed, |xml, (id, before)| {
        xml.text("instanceId", id);
        write_state(xml, "currentState", InstanceState::Terminated);
        write_state(xml, "previousState", before);
    });
    Ok(Done::wrote(xml.into_string()))
}
