//! What no policy can make use of is not read, and nobody can tell.

use std::sync::LazyLock;

use ami_warden::inventory::answers::Answers;
use ami_warden::policy::{Needs, PolicyFile, PolicySet, schema_text};
use cedar_policy::SchemaFragment;
use proptest::prelude::*;
use serde_json::Value;

use super::estates::estate;
use super::estates::faults::deny;
use super::{boundless, plan_of};

/// Every fact that can be absent, with what it is a fact of: whoever reads one has to notice whether it is there.
static FACTS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let (schema, _) = SchemaFragment::from_cedarschema_str(schema_text()).unwrap();
    let schema = schema.to_json_value().unwrap();
    let types = schema[""]["entityTypes"].as_object().unwrap();
    let mut facts = Vec::new();
    for (kind, described) in types {
        let Some(attributes) = described["shape"]["attributes"].as_object() else { continue };
        let optional = attributes.iter().filter(|(_, attribute)| attribute["required"] == Value::Bool(false));
        facts.extend(optional.map(|(name, _)| (kind.clone(), name.clone())));
    }
    facts
});

/// Something to ask for, of what, and when: everything that can be asked for.
const ASKED: [(&str, &str, &str); 15] = [
    ("deprecate", "Image", "when { resource.age > duration(\"1d\") }"),
    ("disable", "Image", "when { resource.age > duration(\"1d\") }"),
    ("deregister", "Image", "when { resource.age > duration(\"1d\") }"),
    ("deregister", "Image", "when { resource has usage && resource.usage.total == 0 }"),
    ("replicate", "Image", "when { context.target == Region::\"us-east-1\" }"),
    ("makePrivate", "Image", "when { resource.isPublic }"),
    ("revokeShare", "Image", "unless { context.grantee in AccountGroup::\"organization\" }"),
    ("deleteSnapshot", "Snapshot", "when { resource.age > duration(\"1d\") }"),
    ("deleteSnapshot", "Snapshot", "when { resource has orphanedFor && resource.orphanedFor > duration(\"1d\") }"),
    ("makePrivate", "Snapshot", "when { resource has isPublic && resource.isPublic }"),
    ("revokeShare", "Snapshot", "unless { context.grantee in AccountGroup::\"organization\" }"),
    ("blockPublicAccess", "Place", "when { context.of == \"images\" }"),
    ("notify", "Image", "when { resource has usage && resource.usage.live > 0 }"),
    ("notify", "Instance", "unless { resource.hasTag(\"owner\") }"),
    ("notify", "Group", "unless { resource.hasTag(\"owner\") }"),
];

/// Guard rails: they speak only where something is asked for.
const GUARDED: [(&str, &str, &str); 4] = [
    ("disable", "Image", "unless { resource has usage && resource.usage.stale == 0 }"),
    ("deprecate", "Image", "when { resource has usage && resource.usage.live > 0 }"),
    ("deleteSnapshot", "Snapshot", "when { resource has sourceVolumeExists && resource.sourceVolumeExists }"),
    ("makePrivate", "Snapshot", "when { resource has usage && resource.usage.total > 2 }"),
];

fn policies() -> impl Strategy<Value = PolicySet> {
    let asked = prop::collection::vec(0..ASKED.len(), 0..4);
    let guarded = prop::collection::vec(0..GUARDED.len(), 0..2);
    let facts = prop::collection::vec(0..FACTS.len(), 0..3);
    (asked, guarded, facts).prop_map(|(asked, guarded, facts)| {
        let facts = facts.into_iter().map(|fact| {
            let (kind, name) = &FACTS[fact];
            ("permit", "notify".to_owned(), kind.clone(), format!("when {{ resource has {name} }}"))
        });
        let own = |effect: &'static str, (action, kind, when): (&str, &str, &str)| (effect, action.to_owned(), kind.to_owned(), when.to_owned());
        let asked = asked.into_iter().map(|index| own("permit", ASKED[index]));
        let guarded = guarded.into_iter().map(|index| own("forbid", GUARDED[index]));
        let all: Vec<_> = facts.chain(asked).chain(guarded).collect();
        let text: String = all
            .iter()
            .enumerate()
            .map(|(number, (effect, action, kind, when))| {
                format!("@id(\"p{number}\") {effect} (principal, action == Action::\"{action}\", resource is {kind}) {when};\n")
            })
            .collect();
        PolicySet::load(&[PolicyFile { path: "made-up.cedar".into(), text }]).unwrap()
    })
}

/// The same answers with everything unread that is not needed, whatever stands there.
fn needed(answers: &[Answers], needs: &Needs) -> Vec<Answers> {
    let mut less = answers.to_vec();
    for answers in &mut less {
        answers.unasked = needs.unwanted();
        for source in needs.unwanted() {
            deny(answers, &source);
        }
        // Nobody asked about a single one.
        answers.launch_permissions.retain(|_, answer| answer.is_ok());
        answers.create_volume_permissions.retain(|_, answer| answer.is_ok());
    }
    less
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_plan_of_what_is_needed_is_the_plan_of_everything(answers in estate(), policies in policies()) {
        let config = boundless();
        let (whole, _) = plan_of(&answers, &config, &policies);
        let (part, _) = plan_of(&needed(&answers, policies.needs()), &config, &policies);
        prop_assert_eq!(serde_json::to_string_pretty(&part).unwrap(), serde_json::to_string_pretty(&whole).unwrap(), "{:?}", policies.needs().unwanted());
    }
}

#[test]
fn every_source_is_needed_by_some_policies_and_left_out_by_others() {
    let load = |text: &str| PolicySet::load(&[PolicyFile { path: "t.cedar".into(), text: text.into() }]).unwrap();
    let nothing = load("");
    let mut idle = nothing.needs().unwanted();
    assert!(idle.len() > 30, "{idle:?}");
    for (number, (action, kind, when)) in ASKED.iter().enumerate() {
        let set = load(&format!("@id(\"p{number}\") permit (principal, action == Action::\"{action}\", resource is {kind}) {when};"));
        idle.retain(|source| !set.needs().wants(source));
    }
    for (kind, name) in FACTS.iter() {
        let set = load(&format!("@id(\"p\") permit (principal, action == Action::\"notify\", resource is {kind}) when {{ resource has {name} }};"));
        idle.retain(|source| !set.needs().wants(source));
    }
    assert!(idle.is_empty(), "no policy whatever needs these: {idle:?}");
}
