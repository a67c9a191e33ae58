//! Everything a plan is made from, gathered: the estate, the memory of earlier cycles, approvals and the moment.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use rayon::prelude::*;
use thiserror::Error;

use crate::config::Config;
use crate::inventory::{Estate, History, Inventory, Joined, Triple};
#[cfg(feature = "aws")]
use crate::model::{Place, Source};
#[cfg(feature = "aws")]
use crate::plan::cross_checked;
use crate::plan::{Principal, Questions, questions};
use crate::policy::{Needs, PolicySet};
use crate::scan::recorded::{self, RecordError, RecordedError};

/// What one plan is made from.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub estate: Estate,
    pub history: History,
    /// What a person released from the tripwire.
    pub approved: BTreeSet<Triple>,
    pub now: Timestamp,
}

/// Why there is nothing to plan from.
#[derive(Debug, Error)]
pub enum EvidenceError {
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Regions(#[from] crate::scan::live::RegionsError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("nothing at all could be read: {first_gap}")]
    Nothing { first_gap: String },
}

/// What a scan is asked to find out, and what is known before it.
#[derive(Debug)]
pub struct Asking<'a> {
    pub config: &'a Config,
    pub policies: &'a PolicySet,
    pub principal: Principal,
    pub history: History,
    pub approved: BTreeSet<Triple>,
    pub now: Timestamp,
}

impl Evidence {
    /// Reads a recorded estate. Without a recorded history grace counts from `now`.
    ///
    /// # Errors
    /// When the folder is no recorded estate, or nothing in it could be read. Anything less is a gap.
    pub fn recorded(
        dir: &Path,
        config: &Config,
        policies: &PolicySet,
        principal: Principal,
        now: Timestamp,
    ) -> Result<Self, EvidenceError> {
        let recorded = recorded::open(dir)?;
        let mut estate = Estate::new(config);
        let history = recorded.history()?.unwrap_or_default();
        // Side by side, each place's answers dropped as soon as they are read.
        let read = |place| Inventory::settled(recorded.answers(place, &history), &config.sources, now);
        let places: Vec<Inventory> = recorded.places().par_iter().map(read).collect();
        places.into_iter().for_each(|inventory| estate.add(inventory));
        match recorded.organization() {
            Some(Ok(organization)) => estate.learn_organization(organization, "organization.json"),
            Some(Err(error)) => estate.organization_unread(error),
            None => {}
        }
        estate.govern_recorded(config);
        let evidence = Self { estate, history, approved: BTreeSet::new(), now };
        evidence.answered_by_files(config, policies, principal)
    }

    /// Notes which questions of the policies the files leave open.
    fn answered_by_files(mut self, config: &Config, policies: &PolicySet, principal: Principal) -> Result<Self, EvidenceError> {
        let joined = Joined::new(&self.estate, &self.history, config, self.now).as_if_unshared();
        let asked = questions(&joined, policies, principal);
        Questions::note_unanswered(&asked, &mut self.estate);
        self.or_nothing()
    }

    /// Itself, unless nothing at all was read.
    pub fn or_nothing(self) -> Result<Self, EvidenceError> {
        match self.estate.gaps().first() {
            Some(gap) if self.estate.is_blank() => Err(EvidenceError::Nothing { first_gap: gap.to_string() }),
            _ => Ok(self),
        }
    }
}

#[cfg(feature = "aws")]
mod live {
    use super::*;
    use crate::aws::Aws;
    use crate::inventory::FailedLaunches;
    use crate::inventory::answers::Answers;
    use crate::scan::Progress;
    use crate::scan::live::{
        Exposure, Governed, Memory, Wanted, all_permissions, all_references, exposures, governed, governed_in_haste, launches, recall, scan,
    };
    use crate::scan::recorded::Recording;

    impl Evidence {
        /// Scans every place: first the listings, then the permissions that a policy could act on. With a `recording`,
        /// every answer is also written there.
        ///
        /// # Errors
        /// When it is not known what to read, nothing at all could be read, or the recording cannot be written.
        /// Anything less is a gap.
        pub async fn live(
            aws: &Aws,
            asking: Asking<'_>,
            progress: &Progress,
            recording: Option<&Recording>,
        ) -> Result<Self, EvidenceError> {
            let Asking { config, policies, principal, mut history, approved, now } = asking;
            let Governed { mut estate, places, organization } = governed(aws, config, policies, &history, now, progress).await?;
            if let (Some(recording), Some(organization)) = (recording, &organization) {
                recording.organization(organization)?;
            }
            let mut unrecorded = Ok(());
            let needs = if recording.is_some() { &Needs::everything() } else { policies.needs() };
            let wanted = Wanted::new(needs, &config.sources, now);
            scan(aws, &places, &wanted, progress, |answers| {
                if let (Some(recording), Ok(())) = (recording, &unrecorded) {
                    unrecorded = recording.place(&answers);
                }
                estate.add(Inventory::settled(answers, &config.sources, now));
            })
            .await;
            unrecorded?;

            let joined = Joined::new(&estate, &history, config, now).as_if_unshared();
            let asked = questions(&joined, policies, principal);
            let checked = match recording {
                Some(_) => estate.own_images(),
                None => cross_checked(&joined, policies, principal),
            };
            let mut unrecorded = Ok(());
            all_references(aws, &checked, &wanted, progress, |place, answer| {
                if let (Some(recording), Ok(())) = (recording, &unrecorded) {
                    let unread = Answers::unread(place.clone(), "written before");
                    unrecorded = recording.place(&Answers { image_references: Some(answer.clone()), ..unread });
                }
                if let Some(inventory) = estate.places.get_mut(&place) {
                    inventory.add_image_references(answer, &config.sources, now);
                }
            })
            .await;
            unrecorded?;
            if needs.wants(&Source::Events) {
                let in_danger = estate.places.values().filter(|inventory| recording.is_some() || inventory.may_fail_to_launch(now));
                let begin = |place: &Place| match recording {
                    // A record remembers nothing of earlier looks.
                    Some(_) => now.checked_sub(config.sources.screams).unwrap_or(Timestamp::MIN),
                    None => history.failed_launches.get(place).map_or_else(|| FailedLaunches::default().begin(now), |seen| seen.begin(now)),
                };
                let since = in_danger.map(|inventory| (inventory.place.clone(), begin(&inventory.place))).collect();
                let mut unrecorded = Ok(());
                launches(aws, &since, progress, |place, answer| {
                    if let (Some(recording), Ok(())) = (recording, &unrecorded) {
                        let unread = Answers::unread(place.clone(), "written before");
                        unrecorded = recording.place(&Answers { events: Some(answer.clone()), ..unread });
                    }
                    let seen = history.failed_launches.entry(place.clone()).or_default();
                    if let Some(inventory) = estate.places.get_mut(&place) {
                        inventory.add_failed_launches(answer, seen, &config.sources, now);
                    }
                })
                .await;
                unrecorded?;
            }
            let memory = Memory { settings: &config.permissions, now, progress };
            let open = match recording {
                // A record is what AWS says now.
                Some(_) => asked.clone(),
                None => recall(aws, &asked, &mut history, &mut estate, memory).await,
            };
            let mut unrecorded = Ok(());
            all_permissions(aws, &open, |place, (images, snapshots)| {
                if let (Some(recording), Ok(())) = (recording, &unrecorded) {
                    let unread = Answers::unread(place.clone(), "written before");
                    let (launch_permissions, create_volume_permissions) = (images.clone(), snapshots.clone());
                    unrecorded = recording.place(&Answers { launch_permissions, create_volume_permissions, ..unread });
                }
                if let Some(inventory) = estate.places.get_mut(&place) {
                    inventory.add_permissions(images, snapshots);
                }
            })
            .await;
            unrecorded?;
            let answered = open.iter().flat_map(|(place, open)| open.resources().map(|resource| (place.clone(), resource)));
            history.remember(&estate, answered, now);
            Questions::note_unanswered(&asked, &mut estate);
            history.observe(&Joined::new(&estate, &history.clone(), config, now));
            if let Some(recording) = recording {
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
}
