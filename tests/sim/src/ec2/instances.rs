//! DescribeInstances.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, page};
use crate::wire::xml::{Xml, millis};
use crate::world::compute::{Instance, Operator};
use crate::world::{Place, World};

use super::filter::Filters;
use super::well_formed;

const FILTERS: [&str; 10] = [
    "architecture",
    "availability-zone",
    "image-id",
    "instance-id",
    "instance-lifecycle",
    "instance-state-name",
    "instance-type",
    "launch-time",
    "operator.managed",
    "operator.principal",
];

pub(crate) fn not_found(id: &str) -> AwsError {
    AwsError::client("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))
}

/// Whether a listing leaves a service-managed resource out.
pub(crate) fn is_hidden(operator: Option<&Operator>, include: bool) -> bool {
    !include && operator.is_some_and(|operator| operator.hidden)
}

pub(crate) fn write_operator(xml: &mut Xml, operator: Option<&Operator>) {
    xml.element("operator", |xml| {
        xml.text("managed", operator.is_some());
        xml.maybe("principal", operator.map(|operator| &operator.principal));
        xml.maybe("hiddenByDefault", operator.map(|operator| operator.hidden));
    });
}

pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let ids = call.params.list("InstanceId");
    if !ids.is_empty() && call.params.has("MaxResults") {
        let message = "The parameter instancesSet cannot be used with the parameter maxResults";
        return Err(AwsError::client("InvalidParameterCombination", message));
    }
    let include = call.params.flag("IncludeManagedResources")?;
    let filters = Filters::of(call)?;
    filters.check(&FILTERS)?;
    let mut found = Vec::new();
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    for id in &ids {
        well_formed(id, "i", "InvalidInstanceID.Malformed")?;
        if !place.instances.contains_key(*id) {
            return Err(not_found(id));
        }
    }
    for instance in place.instances.values() {
        let named = ids.contains(&instance.id.as_str());
        let shown = (ids.is_empty() || named) && !is_hidden(instance.operator.as_ref(), include || named);
        if shown && filters.pass(&instance.tags, |name| field(instance, name))? {
            found.push((instance.id.as_str(), instance));
        }
    }
    let page = page(world, call, LARGE, found)?;
    let mut xml = Xml::default();
    // What one launch started is one reservation.
    let reservations = page.items.chunk_by(|a, b| a.reservation == b.reservation);
    xml.items("reservationSet", reservations, |xml, instances| {
        xml.maybe("reservationId", instances.first().map(|first| &first.reservation));
        xml.text("ownerId", call.account());
        xml.items("groupSet", std::iter::empty::<()>(), |_, ()| {});
        xml.items("instancesSet", instances, |xml, instance| write(xml, instance));
    });
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

fn field(instance: &Instance, name: &str) -> Option<Vec<String>> {
    let value = match name {
        "architecture" => instance.architecture.clone(),
        "availability-zone" => instance.zone.clone(),
        "image-id" => instance.image.clone(),
        "instance-id" => instance.id.clone(),
        "instance-lifecycle" => return Some(instance.lifecycle.clone().into_iter().collect()),
        "instance-state-name" => instance.state.as_str().to_owned(),
        "instance-type" => instance.instance_type.clone(),
        "operator.managed" => instance.operator.is_some().to_string(),
        "operator.principal" => return Some(instance.operator.iter().map(|operator| operator.principal.clone()).collect()),
        "launch-time" => millis(instance.launched),
        _ => return None,
    };
    Some(vec![value])
}

pub(crate) fn write_state(xml: &mut Xml, name: &str, state: crate::world::compute::InstanceState) {
    xml.element(name, |xml| {
        xml.text("code", state.code());
        xml.text("name", state.as_str());
    });
}

/// An item of `instancesSet`, in DescribeInstances and RunInstances.
pub(crate) fn write(xml: &mut Xml, instance: &Instance) {
    xml.text("instanceId", &instance.id);
    xml.text("imageId", &instance.image);
    write_state(xml, "instanceState", instance.state);
    xml.text("privateDnsName", "");
    xml.text("dnsName", "");
    xml.text("reason", "");
    xml.text("amiLaunchIndex", 0);
    xml.text("instanceType", &instance.instance_type);
    xml.time("launchTime", instance.launched);
    xml.element("placement", |xml| {
        xml.text("availabilityZone", &instance.zone);
        xml.text("tenancy", "default");
    });
    xml.element("monitoring", |xml| xml.text("state", "disabled"));
    xml.text("architecture", &instance.architecture);
    xml.text("rootDeviceType", "ebs");
    xml.text("rootDeviceName", "/dev/xvda");
    xml.text("virtualizationType", "hvm");
    xml.text("hypervisor", "xen");
    xml.maybe("instanceLifecycle", instance.lifecycle.as_deref());
    if !instance.tags.is_empty() {
        super::tags::write(xml, &instance.tags);
    }
    write_operator(xml, instance.operator.as_ref());
}
