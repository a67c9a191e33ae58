//! Who uses an image or snapshot, each with where the reference came from.
//!
//! *Live* users launch it or could at any moment. A numbered launch template version that nothing names is *stale*:
//! shown as such, never ignored (packer-ami-management#266).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{AmiId, Place, SnapshotId, Source};

use super::answers::{Answers, AutoScalingGroup, DescribeInstances};
use super::decode::{self, listed};
use super::place::Gaps;
use super::templates::{Named, Templates};

/// One user of an image or snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// Where the user lives; not always the image's own account.
    pub place: Place,
    pub user: User,
    /// The user's id or name, with what is needed to find it: `lt-… version 7`.
    pub name: String,
    /// Whether it could launch at any moment; a template version that nothing names is stale.
    pub live: bool,
}

/// What kind of thing uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum User {
    Instance,
    LaunchTemplate,
    AutoScalingGroup,
    LaunchConfiguration,
    /// An image whose snapshot this is.
    Image,
    /// An image in the Recycle Bin whose snapshot this is.
    ImageInRecycleBin,
    /// A recorded file in which the id was found.
    Recorded,
    /// What EC2's own report counts in another account, without names.
    UsageReport,
}

impl User {
    /// The field's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::LaunchTemplate => "launch template",
            Self::AutoScalingGroup => "Auto Scaling group",
            Self::LaunchConfiguration => "launch configuration",
            Self::Image => "image",
            Self::ImageInRecycleBin => "image in the Recycle Bin",
            Self::Recorded => "recorded source",
            Self::UsageReport => "usage report",
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.user.name(), self.name)
    }
}

/// The users found in one place.
#[derive(Clone, Debug, Default)]
pub struct Users {
    pub of_images: BTreeMap<AmiId, Vec<Reference>>,
    pub of_snapshots: BTreeMap<SnapshotId, Vec<Reference>>,
}

impl Users {
    pub(super) fn add(&mut self, image: impl Into<AmiId>, reference: Reference) {
        self.of_images.entry(image.into()).or_default().push(reference);
    }
}

/// Every user that the answers name. What they leave open is noted as a gap.
pub(super) fn users(answers: &Answers, gaps: &mut Gaps) -> Users {
    let mut users = Users::default();
    let by = |user, name: String, live| Reference { place: answers.place.clone(), user, name, live };

    gaps.learn(Source::Instances, answers.instances.as_ref().map_err(Clone::clone), |answer| {
        for (instance, image) in launched(answer)? {
            users.add(image, by(User::Instance, instance, true));
        }
        Ok(())
    });
    let mut templates = Templates::read(answers, gaps);
    let configurations = gaps.learn(Source::LaunchConfigurations, answers.launch_configurations.as_ref().map_err(Clone::clone), |answer| {
        listed(&answer.launch_configurations, "LaunchConfigurations")?
            .into_iter()
            .map(|it| {
                let name = decode::required(it.launch_configuration_name.clone(), "LaunchConfigurationName", "a launch configuration")?;
                let image = decode::required(it.image_id.clone(), "ImageId", &format!("launch configuration {name}"))?;
                let volumes = decode::volumes(it.block_device_mappings.clone())?;
                Ok((name, (image, volumes)))
            })
            .collect::<Result<BTreeMap<_, _>, String>>()
    });
    for (name, (image, volumes)) in configurations.iter().flatten() {
        users.add(image.clone(), by(User::LaunchConfiguration, name.clone(), true));
        for snapshot in volumes.iter().filter_map(|volume| volume.snapshot.clone()) {
            users.of_snapshots.entry(snapshot).or_default().push(by(User::LaunchConfiguration, name.clone(), true));
        }
    }
    gaps.learn(Source::AutoScalingGroups, answers.auto_scaling_groups.as_ref().map_err(Clone::clone), |answer| {
        for group in listed(&answer.auto_scaling_groups, "AutoScalingGroups")? {
            let name = decode::required(group.auto_scaling_group_name.clone(), "AutoScalingGroupName", "an Auto Scaling group")?;
            for image in group_images(&name, group, &mut templates, configurations.as_ref())? {
                users.add(image, by(User::AutoScalingGroup, name.clone(), true));
            }
        }
        Ok(())
    });
    templates.into_users(&mut users, by, gaps);
    for (source, answer) in &answers.others {
        gaps.learn(source.clone(), answer.as_ref().map_err(Clone::clone), |ids| {
            for id in ids {
                users.add(id.clone(), by(User::Recorded, source.name().into(), true));
            }
            Ok(())
        });
    }
    for references in users.of_images.values_mut().chain(users.of_snapshots.values_mut()) {
        references.sort();
        references.dedup();
    }
    users
}

/// Instances in every state but `terminated`, with their images; an error when the answer leaves one open.
pub fn launched(answer: &DescribeInstances) -> Result<Vec<(String, String)>, String> {
    let mut launched = Vec::new();
    for reservation in listed(&answer.reservations, "Reservations")? {
        for instance in listed(&reservation.instances, "Instances")? {
            if instance.state.as_ref().and_then(|state| state.name.as_deref()) == Some("terminated") {
                continue;
            }
            let id = decode::required(instance.instance_id.clone(), "InstanceId", "an instance")?;
            let image = decode::required(instance.image_id.clone(), "ImageId", &format!("instance {id}"))?;
            launched.push((id, image));
        }
    }
    Ok(launched)
}

/// The images a group launches, by its launch configuration, template and mixed-instances overrides. A template or
/// configuration that was not listed leaves open which image it names.
fn group_images(
    name: &str,
    group: &AutoScalingGroup,
    templates: &mut Templates,
    configurations: Option<&BTreeMap<String, (String, Vec<crate::model::Volume>)>>,
) -> Result<Vec<String>, String> {
    let mut images = Vec::new();
    if let (Some(configuration), Some(listed)) = (&group.launch_configuration_name, configurations) {
        let (image, _) = listed
            .get(configuration)
            .ok_or_else(|| format!("group `{name}` names launch configuration `{configuration}`, which was not listed"))?;
        images.push(image.clone());
    }
    let policy = match &group.mixed_instances_policy {
        None => None,
        Some(policy) => {
            Some(policy.launch_template.as_ref().ok_or_else(|| format!("group `{name}` has a mixed-instances policy without a template"))?)
        }
    };
    let overrides = match policy.map(|policy| &policy.overrides) {
        None | Some(None) => Vec::new(),
        Some(overrides) => listed(overrides, "Overrides").map_err(|error| format!("group `{name}`: {error}"))?,
    };
    let specifications = group
        .launch_template
        .iter()
        .chain(policy.and_then(|policy| policy.launch_template_specification.as_ref()))
        .chain(overrides.iter().filter_map(|it| it.launch_template_specification.as_ref()));
    for specification in specifications {
        match templates.name(specification, name) {
            Named::Image(image) => images.push(image),
            Named::NoImage => {}
            Named::NotListed(why) => return Err(why),
        }
    }
    for image in overrides.iter().filter_map(|it| it.image_id.as_deref()).filter(|image| !image.is_empty()) {
        images.push(templates.resolve(image).map_err(|why| format!("group `{name}` overrides its image with {why}"))?);
    }
    if group.launch_configuration_name.is_none() && group.launch_template.is_none() && policy.is_none() {
        return Err(format!("group `{name}` names nothing that it launches"));
    }
    images.sort();
    images.dedup();
    Ok(images)
}
