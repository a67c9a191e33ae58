//! What a finding says beside the title of its policy: who can get at an image and by what, or the command to run.

use crate::inventory::{ImageFacts, PlaceFacts, Reach, SnapshotFacts};
use crate::model::{Action, Block, BlockState, Manager, Permissions, Place, Shareable};
use crate::policy::{PolicySet, ResourceKind};

/// Facts that join permissions, snapshots and keys.
const REACH: [&str; 4] = ["snapshotsPublic", "snapshotsSharedWith", "sharedWithLeft", "unusableShares"];

/// Accounts, snapshots and keys named in one detail; more are counted.
const NAMED: usize = 3;

/// What the policies `because` of which an image is reported do not say. Launch permissions, the permissions of the
/// snapshots and the keys are three different things, and makePrivate and revokeShare end one share of one of them: so all
/// three are told.
pub(super) fn of_image(facts: &ImageFacts<'_>, because: &[String], policies: &PolicySet) -> String {
    if !reads(policies, ResourceKind::Image, because, &REACH) {
        return String::new();
    }
    let Reach { public_snapshots, snapshots_shared_with, .. } = &facts.reach;
    let public = public_snapshots.as_ref().filter(|public| !public.is_empty());
    let public = public.map(|public| format!("public: {}, ", listed(public.iter().map(ToString::to_string))));
    let shared = match snapshots_shared_with {
        Some(accounts) => format!("shared with {}", listed(accounts.iter().map(ToString::to_string))),
        None => "with whom they are shared was not read".into(),
    };
    let own = format!("the image: {}{}", if facts.image.public == Some(true) { "public, " } else { "" }, shares(facts.sharing));
    joined([own, format!("its snapshots: {}{shared}", public.unwrap_or_default())], &facts.reach)
}

/// The same for a snapshot.
pub(super) fn of_snapshot(facts: &SnapshotFacts<'_>, because: &[String], policies: &PolicySet) -> String {
    if !reads(policies, ResourceKind::Snapshot, because, &REACH) {
        return String::new();
    }
    joined([format!("the snapshot: {}", shares(facts.sharing))], &facts.reach)
}

/// How to block what a policy found open, and what that does not do.
pub(super) fn of_place(facts: &PlaceFacts<'_>, because: &[String], policies: &PolicySet) -> String {
    let mut told = Vec::new();
    for (of, fact) in [(Shareable::Images, "imageBlockPublicAccess"), (Shareable::Snapshots, "snapshotBlockPublicAccess")] {
        let Some(Block { state: BlockState::Unblocked, managed_by }) = facts.block(of) else { continue };
        if !reads(policies, ResourceKind::Place, because, &[fact]) {
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
    told.join("; ")
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

fn reads(policies: &PolicySet, kind: ResourceKind, because: &[String], facts: &[&str]) -> bool {
    because.iter().any(|id| policies.permit_reads(Action::Notify, kind, id, facts))
}

fn joined<const N: usize>(own: [String; N], reach: &Reach<'_>) -> String {
    let Reach { public_snapshots: _, snapshots_shared_with: _, left, unusable, keys } = reach;
    let mut told: Vec<String> = own.into();
    if !keys.is_empty() {
        told.push(format!("KMS keys: {}", listed(keys.iter().map(|key| (*key).to_owned()))));
    }
    let left = left.iter().flatten().map(|account| format!("{account} was one of ours and is not any more"));
    let unusable = unusable.iter().flatten().map(|(grantee, why)| format!("{grantee} cannot use it: {why}"));
    for more in [listed_if_any(left), listed_if_any(unusable)] {
        told.extend(more);
    }
    told.join("; ")
}

fn shares(sharing: Option<&Permissions>) -> String {
    match sharing {
        Some(permissions) => format!("shared with {}", listed(permissions.shares().map(ToString::to_string))),
        None => "with whom it is shared was not read".into(),
    }
}

fn listed_if_any(items: impl Iterator<Item = String>) -> Option<String> {
    let mut items = items.peekable();
    items.peek()?;
    Some(listed(items))
}

/// The first few, and how many there are beside them.
fn listed(items: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = items.collect();
    match all.get(..NAMED) {
        Some(named) if all.len() > NAMED => format!("{} and {} more", named.join(", "), all.len() - NAMED),
        _ if all.is_empty() => "nobody".into(),
        _ => all.join(", "),
    }
}
