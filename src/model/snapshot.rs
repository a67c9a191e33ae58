//! An EBS snapshot as its Region lists it.

use jiff::Timestamp;

use super::{AccountId, AmiId, SnapshotId, Tags};

/// One snapshot. An `Option` is `None` when AWS did not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub id: SnapshotId,
    pub owner: AccountId,
    pub description: Option<String>,
    pub state: String,
    pub started_at: Timestamp,
    /// `vol-ffffffff` for copies: they have no volume.
    pub volume_id: Option<String>,
    pub size_gib: i64,
    pub encrypted: Option<bool>,
    pub kms_key: Option<String>,
    /// `standard` or `archive`.
    pub storage_tier: String,
    pub tags: Tags,
}

impl Snapshot {
    /// The image its description says it was made for, as EC2 writes it: `Created by CreateImage(i-…) for
    /// ami-…` and `Copied for DestinationAmi ami-… from SourceAmi ami-…`. The first id is the own one.
    pub fn made_for(&self) -> Option<AmiId> {
        let description = self.description.as_deref()?;
        let made_by_ec2 = description.starts_with("Created by CreateImage(") || description.starts_with("Copied for DestinationAmi ");
        let id = description.split_whitespace().find(|word| word.starts_with("ami-"))?;
        made_by_ec2.then(|| id.trim_end_matches('.').into())
    }
}
