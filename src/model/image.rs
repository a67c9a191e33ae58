//! An Amazon Machine Image as its Region lists it.

use jiff::Timestamp;
use std::fmt;

use super::{AccountId, AmiId, Region, SnapshotId, Tags};

/// One image. An `Option` is `None` when AWS did not say, which is never the same as "no".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub id: AmiId,
    pub owner: AccountId,
    pub owner_alias: Option<String>,
    pub name: String,
    pub description: Option<String>,
    pub state: ImageState,
    pub created_at: Timestamp,
    /// When it is, or was, marked deprecated. May lie in the future.
    pub deprecation_at: Option<Timestamp>,
    /// Lags by up to 24 hours; its absence is ambiguous (kept since April 2017 only).
    pub last_launched_at: Option<Timestamp>,
    pub public: Option<bool>,
    pub protection: Protection,
    /// The image it was made from; its Region is [`Region::ANY`] where AWS named none.
    pub source_image: Option<(AmiId, Region)>,
    pub architecture: String,
    pub platform: String,
    pub root_device_type: String,
    pub virtualization: String,
    pub boot_mode: Option<String>,
    pub imdsv2_required: bool,
    pub tpm: bool,
    pub ena: bool,
    pub product_codes: Vec<ProductCode>,
    pub volumes: Vec<Volume>,
    pub tags: Tags,
}

impl Image {
    /// The snapshots behind its volumes.
    pub fn snapshots(&self) -> impl Iterator<Item = &SnapshotId> {
        self.volumes.iter().filter_map(|volume| volume.snapshot.as_ref())
    }

    /// Whether it has snapshots that its listing does not name. EC2 leaves the mapping out while an image is pending; an
    /// EBS image that can be or could be launched has one.
    pub fn mapping_is_missing(&self) -> bool {
        let made = matches!(self.state, ImageState::Available | ImageState::Disabled);
        made && self.root_device_type == "ebs" && self.snapshots().next().is_none()
    }

    /// Whether it was marked deprecated at or before `now`.
    pub fn is_deprecated(&self, now: Timestamp) -> bool {
        self.deprecation_at.is_some_and(|at| at <= now)
    }
}

/// A product code and its kind (`devpay` or `marketplace`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductCode {
    pub id: String,
    pub kind: String,
}

/// One entry of the block device mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// `None` for an instance-store or empty volume.
    pub snapshot: Option<SnapshotId>,
    pub size_gib: i64,
    pub encrypted: Option<bool>,
    pub kms_key: Option<String>,
}

/// The life of an image as EC2 names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageState {
    Available,
    Disabled,
    Pending,
    /// `failed`, `error`, `invalid`, `transient`, `deregistered`, or a state newer than this code.
    Other(String),
}

impl ImageState {
    /// The state of that name.
    pub fn named(name: &str) -> Self {
        match name {
            "available" => Self::Available,
            "disabled" => Self::Disabled,
            "pending" => Self::Pending,
            other => Self::Other(other.into()),
        }
    }

    /// EC2's word for it.
    pub fn name(&self) -> &str {
        match self {
            Self::Available => "available",
            Self::Disabled => "disabled",
            Self::Pending => "pending",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for ImageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Deregistration protection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    Off,
    /// On, with or without cooldown, or cooling down after it was taken off; EC2's own words.
    On(String),
    /// The source knows the field, but it is missing here.
    Unknown,
    /// The source is older than the field: there is no such protection there.
    NotOffered,
}
