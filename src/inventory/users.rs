//! Every user that the answers about one place name.
//!
//! Each thing is read by itself: one that cannot be read is a gap that names it, and hides none of the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Place, Source, Volume};

use super::answers::{Answers, AutoScalingGroup, DescribeInstances, TemplateSpecification};
use super::decode::{self, listed};
use super::parameters::Parameters;
use super::place::{Gaps, unique};
use super::references::{Reference, User, Users};
use super::templates::{Templates, resolved};
use super::{cross_check, failed_launches, fleets, recipes, resources};

/// What is read of one place, while it is read.
pub(super) struct Reading<'a> {
    pub(super) place: &'a Place,
    pub(super) users: Users,
    pub(super) gaps: &'a mut Gaps,
    pub(super) parameters: Parameters,
    pub(super) templates: Templates,
}

/// What was found of a place's users.
pub(super) struct Found {
    pub(super) users: Users,
    /// Parameters into which nobody looked.
    pub(super) secrets: BTreeSet<String>,
}

/// Every user that the answers name. What they leave open is noted as a gap.
pub(super) fn users(answers: &Answers, gaps: &mut Gaps) -> Found {
    let mut users = Users::default();
    let parameters = Parameters::read(answers, &mut users, gaps);
    let templates = Templates::read(answers, gaps);
    let mut reading = Reading { place: &answers.place, users, gaps, parameters, templates };

    let instances = instances(answers, &mut reading);
    let configurations = configurations(answers, &mut reading);
    groups(answers, configurations.as_ref(), &mut reading);
    fleets::read(answers, &mut reading);
    recipes::read(answers, &mut reading);
    resources::read(answers, &mut reading);
    failed_launches::read(answers, &mut reading);
    others(answers, &mut reading);

    // Only now is it known which versions something names.
    let Reading { place, mut users, gaps, parameters, templates } = reading;
    templates.into_users(place, &parameters, &mut users, gaps);
    cross_check::read(answers, instances.as_ref(), &mut users, gaps);
    users.sort();
    Found { users, secrets: parameters.secrets }
}

/// Instances in every state but `terminated`. Gives the ids of those that are terminated, if the listing answered.
fn instances(answers: &Answers, reading: &mut Reading<'_>) -> Option<BTreeSet<String>> {
    let answer = answers.instances.as_ref().map_err(Clone::clone);
    let (launched, terminated) = reading.gaps.learn(Source::Instances, answer, |answer| Ok((launched_in(answer)?, terminated(answer))))?;
    for (id, image, state) in launched {
        reading.users.add(image, Reference::live(reading.place, User::Instance { id, state }));
    }
    Some(terminated)
}

/// Instances in every state but `terminated`, with their images; an error when the answer leaves one open.
pub fn launched(answer: &DescribeInstances) -> Result<Vec<(String, String)>, String> {
    Ok(launched_in(answer)?.into_iter().map(|(id, image, _)| (id, image)).collect())
}

/// Id, image and state.
fn launched_in(answer: &DescribeInstances) -> Result<Vec<(String, String, String)>, String> {
    let mut launched = Vec::new();
    for reservation in listed(&answer.reservations, "Reservations")? {
        for instance in listed(&reservation.instances, "Instances")? {
            let state = instance.state.as_ref().and_then(|state| state.name.as_deref());
            if state == Some("terminated") {
                continue;
            }
            let id = decode::required(instance.instance_id.clone(), "InstanceId", "an instance")?;
            let image = decode::required(instance.image_id.clone(), "ImageId", &format!("instance {id}"))?;
            launched.push((id, image, state.unwrap_or("in no known state").to_owned()));
        }
    }
    Ok(launched)
}

fn terminated(answer: &DescribeInstances) -> BTreeSet<String> {
    let instances = answer.reservations.iter().flatten().flatten().flat_map(|reservation| &reservation.instances).flatten().flatten();
    let is_terminated = |state: &super::answers::InstanceState| state.name.as_deref() == Some("terminated");
    instances.filter(|instance| instance.state.as_ref().is_some_and(is_terminated)).filter_map(|it| it.instance_id.clone()).collect()
}

type Configurations = BTreeMap<String, (String, Vec<Volume>)>;

fn configurations(answers: &Answers, reading: &mut Reading<'_>) -> Option<Configurations> {
    let answer = answers.launch_configurations.as_ref().map_err(Clone::clone);
    let configurations = reading.gaps.learn(Source::LaunchConfigurations, answer, |answer| {
        let all = listed(&answer.launch_configurations, "LaunchConfigurations")?.into_iter().map(|it| {
            let name = decode::required(it.launch_configuration_name.clone(), "LaunchConfigurationName", "a launch configuration")?;
            let image = decode::required(it.image_id.clone(), "ImageId", &format!("launch configuration {name}"))?;
            let volumes = decode::volumes(it.block_device_mappings.clone())?;
            Ok((name, (image, volumes)))
        });
        Ok(unique(all, |(name, _)| name.clone())?.into_iter().collect::<Configurations>())
    })?;
    for (name, (image, volumes)) in &configurations {
        let reference = Reference::live(reading.place, User::LaunchConfiguration { name: name.clone() });
        for snapshot in volumes.iter().filter_map(|volume| volume.snapshot.clone()) {
            reading.users.add_snapshot(snapshot, reference.clone());
        }
        reading.users.add(image.clone(), reference);
    }
    Some(configurations)
}

fn groups(answers: &Answers, configurations: Option<&Configurations>, reading: &mut Reading<'_>) {
    let answer = answers.auto_scaling_groups.as_ref().map_err(Clone::clone);
    let groups = reading.gaps.learn(Source::AutoScalingGroups, answer, |answer| listed(&answer.auto_scaling_groups, "AutoScalingGroups"));
    let mut problems = Vec::new();
    for group in groups.into_iter().flatten() {
        if let Err(problem) = read_group(group, configurations, reading) {
            problems.push(problem);
        }
    }
    reading.gaps.all(Source::AutoScalingGroups, problems);
}

/// What a group launches: by its launch configuration, its template, and what its mixed-instances policy overrides,
/// whatever its size.
fn read_group(group: &AutoScalingGroup, configurations: Option<&Configurations>, reading: &mut Reading<'_>) -> Result<(), String> {
    let name = decode::required(group.auto_scaling_group_name.clone(), "AutoScalingGroupName", "an Auto Scaling group")?;
    let user = User::AutoScalingGroup { name: name.clone(), size: group.desired_capacity, warm_pool: group.warm_pool_size };
    let mut problems = Vec::new();
    if let (Some(configuration), Some(listed)) = (&group.launch_configuration_name, configurations) {
        match listed.get(configuration) {
            Some((image, _)) => reading.users.add(image.clone(), Reference::live(reading.place, user.clone())),
            None => problems.push(format!("`{name}` names launch configuration `{configuration}`, which was not listed")),
        }
    }
    let policy = group.mixed_instances_policy.as_ref();
    let template = policy.and_then(|policy| policy.launch_template.as_ref());
    if policy.is_some() && template.is_none() {
        problems.push(format!("`{name}` has a mixed-instances policy without a template"));
    }
    let overrides = match template.map(|template| &template.overrides) {
        None | Some(None) => Vec::new(),
        Some(overrides) => listed(overrides, "Overrides").unwrap_or_else(|problem| {
            problems.push(format!("`{name}`: {problem}"));
            overrides.iter().flatten().flatten().collect()
        }),
    };
    let specifications: Vec<&TemplateSpecification> = group
        .launch_template
        .iter()
        .chain(template.and_then(|template| template.launch_template_specification.as_ref()))
        .chain(overrides.iter().filter_map(|it| it.launch_template_specification.as_ref()))
        .collect();
    let images: Vec<&str> = overrides.iter().filter_map(|it| it.image_id.as_deref()).collect();
    if group.launch_configuration_name.is_none() && specifications.is_empty() && images.is_empty() && problems.is_empty() {
        problems.push(format!("`{name}` names nothing that it launches"));
    }
    reading.launches(&name, &user, &specifications, &images, &mut problems);
    none(problems)
}

impl Reading<'_> {
    /// What `user` launches by templates and by images it names itself. `who` is what the templates remember.
    pub(super) fn launches(
        &mut self,
        who: &str,
        user: &User,
        specifications: &[&TemplateSpecification],
        images: &[&str],
        problems: &mut Vec<String>,
    ) {
        let named = specifications.iter().map(|specification| self.templates.name(specification, who, &self.parameters));
        let named: Vec<Result<Option<String>, String>> = named.collect();
        let own = images.iter().filter(|image| !image.is_empty()).map(|image| match resolved(image, &self.parameters) {
            Ok(image) => Ok(image),
            Err(why) => Err(format!("`{who}` launches {why}")),
        });
        for image in named.into_iter().chain(own) {
            match image {
                Ok(Some(image)) => self.users.add(image, Reference::live(self.place, user.clone())),
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
    }
}

/// Files without a reader, in which any id counts.
fn others(answers: &Answers, reading: &mut Reading<'_>) {
    for (source, answer) in &answers.others {
        let ids = reading.gaps.learn(source.clone(), answer.as_ref().map_err(Clone::clone), Ok);
        if let Some(named) = ids {
            reading.users.add_named(named, &Reference::live(reading.place, User::Recorded { file: source.name().into() }));
        }
    }
}

/// Nothing wrong, or all that is.
pub(super) fn none(problems: Vec<String>) -> Result<(), String> {
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}
