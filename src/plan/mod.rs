//! Verdicts become ordered steps, and everything that is due but not done gets a typed reason.
//!
//! Pure: the same estate, history, policies and `now` give the same bytes.

mod document;

pub use document::{Entry, Finding, Hold, HoldKind, Plan, Untouched};

pub use crate::model::Principal;
