//! What Cloud Control lists: compute environments, node groups, clusters, environments and the like.
//!
//! One reader for all of them: the id of an image or a snapshot anywhere in the properties is use, and so is every launch
//! template version that they name. A client for each service would know the fields better and the next service not at all.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::Source;

use super::answers::{Answers, ResourceDescription, TemplateSpecification};
use super::decode::{self, listed};
use super::ids::Named;
use super::references::{Reference, User};
use super::users::{Reading, none};

/// A type and an identifier, which is unique only within its type.
type Name = (String, String);

pub(super) fn read(answers: &Answers, reading: &mut Reading<'_>) {
    let mut problems = Vec::new();
    let mut names: BTreeSet<Name> = BTreeSet::new();
    let lists = reading.gaps.asked(Source::Resources, &answers.resources, Ok);
    for list in lists.into_iter().flatten() {
        match resources(list.type_name.as_ref(), &list.resource_descriptions) {
            // Some types tell everything here; what they tell counts, whatever their details say.
            Ok(described) => {
                for (name, description) in described {
                    if description.properties.is_some()
                        && let Err(problem) = count(&name, description, reading)
                    {
                        problems.push(problem);
                    }
                    names.insert(name);
                }
            }
            Err(problem) => problems.push(problem),
        }
    }
    reading.gaps.all(Source::Resources, problems);

    let Some(details) = reading.gaps.asked(Source::Resource, &answers.resource_details, Ok) else { return };
    let mut problems = Vec::new();
    for detail in details {
        let read = detail.resource_description.as_ref().ok_or_else(|| "an answer lacks its ResourceDescription".to_owned());
        let read = read.and_then(|description| {
            let name = name(detail.type_name.as_ref(), description)?;
            // What was listed and is named here was described, even if that cannot be read: the problem names it.
            names.remove(&name);
            count(&name, description, reading)
        });
        if let Err(problem) = read {
            problems.push(problem);
        }
    }
    problems.extend(names.iter().map(|(kind, id)| format!("{kind} {id} is listed but not described")));
    reading.gaps.all(Source::Resource, problems);
}

fn resources<'a>(
    kind: Option<&String>,
    list: &'a super::answers::List<ResourceDescription>,
) -> Result<Vec<(Name, &'a ResourceDescription)>, String> {
    let shown = kind.map_or("a type without a TypeName", String::as_str);
    let listed = listed(list, "ResourceDescriptions").map_err(|problem| format!("{shown}: {problem}"))?;
    listed.into_iter().map(|description| Ok((name(kind, description)?, description))).collect()
}

fn name(kind: Option<&String>, description: &ResourceDescription) -> Result<Name, String> {
    let kind = decode::required(kind.cloned(), "TypeName", "a resource")?;
    let id = decode::required(description.identifier.clone(), "Identifier", &format!("a resource of {kind}"))?;
    Ok((kind, id))
}

/// Counts the images, snapshots and templates that the properties of one resource name.
fn count((kind, id): &Name, description: &ResourceDescription, reading: &mut Reading<'_>) -> Result<(), String> {
    let text = decode::required(description.properties.clone(), "Properties", &format!("{kind} {id}"))?;
    let properties: Value = serde_json::from_str(&text).map_err(|error| format!("the properties of {kind} {id} are no JSON: {error}"))?;
    let user = User::Resource { kind: kind.clone(), id: id.clone() };
    reading.users.add_named(&Named::in_json(&properties), &Reference::live(reading.place, user.clone()));
    let mut aliases = BTreeSet::new();
    let mut templates = Vec::new();
    collect(&properties, "", &mut templates, &mut aliases);
    let mut problems = Vec::new();
    let (templates, aliases): (Vec<_>, Vec<_>) = (templates.iter().collect(), aliases.iter().map(String::as_str).collect());
    reading.launches(&format!("{kind} {id}"), &user, &templates, &aliases, &mut problems);
    none(problems)
}

/// Launch templates and aliases that the properties name. A template is named by `LaunchTemplateId` or
/// `LaunchTemplateName` anywhere (Batch), or by an id or a name in an object that is called a launch template (EKS, PCS).
fn collect(value: &Value, key: &str, templates: &mut Vec<TemplateSpecification>, aliases: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            let text = |name: &str| fields.get(name).and_then(scalar);
            let own = |name: &str| if key.contains("LaunchTemplate") { text(name) } else { None };
            let id = text("LaunchTemplateId").or_else(|| own("Id")).or_else(|| own("TemplateId"));
            let name = text("LaunchTemplateName").or_else(|| own("Name"));
            if id.is_some() || name.is_some() {
                let version = text("Version").or_else(|| text("LaunchTemplateVersion"));
                templates.push(TemplateSpecification { launch_template_id: id, launch_template_name: name, version });
            }
            fields.iter().for_each(|(key, value)| collect(value, key, templates, aliases));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, key, templates, aliases)),
        Value::String(text) if text.starts_with("resolve:ssm:") => {
            aliases.insert(text.clone());
        }
        _ => {}
    }
}

/// A version is a text in some types and a number in others.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_found_by_the_words_of_each_service() {
        let properties = serde_json::json!({
            "ComputeResources": {"LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "7", "Overrides": [
                {"LaunchTemplateName": "other", "Version": "$Latest"}
            ]}},
            "LaunchTemplate": {"Id": "lt-2", "Version": 3},
            "CustomLaunchTemplate": {"TemplateId": "lt-3"},
            "Name": "no template", "Cluster": {"Id": "c-1"}, "ImageId": "resolve:ssm:/golden",
        });
        let (mut templates, mut aliases) = (Vec::new(), BTreeSet::new());
        collect(&properties, "", &mut templates, &mut aliases);
        let mut found: Vec<_> =
            templates.into_iter().map(|it| (it.launch_template_id.or(it.launch_template_name).unwrap(), it.version)).collect();
        found.sort();
        let version = |text: &str| Some(text.to_owned());
        let expected = [("lt-1", version("7")), ("lt-2", version("3")), ("lt-3", None), ("other", version("$Latest"))];
        assert_eq!(found, expected.map(|(name, version)| (name.to_owned(), version)));
        assert_eq!(aliases.into_iter().collect::<Vec<_>>(), ["resolve:ssm:/golden"]);
    }
}
