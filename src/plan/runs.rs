//! Findings about what runs: instances and Auto Scaling groups. No step is ever taken on them.

use rayon::prelude::*;

use crate::inventory::{GroupFacts, InstanceFacts, Inventory, Origin};
use crate::model::{Action, Place, ResourceId, Severity, few};
use crate::policy::{Judgement, ResourceKind};

use super::document::Finding;
use super::judge::Asked;

impl<'a> Asked<'a> {
    /// Everything the policies say of the instances and groups of a place.
    pub(super) fn what_runs(&self, inventory: &'a Inventory) -> Vec<Finding> {
        let Some(provenance) = &self.provenance else { return Vec::new() };
        let here = provenance.here(inventory);
        let mut findings = Vec::new();
        if self.policies.asks_about(ResourceKind::Instance) {
            let instances = inventory.runs.instances.as_deref().unwrap_or_default();
            findings.par_extend(
                instances.par_iter().filter_map(|instance| here.instance(instance)).flat_map_iter(|facts| self.instance(&facts)),
            );
        }
        if self.policies.asks_about(ResourceKind::Group) {
            let groups = inventory.runs.groups.as_deref().unwrap_or_default();
            findings.par_extend(groups.par_iter().flat_map_iter(|group| self.group(&here.group(group))));
        }
        findings
    }

    fn instance(&self, facts: &InstanceFacts<'_>) -> Vec<Finding> {
        let judgement = self.judge.instance(facts);
        let name = facts.instance.tags.get("Name").unwrap_or_default();
        told(judgement, facts.place, || ResourceId::Instance(facts.instance.id.clone()), name, || runs(&[facts.image]))
    }

    fn group(&self, facts: &GroupFacts<'_>) -> Vec<Finding> {
        let judgement = self.judge.group(facts);
        told(
            judgement,
            facts.place,
            || ResourceId::Group(facts.group.name.clone()),
            "",
            || format!("Auto Scaling group, {}", runs(&facts.images)),
        )
    }
}

/// What was found, and what could not be decided.
fn told(judgement: Judgement, place: &Place, resource: impl Fn() -> ResourceId, name: &str, detail: impl Fn() -> String) -> Vec<Finding> {
    let finding = |because: Vec<String>, severity: Severity, detail: String| Finding {
        action: Action::Notify,
        place: place.clone(),
        resource: resource(),
        name: name.to_owned(),
        because,
        severity,
        detail,
    };
    let Judgement { due, faults } = judgement;
    let undecided = faults.into_iter().map(|fault| {
        let detail = format!("`{}` could not be decided: {}", Action::Notify, fault.message);
        finding(vec![fault.policy], Severity::Critical, detail)
    });
    let asked = due.into_iter().filter(|verdict| !verdict.because.is_empty() && verdict.forbidden_by.is_empty());
    let asked = asked.map(|verdict| finding(verdict.because, verdict.severity, detail()));
    undecided.chain(asked).collect()
}

/// Which images, with name and owner where they are known.
fn runs(images: &[&Origin<'_>]) -> String {
    let named = images.iter().map(|origin| match origin.image {
        Some(image) if image.name.is_empty() => format!("{} of {}", origin.id, image.owner),
        Some(image) => format!("{} \"{}\" of {}", origin.id, image.name, image.owner_alias.as_deref().unwrap_or(image.owner.as_str())),
        None => format!("{} (not described)", origin.id),
    });
    format!("runs {}", few(named).unwrap_or_else(|| "no image that is known".to_owned()))
}
