//! KMS keys: whom their policies let in, as far as Cloud Control tells.
//!
//! INVARIANT: a policy that cannot be read lets in nobody knows whom: then nothing is known of the key, the gap names it,
//! and what is known of the others stays. A share that a key shuts out is a thing to report, and no reason to end it: a grant of
//! the key, which no policy shows, could still let somebody in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::model::{AccountId, Grantee, Place, Source, few};

use super::answers::{Answers, DescribeSnapshots, GetKey, NotShown};
use super::place::Gaps;

/// What Cloud Control calls keys: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html>.
pub const KEYS: &str = "AWS::KMS::Key";

/// What Cloud Control calls their aliases.
pub const KEY_ALIASES: &str = "AWS::KMS::Alias";

/// The alias of the key that EBS uses unless told otherwise. AWS manages it, and nobody can change its policy: what it
/// encrypts cannot be used by another account
/// (<https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html>).
pub const DEFAULT_KEY: &str = "alias/aws/ebs";

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

/// The keys of `place` that encrypt own snapshots, by id. A key of another account, or one that is not named by its ARN,
/// cannot be asked about.
pub fn encrypting(snapshots: &DescribeSnapshots, place: &Place) -> BTreeSet<String> {
    let own = |owner: &Option<String>| owner.as_deref() == Some(place.account.as_str());
    let listed = snapshots.snapshots.iter().flatten().flatten().filter(|snapshot| own(&snapshot.owner_id));
    let keys = listed.filter_map(|snapshot| id_in(snapshot.kms_key_id.as_deref()?, place));
    keys.map(str::to_owned).collect()
}

/// The id in the ARN of a key of this place: `arn:aws:kms:eu-central-1:111111111111:key/1234abcd-…`.
fn id_in<'a>(arn: &'a str, place: &Place) -> Option<&'a str> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let here = ["kms", place.region.as_str(), place.account.as_str()].into_iter().all(|part| parts.next() == Some(part));
    parts.next().filter(|_| here)?.strip_prefix("key/")
}

/// What is known of the keys that encrypt own snapshots. Those of which nothing is known are named in the gap.
pub(super) fn read(answers: &Answers, gaps: &mut Gaps) -> Keys {
    let Some(told) = gaps.asked(Source::KeyPolicies, &answers.key_policies, Ok) else { return Keys::default() };
    let named = answers.snapshots.as_ref().map(|snapshots| encrypting(snapshots, &answers.place)).unwrap_or_default();
    let (keys, problems) = Keys::told(told, named);
    gaps.all(Source::KeyPolicies, problems);
    keys
}

impl Keys {
    /// What the answers tell of keys, and of which of them, or of `named`, they do not tell it.
    pub fn told(answers: &[GetKey], mut named: BTreeSet<String>) -> (Self, Vec<String>) {
        let mut keys = BTreeMap::new();
        let mut default = None;
        let mut problems = Vec::new();
        for answer in answers {
            let described = answer.resource_description.as_ref();
            let Some(id) = described.and_then(|described| described.identifier.as_deref()) else {
                problems.push("an answer does not say which key it is about".to_owned());
                continue;
            };
            named.remove(id);
            match (answer.type_name.as_deref(), id) {
                (Some(KEYS), id) => match properties(answer).and_then(|found| policy(&found)) {
                    Ok(admitted) => drop(keys.insert(id.to_owned(), KeyAccess::Policy(admitted))),
                    Err(problem) => problems.push(format!("key {id}: {problem}")),
                },
                (Some(KEY_ALIASES), DEFAULT_KEY) => match properties(answer) {
                    // An alias that AWS keeps ready has no key until one is needed.
                    Ok(found) => default = found.get("TargetKeyId").and_then(Value::as_str).map(|key| short(key).to_owned()),
                    Err(problem) => problems.push(format!("{id}: {problem}")),
                },
                _ => problems.push(format!("an answer is about `{id}`, which is neither a key nor {DEFAULT_KEY}")),
            }
        }
        if let Some(default) = default {
            named.remove(&default);
            keys.insert(default, KeyAccess::Default);
        }
        problems.extend(named.into_iter().map(|id| format!("key {id}: it encrypts a snapshot and is not described")));
        (Self(keys), problems)
    }

    /// What is known of a key, named by its ARN, its id or the alias of the default key.
    pub fn get(&self, key: &str) -> Option<&KeyAccess> {
        if key == DEFAULT_KEY || key.ends_with(&format!(":{DEFAULT_KEY}")) {
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

/// What the answer shows of a key or alias, or why it shows nothing.
fn properties(answer: &GetKey) -> Result<Value, String> {
    if let Some(NotShown { code, message }) = &answer.error {
        return Err(format!("{}: {}", code.as_deref().unwrap_or("an error"), message.as_deref().unwrap_or("AWS gave no message")));
    }
    let text = answer.resource_description.as_ref().and_then(|described| described.properties.as_deref());
    let text = text.ok_or("its properties were not shown")?;
    serde_json::from_str(text).map_err(|error| format!("its properties are no JSON: {error}"))
}

/// Whom a key lets in. Cloud Control shows a key without its policy to whom KMS denies only that
/// (<https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-kms>, its ReadHandler).
fn policy(properties: &Value) -> Result<BTreeSet<Admission>, String> {
    let policy = properties.get("KeyPolicy").filter(|policy| !policy.is_null()).ok_or("its policy was not shown (`kms:GetKeyPolicy`)")?;
    admitted(policy).ok_or_else(|| "its policy cannot be understood".to_owned())
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
    use crate::inventory::answers::{ResourceDescription, Snapshot};

    const OWNER: &str = "111111111111";
    const KEY: &str = "arn:aws:kms:eu-central-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn answer(kind: &str, id: &str, properties: &Value) -> GetKey {
        let description = ResourceDescription { identifier: Some(id.into()), properties: Some(properties.to_string()) };
        GetKey { type_name: Some(kind.into()), resource_description: Some(description), error: None }
    }

    fn told(answers: &[GetKey]) -> (Keys, Vec<String>) {
        Keys::told(answers, BTreeSet::new())
    }

    fn shut_out(policy: &Value, grantee: &str) -> Option<bool> {
        let (keys, _) = told(&[answer(KEYS, short(KEY), &serde_json::json!({ "KeyPolicy": policy }))]);
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
        let (keys, problems) = told(&[
            answer(KEYS, short(KEY), &serde_json::json!({ "KeyPolicy": allowing(&serde_json::json!("*")) })),
            answer(KEY_ALIASES, "alias/aws/ebs", &serde_json::json!({ "TargetKeyId": short(KEY) })),
            answer(KEY_ALIASES, "alias/other", &serde_json::json!({ "TargetKeyId": "another" })),
        ]);
        assert_eq!(problems, ["an answer is about `alias/other`, which is neither a key nor alias/aws/ebs"]);
        assert_eq!((keys.get(KEY), keys.get("another")), (Some(&KeyAccess::Default), None));
        assert!(KeyAccess::Default.shuts_out(&Grantee::parse(UNIT), &OWNER.into()).is_some());
    }
    #[test]
    fn a_key_of_which_nothing_is_known_is_named_and_the_others_are_known() {
        let denied = NotShown { code: Some("AccessDeniedException".into()), message: Some("no".into()) };
        let nothing = ResourceDescription { identifier: Some("denied".into()), properties: None };
        let (keys, problems) = Keys::told(
            &[
                GetKey { type_name: Some(KEYS.into()), resource_description: Some(nothing), error: Some(denied) },
                answer(KEYS, "open", &serde_json::json!({ "KeyPolicy": allowing(&serde_json::json!("*")) })),
                answer(KEYS, "veiled", &serde_json::json!({ "Enabled": true })),
                answer(KEYS, "odd", &serde_json::json!({ "KeyPolicy": "{" })),
                GetKey::default(),
            ],
            ["denied", "open", "forgotten"].map(str::to_owned).into(),
        );
        assert_eq!(keys.0.keys().collect::<Vec<_>>(), ["open"]);
        assert_eq!(
            problems,
            [
                "key denied: AccessDeniedException: no",
                "key veiled: its policy was not shown (`kms:GetKeyPolicy`)",
                "key odd: its policy cannot be understood",
                "an answer does not say which key it is about",
                "key forgotten: it encrypts a snapshot and is not described",
            ]
        );
    }

    #[test]
    fn only_own_keys_of_own_snapshots_in_their_region_are_asked_about() {
        let snapshot =
            |owner: &str, key: &str| Some(Snapshot { owner_id: Some(owner.into()), kms_key_id: Some(key.into()), ..Snapshot::default() });
        let elsewhere = KEY.replace("eu-central-1", "eu-west-1");
        let theirs = KEY.replace(OWNER, "222222222222");
        let odd = ["alias/aws/ebs", "1234abcd", "", &elsewhere, &theirs, &KEY.replace(":key/", ":alias/")].map(|key| snapshot(OWNER, key));
        let listed = [snapshot(OWNER, KEY), snapshot(OWNER, KEY), snapshot("222222222222", &KEY.replace("1234", "5678")), None];
        let listed = DescribeSnapshots { snapshots: Some(listed.into_iter().chain(odd).collect()) };
        assert_eq!(encrypting(&listed, &Place::new(OWNER, "eu-central-1")), [short(KEY).to_owned()].into());
    }
}
