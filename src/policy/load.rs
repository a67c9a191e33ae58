//! From the text of policy files to a `PolicySet`, or to everything that is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

use cedar_policy::{
    ActionConstraint, EntityUid, Policy, PolicyId, PolicySet as CedarSet, ResourceConstraint, ValidationError, ValidationMode,
    ValidationWarning, Validator,
};
use miette::Diagnostic;
use serde_json::Value;

use crate::model::Action;

use super::info::{Effect, PolicyInfo};
use super::kinds::Named;
use super::lint::{self, Fault};
use super::membership::Memberships;
use super::problem::{Location, PolicyErrors, Problem};
use super::schema::{ResourceKind, Schemas};
use super::set::{Loaded, PolicySet};
use super::statements::statements;
use super::targets::Targets;
use super::uses::Uses;

/// One file of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile {
    /// For messages only; nothing is read from it.
    pub path: PathBuf,
    pub text: String,
}

/// The policies built into the program: what holds when no directory is configured.
pub fn shipped_files() -> Vec<PolicyFile> {
    macro_rules! shipped {
        ($($name:literal),*) => {
            vec![$(PolicyFile { path: concat!("policies/", $name).into(), text: include_str!(concat!("../../policies/", $name)).into() }),*]
        };
    }
    shipped!["availability.cedar", "finance.cedar", "guardrails.cedar", "lifecycle.cedar", "provenance.cedar", "security.cedar"]
}

/// A policy as it stands in its file.
struct Statement<'a> {
    file: &'a PolicyFile,
    range: Range<usize>,
    /// Named by its `@id`, or by where it stands as long as it has none.
    policy: Policy,
    named: Named,
}

impl PolicySet {
    /// Parses, validates strictly and lints all files. Fails with everything that is wrong in any of them.
    pub fn load(files: &[PolicyFile]) -> Result<Self, PolicyErrors> {
        let schemas =
            Schemas::built_in().map_err(|error| nothing(format!("the built-in schema does not parse: {error}"), "report this as a bug"))?;
        if files.is_empty() {
            return Err(nothing(
                "no policy files were found".into(),
                "put `.cedar` files there, or leave `[policies] directories` out to use the built-in policies",
            ));
        }
        let mut problems = Vec::new();
        let statements: Vec<Statement<'_>> = files.iter().flat_map(|file| parse(file, &mut problems)).collect();
        if statements.is_empty() && problems.is_empty() {
            let help = "write one, or leave `[policies] directories` out to use the built-in policies";
            return Err(nothing(format!("no policies in {}", names(files)), help));
        }
        for statement in &statements {
            let policy = &statement.policy;
            for fault in [lint::annotations(policy), lint::permit(policy), lint::literals(policy)].into_iter().flatten() {
                problems.push(statement.problem(fault));
            }
        }
        problems.extend(duplicates(&statements));
        problems.extend(invalid(&statements, schemas));
        if problems.is_empty() {
            let loaded = statements.iter().map(|statement| statement.loaded(schemas)).collect::<Result<_, _>>();
            match loaded {
                Ok(loaded) => return Ok(Self::build(loaded, schemas)),
                Err(problem) => problems.push(problem),
            }
        }
        problems.sort();
        problems.dedup();
        Err(PolicyErrors { problems })
    }

    /// The policies built into the program.
    pub fn shipped() -> Result<Self, PolicyErrors> {
        Self::load(&shipped_files())
    }
}

fn nothing(message: String, help: &str) -> PolicyErrors {
    PolicyErrors { problems: vec![Problem { at: None, policy: None, message, help: Some(help.into()) }] }
}

fn names(files: &[PolicyFile]) -> String {
    let names: Vec<String> = files.iter().map(|file| format!("`{}`", file.path.display())).collect();
    names.join(", ")
}

/// The policies of one file; what does not parse becomes a problem.
fn parse<'a>(file: &'a PolicyFile, problems: &mut Vec<Problem>) -> Vec<Statement<'a>> {
    let mut parsed = Vec::new();
    for range in statements(&file.text) {
        let text = file.text.get(range.clone()).unwrap_or_default();
        let set: CedarSet = match text.parse() {
            Ok(set) => set,
            Err(errors) => {
                let errors: cedar_policy::ParseErrors = errors;
                problems.extend(errors.iter().map(|error| Problem {
                    at: Some(Location::of(&file.path, &file.text, range.start + offset(error))),
                    policy: None,
                    message: format!("not a Cedar policy: {error}"),
                    help: Some(error.help().map_or("correct it there".to_owned(), |help| help.to_string())),
                }));
                continue;
            }
        };
        for template in set.templates() {
            problems.push(Problem {
                at: Some(Location::of(&file.path, &file.text, range.start)),
                policy: template.annotation("id").map(str::to_owned),
                message: "it is a template".into(),
                help: Some("write the entity instead of `?principal` or `?resource`".into()),
            });
        }
        for policy in set.policies() {
            let place = Location::of(&file.path, &file.text, range.start);
            let id = policy.annotation("id").filter(|id| !id.trim().is_empty()).map_or_else(|| place.to_string(), str::to_owned);
            // Without a JSON form it is refused below.
            let named = policy.to_json().map(|json| Named::of(&json)).unwrap_or_default();
            parsed.push(Statement { file, range: range.clone(), policy: policy.new_id(PolicyId::new(id)), named });
        }
    }
    parsed
}

/// Where in the parsed text a complaint points to.
fn offset(complaint: &dyn Diagnostic) -> usize {
    complaint.labels().and_then(|mut labels| labels.next()).map_or(0, |label| label.offset())
}

impl Statement<'_> {
    fn text(&self) -> &str {
        self.file.text.get(self.range.clone()).unwrap_or_default()
    }

    /// Its `@id`, if it has one.
    fn id(&self) -> Option<&str> {
        self.policy.annotation("id").filter(|id| !id.trim().is_empty())
    }

    fn location(&self, offset: usize) -> Location {
        Location::of(&self.file.path, &self.file.text, self.range.start + offset)
    }

    fn problem(&self, fault: Fault) -> Problem {
        let offset = fault.at.and_then(|text| self.text().find(&text)).unwrap_or(0);
        Problem { at: Some(self.location(offset)), policy: self.id().map(str::to_owned), message: fault.message, help: fault.help }
    }

    /// What the validator says of it, and what to do about that.
    fn complaint(&self, complaint: &dyn Diagnostic, own: Option<&str>) -> Problem {
        let message = complaint.to_string();
        let prefix = format!("for policy `{}`", self.policy.id());
        let message = message.strip_prefix(&prefix).map_or(message.as_str(), |rest| rest.trim_start_matches([',', ':', ' '])).to_owned();
        let help = match (own, complaint.help()) {
            (Some(own), _) => own.to_owned(),
            (None, Some(help)) => help.to_string(),
            (None, None) => "see `ami-warden policies schema` for what there is".to_owned(),
        };
        Problem { at: Some(self.location(offset(complaint))), policy: self.id().map(str::to_owned), message, help: Some(help) }
    }

    /// Everything later stages need to know of it.
    fn loaded(&self, schemas: &Schemas) -> Result<Loaded, Problem> {
        let json = self.policy.to_json().map_err(|error| self.problem(Fault::new(error.to_string(), "report this as a bug")))?;
        let mut reach = BTreeSet::new();
        for environment in schemas.readings_for(&self.named).iter().flat_map(|reading| self.policy.get_valid_request_envs(reading.schema()))
        {
            let action = schemas.names.actions().iter().find(|(_, uid)| uid == environment.action());
            let kind = ResourceKind::ALL.into_iter().find(|&kind| schemas.names.kind(kind) == environment.resource());
            if let (Some(&(action, _)), Some(kind)) = (action, kind) {
                reach.insert((action, kind));
            }
        }
        let effect = match self.policy.effect() {
            cedar_policy::Effect::Permit => Effect::Permit,
            cedar_policy::Effect::Forbid => Effect::Forbid,
        };
        reach.retain(|&(action, kind)| self.named.reaches(effect, action, kind));
        reach.extend(self.unread(schemas));
        let annotation = |key: &str| self.policy.annotation(key).map(str::to_owned);
        let uses = Uses::of(&self.policy, &json);
        let info = PolicyInfo {
            id: self.policy.id().to_string(),
            effect,
            title: annotation("title"),
            severity: self.policy.annotation("severity").and_then(lint::severity).unwrap_or_default(),
            owner: annotation("owner"),
            reason: annotation("reason"),
            doc: annotation("doc"),
            runbook: annotation("runbook"),
            file: self.file.path.clone(),
            line: self.location(0).line,
            actions: reach.iter().map(|&(action, _)| action).collect::<BTreeSet<_>>().into_iter().collect(),
            resources: reach.iter().map(|&(_, kind)| kind).collect::<BTreeSet<_>>().into_iter().collect(),
            asks_stale_use: uses.attributes.has("stale"),
            text: self.text().to_owned(),
        };
        let advice =
            lint::advice(&self.policy, |name| uses.attributes.has(name), |verb| info.actions.iter().any(|action| action.name() == verb));
        let warnings = advice.into_iter().map(|fault| self.problem(fault)).collect();
        Ok(Loaded {
            condition: condition(&self.policy, json.clone()).map_err(|error| self.problem(Fault::new(error, "report this as a bug")))?,
            info,
            reach,
            uses,
            targets: Targets::of(&json),
            memberships: Memberships::of(&json),
            warnings,
        })
    }
}

impl Statement<'_> {
    /// Where the policy is about a grantee and does not type-check for every type a grantee can have, Cedar
    /// cannot say what it reaches: it is asked about every share, and a guard rail is never missed.
    fn unread(&self, schemas: &Schemas) -> Vec<(Action, ResourceKind)> {
        let Some((_, revoke)) = schemas.names.actions().iter().find(|(verb, _)| *verb == Action::RevokeShare) else { return Vec::new() };
        let speaks = |action: &EntityUid| action == revoke || schemas.actions.is_ancestor_of(action, revoke);
        let revokes = match self.policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(action) => action == *revoke,
            ActionConstraint::In(actions) => actions.iter().any(speaks),
        };
        if !revokes || !self.text().contains("grantee") || schemas.readings_for(&self.named).iter().all(|reading| valid(self, reading)) {
            return Vec::new();
        }
        let about = |kind: ResourceKind| match self.policy.resource_constraint() {
            ResourceConstraint::Is(name) | ResourceConstraint::IsIn(name, _) => name == *schemas.names.kind(kind),
            ResourceConstraint::Any | ResourceConstraint::In(_) | ResourceConstraint::Eq(_) => true,
        };
        let shared = [ResourceKind::Image, ResourceKind::Snapshot];
        shared.into_iter().filter(|&kind| about(kind)).map(|kind| (Action::RevokeShare, kind)).collect()
    }
}

/// The policy without its scope's actions, which `reach` has answered once and for all: `action in [five actions]` would be
/// worked out anew for every image.
fn condition(policy: &Policy, mut json: Value) -> Result<Policy, String> {
    if let Some(fields) = json.as_object_mut() {
        fields.insert("action".into(), serde_json::json!({ "op": "All" }));
    }
    Policy::from_json(Some(policy.id().clone()), json).map_err(|error| error.to_string())
}

fn valid(statement: &Statement<'_>, reading: &Validator) -> bool {
    CedarSet::from_policies([statement.policy.clone()]).is_ok_and(|set| reading.validate(&set, ValidationMode::Strict).validation_passed())
}

/// An `@id` that stands twice is a fault of the second.
fn duplicates(statements: &[Statement<'_>]) -> Vec<Problem> {
    let mut first: BTreeMap<&str, Location> = BTreeMap::new();
    let mut problems = Vec::new();
    for statement in statements {
        let Some(id) = statement.id() else { continue };
        let here = statement.location(0);
        if let Some(before) = first.get(id) {
            let fault = Fault::new(format!("its `@id` is also that of the policy at {before}"), "give one of them another");
            problems.push(statement.problem(fault));
        } else {
            first.insert(id, here);
        }
    }
    problems
}

/// What strict validation says, warnings included. A policy that reads `context.grantee` is valid when it is
/// valid for one of the types a grantee can have.
fn invalid(statements: &[Statement<'_>], schemas: &Schemas) -> Vec<Problem> {
    let mut problems = Vec::new();
    for statement in statements {
        let mut complaints = schemas.readings_for(&statement.named).iter().map(|reading| complaints(statement, reading));
        let first = complaints.next().unwrap_or_default();
        let about_grantee = statement.text().contains("grantee");
        if first.is_empty() || about_grantee && complaints.any(|complaints| complaints.is_empty()) {
            continue;
        }
        problems.extend(first);
    }
    problems
}

fn complaints(statement: &Statement<'_>, reading: &Validator) -> Vec<Problem> {
    let set = match CedarSet::from_policies([statement.policy.clone()]) {
        Ok(set) => set,
        Err(error) => return vec![statement.problem(Fault::new(error.to_string(), "give it another `@id`"))],
    };
    let result = reading.validate_with_level(&set, ValidationMode::Strict, 1);
    let errors = result.validation_errors().map(|error| {
        let help = match error {
            ValidationError::UnsafeOptionalAttributeAccess(_) => {
                Some("unknown is not false: write `resource has x && ...`, or `if resource has x then ... else ...`")
            }
            ValidationError::EntityDerefLevelViolation(_) => {
                Some("ask about the resource itself, or about `context.grantee`; nothing is known of other entities")
            }
            _ => None,
        };
        statement.complaint(error, help)
    });
    let warnings = result.validation_warnings().map(|warning| {
        let help = match warning {
            ValidationWarning::ImpossiblePolicy(_) => Some("correct its condition: no image or snapshot can satisfy it"),
            ValidationWarning::InvalidActionApplication(_) => Some("see `ami-warden policies schema` for what each action is done to"),
            _ => Some("write it in plain letters: somebody may be meant to misread it"),
        };
        statement.complaint(warning, help)
    });
    errors.chain(warnings).collect()
}
