//! Snapshot locks: a locked snapshot cannot be deleted, by anybody.

use jiff::{SignedDuration, Timestamp};

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::paging::{LARGE, Sizes, page};
use crate::wire::xml::{Xml, millis};
use crate::world::image::Tags;
use crate::world::snapshot::Lock;
use crate::world::{Place, World};

use super::filter::Filters;
use super::snapshot_changes::own;
use super::snapshots::not_found;

const SIZES: Sizes = Sizes { default: Some(1000), ..LARGE };
const FILTERS: [&str; 1] = ["lock-state"];

/// The caller's own that were ever locked, expired locks included.
pub(crate) fn describe(world: &mut World, call: &Call) -> Answered {
    let filters = Filters::of(call)?;
    filters.check(&FILTERS)?;
    let now = world.now();
    let ids = call.params.list("SnapshotId");
    let mut found = Vec::new();
    let empty = Place::default();
    let place = world.place(call.account(), &call.region).unwrap_or(&empty);
    if let Some(missing) = ids.iter().find(|id| !place.snapshots.contains_key(**id)) {
        return Err(not_found(missing));
    }
    for snapshot in place.snapshots.values() {
        let Some(lock) = &snapshot.lock else { continue };
        let named = ids.is_empty() || ids.contains(&snapshot.id.as_str());
        if named && filters.pass(&Tags::new(), |name| (name == "lock-state").then(|| vec![lock.state(now).to_owned()]))? {
            found.push((snapshot.id.as_str(), (snapshot, lock)));
        }
    }
    let page = page(world, call, SIZES, found)?;
    let mut xml = Xml::default();
    xml.items("snapshotSet", page.items, |xml, (snapshot, lock)| {
        xml.text("ownerId", &snapshot.owner);
        write(xml, &snapshot.id, lock, now);
    });
    xml.maybe("nextToken", page.next);
    Ok(Done::read(xml.into_string()))
}

fn write(xml: &mut Xml, id: &str, lock: &Lock, now: Timestamp) {
    let Lock { mode: _, created, expires, cool_off_hours } = lock;
    xml.text("snapshotId", id);
    xml.text("lockState", lock.state(now));
    xml.text("lockDuration", expires.duration_since(*created).as_hours() / 24);
    xml.maybe("coolOffPeriod", *cool_off_hours);
    xml.maybe("coolOffPeriodExpiresOn", lock.cool_off_until().map(millis));
    xml.time("lockCreatedOn", *created);
    xml.time("lockDurationStartTime", *created);
    xml.time("lockExpiresOn", *expires);
}

/// What the call asks for: "You must specify either this parameter or ExpirationDate, but not both."
fn asked(call: &Call, now: Timestamp) -> Result<Lock, AwsError> {
    let params = &call.params;
    let mode = params.required("LockMode")?.to_owned();
    let cool_off_hours = params.integer("CoolOffPeriod")?;
    if !["compliance", "governance"].contains(&mode.as_str()) {
        return Err(AwsError::invalid_value(format!("Value ({mode}) for parameter LockMode is invalid.")));
    }
    if mode == "governance" && cool_off_hours.is_some() {
        let message = "The parameter CoolOffPeriod cannot be used with the lock mode governance";
        return Err(AwsError::client("InvalidParameterCombination", message));
    }
    if cool_off_hours.is_some_and(|hours| !(1..=72).contains(&hours)) {
        return Err(AwsError::invalid_value("CoolOffPeriod must be between 1 and 72 hours"));
    }
    let expires = match (params.integer("LockDuration")?, params.time("ExpirationDate")?) {
        (Some(days), None) if (1..=36_500).contains(&days) => now + SignedDuration::from_hours(24 * days),
        (Some(_), None) => return Err(AwsError::invalid_value("LockDuration must be between 1 and 36500 days")),
        (None, Some(at)) if at > now => at,
        (None, Some(_)) => return Err(AwsError::invalid_value("ExpirationDate must be in the future")),
        (Some(_), Some(_)) => {
            let message = "The parameter LockDuration cannot be used with the parameter ExpirationDate";
            return Err(AwsError::client("InvalidParameterCombination", message));
        }
        (None, None) => return Err(AwsError::missing("LockDuration or ExpirationDate")),
    };
    Ok(Lock { mode, created: now, expires, cool_off_hours })
}

pub(crate) fn lock(world: &mut World, call: &Call) -> Answered {
    let now = world.now();
    let id = call.params.required("SnapshotId")?.to_owned();
    let lock = asked(call, now)?;
    let snapshot = own(world, call, &id)?;
    if snapshot.is_managed_by_backup() {
        return Err(AwsError::invalid_value(format!("The snapshot {id} is managed by AWS Backup and cannot be locked")));
    }
    // "you can only increase the lock duration or extend the lock expiration date"
    let fixed = snapshot.lock.as_ref().filter(|have| have.state(now) == "compliance");
    let loosens = |have: &Lock| lock.mode != "compliance" || lock.cool_off_hours.is_some() || lock.expires < have.expires;
    if fixed.is_some_and(loosens) {
        return Err(in_compliance(&id));
    }
    let mut xml = Xml::default();
    write(&mut xml, &id, &lock, now);
    if let Some(snapshot) = world.snapshot_mut(&id) {
        snapshot.lock = Some(lock);
    }
    Ok(Done::wrote(xml.into_string()))
}

fn in_compliance(id: &str) -> AwsError {
    AwsError::client("OperationNotPermitted", format!("The snapshot {id} is locked in compliance mode and its lock can only be extended"))
}

/// "You can't unlock a snapshot that is locked in compliance mode after the cooling-off period has expired."
pub(crate) fn unlock(world: &mut World, call: &Call) -> Answered {
    let now = world.now();
    let id = call.params.required("SnapshotId")?.to_owned();
    match own(world, call, &id)?.lock.as_ref().map(|lock| lock.state(now)) {
        Some("compliance") => return Err(in_compliance(&id)),
        None | Some("expired") => return Err(AwsError::client("IncorrectState", format!("The snapshot {id} is not locked"))),
        Some(_) => {}
    }
    if let Some(snapshot) = world.snapshot_mut(&id) {
        snapshot.lock = None;
    }
    let mut xml = Xml::default();
    xml.text("snapshotId", id);
    Ok(Done::wrote(xml.into_string()))
}
