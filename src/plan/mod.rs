//! Verdicts become ordered steps, and everything that is due but not done gets a typed reason.
//!
//! Pure: the same estate, history, policies and `now` give the same bytes.

mod audit;
mod canonical;
mod clocks;
mod details;
mod document;
mod interlocks;
mod judge;
mod limits;
mod make;
mod outlook;
mod outsiders;
mod questions;
mod runs;
mod unseen;

pub use crate::model::Principal;
pub use audit::{Objection, audit};
pub use clocks::{advance, lapsed};
pub use document::{Entry, Finding, Hold, HoldKind, Plan, Untouched, own_title};
pub use judge::create_rule;
pub use make::{make, make_exposure};
pub use outlook::{Forecast, outlook};
pub use questions::{Questions, all_questions, ask_about, check_about, cross_checked, questions};
