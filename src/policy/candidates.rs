//! Which actions make sense for a resource at all, whatever a policy says: nothing is done twice.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::inventory::{ImageFacts, PlaceFacts, SnapshotFacts};
use crate::model::{AccountId, Action, BlockState, Context, Grantee, ImageState, Permissions, Region, Shareable};

use super::targets::Targets;

/// The questions worth asking about an image, in the order of actions and contexts.
pub(super) fn of_image(facts: &ImageFacts<'_>, now: Timestamp, targets: &Targets, estate: &BTreeSet<Region>) -> Vec<(Action, Context)> {
    let image = facts.image;
    if image.state.name() == "deregistered" {
        return Vec::new();
    }
    let available = image.state == ImageState::Available;
    let mut asked = Vec::new();
    for action in Action::ALL {
        match action {
            Action::MakePrivate if image.public == Some(true) => asked.push((action, Context::none())),
            Action::RevokeShare => asked.extend(shares(facts.sharing, &image.owner)),
            Action::Notify | Action::Deregister => asked.push((action, Context::none())),
            Action::Deprecate if available && !image.is_deprecated(now) => asked.push((action, Context::none())),
            Action::Disable if available => asked.push((action, Context::none())),
            Action::Replicate if available => asked.extend(copies(facts, targets, estate)),
            Action::MakePrivate
            | Action::BlockPublicAccess
            | Action::Deprecate
            | Action::Disable
            | Action::DeleteSnapshot
            | Action::Replicate => {}
        }
    }
    asked
}

/// The questions worth asking about a snapshot.
pub(super) fn of_snapshot(facts: &SnapshotFacts<'_>) -> Vec<(Action, Context)> {
    let mut asked = Vec::new();
    if facts.is_public == Some(true) {
        asked.push((Action::MakePrivate, Context::none()));
    }
    asked.extend(shares(facts.sharing, &facts.snapshot.owner));
    asked.push((Action::Notify, Context::none()));
    if facts.snapshot.state == "completed" {
        asked.push((Action::DeleteSnapshot, Context::none()));
    }
    asked
}

/// The questions worth asking about a place. What is blocked already, in whichever way, is left as it is: to block new
/// sharing where all is blocked would make public again what that hides. A state that is not known may be none at all.
pub(super) fn of_place(facts: &PlaceFacts<'_>) -> Vec<(Action, Context)> {
    let open = |of: &Shareable| facts.block(*of).is_none_or(|block| block.state == BlockState::Unblocked);
    let blocks = Shareable::ALL.into_iter().filter(open).map(|of| (Action::BlockPublicAccess, Context::of(of)));
    blocks.chain([(Action::Notify, Context::none())]).collect()
}

/// Everybody it is shared with but the public, which makePrivate is for, and its owner.
fn shares(sharing: Option<&Permissions>, owner: &AccountId) -> impl Iterator<Item = (Action, Context)> {
    let grantees = sharing.into_iter().flat_map(Permissions::shares);
    let others = grantees.filter(move |grantee| !matches!(grantee, Grantee::Account(account) if account == owner));
    others.map(|grantee| (Action::RevokeShare, Context::grantee(grantee.clone())))
}

/// Regions a policy could want a copy in, without its own and those that have one.
fn copies<'a>(
    facts: &'a ImageFacts<'_>,
    targets: &'a Targets,
    estate: &'a BTreeSet<Region>,
) -> impl Iterator<Item = (Action, Context)> + 'a {
    let mut regions: BTreeSet<&Region> = targets.named.iter().collect();
    if targets.from_tag {
        regions.extend(&facts.replicate_to);
    }
    if targets.unbounded {
        regions.extend(estate);
    }
    regions.remove(&facts.place.region);
    let there = facts.replica_regions.as_ref();
    regions
        .into_iter()
        .filter(move |region| !there.is_some_and(|there| there.contains(*region)))
        .map(|region| (Action::Replicate, Context::target(region.clone())))
}
