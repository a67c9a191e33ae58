//! ami-warden: governs Amazon Machine Images.
//!
//! One cycle scans every Region, joins what was seen into facts, asks Cedar policies what is due,
//! plans ordered steps, holds back whatever cannot be proven safe, acts and reports.
//! `docs/ARCHITECTURE.md` is the map; the modules below stand in layers, each using only those above
//! it in this list.

pub mod model;

pub mod config;

pub mod inventory;

pub mod policy;

pub mod plan;

pub mod ledger;

#[cfg(feature = "aws")]
pub mod aws;

pub mod scan;

#[cfg(feature = "aws")]
pub mod act;

pub mod evidence;

pub mod report;

pub mod http;

#[cfg(feature = "aws")]
pub mod cycle;

#[cfg(feature = "aws")]
pub mod daemon;

pub mod cli;
