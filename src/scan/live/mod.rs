//! The live scan: which places there are, and everything that is asked about each.

mod bounded;
mod listings;
mod permissions;
mod regions;
#[cfg(test)]
mod tests;
mod trail;

pub use listings::{Exposure, exposure, exposures, listings, scan};
pub use permissions::{PermissionAnswers, all_permissions, permissions};
pub use regions::{RegionsError, regions};
pub use trail::{Memory, recall};
