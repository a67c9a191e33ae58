//! Spot fleets, EC2 fleets and Spot requests that can still launch something.
//!
//! Which states are final: EC2 user guide, "EC2 Fleet request states", "Spot Fleet request states" and "Get the status of
//! a Spot Instance request". A fleet that is deleted while its instances run launches nothing more, and the instances are
//! users themselves. A state that is not known counts as one that launches.

use crate::model::Source;

use super::answers::{
    Answers, Fleet, FleetTemplate, LaunchSpecification, List, SpotFleetRequest, SpotInstanceRequest, TemplateSpecification,
};
use super::decode::{self, listed};
use super::references::{Reference, User};
use super::users::{Reading, none};

/// `failed`: its parameters were wrong. `disabled`, a Spot request whose instance somebody stopped, is not final.
const OVER: [&str; 9] = [
    "cancelled",
    "cancelled_running",
    "cancelled_terminating",
    "closed",
    "deleted",
    "deleted_running",
    "deleted_terminating",
    "failed",
    "canceled",
];

pub(super) fn read(answers: &Answers, reading: &mut Reading<'_>) {
    let fleets = reading
        .gaps
        .asked(Source::SpotFleets, &answers.spot_fleets, |answer| listed(&answer.spot_fleet_request_configs, "SpotFleetRequestConfigs"));
    each(Source::SpotFleets, fleets, reading, spot_fleet);
    let fleets = reading.gaps.asked(Source::Fleets, &answers.fleets, |answer| listed(&answer.fleets, "Fleets"));
    each(Source::Fleets, fleets, reading, fleet);
    let requests = reading
        .gaps
        .asked(Source::SpotRequests, &answers.spot_requests, |answer| listed(&answer.spot_instance_requests, "SpotInstanceRequests"));
    each(Source::SpotRequests, requests, reading, spot_request);
}

fn each<T>(source: Source, items: Option<Vec<&T>>, reading: &mut Reading<'_>, read: impl Fn(&T, &mut Reading<'_>) -> Result<(), String>) {
    let mut problems = Vec::new();
    for item in items.into_iter().flatten() {
        if let Err(problem) = read(item, reading) {
            problems.push(problem);
        }
    }
    reading.gaps.all(source, problems);
}

fn is_over(state: Option<&str>) -> bool {
    state.is_some_and(|state| OVER.contains(&state))
}

fn shown(state: Option<&String>) -> String {
    state.cloned().unwrap_or_else(|| "in no known state".into())
}

fn spot_fleet(request: &SpotFleetRequest, reading: &mut Reading<'_>) -> Result<(), String> {
    if is_over(request.spot_fleet_request_state.as_deref()) {
        return Ok(());
    }
    let id = decode::required(request.spot_fleet_request_id.clone(), "SpotFleetRequestId", "a Spot fleet")?;
    let config = request.spot_fleet_request_config.as_ref().ok_or_else(|| format!("{id} has no SpotFleetRequestConfig"))?;
    let user = User::SpotFleet { id: id.clone(), state: shown(request.spot_fleet_request_state.as_ref()) };
    let mut problems = Vec::new();
    let specifications = present(&config.launch_specifications, &id, "LaunchSpecifications", &mut problems);
    let templates = present(&config.launch_template_configs, &id, "LaunchTemplateConfigs", &mut problems);
    if specifications.is_empty() && templates.is_empty() && problems.is_empty() {
        problems.push(format!("{id} names nothing that it launches"));
    }
    for specification in specifications {
        launches(specification, &id, &user, reading, &mut problems);
    }
    by_templates(&templates, &id, &user, reading, &mut problems);
    none(problems)
}

fn fleet(fleet: &Fleet, reading: &mut Reading<'_>) -> Result<(), String> {
    if is_over(fleet.fleet_state.as_deref()) {
        return Ok(());
    }
    let id = decode::required(fleet.fleet_id.clone(), "FleetId", "an EC2 fleet")?;
    let user = User::Fleet { id: id.clone(), state: shown(fleet.fleet_state.as_ref()) };
    let mut problems = Vec::new();
    let templates = present(&fleet.launch_template_configs, &id, "LaunchTemplateConfigs", &mut problems);
    if templates.is_empty() && problems.is_empty() {
        problems.push(format!("{id} names nothing that it launches"));
    }
    by_templates(&templates, &id, &user, reading, &mut problems);
    none(problems)
}

fn spot_request(request: &SpotInstanceRequest, reading: &mut Reading<'_>) -> Result<(), String> {
    if is_over(request.state.as_deref()) {
        return Ok(());
    }
    let id = decode::required(request.spot_instance_request_id.clone(), "SpotInstanceRequestId", "a Spot request")?;
    let specification = request.launch_specification.as_ref().ok_or_else(|| format!("{id} has no LaunchSpecification"))?;
    let user = User::SpotRequest { id: id.clone(), state: shown(request.state.as_ref()) };
    let mut problems = Vec::new();
    launches(specification, &id, &user, reading, &mut problems);
    none(problems)
}

/// The members of a list that may be left out; one that is `null` is a problem and hides none of the others.
fn present<'a, T>(list: &'a List<T>, id: &str, name: &str, problems: &mut Vec<String>) -> Vec<&'a T> {
    let members: Vec<&Option<T>> = list.iter().flatten().collect();
    if members.iter().any(|member| member.is_none()) {
        problems.push(format!("{id}: a member of `{name}` is null"));
    }
    members.into_iter().flatten().collect()
}

fn launches(specification: &LaunchSpecification, id: &str, user: &User, reading: &mut Reading<'_>, problems: &mut Vec<String>) {
    match specification.image_id.as_deref().filter(|image| !image.is_empty()) {
        Some(image) => reading.launches(id, user, &[], &[image], problems),
        None => problems.push(format!("{id} has a launch specification without an ImageId")),
    }
    match decode::volumes(specification.block_device_mappings.clone()) {
        Ok(volumes) => {
            for snapshot in volumes.into_iter().filter_map(|volume| volume.snapshot) {
                reading.users.add_snapshot(snapshot, Reference::live(reading.place, user.clone()));
            }
        }
        Err(problem) => problems.push(format!("{id}: {problem}")),
    }
}

fn by_templates(templates: &[&FleetTemplate], id: &str, user: &User, reading: &mut Reading<'_>, problems: &mut Vec<String>) {
    for template in templates {
        let overrides = present(&template.overrides, id, "Overrides", problems);
        let images: Vec<&str> = overrides.iter().filter_map(|it| it.image_id.as_deref()).filter(|image| !image.is_empty()).collect();
        let specification: Vec<&TemplateSpecification> = template.launch_template_specification.iter().collect();
        if specification.is_empty() && images.is_empty() {
            problems.push(format!("{id} has a configuration without a launch template"));
        }
        reading.launches(id, user, &specification, &images, problems);
    }
}
