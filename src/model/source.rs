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
    Volumes,
    ImagesInRecycleBin,
    SnapshotsInRecycleBin,
    RecycleBinRules,
    RecycleBinRule,
    /// Per image.
    LaunchPermissions,
    /// Per snapshot.
    CreateVolumePermissions,
    /// The values of SSM parameters that launch templates name.
    Parameters,
    Organization,
    /// Another recorded file: every image id in it counts as use.
    Other(String),
}

impl Source {
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
            Self::Volumes => "describe-volumes",
            Self::ImagesInRecycleBin => "list-images-in-recycle-bin",
            Self::SnapshotsInRecycleBin => "list-snapshots-in-recycle-bin",
            Self::RecycleBinRules => "list-rules",
            Self::RecycleBinRule => "get-rule",
            Self::LaunchPermissions => "launch-permissions",
            Self::CreateVolumePermissions => "create-volume-permissions",
            Self::Parameters => "get-parameters",
            Self::Organization => "organization",
            Self::Other(name) => name,
        }
    }

    /// The source of that name.
    pub fn named(name: &str) -> Self {
        let known = [
            Self::Regions,
            Self::Volumes,
            Self::SnapshotsInRecycleBin,
            Self::LaunchPermissions,
            Self::CreateVolumePermissions,
            Self::Parameters,
            Self::Organization,
        ];
        known.into_iter().chain(Self::LISTINGS).find(|source| source.name() == name).unwrap_or_else(|| Self::Other(name.into()))
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
