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

fn managed_by(block: &Block) -> &'static str {
    if block.declarative { "declarative-policy" } else { "account" }
}

pub(crate) fn of_images(world: &mut World, call: &Call) -> Answered {
    let (block, _) = blocks(world, call);
    let mut xml = Xml::default();
    xml.text("imageBlockPublicAccessState", &block.state);
    xml.text("managedBy", managed_by(&block));
    Ok(Done::read(xml.into_string()))
}

pub(crate) fn of_snapshots(world: &mut World, call: &Call) -> Answered {
    let (_, block) = blocks(world, call);
    let mut xml = Xml::default();
    xml.text("state", &block.state);
    xml.text("managedBy", managed_by(&block));
    Ok(Done::read(xml.into_string()))
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
