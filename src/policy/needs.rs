//! What has to be read for the policies in force, and for which of them.
//!
//! INVARIANT: at least what a plan can rest on. It is derived from what the policies permit and read; an action, a fact or
//! a kind of resource that this file does not know needs every source there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use cedar_policy::SchemaFragment;
use serde_json::Value;

use crate::model::{Action, Hides, Source};

use super::info::{Effect, PolicyInfo};
use super::schema::{ResourceKind, schema_text};
use super::uses::{Named, Uses};

/// Sources that somebody can make use of, each with why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    wanted: BTreeMap<Source, BTreeSet<Reason>>,
    /// Whether more than taking an image away is judged by who uses it.
    judges_by_usage: bool,
}

/// Why a source is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Every plan accounts for what it lists.
    EveryPlan,
    /// Whoever records an estate asks for everything.
    Recording,
    /// What the policy permits is held by an interlock that rests on it.
    Interlock { name: &'static str, policy: String },
    /// The policy reads a fact that rests on it.
    Fact { name: String, policy: String },
    /// The policy is about what it lists.
    About { kind: &'static str, policy: String },
}

/// Which sources something rests on.
type RestsOn = fn(&Source) -> bool;

/// Actions, and what holds or makes up each of them.
const ACTIONS: [(&str, &[(&str, RestsOn)]); 9] = [
    ("disable", &[("in-use", usage)]),
    ("deregister", &[("in-use", usage), ("unrecoverable", recycle_bin)]),
    (
        "deleteSnapshot",
        &[
            // A public snapshot is of unknown use.
            ("in-use", |source| usage(source) || public_snapshots(source)),
            ("referenced-by-image", recycle_bin),
            ("unrecoverable", recycle_bin),
            ("locked", locks),
            ("fast-restore", fast_restores),
        ],
    ),
    // Nothing that could be read holds what ends exposure. Who is exposed is listed, or asked per resource.
    ("makePrivate", &[("public-snapshots", public_snapshots)]),
    ("revokeShare", &[("shares", permissions)]),
    ("deprecate", &[]),
    ("replicate", &[]),
    ("notify", &[]),
    ("blockPublicAccess", &[("managed", blocks)]),
];

/// The facts that can be absent, and what they rest on beside the listings of images and snapshots. A fact that is always
/// there rests on nothing else.
const FACTS: &[(&str, RestsOn)] = &[
    ("usage", |source| usage(source) || public_snapshots(source)),
    ("sharing", permissions),
    ("isPublic", public_snapshots),
    ("usedByImages", recycle_bin),
    ("orphanedFor", recycle_bin),
    ("locked", locks),
    ("fastRestore", fast_restores),
    ("sourceVolumeExists", |source| *source == Source::Volumes),
    // Who can get at an image: public-ness is listed, shares are asked per resource.
    ("snapshotsPublic", public_snapshots),
    ("snapshotsSharedWith", |source| *source == Source::CreateVolumePermissions),
    ("sharedWithLeft", permissions),
    ("unusableShares", |source| permissions(source) || *source == Source::KeyPolicies),
    // The settings of a place, and what is counted there.
    ("imageBlockPublicAccess", |source| *source == Source::ImageBlockPublicAccess),
    ("snapshotBlockPublicAccess", |source| *source == Source::SnapshotBlockPublicAccess),
    ("allowedImages", |source| *source == Source::AllowedImages),
    ("publicSnapshots", public_snapshots),
    ("images", nothing_else),
    ("publicImages", nothing_else),
    ("snapshots", nothing_else),
    // Whom an image is shared with may have made something of it.
    ("children", permissions),
    ("liveChildren", permissions),
    ("shares", permissions),
    // Another account's consumer finds what is shared with it.
    ("consumers", permissions),
    ("ancestors", nothing_else),
    ("ancestorsComplete", nothing_else),
    ("familyName", nothing_else),
    ("replicaDrift", nothing_else),
    ("bootMode", nothing_else),
    ("deprecatedAt", nothing_else),
    ("deregistrationProtected", nothing_else),
    ("description", nothing_else),
    ("encrypted", nothing_else),
    ("family", nothing_else),
    ("idle", nothing_else),
    ("kmsKey", nothing_else),
    ("lastLaunchedAt", nothing_else),
    ("managedBy", nothing_else),
    ("ownerAlias", nothing_else),
    ("replicaRegions", nothing_else),
    ("sourceImage", nothing_else),
    ("timeSinceDeprecation", nothing_else),
    // From the ledger.
    ("timeSinceDisabled", nothing_else),
    ("version", nothing_else),
    // Of instances and groups: what lists those is read for whoever is about them.
    ("age", nothing_else),
    ("launchedAt", nothing_else),
    ("group", nothing_else),
    ("imageAge", nothing_else),
    ("imageDeprecated", nothing_else),
    ("timeSinceImageDeprecation", nothing_else),
    ("imageOwner", nothing_else),
    ("imageOwnerAlias", nothing_else),
    ("imageTrusted", nothing_else),
    ("imagePublic", nothing_else),
    ("imageVisible", nothing_else),
    ("imageState", nothing_else),
    ("versionsBehind", nothing_else),
    ("newerBase", nothing_else),
    ("untested", nothing_else),
    ("is32Bit", nothing_else),
    ("isParavirtual", nothing_else),
    ("operatingSystem", nothing_else),
    ("platformEndOfLife", nothing_else),
    ("mixedImages", nothing_else),
    ("instances", nothing_else),
    ("zeroSize", nothing_else),
    ("launchable", nothing_else),
];

/// What policies can be about, and what lists it beside the listings of images and snapshots.
const KINDS: [(&str, RestsOn); 5] =
    [("Image", nothing_else), ("Snapshot", nothing_else), ("Place", nothing_else), ("Instance", provenance), ("Group", provenance)];

fn nothing_else(_: &Source) -> bool {
    false
}

/// Everything that could hide a user, and what others report of theirs.
fn usage(source: &Source) -> bool {
    hides_use(source) || permissions(source) || matches!(source, Source::UsageReports | Source::UsageReportEntries)
}

fn hides_use(source: &Source) -> bool {
    source.hides() == Hides::Users
}

fn recycle_bin(source: &Source) -> bool {
    matches!(source, Source::ImagesInRecycleBin | Source::SnapshotsInRecycleBin | Source::RecycleBinRules | Source::RecycleBinRule)
}

fn permissions(source: &Source) -> bool {
    matches!(source, Source::LaunchPermissions | Source::CreateVolumePermissions)
}

fn public_snapshots(source: &Source) -> bool {
    *source == Source::PublicSnapshots
}

fn locks(source: &Source) -> bool {
    *source == Source::LockedSnapshots
}

fn fast_restores(source: &Source) -> bool {
    *source == Source::FastRestores
}

fn blocks(source: &Source) -> bool {
    matches!(source, Source::ImageBlockPublicAccess | Source::SnapshotBlockPublicAccess)
}

/// What is running or could be started, and by which image.
fn provenance(source: &Source) -> bool {
    matches!(
        source,
        Source::Instances
            | Source::LaunchTemplates
            | Source::LaunchTemplateVersions
            | Source::AutoScalingGroups
            | Source::LaunchConfigurations
            // For the aliases that templates and groups name.
            | Source::Parameters
            | Source::ImagesInUse
    )
}

/// What the plan, the joins and the ledger's memory rest on whatever the policies say.
fn always(source: &Source) -> bool {
    matches!(source, Source::Regions | Source::Organization | Source::AssumeRole | Source::Images | Source::Snapshots)
}

fn everything(_: &Source) -> bool {
    true
}

/// The attributes of the schema that can be absent. A schema that cannot be taken apart has none, and then every attribute
/// counts as one.
static OPTIONAL: LazyLock<Option<BTreeSet<String>>> = LazyLock::new(|| {
    let (schema, _) = SchemaFragment::from_cedarschema_str(schema_text()).ok()?;
    let mut optional = BTreeSet::new();
    collect_optional(&schema.to_json_value().ok()?, &mut optional);
    Some(optional)
});

fn collect_optional(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            for (name, field) in fields {
                if field.get("required").and_then(Value::as_bool) == Some(false) {
                    found.insert(name.clone());
                }
                collect_optional(field, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_optional(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What a fact of that name rests on.
fn behind(fact: &str) -> RestsOn {
    match FACTS.iter().find(|(name, _)| *name == fact) {
        Some((_, rests_on)) => *rests_on,
        None if OPTIONAL.as_ref().is_some_and(|optional| !optional.contains(fact)) => nothing_else,
        None => everything,
    }
}

/// One policy, as far as it says what has to be read.
pub(super) struct Speaker<'a> {
    pub(super) info: &'a PolicyInfo,
    pub(super) reach: &'a BTreeSet<(Action, ResourceKind)>,
    pub(super) uses: &'a Uses,
}

impl Needs {
    /// Every source there is: for a recording, which may be judged by any policies.
    pub fn everything() -> Self {
        let mut needs = Self::default();
        needs.want(everything, || Reason::Recording);
        needs
    }

    /// Only these, for tests of single readers.
    #[cfg(test)]
    pub(crate) fn only(sources: &BTreeSet<Source>) -> Self {
        let wanted = sources.iter().map(|source| (source.clone(), BTreeSet::from([Reason::Recording])));
        Self { wanted: wanted.collect(), ..Self::default() }
    }

    /// What these policies need. Guard rails against what nobody permits are never asked.
    pub(super) fn of<'a>(policies: impl Iterator<Item = Speaker<'a>> + Clone) -> Self {
        let mut needs = Self::default();
        needs.want(always, || Reason::EveryPlan);
        let permits = policies.clone().filter(|policy| policy.info.effect == Effect::Permit);
        let permitted: BTreeSet<_> = permits.flat_map(|policy| policy.reach).collect();
        for Speaker { info, reach, uses } in policies {
            let spoken: Vec<_> = reach.iter().filter(|one| permitted.contains(one)).collect();
            for (action, kind) in &spoken {
                needs.about(*kind, &info.id);
                if info.effect == Effect::Permit {
                    needs.held(*action, &info.id);
                }
            }
            if !spoken.is_empty() {
                needs.read(&uses.attributes, &info.id);
            }
            let judged = spoken.iter().any(|(action, kind)| *kind != ResourceKind::Snapshot && !action.takes_from_users());
            needs.judges_by_usage |= judged && uses.attributes.has("usage");
        }
        needs
    }

    /// Whether anything can make use of `source`.
    pub fn wants(&self, source: &Source) -> bool {
        self.wanted.contains_key(source)
    }

    /// Why `source` is read, sorted; nothing when it is not.
    pub fn why(&self, source: &Source) -> impl Iterator<Item = &Reason> {
        self.wanted.get(source).into_iter().flatten()
    }

    /// The sources nothing can make use of.
    pub fn unwanted(&self) -> BTreeSet<Source> {
        Source::ALL.into_iter().filter(|source| !self.wants(source)).collect()
    }

    /// Whether a policy judges images by their use that are in no danger: then their use has to be known as well.
    pub(super) fn judges_by_usage(&self) -> bool {
        self.judges_by_usage
    }

    fn want(&mut self, rests_on: RestsOn, reason: impl Fn() -> Reason) {
        for source in Source::ALL.into_iter().filter(rests_on) {
            self.wanted.entry(source).or_default().insert(reason());
        }
    }

    fn about(&mut self, kind: ResourceKind, policy: &str) {
        let rests_on = KINDS.iter().find(|(name, _)| *name == kind.name()).map_or(everything as RestsOn, |(_, rests_on)| *rests_on);
        self.want(rests_on, || Reason::About { kind: kind.name(), policy: policy.to_owned() });
    }

    fn held(&mut self, action: Action, policy: &str) {
        let known = ACTIONS.iter().find(|(name, _)| *name == action.name());
        for (name, rests_on) in known.map_or([("unknown-action", everything as RestsOn)].as_slice(), |(_, holds)| holds) {
            self.want(*rests_on, || Reason::Interlock { name, policy: policy.to_owned() });
        }
    }

    fn read(&mut self, facts: &Named, policy: &str) {
        let mut read = |name: &str, rests_on: RestsOn| {
            self.want(rests_on, || Reason::Fact { name: name.to_owned(), policy: policy.to_owned() });
        };
        match facts {
            Named::All => read("*", everything),
            Named::These(names) => names.iter().for_each(|name| read(name, behind(name))),
        }
    }
}

/// For people: what a policy would have to be or read for `source` to be read.
pub fn wanted_by(source: &Source) -> String {
    let rests = |(_, rests_on): &&(&str, RestsOn)| rests_on(source);
    let actions = ACTIONS.iter().filter(|(_, holds)| holds.iter().any(|(_, rests_on)| rests_on(source))).map(|(name, _)| *name);
    let facts = FACTS.iter().filter(rests).map(|(name, _)| *name);
    let kinds = KINDS.iter().filter(rests).map(|(name, _)| *name);
    let list = |what: &str, names: Vec<&str>| (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")));
    let all = [list("permits", actions.collect()), list("reads", facts.collect()), list("is about", kinds.collect())];
    all.into_iter().flatten().collect::<Vec<_>>().join(" or ")
}

impl Reason {
    /// The policy behind it, if it is one.
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::EveryPlan | Self::Recording => None,
            Self::Interlock { policy, .. } | Self::Fact { policy, .. } | Self::About { policy, .. } => Some(policy),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryPlan => f.write_str("every plan"),
            Self::Recording => f.write_str("the recording"),
            Self::Interlock { name, policy } => write!(f, "{policy} ({name})"),
            Self::Fact { name, policy } => write!(f, "{policy} (reads {name})"),
            Self::About { kind, policy } => write!(f, "{policy} (about {kind})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{PolicyFile, PolicySet};

    fn needs(text: &str) -> Needs {
        PolicySet::load(&[PolicyFile { path: "t.cedar".into(), text: text.into() }]).unwrap().needs().clone()
    }

    fn policy(effect: &str, action: &str, kind: &str, condition: &str) -> String {
        let id = format!("{effect}-{action}-{kind}").to_lowercase();
        format!("@id(\"{id}\") {effect} (principal, action == Action::\"{action}\", resource is {kind}) {condition};\n")
    }

    const OLD: &str = "when { resource.age > duration(\"1d\") }";

    #[test]
    fn who_only_watches_exposure_reads_no_users() {
        let needs = needs(&policy("permit", "makePrivate", "Image", "when { resource.isPublic }"));
        assert!(needs.wants(&Source::Images) && needs.wants(&Source::Snapshots) && needs.wants(&Source::PublicSnapshots));
        for source in [Source::Instances, Source::Fleets, Source::Parameters, Source::RecycleBinRules, Source::Volumes] {
            assert!(!needs.wants(&source), "{source}");
        }
    }

    #[test]
    fn taking_an_image_away_needs_every_user() {
        for action in ["disable", "deregister"] {
            let needs = needs(&policy("permit", action, "Image", OLD));
            assert!(Source::ALL.iter().filter(|source| hides_use(source)).all(|source| needs.wants(source)), "{action}");
            assert!(!needs.wants(&Source::FastRestores) && !needs.wants(&Source::ImagesInUse));
            assert_eq!(needs.wants(&Source::RecycleBinRules), action == "deregister");
        }
    }

    #[test]
    fn deleting_snapshots_needs_locks_restores_and_the_bin_but_no_volumes() {
        let text = policy("permit", "deleteSnapshot", "Snapshot", OLD);
        let without = needs(&text);
        for source in [Source::LockedSnapshots, Source::FastRestores, Source::ImagesInRecycleBin, Source::LaunchTemplateVersions] {
            assert!(without.wants(&source), "{source}");
        }
        assert!(!without.wants(&Source::Volumes));
        let reads = policy("permit", "notify", "Snapshot", "when { resource has sourceVolumeExists && !resource.sourceVolumeExists }");
        let with = needs(&(text + &reads));
        let why: Vec<String> = with.why(&Source::Volumes).map(ToString::to_string).collect();
        assert_eq!(why, ["permit-notify-snapshot (reads sourceVolumeExists)"]);
    }

    #[test]
    fn a_guard_rail_counts_only_where_somebody_asks() {
        let rail = policy("forbid", "disable", "Image", "unless { resource has usage && resource.usage.stale == 0 }");
        let notify = policy("permit", "notify", "Image", OLD);
        assert!(!needs(&(rail.clone() + &notify)).wants(&Source::Instances));
        assert!(!needs(&rail).judges_by_usage());
        assert!(needs(&policy("permit", "notify", "Image", "when { resource has usage && resource.usage.live == 0 }")).judges_by_usage());
        let why = needs(&(rail + &policy("permit", "disable", "Image", OLD)));
        let why: Vec<String> = why.why(&Source::Fleets).map(ToString::to_string).collect();
        assert_eq!(why, ["permit-disable-image (in-use)", "forbid-disable-image (reads usage)"]);
    }

    #[test]
    fn keys_are_read_only_for_shares_that_cannot_work() {
        let reads = |fact: &str| needs(&policy("permit", "notify", "Image", &format!("when {{ resource has {fact} }}")));
        assert!(reads("unusableShares").wants(&Source::KeyPolicies) && reads("unusableShares").wants(&Source::LaunchPermissions));
        for fact in ["sharing", "sharedWithLeft", "snapshotsPublic", "usage"] {
            assert!(!reads(fact).wants(&Source::KeyPolicies), "{fact}");
        }
        assert!(PolicySet::shipped().unwrap().needs().wants(&Source::KeyPolicies));
    }

    #[test]
    fn the_shipped_policies_read_no_volumes() {
        let shipped = PolicySet::shipped().unwrap();
        assert!(shipped.needs().wants(&Source::Instances) && !shipped.needs().wants(&Source::Volumes));
    }

    #[test]
    fn every_fact_that_can_be_absent_is_known_here() {
        let optional = OPTIONAL.as_ref().unwrap();
        assert!(optional.contains("usage") && !optional.contains("state"), "{optional:?}");
        let unknown: Vec<_> = optional.iter().filter(|name| !FACTS.iter().any(|(known, _)| known == name)).collect();
        assert!(unknown.is_empty(), "say in FACTS what these rest on; until then they read everything: {unknown:?}");
    }

    #[test]
    fn every_action_and_kind_is_known_here() {
        for action in Action::ALL {
            assert!(ACTIONS.iter().any(|(name, _)| *name == action.name()), "say in ACTIONS what `{action}` rests on");
        }
        for kind in ResourceKind::ALL {
            assert!(KINDS.iter().any(|(name, _)| *name == kind.name()), "say in KINDS what `{}` rests on", kind.name());
        }
    }

    #[test]
    fn a_recording_asks_for_everything() {
        assert!(Needs::everything().unwanted().is_empty());
    }
}
