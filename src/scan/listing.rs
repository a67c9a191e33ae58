//! What makes an answer a listing: the list in it. Without the list it is no answer.

use crate::inventory::answers::{
    DescribeAutoScalingGroups, DescribeImages, DescribeInstances, DescribeLaunchConfigurations, DescribeLaunchTemplateVersions,
    DescribeLaunchTemplates, DescribeOrganization, DescribeSnapshots, DescribeVolumes, GetParameters, GetRule, ImageAttribute,
    ListImagesInRecycleBin, ListRules, SnapshotAttribute,
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
    GetParameters { parameters: "Parameters" }
    ImageAttribute { launch_permissions: "LaunchPermissions" }
    SnapshotAttribute { create_volume_permissions: "CreateVolumePermissions" }
    DescribeOrganization { accounts: "Accounts" }
}

/// The answers of `get-rule`, one per rule.
impl Listing for Vec<GetRule> {
    const LIST: &'static str = "[…]";

    fn entries(&self) -> Option<usize> {
        Some(self.len())
    }
}
