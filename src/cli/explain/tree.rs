//! The story as a tree for people.

use std::fmt::Write as _;

use owo_colors::OwoColorize;

use crate::model::{Context, printable};
use crate::plan::{Entry, Finding, Hold};

use super::super::settings::Settings;
use super::facts::Fact;
use super::snapshots::Behind;
use super::{Story, joined};

/// The story in each place, one after the other.
pub(super) fn text(story: &Story, settings: &Settings) -> String {
    let elsewhere = story.elsewhere.iter().map(|story| format!("\n{}", text(story, settings)));
    one_place(story, settings) + &elsewhere.collect::<String>()
}

fn one_place(story: &Story, settings: &Settings) -> String {
    let mut tree = Tree::default();
    tree.branch("facts", story.facts.iter().map(fact));
    for Behind { snapshot, facts } in &story.snapshots {
        tree.branch(&format!("its snapshot {snapshot}"), facts.iter().map(fact));
    }
    tree.branch("used by", story.users.iter().map(ToString::to_string));
    tree.branch("not known", story.unknown.iter().map(|unknown| unknown.reason.clone()));
    tree.branch("gaps", story.gaps.iter().map(ToString::to_string));
    for (standing, entries) in [("due and safe", &story.steps), ("pending", &story.pending), ("held", &story.held)] {
        for entry in entries {
            let Context { grantee, target, of } = &entry.context;
            let aim =
                grantee.as_ref().map(ToString::to_string).or(target.as_ref().map(ToString::to_string)).or(of.map(|of| of.to_string()));
            let aim = aim.map(|aim| format!(" {aim}")).unwrap_or_default();
            tree.branch(&format!("{}{aim}: {standing}", entry.action), due(entry, settings).into_iter());
        }
    }
    let finding = |finding: &Finding| format!("{} {}", joined(finding.because.iter()), finding.detail).trim_end().to_owned();
    tree.branch("findings", story.findings.iter().map(finding));
    tree.branch("outlook", story.outlook.iter().cloned());
    let head = format!(
        "{} {} {}",
        printable(&story.resource.to_string()).bold(),
        printable(&story.name),
        format!("in {}, as of {}", printable(&story.place.to_string()), story.now.strftime("%Y-%m-%d %H:%M UTC")).dimmed()
    );
    tree.drawn(&head)
}

/// With who told it, and when if that was not now.
fn fact(fact: &Fact) -> String {
    let Fact { name, value, source, learnt_at } = fact;
    let when = learnt_at.map(|at| format!(", {}", at.strftime("%Y-%m-%d %H:%M"))).unwrap_or_default();
    format!("{name}: {value}  [{source}{when}]")
}

/// Each policy that asked, and each thing that holds.
fn due(entry: &Entry, settings: &Settings) -> Vec<String> {
    let mut lines: Vec<String> = entry
        .because
        .iter()
        .map(|id| match settings.policies.info(id) {
            Some(info) => {
                let owner = info.owner.as_ref().map(|owner| format!(", owner {owner}")).unwrap_or_default();
                let reason = info.reason.clone().unwrap_or_else(|| info.label().to_owned());
                format!("asked for by {id}: {reason} ({}{owner})", info.severity)
            }
            None => format!("asked for by {id}"),
        })
        .collect();
    lines.extend(entry.not_before.map(|at| format!("not before {}", at.strftime("%Y-%m-%d %H:%M"))));
    lines
        .extend(entry.reversible_until.map(|at| format!("done now, the Recycle Bin could give it back until {}", at.strftime("%Y-%m-%d"))));
    lines.extend(entry.held_by.iter().map(|Hold { kind, name, detail }| format!("held by {} {name}: {detail}", kind.name())));
    lines
}

/// Branches with their leaves; drawn when all are there, so that the last one gets its corner.
#[derive(Default)]
struct Tree {
    branches: Vec<(String, Vec<String>)>,
}

impl Tree {
    fn branch(&mut self, title: &str, leaves: impl Iterator<Item = String>) {
        let leaves: Vec<String> = leaves.collect();
        if !leaves.is_empty() {
            self.branches.push((title.to_owned(), leaves));
        }
    }

    fn drawn(&self, head: &str) -> String {
        let mut out = format!("{head}\n");
        for (index, (title, leaves)) in self.branches.iter().enumerate() {
            let (corner, stem) = if index + 1 == self.branches.len() { ("└─", "  ") } else { ("├─", "│ ") };
            let _ = writeln!(out, "{corner} {}", printable(title).bold());
            for (index, leaf) in leaves.iter().enumerate() {
                let corner = if index + 1 == leaves.len() { "└─" } else { "├─" };
                let _ = writeln!(out, "{stem} {corner} {}", printable(leaf));
            }
        }
        out
    }
}
