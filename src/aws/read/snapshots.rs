//! `DescribeSnapshots`.

use aws_sdk_ec2::types as sdk;

use super::{EC2_PAGE, Lookup, list, tags, time};
use crate::aws::clients::Clients;
use crate::aws::error::AwsError;
use crate::aws::pace::Api;
use crate::aws::pages::{Page, all_pages};
use crate::inventory::answers::{DescribeSnapshots, Snapshot};
use crate::model::SnapshotId;

const API: Api = Api::read("DescribeSnapshots");

/// All own snapshots.
pub async fn snapshots(clients: &Clients) -> Result<DescribeSnapshots, AwsError> {
    listing(clients, None).await
}

/// The own snapshots that everybody may make volumes of: one paged query, never one call per snapshot. moto ignores
/// the restriction and lists all of them, so the permission is read again before anything is done about it.
pub async fn public_snapshots(clients: &Clients) -> Result<DescribeSnapshots, AwsError> {
    listing(clients, Some("all")).await
}

async fn listing(clients: &Clients, restorable_by: Option<&str>) -> Result<DescribeSnapshots, AwsError> {
    let snapshots = all_pages("Snapshots", |token| async move {
        clients.turn(API).await;
        let page = clients
            .ec2
            .describe_snapshots()
            .owner_ids("self")
            .set_restorable_by_user_ids(restorable_by.map(|who| vec![who.to_owned()]))
            .max_results(EC2_PAGE)
            .set_next_token(token)
            .send()
            .await
            .map_err(AwsError::of)?;
        Ok(Page { items: list(page.snapshots, convert), next: page.next_token })
    });
    Ok(DescribeSnapshots { snapshots: Some(snapshots.await?) })
}

/// One snapshot, whatever its state.
pub async fn snapshot(clients: &Clients, id: &SnapshotId) -> Result<Lookup<Snapshot>, AwsError> {
    clients.turn(API).await;
    let answer = clients.ec2.describe_snapshots().snapshot_ids(id.as_str()).send().await.map_err(AwsError::of);
    let Lookup::Found(answer) = Lookup::of(answer)? else { return Ok(Lookup::Gone) };
    let snapshots = answer.snapshots.ok_or_else(|| AwsError::malformed("the answer lacks its list `Snapshots`"))?;
    match snapshots.into_iter().next() {
        Some(snapshot) if snapshot.snapshot_id.as_deref() == Some(id.as_str()) => Ok(Lookup::Found(convert(snapshot))),
        Some(_) => Err(AwsError::malformed(format!("asked for {id}, the answer is about another snapshot"))),
        None => Ok(Lookup::Gone),
    }
}

fn convert(snapshot: sdk::Snapshot) -> Snapshot {
    Snapshot {
        snapshot_id: snapshot.snapshot_id,
        owner_id: snapshot.owner_id,
        description: snapshot.description,
        state: snapshot.state.map(|state| state.as_str().to_owned()),
        start_time: time(snapshot.start_time),
        volume_id: snapshot.volume_id,
        volume_size: snapshot.volume_size.map(i64::from),
        encrypted: snapshot.encrypted,
        kms_key_id: snapshot.kms_key_id,
        storage_tier: snapshot.storage_tier.map(|tier| tier.as_str().to_owned()),
        tags: tags(snapshot.tags),
    }
}
