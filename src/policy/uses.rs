//! What the loaded policies read, so that only that is built for each of 100,000 images.
//!
//! INVARIANT: at least what is read. Attributes are named by literals wherever Cedar reads one, so every
//! attribute name in a policy's tree is taken, whatever it is an attribute of; a tag or an ancestor that is
//! not named by a literal means all of them.

use std::collections::BTreeSet;

use cedar_policy::Policy;
use serde_json::Value;

/// What some policies read of their resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    pub(super) attributes: Named,
    /// Attributes used as they are and not only to read a field of them: records that must be whole.
    pub(super) whole: Named,
    pub(super) tags: Named,
    /// Entity types that something may be tested to lie `in`.
    pub(super) ancestors: Named,
}

/// Names, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    All,
    These(BTreeSet<String>),
}

impl Default for Named {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}

impl Named {
    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(names) => names.contains(name),
        }
    }

    /// The names, where they are named.
    pub(super) fn names(&self) -> BTreeSet<String> {
        match self {
            Self::All => BTreeSet::new(),
            Self::These(names) => names.clone(),
        }
    }

    fn add(&mut self, name: &str) {
        if let Self::These(names) = self
            && !names.contains(name)
        {
            names.insert(name.to_owned());
        }
    }

    fn join(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::These(names), Self::These(more)) => names.extend(more.iter().cloned()),
            _ => *self = Self::All,
        }
    }
}

impl Uses {
    /// Everything, read or not.
    #[cfg(test)]
    pub(super) fn all() -> Self {
        Self { attributes: Named::All, whole: Named::All, tags: Named::All, ancestors: Named::All }
    }

    /// What one policy reads, from its JSON form.
    pub(super) fn of(policy: &Policy, json: &Value) -> Self {
        let mut uses = Self::default();
        for literal in policy.entity_literals() {
            uses.ancestors.add(literal.type_name().basename());
        }
        uses.walk(json, false);
        uses
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.attributes.join(&other.attributes);
        self.whole.join(&other.whole);
        self.tags.join(&other.tags);
        self.ancestors.join(&other.ancestors);
    }

    /// Takes what an expression reads. `only_base`: only a field of its value is read, or asked for.
    fn walk(&mut self, value: &Value, only_base: bool) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, false)),
            Value::Object(fields) => {
                for (key, inner) in fields {
                    self.node(key, inner);
                    match (key.as_str(), inner.get("left"), inner.get("attr")) {
                        ("." | "has", Some(left), Some(attribute)) => {
                            if let (".", false, Some(name)) = (key.as_str(), only_base, attribute.as_str()) {
                                self.whole.add(name);
                            }
                            self.walk(left, true);
                        }
                        _ => self.walk(inner, false),
                    }
                }
            }
            _ => {}
        }
    }

    /// One operator. A record's key of the same name only adds to what is taken.
    fn node(&mut self, key: &str, inner: &Value) {
        match key {
            "." | "has" => match inner.get("attr") {
                Some(Value::String(name)) => self.attributes.add(name),
                Some(Value::Array(path)) => path.iter().filter_map(Value::as_str).for_each(|name| self.attributes.add(name)),
                _ => {}
            },
            "getTag" | "hasTag" => match inner.get("right").and_then(|right| right.get("Value")).and_then(Value::as_str) {
                Some(name) => self.tags.add(name),
                None => self.tags = Named::All,
            },
            // Either the operator or the second half of `is ... in`; in a scope it has no `left` and names its
            // entities as literals, which have been taken already.
            "in" if !inner.get("left").is_none_or(|_| inner.get("right").is_some_and(is_literal)) => self.ancestors = Named::All,
            "is" if inner.get("in").is_some_and(|right| inner.get("left").is_some() && !is_literal(right)) => {
                self.ancestors = Named::All;
            }
            _ => {}
        }
    }
}

/// An entity literal or a set of them.
fn is_literal(expression: &Value) -> bool {
    if let Some(Value::Array(items)) = expression.get("Set") {
        return items.iter().all(is_literal);
    }
    expression.get("Value").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses(text: &str) -> Uses {
        let policy = Policy::parse(None, text).unwrap();
        let json = policy.to_json().unwrap();
        Uses::of(&policy, &json)
    }

    fn these(names: &[&str]) -> Named {
        Named::These(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn every_attribute_read_is_found_however_it_is_read() {
        let found = uses(
            r#"permit(principal, action, resource in Family::"a")
               when { resource has usage.total && resource["age"] > duration("1d") && (if resource.legalHold then resource else resource).name == "x" }
               unless { resource.hasTag("env") && resource.getTag("team") like "a*" };"#,
        );
        assert_eq!(found.attributes, these(&["age", "legalHold", "name", "total", "usage"]));
        assert_eq!(found.whole, these(&["age", "legalHold", "name"]));
        assert_eq!(found.tags, these(&["env", "team"]));
        assert_eq!(found.ancestors, these(&["Family"]));
    }

    #[test]
    fn a_record_is_whole_where_more_than_a_field_of_it_is_used() {
        let condition = |text: &str| uses(&format!("permit(principal, action, resource) when {{ {text} }};")).whole;
        assert_eq!(condition("resource has usage && resource.usage.stale == 0"), these(&["stale"]));
        assert_eq!(condition("resource.usage == {total: 0}"), these(&["usage"]));
        assert_eq!(condition("[resource.usage].contains(context.now)"), these(&["now", "usage"]));
        assert_eq!(condition("(if resource.tpm then resource.usage else resource.usage).stale == 0"), these(&["stale", "tpm", "usage"]));
        assert_eq!(condition("{\".\": resource.usage} == {\"has\": resource.family.rank}"), these(&["rank", "usage"]));
    }

    #[test]
    fn a_tag_that_is_not_named_means_all_tags() {
        assert_eq!(uses(r#"permit(principal, action, resource) when { resource.hasTag(resource.name) };"#).tags, Named::All);
    }

    #[test]
    fn an_ancestor_that_is_not_named_means_all_ancestors() {
        for condition in
            ["resource in resource.owner", "resource is Image in resource.owner", r#"resource in [Account::"1", resource.owner]"#]
        {
            let text = format!("permit(principal, action, resource) when {{ {condition} }};");
            assert_eq!(uses(&text).ancestors, Named::All, "{condition}");
        }
        let named =
            uses(r#"permit(principal, action in [Action::"a"], resource is Image in Region::"r") when { context.g in [Account::"1"] };"#);
        assert_eq!(named.ancestors, these(&["Account", "Action", "Region"]));
    }
}
