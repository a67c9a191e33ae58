//! STS: who am I, and let me act in another account.

use jiff::SignedDuration;

use crate::api::{Answered, Api, Call, Done};
use crate::buckets::STS;
use crate::error::AwsError;
use crate::wire::xml::{Xml, seconds};
use crate::world::World;
use crate::world::account::Principal;

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

fn assume_role(world: &mut World, call: &Call) -> Answered {
    let arn = call.params.required("RoleArn")?;
    let session = call.params.required("RoleSessionName")?;
    let seconds_asked = call.params.integer("DurationSeconds")?.unwrap_or(3600);
    let (account, name) = role(arn).ok_or_else(|| AwsError::client("ValidationError", format!("{arn} is invalid")))?;
    if !(900..=43_200).contains(&seconds_asked) {
        let message = "The requested DurationSeconds must be between 900 and 43200";
        return Err(AwsError::client("ValidationError", message));
    }
    // A role there is not, a trust policy that says no, a wrong external id: AWS tells them not apart.
    let trusted = world.accounts.get(account).is_some_and(|account| {
        account.roles.is_empty()
            || account.roles.get(name).is_some_and(|wanted| wanted.is_none() || wanted.as_deref() == call.params.get("ExternalId"))
    });
    if !trusted {
        let who = &call.principal.arn;
        let message = format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        return Err(AwsError::new(403, "AccessDenied", message));
    }
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
