//! Who can get at an image or a snapshot, and by what.
//!
//! Launch permissions, the permissions of the snapshots and the keys are three different things, and makePrivate and
//! revokeShare end one share of one of them: so all three are told.

use crate::inventory::{ImageFacts, Reach, SnapshotFacts};
use crate::model::{Permissions, few};

/// The facts that join permissions, snapshots and keys.
pub(super) const FACTS: [&str; 4] = ["snapshotsPublic", "snapshotsSharedWith", "sharedWithLeft", "unusableShares"];

pub(super) fn of_image(facts: &ImageFacts<'_>) -> Vec<String> {
    let Reach { public_snapshots, snapshots_shared_with, .. } = &facts.reach;
    let public = few(public_snapshots.iter().flatten().map(ToString::to_string)).map(|public| format!("public: {public}, "));
    let shared = match snapshots_shared_with {
        Some(accounts) => format!("shared with {}", or_nobody(accounts.iter().map(ToString::to_string))),
        None => "with whom they are shared was not read".into(),
    };
    let own = format!("the image: {}{}", if facts.image.public == Some(true) { "public, " } else { "" }, shares(facts.sharing));
    joined([own, format!("its snapshots: {}{shared}", public.unwrap_or_default())], &facts.reach)
}

pub(super) fn of_snapshot(facts: &SnapshotFacts<'_>) -> Vec<String> {
    joined([format!("the snapshot: {}", shares(facts.sharing))], &facts.reach)
}

fn joined<const N: usize>(own: [String; N], reach: &Reach<'_>) -> Vec<String> {
    let Reach { public_snapshots: _, snapshots_shared_with: _, left, unusable, keys } = reach;
    let mut told: Vec<String> = own.into();
    told.extend(few(keys.iter().map(|key| (*key).to_owned())).map(|keys| format!("KMS keys: {keys}")));
    let left = left.iter().flatten().map(|account| format!("{account} was one of ours and is not any more"));
    let unusable = unusable.iter().flatten().map(|(grantee, why)| format!("{grantee} cannot use it: {why}"));
    told.extend(few(left).into_iter().chain(few(unusable)));
    told
}

fn shares(sharing: Option<&Permissions>) -> String {
    match sharing {
        Some(permissions) => format!("shared with {}", or_nobody(permissions.shares().map(ToString::to_string))),
        None => "with whom it is shared was not read".into(),
    }
}

fn or_nobody(names: impl Iterator<Item = String>) -> String {
    few(names).unwrap_or_else(|| "nobody".into())
}
