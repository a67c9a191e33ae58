//! The live scan: which places there are, and everything that is asked about each.

mod bounded;
mod listings;
mod organization;
mod permissions;
mod regions;
#[cfg(test)]
mod tests;

pub use listings::{Exposure, exposure, exposures, listings, scan};
pub use organization::organization;
pub use permissions::{PermissionAnswers, all_permissions, permissions};
pub use regions::{Reach, RegionsError, reach, regions};
