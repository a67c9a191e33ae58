//! The live scan: which places there are, and everything that is asked about each.

mod bounded;
mod governed;
mod listings;
mod permissions;
mod regions;
#[cfg(test)]
mod tests;
mod trail;

pub use governed::{Governed, governed, governed_in_haste};
pub use listings::{Exposure, exposure, exposures, listings, scan};
pub use permissions::{PermissionAnswers, all_permissions, permissions};
pub use regions::{Reach, RegionsError, reach, regions};
pub use trail::{Memory, recall};
