//! The counterfactuals, in sentences: what happens next, and what keeps it from happening.

use jiff::Timestamp;

use crate::model::{Action, Context};
use crate::plan::{Entry, Forecast, Hold, HoldKind};

use super::super::settings::Settings;
use super::{Story, joined};

pub(super) fn sentences(story: &Story, settings: &Settings) -> Vec<String> {
    let mut sentences: Vec<String> = story.steps.iter().map(due_now).collect();
    sentences.extend(story.pending.iter().filter_map(waiting));
    sentences.extend(story.held.iter().map(|entry| kept(entry, story, settings)));
    sentences.extend(story.forecasts.iter().filter(|forecast| forecast.asked_from > story.now).map(|forecast| to_come(forecast, settings)));
    if sentences.is_empty() {
        sentences.push("no policy asks for any change within two years".to_owned());
    }
    sentences
}

fn due_now(entry: &Entry) -> String {
    let who = if entry.enact { "the next cycle does it" } else { "mode and [enforce] leave it to a person: `ami-warden apply`" };
    format!("{} is due and safe now; {who}", verb(entry.action, &entry.context))
}

fn waiting(entry: &Entry) -> Option<String> {
    let at = day(entry.not_before?);
    Some(format!("would be {} on {at} unless {}", done(entry.action, &entry.context), unless(entry.action)))
}

/// What would have to change before it happens.
fn unless(action: Action) -> &'static str {
    match action {
        Action::Disable | Action::Deregister => "launched, kept, or no longer asked for",
        Action::DeleteSnapshot => "used, kept, or no longer asked for",
        _ => "no longer asked for",
    }
}

fn kept(entry: &Entry, story: &Story, settings: &Settings) -> String {
    let only = if entry.held_by.len() == 1 { "only " } else { "" };
    let by = joined(entry.held_by.iter().map(|hold| reason(hold, settings)));
    let forecast = story.forecasts.iter().find(|forecast| forecast.action == entry.action && forecast.context == entry.context);
    // Free as far as the resource itself goes: then a limit holds it, and no day can be named.
    let until = match forecast.and_then(|forecast| forecast.free_from).filter(|free| *free > story.now) {
        Some(at) => format!("; that ends by itself on {}", day(at)),
        None if entry.approvable => "; a person can release it with `ami-warden approve`".to_owned(),
        None => String::new(),
    };
    format!("kept from {} {only}because of {by}{until}", verb(entry.action, &entry.context))
}

/// What stands against it, and by which name; users before the name of what protects them: `launch template lt-… version 7,
/// 410 days old, named by no group (stale)`.
fn reason(hold: &Hold, settings: &Settings) -> String {
    let Hold { kind, name, detail } = hold;
    let about_users = settings.policies.info(name).filter(|info| *kind == HoldKind::Policy && info.asks_stale_use);
    let users = about_users.and_then(|info| Some((info.label(), detail.strip_prefix(info.label())?.strip_prefix(": ")?)));
    match (kind, name.as_str(), users) {
        (_, _, Some((label, users))) => format!("{users} ({name}: {label})"),
        (HoldKind::Interlock, "in-use", None) => format!("{detail} ({name})"),
        (_, _, None) => format!("{name} ({detail})"),
    }
}

fn to_come(forecast: &Forecast, settings: &Settings) -> String {
    let Forecast { action, context, because, asked_from, free_from: _, done_from, held_by } = forecast;
    let asked = format!("{} is asked for from {} on by {}", verb(*action, context), day(*asked_from), joined(because.iter()));
    match done_from {
        Some(at) if at > asked_from => format!("{asked}, and would be done on {} at the earliest unless {}", day(*at), unless(*action)),
        Some(_) => format!("{asked}, and would be done then unless {}", unless(*action)),
        None => format!("{asked}, but kept from it by {}", joined(held_by.iter().map(|hold| reason(hold, settings)))),
    }
}

/// `deregister`, `revokeShare from 123456789012`.
fn verb(action: Action, context: &Context) -> String {
    with(action.name(), context)
}

/// `deregistered`, `unshared from 123456789012`.
fn done(action: Action, context: &Context) -> String {
    let word = match action {
        Action::MakePrivate => "made private",
        Action::RevokeShare => "unshared",
        Action::BlockPublicAccess => "closed to public sharing",
        Action::Notify => "reported",
        Action::Deprecate => "deprecated",
        Action::Disable => "disabled",
        Action::Deregister => "deregistered",
        Action::DeleteSnapshot => "deleted",
        Action::Replicate => "copied",
    };
    with(word, context)
}

fn with(word: &str, context: &Context) -> String {
    let Context { grantee, target, of } = context;
    match (grantee, target, of) {
        (Some(grantee), _, _) => format!("{word} from {grantee}"),
        (None, Some(target), _) => format!("{word} to {target}"),
        (None, None, Some(of)) => format!("{word} for {of}"),
        (None, None, None) => word.to_owned(),
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
