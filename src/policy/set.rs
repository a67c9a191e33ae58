//! Loaded policies, sorted once by what they can speak about, so that a request evaluates only what fits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::{Entities, EntityUid, Expression, Policy};

use crate::model::Action;

use super::info::{Effect, PolicyInfo};
use super::lint::KNOWN_GROUPS;
use super::membership::Memberships;
use super::needs::{Needs, Speaker};
use super::problem::{Location, Problem, did_you_mean};
use super::schema::{ResourceKind, Schemas};
use super::targets::Targets;
use super::uses::{Named, Uses};

/// Policies that parsed, validated and passed the lints. Immutable; a cycle keeps the one it began with.
#[derive(Clone, Debug)]
pub struct PolicySet {
    policies: Arc<[PolicyInfo]>,
    warnings: Vec<Problem>,
    groups: BTreeMap<String, Vec<usize>>,
    pub(super) schemas: &'static Schemas,
    benches: BTreeMap<(Action, ResourceKind), Bench>,
    needs: Needs,
    pub(super) image: Uses,
    pub(super) snapshot: Uses,
    pub(super) instance: Uses,
    pub(super) group: Uses,
    pub(super) place: Uses,
    pub(super) targets: Targets,
    /// The actions and their groups, where a condition names a group; else empty.
    pub(super) actions: Entities,
}

/// The policies that can speak about one action on one kind of resource.
#[derive(Clone, Debug)]
pub(super) struct Bench {
    pub(super) action: EntityUid,
    pub(super) permits: Vec<Rule>,
    pub(super) forbids: Vec<Rule>,
    /// What they read.
    pub(super) uses: Uses,
    /// Those whose answer depends on who belongs to us, by id.
    pub(super) memberships: BTreeMap<String, Reader>,
}

/// A policy as it is asked.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) id: String,
    /// Principal, resource, `when` and `unless` in one expression. An `Authorizer` would put it together anew for
    /// every request, which costs more than answering it.
    pub(super) condition: Expression,
    /// The attributes it reads.
    attributes: Named,
    /// Whether it asks what family something belongs to.
    asks_family: bool,
}

impl Bench {
    fn of(action: EntityUid) -> Self {
        Self { action, permits: Vec::new(), forbids: Vec::new(), uses: Uses::default(), memberships: BTreeMap::new() }
    }
}

/// A policy that tests something to lie in the organization, one of its units, or another organization.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) effect: Effect,
    pub(super) asked: Memberships,
}

/// How many launch or create-volume permissions have to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Of every resource: a policy judges by them.
    All,
    /// Only of those something is due for, to say what they are shared with.
    WhenDue,
}

/// Facts that tell whom something is shared with, and those that rest on the shares of other images too, of which nothing
/// need be due: what copies differ in (`shares`), and what consumers pick among.
const OF_SHARES: [&str; 5] = ["sharing", "sharedWithLeft", "unusableShares", "shares", "consumers"];

/// Facts that are known only where it is known whom something is shared with. What is taken from its users is asked about
/// when it is due, as if it were shared with nobody; for all else, nobody would ever ask.
const BEYOND_SHARES: [&str; 3] = ["usage", "children", "liveChildren"];

/// One policy with what `load` learnt of it.
pub(super) struct Loaded {
    /// The policy without its actions, which are in `reach`.
    pub(super) condition: Policy,
    pub(super) info: PolicyInfo,
    pub(super) reach: BTreeSet<(Action, ResourceKind)>,
    pub(super) uses: Uses,
    pub(super) targets: Targets,
    pub(super) memberships: Memberships,
    pub(super) warnings: Vec<Problem>,
}

impl PolicySet {
    pub(super) fn build(loaded: Vec<Loaded>, schemas: &'static Schemas) -> Self {
        let mut set = Self {
            policies: Arc::default(),
            warnings: Vec::new(),
            groups: BTreeMap::new(),
            schemas,
            benches: BTreeMap::new(),
            needs: Needs::of(loaded.iter().map(|one| Speaker { info: &one.info, reach: &one.reach, uses: &one.uses })),
            image: Uses::default(),
            snapshot: Uses::default(),
            instance: Uses::default(),
            group: Uses::default(),
            place: Uses::default(),
            targets: Targets::default(),
            actions: Entities::empty(),
        };
        for (index, one) in loaded.iter().enumerate() {
            set.seat(one, index);
        }
        set.policies = loaded.into_iter().map(|one| one.info).collect();
        set
    }

    /// Adds one policy wherever it can speak.
    fn seat(&mut self, one: &Loaded, index: usize) {
        let literals = one.condition.entity_literals();
        for &(action, kind) in &one.reach {
            let Some((_, verb)) = self.schemas.names.actions().iter().find(|(verb, _)| *verb == action) else { continue };
            let bench = self.benches.entry((action, kind)).or_insert_with(|| Bench::of(verb.clone()));
            let side = match one.info.effect {
                Effect::Permit => &mut bench.permits,
                Effect::Forbid => &mut bench.forbids,
            };
            let condition = Expression::from(one.condition.as_ref().condition());
            side.push(Rule {
                id: one.info.id.clone(),
                condition,
                attributes: one.uses.attributes.clone(),
                asks_family: one.uses.ancestors.has("Family"),
            });
            bench.uses.join(&one.uses);
            if !one.memberships.is_empty() {
                let reader = Reader { effect: one.info.effect, asked: one.memberships.clone() };
                bench.memberships.insert(one.info.id.clone(), reader);
            }
            match kind {
                ResourceKind::Image => self.image.join(&one.uses),
                ResourceKind::Snapshot => self.snapshot.join(&one.uses),
                ResourceKind::Instance => self.instance.join(&one.uses),
                ResourceKind::Group => self.group.join(&one.uses),
                ResourceKind::Place => self.place.join(&one.uses),
            }
            if action == Action::Replicate && one.info.effect == Effect::Permit {
                self.targets.join(&one.targets);
            }
        }
        for literal in &literals {
            let id = literal.id().unescaped();
            match literal.type_name().basename() {
                "AccountGroup" => self.groups.entry(id.to_owned()).or_default().push(index),
                "Action" if !self.schemas.names.actions().iter().any(|(_, uid)| uid == literal) => {
                    self.actions = self.schemas.actions.clone()
                }
                _ => {}
            }
        }
        self.warnings.extend(one.warnings.iter().cloned());
    }

    /// All policies, file by file as they stand there.
    pub fn policies(&self) -> impl Iterator<Item = &PolicyInfo> {
        self.policies.iter()
    }

    /// The policy of that `@id`.
    pub fn info(&self, id: &str) -> Option<&PolicyInfo> {
        self.policies.iter().find(|info| info.id == id)
    }

    /// What works, but probably not as meant.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Policies that name a group nobody configured. An error for the caller to raise: a mistyped group is an
    /// empty one, and `unless { context.grantee in AccountGroup::"partnrs" }` would revoke every partner.
    pub fn unknown_groups<'a>(&self, configured: impl IntoIterator<Item = &'a str>) -> Vec<Problem> {
        let known: BTreeSet<&str> = configured.into_iter().chain(KNOWN_GROUPS).collect();
        let unknown = self.groups.iter().filter(|(group, _)| !known.contains(group.as_str()));
        let mut problems: Vec<Problem> = unknown
            .flat_map(|(group, users)| users.iter().filter_map(|&index| self.policies.get(index)).map(move |info| (group, info)))
            .map(|(group, info)| {
                let offset = info.text.find(&format!("\"{group}\"")).unwrap_or(0);
                let mut at = Location::of(&info.file, &info.text, offset);
                at.line += info.line.saturating_sub(1);
                let help = match did_you_mean(group, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`? else add it to `[groups]`"),
                    None => "add it to `[groups]` in the configuration, empty if nobody belongs to it".into(),
                };
                Problem {
                    at: Some(at),
                    policy: Some(info.id.clone()),
                    message: format!("unknown account group `{group}`"),
                    help: Some(help),
                }
            })
            .collect();
        problems.sort();
        problems.dedup();
        problems
    }

    /// What has to be read for them.
    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Whose launch permissions are worth a request each.
    pub fn asks_launch_permissions(&self) -> Asked {
        self.asks_permissions(ResourceKind::Image)
    }

    /// Whose create-volume permissions are worth a request each.
    pub fn asks_create_volume_permissions(&self) -> Asked {
        match Action::ALL.into_iter().any(|action| self.reads(action, ResourceKind::Image, "snapshotsSharedWith")) {
            true => Asked::All,
            false => self.asks_permissions(ResourceKind::Snapshot),
        }
    }

    /// Whether any policy asks for something on that kind; where none does, its facts need not be worked out.
    pub fn asks_about(&self, kind: ResourceKind) -> bool {
        Action::ALL.into_iter().any(|action| self.bench(action, kind).is_some())
    }

    /// About which images EC2's own cross-check of references is asked.
    pub fn asks_image_references(&self) -> Asked {
        if self.needs.judges_by_usage() { Asked::All } else { Asked::WhenDue }
    }

    fn asks_permissions(&self, kind: ResourceKind) -> Asked {
        let judges = |action: Action| {
            let facts = if action.takes_from_users() { &[][..] } else { &BEYOND_SHARES };
            OF_SHARES.iter().chain(facts).any(|fact| self.reads(action, kind, fact))
        };
        let revokes = self.bench(Action::RevokeShare, kind).is_some();
        if revokes || Action::ALL.into_iter().any(judges) { Asked::All } else { Asked::WhenDue }
    }

    /// Whether any policy over `action` on that kind of resource reads `fact`.
    fn reads(&self, action: Action, kind: ResourceKind, fact: &str) -> bool {
        self.bench(action, kind).is_some_and(|bench| bench.uses.attributes.has(fact))
    }

    /// Whether an `action` that the policies `because` ask for rests on `fact`: one of them reads it, or something that could
    /// forbid it does.
    pub fn rests_on(&self, action: Action, kind: ResourceKind, because: &[String], fact: &str) -> bool {
        self.bench(action, kind).is_some_and(|bench| {
            let asking = || bench.permits.iter().filter(|rule| because.contains(&rule.id));
            // A forbid that spares a family spares at least all that belongs to it.
            let by_family = || fact == "family" && asking().any(|rule| rule.asks_family);
            asking().chain(&bench.forbids).any(|rule| rule.attributes.has(fact)) || by_family()
        })
    }

    /// Whether any answer depends on who belongs to us: a policy ends shares, names a group, an organization or a unit, or
    /// reads a fact that tells ours from others.
    pub fn asks_organization(&self) -> bool {
        let revokes = [ResourceKind::Image, ResourceKind::Snapshot].into_iter().any(|kind| self.bench(Action::RevokeShare, kind).is_some());
        let reads = |bench: &Bench| ["sharedWithLeft", "imageTrusted"].into_iter().any(|fact| bench.uses.attributes.has(fact));
        revokes
            || self.benches.values().any(reads)
            || !self.groups.is_empty()
            || self.benches.values().any(|bench| !bench.memberships.is_empty())
    }

    /// Who speaks about `action`; `None` when nobody asks for it.
    pub(super) fn bench(&self, action: Action, kind: ResourceKind) -> Option<&Bench> {
        self.benches.get(&(action, kind)).filter(|bench| !bench.permits.is_empty())
    }

    /// The same set, building every fact whether a policy reads it or not: what the filter is tested against.
    #[cfg(test)]
    pub(super) fn unfiltered(&self) -> Self {
        Self { image: Uses::all(), snapshot: Uses::all(), instance: Uses::all(), group: Uses::all(), place: Uses::all(), ..self.clone() }
    }
}
