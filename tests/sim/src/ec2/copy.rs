//! CopyImage: pending at once, available later, never with launch permissions.

use std::collections::BTreeSet;

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::wire::xml::Xml;
use crate::world::World;
use crate::world::image::{Image, ImageState, MappingKind, Protection, Tags};
use crate::world::place::{Copy, Token};
use crate::world::snapshot::{Snapshot, SnapshotState};

use super::allowed_images::Gate;
use super::{tags, well_formed};

pub(crate) fn copy_image(world: &mut World, call: &Call) -> Answered {
    let params = &call.params;
    let name = params.required("Name")?.to_owned();
    let source_id = params.required("SourceImageId")?;
    let source_region = params.required("SourceRegion")?;
    well_formed(source_id, "ami", "InvalidAMIID.Malformed")?;
    if !(3..=128).contains(&name.chars().count()) {
        let message = "AMI names must be between 3 and 128 characters long";
        return Err(AwsError::client("InvalidAMIName.Malformed", message));
    }
    let fingerprint = params.fingerprint(&["ClientToken", "Version"]);
    if let Some(known) = repeated(world, call, fingerprint)? {
        return Ok(Done { effect: false, ..answer(&known) });
    }
    if world.is_enabled(call.account(), source_region) != Some(true) {
        let message = format!("Invalid value '{source_region}' for SourceRegion");
        return Err(AwsError::invalid_value(message));
    }
    let source = source(world, call, source_id, source_region)?;
    let place = world.place_mut(call.account(), &call.region);
    if let Some(other) = place.images.values().find(|image| image.name == name) {
        let message = format!("AMI name {name} is already in use by AMI {}", other.id);
        return Err(AwsError::client("InvalidAMIName.Duplicate", message));
    }
    refuse_too_many(world, call)?;
    let given = tags::specified(params, "image")?;
    let snapshot_tags = tags::specified(params, "snapshot")?;
    let encrypted = params.flag("Encrypted")?;
    let key = params.get("KmsKeyId").map(str::to_owned);
    if key.is_some() && !encrypted {
        let message = "The parameter KmsKeyId requires the parameter Encrypted to be set.";
        return Err(AwsError::client("InvalidParameterDependency", message));
    }
    let copy_tags = params.flag("CopyImageTags")?;
    let description = params.get("Description").map(str::to_owned).or_else(|| source.description.clone());
    let mut image = Image {
        id: world.ids.resource("ami"),
        owner: call.account().to_owned(),
        name,
        description,
        created: world.now(),
        state: ImageState::Pending,
        state_reason: None,
        launch_permissions: BTreeSet::new(),
        deprecation: None,
        last_launched: None,
        unreported_launch: None,
        protection: Protection::Off,
        source_image: Some(source_id.to_owned()),
        source_region: Some(source_region.to_owned()),
        source_instance: None,
        tags: image_tags(&source, copy_tags, given, call.account()),
        listed_from: world.now() + world.settings.listing_lag,
        ..source
    };
    copy_snapshots(world, call, &mut image, &snapshot_tags, encrypted.then_some(key.as_deref()));
    let id = image.id.clone();
    let copy = Copy { image: id.clone(), due: world.now() + world.settings.copy_delay, failure: wrong_key(key.as_deref(), &call.region) };
    let place = world.place_mut(call.account(), &call.region);
    place.images.insert(id.clone(), image);
    place.copies.push(copy);
    if let Some(token) = params.get("ClientToken") {
        place.tokens.insert(token.to_owned(), Token { made: id.clone(), parameters: fingerprint });
    }
    world.pass();
    Ok(answer(&id))
}

fn answer(id: &str) -> Done {
    let mut xml = Xml::default();
    xml.text("imageId", id);
    Done::wrote(xml.into_string())
}

/// The copy that this client token already stands for.
fn repeated(world: &World, call: &Call, fingerprint: u64) -> Result<Option<String>, AwsError> {
    let token = call.params.get("ClientToken");
    let place = world.place(call.account(), &call.region);
    let known = token.zip(place).and_then(|(token, place)| place.tokens.get(token));
    known.map(|known| known.repeats(fingerprint).map(str::to_owned)).transpose()
}

fn source(world: &World, call: &Call, id: &str, region: &str) -> Result<Image, AwsError> {
    let gate = Gate::of(world, call.account(), region);
    let there = world.places().filter(|(_, place_region, _)| *place_region == region);
    let mut images = there.filter_map(|(_, _, place)| place.images.get(id));
    let image = images
        .find(|image| gate.admits(image))
        .ok_or_else(|| AwsError::client("InvalidAMIID.NotFound", format!("The image id '[{id}]' does not exist")))?;
    if image.state != ImageState::Available {
        let message = format!("The image ID '{id}' is not available to be copied; it is {}", image.state.as_str());
        return Err(AwsError::client("InvalidAMIID.Unavailable", message));
    }
    Ok(image.clone())
}

/// "20 concurrent snapshot copies per destination Region".
fn refuse_too_many(world: &World, call: &Call) -> Result<(), AwsError> {
    let Some(place) = world.place(call.account(), &call.region) else {
        return Ok(());
    };
    let images = place.copies.iter().filter_map(|copy| place.images.get(&copy.image));
    let running: usize = images.map(|image| image.snapshots().count()).sum();
    if running >= world.settings.concurrent_copies {
        let message = "You have exceeded the number of concurrent snapshot copies for this destination Region";
        return Err(AwsError::client("ResourceLimitExceeded", message));
    }
    Ok(())
}

/// Tags are copied only on request, never AWS's own, and another account's are not seen.
fn image_tags(source: &Image, copy: bool, given: Tags, account: &str) -> Tags {
    let mut tags = Tags::new();
    if copy && source.owner == account {
        tags.extend(source.tags.clone().into_iter().filter(|(key, _)| !key.starts_with("aws:")));
    }
    tags.extend(given);
    tags
}

/// Each disk gets a snapshot of its own. CopyImageTags does not tag them, TagSpecifications do.
fn copy_snapshots(world: &mut World, call: &Call, image: &mut Image, tags: &Tags, encrypt: Option<Option<&str>>) {
    let now = world.now();
    let source = image.source_image.clone().unwrap_or_default();
    for mapping in &mut image.mappings {
        let MappingKind::Ebs(ebs) = &mut mapping.kind else {
            continue;
        };
        let Some(original) = ebs.snapshot.clone() else {
            continue;
        };
        if let Some(key) = encrypt {
            ebs.encrypted = true;
            ebs.kms_key = key.map(str::to_owned);
        }
        let id = world.ids.resource("snap");
        let full_size = world.snapshot(&original).and_then(|snapshot| snapshot.full_size);
        let snapshot = Snapshot {
            id: id.clone(),
            owner: call.account().to_owned(),
            description: format!("Copied for DestinationAmi {} from SourceAmi {source} for SourceSnapshot {original}", image.id),
            volume: "vol-ffffffff".to_owned(),
            volume_size: ebs.volume_size,
            full_size,
            started: now,
            completed: None,
            state: SnapshotState::Pending,
            tier: "standard".to_owned(),
            encrypted: ebs.encrypted,
            kms_key: ebs.kms_key.clone(),
            permissions: BTreeSet::new(),
            lock: None,
            fast_restores: Vec::new(),
            tags: tags.clone(),
        };
        world.place_mut(call.account(), &call.region).snapshots.insert(id.clone(), snapshot);
        ebs.snapshot = Some(id);
    }
}

/// A key of another Region: the call succeeds, and the copy fails later (aws-facts, "CopyImage").
fn wrong_key(key: Option<&str>, region: &str) -> Option<String> {
    let key_region = key?.strip_prefix("arn:")?.split(':').nth(2)?;
    (key_region != region).then(|| "The KMS key of the copied snapshot is not accessible in this Region".to_owned())
}
