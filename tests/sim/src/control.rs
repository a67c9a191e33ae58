//! Steering a simulation from another process, under `/_sim/`: the tests in `fidelity` speak to it.
//!
//! `POST /_sim/advance?seconds=300` · `POST /_sim/fault?kind=throttle&action=DescribeImages&first=1` ·
//! `POST /_sim/clear-faults` · `POST /_sim/set?page_limit=3` · `POST /_sim/leave?account=333333333333` ·
//! `POST /_sim/template?account=111111111111&region=us-east-1&name=web&image=resolve:ssm:/a` · `GET /_sim/journal` · `GET /_sim/now`

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::faults::{Fault, FaultKind};
use crate::journal::Outcome;
use crate::sim::Sim;
use crate::wire::params::Params;
use crate::world::World;

/// Answers a request under `/_sim/`, and no other.
pub(crate) fn handle(sim: &Sim, request: &Request<Bytes>) -> Option<Response<Bytes>> {
    let command = request.uri().path().strip_prefix("/_sim/")?;
    let params = Params::from_form(request.uri().query().unwrap_or_default().as_bytes());
    let answer = sim.world(|world| run(world, command, &params));
    let (status, value) = match answer {
        Some(value) => (StatusCode::OK, value),
        None => (StatusCode::BAD_REQUEST, json!({ "error": format!("`{command}` was not understood") })),
    };
    let mut response = Response::new(Bytes::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Some(response)
}

fn run(world: &mut World, command: &str, params: &Params) -> Option<Value> {
    match command {
        "now" => {}
        "advance" => world.advance(SignedDuration::from_secs(params.get("seconds")?.parse().ok()?)),
        "fault" => world.inject(fault(params)?),
        "clear-faults" => world.clear_faults(),
        "leave" => {
            let account = params.get("account")?;
            let organization = world.organization_of(account)?.id.clone();
            world.organization(&organization).leave(account);
        }
        "template" => {
            let place = world.account(params.get("account")?).region(params.get("region")?);
            place.launch_template(params.get("name")?).version(params.get("image")?).put();
        }
        "set" => set(world, params)?,
        "journal" => return Some(journal(world)),
        _ => return None,
    }
    Some(json!({ "now": world.now().to_string() }))
}

fn fault(params: &Params) -> Option<Fault> {
    let kind = match params.get("kind")? {
        "deny" => FaultKind::Deny,
        "auth-failure" => FaultKind::AuthFailure,
        "expired" => FaultKind::Expired,
        "throttle" => FaultKind::Throttle,
        "internal-error" => FaultKind::InternalError,
        "internal-error-after" => FaultKind::InternalErrorAfter,
        "timeout-before" => FaultKind::TimeoutBefore,
        "timeout-after" => FaultKind::TimeoutAfter,
        "reset-before" => FaultKind::ResetBefore,
        "reset-after" => FaultKind::ResetAfter,
        "bare-answer" => FaultKind::BareAnswer,
        "empty-body" => FaultKind::EmptyBody,
        "truncated-page" => FaultKind::TruncatedPage,
        "looping-token" => FaultKind::LoopingToken,
        _ => return None,
    };
    let mut fault = Fault::new(kind);
    if let Some(id) = params.get("account") {
        fault = fault.account(id);
    }
    if let Some(name) = params.get("region") {
        fault = fault.region(name);
    }
    if let Some(name) = params.get("action") {
        fault = fault.action(name);
    }
    if let Some(id) = params.get("resource") {
        fault = fault.resource(id);
    }
    if let Some(calls) = params.get("first") {
        fault = fault.first(calls.parse().ok()?);
    }
    if let Some(call) = params.get("nth") {
        fault = fault.nth(call.parse().ok()?);
    }
    if let Some(call) = params.get("from") {
        fault = fault.from(call.parse().ok()?);
    }
    Some(fault)
}

fn set(world: &mut World, params: &Params) -> Option<()> {
    for (name, value) in params.all() {
        let settings = &mut world.settings;
        match name.as_str() {
            "page_limit" => settings.page_limit = value.parse().ok().filter(|limit| *limit > 0),
            "empty_first_pages" => settings.empty_first_pages = value.parse().ok()?,
            "throttling" => settings.throttling = value.parse().ok()?,
            "copy_delay_seconds" => settings.copy_delay = SignedDuration::from_secs(value.parse().ok()?),
            "trail_lag_seconds" => settings.trail_lag = SignedDuration::from_secs(value.parse().ok()?),
            "linger_seconds" => settings.deregistered_linger = SignedDuration::from_secs(value.parse().ok()?),
            "block_delay_seconds" => settings.block_delay = SignedDuration::from_secs(value.parse().ok()?),
            "cooling_down_shows" => {
                settings.cooling_down_shows = ["disabled", "enabled-with-cooldown"].into_iter().find(|word| word == value)?
            }
            "usage_report_lag_seconds" => settings.usage_report_lag = SignedDuration::from_secs(value.parse().ok()?),
            "hang_limit_seconds" => settings.hang_limit = std::time::Duration::from_secs(value.parse().ok()?),
            "fail_batch_entries" => {
                world.fail_batch_entries(params.get("topic")?, value.parse().ok()?);
            }
            "topic" => {}
            _ => return None,
        }
    }
    Some(())
}

fn journal(world: &World) -> Value {
    let entries = world.journal.entries().iter().map(|entry| {
        json!({
            "time": entry.time.to_string(),
            "account": entry.account,
            "region": entry.region,
            "service": entry.service,
            "action": entry.action,
            "iam_actions": entry.iam_actions,
            "principal": entry.principal,
            "caller": entry.caller,
            "params": entry.params,
            "mutating": entry.mutating,
            "dry_run": entry.dry_run,
            "effect": entry.effect,
            "outcome": match &entry.outcome {
                Outcome::Ok => "ok",
                Outcome::Error(code) => code,
                Outcome::Lost => "lost",
            },
        })
    });
    Value::Array(entries.collect())
}
