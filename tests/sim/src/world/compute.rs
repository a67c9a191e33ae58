//! What runs, and what can start more of it: instances, launch templates, groups, launch configurations.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::image::{Mapping, Tags};

/// An AWS service that manages a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// For example `eks.amazonaws.com`.
    pub principal: String,
    /// Left out of listings unless they ask with IncludeManagedResources.
    pub hidden: bool,
}

/// `State` of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl InstanceState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Running => 16,
            Self::ShuttingDown => 32,
            Self::Terminated => 48,
            Self::Stopping => 64,
            Self::Stopped => 80,
        }
    }
}

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub id: String,
    pub reservation: String,
    pub image: String,
    pub state: InstanceState,
    pub instance_type: String,
    pub architecture: String,
    pub launched: Timestamp,
    pub terminated: Option<Timestamp>,
    pub lifecycle: Option<String>,
    pub zone: String,
    pub operator: Option<Operator>,
    pub tags: Tags,
}

/// A launch template and its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchTemplate {
    pub id: String,
    pub name: String,
    pub created: Timestamp,
    pub created_by: String,
    pub default_version: u64,
    pub versions: BTreeMap<u64, TemplateVersion>,
    pub operator: Option<Operator>,
    pub tags: Tags,
}

impl LaunchTemplate {
    /// The newest version's number.
    pub fn latest_version(&self) -> u64 {
        self.versions.keys().next_back().copied().unwrap_or(1)
    }
}

/// One version of a launch template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateVersion {
    /// An AMI id, a `resolve:ssm:` alias, or nothing.
    pub image: Option<String>,
    pub description: Option<String>,
    pub created: Timestamp,
    pub instance_type: Option<String>,
    pub mappings: Vec<Mapping>,
}

/// A launch template as a group names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRef {
    pub id: Option<String>,
    pub name: Option<String>,
    pub version: Option<String>,
}

/// One override of a mixed instances policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Override {
    pub instance_type: Option<String>,
    pub image: Option<String>,
    pub template: Option<TemplateRef>,
}

/// What a group launches from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupSource {
    Template(TemplateRef),
    Mixed { template: TemplateRef, overrides: Vec<Override> },
    Configuration(String),
}

/// An instance as its group lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInstance {
    pub id: String,
    pub instance_type: String,
    pub zone: String,
    pub lifecycle_state: String,
    pub template: Option<TemplateRef>,
    pub configuration: Option<String>,
}

/// An Auto Scaling group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub source: GroupSource,
    pub min: u32,
    pub max: u32,
    pub desired: u32,
    pub created: Timestamp,
    pub zones: Vec<String>,
    pub instances: Vec<GroupInstance>,
    /// Pool state (`Stopped`, `Running`, `Hibernated`) and size.
    pub warm_pool: Option<(String, u32)>,
    pub tags: Tags,
}

/// A launch configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchConfiguration {
    pub name: String,
    pub image: String,
    pub instance_type: String,
    pub created: Timestamp,
}
