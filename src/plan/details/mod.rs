//! What stands behind a fact that a policy reads, for people: who can get at it, which service, which copies, which child.
//!
//! It decides nothing; it only says what a policy's title cannot.

mod blocks;
mod in_charge;
mod reach;

use crate::inventory::{Child, ImageFacts, PlaceFacts, SnapshotFacts};
use crate::model::few;
use crate::policy::PolicySet;

pub(super) use in_charge::in_charge;

/// What the policies `because` of which an image is reported or held do not say.
pub(super) fn of_image(facts: &ImageFacts<'_>, because: &[String], policies: &PolicySet) -> String {
    let reads = |fact: &str| reads(policies, because, fact);
    let mut told = Vec::new();
    if reach::FACTS.into_iter().any(reads) {
        told.extend(reach::of_image(facts));
    }
    if reads("managedBy") {
        told.extend(facts.managed_by.as_ref().map(|managed| managed.told(&facts.place.region)));
    }
    if reads("replicaDrift") {
        told.extend(facts.drift.as_ref().and_then(|drift| drift.told()));
    }
    if reads("liveChildren") || reads("children") {
        told.extend(children(&facts.children.found));
        told.extend(facts.children.unknown.iter().map(|unknown| unknown.reason.clone()));
    }
    told.join("; ")
}

/// The same for a snapshot.
pub(super) fn of_snapshot(facts: &SnapshotFacts<'_>, because: &[String], policies: &PolicySet) -> String {
    let reads = |fact: &str| reads(policies, because, fact);
    let mut told = Vec::new();
    if reach::FACTS.into_iter().any(reads) {
        told.extend(reach::of_snapshot(facts));
    }
    if reads("managedBy") {
        told.extend(facts.managed_by.as_ref().map(|managed| managed.told(&facts.place.region)));
    }
    told.join("; ")
}

/// The same for a Region's settings.
pub(super) fn of_place(facts: &PlaceFacts<'_>, because: &[String], policies: &PolicySet) -> String {
    blocks::of_place(facts, |fact| reads(policies, because, fact)).join("; ")
}

fn reads(policies: &PolicySet, because: &[String], fact: &str) -> bool {
    because.iter().filter_map(|id| policies.info(id)).any(|policy| policy.facts.contains(fact))
}

fn children(found: &[Child<'_>]) -> Option<String> {
    few(found.iter().map(|child| format!("{} in {}", child.id, child.place.region))).map(|named| format!("{named} made from it"))
}
