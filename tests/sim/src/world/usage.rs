//! Image usage reports: which other accounts use an image, and how often.

use jiff::{SignedDuration, Timestamp};

use super::World;
use super::compute::InstanceState;
use super::image::Tags;
use super::place::Place;

/// Versions of a launch template that are looked at, newest first, unless the report says otherwise.
const DEPTH: usize = 20;
/// "Amazon EC2 automatically deletes a report 30 days after creation."
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A kind of resource that a report looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageKind {
    /// `ec2:Instance`, `ec2:LaunchTemplate`, `imagebuilder:ImageRecipe` or `imagebuilder:ContainerRecipe`.
    pub name: String,
    /// `version-depth` of launch templates.
    pub depth: Option<usize>,
}

/// How many resources of a kind use the image in an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageEntry {
    pub account: String,
    pub kind: String,
    pub count: u64,
}

/// A report on one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageReport {
    pub id: String,
    pub image: String,
    pub kinds: Vec<UsageKind>,
    /// The accounts that are looked at; empty: all.
    pub accounts: Vec<String>,
    /// `pending`, `available` or `error`.
    pub state: String,
    pub reason: Option<String>,
    pub created: Timestamp,
    /// When a pending one becomes available.
    pub due: Option<Timestamp>,
    /// What it will tell once it is available.
    pub entries: Vec<UsageEntry>,
    pub tags: Tags,
}

impl UsageReport {
    /// When AWS deletes it.
    pub fn expires(&self) -> Timestamp {
        self.created + KEPT
    }
}

impl World {
    /// What a report on an image would tell, made now: the owner's own use is not in it, nor is what began only lately.
    pub(crate) fn usage(&self, owner: &str, region: &str, image: &str, kinds: &[UsageKind], accounts: &[String]) -> Vec<UsageEntry> {
        let until = self.now() - self.settings.usage_report_lag;
        let partition = self.partition(owner);
        let others = self.places().filter(|(account, place_region, _)| {
            *account != owner && *place_region == region && self.partition(account) == partition && wanted(accounts, account)
        });
        let entries = others.flat_map(|(account, _, place)| {
            kinds.iter().map(move |kind| UsageEntry {
                account: account.to_owned(),
                kind: kind.name.clone(),
                count: u64::try_from(uses(place, image, kind, until)).unwrap_or(u64::MAX),
            })
        });
        entries.filter(|entry| entry.count > 0).collect()
    }
}

fn wanted(accounts: &[String], account: &str) -> bool {
    accounts.is_empty() || accounts.iter().any(|one| one == account)
}

/// "If an AMI is referenced in multiple versions of a launch template, the count is only 1."
fn uses(place: &Place, image: &str, kind: &UsageKind, until: Timestamp) -> usize {
    match kind.name.as_str() {
        "ec2:Instance" => {
            let running = place.instances.values().filter(|instance| instance.state != InstanceState::Terminated);
            running.filter(|instance| instance.image == image && instance.launched <= until).count()
        }
        "ec2:LaunchTemplate" => {
            let depth = kind.depth.unwrap_or(DEPTH);
            let names = |template: &&super::compute::LaunchTemplate| {
                let mut newest = template.versions.values().rev().take(depth);
                newest.any(|version| version.image.as_deref() == Some(image) && version.created <= until)
            };
            place.launch_templates.values().filter(names).count()
        }
        // Reports know no other kind.
        _ => 0,
    }
}
