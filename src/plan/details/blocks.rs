//! Regions that let images or snapshots become public: the command that ends that.

use crate::inventory::PlaceFacts;
use crate::model::{Block, BlockState, Manager, Place, Shareable};

/// How to block what a policy found open, and what that does not do; `reads` tells whether the policy reads a fact.
pub(super) fn of_place(facts: &PlaceFacts<'_>, reads: impl Fn(&str) -> bool) -> Vec<String> {
    let mut told = Vec::new();
    for (of, fact) in [(Shareable::Images, "imageBlockPublicAccess"), (Shareable::Snapshots, "snapshotBlockPublicAccess")] {
        let Some(Block { state: BlockState::Unblocked, managed_by }) = facts.block(of) else { continue };
        if !reads(fact) {
            continue;
        }
        told.push(match managed_by {
            Some(Manager::DeclarativePolicy) => {
                format!("a declarative policy of the organization leaves {of} open: change it in AWS Organizations")
            }
            Some(Manager::Account) | None => command(facts.place, of),
        });
        let public = match of {
            Shareable::Images => facts.public_images,
            Shareable::Snapshots => facts.public_snapshots,
        };
        if let Some(public @ 1..) = public {
            told.push(format!("public {of}, which that does not change: {public}"));
        }
    }
    told
}

/// The command that keeps what is private from becoming public.
fn command(place: &Place, of: Shareable) -> String {
    let region = &place.region;
    match of {
        Shareable::Images => {
            format!("aws ec2 enable-image-block-public-access --region {region} --image-block-public-access-state block-new-sharing")
        }
        Shareable::Snapshots => format!("aws ec2 enable-snapshot-block-public-access --region {region} --state block-new-sharing"),
    }
}
