//! What must be true in the end: asked of the simulated AWS, of its journal and of the ledger, not of the daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt::Debug;

use ami_warden_sim::world::image::Image;
use ami_warden_sim::{ImageState, Permission, World};
use owo_colors::OwoColorize;

use crate::chapters::{heading, say};
use crate::estate::{Estate, OURS, OUTSIDER, RECOVERY, REGIONS, STRANGER};
use crate::warden::Demo;

/// Images by name, as they were found.
pub(crate) type Found = BTreeMap<&'static str, Option<Image>>;

/// Prints every check and returns whether all passed.
pub(crate) async fn run(demo: &Demo, estate: &Estate, before: &Found) -> Result<bool, Box<dyn Error>> {
    heading(8, "Self-checks");
    let mut verdicts = Verdicts { passed: true };
    let world = demo.sim.world(|world| world.clone());
    let changes = changes(&world);
    let counted: Vec<String> = changes.iter().map(|(call, count)| format!("{count} {call}")).collect();
    for some in counted.chunks(4) {
        say(format!("  {}", some.join(", ")));
    }

    exposure(&mut verdicts, &world, estate);
    effects(&mut verdicts, &world, estate, &changes);
    restraint(&mut verdicts, &world, estate, before);

    let outbox = demo.engine.ledger.outbox().await?;
    let arrived = Estate::topics().map(|topic| world.messages(&topic).len());
    let nothing_left = outbox.waiting == 0 && outbox.parked.is_empty();
    verdicts.add("messages arrived on both topics, and the outbox is empty", !arrived.contains(&0) && nothing_left, &(arrived, outbox));

    let cycles = demo.engine.ledger.list(u32::MAX).await?;
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    for (outcome, count) in cycles.iter().flat_map(|cycle| &cycle.outcomes) {
        *outcomes.entry(outcome).or_default() += count;
    }
    let made: u64 = changes.values().sum();
    let only_done = outcomes.values().sum::<u64>() == made && outcomes.get("done").copied().unwrap_or(0) == made;
    verdicts.add(&format!("the ledger has the {made} changes, each with its intent and outcome, and no others"), only_done, &outcomes);

    let unfinished: Vec<_> = cycles.iter().filter(|cycle| cycle.result.is_none_or(|result| result.name() != "complete")).collect();
    let (ready, reasons) = demo.get("/readyz").await?;
    let fine = unfinished.is_empty() && cycles.len() == demo.cycles && ready.starts_with("200");
    verdicts.add(&format!("all {} cycles were complete, and the daemon is ready", demo.cycles), fine, &(unfinished, reasons));
    Ok(verdicts.passed)
}

/// Calls that changed something in EC2, by name.
fn changes(world: &World) -> BTreeMap<&str, u64> {
    let mut changes = BTreeMap::new();
    for entry in world.journal.effects().filter(|entry| entry.service == "ec2") {
        *changes.entry(entry.action.as_str()).or_default() += 1;
    }
    changes
}

/// Nobody sees what is none of their business.
fn exposure(verdicts: &mut Verdicts, world: &World, estate: &Estate) {
    let places = || REGIONS.iter().filter_map(|region| world.place(OURS, region));
    let images = places().flat_map(|place| place.images.values()).filter(|image| image.is_public()).map(|image| &image.id);
    let snapshots =
        places().flat_map(|place| place.snapshots.values()).filter(|snapshot| snapshot.is_public()).map(|snapshot| &snapshot.id);
    let public: Vec<&String> = images.chain(snapshots).collect();
    let kept = world.image(&estate.kept_public).is_some();
    verdicts.add("nothing of ours is public, not even what a keep tag protects from the rest", public.is_empty() && kept, &(public, kept));

    let shares = world.image(&estate.shared).map(|image| image.launch_permissions.clone());
    let partner = BTreeSet::from([Permission::Account(OUTSIDER.to_owned())]);
    verdicts.add(&format!("the stranger {STRANGER} lost its share, the partner kept its own"), shares.as_ref() == Some(&partner), &shares);
}

/// What should happen has happened.
fn effects(verdicts: &mut Verdicts, world: &World, estate: &Estate, changes: &BTreeMap<&str, u64>) {
    let all = ["EnableImageDeprecation", "DisableImage", "DeregisterImage", "DeleteSnapshot"].iter().all(|call| changes.contains_key(call));
    verdicts.add("images were deprecated, disabled and deregistered, and snapshots deleted", all, changes);

    let copies = world.place(OURS, RECOVERY).into_iter().flat_map(|place| place.images.values());
    let copies: Vec<&Image> = copies.filter(|image| image.source_image.as_deref() == Some(&estate.golden)).collect();
    let one = matches!(copies.as_slice(), [copy] if copy.state == ImageState::Available);
    verdicts.add(&format!("there is one copy of the golden image in {RECOVERY}, and it is available"), one, &copies);
}

/// What should not happen has not.
fn restraint(verdicts: &mut Verdicts, world: &World, estate: &Estate, before: &Found) {
    let after = estate.trapped(world);
    let touched: Vec<&&str> =
        before.iter().filter(|(name, image)| image.is_none() || after.get(*name) != Some(image)).map(|(name, _)| name).collect();
    verdicts.add(&format!("none of the {} traps was touched", before.len()), touched.is_empty(), &touched);

    let resets: Vec<_> = world.journal.entries().iter().filter(|entry| entry.action.starts_with("Reset")).collect();
    verdicts.add("no permission was reset: ResetImageAttribute was never called", resets.is_empty(), &resets);

    let outside = estate.outside.iter().filter(|(region, place)| world.place(OUTSIDER, region) != Some(place)).map(|(region, _)| region);
    let (outside, strayed): (Vec<_>, Vec<_>) =
        (outside.collect(), world.journal.mutating().filter(|entry| entry.account != OURS).collect());
    verdicts.add("the other account is as it was", outside.is_empty() && strayed.is_empty(), &(outside, strayed));
}

struct Verdicts {
    passed: bool,
}

impl Verdicts {
    /// One line; where it failed, with what was found instead.
    fn add(&mut self, what: &str, passed: bool, found: &dyn Debug) {
        self.passed &= passed;
        match passed {
            true => say(format!("  {} {what}", "✓".green())),
            false => say(format!("  {} {what}; found {found:?}", "✗".red().bold())),
        }
    }
}
