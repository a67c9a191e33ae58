//! What protects single snapshots, and the settings of a whole Region.

use serde::{Deserialize, Serialize};

use super::List;
use super::ec2::shape;

shape! {
    /// `aws ec2 describe-fast-snapshot-restores`
    DescribeFastSnapshotRestores { fast_snapshot_restores: List<FastSnapshotRestore> }

    FastSnapshotRestore { snapshot_id: Option<String>, availability_zone: Option<String>, state: Option<String> }

    /// `aws ec2 describe-locked-snapshots`
    DescribeLockedSnapshots { snapshots: List<LockedSnapshot> }

    LockedSnapshot { snapshot_id: Option<String>, lock_state: Option<String>, lock_expires_on: Option<String> }

    /// `aws ec2 list-snapshots-in-recycle-bin`
    ListSnapshotsInRecycleBin { snapshots: List<SnapshotInRecycleBin> }

    SnapshotInRecycleBin {
        snapshot_id: Option<String>,
        volume_id: Option<String>,
        recycle_bin_enter_time: Option<String>,
        recycle_bin_exit_time: Option<String>,
    }

    /// `aws ec2 get-image-block-public-access-state`: `block-new-sharing` or `unblocked`
    GetImageBlockPublicAccessState { image_block_public_access_state: Option<String>, managed_by: Option<String> }

    /// `aws ec2 get-snapshot-block-public-access-state`: `block-all-sharing`, `block-new-sharing` or `unblocked`
    GetSnapshotBlockPublicAccessState { state: Option<String>, managed_by: Option<String> }

    /// `aws ec2 get-allowed-images-settings`: `enabled`, `audit-mode` or `disabled`
    GetAllowedImagesSettings { state: Option<String>, managed_by: Option<String>, image_criteria: List<ImageCriterion> }

    ImageCriterion { image_providers: List<String>, image_names: List<String>, marketplace_product_codes: List<String> }
}
