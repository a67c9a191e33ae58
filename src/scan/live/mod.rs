//! The live scan: which places there are, and everything that is asked about each.

mod asking;
mod bounded;
mod cross_check;
mod governed;
mod listings;
mod named;
mod permissions;
mod regions;
mod services;
mod templates;
#[cfg(test)]
mod tests;
mod trail;

pub use asking::Wanted;
pub use cross_check::all_references;
pub use governed::{Governed, governed, governed_in_haste};
pub use listings::{Exposure, exposure, exposures, listings, scan};
pub use permissions::{PermissionAnswers, all_permissions, permissions};
pub use regions::{Reach, RegionsError, reach, regions};
pub use trail::{Memory, launches, recall};
