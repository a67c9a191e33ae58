//! Where evidence comes from. The names are those of a recorded estate's files.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One listing or attribute, named as the AWS CLI names its command.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    Regions,
    Images,
    Snapshots,
    PublicSnapshots,
    Instances,
    LaunchTemplates,
    LaunchTemplateVersions,
    AutoScalingGroups,
    LaunchConfigurations,
    SpotFleets,
    SpotRequests,
    Fleets,
    /// EC2's own answer to who names an image: a cross-check.
    ImageReferences,
    ParameterNames,
    /// The values of SSM parameters.
    Parameters,
    ImageRecipes,
    /// The details of every image recipe.
    ImageRecipe,
    ContainerRecipes,
    /// The details of every container recipe.
    ContainerRecipe,
    /// What Cloud Control lists, for each type that is asked about.
    Resources,
    /// The properties of what Cloud Control lists.
    Resource,
    /// Launches that failed because of an image.
    ScalingActivities,
    /// What CloudTrail saw: failed launches, changed permissions.
    Events,
    /// Images of other owners that something here runs.
    ImagesInUse,
    UsageReports,
    /// Which accounts use the images that are shared with them.
    UsageReportEntries,
    Volumes,
    FastRestores,
    LockedSnapshots,
    ImagesInRecycleBin,
    SnapshotsInRecycleBin,
    RecycleBinRules,
    RecycleBinRule,
    ImageBlockPublicAccess,
    SnapshotBlockPublicAccess,
    AllowedImages,
    /// Whom the KMS keys of own snapshots let in.
    KeyPolicies,
    /// Per image.
    LaunchPermissions,
    /// Per snapshot.
    CreateVolumePermissions,
    Organization,
    /// The way into another account: all of it is unread where it fails.
    AssumeRole,
    /// Another recorded file: every image id in it counts as use.
    Other(String),
}

/// What may be there unseen while a source does not answer, in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hides {
    /// Users of any image or snapshot of the Region.
    Users,
    /// Images or snapshots, with everything they say of themselves.
    Resources,
    /// What ending something for good would mean.
    Consequences,
    /// What keeps single snapshots from being deleted.
    SnapshotGuards,
    /// Answers about one resource each.
    OneResource,
    /// Nothing that another fact rests on.
    Nothing,
}

impl Source {
    /// Every source that has a reader.
    pub const ALL: [Self; 41] = [
        Self::Regions,
        Self::Images,
        Self::Snapshots,
        Self::PublicSnapshots,
        Self::Instances,
        Self::LaunchTemplates,
        Self::LaunchTemplateVersions,
        Self::AutoScalingGroups,
        Self::LaunchConfigurations,
        Self::SpotFleets,
        Self::SpotRequests,
        Self::Fleets,
        Self::ImageReferences,
        Self::ParameterNames,
        Self::Parameters,
        Self::ImageRecipes,
        Self::ImageRecipe,
        Self::ContainerRecipes,
        Self::ContainerRecipe,
        Self::Resources,
        Self::Resource,
        Self::ScalingActivities,
        Self::Events,
        Self::ImagesInUse,
        Self::UsageReports,
        Self::UsageReportEntries,
        Self::Volumes,
        Self::FastRestores,
        Self::LockedSnapshots,
        Self::ImagesInRecycleBin,
        Self::SnapshotsInRecycleBin,
        Self::RecycleBinRules,
        Self::RecycleBinRule,
        Self::ImageBlockPublicAccess,
        Self::SnapshotBlockPublicAccess,
        Self::AllowedImages,
        Self::KeyPolicies,
        Self::LaunchPermissions,
        Self::CreateVolumePermissions,
        Self::Organization,
        Self::AssumeRole,
    ];

    /// The listings every complete picture of a place needs.
    pub const LISTINGS: [Self; 11] = [
        Self::Images,
        Self::Snapshots,
        Self::PublicSnapshots,
        Self::Instances,
        Self::LaunchTemplates,
        Self::LaunchTemplateVersions,
        Self::AutoScalingGroups,
        Self::LaunchConfigurations,
        Self::ImagesInRecycleBin,
        Self::RecycleBinRules,
        Self::RecycleBinRule,
    ];

    /// What a recorded estate must hold for each place; a file that is missing is a gap of its source. Files of the
    /// others are read where they are.
    pub const RECORDED: [Self; 25] = [
        Self::Images,
        Self::Snapshots,
        Self::PublicSnapshots,
        Self::Instances,
        Self::LaunchTemplates,
        Self::LaunchTemplateVersions,
        Self::AutoScalingGroups,
        Self::LaunchConfigurations,
        Self::SpotFleets,
        Self::SpotRequests,
        Self::Fleets,
        Self::ImageReferences,
        Self::ParameterNames,
        Self::Parameters,
        Self::Volumes,
        Self::FastRestores,
        Self::LockedSnapshots,
        Self::ImagesInRecycleBin,
        Self::SnapshotsInRecycleBin,
        Self::RecycleBinRules,
        Self::RecycleBinRule,
        Self::ImageBlockPublicAccess,
        Self::SnapshotBlockPublicAccess,
        Self::ImageRecipes,
        Self::ImageRecipe,
    ];

    /// The file name without `.json`, and the name of its gaps.
    pub fn name(&self) -> &str {
        match self {
            Self::Regions => "describe-regions",
            Self::Images => "describe-images",
            Self::Snapshots => "describe-snapshots",
            Self::PublicSnapshots => "describe-snapshots-public",
            Self::Instances => "describe-instances",
            Self::LaunchTemplates => "describe-launch-templates",
            Self::LaunchTemplateVersions => "describe-launch-template-versions",
            Self::AutoScalingGroups => "describe-auto-scaling-groups",
            Self::LaunchConfigurations => "describe-launch-configurations",
            Self::SpotFleets => "describe-spot-fleet-requests",
            Self::SpotRequests => "describe-spot-instance-requests",
            Self::Fleets => "describe-fleets",
            Self::ImageReferences => "describe-image-references",
            Self::ParameterNames => "describe-parameters",
            Self::Parameters => "get-parameters",
            Self::ImageRecipes => "list-image-recipes",
            Self::ImageRecipe => "get-image-recipe",
            Self::ContainerRecipes => "list-container-recipes",
            Self::ContainerRecipe => "get-container-recipe",
            Self::Resources => "list-resources",
            Self::Resource => "get-resource",
            Self::ScalingActivities => "describe-scaling-activities",
            Self::Events => "lookup-events",
            Self::ImagesInUse => "describe-images-in-use",
            Self::UsageReports => "describe-image-usage-reports",
            Self::UsageReportEntries => "describe-image-usage-report-entries",
            Self::Volumes => "describe-volumes",
            Self::FastRestores => "describe-fast-snapshot-restores",
            Self::LockedSnapshots => "describe-locked-snapshots",
            Self::ImagesInRecycleBin => "list-images-in-recycle-bin",
            Self::SnapshotsInRecycleBin => "list-snapshots-in-recycle-bin",
            Self::RecycleBinRules => "list-rules",
            Self::RecycleBinRule => "get-rule",
            Self::ImageBlockPublicAccess => "get-image-block-public-access-state",
            Self::SnapshotBlockPublicAccess => "get-snapshot-block-public-access-state",
            Self::AllowedImages => "get-allowed-images-settings",
            Self::KeyPolicies => "get-resource-keys",
            Self::LaunchPermissions => "launch-permissions",
            Self::CreateVolumePermissions => "create-volume-permissions",
            Self::Organization => "organization",
            Self::AssumeRole => "assume-role",
            Self::Other(name) => name,
        }
    }

    /// What nobody sees while this source does not answer. Every rule on gaps follows from this table.
    pub fn hides(&self) -> Hides {
        match self {
            // A Region that was not read can hold any user; an unknown file was recorded since somebody thinks it names some.
            Self::Regions | Self::Other(_) => Hides::Users,
            // All of an account that could not be entered.
            Self::AssumeRole => Hides::Users,
            // Each names images that something launches, or could at any moment.
            Self::Instances
            | Self::LaunchTemplates
            | Self::LaunchTemplateVersions
            | Self::AutoScalingGroups
            | Self::LaunchConfigurations
            | Self::SpotFleets
            | Self::SpotRequests
            | Self::Fleets
            | Self::ParameterNames
            | Self::ImageRecipes
            | Self::ImageRecipe
            | Self::ContainerRecipes
            | Self::ContainerRecipe
            | Self::Resources
            | Self::Resource => Hides::Users,
            // An alias without its value stands for any image of the Region.
            Self::Parameters => Hides::Users,
            // A cross-check: what only it knows, nobody knows without it.
            Self::ImageReferences => Hides::Users,
            // A launch that failed may be all that is seen of somebody who needs the image.
            Self::ScalingActivities | Self::Events => Hides::Users,
            // Whose it is, its state and tags, and which snapshots it needs.
            Self::Images | Self::Snapshots => Hides::Resources,
            // That strangers have it already, that an image in the bin still needs it, or that it could never come back.
            Self::PublicSnapshots | Self::ImagesInRecycleBin | Self::RecycleBinRules | Self::RecycleBinRule => Hides::Consequences,
            // AWS refuses to delete what is locked or restored fast; images are not concerned.
            Self::FastRestores | Self::LockedSnapshots => Hides::SnapshotGuards,
            // One call per resource: the others are not in doubt.
            Self::LaunchPermissions | Self::CreateVolumePermissions => Hides::OneResource,
            // One fact each, absent without it. Volumes: `sourceVolumeExists`. The bin's snapshots are deleted already.
            Self::Volumes | Self::SnapshotsInRecycleBin => Hides::Nothing,
            // What a Region forbids to be shared or launched; it starts nothing.
            Self::ImageBlockPublicAccess | Self::SnapshotBlockPublicAccess | Self::AllowedImages => Hides::Nothing,
            // Shares that cannot work: `unusableShares`.
            Self::KeyPolicies => Hides::Nothing,
            // Images of others.
            Self::ImagesInUse => Hides::Nothing,
            // An image shared outside is of unknown use until a report tells of it.
            Self::UsageReports | Self::UsageReportEntries => Hides::Nothing,
            // Who belongs to us: shares rest on it, and are held by it.
            Self::Organization => Hides::Nothing,
        }
    }

    /// Whether somebody may declare that nothing of theirs is in it: only what tells about use.
    pub fn may_be_declared_unused(&self) -> bool {
        match self {
            Self::Regions | Self::AssumeRole | Self::Other(_) => false,
            _ => self.hides() == Hides::Users,
        }
    }

    /// The listing whose members this source describes one by one.
    pub fn listing(&self) -> Option<Self> {
        match self {
            Self::LaunchTemplateVersions => Some(Self::LaunchTemplates),
            Self::Parameters => Some(Self::ParameterNames),
            Self::ImageRecipe => Some(Self::ImageRecipes),
            Self::ContainerRecipe => Some(Self::ContainerRecipes),
            Self::Resource => Some(Self::Resources),
            Self::RecycleBinRule => Some(Self::RecycleBinRules),
            _ => None,
        }
    }

    /// The source of that name.
    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|source| source.name() == name).unwrap_or_else(|| Self::Other(name.into()))
    }
}

/// By name, so that lists of gaps are sorted by what they print.
impl Ord for Source {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name().cmp(other.name())
    }
}

impl PartialOrd for Source {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Source {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::named(&String::deserialize(deserializer)?))
    }
}
