//! A plan as people read it: grouped by place and action, coloured where a terminal is, with a summary line.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use owo_colors::{OwoColorize, Style};

use crate::model::{Action, ActionClass, Context, Gap, Place, ResourceId, Severity, printable};
use crate::plan::{Entry, Finding, Plan, own_title};
use crate::policy::PolicySet;

/// Resources shown per group unless everything is asked for.
const SHOWN: usize = 10;

/// The plan as text. `all` shows every resource; else long groups are cut, and say so.
pub(super) fn plan(plan: &Plan, policies: &PolicySet, all: bool) -> String {
    plan_text(plan, policies, if all { usize::MAX } else { SHOWN })
}

/// The plan as people read it, with at most `limit` resources per group: what `plan` prints. Coloured; print it through
/// `anstream`, which takes the colours away where there is no terminal.
pub fn plan_text(plan: &Plan, policies: &PolicySet, limit: usize) -> String {
    let mut page = Page { text: String::new(), policies, limit };
    page.section("STEPS", "due and safe now", &plan.steps, |entry| {
        let until = entry.reversible_until.map(|until| format!(", recoverable until {}", day(until)));
        let by_itself = if entry.enact { "" } else { ", not enacted by the daemon itself" };
        format!("{}{by_itself}", until.unwrap_or_default())
    });
    page.section("PENDING", "due, waiting for the grace time", &plan.pending, |entry| {
        entry.not_before.map(|at| format!(", not before {}", at.strftime("%Y-%m-%d %H:%M UTC"))).unwrap_or_default()
    });
    page.section("HELD", "due, but held back", &plan.held, |entry| {
        let mut lines = String::new();
        for hold in &entry.held_by {
            let _ = write!(lines, "\n        {} {}", format!("{}:", hold.name).yellow(), printable(&hold.detail));
        }
        if entry.approvable {
            let _ = write!(lines, "\n        {}", "a person can release it: save the plan with --out, then `ami-warden approve`".dimmed());
        }
        lines
    });
    page.findings(&plan.findings);
    page.gaps(&plan.gaps);
    let _ = writeln!(page.text, "{}", summary(plan));
    page.text
}

/// One line that says it all.
pub(super) fn summary(plan: &Plan) -> String {
    let untouched: usize = plan.untouched.iter().map(|place| place.images + place.snapshots).sum();
    let count = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let mut line = format!(
        "Plan: {}, {} pending, {} held, {}, {} untouched in {}.",
        count(plan.steps.len(), "step", "steps").bold(),
        plan.pending.len(),
        plan.held.len(),
        count(plan.findings.len(), "finding", "findings"),
        untouched,
        count(plan.untouched.len(), "place", "places"),
    );
    if !plan.complete {
        let _ =
            write!(line, " {}", format!("Incomplete: {}; what they could hide is held.", count(plan.gaps.len(), "gap", "gaps")).yellow());
    }
    line
}

struct Page<'a> {
    text: String,
    policies: &'a PolicySet,
    limit: usize,
}

impl Page<'_> {
    fn section(&mut self, title: &str, meaning: &str, entries: &[Entry], tail: impl Fn(&Entry) -> String) {
        if entries.is_empty() {
            return;
        }
        let _ = writeln!(self.text, "{} {}", title.bold(), format!("({meaning})").dimmed());
        let mut places: BTreeMap<&Place, BTreeMap<Action, Vec<&Entry>>> = BTreeMap::new();
        for entry in entries {
            places.entry(&entry.place).or_default().entry(entry.action).or_default().push(entry);
        }
        for (place, actions) in places {
            let _ = writeln!(self.text, "  {}", printable(&place.to_string()).cyan());
            for (action, entries) in actions {
                let _ = writeln!(self.text, "    {} {}", action.style(weight(action)), entries.len().dimmed());
                for entry in entries.iter().take(self.limit) {
                    self.entry(entry, &tail(entry));
                }
                self.more(entries.len());
            }
        }
        self.text.push('\n');
    }

    fn entry(&mut self, entry: &Entry, tail: &str) {
        let Context { grantee, target, of } = &entry.context;
        let grantee = grantee.as_ref().map(|grantee| format!(" from {}", printable(&grantee.to_string())));
        let target = target.as_ref().map(|target| format!(" to {}", printable(target.as_str())));
        let aim = grantee.or(target).or(of.map(|of| format!(" for {of}"))).unwrap_or_default();
        let because = entry.because.iter().map(|id| self.title(id)).collect::<Vec<_>>().join("; ");
        let name = if entry.name.is_empty() { String::new() } else { format!(" {}", printable(&entry.name)) };
        let severity = entry.severity.style(colour(entry.severity)).to_string();
        let _ = writeln!(self.text, "      {}{name}{aim} [{severity}] {because}{tail}", printable(&entry.resource.to_string()).bold());
    }

    /// Findings by policy: the same finding on a thousand resources is one thing to know.
    fn findings(&mut self, findings: &[Finding]) {
        if findings.is_empty() {
            return;
        }
        let _ = writeln!(self.text, "{} {}", "FINDINGS".bold(), "(only reported)".dimmed());
        let mut policies: BTreeMap<(std::cmp::Reverse<Severity>, &str), Vec<&Finding>> = BTreeMap::new();
        for finding in findings {
            for id in &finding.because {
                let severity = self.policies.info(id).map_or(finding.severity, |info| info.severity);
                policies.entry((std::cmp::Reverse(severity), id)).or_default().push(finding);
            }
        }
        for ((severity, id), findings) in policies {
            let severity = severity.0.style(colour(severity.0)).to_string();
            let _ = writeln!(self.text, "  [{severity}] {} {}", self.title(id), format!("({id}) {}", findings.len()).dimmed());
            for finding in findings.iter().take(self.limit) {
                let name = if finding.name.is_empty() { String::new() } else { format!(" {}", printable(&finding.name)) };
                let detail = if finding.detail.is_empty() { String::new() } else { format!(": {}", printable(&finding.detail)) };
                let place = match finding.resource {
                    ResourceId::Place(_) => String::new(),
                    _ => format!(" in {}", printable(&finding.place.to_string())),
                };
                let _ = writeln!(self.text, "      {}{name}{}{detail}", printable(&finding.resource.to_string()).bold(), place.dimmed());
            }
            self.more(findings.len());
        }
        self.text.push('\n');
    }

    fn gaps(&mut self, gaps: &[Gap]) {
        if gaps.is_empty() {
            return;
        }
        let _ = writeln!(self.text, "{} {}", "GAPS".bold(), "(what could not be read)".dimmed());
        for gap in gaps.iter().take(self.limit) {
            let _ = writeln!(self.text, "  {}", printable(&gap.to_string()).yellow());
        }
        self.more(gaps.len());
        self.text.push('\n');
    }

    fn more(&mut self, count: usize) {
        if let Some(hidden) = count.checked_sub(self.limit).filter(|hidden| *hidden > 0) {
            let _ = writeln!(self.text, "      {}", format!("… and {hidden} more (-v shows all)").dimmed());
        }
    }

    fn title(&self, policy: &str) -> String {
        let of_policy = self.policies.info(policy).map(|info| info.label());
        of_policy.or_else(|| own_title(policy)).unwrap_or(policy).to_owned()
    }
}

fn weight(action: Action) -> Style {
    match action.class() {
        ActionClass::Destructive => Style::new().red().bold(),
        ActionClass::Restrictive => Style::new().yellow(),
        ActionClass::Additive => Style::new().green(),
        ActionClass::Report => Style::new(),
    }
}

fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Critical => Style::new().red().bold(),
        Severity::High => Style::new().red(),
        Severity::Medium => Style::new().yellow(),
        Severity::Low => Style::new().dimmed(),
    }
}

fn day(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
