//! A group grows or shrinks: each instance that comes, goes or fails to come is an activity.

use crate::api::{Answered, Call, Done};
use crate::ec2::launch_templates::{named, number, resolved};
use crate::ec2::launches::{Launch, launch, launchable};
use crate::error::AwsError;
use crate::world::World;
use crate::world::activity::Activity;
use crate::world::compute::{Group, GroupInstance, GroupSource, InstanceState, TemplateRef};
use crate::world::image::Tags;
use crate::world::place::Place;

use super::activities::not_found;

pub(super) fn set_desired_capacity(world: &mut World, call: &Call) -> Answered {
    let name = call.params.required("AutoScalingGroupName")?;
    let asked = call.params.integer("DesiredCapacity")?.ok_or_else(|| AwsError::missing("DesiredCapacity"))?;
    let group = world.place_mut(call.account(), &call.region).groups.get_mut(name).ok_or_else(|| not_found(name))?;
    let invalid = |bound: &str, limit: u32| {
        let message = format!("New SetDesiredCapacity value {asked} is {bound} value {limit} for the AutoScalingGroup.");
        AwsError::client("ValidationError", message)
    };
    let desired = u32::try_from(asked).map_err(|_| invalid("below min", group.min))?;
    if desired < group.min {
        return Err(invalid("below min", group.min));
    }
    if desired > group.max {
        return Err(invalid("above max", group.max));
    }
    group.desired = desired;
    world.scale(call.account(), &call.region, name);
    Ok(Done::wrote(String::new()))
}

impl World {
    /// Lets a group reach its desired capacity, as Auto Scaling does by itself every now and then. A launch that fails
    /// leaves a failed activity and is not tried again before the next call. Whether the group has its capacity now.
    pub fn scale(&mut self, account: &str, region: &str, group: &str) -> bool {
        loop {
            let Some(now) = self.place(account, region).and_then(|place| place.groups.get(group)).cloned() else {
                return false;
            };
            let have = u32::try_from(now.instances.len()).unwrap_or(u32::MAX);
            if have == now.desired {
                return true;
            }
            let went = if have < now.desired { self.grow(account, region, &now) } else { self.shrink(account, region, &now) };
            if !went {
                return false;
            }
        }
    }

    fn grow(&mut self, account: &str, region: &str, group: &Group) -> bool {
        let mut activity = self.begin(group, "Launching a new EC2 instance", "started", group.instances.len() + 1);
        let empty = Place::default();
        let source = source(self.place(account, region).unwrap_or(&empty), group);
        let started = source.and_then(|source| {
            let architecture = launchable(self, account, region, &source.image)?;
            Ok((source, architecture))
        });
        let came = match started {
            Ok((source, architecture)) => {
                let tags = Tags::from([("aws:autoscaling:groupName".to_owned(), group.name.clone())]);
                let Source { image, instance_type, template, configuration } = source;
                let wanted = Launch { account, region, image: &image, architecture, instance_type: &instance_type, tags };
                for instance in launch(self, wanted, 1) {
                    activity.description = format!("{}: {}", activity.description, instance.id);
                    let member = GroupInstance {
                        id: instance.id,
                        instance_type: instance.instance_type,
                        zone: instance.zone,
                        lifecycle_state: "InService".to_owned(),
                        template: template.clone(),
                        configuration: configuration.clone(),
                    };
                    if let Some(group) = self.place_mut(account, region).groups.get_mut(&group.name) {
                        group.instances.push(member);
                    }
                }
                true
            }
            Err(error) => {
                activity.fail(&reason(group, &error));
                false
            }
        };
        self.place_mut(account, region).activities.push(activity);
        came
    }

    /// The oldest one goes.
    fn shrink(&mut self, account: &str, region: &str, group: &Group) -> bool {
        let Some(oldest) = group.instances.first() else { return false };
        let mut activity = self.begin(group, "Terminating EC2 instance", "taken out of service", group.instances.len() - 1);
        activity.description = format!("{}: {}", activity.description, oldest.id);
        let now = self.now();
        let place = self.place_mut(account, region);
        if let Some(instance) = place.instances.get_mut(&oldest.id) {
            instance.state = InstanceState::Terminated;
            instance.terminated = instance.terminated.or(Some(now));
        }
        if let Some(group) = place.groups.get_mut(&group.name) {
            group.instances.retain(|member| member.id != oldest.id);
        }
        place.activities.push(activity);
        true
    }

    fn begin(&mut self, group: &Group, description: &str, what: &str, then: usize) -> Activity {
        let now = self.now();
        let (have, desired) = (group.instances.len(), group.desired);
        Activity {
            id: self.ids.uuid(),
            group: group.name.clone(),
            description: description.to_owned(),
            cause: format!(
                "At {now} a user request explicitly set group desired capacity to {desired}.  At {now} an instance was {what} in response to \
                 a difference between desired and actual capacity, changing the capacity from {have} to {then}."
            ),
            started: now,
            ended: Some(now),
            status: "Successful".to_owned(),
            message: None,
            zone: group.zones.first().cloned().unwrap_or_default(),
        }
    }
}

/// How a failed launch is told. A mixed instances policy tells the code of EC2's refusal as well.
fn reason(group: &Group, error: &AwsError) -> String {
    let why = error.message.trim_end_matches('.');
    match group.source {
        GroupSource::Mixed { .. } => {
            format!("Could not launch On-Demand Instances. {} - {why}. Launching EC2 instance failed.", error.code)
        }
        GroupSource::Template(_) | GroupSource::Configuration(_) => format!("{why}. Launching EC2 instance failed."),
    }
}

/// What the next instance of a group is launched from.
#[derive(Debug)]
struct Source {
    image: String,
    instance_type: String,
    template: Option<TemplateRef>,
    configuration: Option<String>,
}

fn source(place: &Place, group: &Group) -> Result<Source, AwsError> {
    match &group.source {
        GroupSource::Template(template) => of_template(place, template),
        GroupSource::Mixed { template, overrides } => {
            let first = overrides.first();
            let mut source = of_template(place, first.and_then(|first| first.template.as_ref()).unwrap_or(template))?;
            if let Some(image) = first.and_then(|first| first.image.as_ref()) {
                source.image.clone_from(image);
            }
            if let Some(instance_type) = first.and_then(|first| first.instance_type.as_ref()) {
                source.instance_type.clone_from(instance_type);
            }
            Ok(source)
        }
        GroupSource::Configuration(name) => {
            let found = place.launch_configurations.get(name);
            let found = found.ok_or_else(|| AwsError::client("ValidationError", format!("Launch configuration {name} not found")))?;
            let (image, instance_type) = (found.image.clone(), found.instance_type.clone());
            Ok(Source { image, instance_type, template: None, configuration: Some(name.clone()) })
        }
    }
}

fn of_template(place: &Place, reference: &TemplateRef) -> Result<Source, AwsError> {
    let none = || AwsError::missing("ImageId");
    let template = named(place, reference.id.as_deref(), reference.name.as_deref())?.ok_or_else(none)?;
    let number = number(template, reference.version.as_deref().unwrap_or("$Default"))?;
    let version = template.versions.get(&number).ok_or_else(none)?;
    let image = resolved(place, version).ok_or_else(none)?;
    let instance_type = version.instance_type.clone().unwrap_or_else(|| "m1.small".to_owned());
    // A member tells the version that it came from, not `$Latest`.
    let template = TemplateRef { id: Some(template.id.clone()), name: Some(template.name.clone()), version: Some(number.to_string()) };
    Ok(Source { image, instance_type, template: Some(template), configuration: None })
}
