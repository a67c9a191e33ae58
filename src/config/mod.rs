//! Configuration: what the file and the environment say, checked once and then plain data.
//!
//! Nothing here reads a file, the environment or a clock; `load` is handed the texts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::SignedDuration;

use crate::model::{AccountId, Action, Mode, Severity};

/// Everything that can be configured. `Default` is what holds without a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub mode: Mode,
    pub scope: Scope,
    pub schedule: Schedule,
    pub policies: Policies,
    pub enforce: Enforce,
    pub limits: Limits,
    pub grace: Grace,
    pub recovery: RecoverySettings,
    pub tags: TagNames,
    /// Names that policies use instead of account numbers: `AccountGroup::"partners"`.
    pub groups: BTreeMap<String, Vec<AccountId>>,
    pub organization: OrganizationSettings,
    pub replication: Replication,
    pub sns: Sns,
    pub http: Http,
    pub ledger: LedgerSettings,
}

/// Which Regions are read. `None` means every Region the account has enabled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub regions: Option<Vec<crate::model::Region>>,
}

/// When cycles run: cron expressions with seconds, in one time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub scan: String,
    pub exposure: String,
    pub time_zone: String,
}

/// Where policies are read from. Relative paths have been made relative to the configuration file. With none
/// configured the policies built into the program hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policies {
    pub directories: Vec<PathBuf>,
}

/// What mode `enforce` may do by itself; the rest is planned and reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enforce {
    pub actions: Vec<Action>,
    /// `None` means all accounts.
    pub accounts: Option<Vec<AccountId>>,
}

/// How much may be taken away, whatever the policies ask.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grace {
    pub deprecate: SignedDuration,
    pub disable: SignedDuration,
    pub deregister: SignedDuration,
    pub delete_snapshot: SignedDuration,
    pub make_private: SignedDuration,
    pub revoke_share: SignedDuration,
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
            Action::Notify | Action::Replicate => SignedDuration::ZERO,
        }
    }
}

/// What counts as recoverable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoverySettings {
    pub require_recycle_bin: bool,
    /// A rule must keep at least this long to count.
    pub minimum: SignedDuration,
}

/// Tags with a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Who belongs to us, where AWS Organizations is not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrganizationSettings {
    /// `o-…`; lets shares with the whole organization or its units be recognised as ours.
    pub id: Option<String>,
    /// Every account of ours. `Some(vec![])` is a stand-alone account; `None` is unknown, and then no share is
    /// revoked, since a stranger cannot be told from a sister account.
    pub members: Option<Vec<AccountId>>,
}

/// How copies are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replication {
    /// The KMS key for copies, per target Region. Without one the snapshots keep AWS's default key, which cannot be
    /// shared.
    pub kms_keys: BTreeMap<crate::model::Region, String>,
}

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sns {
    /// Topic ARNs by severity (`low` … `critical`), and `default`.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    pub listen: std::net::SocketAddr,
}

/// The ledger file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerSettings {
    pub path: PathBuf,
}
