//! Puts the questions to the policies: permits first, forbids only where something is permitted, and any
//! error at all means that nothing is decided.
//!
//! Cedar by itself skips a forbid that errs, and would then allow. INVARIANT: no path from an error to a
//! verdict without a fault.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Context as CedarContext, Entities, Entity, EntityUid, EvalResult, Request, RestrictedExpression, eval_expression};
use jiff::Timestamp;

use crate::inventory::{GroupFacts, ImageFacts, InstanceFacts, Organization, PlaceFacts, SnapshotFacts};
use crate::model::{AccountId, Action, Context, Principal, Region, Severity, Source};

use super::candidates;
use super::info::Effect;
use super::membership::{Directory, Member};
use super::schema::ResourceKind;
use super::set::{Bench, PolicySet, Rule};
use super::values::{Unbuildable, datetime, entity, text};

/// What is due for one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Sorted by action and context. Also what may be due: see `Verdict::faults`.
    pub due: Vec<Verdict>,
    /// Errors that leave the whole resource undecided: nothing may be done to it in this cycle, whatever
    /// `due` says. Sorted.
    pub faults: Vec<Fault>,
}

/// One action that at least one policy asks for, or that could not be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub action: Action,
    pub context: Context,
    /// The permits that ask for it, sorted. Empty only when there are faults.
    pub because: Vec<String>,
    /// The highest severity among those that ask for it, or could not be decided.
    pub severity: Severity,
    /// The forbids that hold it, sorted.
    pub forbidden_by: Vec<String>,
    /// Why this is not decided. Not empty: do not act.
    pub faults: Vec<Fault>,
}

/// A question that got no answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The policy that could not be decided, or the source that left its question open.
    pub policy: String,
    /// `None` when it is about every action.
    pub action: Option<Action>,
    pub message: String,
}

impl Verdict {
    /// Whether the policies want it done: asked for, not forbidden, and decided.
    pub fn is_clear(&self) -> bool {
        !self.because.is_empty() && self.forbidden_by.is_empty() && self.faults.is_empty()
    }
}

/// A cycle's questions: everything that is the same for all its resources. Shared between threads.
#[derive(Debug)]
pub struct Judge<'a> {
    set: &'a PolicySet,
    directory: Directory<'a>,
    /// Accounts of the organization and of groups.
    accounts: BTreeMap<&'a AccountId, Member>,
    principal: EntityUid,
    now: Timestamp,
    /// `now`, for the actions that need nothing else.
    context: CedarContext,
    estate: &'a BTreeSet<Region>,
}

impl PolicySet {
    /// A judge for one cycle. `estate` are the Regions that are scanned.
    pub fn judge<'a>(
        &'a self,
        organization: &'a Organization,
        principal: Principal,
        now: Timestamp,
        estate: &'a BTreeSet<Region>,
    ) -> Judge<'a> {
        let directory = Directory::new(organization, &self.schemas.names);
        let accounts = organization.members.keys().chain(&organization.governed).chain(organization.groups.values().flatten());
        Judge {
            set: self,
            accounts: accounts.map(|account| (account, directory.account(account))).collect(),
            directory,
            principal: self.schemas.names.principal(principal).clone(),
            now,
            // A time that Cedar cannot hold leaves the context empty: whoever reads it errs, and nothing is decided.
            context: CedarContext::from_pairs([("now".to_owned(), datetime(now))]).unwrap_or_else(|_| CedarContext::empty()),
            estate,
        }
    }
}

impl Judge<'_> {
    /// What is due for an image.
    pub fn image(&self, facts: &ImageFacts<'_>) -> Judgement {
        let asked = candidates::of_image(facts, self.now, &self.set.targets, self.estate);
        let mut judgement = self.decide(ResourceKind::Image, asked, &facts.place.account, |above| {
            super::entities::image(facts, &self.set.schemas.names, &self.set.image, above)
        });
        if facts.image.public.is_none() {
            let message = "it did not say whether the image is public".to_owned();
            judgement.faults.push(Fault { policy: Source::Images.name().into(), action: None, message });
            judgement.faults.sort();
        }
        judgement
    }

    /// What is due for a snapshot.
    pub fn snapshot(&self, facts: &SnapshotFacts<'_>) -> Judgement {
        let asked = candidates::of_snapshot(facts);
        self.decide(ResourceKind::Snapshot, asked, &facts.place.account, |above| {
            super::entities::snapshot(facts, &self.set.schemas.names, &self.set.snapshot, above)
        })
    }

    /// What is due for a place.
    pub fn place(&self, facts: &PlaceFacts<'_>) -> Judgement {
        let asked = candidates::of_place(facts);
        self.decide(ResourceKind::Place, asked, &facts.place.account, |above| {
            super::entities::place(facts, &self.set.schemas.names, &self.set.place, above)
        })
    }

    /// What is to be said of an instance.
    pub fn instance(&self, facts: &InstanceFacts<'_>) -> Judgement {
        self.decide(ResourceKind::Instance, vec![(Action::Notify, Context::none())], &facts.place.account, |above| {
            super::running::instance(facts, &self.set.schemas.names, &self.set.instance, above)
        })
    }

    /// What is to be said of an Auto Scaling group.
    pub fn group(&self, facts: &GroupFacts<'_>) -> Judgement {
        self.decide(ResourceKind::Group, vec![(Action::Notify, Context::none())], &facts.place.account, |above| {
            super::running::group(facts, &self.set.schemas.names, &self.set.group, above)
        })
    }

    fn decide(
        &self,
        kind: ResourceKind,
        asked: Vec<(Action, Context)>,
        account: &AccountId,
        build: impl FnOnce(&[EntityUid]) -> Result<Entity, Unbuildable>,
    ) -> Judgement {
        let stranger;
        let owner = match self.accounts.get(account) {
            Some(member) => member,
            None => {
                stranger = self.directory.account(account);
                &stranger
            }
        };
        match build(&owner.above).and_then(|resource| Hearing::new(self, kind, resource, owner)) {
            Ok(hearing) => hearing.hear(asked),
            Err(error) => Judgement { due: Vec::new(), faults: vec![unbuildable(None, &error)] },
        }
    }
}

/// The questions about one resource.
struct Hearing<'a> {
    judge: &'a Judge<'a>,
    kind: ResourceKind,
    owner: &'a Member,
    resource: EntityUid,
    store: Entities,
}

impl<'a> Hearing<'a> {
    fn new(judge: &'a Judge<'a>, kind: ResourceKind, resource: Entity, owner: &'a Member) -> Result<Self, Unbuildable> {
        let uid = resource.uid();
        let store = if judge.set.actions.is_empty() {
            Entities::from_entities([resource], None)
        } else {
            judge.set.actions.clone().add_entities([resource], None)
        };
        Ok(Self { judge, kind, owner, resource: uid, store: store.map_err(Box::new)? })
    }

    fn hear(&self, asked: Vec<(Action, Context)>) -> Judgement {
        let mut judgement = Judgement::default();
        for (action, context) in asked {
            let Some(bench) = self.judge.set.bench(action, self.kind) else { continue };
            match self.verdict(bench, action, &context, &mut judgement.faults) {
                Ok(verdict) => judgement.due.extend(verdict),
                Err(error) => {
                    let fault = unbuildable(Some(action), &error);
                    judgement.faults.push(fault.clone());
                    judgement.due.push(Verdict {
                        action,
                        context,
                        because: Vec::new(),
                        severity: Severity::Critical,
                        forbidden_by: Vec::new(),
                        faults: vec![fault],
                    });
                }
            }
        }
        judgement.faults.sort();
        judgement
    }

    /// What is due, or may be; `None` when it is known that nothing is. Evaluation errors go to `errors` too.
    fn verdict(&self, bench: &Bench, action: Action, context: &Context, errors: &mut Vec<Fault>) -> Result<Option<Verdict>, Unbuildable> {
        let question = self.question(bench, context)?;
        let permits = question.ask(&bench.permits, action);
        let doubts = self.doubts(bench, Effect::Permit, action, question.grantee.as_ref());
        let doubtful = |id: &String| doubts.iter().any(|doubt| doubt.policy == *id);
        let certain = permits.satisfied.iter().any(|id| !doubtful(id));
        if !certain && permits.faults.is_empty() && doubts.is_empty() {
            return Ok(None);
        }
        let forbids = question.ask(&bench.forbids, action);
        errors.extend(permits.faults.iter().chain(&forbids.faults).cloned());

        let mut faults = permits.faults;
        if !certain {
            faults.extend(doubts.iter().cloned());
        }
        let asking: Vec<&str> =
            permits.satisfied.iter().map(String::as_str).chain(faults.iter().map(|fault| fault.policy.as_str())).collect();
        let severity = asking.iter().filter_map(|id| self.judge.set.info(id)).map(|info| info.severity).max().unwrap_or_default();
        faults.extend(forbids.faults);
        faults.extend(self.doubts(bench, Effect::Forbid, action, question.grantee.as_ref()));
        faults.sort();
        let because = permits.satisfied.into_iter().filter(|id| !certain || !doubtful(id)).collect();
        Ok(Some(Verdict { action, context: context.clone(), because, severity, forbidden_by: forbids.satisfied, faults }))
    }

    fn question(&self, bench: &Bench, context: &Context) -> Result<Question<'_>, Unbuildable> {
        let Context { grantee, target, of } = context;
        let names = &self.judge.set.schemas.names;
        let grantee = grantee.as_ref().and_then(|grantee| self.judge.directory.grantee(grantee));
        let mut pairs = Vec::new();
        let mut store = Cow::Borrowed(&self.store);
        if let Some(grantee) = &grantee {
            pairs.push(("grantee".to_owned(), RestrictedExpression::new_entity_uid(grantee.uid.clone())));
            store = Cow::Owned(self.store.clone().add_entities(grantee.entities(), None).map_err(Box::new)?);
        }
        if let Some(target) = target {
            pairs.push(("target".to_owned(), entity(&names.region, target.as_str())));
        }
        if let Some(of) = of {
            pairs.push(("of".to_owned(), text(of.name())));
        }
        let context = if pairs.is_empty() {
            self.judge.context.clone()
        } else {
            pairs.push(("now".to_owned(), datetime(self.judge.now)));
            CedarContext::from_pairs(pairs).map_err(Box::new)?
        };
        let request =
            Request::new(self.judge.principal.clone(), bench.action.clone(), self.resource.clone(), context, None).map_err(Box::new)?;
        Ok(Question { request, store, grantee })
    }

    /// Policies of the bench whose answer depends on something unknown about accounts.
    fn doubts(&self, bench: &Bench, effect: Effect, action: Action, grantee: Option<&Member>) -> Vec<Fault> {
        let mut doubts = Vec::new();
        for (policy, memberships) in bench.memberships.iter().filter(|(_, memberships)| memberships.effect == effect) {
            let about_owner = self.judge.directory.doubt(&memberships.asked.of_resource, self.owner);
            let about_grantee = || self.judge.directory.doubt_about_grantee(&memberships.asked.of_grantee, grantee?);
            doubts.extend(about_owner.or_else(about_grantee).map(|message| Fault {
                policy: policy.clone(),
                action: Some(action),
                message,
            }));
        }
        doubts
    }
}

/// One request with the entities it is about.
struct Question<'a> {
    request: Request,
    store: Cow<'a, Entities>,
    grantee: Option<Member>,
}

/// What some policies answered.
struct Answer {
    /// Sorted.
    satisfied: Vec<String>,
    faults: Vec<Fault>,
}

impl Question<'_> {
    /// Which of these policies are satisfied, and which err. Cedar's `Authorizer` would go on to a decision; here an
    /// error is an answer of its own.
    fn ask(&self, rules: &[Rule], action: Action) -> Answer {
        let mut answer = Answer { satisfied: Vec::new(), faults: Vec::new() };
        for rule in rules {
            let message = match eval_expression(&self.request, &self.store, &rule.condition) {
                Ok(EvalResult::Bool(false)) => continue,
                Ok(EvalResult::Bool(true)) => {
                    answer.satisfied.push(rule.id.clone());
                    continue;
                }
                Ok(other) => format!("`{other}` is neither true nor false"),
                Err(error) => error.to_string(),
            };
            answer.faults.push(Fault { policy: rule.id.clone(), action: Some(action), message });
        }
        answer.satisfied.sort();
        answer
    }
}

/// A name or value that Cedar cannot hold.
fn unbuildable(action: Option<Action>, error: &Unbuildable) -> Fault {
    Fault { policy: "facts".into(), action, message: error.to_string() }
}
