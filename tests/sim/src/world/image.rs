//! Images, and what is shared with whom.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// Who may launch an image, or make volumes of a snapshot (there only the first two).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// `Group=all`: the image is public.
    Everyone,
    /// An account id.
    Account(String),
    /// The ARN of an organization.
    Organization(String),
    /// The ARN of an organizational unit.
    Unit(String),
}

/// `State` of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageState {
    Pending,
    Available,
    Invalid,
    Deregistered,
    Transient,
    Failed,
    Error,
    Disabled,
}

impl ImageState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Available => "available",
            Self::Invalid => "invalid",
            Self::Deregistered => "deregistered",
            Self::Transient => "transient",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Disabled => "disabled",
        }
    }
}

/// Deregistration protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Off.
    Off,
    /// On; taking it off works at once.
    On,
    /// On; after it is taken off it protects for another 24 hours.
    OnWithCooldown,
    /// Taken off, and still protecting until then.
    CoolingDown(Timestamp),
}

/// One line of a block device mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// For example `/dev/xvda`.
    pub device: String,
    /// What is behind it.
    pub kind: MappingKind,
}

/// What a block device mapping maps to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingKind {
    /// An EBS volume, of a snapshot or empty.
    Ebs(EbsMapping),
    /// An instance store volume: `VirtualName`, for example `ephemeral0`.
    Ephemeral(String),
}

/// The `Ebs` part of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EbsMapping {
    pub snapshot: Option<String>,
    pub volume_size: i64,
    pub volume_type: String,
    pub encrypted: bool,
    pub kms_key: Option<String>,
    pub delete_on_termination: bool,
}

/// An Amazon Machine Image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub id: String,
    pub owner: String,
    pub owner_alias: Option<String>,
    pub name: String,
    pub description: Option<String>,
    pub created: Timestamp,
    pub state: ImageState,
    pub state_reason: Option<(String, String)>,
    pub launch_permissions: BTreeSet<Permission>,
    pub deprecation: Option<Timestamp>,
    pub last_launched: Option<Timestamp>,
    /// A launch that the listings do not show yet.
    pub unreported_launch: Option<Timestamp>,
    pub protection: Protection,
    pub source_image: Option<String>,
    pub source_region: Option<String>,
    pub source_instance: Option<String>,
    pub architecture: String,
    pub platform: Option<String>,
    pub platform_details: String,
    pub root_device_type: String,
    pub root_device_name: Option<String>,
    pub virtualization: String,
    pub boot_mode: Option<String>,
    pub imds_support: Option<String>,
    pub tpm_support: Option<String>,
    pub ena_support: bool,
    pub product_codes: Vec<(String, String)>,
    pub mappings: Vec<Mapping>,
    pub tags: Tags,
    /// Not in listings before then (`settings.listing_lag`).
    pub listed_from: Timestamp,
}

impl Image {
    /// Whether everybody may launch it.
    pub fn is_public(&self) -> bool {
        self.launch_permissions.contains(&Permission::Everyone)
    }

    /// The EBS snapshots behind it, root first as in the mapping.
    pub fn snapshots(&self) -> impl Iterator<Item = &str> {
        self.mappings.iter().filter_map(|mapping| match &mapping.kind {
            MappingKind::Ebs(ebs) => ebs.snapshot.as_deref(),
            MappingKind::Ephemeral(_) => None,
        })
    }

    /// The snapshot of the root device.
    pub fn root_snapshot(&self) -> Option<&str> {
        let root = self.root_device_name.as_deref()?;
        self.mappings.iter().find(|mapping| mapping.device == root).and_then(|mapping| match &mapping.kind {
            MappingKind::Ebs(ebs) => ebs.snapshot.as_deref(),
            MappingKind::Ephemeral(_) => None,
        })
    }

    /// AWS Backup's own: it carries the tag that only AWS Backup can set.
    pub fn is_managed_by_backup(&self) -> bool {
        is_backup(&self.tags)
    }

    pub(crate) fn protects(&self, now: Timestamp) -> bool {
        match self.protection {
            Protection::Off => false,
            Protection::On | Protection::OnWithCooldown => true,
            Protection::CoolingDown(until) => now < until,
        }
    }
}

pub(crate) fn is_backup(tags: &Tags) -> bool {
    tags.contains_key("aws:backup:source-resource")
}
