//! What keeps single snapshots from being deleted: `DescribeFastSnapshotRestores` and `DescribeLockedSnapshots`.

use aws_sdk_ec2::types::{self as sdk, Filter};

use super::{EC2_PAGE, list, time};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{DescribeFastSnapshotRestores, DescribeLockedSnapshots, FastSnapshotRestore, LockedSnapshot};
use crate::model::SnapshotId;

/// EC2 allows at most this many entries on a page of Fast Snapshot Restores.
const RESTORE_PAGE: i32 = 200;

/// Every snapshot and Availability Zone with Fast Snapshot Restore, in every state.
pub async fn fast_restores(clients: &Clients) -> Result<DescribeFastSnapshotRestores, AwsError> {
    restores(clients, None).await
}

/// The Availability Zones in which one snapshot has Fast Snapshot Restore: the last look before it goes. A server that does
/// not know the filter answers with everything, so the ids have to be looked at as well.
pub async fn fast_restores_of(clients: &Clients, snapshot: &SnapshotId) -> Result<DescribeFastSnapshotRestores, AwsError> {
    restores(clients, Some(Filter::builder().name("snapshot-id").values(snapshot.as_str()).build())).await
}

async fn restores(clients: &Clients, filter: Option<Filter>) -> Result<DescribeFastSnapshotRestores, AwsError> {
    let filters = filter.map(|filter| vec![filter]);
    let restores = all_pages("FastSnapshotRestores", |token| {
        let filters = filters.clone();
        async move {
            clients.turn(Api::read("DescribeFastSnapshotRestores")).await;
            let page = clients
                .ec2
                .describe_fast_snapshot_restores()
                .set_filters(filters)
                .max_results(RESTORE_PAGE)
                .set_next_token(token)
                .send()
                .await
                .map_err(AwsError::of)?;
            let convert = |restore: sdk::DescribeFastSnapshotRestoreSuccessItem| FastSnapshotRestore {
                snapshot_id: restore.snapshot_id,
                availability_zone: restore.availability_zone,
                state: restore.state.map(|state| state.as_str().to_owned()),
            };
            Ok(Page { items: list(page.fast_snapshot_restores, convert), next: page.next_token })
        }
    });
    Ok(DescribeFastSnapshotRestores { fast_snapshot_restores: Some(restores.await?) })
}

/// Every snapshot that is or was locked, in every state of its lock.
pub async fn locked_snapshots(clients: &Clients) -> Result<DescribeLockedSnapshots, AwsError> {
    locked(clients, None).await
}

/// The lock of one snapshot, if it has or had one: the last look before it goes.
pub async fn lock_of(clients: &Clients, snapshot: &SnapshotId) -> Result<DescribeLockedSnapshots, AwsError> {
    locked(clients, Some(snapshot)).await
}

async fn locked(clients: &Clients, only: Option<&SnapshotId>) -> Result<DescribeLockedSnapshots, AwsError> {
    let locked = all_pages("Snapshots", |token| async move {
        clients.turn(Api::read("DescribeLockedSnapshots")).await;
        let page = clients
            .ec2
            .describe_locked_snapshots()
            .set_snapshot_ids(only.map(|id| vec![id.to_string()]))
            // EC2 takes no page size beside ids.
            .set_max_results(only.is_none().then_some(EC2_PAGE))
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        let convert = |lock: sdk::LockedSnapshotsInfo| LockedSnapshot {
            snapshot_id: lock.snapshot_id,
            lock_state: lock.lock_state.map(|state| state.as_str().to_owned()),
            lock_expires_on: time(lock.lock_expires_on),
        };
        Ok(Page { items: list(page.snapshots, convert), next: page.next_token })
    });
    Ok(DescribeLockedSnapshots { snapshots: Some(locked.await?) })
}
