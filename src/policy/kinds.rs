//! Which kinds of resource a policy is about.
//!
//! `resource` alone means images and snapshots: a permit that says nothing of instances or places was never meant for
//! them. A guard rail that says nothing of them covers them too, as far as its condition can be asked of one: a freeze
//! freezes all.

use std::collections::BTreeSet;

use cedar_policy::{Schema, SchemaFragment};
use serde_json::Value;

use crate::model::Action;

use super::info::Effect;
use super::schema::ResourceKind;

/// The schema as if there were only what need not be named: what validates policies that name nothing else.
pub(super) fn unnamed(text: &str) -> Result<Schema, Box<dyn std::error::Error>> {
    let mut json = SchemaFragment::from_cedarschema_str(text).map_err(Box::new)?.0.to_json_value()?;
    let actions = json.as_object_mut().into_iter().flat_map(|spaces| spaces.values_mut()).filter_map(|space| space.get_mut("actions"));
    for applies in actions.filter_map(Value::as_object_mut).flat_map(|actions| actions.values_mut()) {
        let Some(resources) = applies.pointer_mut("/appliesTo/resourceTypes").and_then(Value::as_array_mut) else { continue };
        resources.retain(|kind| by_name(kind.as_str().unwrap_or_default()).is_none());
    }
    Ok(Schema::from_json_value(json)?)
}

/// The kind of that name, if it must be named.
fn by_name(name: &str) -> Option<ResourceKind> {
    ResourceKind::BY_NAME.into_iter().find(|kind| kind.name() == name)
}

/// What a policy names of what must be named, from its JSON form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    kinds: BTreeSet<ResourceKind>,
    actions: BTreeSet<Action>,
}

impl Named {
    pub(super) fn of(policy: &Value) -> Self {
        let mut named = Self::default();
        named.walk(policy);
        named
    }

    /// Whether it names anything that must be named.
    pub(super) fn is_anything(&self) -> bool {
        !self.kinds.is_empty() || !self.actions.is_empty()
    }

    /// Whether a policy of that effect is about `action` on `kind`, if its condition can be asked there at all.
    pub(super) fn reaches(&self, effect: Effect, action: Action, kind: ResourceKind) -> bool {
        effect == Effect::Forbid || !ResourceKind::BY_NAME.contains(&kind) || self.kinds.contains(&kind) || self.actions.contains(&action)
    }

    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(fields) => {
                // `is` has an `entity_type`, an entity a `type` and an `id`.
                for kind in ["entity_type", "type"].into_iter().filter_map(|key| fields.get(key)).filter_map(Value::as_str) {
                    self.kinds.extend(by_name(kind));
                    if kind == "Action" {
                        let verb = fields.get("id").and_then(Value::as_str);
                        self.actions.extend(Action::ALL.into_iter().filter(|action| only_named(*action) && Some(action.name()) == verb));
                    }
                }
                fields.values().for_each(|field| self.walk(field));
            }
            _ => {}
        }
    }
}

/// Whether an action is done to nothing but what must be named.
fn only_named(action: Action) -> bool {
    match action {
        Action::BlockPublicAccess => true,
        Action::MakePrivate
        | Action::RevokeShare
        | Action::Notify
        | Action::Deprecate
        | Action::Disable
        | Action::Deregister
        | Action::DeleteSnapshot
        | Action::Replicate => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::Policy;

    fn named(text: &str) -> Named {
        Named::of(&Policy::parse(None, text).unwrap().to_json().unwrap())
    }

    #[test]
    fn a_permit_reaches_a_place_only_if_it_says_so() {
        let reaches = |text: &str, effect| named(text).reaches(effect, Action::Notify, ResourceKind::Place);
        for silent in ["permit(principal, action, resource);", r#"permit(principal, action == Action::"notify", resource is Image);"#] {
            assert!(!reaches(silent, Effect::Permit) && reaches(silent, Effect::Forbid), "{silent}");
            assert!(named(silent).reaches(Effect::Permit, Action::Notify, ResourceKind::Image));
            assert!(!named(silent).is_anything());
        }
        for text in [
            "permit(principal, action, resource is Place);",
            r#"permit(principal, action, resource == Place::"111111111111/us-east-1");"#,
            "permit(principal, action, resource) when { resource is Place && true };",
        ] {
            assert!(reaches(text, Effect::Permit) && named(text).is_anything(), "{text}");
        }
    }

    #[test]
    fn an_action_on_places_alone_names_them() {
        let text = r#"permit(principal, action in [Action::"notify", Action::"blockPublicAccess"], resource);"#;
        assert!(named(text).reaches(Effect::Permit, Action::BlockPublicAccess, ResourceKind::Place));
        assert!(!named(text).reaches(Effect::Permit, Action::Notify, ResourceKind::Place));
    }
}
