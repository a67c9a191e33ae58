//! Words for people: short, of known length, free of control characters.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::{Action, Context, is_harmless};

use super::changes::{Change, Event};

/// SNS wants fewer than 100 characters (<https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>).
const SUBJECT: usize = 99;

/// At most `limit` characters; what was cut off is shown as cut off.
pub(super) fn clamp(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// One line for people: no control characters, nothing that turns the direction of writing.
pub(super) fn line(text: &str, limit: usize) -> String {
    let harmless = |c: char| match c {
        '\t' | '\n' | '\r' => ' ',
        c if is_harmless(c) => c,
        _ => '\u{fffd}',
    };
    clamp(&text.chars().map(harmless).collect::<String>(), limit)
}

/// A subject that SNS takes: printable ASCII, short enough, with `tail` always whole.
pub(super) fn subject(text: &str, tail: &str) -> String {
    let ascii: String = text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    let room = SUBJECT.saturating_sub(tail.len());
    let cut = if ascii.len() > room { format!("{}...", ascii.get(..room.saturating_sub(3)).unwrap_or_default()) } else { ascii };
    format!("{cut}{tail}")
}

/// To the minute, in UTC: nothing here acts by the second.
pub(super) fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `3 resources`, `1 resource`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// What an action does, as a noun with its verb's object to follow.
fn title(action: Action) -> &'static str {
    match action {
        Action::MakePrivate => "make private",
        Action::RevokeShare => "revoke a share of",
        Action::BlockPublicAccess => "block public access in",
        Action::Notify => "report",
        Action::Deprecate => "deprecate",
        Action::Disable => "disable",
        Action::Deregister => "deregister",
        Action::DeleteSnapshot => "delete",
        Action::Replicate => "copy",
    }
}

/// The message in one clause: its event, action and `what` it is about.
pub(super) fn headline(event: Event, action: Option<Action>, what: &str) -> String {
    let act = action.map_or("act on", title);
    match event {
        Event::Failed => format!("failed to {act} {what}"),
        Event::Unclear => format!("unclear whether this took effect: {act} {what}"),
        Event::Approval => format!("approval needed to {act} {what}"),
        Event::Due => format!("due: {act} {what}"),
        Event::Soon => format!("within 24 hours: {act} {what}"),
        Event::Planned => format!("planned: {act} {what}"),
        Event::Done => format!("done: {act} {what}"),
        Event::Found => format!("found: {what}"),
        Event::Gap => format!("not readable: {what}"),
    }
}

/// What this event means for whoever reads it.
pub(super) fn meaning(event: Event) -> &'static str {
    match event {
        Event::Failed => "AWS refused. Nothing was changed; the next cycles try again, and after three failures in a row it is held.",
        Event::Unclear => "The answer of AWS was lost. The next cycle reads back what happened before anything is repeated.",
        Event::Approval => "So much became due at once that it is held until a person has looked at it.",
        Event::Due => "The policies ask for it and nothing speaks against it.",
        Event::Soon => "Its grace time is over within 24 hours. This is the last call before it may be done.",
        Event::Planned => "The policies ask for it. It may be done when its grace time is over, if it is still due then.",
        Event::Done => "It took effect and is on record in the ledger, with what was there before.",
        Event::Found => "Reported only: nothing will be done about it.",
        Event::Gap => "This could not be read. Until it can, everything it could hide is held.",
    }
}

/// How to stop it, or what to do about it.
pub(super) fn advice(event: Event, action: Option<Action>, keep_tags: &[String], example: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let coming = matches!(event, Event::Approval | Event::Due | Event::Soon | Event::Planned);
    if coming {
        match keep_tags.first() {
            // A kept image must not stay public (see docs/policies.md).
            _ if action.is_some_and(Action::ends_exposure) => {
                lines.push("To stop it, write a guard rail: a `forbid` policy that covers it. A keep tag does not stop this.".to_owned())
            }
            Some(tag) => lines.push(format!(
                "To stop it, put the tag `{}` on the resource, or write a guard rail: a `forbid` policy that covers it.",
                line(tag, 128)
            )),
            None => lines.push("To stop it, write a guard rail: a `forbid` policy that covers it.".to_owned()),
        }
    }
    if event == Event::Approval {
        lines.push("To let it happen: `ami-warden plan --out plan.json`, look at it, then `ami-warden approve plan.json`.".to_owned());
    }
    match event {
        Event::Done => lines.push(format!("Its story: `ami-warden ledger show {example}`")),
        Event::Gap => lines.push("What the scan role may read, and what it lacks: `ami-warden check --aws`".to_owned()),
        _ => lines.push(format!("Why, and what would change it: `ami-warden explain {example}`")),
    }
    lines
}

/// Whom a share is ended with, where a copy goes, or what can no longer be published.
pub(super) fn aim(context: &Context) -> Option<String> {
    let Context { grantee, target, of } = context;
    let of = of.map(|of| format!("new public sharing of {of}; what is public already stays so"));
    let grantee = grantee.as_ref().map(|grantee| format!("shared with {}", line(&grantee.to_string(), 256)));
    let target = target.as_ref().map(|target| format!("copy to {}", line(target.as_str(), 64)));
    grantee.or(target).or(of)
}

/// What is to be said of one change beside its resource, each as a line.
pub(super) fn details(change: &Change<'_>) -> Vec<String> {
    use crate::ledger::Outcome;
    let mut lines: Vec<String> = aim(&change.context()).into_iter().collect();
    lines.extend(change.not_before().map(|at| format!("not before {}", moment(at))));
    match change {
        Change::Entry(Event::Due, entry) if entry.enact => lines.push("will be done by itself".to_owned()),
        Change::Entry(Event::Due | Event::Planned | Event::Soon, entry) if !entry.enact => {
            lines.push("waits for a person: mode and `[enforce]` do not let the daemon do it (`ami-warden apply`)".to_owned());
        }
        Change::Entry(..) => (),
        Change::Enacted(_, enacted) => match &enacted.outcome {
            Outcome::Failed { code, message } => lines.push(format!("{}: {}", line(code, 128), line(message, 500))),
            Outcome::Unknown { message } => lines.push(line(message, 500)),
            Outcome::Skipped { reason } => lines.push(line(reason, 500)),
            Outcome::Done { .. } => {
                lines.extend(enacted.entry.reversible_until.map(|until| format!("can be restored until {}", moment(until))))
            }
            Outcome::InFlight { .. } => (),
        },
        Change::Finding(finding) if finding.detail.is_empty() => (),
        Change::Finding(finding) => lines.push(line(&finding.detail, 500)),
        Change::Gap(gap) => lines.push(line(&gap.error, 500)),
    }
    lines.extend(change.held_by().iter().take(10).map(|hold| format!("held by {}: {}", line(&hold.name, 128), line(&hold.detail, 500))));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_text_says_so_and_counts_characters() {
        assert_eq!(clamp("äöü", 3), "äöü");
        assert_eq!(clamp("äöüß", 3), "äö…");
        assert_eq!(line("a\u{0}b\nc\u{202e}d", 99), "a\u{fffd}b c\u{fffd}d");
    }

    #[test]
    fn a_subject_keeps_its_part_number() {
        let long = subject(&"ü".repeat(200), " (2/3)");
        assert_eq!(long.len(), 99);
        assert!(long.ends_with("... (2/3)"), "{long}");
        assert_eq!(subject("short", ""), "short");
    }
}
