//! The nouns of the field: accounts, Regions, images, snapshots, launch permissions, actions, gaps.
//!
//! Plain data, parsed once at the edge. Nothing here reads a clock, a file or AWS.

mod action;
mod few;
mod gap;
mod ids;
mod image;
mod printable;
mod settings;
mod sharing;
mod snapshot;
mod source;

pub use action::{Action, ActionClass, Context, Mode, Principal, Severity};
pub use few::{few, few_clauses};
pub use gap::Gap;
pub use ids::{AccountId, AmiId, GroupName, InstanceId, Place, Region, ResourceId, SnapshotId};
pub use image::{Image, ImageState, ProductCode, Protection, Volume};
pub use printable::{is_harmless, json_text, printable, printable_json, printable_lines, write_json};
pub use settings::{AllowedImages, AllowedImagesState, Block, BlockState, Manager};
pub use sharing::{Grantee, Permissions, Shareable};
pub use snapshot::Snapshot;
pub use source::{Hides, Source};

/// AWS tags of one resource, by key.
pub type Tags = std::collections::BTreeMap<String, String>;
