//! What the warden can do, and how weighty it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Grantee, Region, Shareable};

/// One verb per thing the warden can do. The order is the ladder: exposure ends first, snapshots go
/// last, and copies are made when everything else is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    MakePrivate,
    RevokeShare,
    /// Keeps what is private from becoming public; what is public already stays so.
    BlockPublicAccess,
    Notify,
    Deprecate,
    Disable,
    Deregister,
    DeleteSnapshot,
    Replicate,
}

/// How much an action takes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionClass {
    /// Says something, changes nothing.
    Report,
    /// Adds a resource; nothing is taken away.
    Additive,
    /// Takes something away that AWS can give back.
    Restrictive,
    /// Only the Recycle Bin can bring back what this removes.
    Destructive,
}

impl Action {
    /// All actions in ladder order.
    pub const ALL: [Self; 9] = [
        Self::MakePrivate,
        Self::RevokeShare,
        Self::BlockPublicAccess,
        Self::Notify,
        Self::Deprecate,
        Self::Disable,
        Self::Deregister,
        Self::DeleteSnapshot,
        Self::Replicate,
    ];

    /// The name in Cedar, in the plan's JSON and in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::MakePrivate => "makePrivate",
            Self::RevokeShare => "revokeShare",
            Self::BlockPublicAccess => "blockPublicAccess",
            Self::Notify => "notify",
            Self::Deprecate => "deprecate",
            Self::Disable => "disable",
            Self::Deregister => "deregister",
            Self::DeleteSnapshot => "deleteSnapshot",
            Self::Replicate => "replicate",
        }
    }

    /// The weight of this action.
    pub fn class(self) -> ActionClass {
        match self {
            Self::Notify => ActionClass::Report,
            Self::Replicate => ActionClass::Additive,
            Self::MakePrivate | Self::RevokeShare | Self::BlockPublicAccess | Self::Deprecate | Self::Disable => ActionClass::Restrictive,
            Self::Deregister | Self::DeleteSnapshot => ActionClass::Destructive,
        }
    }

    /// Whether somebody who uses the resource would lose it.
    pub fn takes_from_users(self) -> bool {
        self == Self::Disable || self.class() == ActionClass::Destructive
    }

    /// Whether rate and tripwire count this action: everything that takes something away.
    pub fn takes_away(self) -> bool {
        matches!(self.class(), ActionClass::Restrictive | ActionClass::Destructive)
    }

    /// Whether this action ends exposure, or keeps it from beginning. No doubt about use may hold it: a kept image must not
    /// stay public.
    pub fn ends_exposure(self) -> bool {
        matches!(self, Self::MakePrivate | Self::RevokeShare | Self::BlockPublicAccess)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What an action is aimed at beyond its resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// revokeShare: whose share ends. An account id, or the ARN of an organization or unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grantee: Option<Grantee>,
    /// replicate: the Region that gets a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Region>,
    /// blockPublicAccess: what can no longer be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Shareable>,
}

impl Context {
    /// The context of an action that needs none.
    pub fn none() -> Self {
        Self::default()
    }

    /// The context of revokeShare.
    pub fn grantee(grantee: Grantee) -> Self {
        Self { grantee: Some(grantee), ..Self::default() }
    }

    /// The context of replicate.
    pub fn target(target: Region) -> Self {
        Self { target: Some(target), ..Self::default() }
    }

    /// The context of blockPublicAccess.
    pub fn of(of: Shareable) -> Self {
        Self { of: Some(of), ..Self::default() }
    }
}

/// How urgent a policy calls its matter; `@severity` in a policy, a topic and a filter in SNS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    #[default]
    Medium,
    High,
    Critical,
}

impl Severity {
    /// The word used in annotations, JSON and message attributes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// On whose authority a plan is made; the `principal` of every Cedar request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    #[default]
    Automatic,
    AfterApproval,
}

impl Principal {
    /// The id of the Cedar entity.
    pub fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::AfterApproval => "after-approval",
        }
    }
}

/// How far the daemon may go by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Look, plan and record; tell nobody, change nothing.
    #[default]
    Observe,
    /// Also report through SNS.
    Notify,
    /// Also act, within `[enforce]`.
    Enforce,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Observe => "observe",
            Self::Notify => "notify",
            Self::Enforce => "enforce",
        })
    }
}
