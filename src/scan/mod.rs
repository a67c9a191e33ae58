//! Reads an estate: live from AWS, or as somebody recorded it.
//!
//! Both end in `inventory::answers`, so that both are judged by the same code. A scan never fails as a whole and
//! never shortens a list: what could not be read is an `Err` in its field, with the reason.

mod calls;
mod listing;
#[cfg(feature = "aws")]
pub mod live;
mod progress;
pub mod recorded;

pub use calls::calls;
pub use progress::{Progress, ScanEvent};
