//! Everything a plan is made from, gathered: the estate, the memory of earlier cycles, approvals and the moment.

#[cfg(feature = "aws")]
mod live;

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use rayon::prelude::*;
use thiserror::Error;

use crate::config::Config;
use crate::inventory::{Estate, History, Inventory, Joined, Triple};
use crate::model::ResourceId;
use crate::plan::{Principal, Questions, questions};
use crate::policy::PolicySet;
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
    /// What is asked everything about, whether or not a policy has to know.
    pub about: Option<ResourceId>,
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
        let mut history = recorded.history()?.unwrap_or_default();
        // Side by side, each place's answers dropped as soon as they are read.
        let read = |place| Inventory::settled(recorded.answers(place, &history), &config.sources, now);
        let places: Vec<Inventory> = recorded.places(&history).par_iter().map(read).collect();
        places.into_iter().for_each(|inventory| estate.add(inventory));
        estate.add_failed_launches(&mut history, &config.sources, now);
        match recorded.organization() {
            Some(Ok(organization)) => estate.learn_organization(organization, "organization.json"),
            Some(Err(error)) => estate.organization_unread(error),
            None => {}
        }
        estate.gaps.extend(history.unreached.iter().cloned());
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
