//! Tests of the module as a whole: shipped policies, fail-closed rules, lints, facts.

mod authorizer;
mod conformity;
mod doubt;
mod facts;
mod faults;
mod lints;
mod outside;
mod properties;
mod running;
mod shipped;

use std::sync::LazyLock;

use crate::model::{Action, Context};

use super::{Judgement, PolicyErrors, PolicyFile, PolicySet, Verdict};

/// The built-in policies, loaded once.
fn shipped() -> &'static PolicySet {
    static SHIPPED: LazyLock<PolicySet> = LazyLock::new(|| match PolicySet::shipped() {
        Ok(set) => set,
        Err(errors) => panic!("{errors}"),
    });
    &SHIPPED
}

/// The policies in `text`, which must be faultless.
fn load(text: &str) -> PolicySet {
    match try_load(text) {
        Ok(set) => set,
        Err(errors) => panic!("{errors}"),
    }
}

fn try_load(text: &str) -> Result<PolicySet, PolicyErrors> {
    PolicySet::load(&[PolicyFile { path: "test.cedar".into(), text: text.to_owned() }])
}

/// The verdict on an action that needs no context, if anything is due.
fn on(judgement: &Judgement, action: Action) -> Option<&Verdict> {
    judgement.due.iter().find(|verdict| verdict.action == action && verdict.context == Context::none())
}

/// `asked for by / held by`, in a form that fits on a line.
fn told(judgement: &Judgement, action: Action) -> String {
    let verdicts = judgement.due.iter().filter(|verdict| verdict.action == action);
    let lines: Vec<String> =
        verdicts.map(|verdict| format!("{} / {}", verdict.because.join(" "), verdict.forbidden_by.join(" "))).collect();
    lines.join("; ")
}
