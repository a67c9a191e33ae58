//! KMS keys: whom their policies let in, as far as Cloud Control tells.
//!
//! INVARIANT: a policy that cannot be read lets in nobody knows whom: then nothing is known of the key. A share that a key
//! shuts out is only ever reported: a grant of the key, which no policy shows, could still let somebody in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::model::{AccountId, Grantee, few};

use super::answers::GetResource;

/// The alias of the key that EBS uses unless told otherwise. AWS manages it, and nobody can change its policy: what it
/// encrypts cannot be used by another account
/// (<https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html>).
const DEFAULT: &str = "alias/aws/ebs";

/// What is known of the keys of one place, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(BTreeMap<String, KeyAccess>);

/// Whom a key lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyAccess {
    /// AWS's own default key for EBS: nobody but its account.
    Default,
    /// Whom its policy names.
    Policy(BTreeSet<Admission>),
}

/// Somebody whom a statement of a key policy allows something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Admission {
    Account(AccountId),
    /// Anybody, within conditions that are not looked into.
    Anybody,
}

impl Keys {
    /// Everything that the details of resources tell of keys. What is unreadable leaves its key unknown; that it was a
    /// failed read is said where the details are read for use.
    pub(super) fn told(details: &[GetResource]) -> Self {
        let mut keys = BTreeMap::new();
        let mut default = BTreeSet::new();
        for detail in details {
            let Some(description) = &detail.resource_description else { continue };
            let (Some(id), Some(properties)) = (&description.identifier, &description.properties) else { continue };
            let Ok(properties) = serde_json::from_str::<Value>(properties) else { continue };
            match detail.type_name.as_deref() {
                Some("AWS::KMS::Key") => {
                    if let Some(admitted) = properties.get("KeyPolicy").and_then(admitted) {
                        keys.insert(short(id).to_owned(), KeyAccess::Policy(admitted));
                    }
                }
                Some("AWS::KMS::Alias") if id == DEFAULT => {
                    default.extend(properties.get("TargetKeyId").and_then(Value::as_str).map(|key| short(key).to_owned()));
                }
                _ => {}
            }
        }
        keys.extend(default.into_iter().map(|key| (key, KeyAccess::Default)));
        Self(keys)
    }

    /// What is known of a key, named by its ARN, its id or the alias of the default key.
    pub fn get(&self, key: &str) -> Option<&KeyAccess> {
        if key == DEFAULT || key.ends_with(&format!(":{DEFAULT}")) {
            return Some(&KeyAccess::Default);
        }
        self.0.get(short(key))
    }
}

/// Whom it lets in, for people.
impl fmt::Display for KeyAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let admitted = match self {
            Self::Default => return f.write_str("nobody but its own account: it is AWS's default key `aws/ebs`"),
            Self::Policy(admitted) => admitted.iter().map(|admission| match admission {
                Admission::Account(account) => account.to_string(),
                Admission::Anybody => "anybody, perhaps within conditions".to_owned(),
            }),
        };
        f.write_str(&few(admitted).unwrap_or_else(|| "nobody".to_owned()))
    }
}

impl KeyAccess {
    /// Why `grantee` cannot use the key; `None` when it may be able to. `owner` is the account of what is shared.
    pub fn shuts_out(&self, grantee: &Grantee, owner: &AccountId) -> Option<String> {
        let Self::Policy(admitted) = self else {
            return Some("it is encrypted with AWS's default key `aws/ebs`, which nobody can be let into".into());
        };
        let may_be = |admission: &Admission| match (admission, grantee) {
            (Admission::Anybody, _) | (_, Grantee::Everyone) => true,
            (Admission::Account(account), Grantee::Account(grantee)) => account == grantee,
            // Any other account may be one of the organization's.
            (Admission::Account(account), Grantee::Organization(_) | Grantee::Unit(_)) => account != owner,
        };
        (!admitted.iter().any(may_be)).then(|| "the policy of its KMS key does not name them".into())
    }
}

/// The id of a key within its ARN: `arn:aws:kms:…:key/1234abcd-…`.
fn short(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// Everybody whom some statement of a key policy allows anything. `None` for what is no policy.
fn admitted(policy: &Value) -> Option<BTreeSet<Admission>> {
    // Cloud Control gives an object, and a text where somebody's template had one.
    let parsed;
    let policy = match policy {
        Value::String(text) => {
            parsed = serde_json::from_str(text).ok()?;
            &parsed
        }
        other => other,
    };
    let mut admissions = BTreeSet::new();
    for statement in many(policy.get("Statement")?) {
        match statement.get("Effect")?.as_str()? {
            "Allow" => admissions.extend(principals(statement)?),
            "Deny" => {}
            _ => return None,
        }
    }
    Some(admissions)
}

fn principals(statement: &Value) -> Option<BTreeSet<Admission>> {
    let Some(principal) = statement.get("Principal") else {
        // Everybody but some.
        return statement.get("NotPrincipal").map(|_| [Admission::Anybody].into());
    };
    let named = match principal {
        Value::Object(kinds) => many(kinds.get("AWS").unwrap_or(&Value::Null)),
        plain => many(plain),
    };
    let mut admissions = BTreeSet::new();
    for name in named.into_iter().filter(|name| !name.is_null()) {
        match name.as_str()? {
            "*" => admissions.extend(anybody(statement)),
            arn => admissions.extend(account(arn).map(Admission::Account)),
        }
    }
    Some(admissions)
}

/// Who `*` is. AWS's own key policies name the one account that may call in a condition.
fn anybody(statement: &Value) -> Vec<Admission> {
    let conditions = ["StringEquals", "StringLike"].into_iter().filter_map(|operator| statement.get("Condition")?.get(operator));
    let callers = conditions.filter_map(|keys| keys.get("kms:CallerAccount").or_else(|| keys.get("aws:PrincipalAccount")));
    let callers: Vec<&str> = callers.flat_map(many).filter_map(Value::as_str).collect();
    let numbers = callers.iter().map(|caller| AccountId::from(*caller));
    match !callers.is_empty() && numbers.clone().all(|account| account.is_well_formed()) {
        true => numbers.map(Admission::Account).collect(),
        false => vec![Admission::Anybody],
    }
}

/// The account of an account number or of the ARN of a principal in it.
fn account(principal: &str) -> Option<AccountId> {
    let number = if principal.starts_with("arn:") { principal.split(':').nth(4)? } else { principal };
    Some(AccountId::from(number)).filter(AccountId::is_well_formed)
}

/// IAM writes one of a list without the list.
fn many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::answers::ResourceDescription;

    const OWNER: &str = "111111111111";
    const KEY: &str = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn detail(kind: &str, id: &str, properties: &Value) -> GetResource {
        let description = ResourceDescription { identifier: Some(id.into()), properties: Some(properties.to_string()) };
        GetResource { type_name: Some(kind.into()), resource_description: Some(description) }
    }

    fn shut_out(policy: &Value, grantee: &str) -> Option<bool> {
        let keys = Keys::told(&[detail("AWS::KMS::Key", short(KEY), &serde_json::json!({ "KeyPolicy": policy }))]);
        Some(keys.get(KEY)?.shuts_out(&Grantee::parse(grantee), &OWNER.into()).is_some())
    }

    fn allowing(principal: &Value) -> Value {
        let own = serde_json::json!({"Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{OWNER}:root")}, "Action": "kms:*"});
        serde_json::json!({ "Version": "2012-10-17", "Statement": [own, {"Effect": "Allow", "Principal": principal, "Action": ["kms:Decrypt"]}] })
    }

    const UNIT: &str = "arn:aws:organizations::111111111111:ou/o-a/ou-b";

    #[test]
    fn a_policy_lets_in_whom_it_names() {
        let partner =
            allowing(&serde_json::json!({"AWS": ["arn:aws:iam::222222222222:role/build", "333333333333"], "Service": "ec2.amazonaws.com"}));
        assert_eq!(shut_out(&partner, "222222222222"), Some(false));
        assert_eq!(shut_out(&partner, "333333333333"), Some(false));
        assert_eq!(shut_out(&partner, "444444444444"), Some(true));
        assert_eq!(shut_out(&partner, UNIT), Some(false), "one of them may be in the unit");
        let nobody = allowing(&serde_json::json!({"Service": "ec2.amazonaws.com"}));
        assert_eq!(shut_out(&nobody, UNIT), Some(true));
        assert_eq!(shut_out(&Value::String(partner.to_string()), "444444444444"), Some(true), "a text is a policy too");
    }

    #[test]
    fn a_policy_for_anybody_may_let_in_anybody_unless_it_names_the_caller() {
        for principal in [serde_json::json!("*"), serde_json::json!({"AWS": "*"})] {
            assert_eq!(shut_out(&allowing(&principal), "444444444444"), Some(false));
        }
        let mut own = allowing(&serde_json::json!({"AWS": "*"}));
        own["Statement"][1]["Condition"] =
            serde_json::json!({"StringEquals": {"kms:CallerAccount": OWNER, "kms:ViaService": "ec2.eu-central-1.amazonaws.com"}});
        assert_eq!(shut_out(&own, "444444444444"), Some(true));
        assert_eq!(shut_out(&own, UNIT), Some(true));
        own["Statement"][1]["Condition"] = serde_json::json!({"StringLike": {"aws:PrincipalAccount": "4444*"}});
        assert_eq!(shut_out(&own, "444444444444"), Some(false), "a pattern is not looked into");
        let others = serde_json::json!({"Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "555555555555"}, "Action": "kms:*"}});
        assert_eq!(shut_out(&others, "444444444444"), Some(false));
    }

    #[test]
    fn nothing_is_known_of_a_key_whose_policy_cannot_be_read() {
        for policy in [Value::Null, serde_json::json!("{"), serde_json::json!({}), serde_json::json!({"Statement": [{"Effect": "Maybe"}]})]
        {
            assert_eq!(shut_out(&policy, "444444444444"), None, "{policy}");
        }
        assert_eq!(Keys::default().get(KEY), None);
    }

    #[test]
    fn the_default_key_is_told_by_its_alias() {
        assert_eq!(Keys::default().get("alias/aws/ebs"), Some(&KeyAccess::Default));
        assert_eq!(Keys::default().get("arn:aws:kms:eu-central-1:111111111111:alias/aws/ebs"), Some(&KeyAccess::Default));
        let keys = Keys::told(&[
            detail("AWS::KMS::Key", short(KEY), &serde_json::json!({ "KeyPolicy": allowing(&serde_json::json!("*")) })),
            detail("AWS::KMS::Alias", "alias/aws/ebs", &serde_json::json!({ "TargetKeyId": short(KEY) })),
            detail("AWS::KMS::Alias", "alias/other", &serde_json::json!({ "TargetKeyId": "another" })),
        ]);
        assert_eq!((keys.get(KEY), keys.get("another")), (Some(&KeyAccess::Default), None));
        assert!(KeyAccess::Default.shuts_out(&Grantee::parse(UNIT), &OWNER.into()).is_some());
    }
}
