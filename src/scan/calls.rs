//! What reading a source costs, in calls per place: what AWS lets a call tell.

use crate::model::Source;

/// How many calls reading `source` takes in one place, in words; `None` for what is not read place by place, or only about
/// single resources. Pages hold fewer entries where AWS thinks so.
pub fn calls(source: &Source) -> Option<&'static str> {
    Some(match source {
        Source::Images => "1 per 1,000 images",
        Source::Snapshots => "1 per 1,000 snapshots",
        Source::PublicSnapshots => "1 per 1,000 public snapshots",
        Source::Instances => "1 per 1,000 reservations",
        Source::LaunchTemplates => "1 per 200 templates",
        Source::LaunchTemplateVersions => "1 per 200 templates, and 1 for each with other versions than its default and latest",
        Source::AutoScalingGroups => "1 per 100 groups",
        Source::LaunchConfigurations => "1 per 100 launch configurations",
        Source::SpotFleets => "1 per 1,000 Spot fleets",
        Source::SpotRequests => "1 per 1,000 Spot requests",
        Source::Fleets => "1 per 1,000 EC2 fleets",
        Source::ImageReferences => "1 per 10 images",
        Source::ParameterNames => "1 per 50 parameters",
        Source::Parameters => "1 per 10 parameters that are no secrets",
        Source::ImageRecipes => "1 per 25 recipes",
        Source::ImageRecipe | Source::ContainerRecipe => "1 per recipe and version",
        Source::ContainerRecipes => "1 per 25 recipes",
        Source::Resources => "1 per type of `sources.cloud_control`, or per cluster for its node groups, and 100 resources",
        Source::Resource => "1 per resource",
        Source::Events => "5, and 1 more per 50 launches since the last look, where an image cannot be launched",
        Source::ScalingActivities => "1 per 100 activities of `sources.screams`",
        Source::ImagesInUse => "1 per 200 images of others",
        Source::UsageReports => "1 per 1,000 reports",
        Source::UsageReportEntries => "1 per 1,000 entries, none without reports",
        Source::Volumes => "1 per 1,000 volumes",
        Source::FastRestores => "1 per 200 snapshots with Fast Snapshot Restore",
        Source::LockedSnapshots => "1 per 1,000 locked snapshots",
        Source::ImagesInRecycleBin => "1 per 1,000 images there",
        Source::SnapshotsInRecycleBin => "1 per 1,000 snapshots there",
        Source::RecycleBinRules => "2",
        Source::RecycleBinRule => "1 per rule",
        Source::ImageBlockPublicAccess | Source::SnapshotBlockPublicAccess | Source::AllowedImages => "1",
        Source::KeyPolicies => "1 per key of the account that encrypts own snapshots, and 1 for the alias of the default key",
        Source::Regions
        | Source::LaunchPermissions
        | Source::CreateVolumePermissions
        | Source::Organization
        | Source::AssumeRole
        | Source::Other(_) => return None,
    })
}
