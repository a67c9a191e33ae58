//! The services that speak JSON, where boto3 in `fidelity` does not already say so.

use super::asking::{HERE, OURS, OUTSIDER, US, ask, ask_json};
use ami_warden_sim::{Fault, FaultKind, MemberStatus, Outcome, World};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const DESCRIBE: &str = "AmazonSSM.DescribeParameters";
const ACCOUNTS: &str = "AWSOrganizationsV20161128.ListAccounts";

fn world() -> World {
    let mut world = World::new(Timestamp::UNIX_EPOCH);
    world.account(OURS);
    world.account(OUTSIDER);
    world
}

/// The ids of a listing.
fn ids(answer: &Value, list: &str, id: &str) -> Vec<String> {
    let all = answer.get(list).and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|one| one.get(id)?.as_str()).map(str::to_owned).collect()
}

#[test]
fn what_is_not_understood_is_refused() {
    let mut w = world();
    let refusals = [
        ("AmazonSSM.PutParameter", "{}", "UnknownOperationException"),
        ("CloudApiService.DescribeParameters", "{}", "UnknownOperationException"),
        (DESCRIBE, "{\"MaxResults\":", "SerializationException"),
        (DESCRIBE, "[]", "SerializationException"),
        (DESCRIBE, "{\"Shared\":true}", "ValidationException"),
        (DESCRIBE, "{\"MaxResults\":\"many\"}", "ValidationException"),
    ];
    for (target, body, code) in refusals {
        let (status, answer) = ask_json(&mut w, "ssm", target, body);
        assert_eq!((status, answer.get("__type")), (400, Some(&json!(code))), "{target} {body}");
    }
    assert_eq!(ask_json(&mut w, "ssm", DESCRIBE, "").0, 200);
}

#[test]
fn the_journal_tells_the_fields_of_a_json_body() {
    let mut w = world();
    ask_json(&mut w, "ssm", "AmazonSSM.GetParameters", "{\"Names\":[\"/a\",\"/b\"],\"WithDecryption\":true}");
    let entry = w.journal.entries().last();
    let param = |name: &str| entry.and_then(|entry| entry.params.get(name)).map(String::as_str);
    assert_eq!((param("Names.1"), param("Names.2"), param("WithDecryption")), (Some("/a"), Some("/b"), Some("true")));
    assert_eq!(entry.map(|entry| entry.iam_actions.clone()), Some(vec!["ssm:GetParameters".to_owned()]));
}

#[test]
fn a_fault_can_mean_one_resource_inside_a_json_body() {
    let mut w = world();
    w.inject(Fault::deny().resource("/b"));
    let names = |names: &str| format!("{{\"Names\":{names}}}");
    assert_eq!(ask_json(&mut w, "ssm", "AmazonSSM.GetParameters", &names("[\"/a\"]")).0, 200);
    let (status, answer) = ask_json(&mut w, "ssm", "AmazonSSM.GetParameters", &names("[\"/a\",\"/b\"]"));
    assert_eq!((status, answer.get("__type")), (400, Some(&json!("AccessDeniedException"))));
}

#[test]
fn only_what_iam_allows_is_answered() {
    let mut w = world();
    w.allow_only("arn:aws:iam::111111111111:user/simulated", ["ssm:DescribeParameters"]);
    assert_eq!(ask_json(&mut w, "ssm", DESCRIBE, "{}").0, 200);
    assert_eq!(ask_json(&mut w, "organizations", ACCOUNTS, "{}").0, 400);
    assert!(matches!(w.journal.entries().last().map(|e| &e.outcome), Some(Outcome::Error(code)) if code == "AccessDeniedException"));
}

#[test]
fn an_account_is_in_one_organization_at_a_time() {
    let mut w = world();
    w.organization("o-first").management(OURS).account(OUTSIDER, "r-abcd");
    w.organization("o-second").management(OUTSIDER);
    let (_, answer) = ask_json(&mut w, "organizations", ACCOUNTS, "{}");
    assert_eq!(ids(&answer, "Accounts", "Id"), [OURS]);
    assert_eq!(w.organization_of(OUTSIDER).map(|organization| organization.id.as_str()), Some("o-second"));
}

#[test]
fn accounts_move_between_units_and_keep_their_status() {
    let mut w = world();
    let organization = w.organization("o-first").management(OURS).unit("ou-abcd-1", "r-abcd").unit("ou-abcd-2", "ou-abcd-1");
    organization.account(OUTSIDER, "ou-abcd-1").status(OUTSIDER, MemberStatus::PendingClosure).account(OUTSIDER, "ou-abcd-2");
    let list = |w: &mut World, unit: &str| {
        let target = "AWSOrganizationsV20161128.ListAccountsForParent";
        ask_json(w, "organizations", target, &json!({ "ParentId": unit }).to_string()).1
    };
    assert!(ids(&list(&mut w, "ou-abcd-1"), "Accounts", "Id").is_empty());
    assert_eq!(ids(&list(&mut w, "ou-abcd-2"), "Accounts", "Status"), ["PENDING_CLOSURE"]);
}

#[test]
fn an_organization_can_tell_states_without_statuses() {
    let mut w = world();
    w.organization("o-first").management(OURS).with(|organization| organization.without_status = true);
    let (_, answer) = ask_json(&mut w, "organizations", ACCOUNTS, "{}");
    assert_eq!((ids(&answer, "Accounts", "State").len(), ids(&answer, "Accounts", "Status").len()), (1, 0));
}

#[test]
fn units_that_contain_each_other_end_somewhere() {
    let mut w = world();
    w.organization("o-first").management(OURS).unit("ou-1", "ou-2").unit("ou-2", "ou-1").account(OUTSIDER, "ou-1");
    assert_eq!(ask_json(&mut w, "organizations", ACCOUNTS, "{}").0, 200);
}

#[test]
fn a_role_behind_a_role_has_an_hour_and_a_region_that_is_off_gives_no_credentials() {
    let mut w = world();
    w.account(OUTSIDER).role_with("long", None, |role| role.longest = SignedDuration::from_hours(12));
    let assume = format!("Action=AssumeRole&RoleArn=arn:aws:iam::{OUTSIDER}:role/long&RoleSessionName=here");
    let sts = super::asking::Caller { service: "sts", ..US };
    let first = ask(&mut w, sts, &format!("{assume}&DurationSeconds=43200"));
    let key = first.one("AccessKeyId").map(str::to_owned).unwrap_or_default();
    let chained = super::asking::Caller { key: &key, ..sts };
    assert_eq!(ask(&mut w, chained, &format!("{assume}&DurationSeconds=3601")).code(), Some("ValidationError"));
    assert_eq!(ask(&mut w, chained, &assume).status, 200);
    w.account(OURS).opt_in("eu-south-1");
    let there = super::asking::Caller { region: "eu-south-1", ..sts };
    assert_eq!(ask(&mut w, there, &assume).code(), Some("RegionDisabledException"));
    w.account(OUTSIDER).opt_in("eu-south-1");
    assert_eq!(ask(&mut w, there, &assume).status, 200);
    w.account(OUTSIDER).without_roles();
    assert_eq!(ask(&mut w, sts, &assume).code(), Some("AccessDenied"));
}

#[test]
fn a_truncated_answer_is_no_json_and_an_empty_body_is_empty() {
    let mut w = world();
    w.account(OURS).region(HERE).parameter("/a", "b");
    for (kind, expected) in [(FaultKind::TruncatedPage, None), (FaultKind::BareAnswer, Some(json!({})))] {
        w.inject(Fault::new(kind).first(1));
        let text = super::asking::reply_json(&mut w, "ssm", DESCRIBE, "{}").answer().map(|answer| answer.into_body());
        assert_eq!(serde_json::from_slice::<Value>(&text.unwrap_or_default()).ok(), expected);
        w.clear_faults();
    }
}
