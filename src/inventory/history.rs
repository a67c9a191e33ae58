//! What AWS does not tell and only a witness knows: when something was first seen, how long a step has
//! been due, what failed. The ledger keeps it between cycles; `record` writes it to `history.json`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Action, AmiId, Context, Gap, Place, Region, ResourceId, SnapshotId, Source};

use super::failed_launches::FailedLaunches;
use super::membership::Membership;
use super::sight::Reading;
use super::trail::Remembered;

/// One thing that can be due: a resource, an action and what it is aimed at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Triple {
    #[serde(flatten)]
    pub place: Place,
    pub action: Action,
    pub resource: ResourceId,
    #[serde(default)]
    pub context: Context,
}

/// The memory of earlier cycles. Written as lists, so that any JSON tool can read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Grace clocks of everything due.
    #[serde(default, with = "pairs")]
    pub clocks: BTreeMap<Triple, Clock>,
    /// Steps that failed and have not succeeded since.
    #[serde(default, with = "pairs")]
    pub failures: BTreeMap<Triple, Failures>,
    /// When an image was first seen disabled.
    #[serde(default)]
    pub disabled_since: BTreeMap<AmiId, Timestamp>,
    /// When a snapshot was first seen without the image it was made for.
    #[serde(default)]
    pub orphaned_since: BTreeMap<SnapshotId, Timestamp>,
    /// The snapshots behind every image seen, kept while it lies in the Recycle Bin.
    #[serde(default)]
    pub mappings: BTreeMap<AmiId, Mapping>,
    /// Images that were seen protected from deregistration with cooldown.
    #[serde(default)]
    pub cooldowns: BTreeMap<AmiId, Cooldown>,
    /// What images that live were made from: it stands in for a place that does not answer for a while.
    #[serde(default)]
    pub parents: BTreeMap<AmiId, Parent>,
    /// When the images of a place were last listed completely.
    #[serde(default, with = "pairs")]
    pub listed_at: BTreeMap<Place, Timestamp>,
    /// When a Recycle Bin rule was first seen; a first rule takes up to 30 minutes to work.
    #[serde(default)]
    pub rules_since: BTreeMap<String, Timestamp>,
    /// Copies that were started and are not yet available.
    #[serde(default, with = "pairs")]
    pub copies: BTreeMap<Triple, Copy>,
    /// Images and snapshots in a place when it was last listed: what an exposure scan measures its tripwire against.
    #[serde(default, with = "pairs")]
    pub sizes: BTreeMap<Place, usize>,
    /// Who may use an image or snapshot, as it was read; a recording has files of its own for that.
    #[serde(skip)]
    pub permissions: BTreeMap<ResourceId, Remembered>,
    /// Launches that CloudTrail saw fail, kept as long as they count as use.
    #[serde(default, with = "pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub failed_launches: BTreeMap<Place, FailedLaunches>,
    /// Up to when CloudTrail has been read for changes of them.
    #[serde(skip)]
    pub watched: BTreeMap<Place, Timestamp>,
    /// Members of the organization when it was last completely listed, and those that were members before.
    #[serde(default)]
    pub members: BTreeMap<AccountId, Membership>,
    /// What each place was last seen to use of other accounts' images and snapshots, when all of it answered.
    #[serde(default, with = "pairs")]
    pub readings: BTreeMap<Place, Reading>,
    /// In a record: the sources that were asked beyond those every record holds. One of them whose file is missing did
    /// not answer; any other was not asked. Not for the ledger.
    #[serde(default, with = "pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub recorded: BTreeMap<Place, BTreeSet<Source>>,
    /// In a record: the Regions and accounts that could not be entered. Not for the ledger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unreached: Vec<Gap>,
}

/// How long a step has been due. It runs only over cycles that judged it due and free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// When it entered pending: what "oldest first" sorts by.
    pub since: Timestamp,
    /// Time counted so far, in seconds.
    pub elapsed_seconds: i64,
    /// The last cycle that counted; `None` while the clock is paused.
    pub running_since: Option<Timestamp>,
    /// Whether it has passed the tripwire, by itself or by approval.
    pub admitted: bool,
}

impl Clock {
    /// The time counted by `now`, if the clock is read in a cycle that judged the step due and free.
    pub fn elapsed(&self, now: Timestamp) -> SignedDuration {
        let counted = SignedDuration::from_secs(self.elapsed_seconds.max(0));
        let running = self.running_since.map_or(SignedDuration::ZERO, |since| super::facts::since(since, now));
        counted.saturating_add(running)
    }
}

/// How often in a row a step failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    pub count: u32,
    pub last_at: Timestamp,
    /// The AWS error code.
    pub code: String,
    pub message: String,
}

/// An image's snapshots, with the place it was seen in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    pub place: Place,
    pub snapshots: BTreeSet<SnapshotId>,
}

/// Deregistration protection with cooldown. EC2 refuses to deregister for 24 hours after it was taken off, and does not tell
/// when that was (EC2 user guide, "Protect an AMI from deregistration").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cooldown {
    /// The last cycle that saw it protected.
    pub protected_at: Timestamp,
    /// The first one after it that did not: it was taken off then at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_off_at: Option<Timestamp>,
}

impl Cooldown {
    const LENGTH: SignedDuration = SignedDuration::from_hours(24);

    /// Until when EC2 may refuse, given that it is not protected at `now`; `None` when that is over.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let off = self.seen_off_at.unwrap_or(now);
        let until = off.checked_add(Self::LENGTH).unwrap_or(Timestamp::MAX);
        (now < until).then_some(until)
    }
}

/// What an image that lives was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Where the image itself lives.
    pub place: Place,
    /// The image it was made from.
    pub image: AmiId,
    pub region: Region,
}

/// A copy on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    pub image: AmiId,
    pub started_at: Timestamp,
}

/// Maps whose keys are not strings, as lists of pairs.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(map: &BTreeMap<K, V>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
