//! What must be true in the end: asked of the simulated AWS, of its journal and of the ledger, not of the daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use ami_warden_sim::world::image::Image;
use ami_warden_sim::{ImageState, Permission};
use owo_colors::OwoColorize;

use crate::chapters::say;
use crate::estate::{Estate, OURS, OUTSIDER, RECOVERY, REGIONS, STRANGER};
use crate::warden::Demo;

/// Prints every check and returns whether all passed.
pub(crate) async fn run(demo: &Demo, estate: &Estate, before: &BTreeMap<&'static str, Option<Image>>) -> Result<bool, Box<dyn Error>> {
    say("");
    say(format!("{} {}", "8 ·".cyan().bold(), "Self-checks".bold()));
    let outbox = demo.engine.ledger.outbox().await?;
    let cycles = demo.engine.ledger.list(u32::MAX).await?;
    let concluded: u64 = cycles.iter().filter_map(|cycle| cycle.outcomes.get("done")).sum();
    let unfinished: u64 = cycles.iter().flat_map(|cycle| &cycle.outcomes).filter(|(outcome, _)| *outcome != "done").map(|(_, count)| count).sum();

    let mut verdicts = Verdicts::default();
    demo.sim.world(|world| {
        let journal = &world.journal;
        let effects: BTreeMap<&str, usize> = journal.effects().filter(|entry| entry.service == "ec2").fold(BTreeMap::new(), |mut effects, entry| {
            *effects.entry(entry.action.as_str()).or_default() += 1;
            effects
        });
        let count = |action: &str| effects.get(action).copied().unwrap_or(0);
        let listed: Vec<String> = effects.iter().map(|(action, count)| format!("{count} {action}")).collect();
        say(format!("  The simulator's journal: {}.", listed.join(", ")));

        let public = REGIONS.iter().filter_map(|region| world.place(OURS, region)).any(|place| {
            place.images.values().any(Image::is_public) || place.snapshots.values().any(|snapshot| snapshot.is_public())
        });
        verdicts.add("nothing of ours is public any more, the kept image included", !public && world.image(&estate.kept_public).is_some());
        let shares = world.image(&estate.shared).map(|image| image.launch_permissions.clone()).unwrap_or_default();
        let partner = BTreeSet::from([Permission::Account(OUTSIDER.to_owned())]);
        verdicts.add(&format!("the stranger {STRANGER} lost its share, the partner kept its own"), shares == partner);
        verdicts.add("images were deregistered", count("DeregisterImage") > 0);
        verdicts.add("snapshots were deleted", count("DeleteSnapshot") > 0);
        let replica = world.place(OURS, RECOVERY).and_then(|place| {
            place.images.values().find(|image| image.source_image.as_deref() == Some(&estate.golden))
        });
        verdicts.add(&format!("the golden image is available in {RECOVERY}"), replica.is_some_and(|image| image.state == ImageState::Available));
        let after = estate.trapped(world);
        verdicts.add(&format!("none of the {} traps was touched", before.len()), before.values().all(Option::is_some) && *before == after);
        let resets = journal.entries().iter().filter(|entry| entry.action.starts_with("Reset")).count();
        verdicts.add("no permission was ever reset, only the offending ones removed", resets == 0);
        let untouched = estate.outside.iter().all(|(region, place)| world.place(OUTSIDER, region) == Some(place));
        verdicts.add("the other account is as it was", untouched && journal.mutating().all(|entry| entry.account == OURS));
        let messages: Vec<usize> = Estate::topics().iter().map(|topic| world.messages(topic).len()).collect();
        let waiting = outbox.waiting == 0 && outbox.parked.is_empty();
        verdicts.add("messages arrived on both topics, none waits in the outbox", messages.iter().all(|count| *count > 0) && waiting);
        let changes: usize = effects.values().sum();
        verdicts.add(&format!("all {changes} changes are in the ledger, and every step it began is done"), u64::try_from(changes).ok() == Some(concluded) && unfinished == 0);
    });
    let complete = cycles.iter().all(|cycle| cycle.result.is_some_and(|result| result.name() == "complete"));
    verdicts.add(&format!("all {} cycles were complete", cycles.len()), complete && cycles.len() == demo.cycles);
    let ready = demo.get("/readyz").await?.0.starts_with("200");
    verdicts.add("the daemon says that it is ready", ready);
    Ok(verdicts.all_passed)
}

struct Verdicts {
    all_passed: bool,
}

impl Default for Verdicts {
    fn default() -> Self {
        Self { all_passed: true }
    }
}

impl Verdicts {
    fn add(&mut self, what: &str, passed: bool) {
        let mark = if passed { "✓".green().to_string() } else { "✗".red().bold().to_string() };
        say(format!("  {mark} {what}"));
        self.all_passed &= passed;
    }
}
