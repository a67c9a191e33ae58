//! Estates that somebody made to do harm, or that are broken in ways nobody thought of: nothing panics, nothing is done
//! because of them, and nothing of them reaches a terminal or a log but text.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod damage;
mod estate;
mod files;
mod words;
