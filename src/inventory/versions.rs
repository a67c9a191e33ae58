//! Versions of images: semantic (`1.4.2`, `v2`) or dates (`2026-05-01`, `20260501`).

/// A release, comparable with others of its family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub major: i64,
    pub minor: i64,
    pub patch: i64,
    pub prerelease: Option<String>,
}
