//! What is known about the resource, each fact with the source that told it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::inventory::{Guard, History, ImageFacts, Inventory, PlaceFacts, Reach, Recovery, SnapshotFacts};
use crate::model::{AllowedImages, Manager, Permissions, Protection, ResourceId, Shareable, Source};

use super::{bin, joined, snapshots};

/// One thing that is known.
#[derive(Debug, Serialize)]
pub(super) struct Fact {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// The source that told it, or in words what it was found out from.
    pub(super) source: String,
    /// When it was learnt, where that was in an earlier cycle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) learnt_at: Option<Timestamp>,
}

/// What our own memory of earlier cycles tells, and AWS does not.
pub(super) const MEMORY: &str = "remembered from earlier cycles";

pub(super) fn of_image(facts: &ImageFacts<'_>, inventory: &Inventory, history: &History) -> Vec<Fact> {
    let image = facts.image;
    let id = ResourceId::Image(image.id.clone());
    let mut list = Facts::default();
    list.from(&Source::Images);
    list.say("state", image.state.to_string());
    list.say("age", days(facts.age));
    let idle = facts.idle.map_or("not known: AWS names no launch, which is ambiguous".into(), |idle| {
        format!("{} ago, or less: AWS tells a launch a day late", days(idle))
    });
    list.say("last launched", idle);
    list.known("public", image.public);
    list.maybe("deprecated for", facts.since_deprecation.map(days));
    list.maybe(
        "made from",
        image.source_image.as_ref().map(|(source, region)| match region.is_any() {
            true => format!("{source}, in a Region that AWS did not name"),
            false => format!("{source} in {region}"),
        }),
    );
    list.say("snapshots", joined(image.snapshots().map(|snapshot| bin::named(inventory, snapshot))));
    list.maybe("managed by", facts.managed_by.as_ref().map(|managed| managed.told(&facts.place.region)));
    list.maybe("keep tag", facts.keep_tag.map(str::to_owned));
    list.maybe("legal hold", facts.legal_hold.then(|| "yes".to_owned()));
    let family = facts.family.as_ref();
    list.maybe(
        "family",
        family.map(|family| format!("{}, rank {} of {}, {} newer releases", family.name, family.rank, family.size, family.versions_behind)),
    );
    list.maybe("copies in", facts.replica_regions.as_ref().filter(|regions| !regions.is_empty()).map(|regions| joined(regions.iter())));
    list.maybe("copies differ", facts.drift.as_ref().and_then(|drift| drift.told()));
    list.maybe("ancestors", ancestors(facts));
    list.maybe("images made from it", children(facts, history));
    let protected = match &image.protection {
        Protection::On(word) => Some(word.escape_default().to_string()),
        Protection::Unknown => Some("not known".to_owned()),
        Protection::Off | Protection::NotOffered => None,
    };
    list.maybe("deregistration protection", protected);
    list.shares(&Source::LaunchPermissions, facts.sharing, history, &id);
    list.shut_out(&facts.reach);
    list.from(&Source::RecycleBinRule);
    list.say("Recycle Bin", recovery(&facts.recovery));
    list.said_by(MEMORY);
    list.maybe("deregistration protection cools down until", facts.cooling_until.map(|until| until.to_string()));
    list.since("disabled for", facts.since_disabled, history.disabled_since.get(&image.id));
    list.found
}

pub(super) fn of_snapshot(facts: &SnapshotFacts<'_>, inventory: &Inventory, history: &History) -> Vec<Fact> {
    let snapshot = facts.snapshot;
    let mut list = Facts::default();
    list.from(&Source::Snapshots);
    list.say("state", snapshot.state.clone());
    list.say("age", days(facts.age));
    list.say("size", format!("{} GiB of volume, which is not what is billed", snapshot.size_gib));
    list.maybe("made for", snapshot.made_for().map(|id| id.to_string()));
    list.maybe("managed by", facts.managed_by.as_ref().map(|managed| managed.told(&facts.place.region)));
    list.maybe("keep tag", facts.keep_tag.map(str::to_owned));
    list.maybe("legal hold", facts.legal_hold.then(|| "yes".to_owned()));
    snapshots::reach(&mut list, snapshot, inventory, history);
    list.shut_out(&facts.reach);
    list.from(&Source::Volumes);
    list.maybe("its volume is there", facts.source_volume_exists.map(|exists| yes(exists).to_owned()));
    list.from(&Source::LockedSnapshots);
    list.guard("lock", facts.lock);
    list.from(&Source::FastRestores);
    list.guard("Fast Snapshot Restore", facts.fast_restore);
    list.from(&Source::RecycleBinRule);
    list.say("Recycle Bin", recovery(&facts.recovery));
    list.said_by(MEMORY);
    list.since("orphaned for", facts.orphaned_for, history.orphaned_since.get(&snapshot.id));
    list.found
}

pub(super) fn of_place(facts: &PlaceFacts<'_>) -> Vec<Fact> {
    let mut list = Facts::default();
    list.from(&Source::Images);
    list.say("images", number(facts.images));
    list.say("public images", number(facts.public_images));
    list.from(&Source::Snapshots);
    list.say("snapshots", number(facts.snapshots));
    list.from(&Source::PublicSnapshots);
    list.say("public snapshots", number(facts.public_snapshots));
    for of in Shareable::ALL {
        list.from(&of.block_source());
        let name = match of {
            Shareable::Images => "Block Public Access for images",
            Shareable::Snapshots => "Block Public Access for snapshots",
        };
        let said = facts.block(of).map(|block| format!("{}{}", block.state.name(), managed(block.managed_by)));
        list.say(name, said.unwrap_or_else(|| "not read".to_owned()));
    }
    list.from(&Source::AllowedImages);
    let allowed = facts.allowed_images.map(|allowed| {
        let AllowedImages { state, managed_by, providers } = allowed;
        format!("{}{}, providers: {}", state.name(), managed(*managed_by), joined(providers.iter()))
    });
    list.say("Allowed AMIs", allowed.unwrap_or_else(|| "not read".to_owned()));
    list.found
}

fn managed(by: Option<Manager>) -> &'static str {
    match by {
        Some(Manager::Account) => ", managed by the account",
        Some(Manager::DeclarativePolicy) => ", managed by a declarative policy of the organization",
        None => "",
    }
}

fn number(number: Option<usize>) -> String {
    number.map_or_else(|| "not known".to_owned(), |number| number.to_string())
}

/// The chain of images above it, as far as it is known.
fn ancestors(facts: &ImageFacts<'_>) -> Option<String> {
    facts.image.source_image.as_ref()?;
    Some(match &facts.ancestors {
        None => "not known: a Region that was not read may hold one of them".to_owned(),
        Some(known) if known.complete => joined(known.images.iter()),
        Some(known) => format!("{} and what those were made from, which is not ours or gone", joined(known.images.iter())),
    })
}

/// What was made of it, and what may be missing from that.
fn children(facts: &ImageFacts<'_>, history: &History) -> Option<String> {
    let found = facts.children.found.iter().map(|child| {
        let listed_at = history.listed_at.get(child.place).filter(|_| child.image.is_none());
        let remembered = listed_at.map(|at| format!(" (remembered from {})", at.strftime("%Y-%m-%d %H:%M")));
        format!("{} in {}{}", child.id, child.place, remembered.unwrap_or_default())
    });
    let unknown = facts.children.unknown.iter().map(|unknown| format!("perhaps more: {}", unknown.reason));
    let told: Vec<String> = found.chain(unknown).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// Facts in the order they are told, and who tells the next ones.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) found: Vec<Fact>,
    source: String,
}

impl Facts {
    pub(super) fn from(&mut self, source: &Source) {
        self.said_by(source.name());
    }

    pub(super) fn said_by(&mut self, source: &str) {
        source.clone_into(&mut self.source);
    }

    pub(super) fn say(&mut self, name: &'static str, value: String) {
        self.found.push(Fact { name, value, source: self.source.clone(), learnt_at: None });
    }

    fn maybe(&mut self, name: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.say(name, value);
        }
    }

    /// Yes or no, where that is known.
    pub(super) fn known(&mut self, name: &'static str, known: Option<bool>) {
        self.say(name, known.map_or("not known", yes).to_owned());
    }

    /// Whom it is shared with to no avail.
    fn shut_out(&mut self, reach: &Reach<'_>) {
        if let Some(shut_out) = reach.unusable.as_ref().filter(|shut_out| !shut_out.is_empty()) {
            self.from(&Source::KeyPolicies);
            self.say("cannot open it", joined(shut_out.iter().map(|(grantee, why)| format!("{grantee} ({why})"))));
        }
    }

    fn guard(&mut self, name: &'static str, guard: Guard<'_>) {
        match guard {
            Guard::Off => {}
            Guard::On(state) => self.say(name, state.to_owned()),
            Guard::Unread => self.say(name, "not read".into()),
        }
    }

    /// A time that only a witness knows.
    fn since(&mut self, name: &'static str, duration: Option<SignedDuration>, first_seen: Option<&Timestamp>) {
        if let Some(duration) = duration {
            self.found.push(Fact { name, value: days(duration), source: self.source.clone(), learnt_at: first_seen.copied() });
        }
    }

    /// Permissions are asked for one by one, and kept while CloudTrail knows no change of them.
    pub(super) fn shares(&mut self, source: &Source, sharing: Option<&Permissions>, history: &History, id: &ResourceId) {
        self.from(source);
        let value = match sharing {
            None => "not read".to_owned(),
            Some(permissions) if permissions.0.is_empty() => "nobody".to_owned(),
            Some(permissions) => joined(permissions.0.iter()),
        };
        let remembered = history.permissions.get(id).filter(|remembered| Some(&remembered.permissions) == sharing);
        let learnt_at = remembered.map(|remembered| remembered.read_at);
        self.found.push(Fact { name: "shared with", value, source: self.source.clone(), learnt_at });
    }
}

fn recovery(recovery: &Recovery) -> String {
    match recovery {
        Recovery::For(kept) => format!("would keep it {}", days(*kept)),
        Recovery::Never(why) | Recovery::Unknown(why) => why.clone(),
    }
}

pub(super) fn days(duration: SignedDuration) -> String {
    match duration.as_hours() / 24 {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
