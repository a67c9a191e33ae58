//! What is still worth asking after the listings: permissions have no listing, and cost a call each.
//!
//! Asking for all of them is the classic mistake (10,000 images are 495 s of AWS's token bucket), so they are asked
//! for only where a policy could act on the answer.

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;

use crate::inventory::{Estate, Inventory, Joined};
use crate::model::{AmiId, Gap, Image, Place, ResourceId, Snapshot, SnapshotId, Source};
use crate::policy::{Asked, Judgement, PolicySet};

use crate::model::Principal;

/// The images and snapshots of one place whose permissions a policy could act on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    pub images: Vec<AmiId>,
    pub snapshots: Vec<SnapshotId>,
}

/// The questions that the policies have, per place. `joined` must be [`Joined::as_if_unshared`]: usage that only
/// the answer can make known must not keep the question from being asked.
pub fn questions(joined: &Joined<'_>, policies: &PolicySet, principal: Principal) -> BTreeMap<Place, Questions> {
    let regions = joined.estate.regions();
    let all_images = policies.asks_launch_permissions() == Asked::All;
    let all_snapshots = policies.asks_create_volume_permissions() == Asked::All;
    let judge = policies.judge(&joined.estate.organization, principal, joined.now, &regions);
    questions_about(
        joined.estate,
        |inventory, image| all_images || takes_use(&judge.image(&joined.image(inventory, image))),
        |inventory, snapshot| all_snapshots || takes_use(&judge.snapshot(&joined.snapshot(inventory, snapshot))),
    )
}

/// Every question there is, for a record: about all own images and snapshots.
pub fn all_questions(estate: &Estate) -> BTreeMap<Place, Questions> {
    questions_about(estate, |_, _| true, |_, _| true)
}

/// The own images and snapshots that are worth asking about.
fn questions_about(
    estate: &Estate,
    image_is_worth: impl Fn(&Inventory, &Image) -> bool + Sync,
    snapshot_is_worth: impl Fn(&Inventory, &Snapshot) -> bool + Sync,
) -> BTreeMap<Place, Questions> {
    let ask = |inventory: &Inventory| {
        let account = &inventory.place.account;
        let images = inventory.images.par_iter().filter(|image| image.owner == *account && image_is_worth(inventory, image));
        let snapshots =
            inventory.snapshots.par_iter().filter(|snapshot| snapshot.owner == *account && snapshot_is_worth(inventory, snapshot));
        Questions {
            images: images.map(|image| image.id.clone()).collect(),
            snapshots: snapshots.map(|snapshot| snapshot.id.clone()).collect(),
        }
    };
    estate.places.iter().map(|(place, inventory)| (place.clone(), ask(inventory))).collect()
}

/// The own images that EC2's cross-check of references is worth asking about: those of which something is due that would
/// take them from a user, or all where a policy judges more than that by who uses them. `joined` as for [`questions`].
pub fn cross_checked(joined: &Joined<'_>, policies: &PolicySet, principal: Principal) -> BTreeMap<Place, Vec<AmiId>> {
    if !policies.needs().wants(&Source::ImageReferences) {
        return BTreeMap::new();
    }
    let regions = joined.estate.regions();
    let all = policies.asks_image_references() == Asked::All;
    let judge = policies.judge(&joined.estate.organization, principal, joined.now, &regions);
    let ask = |inventory: &Inventory| -> Vec<AmiId> {
        let own = inventory.images.par_iter().filter(|image| image.owner == inventory.place.account);
        let worth = own.filter(|image| all || takes_use(&judge.image(&joined.image(inventory, image))));
        worth.map(|image| image.id.clone()).collect()
    };
    joined
        .estate
        .places
        .iter()
        .filter(|(_, inventory)| inventory.images_read)
        .map(|(place, inventory)| (place.clone(), ask(inventory)))
        .collect()
}

/// Adds what can be asked about one resource although no policy has to know: whom it is shared with, and for an image whom
/// its snapshots are shared with. For whoever wants its whole story.
pub fn ask_about(resource: &ResourceId, estate: &Estate, asked: &mut BTreeMap<Place, Questions>) {
    for (place, inventory) in &estate.places {
        let image = own_image(inventory, resource);
        let behind = |id: &SnapshotId| match resource {
            ResourceId::Snapshot(itself) => itself == id,
            _ => image.is_some_and(|image| image.snapshots().any(|behind| behind == id)),
        };
        let own = inventory.snapshots.iter().filter(|snapshot| snapshot.owner == place.account);
        let snapshots = own.filter(|snapshot| behind(&snapshot.id)).map(|snapshot| snapshot.id.clone());
        let questions = asked.entry(place.clone()).or_default();
        add(&mut questions.images, image.map(|image| image.id.clone()));
        add(&mut questions.snapshots, snapshots);
    }
}

/// Adds an image of which the whole story is wanted to those whose references are cross-checked.
pub fn check_about(resource: &ResourceId, estate: &Estate, checked: &mut BTreeMap<Place, Vec<AmiId>>) {
    for (place, inventory) in &estate.places {
        if let Some(image) = own_image(inventory, resource) {
            add(checked.entry(place.clone()).or_default(), [image.id.clone()]);
        }
    }
}

/// The image in a place, if it is that resource and belongs to the account.
fn own_image<'i>(inventory: &'i Inventory, resource: &ResourceId) -> Option<&'i Image> {
    let ResourceId::Image(id) = resource else { return None };
    inventory.images.iter().find(|image| image.id == *id && image.owner == inventory.place.account)
}

/// Adds those that are not there yet.
fn add<T: PartialEq>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for item in more {
        if !list.contains(&item) {
            list.push(item);
        }
    }
}

/// Whether something is due that must not happen to a shared resource.
fn takes_use(judgement: &Judgement) -> bool {
    judgement.due.iter().any(|verdict| verdict.action.takes_from_users())
}

impl Questions {
    /// Everything that is asked about.
    pub fn resources(&self) -> impl Iterator<Item = ResourceId> {
        let images = self.images.iter().cloned().map(ResourceId::Image);
        images.chain(self.snapshots.iter().cloned().map(ResourceId::Snapshot))
    }

    /// How many calls the answers cost.
    pub fn calls(&self) -> usize {
        self.images.len() + self.snapshots.len()
    }

    /// Notes in `estate` which questions nobody answered: a gap per place, since there may be thousands.
    pub fn note_unanswered(questions: &BTreeMap<Place, Self>, estate: &mut Estate) {
        for (place, asked) in questions {
            let Some(inventory) = estate.places.get_mut(place) else { continue };
            let reported: HashSet<&str> = inventory.gaps.iter().filter_map(|gap| gap.resource.as_deref()).collect();
            let images: Vec<&AmiId> = asked.images.iter().filter(|id| !inventory.launch_permissions.contains_key(*id)).collect();
            let snapshots: Vec<&SnapshotId> =
                asked.snapshots.iter().filter(|id| !inventory.create_volume_permissions.contains_key(*id)).collect();
            let mut gaps = Vec::new();
            if let Some(first) = images.iter().find(|id| !reported.contains(id.as_str())) {
                gaps.push(unanswered(place, Source::LaunchPermissions, images.len(), "images", first.as_str()));
            }
            if let Some(first) = snapshots.iter().find(|id| !reported.contains(id.as_str())) {
                gaps.push(unanswered(place, Source::CreateVolumePermissions, snapshots.len(), "snapshots", first.as_str()));
            }
            inventory.gaps.extend(gaps);
        }
    }
}

fn unanswered(place: &Place, source: Source, count: usize, what: &str, first: &str) -> Gap {
    let error = if count == 1 { "not read".to_owned() } else { format!("not read, nor for {} more {what}", count - 1) };
    Gap::about(place, source, first, error)
}
