//! Evidence from AWS: each answer is written to the record, if one is made, and added to the estate.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Asking, Evidence, EvidenceError};
use crate::aws::Aws;
use crate::config::Config;
use crate::inventory::answers::Answers;
use crate::inventory::{Estate, FailedLaunches, History, Inventory, Joined};
use crate::model::{AmiId, Place, Region, Source};
use crate::plan::{Questions, all_questions, ask_about, check_about, cross_checked, questions};
use crate::policy::Needs;
use crate::scan::Progress;
use crate::scan::live::{
    Exposure, Governed, Memory, Wanted, all_permissions, all_references, exposures, governed, governed_in_haste, launches, recall, scan,
};
use crate::scan::recorded::{RecordError, Recording};

impl Evidence {
    /// Scans every place: first the listings, then what is asked about single images and snapshots. With a `recording`,
    /// every source is asked, and every answer is also written there.
    ///
    /// # Errors
    /// When it is not known what to read, nothing at all could be read, or the recording cannot be written.
    /// Anything less is a gap.
    pub async fn live(aws: &Aws, asking: Asking<'_>, progress: &Progress, recording: Option<&Recording>) -> Result<Self, EvidenceError> {
        let Asking { config, policies, principal, history, approved, now, about } = asking;
        let Governed { estate, places, organization } = governed(aws, config, policies, &history, now, progress).await?;
        if let (Some(recording), Some(organization)) = (recording, &organization) {
            recording.organization(organization)?;
        }
        let needs = if recording.is_some() { &Needs::everything() } else { policies.needs() };
        let wanted = Wanted::new(needs, &config.sources, now);
        let record = Record { recording, written: Ok(()) };
        let mut scan = Scan { aws, config, progress, wanted, now, record, estate, history };

        scan.listings(&places).await?;
        let mut asked = match recording {
            Some(_) => all_questions(&scan.estate),
            None => questions(&scan.joined().as_if_unshared(), policies, principal),
        };
        if let Some(resource) = &about {
            ask_about(resource, &scan.estate, &mut asked);
        }
        scan.permissions(&asked).await?;
        // Only now is it known for certain what is due: a policy may rest on permissions.
        let mut checked = match recording {
            Some(_) => scan.estate.own_images(),
            None => cross_checked(&scan.joined(), policies, principal),
        };
        if let Some(resource) = &about {
            check_about(resource, &scan.estate, &mut checked);
        }
        scan.references(&checked).await?;
        scan.failed_launches().await?;

        let Scan { mut estate, mut history, .. } = scan;
        Questions::note_unanswered(&asked, &mut estate);
        history.observe(&Joined::new(&estate, &history.clone(), config, now));
        if let Some(recording) = recording {
            // Who belongs to us has a file of its own.
            let unreached = estate.gaps.iter().filter(|gap| gap.source != Source::Organization);
            history.unreached = unreached.cloned().collect();
            recording.history(&history)?;
        }
        Self { estate, history, approved, now }.or_nothing()
    }

    /// Reads only the two public listings of every place.
    ///
    /// # Errors
    /// When it is not known what to read, or no listing answered.
    pub async fn exposure(aws: &Aws, asking: Asking<'_>) -> Result<Self, EvidenceError> {
        let Asking { config, policies, history, approved, now, .. } = asking;
        let Governed { mut estate, places, .. } = governed_in_haste(aws, config, policies, &history, now).await?;
        exposures(aws, &places, |Exposure { place, public_images, public_snapshots }| {
            estate.add(Inventory::exposure(place, public_images, public_snapshots));
        })
        .await;
        Self { estate, history, approved, now }.or_nothing()
    }
}

/// A scan under way: whom to ask, and what is known so far.
struct Scan<'a> {
    aws: &'a Aws,
    config: &'a Config,
    progress: &'a Progress,
    wanted: Wanted,
    now: Timestamp,
    record: Record<'a>,
    estate: Estate,
    history: History,
}

impl Scan<'_> {
    fn joined(&self) -> Joined<'_> {
        Joined::new(&self.estate, &self.history, self.config, self.now)
    }

    /// What every place lists.
    async fn listings(&mut self, places: &[Place]) -> Result<(), RecordError> {
        scan(self.aws, places, &self.wanted, self.progress, |answers| {
            self.record.write(|| &answers);
            self.estate.add(Inventory::settled(answers, &self.config.sources, self.now));
        })
        .await;
        self.record.so_far()
    }

    /// EC2's own list of who refers to these images.
    async fn references(&mut self, checked: &BTreeMap<Place, Vec<AmiId>>) -> Result<(), RecordError> {
        all_references(self.aws, checked, &self.wanted, self.progress, |place, answer| {
            self.record.write(|| Answers { image_references: Some(answer.clone()), ..earlier(&place) });
            if let Some(inventory) = self.estate.places.get_mut(&place) {
                inventory.add_image_references(answer, &self.config.sources, self.now);
            }
        })
        .await;
        self.record.so_far()
    }

    /// Launches that CloudTrail saw fail: what it says now in Regions with an image that cannot be launched or may soon not be,
    /// of every account, since another one's launch of a shared image fails there; and what it said before of any place.
    async fn failed_launches(&mut self) -> Result<(), RecordError> {
        if self.wanted.wants(&Source::Events) {
            self.look_for_failed_launches().await;
        }
        self.estate.add_failed_launches(&mut self.history, &self.config.sources, self.now);
        self.record.so_far()
    }

    async fn look_for_failed_launches(&mut self) {
        let in_danger = self.estate.places.values().filter(|inventory| self.record.is_made() || inventory.may_fail_to_launch(self.now));
        let regions: BTreeSet<&Region> = in_danger.map(|inventory| &inventory.place.region).collect();
        let places = self.estate.places.values().filter(|inventory| regions.contains(&inventory.place.region));
        let since = places.map(|inventory| (inventory.place.clone(), self.launches_begin(&inventory.place))).collect();
        launches(self.aws, &since, self.progress, |place, answer| {
            self.record.write(|| Answers { events: Some(answer.clone()), ..earlier(&place) });
            let seen = self.history.failed_launches.entry(place.clone()).or_default();
            if let Some(inventory) = self.estate.places.get_mut(&place) {
                inventory.learn_failed_launches(answer, seen, &self.config.sources, self.now);
            }
        })
        .await;
    }

    fn launches_begin(&self, place: &Place) -> Timestamp {
        if self.record.is_made() {
            // A record remembers nothing of earlier looks.
            return self.now.checked_sub(self.config.sources.screams).unwrap_or(Timestamp::MIN);
        }
        let seen = self.history.failed_launches.get(place);
        seen.map_or_else(|| FailedLaunches::default().begin(self.now), |seen| seen.begin(self.now))
    }

    /// The permissions that are asked for: those still known to be true from memory, the others from AWS.
    async fn permissions(&mut self, asked: &BTreeMap<Place, Questions>) -> Result<(), RecordError> {
        let memory = Memory { settings: &self.config.permissions, now: self.now, progress: self.progress };
        let open = if self.record.is_made() {
            // A record is what AWS says now.
            asked.clone()
        } else {
            recall(self.aws, asked, &mut self.history, &mut self.estate, memory).await
        };
        all_permissions(self.aws, &open, |place, (images, snapshots)| {
            self.record.write(|| Answers {
                launch_permissions: images.clone(),
                create_volume_permissions: snapshots.clone(),
                ..earlier(&place)
            });
            if let Some(inventory) = self.estate.places.get_mut(&place) {
                inventory.add_permissions(images, snapshots);
            }
        })
        .await;
        let answered = open.iter().flat_map(|(place, open)| open.resources().map(|resource| (place.clone(), resource)));
        self.history.remember(&self.estate, answered, self.now);
        self.record.so_far()
    }
}

/// The record that is made of a scan, if one is, up to the first answer that could not be written.
struct Record<'a> {
    recording: Option<&'a Recording>,
    written: Result<(), RecordError>,
}

impl Record<'_> {
    fn is_made(&self) -> bool {
        self.recording.is_some()
    }

    fn write<A: Borrow<Answers>>(&mut self, answers: impl FnOnce() -> A) {
        if let (Some(recording), Ok(())) = (self.recording, &self.written) {
            self.written = recording.place(answers().borrow());
        }
    }

    fn so_far(&mut self) -> Result<(), RecordError> {
        std::mem::replace(&mut self.written, Ok(()))
    }
}

/// Answers about a place of which everything else was written before.
fn earlier(place: &Place) -> Answers {
    Answers::unread(place.clone(), "written before")
}
