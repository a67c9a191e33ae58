//! What the Recycle Bin would keep, and for how long.

use jiff::SignedDuration;

/// Whether a deleted resource could be brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// A rule keeps it this long.
    For(SignedDuration),
    /// It would be gone at once; why, for people.
    Never(String),
    /// The rules could not be read.
    Unknown(String),
}

/// A rule of the Recycle Bin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecycleBinRule {
    pub id: String,
}
