//! What keeps asking for capacity: Spot Fleet requests, Spot Instance requests and EC2 Fleets.

use jiff::Timestamp;

use super::compute::TemplateRef;
use super::image::{Mapping, Tags};

/// What a Spot request or a Spot Fleet launches by itself, without a launch template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchSpecification {
    pub image: Option<String>,
    pub instance_type: String,
    pub mappings: Vec<Mapping>,
}

/// What a fleet takes instead of what its template says. Only an EC2 Fleet's brings an image and disks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FleetOverride {
    pub instance_type: Option<String>,
    pub zone: Option<String>,
    pub image: Option<String>,
    pub mappings: Vec<Mapping>,
}

/// A launch template that a fleet launches from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateConfig {
    pub template: TemplateRef,
    pub overrides: Vec<FleetOverride>,
}

/// A Spot Fleet request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotFleet {
    pub id: String,
    /// `submitted`, `active`, `cancelled`, `failed`, `cancelled_running`, `cancelled_terminating` or `modifying`.
    pub state: String,
    /// `error`, `pending_fulfillment`, `pending_termination` or `fulfilled`.
    pub activity: Option<String>,
    /// `request` or `maintain`.
    pub kind: String,
    pub created: Timestamp,
    /// Since when it is `cancelled`: gone from listings 48 hours later.
    pub cancelled: Option<Timestamp>,
    pub target: u32,
    pub specifications: Vec<LaunchSpecification>,
    pub configs: Vec<TemplateConfig>,
    pub tags: Tags,
}

/// An EC2 Fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    pub id: String,
    /// `submitted`, `active`, `deleted`, `failed`, `deleted_running`, `deleted_terminating` or `modifying`.
    pub state: String,
    /// `error`, `pending_fulfillment`, `pending_termination` or `fulfilled`.
    pub activity: Option<String>,
    /// `request`, `maintain`, or `instant`: that one is only told when it is named.
    pub kind: String,
    pub created: Timestamp,
    pub target: u32,
    pub configs: Vec<TemplateConfig>,
    /// Code and message of the launches that failed.
    pub errors: Vec<(String, String)>,
    pub tags: Tags,
}

/// A Spot Instance request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpotRequest {
    pub id: String,
    /// `open`, `active`, `closed`, `cancelled`, `failed` or `disabled`.
    pub state: String,
    /// Code and message of its status, for example `fulfilled`.
    pub status: (String, String),
    /// `one-time` or `persistent`.
    pub kind: String,
    pub created: Timestamp,
    /// Since when it is `cancelled`: gone from listings four hours later.
    pub cancelled: Option<Timestamp>,
    pub specification: LaunchSpecification,
    pub instance: Option<String>,
    pub tags: Tags,
}
