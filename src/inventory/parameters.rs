//! Systems Manager parameters: what their values say, and which image an alias stands for.
//!
//! The id of an image or a snapshot anywhere in a readable value is use. A `SecureString` is not read: EC2 and Image Builder launch by
//! `String` parameters alone (EC2 user guide, "Reference AMIs using Systems Manager parameters"), and a warden that may
//! decrypt secrets would be a worse risk than the image it could miss. How many there are is told.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Place, Source};

use super::answers::{Answers, GetParameters, Parameter};
use super::decode::{self, listed};
use super::ids::Named;
use super::place::Gaps;
use super::references::{Reference, User, Users};

/// The parameters of a place, as far as they can be read.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// By name, and for parameters of others also by ARN.
    by_name: BTreeMap<String, Values>,
    /// Names, as they were asked for, of which Systems Manager says that they lead to nothing.
    invalid: BTreeSet<String>,
    /// Names of those whose values are encrypted.
    pub(super) secrets: BTreeSet<String>,
}

/// What one parameter was found to hold.
#[derive(Debug, Default)]
struct Values {
    current: Option<String>,
    /// By version number or label.
    selected: BTreeMap<String, String>,
}

impl Parameters {
    /// Reads the names and the values; a value that was listed and not told is a gap that names it.
    pub(super) fn read(answers: &Answers, users: &mut Users, gaps: &mut Gaps) -> Self {
        let mut parameters = Self::default();
        let mut problems = Vec::new();
        let told = gaps.asked(Source::Parameters, &answers.parameters, |answer: &GetParameters| listed(&answer.parameters, "Parameters"));
        let invalid = answers.parameters.iter().flatten().flat_map(|answer| &answer.invalid_parameters);
        parameters.invalid = invalid.flatten().flatten().cloned().collect();
        for parameter in told.iter().flatten() {
            match parameters.tell(parameter) {
                Ok(()) => count(&answers.place, parameter, users),
                Err(problem) => problems.push(problem),
            }
        }
        let names = gaps.asked(Source::ParameterNames, &answers.parameter_names, |answer| listed(&answer.parameters, "Parameters"));
        for parameter in names.into_iter().flatten() {
            let name = match decode::required(parameter.name.clone(), "Name", "a parameter") {
                Ok(name) => name,
                Err(problem) => {
                    gaps.note(Source::ParameterNames, problem);
                    continue;
                }
            };
            if parameter.kind.as_deref() == Some("SecureString") {
                parameters.secrets.insert(name);
            } else if told.is_some() && parameters.by_name.get(&name).is_none_or(|values| values.current.is_none()) {
                problems.push(format!("the value of parameter `{name}` was not told"));
            }
        }
        gaps.all(Source::Parameters, problems);
        parameters
    }

    fn tell(&mut self, parameter: &Parameter) -> Result<(), String> {
        let name = decode::required(parameter.name.clone(), "Name", "a parameter")?;
        if parameter.kind.as_deref() == Some("SecureString") {
            // What came is the cipher text, or a secret that nobody should have written down.
            self.secrets.insert(name);
            return Ok(());
        }
        let value = decode::required(parameter.value.clone(), "Value", &format!("parameter `{name}`"))?;
        for name in [Some(name), parameter.arn.clone()].into_iter().flatten() {
            let values = self.by_name.entry(name.clone()).or_default();
            let mut slots: Vec<String> = parameter.version.iter().map(i64::to_string).collect();
            match selector(parameter) {
                Some(selector) => slots.push(selector.to_owned()),
                None => {
                    if values.current.replace(value.clone()).is_some_and(|before| before != value) {
                        return Err(format!("parameter `{name}` was told twice with different values"));
                    }
                }
            }
            for slot in slots {
                values.selected.insert(slot, value.clone());
            }
        }
        Ok(())
    }

    /// Whether `reference` leads to nothing, by Systems Manager's own word: then nothing can be launched by it.
    pub(super) fn is_invalid(&self, reference: &str) -> bool {
        self.invalid.contains(reference) && self.value(reference).is_none()
    }

    /// The value of `reference`: a name or an ARN, with `:version` or `:label` behind it or not (EC2 user guide, "Use a
    /// Systems Manager parameter instead of an AMI ID").
    pub(super) fn value(&self, reference: &str) -> Option<&str> {
        let (name, selector) = split(reference);
        let values = self.by_name.get(name)?;
        match selector {
            None => values.current.as_deref(),
            Some(selector) => values.selected.get(selector).map(String::as_str),
        }
    }
}

/// The name, and the version or label behind it. An ARN has colons of its own, a name has none.
fn split(reference: &str) -> (&str, Option<&str>) {
    let head =
        if reference.starts_with("arn:") { reference.match_indices(':').nth(4).map_or(reference.len(), |(at, _)| at + 1) } else { 0 };
    match reference.get(head..).and_then(|rest| rest.find(':')) {
        Some(at) => (reference.get(..head + at).unwrap_or_default(), reference.get(head + at + 1..)),
        None => (reference, None),
    }
}

/// The version or label that was asked for, as AWS repeats it: `:3`.
fn selector(parameter: &Parameter) -> Option<&str> {
    parameter.selector.as_deref().map(|selector| selector.trim_start_matches(':')).filter(|selector| !selector.is_empty())
}

/// Images and snapshots that stand in the value. A version that somebody asked for by number or label is not what the parameter
/// means today: whoever names it counts by itself, and the version as stale use.
fn count(place: &Place, parameter: &Parameter, users: &mut Users) {
    let (Some(name), Some(value)) = (&parameter.name, &parameter.value) else { return };
    let (name, live) = match selector(parameter) {
        None => (name.clone(), true),
        Some(selector) => (format!("{name}:{selector}"), false),
    };
    users.add_named(&Named::in_text(value), &Reference { live, ..Reference::live(place, User::Parameter { name }) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_split_at_the_colon_behind_the_name() {
        for (reference, name, selector) in [
            ("/golden/web", "/golden/web", None),
            ("golden:3", "golden", Some("3")),
            ("/golden/web:prod", "/golden/web", Some("prod")),
            ("arn:aws:ssm:eu-west-1:111111111111:parameter/web", "arn:aws:ssm:eu-west-1:111111111111:parameter/web", None),
            ("arn:aws:ssm:eu-west-1:111111111111:parameter/web:7", "arn:aws:ssm:eu-west-1:111111111111:parameter/web", Some("7")),
            ("arn:short", "arn:short", None),
        ] {
            assert_eq!(split(reference), (name, selector), "{reference}");
        }
    }
}
