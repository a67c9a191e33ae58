//! `DescribeAutoScalingGroups`, `DescribeLaunchConfigurations` and the failures among `DescribeScalingActivities`.

use aws_sdk_autoscaling::types::{self as sdk, Filter, ScalingActivityStatusCode};
use jiff::Timestamp;

use super::{list, time};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{
    AutoScalingGroup, BlockDevice, DescribeAutoScalingGroups, DescribeLaunchConfigurations, DescribeScalingActivities, EbsBlockDevice,
    GroupTemplate, LaunchConfiguration, MixedInstancesPolicy, Override, ScalingActivity, Tag, TemplateSpecification,
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
        warm_pool_size: group.warm_pool_size.map(i64::from),
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

/// The launches and terminations since `since` that failed or were cancelled, those of deleted groups included. All groups in one listing:
/// EC2 Auto Scaling filters by status only within one group. The time is asked for and looked at, since a server that does
/// not know the filter sends everything it has.
pub async fn failed_activities(clients: &Clients, since: Timestamp) -> Result<DescribeScalingActivities, AwsError> {
    let recent = Filter::builder().name("StartTimeLowerBound").values(since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).build();
    let activities = all_pages("Activities", |token| {
        let recent = recent.clone();
        async move {
            clients.turn(Api::read("DescribeScalingActivities")).await;
            let page = clients
                .autoscaling
                .describe_scaling_activities()
                .include_deleted_groups(true)
                .filters(recent)
                .max_records(PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(AwsError::of)?;
            let failed = page.activities.map(|activities| activities.into_iter().filter(|one| is_recent_failure(one, since)).collect());
            Ok(Page { items: list(failed, activity), next: page.next_token })
        }
    });
    Ok(DescribeScalingActivities { activities: Some(activities.await?) })
}

/// Without a start or a status that says otherwise it may be one.
fn is_recent_failure(activity: &sdk::Activity, since: Timestamp) -> bool {
    let old = activity.start_time.is_some_and(|start| start.secs() < since.as_second());
    // What AWS did not send the SDK makes up as a status nobody knows.
    let failed = activity.status_code.as_ref().is_none_or(|status| {
        let ended_badly = [ScalingActivityStatusCode::Failed, ScalingActivityStatusCode::Cancelled].contains(status);
        ended_badly || !ScalingActivityStatusCode::values().contains(&status.as_str())
    });
    failed && !old
}

fn activity(activity: sdk::Activity) -> ScalingActivity {
    ScalingActivity {
        activity_id: activity.activity_id,
        auto_scaling_group_name: activity.auto_scaling_group_name,
        status_code: activity.status_code.map(|status| status.as_str().to_owned()),
        status_message: activity.status_message,
        start_time: time(activity.start_time),
    }
}
