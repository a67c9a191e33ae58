//! Who uses an image or snapshot: each user a typed value that tells where it came from.
//!
//! *Live* users launch it or could at any moment. A numbered launch template version that nothing names is *stale*:
//! shown as such, never ignored (packer-ami-management#266).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, AmiId, Place, SnapshotId, Source};

use super::ids::Named;

/// One user of an image or snapshot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// Where the user lives; not always the image's own account.
    pub place: Place,
    pub user: User,
    /// Whether it could launch at any moment; a template version that nothing names is stale.
    pub live: bool,
    /// When a template version was made, when a launch last failed; `None` for others, and where nobody said.
    pub since: Option<Timestamp>,
}

/// What uses it, with what is needed to find it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum User {
    Instance {
        id: String,
        state: String,
    },
    LaunchTemplate {
        id: String,
        version: i64,
        naming: Naming,
    },
    AutoScalingGroup {
        name: String,
        /// Instances it wants; an empty group launches tomorrow.
        size: Option<i64>,
        warm_pool: Option<i64>,
    },
    LaunchConfiguration {
        name: String,
    },
    SpotFleet {
        id: String,
        state: String,
    },
    SpotRequest {
        id: String,
        state: String,
    },
    Fleet {
        id: String,
        state: String,
    },
    /// A parameter in whose value the id stands.
    Parameter {
        name: String,
    },
    ImageRecipe {
        arn: String,
    },
    ContainerRecipe {
        arn: String,
    },
    /// What Cloud Control lists: a compute environment, a node group, …
    Resource {
        kind: String,
        id: String,
    },
    /// What only EC2's own cross-check names.
    Referring {
        kind: String,
        arn: String,
    },
    /// Somebody tried to launch it and failed: the scream of the scream test.
    FailedLaunch {
        by: String,
        times: usize,
        source: Source,
    },
    /// An image whose snapshot this is.
    Image {
        id: AmiId,
        note: String,
    },
    /// An image in the Recycle Bin whose snapshot this is.
    ImageInRecycleBin {
        id: AmiId,
        note: String,
    },
    /// A recorded file without a reader, in which the id was found.
    Recorded {
        file: String,
    },
    /// Something configured that would pick it by its name or tags.
    Consumer {
        name: String,
    },
    /// What EC2's own report counts in an account that nobody here read.
    Reported {
        account: AccountId,
        /// `ec2:Instance` or `ec2:LaunchTemplate`.
        kind: String,
        count: i64,
    },
}

/// What makes a launch template version one that could be launched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Naming {
    /// These groups, fleets or resources name it.
    Named(BTreeSet<String>),
    /// Whoever names the template and no version gets it.
    Default { template_named: bool },
    /// Whoever asks for `$Latest` gets it.
    Latest { template_named: bool },
    /// Nothing names it: stale.
    Unnamed,
}

impl User {
    /// The field's word for it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Instance { .. } => "instance",
            Self::LaunchTemplate { .. } => "launch template",
            Self::AutoScalingGroup { .. } => "Auto Scaling group",
            Self::LaunchConfiguration { .. } => "launch configuration",
            Self::SpotFleet { .. } => "Spot fleet",
            Self::SpotRequest { .. } => "Spot request",
            Self::Fleet { .. } => "EC2 fleet",
            Self::Parameter { .. } => "parameter",
            Self::ImageRecipe { .. } => "image recipe",
            Self::ContainerRecipe { .. } => "container recipe",
            Self::Resource { .. } => "resource",
            Self::Referring { .. } => "reference",
            Self::FailedLaunch { .. } => "failed launch",
            Self::Image { .. } => "image",
            Self::ImageInRecycleBin { .. } => "image in the Recycle Bin",
            Self::Recorded { .. } => "recorded source",
            Self::Consumer { .. } => "consumer",
            Self::Reported { .. } => "usage report",
        }
    }

    /// Which answer named it.
    pub fn source(&self) -> Source {
        match self {
            Self::Instance { .. } => Source::Instances,
            Self::LaunchTemplate { .. } => Source::LaunchTemplateVersions,
            Self::AutoScalingGroup { .. } => Source::AutoScalingGroups,
            Self::LaunchConfiguration { .. } => Source::LaunchConfigurations,
            Self::SpotFleet { .. } => Source::SpotFleets,
            Self::SpotRequest { .. } => Source::SpotRequests,
            Self::Fleet { .. } => Source::Fleets,
            Self::Parameter { .. } => Source::Parameters,
            Self::ImageRecipe { .. } => Source::ImageRecipe,
            Self::ContainerRecipe { .. } => Source::ContainerRecipe,
            Self::Resource { .. } => Source::Resource,
            Self::Referring { .. } => Source::ImageReferences,
            Self::FailedLaunch { source, .. } => source.clone(),
            Self::Image { .. } => Source::Images,
            Self::ImageInRecycleBin { .. } => Source::ImagesInRecycleBin,
            Self::Recorded { file } => Source::named(file),
            // What it would pick is among the images that were listed.
            Self::Consumer { .. } => Source::Images,
            Self::Reported { .. } => Source::UsageReportEntries,
        }
    }

    /// Its id or name, with what is worth knowing of it: `i-… (stopped)`, `lt-… version 7 (named by web)`.
    pub fn name(&self) -> String {
        match self {
            Self::Instance { id, state } | Self::SpotFleet { id, state } | Self::SpotRequest { id, state } | Self::Fleet { id, state } => {
                format!("{id} ({state})")
            }
            Self::LaunchTemplate { id, version, naming } => format!("{id} version {version} ({naming})"),
            Self::AutoScalingGroup { name, size, warm_pool } => {
                let size = size.filter(|size| *size == 0).map(|_| " (size 0)").unwrap_or_default();
                let pool = warm_pool.filter(|size| *size > 0).map(|size| format!(" (warm pool of {size})")).unwrap_or_default();
                format!("{name}{size}{pool}")
            }
            Self::LaunchConfiguration { name } | Self::Parameter { name } => name.clone(),
            Self::ImageRecipe { arn } | Self::ContainerRecipe { arn } => arn.clone(),
            Self::Resource { kind, id } => format!("{kind} {id}"),
            Self::Referring { kind, arn } => format!("{arn} ({kind}, named by EC2 alone)"),
            Self::FailedLaunch { by, times: 1, source: _ } => format!("by {by}"),
            Self::FailedLaunch { by, times, source: _ } => format!("by {by}, {times} times"),
            Self::Image { id, note } | Self::ImageInRecycleBin { id, note } if note.is_empty() => id.to_string(),
            Self::Image { id, note } | Self::ImageInRecycleBin { id, note } => format!("{id} ({note})"),
            Self::Recorded { file } => file.clone(),
            Self::Consumer { name } => name.clone(),
            Self::Reported { account, kind, count } => format!("of {count} {kind} in account {account}"),
        }
    }
}

impl fmt::Display for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unused = |named: &bool| if *named { "" } else { ", no group uses the template" };
        match self {
            Self::Named(by) => write!(f, "named by {}", by.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
            Self::Default { template_named } => write!(f, "default{}", unused(template_named)),
            Self::Latest { template_named } => write!(f, "latest{}", unused(template_named)),
            Self::Unnamed => f.write_str("named by no group"),
        }
    }
}

impl Reference {
    /// Something that launches it, or could at any moment.
    pub fn live(place: &Place, user: User) -> Self {
        Self { place: place.clone(), user, live: true, since: None }
    }

    /// How to tell people of it, with its age where that matters: `launch template lt-… version 7, 410 days old, named
    /// by no group`.
    pub fn told(&self, now: Timestamp) -> String {
        match (&self.user, self.since) {
            (User::LaunchTemplate { id, version, naming: Naming::Unnamed }, since) => {
                let age = since.map_or_else(
                    || "of unknown age".to_owned(),
                    |since| format!("{} days old", super::facts::since(since, now).as_hours() / 24),
                );
                format!("{} {id} version {version}, {age}, {}", self.user.kind(), Naming::Unnamed)
            }
            _ => self.to_string(),
        }
    }
}

impl Reference {
    /// Whether both are failed launches by the same launcher, however often and told by the same source.
    pub(super) fn is_same_launcher(&self, other: &Self) -> bool {
        match (&self.user, &other.user) {
            (User::FailedLaunch { by, source, times: _ }, User::FailedLaunch { by: other, source: theirs, times: _ }) => {
                by == other && source == theirs
            }
            _ => false,
        }
    }

    /// Whether it still counts where launches that failed before `then` do not. One without a time does: it may be recent.
    pub(super) fn counts_since(&self, then: Timestamp) -> bool {
        !matches!(self.user, User::FailedLaunch { .. }) || self.since.is_none_or(|since| since >= then)
    }

    /// The name of the Auto Scaling group, if it is one.
    pub(super) fn group(&self) -> Option<&str> {
        match &self.user {
            User::AutoScalingGroup { name, .. } => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.user.kind(), self.user.name())?;
        match (&self.user, self.since) {
            (User::FailedLaunch { times, .. }, Some(at)) => {
                write!(f, "{} on {}", if *times > 1 { ", last" } else { "" }, at.strftime("%Y-%m-%d %H:%M UTC"))
            }
            _ => Ok(()),
        }
    }
}

/// For people's tools: the kind, the name as it is shown, and the source.
impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { place, user, live, since } = self;
        let mut shown = serializer.serialize_struct("Reference", 6)?;
        shown.serialize_field("place", place)?;
        shown.serialize_field("user", user.kind())?;
        shown.serialize_field("name", &user.name())?;
        shown.serialize_field("source", &user.source())?;
        shown.serialize_field("live", live)?;
        match since {
            Some(since) => shown.serialize_field("since", since)?,
            None => shown.skip_field("since")?,
        }
        shown.end()
    }
}

/// The users found in one place.
#[derive(Clone, Debug, Default)]
pub struct Users {
    pub of_images: BTreeMap<AmiId, Vec<Reference>>,
    pub of_snapshots: BTreeMap<SnapshotId, Vec<Reference>>,
}

impl Users {
    pub(super) fn add(&mut self, image: impl Into<AmiId>, reference: Reference) {
        self.of_images.entry(image.into()).or_default().push(reference);
    }

    pub(super) fn add_snapshot(&mut self, snapshot: impl Into<SnapshotId>, reference: Reference) {
        self.of_snapshots.entry(snapshot.into()).or_default().push(reference);
    }

    /// The same user of everything that something names.
    pub(super) fn add_named(&mut self, named: &Named, reference: &Reference) {
        let Named { image_ids, snapshot_ids } = named;
        image_ids.iter().for_each(|image| self.add(image.clone(), reference.clone()));
        snapshot_ids.iter().for_each(|snapshot| self.add_snapshot(snapshot.clone(), reference.clone()));
    }

    /// In order, each once.
    pub(super) fn sort(&mut self) {
        for references in self.of_images.values_mut().chain(self.of_snapshots.values_mut()) {
            references.sort();
            references.dedup();
        }
    }

    /// Leaves out launches that failed before `then`.
    pub(super) fn forget_failed_launches(&mut self, then: Timestamp) {
        self.of_images.retain(|_, references| {
            references.retain(|reference| reference.counts_since(then));
            !references.is_empty()
        });
    }
}
