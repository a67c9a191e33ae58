//! DescribeSpotFleetRequests and DescribeSpotInstanceRequests.

use crate::api::{Answered, Call, Done};
use crate::paging::{LARGE, page};
use crate::wire::xml::{Xml, millis};
use crate::world::fleet::{FleetOverride, LaunchSpecification, SpotFleet, SpotRequest, TemplateConfig};
use crate::world::image::MappingKind;
use crate::world::{Place, World};

use super::filter::Filters;
use super::fleets::{SIZES, missing_id, write_template};
use super::images::write_mapping;
use super::tags;

pub(crate) fn describe_fleets(world: &mut World, call: &Call) -> Answered {
    let ids = call.params.list("SpotFleetRequestId");
    let mut found = Vec::new();
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    if let Some(missing) = ids.iter().find(|id| !place.spot_fleets.contains_key(**id)) {
        return Err(missing_id("sfr-", "InvalidSpotFleetRequestId", "spot fleet request ID", missing));
    }
    let all = place.spot_fleets.values();
    found.extend(all.filter(|fleet| ids.is_empty() || ids.contains(&fleet.id.as_str())).map(|fleet| (fleet.id.as_str(), fleet)));
    let role = format!("arn:{}:iam::{}:role/aws-ec2-spot-fleet-tagging-role", world.partition(call.account()), call.account());
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.items("spotFleetRequestConfigSet", page.items, |xml, fleet| write_spot_fleet(xml, fleet, &role));
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

fn write_specification(xml: &mut Xml, specification: &LaunchSpecification) {
    let LaunchSpecification { image, instance_type, mappings } = specification;
    xml.maybe("imageId", image.as_deref());
    xml.text("instanceType", instance_type);
    if !mappings.is_empty() {
        xml.items("blockDeviceMapping", mappings, write_mapping);
    }
    xml.text("ebsOptimized", false);
}

fn write_spot_fleet(xml: &mut Xml, fleet: &SpotFleet, role: &str) {
    let SpotFleet { id, state, activity, kind, created, cancelled: _, target, specifications, configs, tags } = fleet;
    xml.text("spotFleetRequestId", id);
    xml.text("spotFleetRequestState", state);
    xml.maybe("activityStatus", activity.as_deref());
    xml.time("createTime", *created);
    xml.element("spotFleetRequestConfig", |xml| {
        xml.text("allocationStrategy", "lowestPrice");
        xml.text("excessCapacityTerminationPolicy", "default");
        xml.text("fulfilledCapacity", if activity.as_deref() == Some("fulfilled") { f64::from(*target) } else { 0.0 });
        xml.text("iamFleetRole", role);
        xml.text("targetCapacity", target);
        xml.text("type", kind);
        xml.text("terminateInstancesWithExpiration", false);
        xml.text("replaceUnhealthyInstances", false);
        if !specifications.is_empty() {
            xml.items("launchSpecifications", specifications, write_specification);
        }
        if !configs.is_empty() {
            xml.items("launchTemplateConfigs", configs, |xml, TemplateConfig { template, overrides }| {
                write_template(xml, template);
                // A Spot Fleet's overrides have neither an image nor disks.
                xml.items("overrides", overrides, |xml, FleetOverride { instance_type, zone, image: _, mappings: _ }| {
                    xml.maybe("instanceType", instance_type.as_deref());
                    xml.maybe("availabilityZone", zone.as_deref());
                });
            });
        }
    });
    if !tags.is_empty() {
        tags::write(xml, tags);
    }
}

const REQUEST_FILTERS: [&str; 13] = [
    "create-time",
    "instance-id",
    "launch.block-device-mapping.snapshot-id",
    "launch.image-id",
    "launch.instance-type",
    "launched-availability-zone",
    "product-description",
    "spot-instance-request-id",
    "spot-price",
    "state",
    "status-code",
    "status-message",
    "type",
];

pub(crate) fn describe_requests(world: &mut World, call: &Call) -> Answered {
    let ids = call.params.list("SpotInstanceRequestId");
    let filters = Filters::of(call)?;
    filters.check(&REQUEST_FILTERS)?;
    let zone = format!("{}a", call.region);
    let mut found = Vec::new();
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    if let Some(missing) = ids.iter().find(|id| !place.spot_requests.contains_key(**id)) {
        return Err(missing_id("sir-", "InvalidSpotInstanceRequestID", "spot instance request ID", missing));
    }
    for request in place.spot_requests.values() {
        let named = ids.is_empty() || ids.contains(&request.id.as_str());
        if named && filters.pass(&request.tags, |name| request_field(request, &zone, name))? {
            found.push((request.id.as_str(), request));
        }
    }
    let page = page(world, call, LARGE, found)?;
    let mut xml = Xml::default();
    xml.items("spotInstanceRequestSet", page.items, |xml, request| write_request(xml, request, &zone));
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

/// What a Spot request pays at most.
const PRICE: &str = "0.010400";
const PRODUCT: &str = "Linux/UNIX";

fn request_field(request: &SpotRequest, zone: &str, name: &str) -> Option<Vec<String>> {
    let some = |value: &Option<String>| Some(value.clone().into_iter().collect());
    let value = match name {
        "instance-id" => return some(&request.instance),
        "launch.image-id" => return some(&request.specification.image),
        "launched-availability-zone" => return Some(request.instance.iter().map(|_| zone.to_owned()).collect()),
        "launch.block-device-mapping.snapshot-id" => {
            let snapshots = request.specification.mappings.iter().filter_map(|mapping| match &mapping.kind {
                MappingKind::Ebs(ebs) => ebs.snapshot.clone(),
                MappingKind::Ephemeral(_) => None,
            });
            return Some(snapshots.collect());
        }
        "create-time" => millis(request.created),
        "launch.instance-type" => request.specification.instance_type.clone(),
        "product-description" => PRODUCT.to_owned(),
        "spot-instance-request-id" => request.id.clone(),
        "spot-price" => PRICE.to_owned(),
        "state" => request.state.clone(),
        "status-code" => request.status.0.clone(),
        "status-message" => request.status.1.clone(),
        "type" => request.kind.clone(),
        _ => return None,
    };
    Some(vec![value])
}

fn write_request(xml: &mut Xml, request: &SpotRequest, zone: &str) {
    let SpotRequest { id, state, status: (code, message), kind, created, cancelled, specification, instance, tags } = request;
    xml.text("spotInstanceRequestId", id);
    xml.text("spotPrice", PRICE);
    xml.text("type", kind);
    xml.text("state", state);
    xml.element("status", |xml| {
        xml.text("code", code);
        xml.time("updateTime", cancelled.unwrap_or(*created));
        xml.text("message", message);
    });
    xml.element("launchSpecification", |xml| {
        write_specification(xml, specification);
        xml.element("monitoring", |xml| xml.text("enabled", false));
    });
    xml.maybe("instanceId", instance.as_deref());
    xml.time("createTime", *created);
    xml.text("productDescription", PRODUCT);
    xml.maybe("launchedAvailabilityZone", instance.as_ref().map(|_| zone));
    xml.text("instanceInterruptionBehavior", "terminate");
    if !tags.is_empty() {
        tags::write(xml, tags);
    }
}
