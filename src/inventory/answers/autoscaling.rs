//! Auto Scaling's answers.

use serde::{Deserialize, Serialize};

use super::ec2::shape;
use super::{BlockDevice, List, Tag};

shape! {
    /// `aws autoscaling describe-auto-scaling-groups`
    DescribeAutoScalingGroups { auto_scaling_groups: List<AutoScalingGroup> }

    AutoScalingGroup {
        auto_scaling_group_name: Option<String>,
        launch_configuration_name: Option<String>,
        launch_template: Option<TemplateSpecification>,
        mixed_instances_policy: Option<MixedInstancesPolicy>,
        min_size: Option<i64>,
        max_size: Option<i64>,
        desired_capacity: Option<i64>,
        warm_pool_size: Option<i64>,
        tags: List<Tag>,
    }

    /// A template by id or name; without a version it means the default one.
    TemplateSpecification {
        launch_template_id: Option<String>,
        launch_template_name: Option<String>,
        version: Option<String>,
    }

    MixedInstancesPolicy { launch_template: Option<GroupTemplate> }

    GroupTemplate { launch_template_specification: Option<TemplateSpecification>, overrides: List<Override> }

    /// An override may bring its own template or its own image.
    Override { launch_template_specification: Option<TemplateSpecification>, image_id: Option<String> }

    /// `aws autoscaling describe-launch-configurations`
    DescribeLaunchConfigurations { launch_configurations: List<LaunchConfiguration> }

    LaunchConfiguration {
        launch_configuration_name: Option<String>,
        image_id: Option<String>,
        block_device_mappings: List<BlockDevice>,
    }
}
