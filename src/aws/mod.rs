//! The only code that names the AWS SDK: clients per place, paged reads, single writes, messages.
//!
//! Reads end in `inventory::answers`; a page that failed makes the whole source an error, never a
//! shorter list. Writes go through [`write::Writer`], which only `act` makes, are sent once, and say
//! `Unknown` when their effect may have happened. Nothing here decides what is due.

mod clients;
mod connect;
mod error;
mod organization;
mod pace;
mod pages;
pub mod read;
mod requests;
mod session;
mod settings;
pub mod sns;
mod whole;
pub mod write;

#[cfg(test)]
pub(crate) mod tests;

pub use clients::Clients;
pub use connect::{Aws, ConnectError, Identity, Partition};
pub use error::{AwsError, Effect, ErrorKind};
pub use organization::Organizations;
pub use requests::{RequestCount, Requests};
pub use session::Session;
pub use settings::{Keys, Pace, Settings, Timeouts};
pub use write::{Rehearsal, Rehearsed, WriteOutcome, rehearse};
