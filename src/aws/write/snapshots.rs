//! Delete a snapshot.

use super::{WriteOutcome, Writer};
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::model::SnapshotId;

impl Writer {
    /// Deletes a snapshot, into the Recycle Bin where a rule covers it. EC2 refuses while a registered image has it as
    /// its root, but promises nothing for data volumes.
    pub async fn delete_snapshot(&self, snapshot: &SnapshotId) -> WriteOutcome {
        self.send(Api::heavy("DeleteSnapshot"), |ec2| async move {
            ec2.delete_snapshot().snapshot_id(snapshot.as_str()).send().await.map_err(AwsError::of)?;
            Ok(())
        })
        .await
    }
}
