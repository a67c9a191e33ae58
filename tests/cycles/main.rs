//! Whole cycles of the daemon's engine, and of the program itself, over the wire against a simulated AWS.
//!
//! Each test is one sentence about what AWS was asked to change, and above all what it was not. One binary for all of
//! them, so that the SDK is linked once.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod accounts;
mod copies;
mod crash;
mod economy;
mod explain;
mod exposure;
mod failures;
mod gaps;
mod grace;
mod guarded;
mod harness;
mod hostile;
mod ladder;
mod limits;
mod partitions;
mod peers;
mod permissions;
mod places;
mod process;
mod program;
mod reports;
mod screams;
mod sharing;
mod traps;
mod usage_reports;
