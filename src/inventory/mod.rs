//! One immutable picture of the estate and its gaps, and the joins over it.
//!
//! Pure: no clock, no file, no AWS type. `now` is an argument.

pub mod answers;
mod bases;
mod consumers;
mod decode;
mod estate;
mod facts;
mod families;
mod history;
mod joins;
mod managed;
mod memory;
mod mentions;
mod organization;
mod place;
mod platforms;
mod provenance;
mod recovery;
mod references;
mod runs;
mod templates;
mod trail;
mod versions;

pub use estate::Estate;
pub use facts::{FamilyFacts, ImageFacts, ManagedBy, SnapshotFacts, Unknown, Usage};
pub use history::{Clock, Copy, Failures, History, Mapping, Triple};
pub use joins::Joined;
pub use mentions::mentions;
pub use organization::{OURS, Organization, Standing};
pub use place::Inventory;
pub use platforms::{System, system_of};
pub use provenance::{Condition, GroupFacts, Here, InstanceFacts, Origin, Provenance};
pub use recovery::{Recovery, RecycleBinRule};
pub use references::{Reference, User, launched as read_launched};
pub use runs::{Group, Instance, OthersImages, Runs, TagSet};
pub use trail::{Changed, IMAGE_CHANGES, Remembered, SNAPSHOT_CHANGES};
pub use versions::Version;

pub use decode::{image as read_image, permissions as read_permissions, snapshot as read_snapshot};
pub use managed::{of_image as managed_image, of_snapshot as managed_snapshot};
