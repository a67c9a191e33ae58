//! Configuration: what the file and the environment say, checked once and then plain data.
//!
//! Nothing here reads a file, the environment or a clock; `load` is handed the texts.

mod accounts;
mod consumers;
mod defaults;
mod load;
mod pattern;
mod regions;
mod sources;
mod trust;
mod values;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;
use serde::Deserialize;

use crate::model::{AccountId, Action, Mode, Region, Severity};

pub use accounts::{Accounts, Discover};
pub use consumers::{Consumer, Owner, Pattern, Pick};
pub use load::{ConfigError, VARIABLES, load};
pub use pattern::NamePattern;
pub use sources::{Sources, Unused};
pub use trust::Trust;
pub use values::cron;

/// The group of everything that belongs to us: `AccountGroup::"organization"` in policies. Not for the configuration.
pub const OURS: &str = "organization";

/// Everything that can be configured. `Default` is what holds without a file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub mode: Mode,
    pub scope: Scope,
    pub schedule: Schedule,
    pub sources: Sources,
    pub policies: Policies,
    pub enforce: Enforce,
    pub limits: Limits,
    pub grace: Grace,
    pub recovery: RecoverySettings,
    pub permissions: PermissionSettings,
    pub tags: TagNames,
    pub families: Families,
    pub managed: ManagedSettings,
    /// Names that policies use instead of account numbers: `AccountGroup::"partners"`.
    #[serde(deserialize_with = "values::groups")]
    pub groups: BTreeMap<String, Vec<AccountId>>,
    pub organization: OrganizationSettings,
    pub accounts: Accounts,
    pub trust: Trust,
    /// What finds its image by name or tags; what it would pick is in use.
    #[serde(deserialize_with = "consumers::each_once")]
    pub consumers: Vec<Consumer>,
    pub replication: Replication,
    pub sns: Sns,
    pub http: Http,
    pub ledger: LedgerSettings,
}

/// Which Regions are read. `None` means every Region the account has enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    #[serde(deserialize_with = "values::regions")]
    pub regions: Option<Vec<Region>>,
}

/// When cycles run: cron expressions with seconds, in one time zone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Full cycles.
    #[serde(deserialize_with = "values::schedule")]
    pub scan: String,
    /// Only the two public listings per place.
    #[serde(deserialize_with = "values::schedule")]
    pub exposure: String,
    #[serde(deserialize_with = "values::time_zone")]
    pub time_zone: chrono_tz::Tz,
}

/// Where policies are read from. Relative paths have been made relative to the configuration file. With none
/// configured it is `policies` beside the configuration file, and where that does not exist, the policies built into
/// the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policies {
    pub directories: Vec<PathBuf>,
}

/// What mode `enforce` may do by itself; the rest is planned and reported.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Enforce {
    pub actions: Vec<Action>,
    /// `None` means all accounts.
    #[serde(deserialize_with = "values::accounts_or_all")]
    pub accounts: Option<Vec<AccountId>>,
}

/// How much may be taken away, whatever the policies ask.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Rate: steps per place and cycle.
    pub per_place: usize,
    /// Rate: steps per cycle.
    pub per_cycle: usize,
    /// Tripwire: more newly due than this in a place ...
    pub tripwire_count: usize,
    /// ... and more than this share of its images and snapshots.
    pub tripwire_percent: f64,
    /// Tripwire: more newly due than this in the whole estate.
    pub tripwire_estate: usize,
}

/// How long a step must stay due, per action.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grace {
    #[serde(deserialize_with = "values::duration")]
    pub deprecate: SignedDuration,
    #[serde(deserialize_with = "values::duration")]
    pub disable: SignedDuration,
    #[serde(deserialize_with = "values::duration")]
    pub deregister: SignedDuration,
    #[serde(rename = "deleteSnapshot", deserialize_with = "values::duration")]
    pub delete_snapshot: SignedDuration,
    #[serde(rename = "makePrivate", deserialize_with = "values::duration")]
    pub make_private: SignedDuration,
    #[serde(rename = "revokeShare", deserialize_with = "values::duration")]
    pub revoke_share: SignedDuration,
    #[serde(rename = "blockPublicAccess", deserialize_with = "values::duration")]
    pub block_public_access: SignedDuration,
}

impl Grace {
    /// The grace of `action`; what adds or reports has none.
    pub fn of(&self, action: Action) -> SignedDuration {
        match action {
            Action::Deprecate => self.deprecate,
            Action::Disable => self.disable,
            Action::Deregister => self.deregister,
            Action::DeleteSnapshot => self.delete_snapshot,
            Action::MakePrivate => self.make_private,
            Action::RevokeShare => self.revoke_share,
            Action::BlockPublicAccess => self.block_public_access,
            Action::Notify | Action::Replicate => SignedDuration::ZERO,
        }
    }
}

/// What counts as recoverable.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecoverySettings {
    pub require_recycle_bin: bool,
    /// A rule must keep at least this long to count.
    #[serde(deserialize_with = "values::duration")]
    pub minimum: SignedDuration,
}

/// How often launch and create-volume permissions are asked for, one call each.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PermissionSettings {
    /// Ask again only for what CloudTrail names.
    pub cloudtrail: bool,
    /// Ask again in any case after this.
    #[serde(deserialize_with = "values::duration")]
    pub reread: SignedDuration,
}

/// Tags with a meaning.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TagNames {
    /// Any of these on a resource: untouchable.
    pub keep: Vec<String>,
    /// Any of these becomes the fact `legalHold`.
    pub hold: Vec<String>,
    pub family: String,
    pub version: String,
    /// Lists the Regions an image wants copies in, separated by spaces or commas.
    pub replicate: String,
}

/// How families are told where no tag tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Families {
    /// Tried in their order; the first that matches a name says its family and version.
    pub patterns: Vec<NamePattern>,
}

/// Who else is in charge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ManagedSettings {
    /// Tools that AWS does not know, told by a tag. The first that fits counts.
    pub tools: Vec<Tool>,
}

/// Another tool that makes and retires images or snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// The tag it leaves on what it made.
    #[serde(deserialize_with = "values::tag_key")]
    pub tag: String,
    /// The tag's value; without one any value tells it.
    #[serde(default)]
    pub value: Option<String>,
    /// The value of the fact `managedBy`.
    #[serde(deserialize_with = "values::tool_name")]
    pub name: String,
    /// Where people find it: an address or a sentence.
    #[serde(default)]
    pub console: Option<String>,
}

/// Who belongs to us, where AWS Organizations is not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrganizationSettings {
    /// `o-…`; lets shares with the whole organization or its units be recognised as ours.
    #[serde(deserialize_with = "values::organization_id")]
    pub id: Option<String>,
    /// Every account of ours. `Some(vec![])` is a stand-alone account; `None` is unknown, and then no share is
    /// revoked, since a stranger cannot be told from a sister account.
    #[serde(deserialize_with = "values::members")]
    pub members: Option<Vec<AccountId>>,
}

/// How copies are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Replication {
    /// The KMS key for copies, per target Region. Without one the snapshots keep AWS's default key, which cannot be
    /// shared.
    pub kms_keys: BTreeMap<Region, String>,
}

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sns {
    /// Topic ARNs by severity (`low` … `critical`), and `default`.
    #[serde(deserialize_with = "values::topics")]
    pub topics: BTreeMap<String, String>,
    /// At most this many single messages per topic and cycle; the rest is in the digest.
    pub max_messages: usize,
}

impl Sns {
    /// The topic for messages of that severity, if any is configured.
    pub fn topic(&self, severity: Severity) -> Option<&str> {
        self.topics.get(severity.name()).or_else(|| self.topics.get("default")).map(String::as_str)
    }
}

/// The health endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    #[serde(deserialize_with = "values::address")]
    pub listen: std::net::SocketAddr,
}

/// The ledger file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LedgerSettings {
    pub path: PathBuf,
}
