//! What makes an answer a listing: the list in it. Without the list it is no answer.

use crate::inventory::answers::{
    DescribeAutoScalingGroups, DescribeFastSnapshotRestores, DescribeFleets, DescribeImageReferences, DescribeImageUsageReportEntries,
    DescribeImageUsageReports, DescribeImages, DescribeInstances, DescribeLaunchConfigurations, DescribeLaunchTemplateVersions,
    DescribeLaunchTemplates, DescribeLockedSnapshots, DescribeOrganization, DescribeParameters, DescribeScalingActivities,
    DescribeSnapshots, DescribeSpotFleetRequests, DescribeSpotInstanceRequests, DescribeVolumes, GetContainerRecipe, GetImageRecipe,
    GetKey, GetParameters, GetResource, GetRule, ImageAttribute, ListContainerRecipes, ListImageRecipes, ListImagesInRecycleBin,
    ListResources, ListRules, ListSnapshotsInRecycleBin, LookupEvents, SnapshotAttribute,
};

/// An answer that stands or falls with its list.
pub(super) trait Listing {
    /// The list's name in the CLI's output.
    const LIST: &'static str;

    /// How many entries the list has; `None` when the answer lacks it.
    fn entries(&self) -> Option<usize>;
}

macro_rules! listing {
    ($($answer:ident { $field:ident: $name:literal })*) => {$(
        impl Listing for $answer {
            const LIST: &'static str = $name;

            fn entries(&self) -> Option<usize> {
                self.$field.as_ref().map(Vec::len)
            }
        }
    )*};
}

listing! {
    DescribeImages { images: "Images" }
    DescribeSnapshots { snapshots: "Snapshots" }
    DescribeInstances { reservations: "Reservations" }
    DescribeLaunchTemplates { launch_templates: "LaunchTemplates" }
    DescribeLaunchTemplateVersions { launch_template_versions: "LaunchTemplateVersions" }
    DescribeAutoScalingGroups { auto_scaling_groups: "AutoScalingGroups" }
    DescribeLaunchConfigurations { launch_configurations: "LaunchConfigurations" }
    ListImagesInRecycleBin { images: "Images" }
    ListRules { rules: "Rules" }
    DescribeVolumes { volumes: "Volumes" }
    DescribeSpotFleetRequests { spot_fleet_request_configs: "SpotFleetRequestConfigs" }
    DescribeSpotInstanceRequests { spot_instance_requests: "SpotInstanceRequests" }
    DescribeFleets { fleets: "Fleets" }
    DescribeImageReferences { image_references: "ImageReferences" }
    DescribeParameters { parameters: "Parameters" }
    ListImageRecipes { image_recipe_summary_list: "imageRecipeSummaryList" }
    ListContainerRecipes { container_recipe_summary_list: "containerRecipeSummaryList" }
    DescribeScalingActivities { activities: "Activities" }
    LookupEvents { events: "Events" }
    DescribeImageUsageReports { image_usage_reports: "ImageUsageReports" }
    DescribeImageUsageReportEntries { image_usage_report_entries: "ImageUsageReportEntries" }
    DescribeFastSnapshotRestores { fast_snapshot_restores: "FastSnapshotRestores" }
    DescribeLockedSnapshots { snapshots: "Snapshots" }
    ListSnapshotsInRecycleBin { snapshots: "Snapshots" }
    GetParameters { parameters: "Parameters" }
    ImageAttribute { launch_permissions: "LaunchPermissions" }
    SnapshotAttribute { create_volume_permissions: "CreateVolumePermissions" }
    DescribeOrganization { accounts: "Accounts" }
}

/// Answers about single things, one per thing that was listed.
macro_rules! details {
    ($($answer:ident)*) => {$(
        impl Listing for Vec<$answer> {
            const LIST: &'static str = "[…]";

            fn entries(&self) -> Option<usize> {
                Some(self.len())
            }
        }
    )*};
}

details! { GetRule GetImageRecipe GetContainerRecipe ListResources GetResource GetKey }
