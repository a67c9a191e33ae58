//! Settings of a whole Region: what can be published from it, and whose images can be launched in it.

use std::collections::BTreeSet;

/// Block Public Access for the images or for the snapshots of an account in a Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    pub state: BlockState,
    /// `None` when the source is older than the field.
    pub managed_by: Option<Manager>,
}

/// What Block Public Access refuses. Images know only the first two states
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableSnapshotBlockPublicAccess.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockState {
    Unblocked,
    /// Nothing more can be published; what is public stays public.
    BlockNewSharing,
    /// Also hides what is public. Its attribute goes on saying `all`, and it is public again as soon as this state ends.
    BlockAllSharing,
}

impl BlockState {
    /// The state of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Unblocked, Self::BlockNewSharing, Self::BlockAllSharing].into_iter().find(|state| state.name() == name)
    }

    /// EC2's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unblocked => "unblocked",
            Self::BlockNewSharing => "block-new-sharing",
            Self::BlockAllSharing => "block-all-sharing",
        }
    }
}

/// Who sets a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    Account,
    /// The organization: the account cannot change it.
    DeclarativePolicy,
}

impl Manager {
    /// The manager of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Account, Self::DeclarativePolicy].into_iter().find(|manager| manager.name() == name)
    }

    /// EC2's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::DeclarativePolicy => "declarative-policy",
        }
    }
}

/// Allowed AMIs: whose images can be seen and launched. Own images always can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedImages {
    pub state: AllowedImagesState,
    /// `None` when the source did not say.
    pub managed_by: Option<Manager>,
    /// Every provider that some criterion names: account numbers, `amazon`, `aws-marketplace`, …
    pub providers: BTreeSet<String>,
}

/// Whether Allowed AMIs keeps anything away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowedImagesState {
    Enabled,
    /// Marks what would be kept away.
    AuditMode,
    Disabled,
}

impl AllowedImagesState {
    /// The state of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Enabled, Self::AuditMode, Self::Disabled].into_iter().find(|state| state.name() == name)
    }

    /// EC2's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::AuditMode => "audit-mode",
            Self::Disabled => "disabled",
        }
    }
}
