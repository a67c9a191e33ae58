//! What no policy can make use of is not read, and nobody can tell.

#![expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use ami_warden::config::Config;
use ami_warden::inventory::answers::{Answer, Answers};
use ami_warden::inventory::{Estate, History, Joined};
use ami_warden::model::Source;
use ami_warden::plan::{Plan, Principal, Questions, questions};
use ami_warden::policy::{Needs, PolicyFile, PolicySet, schema_text, shipped_files};
use cedar_policy::SchemaFragment;
use proptest::prelude::*;
use serde_json::Value;

use super::estates::faults::deny;
use super::estates::{estate, now};
use super::{consumers, judged, seen, source, with};

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

/// A policy that reads nothing but what every plan lists, since a set has to have one.
const IDLE: &str =
    "@id(\"idle\") permit (principal, action == Action::\"notify\", resource is Image) when { resource.name == \"nobody\" };\n";

fn load(text: String) -> PolicySet {
    PolicySet::load(&[PolicyFile { path: "made-up.cedar".into(), text: text + IDLE }]).unwrap()
}

fn written(number: usize, effect: &str, (action, kind, when): (&str, &str, &str)) -> String {
    format!("@id(\"p{number}\") {effect} (principal, action == Action::\"{action}\", resource is {kind}) {when};\n")
}

fn reading((kind, name): &(String, String)) -> String {
    format!(
        "@id(\"reads-{kind}-{name}\") permit (principal, action == Action::\"notify\", resource is {kind}) when {{ resource has {name} }};\n"
    )
}

fn made_up() -> impl Strategy<Value = String> {
    let asked = prop::sample::subsequence((0..ASKED.len()).collect::<Vec<_>>(), 0..4);
    let guarded = prop::sample::subsequence((0..GUARDED.len()).collect::<Vec<_>>(), 0..2);
    let facts = prop::sample::subsequence((0..FACTS.len()).collect::<Vec<_>>(), 0..3);
    (asked, guarded, facts).prop_map(|(asked, guarded, facts)| {
        let asked = asked.into_iter().map(|index| written(index, "permit", ASKED[index]));
        let guarded = guarded.into_iter().map(|index| written(ASKED.len() + index, "forbid", GUARDED[index]));
        facts.into_iter().map(|index| reading(&FACTS[index])).chain(asked).chain(guarded).collect()
    })
}

/// Every shipped policy by itself.
static SHIPPED: LazyLock<Vec<String>> = LazyLock::new(|| {
    let files = shipped_files().into_iter().map(|file| file.text.parse::<cedar_policy::PolicySet>().unwrap());
    files.flat_map(|file| file.policies().map(|policy| format!("{policy}\n")).collect::<Vec<_>>()).collect()
});

/// Some of the shipped policies, or all of them.
fn shipped() -> impl Strategy<Value = String> {
    let all = 0..SHIPPED.len();
    prop_oneof![
        1 => Just(SHIPPED.concat()),
        3 => prop::sample::subsequence(all.clone().collect::<Vec<_>>(), 1..4).prop_map(|some| some.into_iter().map(|one| SHIPPED[one].as_str()).collect()),
        3 => prop::sample::subsequence(all.collect::<Vec<_>>(), 4..SHIPPED.len()).prop_map(|some| some.into_iter().map(|one| SHIPPED[one].as_str()).collect()),
    ]
}

fn policies() -> impl Strategy<Value = String> {
    prop_oneof![made_up(), shipped()]
}

/// What a live scan for these policies would have of the answers.
fn needed(answers: &Answers, needs: &Needs) -> Answers {
    fn listed<T: Clone>(needs: &Needs, source: Source, answer: &Answer<T>) -> Answer<T> {
        if needs.wants(&source) { answer.clone() } else { Err("not asked".into()) }
    }
    fn asked<T: Clone>(needs: &Needs, source: Source, answer: &Option<Answer<T>>) -> Option<Answer<T>> {
        answer.clone().filter(|_| needs.wants(&source))
    }
    macro_rules! part {
        ($($list:ident $from:ident,)*; $($field:ident $source:ident,)*) => {{
            // Exhaustive, so that a new source is either read or left out.
            let Answers {
                place, live, unasked: _, $($list,)* $($field,)* launch_permissions, create_volume_permissions, others,
            } = answers;
            Answers {
                place: place.clone(),
                live: *live,
                unasked: needs.unwanted(),
                $($list: listed(needs, Source::$from, $list),)*
                $($field: asked(needs, Source::$source, $field),)*
                launch_permissions: launch_permissions.clone(),
                create_volume_permissions: create_volume_permissions.clone(),
                others: others.clone(),
            }
        }};
    }
    part! {
        images Images, snapshots Snapshots, public_snapshots PublicSnapshots, instances Instances, launch_templates LaunchTemplates,
        launch_template_versions LaunchTemplateVersions, auto_scaling_groups AutoScalingGroups,
        launch_configurations LaunchConfigurations, images_in_recycle_bin ImagesInRecycleBin, rules RecycleBinRules,
        rule_details RecycleBinRule,;
        spot_fleets SpotFleets, spot_requests SpotRequests, fleets Fleets, image_references ImageReferences,
        parameter_names ParameterNames, parameters Parameters, image_recipes ImageRecipes, image_recipe_details ImageRecipe,
        container_recipes ContainerRecipes, container_recipe_details ContainerRecipe, resources Resources, resource_details Resource,
        scaling_activities ScalingActivities, events Events, images_in_use ImagesInUse, usage_reports UsageReports,
        usage_report_entries UsageReportEntries, volumes Volumes, fast_restores FastRestores, locked_snapshots LockedSnapshots,
        snapshots_in_recycle_bin SnapshotsInRecycleBin, image_block_public_access ImageBlockPublicAccess,
        snapshot_block_public_access SnapshotBlockPublicAccess, allowed_images AllowedImages, key_policies KeyPolicies,
    }
}

/// Permissions are told to the owner alone (EC2 API reference, `DescribeImageAttribute` and `DescribeSnapshotAttribute`).
fn as_told(answers: &mut Answers) {
    let strange = |owner: &Option<String>| owner.as_deref() != Some(answers.place.account.as_str());
    let images = answers.images.iter().flat_map(|listed| listed.images.iter().flatten().flatten());
    let images: BTreeSet<String> = images.filter(|image| strange(&image.owner_id)).filter_map(|image| image.image_id.clone()).collect();
    let snapshots = answers.snapshots.iter().flat_map(|listed| listed.snapshots.iter().flatten().flatten());
    let snapshots: BTreeSet<String> = snapshots.filter(|it| strange(&it.owner_id)).filter_map(|it| it.snapshot_id.clone()).collect();
    answers.launch_permissions.retain(|image, _| !images.contains(image.as_str()));
    answers.create_volume_permissions.retain(|snapshot, _| !snapshots.contains(snapshot.as_str()));
}

/// The estate these answers make, with the permissions that the policies ask for, or with all.
fn seen_by(answers: &[Answers], config: &Config, policies: &PolicySet, only_asked: bool) -> Estate {
    let mut answers = answers.to_vec();
    let asked = |answers: &[Answers]| {
        let (estate, history) = (seen(answers, config), History::default());
        let joined = Joined::new(&estate, &history, config, now()).as_if_unshared();
        questions(&joined, policies, Principal::Automatic)
    };
    if only_asked {
        let mut unshared = answers.clone();
        for answers in &mut unshared {
            answers.launch_permissions.clear();
            answers.create_volume_permissions.clear();
        }
        let asked = asked(&unshared);
        for answers in &mut answers {
            let asked = &asked[&answers.place];
            answers.launch_permissions.retain(|image, _| asked.images.contains(image));
            answers.create_volume_permissions.retain(|snapshot, _| asked.snapshots.contains(snapshot));
        }
    }
    let mut estate = seen(&answers, config);
    Questions::note_unanswered(&asked(&answers), &mut estate);
    estate
}

/// What a plan decides: without what only says what was read, or adds words from whatever is known.
fn decided(mut plan: Plan) -> String {
    plan.gaps.clear();
    plan.complete = true;
    plan.plan_id.clear();
    plan.findings.iter_mut().for_each(|finding| finding.detail.clear());
    serde_json::to_string_pretty(&plan).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_plan_of_what_is_needed_is_the_plan_of_everything(
        mut answers in estate(),
        policies in policies(),
        consumers in prop_oneof![3 => Just(String::new()), 1 => consumers()],
        denied in prop::collection::vec((0usize..4, source()), 0..3),
    ) {
        let policies = load(policies);
        let (config, needs) = (with(&consumers), policies.needs());
        answers.iter_mut().for_each(as_told);
        // What nobody reads cannot fail.
        for (place, source) in denied.into_iter().filter(|(_, source)| needs.wants(source)) {
            if let Some(answers) = answers.get_mut(place) {
                deny(answers, &source);
            }
        }
        let part: Vec<Answers> = answers.iter().map(|answers| needed(answers, needs)).collect();
        let whole = judged(&seen_by(&answers, &config, &policies, false), &config, &policies);
        let part = judged(&seen_by(&part, &config, &policies, true), &config, &policies);
        for gap in &part.gaps {
            prop_assert!(needs.wants(&gap.source), "nobody waits for {gap}");
            prop_assert!(whole.gaps.iter().any(|other| (&other.place, &other.source) == (&gap.place, &gap.source)), "{gap}");
        }
        prop_assert_eq!(decided(part), decided(whole), "without {:?}", needs.unwanted());
    }
}

#[test]
fn every_source_is_needed_by_some_policies_and_left_out_by_others() {
    let nothing = load(String::new());
    let mut idle = nothing.needs().unwanted();
    assert!(idle.len() > 30, "{idle:?}");
    let asked = ASKED.iter().enumerate().map(|(number, asked)| written(number, "permit", *asked));
    for text in asked.chain(FACTS.iter().map(reading)) {
        let set = load(text);
        idle.retain(|source| !set.needs().wants(source));
    }
    assert!(idle.is_empty(), "no policy whatever needs these: {idle:?}");
}
