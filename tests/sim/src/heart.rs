//! The heart: one synchronous function from a world and a request to a reply.
//!
//! No I/O, no clock but the world's, no randomness. In order: credentials, Region, faults, request limits,
//! permission, dry run, the API itself, and what a fault does to its answer.

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::api::{self, Answered, Api, Call, Done};
use crate::buckets::READ_ALL;
use crate::calls::Meanwhile;
use crate::cloudtrail::record::{self, Seen};
use crate::error::AwsError;
use crate::faults::FaultKind;
use crate::journal::{Entry, Outcome};
use crate::wire::answer::{Body, refusal, success};
use crate::wire::operation::Operation;
use crate::wire::params::Params;
use crate::wire::service::Protocol;
use crate::wire::{Service, request};
use crate::world::World;
use crate::world::account::Principal;

/// What a client gets to see.
#[derive(Debug, Clone)]
pub enum Reply {
    /// An answer.
    Answer(Response<Bytes>),
    /// No answer: the connection stays open and silent.
    Silence,
    /// The connection is reset.
    Reset,
}

impl Reply {
    /// The answer, if there is one.
    pub fn answer(self) -> Option<Response<Bytes>> {
        match self {
            Self::Answer(response) => Some(response),
            Self::Silence | Self::Reset => None,
        }
    }
}

/// What comes of a call before it reaches its API.
enum Admission {
    /// Credentials that are not valid here.
    Stranger(AwsError),
    Refused(AwsError),
    Lost(Reply),
    Runs(Option<FaultKind>),
}

/// A request, taken apart.
struct Asked {
    service: Service,
    action: String,
    params: Params,
    json: Value,
    unreadable: bool,
    key: String,
    region: String,
    principal: Option<Principal>,
    request_id: String,
}

/// Answers a request.
pub fn handle(world: &mut World, http: &Request<Bytes>) -> Reply {
    let request_id = world.ids.request();
    let Some(scope) = request::scope(http) else {
        let error = AwsError::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
        return Reply::Answer(refusal(Service::Sts, &error, &request_id));
    };
    let Some(service) = Service::from_signing_name(&scope.service) else {
        let error = AwsError::new(404, "UnknownService", format!("no service {} here", scope.service));
        return Reply::Answer(refusal(Service::Sts, &error, &request_id));
    };
    let Operation { action, params, json, unreadable } = Operation::read(service, http);
    let principal = world.principal_of_key(&scope.key);
    attend(world, Asked { service, action, params, json, unreadable, key: scope.key, region: scope.region, principal, request_id })
}

/// How a call ended.
struct Ended {
    outcome: Outcome,
    effect: bool,
    reply: Reply,
    /// What happened inside AWS, whatever the caller saw: the XML of a change, or a refusal. Nothing if it never got there,
    /// or if AWS could not tell whose call it was.
    result: Option<Result<String, AwsError>>,
}

fn attend(world: &mut World, asked: Asked) -> Reply {
    let api = api::find(asked.service, &asked.action);
    let dry_run = asked.service == Service::Ec2 && asked.params.get("DryRun") == Some("true");
    let ended = match admit(world, &asked, api, dry_run) {
        Admission::Lost(reply) => Ended { outcome: Outcome::Lost, effect: false, reply, result: None },
        Admission::Stranger(error) => Ended { result: None, ..refused(&asked, error, false) },
        Admission::Refused(error) => refused(&asked, error, false),
        Admission::Runs(fault) => match (api, asked.principal.clone()) {
            (Some(api), Some(principal)) => run(world, api, principal, &asked, fault),
            _ => refused(&asked, asked.service.internal_error(), false),
        },
    };
    let mutating = api.is_some_and(|api| api.mutating);
    if let (true, Service::Ec2, Some(principal), Some(result)) = (mutating, asked.service, &asked.principal, &ended.result) {
        let Asked { action, params, key, region, request_id, .. } = &asked;
        record::note(world, &Seen { action, params, principal, key, region, request_id, result });
    }
    let principal = asked.principal.unwrap_or_else(|| Principal::new("", ""));
    world.journal.add(Entry {
        time: world.now(),
        account: principal.account,
        region: asked.region,
        service: asked.service.name().to_owned(),
        iam_actions: api::iam_actions(asked.service, &asked.action, &asked.params),
        action: asked.action,
        principal: principal.grantee,
        caller: principal.arn,
        params: asked.params.all().clone(),
        mutating,
        dry_run,
        effect: ended.effect,
        outcome: ended.outcome,
    });
    ended.reply
}

fn refused(asked: &Asked, error: AwsError, effect: bool) -> Ended {
    let reply = Reply::Answer(refusal(asked.service, &error, &asked.request_id));
    Ended { outcome: Outcome::Error(error.code.to_string()), effect, reply, result: Some(Err(error)) }
}

fn admit(world: &mut World, asked: &Asked, api: Option<&'static Api>, dry_run: bool) -> Admission {
    let service = asked.service;
    let Some(principal) = &asked.principal else {
        return Admission::Stranger(service.not_authenticated());
    };
    if principal.expires.is_some_and(|expires| expires <= world.now()) {
        return Admission::Stranger(service.expired());
    }
    // A Region that is off answers as if the credentials were wrong.
    if world.is_enabled(&principal.account, &asked.region) != Some(true) {
        return Admission::Stranger(service.not_authenticated());
    }
    let Some(api) = api else {
        return Admission::Refused(service.unknown_action(&asked.action));
    };
    let fault = world.faults.strike(&principal.account, &asked.region, api.name, &asked.params);
    if let Some(error) = fault.as_ref().and_then(|fault| fault.refusal(service)) {
        let stranger = matches!(fault, Some(FaultKind::AuthFailure | FaultKind::Expired));
        return if stranger { Admission::Stranger(error) } else { Admission::Refused(error) };
    }
    match fault {
        Some(FaultKind::TimeoutBefore) => return Admission::Lost(Reply::Silence),
        Some(FaultKind::ResetBefore) => return Admission::Lost(Reply::Reset),
        _ => {}
    }
    if world.settings.throttling && !draw(world, api, principal, asked) {
        return Admission::Refused(service.throttled());
    }
    if asked.unreadable {
        return Admission::Refused(service.unreadable());
    }
    if let Err(error) = recognised(service, api, &asked.params) {
        return Admission::Refused(error);
    }
    // "No permissions are required to perform this operation" (GetCallerIdentity).
    if api.name != "GetCallerIdentity" {
        for action in api::iam_actions(service, api.name, &asked.params) {
            if !world.allows(&principal.grantee, &action) {
                let why =
                    format!("User: {} is not authorized to perform: {action} because no identity-based policy allows it", principal.arn);
                return Admission::Refused(service.denied(&why));
            }
        }
    }
    if dry_run {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Admission::Refused(AwsError::new(412, "DryRunOperation", message));
    }
    Admission::Runs(fault)
}

fn draw(world: &mut World, api: &'static Api, principal: &Principal, asked: &Asked) -> bool {
    let large = ["DescribeInstances", "DescribeSnapshots", "DescribeVolumes", "DescribeImages"].contains(&api.name);
    let narrowed =
        ["MaxResults", "Filter", "ImageId", "InstanceId", "SnapshotId", "VolumeId"].iter().any(|segment| asked.params.has(segment));
    let limit = if large && !narrowed { READ_ALL } else { api.limit };
    let now = world.now();
    world.buckets.take(&principal.account, &asked.region, api.name, limit, now)
}

/// A parameter that nothing here understands is refused rather than left out of account.
fn recognised(service: Service, api: &Api, params: &Params) -> Result<(), AwsError> {
    let query = matches!(service.protocol(), Protocol::Ec2Query | Protocol::Query);
    if query && let Some(version) = params.get("Version").filter(|version| *version != service.version()) {
        let message = format!("The requested version ({version}) of service {} does not exist", service.name());
        return Err(AwsError::client("NoSuchVersion", message));
    }
    for segment in params.segments() {
        let always = (query && ["Action", "Version"].contains(&segment)) || (service == Service::Ec2 && segment == "DryRun");
        if !always && !api.params.contains(&segment) {
            return Err(service.unknown_parameter(segment));
        }
    }
    Ok(())
}

fn run(world: &mut World, api: &'static Api, principal: Principal, asked: &Asked, fault: Option<FaultKind>) -> Ended {
    let call = Call {
        principal,
        region: asked.region.clone(),
        params: asked.params.clone(),
        json: asked.json.clone(),
        looping: fault == Some(FaultKind::LoopingToken),
    };
    for change in due(world, &call, api) {
        change(world);
    }
    let answered: Answered = (api.run)(world, &call);
    let effect = api.mutating && answered.as_ref().is_ok_and(|done| done.effect);
    let result = match &answered {
        Ok(Done { body: Body::Xml(inside), .. }) if api.mutating => Ok(inside.clone()),
        Ok(_) => Ok(String::new()),
        Err(error) => Err(error.clone()),
    };
    let lost = |reply| Ended { outcome: Outcome::Lost, effect, reply, result: Some(result.clone()) };
    match (fault, answered) {
        (Some(FaultKind::TimeoutAfter), _) => lost(Reply::Silence),
        (Some(FaultKind::ResetAfter), _) => lost(Reply::Reset),
        (Some(FaultKind::InternalErrorAfter), _) => refused(asked, asked.service.internal_error(), effect),
        (_, Err(error)) => refused(asked, error, effect),
        (fault, Ok(done)) => {
            let (outcome, answer) = answer(asked, api, done.body, fault);
            Ended { outcome, effect, reply: Reply::Answer(answer), result: Some(result) }
        }
    }
}

/// The answer on the wire, and what a fault makes of it.
fn answer(asked: &Asked, api: &Api, body: Body, fault: Option<FaultKind>) -> (Outcome, Response<Bytes>) {
    let bare = fault == Some(FaultKind::BareAnswer);
    let body = match body {
        Body::Xml(_) if bare => Body::Xml(String::new()),
        Body::Json(status, _) if bare => Body::Json(status, json!({})),
        body => body,
    };
    let mut answer = success(asked.service, api.name, body, &asked.request_id);
    match fault {
        Some(FaultKind::BareAnswer) => {}
        Some(FaultKind::EmptyBody) => *answer.body_mut() = Bytes::new(),
        Some(FaultKind::TruncatedPage) => {
            let half = answer.body().len() / 2;
            answer.body_mut().truncate(half);
        }
        _ => return (Outcome::Ok, answer),
    }
    (Outcome::Lost, answer)
}

type Change = std::sync::Arc<dyn Fn(&mut World) + Send + Sync>;

/// What somebody else does right before this call.
fn due(world: &mut World, call: &Call, api: &Api) -> Vec<Change> {
    let meet = |one: &mut Meanwhile| one.calls.meets(call.account(), &call.region, api.name, &call.params);
    world.meanwhile.iter_mut().filter_map(|one| meet(one).then(|| one.change.clone())).collect()
}
