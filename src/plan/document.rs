//! The plan as data: what `plan --format json` prints, `apply` enacts and the ledger keeps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::inventory::Triple;
use crate::model::{Action, Context, Gap, Place, Principal, ResourceId, Severity};

/// What one cycle decided. Everything due is in exactly one of `steps`, `pending` and `held`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this format.
    pub version: u32,
    /// SHA-256 of the canonical JSON without `plan_id` and `now`, in hex.
    pub plan_id: String,
    pub now: Timestamp,
    /// Whether every source of every place answered.
    pub complete: bool,
    /// Who asks: `automatic`, or `after-approval` when a person does.
    pub principal: Principal,
    pub gaps: Vec<Gap>,
    /// Due and safe now, whatever the mode.
    pub steps: Vec<Entry>,
    /// Due and free, but not for long enough.
    pub pending: Vec<Entry>,
    /// Due, but held back.
    pub held: Vec<Entry>,
    /// Only reported.
    pub findings: Vec<Finding>,
    /// Resources for which nothing is due, per place.
    pub untouched: Vec<Untouched>,
}

/// One due action on one resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub action: Action,
    #[serde(flatten)]
    pub place: Place,
    pub resource: ResourceId,
    /// The resource's name, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub context: Context,
    /// The ids of the policies that ask for it, sorted.
    pub because: Vec<String>,
    /// The highest severity among them.
    pub severity: Severity,
    /// Whether mode and `[enforce]` let the daemon do it by itself.
    #[serde(default)]
    pub enact: bool,
    /// Until when the Recycle Bin could give it back, if done now. `null` for what stays reversible or never is.
    #[serde(default)]
    pub reversible_until: Option<Timestamp>,
    /// In `pending` only: when it may be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// In `held` only: every reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held_by: Vec<Hold>,
    /// In `held` only: whether `approve` can release it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approvable: bool,
}

impl Entry {
    /// What identifies it from cycle to cycle.
    pub fn triple(&self) -> Triple {
        Triple { place: self.place.clone(), action: self.action, resource: self.resource.clone(), context: self.context.clone() }
    }
}

/// One reason why a due action is not done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hold {
    pub kind: HoldKind,
    /// The interlock, policy id, source, limit or error code.
    pub name: String,
    /// For people: which instance, which error, which count.
    pub detail: String,
}

/// What kind of reason it is. Nothing but a limit yields to approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldKind {
    Error,
    Gap,
    Interlock,
    Limit,
    Policy,
}

impl HoldKind {
    /// As in the plan's JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Gap => "gap",
            Self::Interlock => "interlock",
            Self::Limit => "limit",
            Self::Policy => "policy",
        }
    }
}

/// Something to report; nothing is done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub action: Action,
    #[serde(flatten)]
    pub place: Place,
    pub resource: ResourceId,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub because: Vec<String>,
    pub severity: Severity,
    /// What it is about, where the policy's title does not say it all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What a finding that no policy asked for is about; `None` for the id of a policy.
pub fn own_title(because: &str) -> Option<&'static str> {
    Some(match because {
        "no-recycle-bin-rule" => "No Recycle Bin rule keeps what is taken away",
        "unused-source-expired" => "A declaration of an unused source has run out",
        "encrypted-parameters" => "Encrypted parameters were not read",
        _ if because.starts_with("managed-by-") => "Somebody else is in charge",
        _ => return None,
    })
}

/// How much of a place nothing is due for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untouched {
    #[serde(flatten)]
    pub place: Place,
    pub images: usize,
    pub snapshots: usize,
}
