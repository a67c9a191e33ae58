//! Auto Scaling: groups, launch configurations and scaling activities, and one way to make a group launch something.

mod activities;
mod groups;
mod scaling;

use crate::api::{Api, Call};
use crate::buckets::{READ, WRITE};

pub(crate) const APIS: &[Api] = &[
    Api {
        name: "DescribeAutoScalingGroups",
        mutating: false,
        limit: READ,
        params: &["AutoScalingGroupNames", "Filters", "IncludeInstances", "IncludeManagedResources", "MaxRecords", "NextToken"],
        run: groups::describe,
    },
    Api {
        name: "DescribeLaunchConfigurations",
        mutating: false,
        limit: READ,
        params: &["LaunchConfigurationNames", "MaxRecords", "NextToken"],
        run: groups::configurations,
    },
    Api {
        name: "DescribeScalingActivities",
        mutating: false,
        limit: READ,
        params: &[
            "ActivityIds",
            "AutoScalingGroupName",
            "IncludeDeletedGroups",
            "IncludeManagedResources",
            "Filters",
            "MaxRecords",
            "NextToken",
        ],
        run: activities::describe,
    },
    Api {
        name: "SetDesiredCapacity",
        mutating: true,
        limit: WRITE,
        params: &["AutoScalingGroupName", "DesiredCapacity", "HonorCooldown"],
        run: scaling::set_desired_capacity,
    },
];

/// The UUID in the middle is the same for all: nobody here looks it up.
fn arn(partition: &str, call: &Call, kind: &str, label: &str, name: &str) -> String {
    let (region, account) = (&call.region, call.account());
    format!("arn:{partition}:autoscaling:{region}:{account}:{kind}:00000000-0000-0000-0000-000000000000:{label}/{name}")
}
