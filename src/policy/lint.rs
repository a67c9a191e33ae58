//! What Cedar accepts and a warden cannot: policies without a name, permits for everything, account numbers
//! that are none. Each fault says what to do next.

use cedar_policy::{ActionConstraint, Effect, EntityUid, Policy};

use crate::inventory::OURS;
use crate::model::{AccountId, Severity};

use super::problem::did_you_mean;

/// The annotations a policy may carry.
pub(super) const ANNOTATIONS: [&str; 7] = ["id", "title", "severity", "owner", "reason", "doc", "runbook"];

/// Groups that exist without being configured. `[groups]` may give the last two members.
pub(super) const KNOWN_GROUPS: [&str; 3] = [OURS, "partners", "publishers"];

/// A fault of one policy: what to search for in its text to show where, the message, and what to do.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: Option<String>,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { at: None, message: message.into(), help: Some(help.into()) }
    }

    fn at(mut self, text: impl Into<String>) -> Self {
        self.at = Some(text.into());
        self
    }
}

/// Unknown annotations, a missing `@id`, and values that are none.
pub(super) fn annotations(policy: &Policy) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (key, value) in policy.annotations() {
        if !ANNOTATIONS.contains(&key) {
            let help = match did_you_mean(key, ANNOTATIONS) {
                Some(meant) => format!("did you mean `@{meant}`?"),
                None => format!("use one of {}", list(&ANNOTATIONS.map(|name| format!("@{name}")))),
            };
            faults.push(Fault::new(format!("unknown annotation `@{key}`"), help).at(format!("@{key}")));
        } else if value.trim().is_empty() {
            let help = if key == "id" { "write a name of its own" } else { "write something there or leave it out" };
            faults.push(Fault::new(format!("`@{key}` is empty"), help).at(format!("@{key}")));
        }
    }
    if policy.annotation("id").is_none() {
        faults.push(Fault::new("a policy has no `@id`", "write `@id(\"...\")` before it: plans and reports name it by that"));
    }
    if let Some(word) = policy.annotation("severity").filter(|word| !word.trim().is_empty() && severity(word).is_none()) {
        let words = SEVERITIES.map(Severity::name);
        let help = match did_you_mean(word, words) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("use one of {}", list(&words.map(str::to_owned))),
        };
        faults.push(Fault::new(format!("unknown severity `{word}`"), help).at("@severity"));
    }
    faults
}

const SEVERITIES: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

/// The severity of that name.
pub(super) fn severity(word: &str) -> Option<Severity> {
    SEVERITIES.into_iter().find(|severity| severity.name() == word)
}

/// A permit says which actions it asks for, and when.
pub(super) fn permit(policy: &Policy) -> Vec<Fault> {
    if policy.effect() != Effect::Permit {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let groups: Vec<String> = match policy.action_constraint() {
        ActionConstraint::Any => {
            faults.push(
                Fault::new("a permit must name its actions", "write `action == Action::\"...\"`: it asks for what it permits").at("action"),
            );
            Vec::new()
        }
        ActionConstraint::Eq(action) => vec![action],
        ActionConstraint::In(actions) => actions,
    }
    .iter()
    .map(|action| action.id().unescaped().to_owned())
    .filter(|action| ["anyChange", "restrictive", "destructive", "additive", "report"].contains(&action.as_str()))
    .collect();
    for group in groups {
        let message = format!("a permit must not ask for the group of actions `{group}`");
        faults.push(
            Fault::new(message, "name each action: `action in [Action::\"...\", Action::\"...\"]`").at(format!("Action::\"{group}\"")),
        );
    }
    if !policy.has_non_scope_constraint() {
        faults.push(Fault::new("a permit must have a condition", "write `when { ... }`: without one it asks for every resource"));
    }
    faults
}

/// Account numbers and ids of organizations and units that cannot exist.
pub(super) fn literals(policy: &Policy) -> Vec<Fault> {
    let mut literals = policy.entity_literals();
    literals.sort();
    literals.dedup();
    literals.iter().filter_map(malformed).collect()
}

fn malformed(literal: &EntityUid) -> Option<Fault> {
    let id = literal.id().unescaped();
    let kind = literal.type_name().basename();
    let form = match kind {
        "Account" if !AccountId::from(id).is_well_formed() => "an account number has twelve digits",
        "Organization" if !is_id(id, "o-", 10..=32) => "an organization's id is `o-` and 10 to 32 small letters or digits",
        "OrgUnit" if !is_unit(id) => "a unit's id is `ou-...-...`, a root's `r-...`",
        _ => return None,
    };
    Some(
        Fault::new(format!("`{kind}::\"{id}\"` cannot exist"), format!("{form}; correct it, or use a group from `[groups]`"))
            .at(format!("\"{id}\"")),
    )
}

fn is_unit(id: &str) -> bool {
    if id.starts_with("r-") {
        return is_id(id, "r-", 4..=32);
    }
    id.rsplit_once('-').is_some_and(|(front, back)| is_id(front, "ou-", 4..=32) && is_id(back, "", 8..=32))
}

fn is_id(id: &str, prefix: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    id.strip_prefix(prefix)
        .is_some_and(|rest| length.contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()))
}

/// What works, but probably not as meant. Never stops a policy from being loaded.
pub(super) fn advice(policy: &Policy, reads: impl Fn(&str) -> bool, asks: impl Fn(&str) -> bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    for key in ["reason", "owner"] {
        if policy.annotation(key).is_none() {
            let why =
                if key == "reason" { "those whose resources it touches will ask why" } else { "nobody will be known to answer for it" };
            faults.push(Fault::new(format!("it has no `@{key}`"), format!("write one: {why}")));
        }
    }
    match policy.effect() {
        Effect::Permit => {
            if policy.annotation("severity").is_none() {
                faults.push(Fault::new("it has no `@severity`", "write one, or its reports are `medium`"));
            }
            if reads("usage") && ["disable", "deregister", "deleteSnapshot"].into_iter().any(&asks) {
                let help = "leave it out: what is used, or not known to be unused, is then shown as held by an interlock";
                faults.push(Fault::new("it asks about `usage`", help).at("usage"));
            }
        }
        Effect::Forbid => {
            if ["makePrivate", "revokeShare"].into_iter().any(asks) {
                faults.push(Fault::new(
                    "it can keep a resource public or shared",
                    "name the actions it is about, without makePrivate and revokeShare, unless that is meant",
                ));
            }
        }
    }
    let mut regions: Vec<_> = policy.entity_literals().into_iter().filter(|literal| literal.type_name().basename() == "Region").collect();
    regions.sort();
    regions.dedup();
    for region in regions.iter().map(|region| region.id().unescaped()).filter(|region| !looks_like_a_region(region)) {
        faults.push(
            Fault::new(format!("`{region}` does not look like a Region"), "write its code, such as `eu-central-1`")
                .at(format!("\"{region}\"")),
        );
    }
    faults
}

fn looks_like_a_region(code: &str) -> bool {
    let parts: Vec<&str> = code.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    words.len() >= 2
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && !number.is_empty()
        && words.iter().all(|word| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

fn list(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
