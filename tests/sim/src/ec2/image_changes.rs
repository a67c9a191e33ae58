//! What an owner does to an image: deprecate, disable, protect, deregister, and the way back.

use jiff::{SignedDuration, Timestamp};

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::wire::xml::{Xml, millis};
use crate::world::World;
use crate::world::image::{Image, ImageState, Protection};
use crate::world::recycle_bin::{Binned, RuleResource, retention};

use super::allowed_images::Gate;
use super::{snapshot_changes, well_formed};

/// "The upper limit for DeprecateAt is 10 years from now".
const TEN_YEARS: SignedDuration = SignedDuration::from_hours(24 * 3653);
/// "... except for public AMIs, where the upper limit is 2 years from the creation date".
const TWO_YEARS: SignedDuration = SignedDuration::from_hours(24 * 731);
/// How long protection with cooldown goes on after it was taken off.
const COOLDOWN: SignedDuration = SignedDuration::from_hours(24);

/// The id of the image that a call names, if it is the caller's own; else the refusal that AWS gives.
fn own_id(world: &World, call: &Call) -> Result<String, AwsError> {
    let id = call.params.required("ImageId")?;
    well_formed(id, "ami", "InvalidAMIID.Malformed")?;
    let place = world.place(call.account(), &call.region);
    if place.is_some_and(|place| place.images.contains_key(id)) {
        return Ok(id.to_owned());
    }
    if place.is_some_and(|place| place.deregistered.iter().any(|gone| gone == id)) {
        let message = format!("The image id '[{id}]' is no longer available");
        return Err(AwsError::client("InvalidAMIID.Unavailable", message));
    }
    let gate = Gate::of(world, call.account(), &call.region);
    let others = world.places().filter(|(_, region, _)| *region == call.region);
    let visible = others.filter_map(|(_, _, place)| place.images.get(id)).any(|image| gate.admits(image));
    if visible {
        return Err(AwsError::client("AuthFailure", format!("Not authorized for image:{id}")));
    }
    Err(AwsError::client("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist")))
}

/// The caller's own image.
pub(crate) fn own_image<'w>(world: &'w World, call: &Call) -> Result<&'w Image, AwsError> {
    let id = own_id(world, call)?;
    let image = world.place(call.account(), &call.region).and_then(|place| place.images.get(&id));
    image.ok_or_else(|| AwsError::new(500, "InternalError", "An internal error has occurred"))
}

/// The caller's own image, to be changed. Listings may go on showing it as it was.
pub(crate) fn own_image_mut<'w>(world: &'w mut World, call: &Call) -> Result<&'w mut Image, AwsError> {
    let id = own_id(world, call)?;
    let until = world.now() + world.settings.stale_reads;
    let stale = world.settings.stale_reads > SignedDuration::ZERO;
    let place = world.place_mut(call.account(), &call.region);
    let image = place.images.get_mut(&id);
    if let Some(image) = image.as_ref().filter(|_| stale) {
        place.stale.entry(id).or_insert_with(|| (Image::clone(image), until));
    }
    image.ok_or_else(|| AwsError::new(500, "InternalError", "An internal error has occurred"))
}

pub(crate) fn deprecate(world: &mut World, call: &Call) -> Answered {
    let now = world.now();
    let asked = call.params.time("DeprecateAt")?.ok_or_else(|| AwsError::missing("DeprecateAt"))?;
    let at = to_minute(asked);
    let image = own_image_mut(world, call)?;
    let refuse = |why: String| Err(AwsError::invalid_value(format!("Invalid value for DeprecateAt: {why}")));
    if at < now {
        return refuse(format!("{} is in the past", millis(asked)));
    }
    if at > now + TEN_YEARS {
        return refuse("the upper limit is 10 years from now".to_owned());
    }
    if image.is_public() && at > image.created + TWO_YEARS {
        return refuse("the upper limit for a public AMI is 2 years from its creation date".to_owned());
    }
    image.deprecation = Some(at);
    Ok(Done::yes())
}

/// "If you specify a value for seconds, Amazon EC2 rounds the seconds to the nearest minute."
fn to_minute(at: Timestamp) -> Timestamp {
    let seconds = at.as_second();
    Timestamp::from_second((seconds + 30).div_euclid(60) * 60).unwrap_or(at)
}

pub(crate) fn cancel_deprecation(world: &mut World, call: &Call) -> Answered {
    let image = own_image_mut(world, call)?;
    // Every public image has a deprecation date, two years from creation at the latest.
    if image.is_public() {
        let message = format!("The deprecation of the public image '{}' cannot be cancelled", image.id);
        return Err(AwsError::client("OperationNotPermitted", message));
    }
    image.deprecation = None;
    Ok(Done::yes())
}

/// Drops all launch permissions, `all` included, and EnableImage will not bring them back.
pub(crate) fn disable(world: &mut World, call: &Call) -> Answered {
    let image = own_image_mut(world, call)?;
    expect_state(image, ImageState::Available)?;
    image.state = ImageState::Disabled;
    image.launch_permissions.clear();
    Ok(Done::yes())
}

pub(crate) fn enable(world: &mut World, call: &Call) -> Answered {
    let image = own_image_mut(world, call)?;
    expect_state(image, ImageState::Disabled)?;
    image.state = ImageState::Available;
    Ok(Done::yes())
}

fn expect_state(image: &Image, state: ImageState) -> Result<(), AwsError> {
    if image.state == state {
        return Ok(());
    }
    let (id, now, wanted) = (&image.id, image.state.as_str(), state.as_str());
    let message = format!("The image '{id}' is in state '{now}'; it must be in state '{wanted}' for this operation");
    Err(AwsError::client("IncorrectState", message))
}

/// These two return a word and not `true`: the AWS CLI's examples.
fn says(word: &str) -> Done {
    Done::wrote(format!("<return>{word}</return>"))
}

pub(crate) fn protect(world: &mut World, call: &Call) -> Answered {
    let cooldown = call.params.flag("WithCooldown")?;
    let image = own_image_mut(world, call)?;
    let (protection, word) =
        if cooldown { (Protection::OnWithCooldown, "enabled-with-cooldown") } else { (Protection::On, "enabled-without-cooldown") };
    image.protection = protection;
    Ok(says(word))
}

pub(crate) fn unprotect(world: &mut World, call: &Call) -> Answered {
    let now = world.now();
    let image = own_image_mut(world, call)?;
    image.protection = match image.protection {
        Protection::OnWithCooldown => Protection::CoolingDown(now + COOLDOWN),
        Protection::On | Protection::Off => Protection::Off,
        cooling @ Protection::CoolingDown(_) => cooling,
    };
    Ok(says("disabled"))
}

/// Succeeds although the image is in use. With a rule that matches, the image goes to the Recycle Bin.
pub(crate) fn deregister(world: &mut World, call: &Call) -> Answered {
    let now = world.now();
    let linger = world.settings.deregistered_linger;
    let with_snapshots = call.params.flag("DeleteAssociatedSnapshots")?;
    let image = own_image(world, call)?.clone();
    if image.is_managed_by_backup() {
        let message = "This image is managed by AWS Backup and cannot be deleted via EC2 APIs. To delete this image, \
                       please use the AWS Backup APIs, CLI, or console.";
        return Err(AwsError::client("AuthFailure", message));
    }
    if image.protects(now) {
        let message = format!("The image '{}' has deregistration protection and cannot be deregistered", image.id);
        return Err(AwsError::client("OperationNotPermitted", message));
    }
    let place = world.place_mut(call.account(), &call.region);
    place.images.remove(&image.id);
    place.copies.retain(|copy| copy.image != image.id);
    place.deregistered.push(image.id.clone());
    if linger > SignedDuration::ZERO {
        place.lingering.push((image.clone(), now + linger));
    }
    // Instance store images have no Recycle Bin.
    let kept = retention(place.rules.values(), RuleResource::Image, &image.tags, now);
    if let Some(kept) = kept.filter(|_| image.root_device_type == "ebs") {
        let binned = Binned { item: image.clone(), entered: now, exits: now + kept };
        place.bin_images.insert(image.id.clone(), binned);
    }
    let mut xml = Xml::default();
    xml.text("return", true);
    if with_snapshots {
        let snapshots: Vec<String> = image.snapshots().map(str::to_owned).collect();
        let results: Vec<(String, &str)> = snapshots
            .into_iter()
            .map(|id| {
                let code = match snapshot_changes::delete_one(world, call, &id) {
                    Ok(()) => "success",
                    Err(error) if error.code == "InvalidSnapshot.InUse" => "skipped",
                    Err(_) => "client-error",
                };
                (id, code)
            })
            .collect();
        xml.items("deleteSnapshotResultSet", results, |xml, (id, code)| {
            xml.text("snapshotId", id);
            xml.text("returnCode", code);
        });
    }
    Ok(Done::wrote(xml.into_string()))
}
