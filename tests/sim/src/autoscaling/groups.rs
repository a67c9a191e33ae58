//! DescribeAutoScalingGroups and DescribeLaunchConfigurations.

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{Sizes, page};
use crate::wire::xml::{Xml, millis};
use crate::world::World;
use crate::world::compute::{Group, GroupSource, TemplateRef};

use super::arn;

/// "The default value is 50 and the maximum value is 100."
pub(super) const SIZES: Sizes =
    Sizes { parameter: "MaxRecords", least: 1, most: 100, default: Some(50), bad_token: "InvalidNextToken", bad_size: "ValidationError" };

pub(super) fn describe(world: &mut World, call: &Call) -> Answered {
    let names = call.params.list("AutoScalingGroupNames.member");
    let with_instances = call.params.get("IncludeInstances") != Some("false");
    let mut found = Vec::new();
    if let Some(place) = world.place(call.account(), &call.region) {
        for group in place.groups.values() {
            if (names.is_empty() || names.contains(&group.name.as_str())) && passes(call, group)? {
                found.push((group.name.clone(), group));
            }
        }
    }
    let partition = world.partition(call.account());
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.members("AutoScalingGroups", page.items, |xml, group| write_group(xml, group, call, partition, with_instances));
    xml.maybe("NextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

/// `tag-key`, `tag-value` and `tag:K`.
fn passes(call: &Call, group: &Group) -> Result<bool, AwsError> {
    let mut passes = true;
    for filter in call.params.groups("Filters.member") {
        let name = filter.required("Name")?;
        let values = filter.list("Values.member");
        passes &= match name {
            "tag-key" => group.tags.keys().any(|key| values.contains(&key.as_str())),
            "tag-value" => group.tags.values().any(|value| values.contains(&value.as_str())),
            other => match other.strip_prefix("tag:") {
                Some(key) => group.tags.get(key).is_some_and(|value| values.contains(&value.as_str())),
                None => {
                    let message = format!("Filter name {other} is not valid");
                    return Err(AwsError::client("ValidationError", message));
                }
            },
        };
    }
    Ok(passes)
}

fn write_template(xml: &mut Xml, name: &str, template: &TemplateRef) {
    let TemplateRef { id, name: template_name, version } = template;
    xml.element(name, |xml| {
        xml.maybe("LaunchTemplateId", id.as_deref());
        xml.maybe("LaunchTemplateName", template_name.as_deref());
        xml.maybe("Version", version.as_deref());
    });
}

fn write_source(xml: &mut Xml, source: &GroupSource) {
    match source {
        GroupSource::Template(template) => write_template(xml, "LaunchTemplate", template),
        GroupSource::Configuration(name) => xml.text("LaunchConfigurationName", name),
        GroupSource::Mixed { template, overrides } => xml.element("MixedInstancesPolicy", |xml| {
            xml.element("LaunchTemplate", |xml| {
                write_template(xml, "LaunchTemplateSpecification", template);
                xml.members("Overrides", overrides, |xml, one| {
                    xml.maybe("InstanceType", one.instance_type.as_deref());
                    if let Some(template) = &one.template {
                        write_template(xml, "LaunchTemplateSpecification", template);
                    }
                    xml.maybe("ImageId", one.image.as_deref());
                });
            });
            xml.element("InstancesDistribution", |xml| {
                xml.text("OnDemandAllocationStrategy", "prioritized");
                xml.text("OnDemandBaseCapacity", 0);
                xml.text("OnDemandPercentageAboveBaseCapacity", 100);
                xml.text("SpotAllocationStrategy", "lowest-price");
                xml.text("SpotInstancePools", 2);
            });
        }),
    }
}

fn write_group(xml: &mut Xml, group: &Group, call: &Call, partition: &str, with_instances: bool) {
    xml.text("AutoScalingGroupName", &group.name);
    xml.text("AutoScalingGroupARN", arn(partition, call, "autoScalingGroup", "autoScalingGroupName", &group.name));
    write_source(xml, &group.source);
    xml.text("MinSize", group.min);
    xml.text("MaxSize", group.max);
    xml.text("DesiredCapacity", group.desired);
    xml.text("DefaultCooldown", 300);
    xml.members("AvailabilityZones", &group.zones, |xml, zone| xml.word(zone));
    xml.members("LoadBalancerNames", std::iter::empty::<()>(), |_, ()| {});
    xml.members("TargetGroupARNs", std::iter::empty::<()>(), |_, ()| {});
    xml.text("HealthCheckType", "EC2");
    xml.text("HealthCheckGracePeriod", 0);
    if with_instances {
        xml.members("Instances", &group.instances, |xml, instance| {
            xml.text("InstanceId", &instance.id);
            xml.text("InstanceType", &instance.instance_type);
            xml.text("AvailabilityZone", &instance.zone);
            xml.text("LifecycleState", &instance.lifecycle_state);
            xml.text("HealthStatus", "Healthy");
            xml.maybe("LaunchConfigurationName", instance.configuration.as_deref());
            if let Some(template) = &instance.template {
                write_template(xml, "LaunchTemplate", template);
            }
            xml.text("ProtectedFromScaleIn", false);
        });
    }
    xml.text("CreatedTime", millis(group.created));
    xml.members("SuspendedProcesses", std::iter::empty::<()>(), |_, ()| {});
    xml.text("VPCZoneIdentifier", "");
    xml.members("EnabledMetrics", std::iter::empty::<()>(), |_, ()| {});
    xml.members("Tags", &group.tags, |xml, (key, value)| {
        xml.text("ResourceId", &group.name);
        xml.text("ResourceType", "auto-scaling-group");
        xml.text("Key", key);
        xml.text("Value", value);
        xml.text("PropagateAtLaunch", false);
    });
    xml.members("TerminationPolicies", ["Default"], |xml, policy| xml.word(policy));
    xml.text("NewInstancesProtectedFromScaleIn", false);
    if let Some((state, size)) = &group.warm_pool {
        xml.element("WarmPoolConfiguration", |xml| {
            xml.text("MinSize", 0);
            xml.text("PoolState", state);
        });
        xml.text("WarmPoolSize", size);
    }
}

pub(super) fn configurations(world: &mut World, call: &Call) -> Answered {
    let names = call.params.list("LaunchConfigurationNames.member");
    let mut found = Vec::new();
    if let Some(place) = world.place(call.account(), &call.region) {
        let all = place.launch_configurations.iter();
        let wanted = all.filter(|(name, _)| names.is_empty() || names.contains(&name.as_str()));
        found.extend(wanted.map(|(name, configuration)| (name.clone(), configuration)));
    }
    let partition = world.partition(call.account());
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.members("LaunchConfigurations", page.items, |xml, configuration| {
        let name = &configuration.name;
        xml.text("LaunchConfigurationName", name);
        xml.text("LaunchConfigurationARN", arn(partition, call, "launchConfiguration", "launchConfigurationName", name));
        xml.text("ImageId", &configuration.image);
        xml.text("KeyName", "");
        xml.members("SecurityGroups", std::iter::empty::<()>(), |_, ()| {});
        xml.members("ClassicLinkVPCSecurityGroups", std::iter::empty::<()>(), |_, ()| {});
        xml.text("UserData", "");
        xml.text("InstanceType", &configuration.instance_type);
        xml.text("KernelId", "");
        xml.text("RamdiskId", "");
        xml.members("BlockDeviceMappings", std::iter::empty::<()>(), |_, ()| {});
        xml.element("InstanceMonitoring", |xml| xml.text("Enabled", true));
        xml.text("CreatedTime", millis(configuration.created));
        xml.text("EbsOptimized", false);
    });
    xml.maybe("NextToken", page.next);
    Ok(Done::read(xml.into_string()))
}
