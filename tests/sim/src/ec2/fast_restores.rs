//! Fast Snapshot Restore: enabled per snapshot and Availability Zone, paid by the hour, and in the way of DeleteSnapshot.
//!
//! Zone ids (`use1-az1`) are not understood, only the names.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, Sizes, page};
use crate::wire::xml::{Xml, millis};
use crate::world::World;
use crate::world::image::Tags;
use crate::world::snapshot::{FastRestore, Snapshot};

use super::filter::Filters;
use super::snapshots::{not_found, visible};
use super::well_formed;

const SIZES: Sizes = Sizes { least: 0, most: 200, default: Some(200), ..LARGE };
const FILTERS: [&str; 4] = ["availability-zone", "owner-id", "snapshot-id", "state"];

/// Those that the caller enabled, on snapshots of its own or shared with it.
pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let filters = Filters::of(call)?;
    filters.check(&FILTERS)?;
    let mut found = Vec::new();
    for snapshot in visible(world, call.account(), &call.region, &BTreeSet::new()) {
        for restore in snapshot.fast_restores.iter().filter(|restore| restore.owner == call.account()) {
            let passes = filters.pass(&Tags::new(), |name| {
                let value = match name {
                    "availability-zone" => &restore.zone,
                    "owner-id" => &restore.owner,
                    "snapshot-id" => &snapshot.id,
                    "state" => &restore.state,
                    _ => return None,
                };
                Some(vec![value.clone()])
            })?;
            if passes {
                found.push((format!("{} {}", snapshot.id, restore.zone), (snapshot, restore)));
            }
        }
    }
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.items("fastSnapshotRestoreSet", page.items, |xml, (snapshot, restore)| write(xml, &snapshot.id, restore));
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

fn write(xml: &mut Xml, snapshot: &str, restore: &FastRestore) {
    let FastRestore { owner, zone, state, entered, due: _ } = restore;
    xml.text("snapshotId", snapshot);
    xml.text("availabilityZone", zone);
    xml.text("state", state);
    let by_itself = ["optimizing", "enabled", "disabled"].contains(&state.as_str());
    xml.text("stateTransitionReason", if by_itself { "Client.UserInitiated - Lifecycle state transition" } else { "Client.UserInitiated" });
    xml.text("ownerId", owner);
    for state in ["enabling", "optimizing", "enabled", "disabling", "disabled"] {
        xml.maybe(&format!("{state}Time"), entered.get(state).copied().map(millis));
    }
}

/// One of the states that stand between a snapshot and its deletion.
fn is_on(restore: &FastRestore) -> bool {
    ["enabling", "optimizing", "enabled"].contains(&restore.state.as_str())
}

pub(crate) fn enable(world: &mut World, call: &Call) -> Answered {
    let (now, lasting) = (world.now(), world.settings.fast_restore_delay);
    change(world, call, |snapshot, zone, owner| {
        let found = snapshot.fast_restores.iter_mut().position(|restore| restore.owner == owner && restore.zone == zone);
        let at = found.unwrap_or_else(|| {
            let (owner, zone) = (owner.to_owned(), zone.to_owned());
            snapshot.fast_restores.push(FastRestore { owner, zone, state: "disabled".to_owned(), entered: BTreeMap::new(), due: None });
            snapshot.fast_restores.len() - 1
        });
        let restore = snapshot.fast_restores.get_mut(at).filter(|restore| !is_on(restore));
        if let Some(restore) = restore {
            restore.entered.clear();
            restore.enter("enabling", now, Some(lasting));
        }
        Ok(())
    })
}

pub(crate) fn disable(world: &mut World, call: &Call) -> Answered {
    let (now, lasting) = (world.now(), world.settings.fast_restore_delay);
    change(world, call, |snapshot, zone, owner| {
        let restore = snapshot.fast_restores.iter_mut().find(|restore| restore.owner == owner && restore.zone == zone && is_on(restore));
        match restore {
            Some(restore) => {
                restore.enter("disabling", now, Some(lasting));
                Ok(())
            }
            None => Err(AwsError::client("IncorrectState", format!("Fast snapshot restores is not enabled in {zone}"))),
        }
    })
}

/// Each snapshot in each zone; what cannot be changed is told inside HTTP 200.
fn change(world: &mut World, call: &Call, change: impl Fn(&mut Snapshot, &str, &str) -> Result<(), AwsError>) -> Answered {
    let zones = call.params.list("AvailabilityZone");
    let ids = call.params.list("SourceSnapshotId");
    if zones.is_empty() {
        return Err(AwsError::missing("AvailabilityZone"));
    }
    if ids.is_empty() {
        return Err(AwsError::missing("SourceSnapshotId"));
    }
    if let Some(zone) = zones.iter().find(|zone| !is_zone(zone, &call.region)) {
        return Err(AwsError::invalid_value(format!("Invalid availability zone: [{zone}]")));
    }
    for id in &ids {
        well_formed(id, "snap", "InvalidSnapshotID.Malformed")?;
    }
    let mut done = Vec::new();
    let mut refused = Vec::new();
    for id in ids {
        let seen = !visible(world, call.account(), &call.region, &BTreeSet::from([id])).is_empty();
        let mut errors = Vec::new();
        for &zone in &zones {
            let snapshot = world.snapshot_mut(id).filter(|_| seen);
            match snapshot.ok_or_else(|| not_found(id)).and_then(|snapshot| change(snapshot, zone, call.account())) {
                Ok(()) => done.push((id, zone)),
                Err(error) => errors.push((zone, error)),
            }
        }
        if !errors.is_empty() {
            refused.push((id, errors));
        }
    }
    world.pass();
    Ok(Done { effect: !done.is_empty(), ..Done::wrote(outcome(world, call.account(), done, refused)) })
}

fn is_zone(zone: &str, region: &str) -> bool {
    zone.strip_prefix(region).is_some_and(|letter| letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_lowercase()))
}

type Refused<'c> = Vec<(&'c str, Vec<(&'c str, AwsError)>)>;

fn outcome(world: &World, owner: &str, done: Vec<(&str, &str)>, refused: Refused<'_>) -> String {
    let mut xml = Xml::default();
    xml.items("successful", done, |xml, (id, zone)| {
        let restores = world.snapshot(id).into_iter().flat_map(|snapshot| &snapshot.fast_restores);
        for restore in restores.filter(|restore| restore.owner == owner && restore.zone == zone) {
            write(xml, id, restore);
        }
    });
    xml.items("unsuccessful", refused, |xml, (id, errors)| {
        xml.text("snapshotId", id);
        xml.items("fastSnapshotRestoreStateErrorSet", errors, |xml, (zone, error)| {
            xml.text("availabilityZone", zone);
            xml.element("error", |xml| {
                xml.text("code", &error.code);
                xml.text("message", &error.message);
            });
        });
    });
    xml.into_string()
}
