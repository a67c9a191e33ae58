//! RunInstances and TerminateInstances: enough to launch from an image, and to be refused.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::wire::xml::Xml;
use crate::world::World;
use crate::world::compute::{Instance, InstanceState};
use crate::world::image::{ImageState, Tags};

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

/// The architecture of an image that an account can launch now, or why it cannot.
pub(crate) fn launchable(world: &World, account: &str, region: &str, id: &str) -> Result<String, AwsError> {
    let here = world.places().filter(|(_, place_region, _)| *place_region == region);
    let gate = Gate::of(world, account, region);
    let image = here.filter_map(|(_, _, place)| place.images.get(id)).find(|image| gate.admits(image));
    let image = image.ok_or_else(|| AwsError::client("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist")))?;
    // "AMI '<AMI ID>' is disabled, and cannot be run", "AMI <AMI ID> is pending, and cannot be run": "Troubleshoot Amazon
    // EC2 Auto Scaling: AMI issues". The code: "is not in a state from which you can launch an instance".
    let message = match image.state {
        ImageState::Available => return Ok(image.architecture.clone()),
        ImageState::Disabled => format!("AMI '{id}' is disabled, and cannot be run."),
        ImageState::Pending => format!("AMI {id} is pending, and cannot be run."),
        _ => format!("The image ID '{id}' is no longer available"),
    };
    Err(AwsError::client("InvalidAMIID.Unavailable", message))
}

/// What is to be launched. Whether it can be is for `launchable` to say.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) image: &'a str,
    pub(crate) architecture: String,
    pub(crate) instance_type: &'a str,
    pub(crate) tags: Tags,
}

/// Starts so many instances of one reservation, and remembers when the image was launched.
pub(crate) fn launch(world: &mut World, launch: Launch<'_>, count: i64) -> Vec<Instance> {
    let Launch { account, region, image: id, architecture, instance_type, tags } = launch;
    let now = world.now();
    let lag = world.settings.last_launched_lag;
    if let Some(image) = world.image_mut(id) {
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
            image: id.to_owned(),
            state: InstanceState::Running,
            instance_type: instance_type.to_owned(),
            architecture: architecture.clone(),
            launched: now,
            terminated: None,
            lifecycle: None,
            zone: format!("{region}a"),
            operator: None,
            tags: tags.clone(),
        };
        world.place_mut(account, region).instances.insert(instance.id.clone(), instance.clone());
        launched.push(instance);
    }
    launched
}

pub(crate) fn run(world: &mut World, call: &Call) -> Answered {
    let count = call.params.integer("MaxCount")?.unwrap_or(1);
    let least = call.params.integer("MinCount")?.unwrap_or(count);
    if !(1..=1000).contains(&count) || !(1..=count).contains(&least) {
        return Err(AwsError::invalid_value(format!("Invalid value '{count}' for InstanceCount.")));
    }
    let image = image_of(world, call)?;
    well_formed(&image, "ami", "InvalidAMIID.Malformed")?;
    let tags = tags::specified(&call.params, "instance")?;
    let architecture = launchable(world, call.account(), &call.region, &image)?;
    let instance_type = call.params.get("InstanceType").unwrap_or("m1.small");
    let wanted = Launch { account: call.account(), region: &call.region, image: &image, architecture, instance_type, tags };
    let launched = launch(world, wanted, count);
    let mut xml = Xml::default();
    xml.maybe("reservationId", launched.first().map(|first| &first.reservation));
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
