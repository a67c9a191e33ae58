//! What a loaded policy says of itself.

use std::fmt;
use std::path::PathBuf;

use crate::model::{Action, Severity};

use super::schema::ResourceKind;

/// One policy, for lists, plans and reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyInfo {
    /// `@id`, unique over all files.
    pub id: String,
    pub effect: Effect,
    /// `@title`: what it is about, in a few words.
    pub title: Option<String>,
    /// `@severity`; `medium` when it says none.
    pub severity: Severity,
    /// `@owner`: who answers for it.
    pub owner: Option<String>,
    /// `@reason`: a sentence for those whose resources it touches.
    pub reason: Option<String>,
    /// `@doc`: anything longer.
    pub doc: Option<String>,
    /// `@runbook`: where to read on.
    pub runbook: Option<String>,
    pub file: PathBuf,
    pub line: usize,
    /// The actions it can speak about, in ladder order.
    pub actions: Vec<Action>,
    /// What it can speak about.
    pub resources: Vec<ResourceKind>,
    /// Whether it asks for stale use: then people want to know whose.
    pub asks_stale_use: bool,
    /// Its text, without the comments before it.
    pub text: String,
}

impl PolicyInfo {
    /// What to call it in a sentence: its title, or its id.
    pub fn label(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.id)
    }
}

/// Whether it asks for something or guards against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It is due.
    Permit,
    /// A guard rail: it always wins.
    Forbid,
}

impl Effect {
    /// Cedar's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Forbid => "forbid",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
