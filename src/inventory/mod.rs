//! One immutable picture of the estate and its gaps, and the joins over it.
//!
//! Pure: no clock, no file, no AWS type. `now` is an argument.

pub mod answers;
mod decode;
mod elsewhere;
mod estate;
mod facts;
mod families;
mod history;
mod joins;
mod managed;
mod membership;
mod memory;
mod mentions;
mod organization;
mod place;
mod recovery;
mod references;
mod reports;
mod sight;
mod templates;
mod trail;
mod versions;

pub use estate::Estate;
pub use facts::{FamilyFacts, ImageFacts, ManagedBy, SnapshotFacts, Unknown, Usage};
pub use history::{Clock, Copy, Failures, History, Mapping, Membership, Reading, Sighting, Triple};
pub use joins::Joined;
pub use membership::Relation;
pub use mentions::mentions;
pub use organization::{OURS, Organization, Standing};
pub use place::Inventory;
pub use recovery::{Recovery, RecycleBinRule};
pub use references::{Reference, User, launched as read_launched};
pub use reports::UsageReport;
pub use trail::{Changed, IMAGE_CHANGES, Remembered, SNAPSHOT_CHANGES};
pub use versions::Version;

pub use decode::{image as read_image, permissions as read_permissions, snapshot as read_snapshot};
pub use managed::{of_image as managed_image, of_snapshot as managed_snapshot};
