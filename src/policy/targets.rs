//! Which Regions a `replicate` policy can be about, so that not every Region is asked for every image.
//!
//! INVARIANT: never fewer than the policy allows. A condition that does not plainly list its targets is
//! asked about every Region of the estate.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::Region;

/// The Regions some permits can ask copies for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Targets {
    /// Named in the policies.
    pub(super) named: BTreeSet<Region>,
    /// Some permit takes them from `resource.replicateTo`.
    pub(super) from_tag: bool,
    /// Some permit does not list its targets: every Region of the estate is asked.
    pub(super) unbounded: bool,
}

impl Targets {
    /// The targets of one policy, from its JSON form.
    pub(super) fn of(policy: &Value) -> Self {
        let conditions = policy.get("conditions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let when = conditions.iter().filter(|condition| condition.get("kind").and_then(Value::as_str) == Some("when"));
        when.filter_map(|condition| bound(condition.get("body")?)).next().unwrap_or(Self { unbounded: true, ..Self::default() })
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.named.extend(other.named.iter().cloned());
        self.from_tag |= other.from_tag;
        self.unbounded |= other.unbounded;
    }
}

/// Targets outside of which `expression` cannot be true; `None` when that cannot be told.
fn bound(expression: &Value) -> Option<Targets> {
    let (operator, operands) = expression.as_object()?.iter().next()?;
    let left = operands.get("left");
    let right = operands.get("right");
    match operator.as_str() {
        "&&" => bound(left?).or_else(|| bound(right?)),
        "||" => {
            let mut both = bound(left?)?;
            both.join(&bound(right?)?);
            Some(both)
        }
        "contains" if is_target(right?) => listed(left?),
        "in" if is_target(left?) => listed(right?),
        "==" if is_target(left?) => listed(right?),
        "==" if is_target(right?) => listed(left?),
        _ => None,
    }
}

/// `context.target`
fn is_target(expression: &Value) -> bool {
    is_attribute(expression, "context", "target")
}

fn is_attribute(expression: &Value, variable: &str, name: &str) -> bool {
    expression.get(".").is_some_and(|access| {
        access.get("attr").and_then(Value::as_str) == Some(name)
            && access.get("left").and_then(|left| left.get("Var")).and_then(Value::as_str) == Some(variable)
    })
}

/// A Region, a set of Regions, or `resource.replicateTo`.
fn listed(expression: &Value) -> Option<Targets> {
    if is_attribute(expression, "resource", "replicateTo") {
        return Some(Targets { from_tag: true, ..Targets::default() });
    }
    let mut targets = Targets::default();
    if let Some(items) = expression.get("Set").and_then(Value::as_array) {
        for item in items {
            targets.join(&listed(item)?);
        }
        return Some(targets);
    }
    let entity = expression.get("Value")?.get("__entity")?;
    if entity.get("type").and_then(Value::as_str) != Some("Region") {
        return None;
    }
    targets.named.insert(entity.get("id").and_then(Value::as_str)?.into());
    Some(targets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::Policy;

    fn targets(condition: &str) -> Targets {
        let text = format!("permit(principal, action, resource) {condition};");
        Targets::of(&Policy::parse(None, text).unwrap().to_json().unwrap())
    }

    fn named(regions: &[&str]) -> Targets {
        Targets { named: regions.iter().map(|&region| region.into()).collect(), ..Targets::default() }
    }

    #[test]
    fn listed_targets_are_the_only_ones_asked() {
        assert_eq!(targets(r#"when { resource.tpm && [Region::"a", Region::"b"].contains(context.target) }"#), named(&["a", "b"]));
        assert_eq!(targets(r#"when { context.target == Region::"a" || Region::"b" == context.target }"#), named(&["a", "b"]));
        assert_eq!(targets(r#"when { context.target in [Region::"a"] } when { resource.tpm }"#), named(&["a"]));
        let from_tag = targets("when { resource has replicateTo && resource.replicateTo.contains(context.target) && resource.tpm }");
        assert_eq!(from_tag, Targets { from_tag: true, ..Targets::default() });
    }

    #[test]
    fn anything_less_plain_is_asked_everywhere() {
        for condition in [
            "when { resource.tpm }",
            r#"when { context.target != Region::"a" }"#,
            r#"when { !([Region::"a"].contains(context.target)) }"#,
            r#"unless { context.target == Region::"a" }"#,
            r#"when { context.target == Region::"a" || resource.tpm }"#,
            r#"when { resource.region == Region::"a" }"#,
            r#"when { if resource.tpm then context.target == Region::"a" else true }"#,
        ] {
            assert!(targets(condition).unbounded, "{condition}");
        }
    }
}
