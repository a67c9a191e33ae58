//! Block Public Access for images and snapshots: the switches, and what they refuse.
//!
//! They unshare nothing: what is public stays public, and a snapshot's attribute says so even under
//! `block-all-sharing` (aws-facts, "Acting").

use crate::api::{Answered, Call, Done};
use crate::error::AwsError;
use crate::wire::xml::Xml;
use crate::world::World;
use crate::world::image::Permission;
use crate::world::place::Block;

fn blocks(world: &World, call: &Call) -> (Block, Block) {
    let place = world.place(call.account(), &call.region);
    place.map(|place| (place.image_block.clone(), place.snapshot_block.clone())).unwrap_or_default()
}

pub(crate) fn managed_by(declarative: bool) -> &'static str {
    if declarative { "declarative-policy" } else { "account" }
}

pub(crate) fn of_images(world: &mut World, call: &Call) -> Answered {
    let (block, _) = blocks(world, call);
    let mut xml = Xml::default();
    xml.text("imageBlockPublicAccessState", &block.state);
    xml.text("managedBy", managed_by(block.declarative));
    Ok(Done::read(xml.into_string()))
}

pub(crate) fn of_snapshots(world: &mut World, call: &Call) -> Answered {
    let (_, block) = blocks(world, call);
    let mut xml = Xml::default();
    xml.text("state", &block.state);
    xml.text("managedBy", managed_by(block.declarative));
    Ok(Done::read(xml.into_string()))
}

/// "The Allowed AMIs settings is managed by a declarative policy and can't be modified by the account", and so are these.
pub(crate) fn refuse_managed(declarative: bool) -> Result<(), AwsError> {
    let message = "This action is denied due to an organizational policy in effect";
    if declarative { Err(AwsError::client("OperationNotPermitted", message)) } else { Ok(()) }
}

/// "The API can take up to 10 minutes to configure this setting. During this time, if you run
/// GetImageBlockPublicAccessState, the response will be unblocked."
pub(crate) fn enable_images(world: &mut World, call: &Call) -> Answered {
    let asked = call.params.required("ImageBlockPublicAccessState")?;
    if asked != "block-new-sharing" {
        return Err(invalid_state("ImageBlockPublicAccessState", asked));
    }
    let from = world.now() + world.settings.block_delay;
    let block = &mut world.place_mut(call.account(), &call.region).image_block;
    refuse_managed(block.declarative)?;
    block.coming = Some((asked.to_owned(), from));
    world.pass();
    Ok(told("imageBlockPublicAccessState", asked))
}

pub(crate) fn disable_images(world: &mut World, call: &Call) -> Answered {
    unblock(&mut world.place_mut(call.account(), &call.region).image_block)?;
    Ok(told("imageBlockPublicAccessState", "unblocked"))
}

/// "unblocked is not a valid value for EnableSnapshotBlockPublicAccess."
pub(crate) fn enable_snapshots(world: &mut World, call: &Call) -> Answered {
    let asked = call.params.required("State")?;
    if !["block-all-sharing", "block-new-sharing"].contains(&asked) {
        return Err(invalid_state("State", asked));
    }
    let block = &mut world.place_mut(call.account(), &call.region).snapshot_block;
    refuse_managed(block.declarative)?;
    asked.clone_into(&mut block.state);
    Ok(told("state", asked))
}

pub(crate) fn disable_snapshots(world: &mut World, call: &Call) -> Answered {
    unblock(&mut world.place_mut(call.account(), &call.region).snapshot_block)?;
    Ok(told("state", "unblocked"))
}

fn unblock(block: &mut Block) -> Result<(), AwsError> {
    refuse_managed(block.declarative)?;
    *block = Block::default();
    Ok(())
}

fn invalid_state(parameter: &str, value: &str) -> AwsError {
    AwsError::invalid_value(format!("Value ({value}) for parameter {parameter} is invalid."))
}

fn told(name: &str, state: &str) -> Done {
    let mut xml = Xml::default();
    xml.text(name, state);
    Done::wrote(xml.into_string())
}

/// Refuses to make an image public while that is blocked.
pub(crate) fn refuse_public_image(world: &World, call: &Call, added: &[Permission]) -> Result<(), AwsError> {
    refuse(&blocks(world, call).0, added, "You can't publicly share this image because block public access is enabled for this account")
}

/// Refuses to make a snapshot public while that is blocked.
pub(crate) fn refuse_public_snapshot(world: &World, call: &Call, added: &[Permission]) -> Result<(), AwsError> {
    refuse(&blocks(world, call).1, added, "You can't publicly share this snapshot because block public access is enabled for this account")
}

fn refuse(block: &Block, added: &[Permission], message: &str) -> Result<(), AwsError> {
    let refused = block.state != "unblocked" && added.contains(&Permission::Everyone);
    if refused { Err(AwsError::client("OperationNotPermitted", message)) } else { Ok(()) }
}
