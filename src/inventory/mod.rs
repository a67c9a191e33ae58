//! One immutable picture of the estate and its gaps, and the joins over it.
//!
//! Pure: no clock, no file, no AWS type. `now` is an argument.

pub mod answers;
mod facts;
mod history;
mod organization;
mod recovery;
mod references;
mod versions;

pub use facts::{FamilyFacts, ImageFacts, ManagedBy, SnapshotFacts, Unknown, Usage};
pub use history::{Clock, Copy, Failures, History, Mapping, Triple};
pub use organization::{OURS, Organization, Standing};
pub use recovery::{Recovery, RecycleBinRule};
pub use references::{Reference, User};
pub use versions::Version;
