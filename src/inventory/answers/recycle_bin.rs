//! The Recycle Bin's answers: what lies in it, and the rules that put it there.

use serde::{Deserialize, Serialize};

use super::List;
use super::ec2::shape;

shape! {
    /// `aws ec2 list-images-in-recycle-bin`. It gives no block device mappings.
    ListImagesInRecycleBin { images: List<ImageInRecycleBin> }

    ImageInRecycleBin {
        image_id: Option<String>,
        name: Option<String>,
        recycle_bin_enter_time: Option<String>,
        recycle_bin_exit_time: Option<String>,
    }

    /// `aws rbin list-rules` of both resource types, merged
    ListRules { rules: List<RuleSummary> }

    RuleSummary { identifier: Option<String>, description: Option<String>, retention_period: Option<RetentionPeriod> }

    /// `aws rbin get-rule --identifier …`
    GetRule {
        identifier: Option<String>,
        description: Option<String>,
        resource_type: Option<String>,
        retention_period: Option<RetentionPeriod>,
        resource_tags: List<ResourceTag>,
        exclude_resource_tags: List<ResourceTag>,
        status: Option<String>,
        lock_state: Option<String>,
    }

    RetentionPeriod { retention_period_value: Option<i64>, retention_period_unit: Option<String> }

    /// A tag key, with a value or any.
    ResourceTag { resource_tag_key: Option<String>, resource_tag_value: Option<String> }
}
