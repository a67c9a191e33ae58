//! Policies are asked one by one, without the actions of their scope; here Cedar's own `Authorizer` is asked the
//! whole question, with every fact, and must name the same policies.

use std::collections::BTreeMap;

use cedar_policy::{Authorizer, Context as CedarContext, Effect, Entities, PolicyId, PolicySet as CedarSet, Request, RestrictedExpression};
use proptest::prelude::*;

use crate::model::{Action, Context, Principal};
use crate::policy::membership::Directory;
use crate::policy::schema::Schemas;
use crate::policy::uses::Uses;
use crate::policy::{PolicySet, entities, shipped_files, values};

use super::facts::{ImageCase, image, judge, now, organization};
use super::properties::{ROUNDABOUT, any_image, readers};
use super::shipped;

/// The ids of the satisfied permits and forbids, each sorted.
fn authorizer(text: &str, case: &ImageCase, action: Action, context: &Context) -> (Vec<String>, Vec<String>) {
    let Schemas { names, actions, .. } = Schemas::built_in().unwrap();
    let organization = organization();
    let directory = Directory::new(&organization, names);
    let owner = directory.account(&case.place.account);
    let resource = entities::image(&case.facts(), names, &Uses::all(), &owner.above).unwrap();
    let mut pairs = vec![("now".to_owned(), values::datetime(now()))];
    let mut store: Vec<_> = vec![resource.clone()];
    if let Some(grantee) = context.grantee.as_ref().and_then(|grantee| directory.grantee(grantee)) {
        pairs.push(("grantee".into(), RestrictedExpression::new_entity_uid(grantee.uid.clone())));
        store.extend(grantee.entities());
    }
    if let Some(target) = &context.target {
        pairs.push(("target".into(), values::entity(&names.region, target.as_str())));
    }
    let (_, verb) = names.actions().iter().find(|(verb, _)| *verb == action).unwrap();
    let context = CedarContext::from_pairs(pairs).unwrap();
    let request = Request::new(names.principal(Principal::Automatic).clone(), verb.clone(), resource.uid(), context, None).unwrap();
    let store = actions.clone().add_entities(store, None).unwrap();
    let ask = |effect: Effect| reasons(text, effect, &request, &store);
    (ask(Effect::Permit), ask(Effect::Forbid))
}

fn reasons(text: &str, effect: Effect, request: &Request, store: &Entities) -> Vec<String> {
    let all: CedarSet = text.parse().unwrap();
    let named = all
        .policies()
        .filter(|policy| policy.effect() == effect)
        .map(|policy| policy.new_id(PolicyId::new(policy.annotation("id").unwrap())));
    let policies = CedarSet::from_policies(named).unwrap();
    let response = Authorizer::new().is_authorized(request, &policies, store);
    assert_eq!(response.diagnostics().errors().count(), 0);
    let mut reasons: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
    reasons.sort();
    reasons
}

fn agrees(set: &PolicySet, text: &str, case: &ImageCase) -> Result<(), TestCaseError> {
    let due: BTreeMap<_, _> =
        judge(set, case).due.into_iter().map(|verdict| ((verdict.action, verdict.context.clone()), verdict)).collect();
    for ((action, context), verdict) in &due {
        let theirs = authorizer(text, case, *action, context);
        prop_assert_eq!((&verdict.because, &verdict.forbidden_by), (&theirs.0, &theirs.1), "{:?}", verdict);
    }
    // What is always asked and not due is what nobody asks for.
    for action in [Action::Notify, Action::Deregister] {
        let none = Vec::<String>::new();
        prop_assert!(due.contains_key(&(action, Context::none())) || authorizer(text, case, action, &Context::none()).0 == none);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_policy_answers_as_under_the_authorizer(case in any_image()) {
        let case = case.with(|case| case.image.public = case.image.public.or(Some(false)));
        agrees(readers(), ROUNDABOUT, &case)?;
        let text: String = shipped_files().into_iter().map(|file| file.text).collect();
        agrees(shipped(), &text, &case)?;
    }
}

#[test]
fn the_authorizer_is_asked_something() {
    let text: String = shipped_files().into_iter().map(|file| file.text).collect();
    let old = image("web").aged(400).rank(0);
    assert_eq!(
        authorizer(&text, &old, Action::Deprecate, &Context::none()),
        (vec!["deprecate-old-unused".into()], vec!["keep-newest".into()])
    );
}
