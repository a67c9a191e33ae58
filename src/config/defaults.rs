//! What holds without a configuration: look, and take nothing away.

use jiff::SignedDuration;

use crate::model::Action;

use super::{Enforce, Grace, Http, LedgerSettings, Limits, PermissionSettings, RecoverySettings, Schedule, Sns, TagNames};

const fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

impl Default for Schedule {
    fn default() -> Self {
        Self { scan: "0 15 */6 * * *".into(), exposure: "0 */10 * * * *".into(), time_zone: chrono_tz::UTC }
    }
}

impl Default for Enforce {
    /// Nothing destructive until somebody writes it into the file.
    fn default() -> Self {
        Self { actions: vec![Action::Notify, Action::MakePrivate, Action::Deprecate], accounts: None }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_place: 25, per_cycle: 100, tripwire_count: 25, tripwire_percent: 5.0, tripwire_estate: 100 }
    }
}

impl Default for Grace {
    fn default() -> Self {
        Self {
            deprecate: days(0),
            disable: days(7),
            deregister: days(14),
            delete_snapshot: days(14),
            make_private: days(0),
            revoke_share: days(7),
            block_public_access: days(7),
        }
    }
}

impl Default for RecoverySettings {
    fn default() -> Self {
        Self { require_recycle_bin: true, minimum: days(7) }
    }
}

impl Default for PermissionSettings {
    fn default() -> Self {
        Self { cloudtrail: true, reread: days(7) }
    }
}

impl Default for TagNames {
    fn default() -> Self {
        Self {
            keep: vec!["keep".into()],
            hold: vec!["legal-hold".into()],
            family: "family".into(),
            version: "version".into(),
            replicate: "replicate-to".into(),
        }
    }
}

impl Default for Sns {
    /// No topics; when there are some, twenty single messages per topic and cycle.
    fn default() -> Self {
        Self { topics: std::collections::BTreeMap::new(), max_messages: 20 }
    }
}

impl Default for Http {
    /// Loopback only: whoever wants it elsewhere says so.
    fn default() -> Self {
        Self { listen: ([127, 0, 0, 1], 9470).into() }
    }
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self { path: "/var/lib/ami-warden/ledger.db".into() }
    }
}
