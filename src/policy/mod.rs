//! Cedar: schema, loading, strict validation, facts to entities, verdicts.
//!
//! Pure: the same facts, policies, organization and `now` give the same judgement. Nothing here reads a file;
//! the shipped policies are built in. `docs/policies.md` is the author's side of it.

mod candidates;
mod entities;
mod info;
mod judge;
mod kinds;
mod lint;
mod load;
mod membership;
mod needs;
mod problem;
mod running;
mod schema;
mod set;
mod statements;
mod targets;
#[cfg(test)]
mod tests;
mod uses;
mod values;

pub use info::{Effect, PolicyInfo};
pub use judge::{Fault, Judge, Judgement, Verdict};
pub use load::{PolicyFile, shipped_files};
pub use needs::{Needs, Reason, wanted_by};
pub use problem::{Location, PolicyErrors, Problem};
pub use schema::{ResourceKind, schema_text};
pub use set::{Asked, PolicySet};
