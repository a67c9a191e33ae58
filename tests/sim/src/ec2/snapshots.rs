//! DescribeSnapshots, and who sees a snapshot.

use std::collections::BTreeSet;

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, page};
use crate::wire::xml::{Xml, millis};
use crate::world::image::{Permission, Tags};
use crate::world::snapshot::Snapshot;
use crate::world::{Place, World};

use super::filter::Filters;
use super::well_formed;

const FILTERS: [&str; 10] =
    ["description", "encrypted", "owner-id", "progress", "snapshot-id", "start-time", "status", "storage-tier", "volume-id", "volume-size"];

/// Under `block-all-sharing` public snapshots "are treated as private", although their attribute goes on saying public.
fn may_restore(account: &str, place: &Place, snapshot: &Snapshot) -> bool {
    snapshot.owner == account
        || (snapshot.is_public() && place.snapshot_block.state != "block-all-sharing")
        || snapshot.permissions.contains(&Permission::Account(account.to_owned()))
}

/// Every snapshot that an account can make volumes of; only these ids, if any.
pub(crate) fn visible<'w>(world: &'w World, account: &str, region: &str, ids: &BTreeSet<&str>) -> Vec<&'w Snapshot> {
    let partition = world.partition(account);
    let mut all = Vec::new();
    for (owner, place_region, place) in world.places() {
        if place_region != region || world.partition(owner) != partition {
            continue;
        }
        let may = |snapshot: &&Snapshot| may_restore(account, place, snapshot);
        if ids.is_empty() {
            all.extend(place.snapshots.values().filter(may));
        } else {
            all.extend(ids.iter().filter_map(|id| place.snapshots.get(*id)).filter(may));
        }
    }
    all
}

pub(crate) fn not_found(id: &str) -> AwsError {
    AwsError::client("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist."))
}

pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let account = call.account();
    let ids: BTreeSet<&str> = call.params.list("SnapshotId").into_iter().collect();
    let filters = Filters::of(call)?;
    filters.check(&FILTERS)?;
    let owners = call.params.list("Owner");
    let users = call.params.list("RestorableBy");
    let seen = visible(world, account, &call.region, &ids);
    for id in &ids {
        well_formed(id, "snap", "InvalidSnapshotID.Malformed")?;
        if !seen.iter().any(|snapshot| snapshot.id == *id) {
            return Err(not_found(id));
        }
    }
    let mut found = Vec::new();
    let no_tags = Tags::new();
    for snapshot in seen {
        let own = snapshot.owner == account;
        let tags = if own { &snapshot.tags } else { &no_tags };
        let shown = (ids.is_empty() || ids.contains(snapshot.id.as_str()))
            && is_owner(&owners, account, snapshot)
            && is_restorable(&users, account, snapshot);
        if shown && filters.pass(tags, |name| field(snapshot, name))? {
            found.push((snapshot.id.as_str(), snapshot));
        }
    }
    let page = page(world, call, LARGE, found)?;
    let mut xml = Xml::default();
    xml.items("snapshotSet", page.items, |xml, snapshot| write(xml, snapshot, account));
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

fn is_owner(owners: &[&str], account: &str, snapshot: &Snapshot) -> bool {
    let is = |owner: &&str| snapshot.owner == if *owner == "self" { account } else { *owner };
    owners.is_empty() || owners.iter().any(is)
}

/// `all` are the public ones. `self` and an account: those shared with it by name, and its own.
fn is_restorable(users: &[&str], account: &str, snapshot: &Snapshot) -> bool {
    users.is_empty()
        || users.iter().any(|user| match *user {
            "all" => snapshot.is_public(),
            user => {
                let user = if user == "self" { account } else { user };
                snapshot.owner == user || snapshot.permissions.contains(&Permission::Account(user.to_owned()))
            }
        })
}

fn field(snapshot: &Snapshot, name: &str) -> Option<Vec<String>> {
    let value = match name {
        "description" => snapshot.description.clone(),
        "encrypted" => snapshot.encrypted.to_string(),
        "owner-id" => snapshot.owner.clone(),
        "progress" => progress(snapshot).to_owned(),
        "snapshot-id" => snapshot.id.clone(),
        "start-time" => millis(snapshot.started),
        "status" => snapshot.state.as_str().to_owned(),
        "storage-tier" => snapshot.tier.clone(),
        "volume-id" => snapshot.volume.clone(),
        "volume-size" => snapshot.volume_size.to_string(),
        _ => return None,
    };
    Some(vec![value])
}

fn progress(snapshot: &Snapshot) -> &'static str {
    if snapshot.completed.is_some() { "100%" } else { "0%" }
}

/// The fields of a snapshot, as DescribeSnapshots and RestoreSnapshotFromRecycleBin show them.
pub(crate) fn write_core(xml: &mut Xml, snapshot: &Snapshot) {
    xml.text("snapshotId", &snapshot.id);
    xml.text("volumeId", &snapshot.volume);
    xml.text("status", snapshot.state.as_str());
    xml.time("startTime", snapshot.started);
    xml.text("progress", progress(snapshot));
    xml.text("ownerId", &snapshot.owner);
    xml.text("volumeSize", snapshot.volume_size);
    xml.text("description", &snapshot.description);
    xml.text("encrypted", snapshot.encrypted);
}

fn write(xml: &mut Xml, snapshot: &Snapshot, reader: &str) {
    write_core(xml, snapshot);
    xml.text("storageTier", &snapshot.tier);
    xml.maybe("kmsKeyId", snapshot.kms_key.as_deref());
    xml.maybe("completionTime", snapshot.completed.map(millis));
    xml.maybe("fullSnapshotSizeInBytes", snapshot.full_size);
    if snapshot.owner == reader && !snapshot.tags.is_empty() {
        super::tags::write(xml, &snapshot.tags);
    }
}
