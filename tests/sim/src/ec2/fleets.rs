//! DescribeFleets, and what it shares with the Spot APIs.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, Sizes, page};
use crate::wire::xml::Xml;
use crate::world::compute::TemplateRef;
use crate::world::fleet::{Fleet, FleetOverride, TemplateConfig};
use crate::world::{Place, World};

use super::filter::Filters;
use super::images::write_mapping;
use super::tags;

/// "Specify a value between 1 and 1000. The default value is 1000."
pub(crate) const SIZES: Sizes = Sizes { least: 1, most: 1000, default: Some(1000), ..LARGE };

const FILTERS: [&str; 5] = ["activity-status", "excess-capacity-termination-policy", "fleet-state", "replace-unhealthy-instances", "type"];

/// "If a fleet is of type instant, you must specify the fleet ID, otherwise the fleet does not appear in the response."
pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let ids = call.params.list("FleetId");
    let filters = Filters::of(call)?;
    filters.check(&FILTERS)?;
    let mut found = Vec::new();
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    if let Some(missing) = ids.iter().find(|id| !place.fleets.contains_key(**id)) {
        return Err(missing_id("fleet-", "InvalidFleetId", "fleet ID", missing));
    }
    for fleet in place.fleets.values() {
        let shown = if ids.is_empty() { fleet.kind != "instant" } else { ids.contains(&fleet.id.as_str()) };
        if shown && filters.pass(&fleet.tags, |name| fleet_field(fleet, name))? {
            found.push((fleet.id.as_str(), fleet));
        }
    }
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.items("fleetSet", page.items, write_fleet);
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

/// The filters' words have hyphens where the answer's have underscores.
fn fleet_field(fleet: &Fleet, name: &str) -> Option<Vec<String>> {
    let value = match name {
        "activity-status" => return Some(fleet.activity.iter().map(|word| word.replace('_', "-")).collect()),
        "excess-capacity-termination-policy" => "true".to_owned(),
        "fleet-state" => fleet.state.replace('_', "-"),
        "replace-unhealthy-instances" => "false".to_owned(),
        "type" => fleet.kind.clone(),
        _ => return None,
    };
    Some(vec![value])
}

fn write_fleet(xml: &mut Xml, fleet: &Fleet) {
    let Fleet { id, state, activity, kind, created, target, configs, errors, tags } = fleet;
    xml.maybe("activityStatus", activity.as_deref());
    xml.time("createTime", *created);
    xml.text("fleetId", id);
    xml.text("fleetState", state);
    xml.text("excessCapacityTerminationPolicy", "termination");
    xml.text("fulfilledCapacity", if activity.as_deref() == Some("fulfilled") { f64::from(*target) } else { 0.0 });
    xml.text("fulfilledOnDemandCapacity", 0.0);
    xml.items("launchTemplateConfigs", configs, |xml, TemplateConfig { template, overrides }| {
        write_template(xml, template);
        xml.items("overrides", overrides, |xml, FleetOverride { instance_type, zone, image, mappings }| {
            xml.maybe("instanceType", instance_type.as_deref());
            xml.maybe("availabilityZone", zone.as_deref());
            xml.maybe("imageId", image.as_deref());
            if !mappings.is_empty() {
                xml.items("blockDeviceMappingSet", mappings, write_mapping);
            }
        });
    });
    xml.element("targetCapacitySpecification", |xml| {
        xml.text("totalTargetCapacity", target);
        xml.text("onDemandTargetCapacity", 0);
        xml.text("spotTargetCapacity", target);
        xml.text("defaultTargetCapacityType", "spot");
    });
    xml.text("terminateInstancesWithExpiration", false);
    xml.text("type", kind);
    xml.text("replaceUnhealthyInstances", false);
    if !errors.is_empty() {
        xml.items("errorSet", errors, |xml, (code, message)| {
            xml.text("lifecycle", "spot");
            xml.text("errorCode", code);
            xml.text("errorMessage", message);
        });
    }
    if !tags.is_empty() {
        tags::write(xml, tags);
    }
}

/// A wrong id is either of the wrong shape or unknown.
pub(crate) fn missing_id(prefix: &str, code: &str, noun: &str, id: &str) -> AwsError {
    if id.starts_with(prefix) {
        AwsError::new(400, format!("{code}.NotFound"), format!("The {noun} '{id}' does not exist"))
    } else {
        AwsError::new(400, format!("{code}.Malformed"), format!("The {noun} '{id}' is malformed"))
    }
}

pub(crate) fn write_template(xml: &mut Xml, template: &TemplateRef) {
    let TemplateRef { id, name, version } = template;
    xml.element("launchTemplateSpecification", |xml| {
        xml.maybe("launchTemplateId", id.as_deref());
        xml.maybe("launchTemplateName", name.as_deref());
        xml.maybe("version", version.as_deref());
    });
}
