//! STS: who am I, and let me act in another account.

use std::ops::RangeInclusive;

use jiff::SignedDuration;

use crate::api::{Answered, Api, Call, Done};
use crate::buckets::STS;
use crate::error::AwsError;
use crate::wire::xml::{Xml, seconds};
use crate::world::World;
use crate::world::account::{Principal, Role};

pub(crate) const APIS: &[Api] = &[
    Api { name: "GetCallerIdentity", mutating: false, limit: STS, params: &[], run: caller_identity },
    Api {
        name: "AssumeRole",
        mutating: false,
        limit: STS,
        params: &[
            "RoleArn",
            "RoleSessionName",
            "ExternalId",
            "DurationSeconds",
            "SourceIdentity",
            "Tags",
            "TransitiveTagKeys",
            "Policy",
            "PolicyArns",
        ],
        run: assume_role,
    },
];

fn caller_identity(_: &mut World, call: &Call) -> Answered {
    let mut xml = Xml::default();
    xml.text("Arn", &call.principal.arn);
    xml.text("UserId", format!("AIDA{}", call.account()));
    xml.text("Account", call.account());
    Ok(Done::read(xml.into_string()))
}

/// Account and name of `arn:aws:iam::111111111111:role/path/name`.
fn role(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.split(':');
    let (Some("arn"), Some(_), Some("iam"), Some(""), Some(account), Some(resource)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let path = resource.strip_prefix("role/")?;
    Some((account, path.rsplit('/').next()?))
}

fn invalid(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationError", message)
}

/// `[\w+=,.@-]*` for sessions, and `:` and `/` besides for external ids, so long at least and so long at most.
fn checked(call: &Call, name: &str, more: &[char], length: RangeInclusive<usize>) -> Result<(), AwsError> {
    let Some(value) = call.params.get(name) else {
        return Ok(());
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) || more.contains(&c);
    if value.chars().all(fits) && length.contains(&value.len()) {
        return Ok(());
    }
    let mut field = name.to_owned();
    field.get_mut(..1).into_iter().for_each(str::make_ascii_lowercase);
    Err(invalid(format!("1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint")))
}

/// How long the session may be: "role chaining limits your role session to a maximum of one hour", and a role has a
/// longest session of its own.
fn seconds_asked(call: &Call, role: Option<&Role>) -> Result<i64, AwsError> {
    let asked = call.params.integer("DurationSeconds").map_err(|error| invalid(error.message))?.unwrap_or(3600);
    if !(900..=43_200).contains(&asked) {
        return Err(invalid("The requested DurationSeconds must be between 900 and 43200"));
    }
    if call.principal.expires.is_some() && asked > 3600 {
        return Err(invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"));
    }
    if role.is_some_and(|role| SignedDuration::from_secs(asked) > role.longest) {
        return Err(invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    Ok(asked)
}

fn assume_role(world: &mut World, call: &Call) -> Answered {
    let arn = call.params.required("RoleArn").map_err(|error| invalid(error.message))?;
    let session = call.params.required("RoleSessionName").map_err(|error| invalid(error.message))?;
    checked(call, "RoleSessionName", &[], 2..=64)?;
    checked(call, "ExternalId", &[':', '/'], 2..=1224)?;
    let (account, name) = role(arn).ok_or_else(|| invalid(format!("{arn} is invalid")))?;
    let target = world.accounts.get(account);
    let role = target.and_then(|account| account.roles.get(name));
    let external_id = call.params.get("ExternalId");
    let trusted = match (target, role) {
        (None, _) => false,
        (Some(target), None) => target.any_role,
        (Some(_), Some(role)) => role.trusts(&call.principal, external_id),
    };
    // A role there is not, a trust policy that says no, a wrong external id, a closed account: AWS tells them not apart.
    if !trusted || world.is_suspended(account) {
        let who = &call.principal.arn;
        let message = format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        return Err(AwsError::new(403, "AccessDenied", message));
    }
    // "Because the request is to create credentials for an entity in account B, account B must activate the Region."
    if world.is_enabled(account, &call.region) != Some(true) {
        let message = format!("STS is not activated in this region for account:{account}. Your account administrator can activate STS.");
        return Err(AwsError::new(403, "RegionDisabledException", message));
    }
    let seconds_asked = seconds_asked(call, role)?;
    let partition = world.partition(account);
    let key = world.ids.session_key(account);
    let session_arn = format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}");
    let expires = world.now() + SignedDuration::from_secs(seconds_asked);
    let told = world.settings.credentials_expire_at.unwrap_or(expires);
    let principal =
        Principal { account: account.to_owned(), arn: session_arn.clone(), grantee: arn.to_owned(), expires: Some(told.max(expires)) };
    world.keys.insert(key.clone(), principal);
    let mut xml = Xml::default();
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &key);
        xml.text("SecretAccessKey", "simulated/secret/that/opens/nothing/0000");
        xml.text("SessionToken", format!("simulated-session-of-{key}"));
        xml.text("Expiration", seconds(told));
    });
    xml.element("AssumedRoleUser", |xml| {
        xml.text("AssumedRoleId", format!("AROA{account}:{session}"));
        xml.text("Arn", &session_arn);
    });
    xml.text("PackedPolicySize", 0);
    Ok(Done::read(xml.into_string()))
}
