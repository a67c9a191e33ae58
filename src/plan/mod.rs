//! Verdicts become ordered steps, and everything that is due but not done gets a typed reason.
//!
//! Pure: the same estate, history, policies and `now` give the same bytes.

mod audit;
mod canonical;
mod clocks;
mod document;
mod interlocks;
mod judge;
mod limits;
mod make;
mod outsiders;
mod questions;

pub use crate::model::Principal;
pub use audit::{Objection, audit};
pub use clocks::{advance, lapsed};
pub use document::{Entry, Finding, Hold, HoldKind, Plan, Untouched};
pub use judge::create_rule;
pub use make::{make, make_exposure};
pub use questions::{Questions, questions};
