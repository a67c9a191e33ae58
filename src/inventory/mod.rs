//! One immutable picture of the estate and its gaps, and the joins over it.
//!
//! Pure: no clock, no file, no AWS type. `now` is an argument.

mod ancestry;
pub mod answers;
mod bases;
mod consumers;
mod cross_check;
mod declared;
mod decode;
mod elsewhere;
mod estate;
mod facts;
mod failed_launches;
mod families;
mod fleets;
mod guards;
mod history;
mod ids;
mod joins;
mod keys;
mod managed;
mod membership;
mod memory;
mod organization;
mod parameters;
mod place;
mod platforms;
mod provenance;
mod recipes;
mod recovery;
mod references;
mod replicas;
mod reports;
mod resources;
mod runs;
mod settings;
mod sharing;
mod sight;
mod templates;
#[cfg(test)]
mod tests;
mod trail;
mod unread;
mod users;
mod versions;

pub use ancestry::{Ancestors, Child, Children};
pub use declared::Excused;
pub use estate::Estate;
pub use facts::{FamilyFacts, ImageFacts, SnapshotFacts, Unknown, Usage};
pub use failed_launches::{FailedLaunch, FailedLaunches, LAUNCHES};
pub use guards::{Guard, fast_restores as read_fast_restores, locks as read_locks};
pub use history::{Clock, Cooldown, Copy, Failures, History, Mapping, Parent, Triple};
pub use joins::Joined;
pub use keys::{Admission, DEFAULT_KEY, KEY_ALIASES, KEYS, KeyAccess, Keys, encrypting};
pub use managed::{Managed, ManagedBy};
pub use membership::{Membership, Relation};
pub use organization::{OURS, Organization, Standing};
pub use place::Inventory;
pub use platforms::{System, system_of};
pub use provenance::{Condition, GroupFacts, Here, InstanceFacts, Origin, Provenance};
pub use recovery::{Recovery, RecycleBinRule};
pub use references::{Naming, Reference, User, Users};
pub use replicas::Drift;
pub use reports::UsageReport;
pub use runs::{Group, Instance, OthersImages, Runs, TagSet};
pub use settings::PlaceFacts;
pub use sharing::Reach;
pub use sight::{Reading, Sighting};
pub use trail::{Changed, IMAGE_CHANGES, Remembered, SNAPSHOT_CHANGES};
pub use unread::UnreadFact;
pub use users::launched as read_launched;
pub use versions::Version;

pub use ids::Named;

pub use decode::{image as read_image, permissions as read_permissions, snapshot as read_snapshot};
pub use managed::{of_image as managed_image, of_snapshot as managed_snapshot};
pub use settings::{image_block as read_image_block, snapshot_block as read_snapshot_block};
