//! `DescribeAutoScalingGroups` and `DescribeLaunchConfigurations`.

use aws_sdk_autoscaling::types as sdk;

use super::list;
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{
    AutoScalingGroup, BlockDevice, DescribeAutoScalingGroups, DescribeLaunchConfigurations, EbsBlockDevice, GroupTemplate,
    LaunchConfiguration, MixedInstancesPolicy, Override, Tag, TemplateSpecification,
};

/// Auto Scaling sends at most 100 groups or launch configurations on a page, 50 unless told.
const PAGE: i32 = 100;

/// All groups, empty ones included. Their instances come with `DescribeInstances`.
pub async fn auto_scaling_groups(clients: &Clients) -> Result<DescribeAutoScalingGroups, AwsError> {
    let groups = all_pages("AutoScalingGroups", |token| async move {
        clients.turn(Api::read("DescribeAutoScalingGroups")).await;
        let page = clients
            .autoscaling
            .describe_auto_scaling_groups()
            .max_records(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        Ok(Page { items: list(page.auto_scaling_groups, group), next: page.next_token })
    });
    Ok(DescribeAutoScalingGroups { auto_scaling_groups: Some(groups.await?) })
}

fn group(group: sdk::AutoScalingGroup) -> AutoScalingGroup {
    AutoScalingGroup {
        auto_scaling_group_name: group.auto_scaling_group_name,
        launch_configuration_name: group.launch_configuration_name,
        launch_template: group.launch_template.map(specification),
        mixed_instances_policy: group
            .mixed_instances_policy
            .map(|policy| MixedInstancesPolicy { launch_template: policy.launch_template.map(group_template) }),
        min_size: group.min_size.map(i64::from),
        max_size: group.max_size.map(i64::from),
        desired_capacity: group.desired_capacity.map(i64::from),
        tags: list(group.tags, |tag| Tag { key: tag.key, value: tag.value }),
    }
}

fn group_template(template: sdk::LaunchTemplate) -> GroupTemplate {
    GroupTemplate {
        launch_template_specification: template.launch_template_specification.map(specification),
        overrides: list(template.overrides, |entry| Override {
            launch_template_specification: entry.launch_template_specification.map(specification),
            image_id: entry.image_id,
        }),
    }
}

fn specification(specification: sdk::LaunchTemplateSpecification) -> TemplateSpecification {
    TemplateSpecification {
        launch_template_id: specification.launch_template_id,
        launch_template_name: specification.launch_template_name,
        version: specification.version,
    }
}

/// All launch configurations.
pub async fn launch_configurations(clients: &Clients) -> Result<DescribeLaunchConfigurations, AwsError> {
    let configurations = all_pages("LaunchConfigurations", |token| async move {
        clients.turn(Api::read("DescribeLaunchConfigurations")).await;
        let page = clients
            .autoscaling
            .describe_launch_configurations()
            .max_records(PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        Ok(Page { items: list(page.launch_configurations, configuration), next: page.next_token })
    });
    Ok(DescribeLaunchConfigurations { launch_configurations: Some(configurations.await?) })
}

fn configuration(configuration: sdk::LaunchConfiguration) -> LaunchConfiguration {
    LaunchConfiguration {
        launch_configuration_name: configuration.launch_configuration_name,
        image_id: configuration.image_id,
        block_device_mappings: list(configuration.block_device_mappings, |device| BlockDevice {
            device_name: device.device_name,
            virtual_name: device.virtual_name,
            ebs: device.ebs.map(|ebs| EbsBlockDevice {
                snapshot_id: ebs.snapshot_id,
                volume_size: ebs.volume_size.map(i64::from),
                encrypted: ebs.encrypted,
                // Launch configurations name no key.
                kms_key_id: None,
                volume_type: ebs.volume_type,
                delete_on_termination: ebs.delete_on_termination,
            }),
        }),
    }
}
