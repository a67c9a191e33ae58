//! The services that speak JSON, where boto3 in `fidelity` does not already say so.

use super::asking::{Caller, HERE, OURS, OUTSIDER, US, ask, ask_json, ask_json_as, reply_json};
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
    let sts = Caller { service: "sts", ..US };
    let first = ask(&mut w, sts, &format!("{assume}&DurationSeconds=43200"));
    let key = first.one("AccessKeyId").map(str::to_owned).unwrap_or_default();
    let chained = Caller { key: &key, ..sts };
    assert_eq!(ask(&mut w, chained, &format!("{assume}&DurationSeconds=3601")).code(), Some("ValidationError"));
    assert_eq!(ask(&mut w, chained, &assume).status, 200);
    w.account(OURS).opt_in("eu-south-1");
    let there = Caller { region: "eu-south-1", ..sts };
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
        let text = reply_json(&mut w, Caller { service: "ssm", ..US }, DESCRIBE, "{}").answer().map(|answer| answer.into_body());
        assert_eq!(serde_json::from_slice::<Value>(&text.unwrap_or_default()).ok(), expected);
        w.clear_faults();
    }
}

const LOOKUP: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";

#[test]
fn an_event_can_come_after_a_later_one() {
    let mut w = world();
    let (late, soon) = (w.now() + SignedDuration::from_mins(15), w.now());
    w.account(OURS).region(HERE).failed_launch("ami-0000000000000000a").minutes_ago(1).visible_from(late).put();
    w.account(OURS).region(HERE).failed_launch("ami-0000000000000000b").visible_from(soon).put();
    let seen = |w: &mut World| ids(&ask_json(w, "cloudtrail", LOOKUP, "{}").1, "Events", "EventId").len();
    assert_eq!(seen(&mut w), 1);
    w.advance(SignedDuration::from_mins(15));
    assert_eq!(seen(&mut w), 2);
}

#[test]
fn the_trail_outlives_the_journal_for_ninety_days() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("golden").put();
    ask(&mut w, US, &format!("Action=DisableImage&ImageId={image}"));
    w.journal.clear();
    w.advance(SignedDuration::from_hours(90 * 24));
    assert_eq!(ids(&ask_json(&mut w, "cloudtrail", LOOKUP, "{}").1, "Events", "EventName"), ["DisableImage"]);
    w.advance(SignedDuration::from_secs(1));
    assert!(ids(&ask_json(&mut w, "cloudtrail", LOOKUP, "{}").1, "Events", "EventName").is_empty());
}

#[test]
fn what_never_arrived_or_came_from_nobody_is_not_written_down() {
    let mut w = world();
    let stranger = Caller { key: "AKIA999999999999", ..US };
    ask(&mut w, stranger, "Action=DisableImage&ImageId=ami-0000000000000000a");
    w.inject(Fault::new(FaultKind::TimeoutBefore).first(1));
    ask(&mut w, US, "Action=DisableImage&ImageId=ami-0000000000000000a");
    ask(&mut w, US, "Action=DescribeImages&Owner.1=self");
    assert!(w.events(OURS, HERE).is_empty());
    ask(&mut w, US, "Action=DisableImage&ImageId=ami-0000000000000000a");
    assert_eq!(w.events(OURS, HERE).len(), 1);
}

#[test]
fn each_partition_has_an_organization_of_its_own_in_a_region_of_its_own() {
    for (partition, home, elsewhere) in
        [("aws-cn", "cn-northwest-1", "cn-north-1"), ("aws-us-gov", "us-gov-west-1", "us-gov-east-1"), ("aws", "us-east-1", "us-west-2")]
    {
        let mut w = World::new(Timestamp::UNIX_EPOCH);
        w.account_in(partition, OURS);
        w.organization("o-first").management(OURS);
        let mut ask = |region| {
            let caller = Caller { region, service: "organizations", ..US };
            ask_json_as(&mut w, caller, "AWSOrganizationsV20161128.DescribeOrganization", "{}")
        };
        let arn = format!("arn:{partition}:organizations::{OURS}:organization/o-first");
        assert_eq!(ask(home).1.pointer("/Organization/Arn"), Some(&json!(arn)));
        assert_eq!(ask(elsewhere).1.get("__type"), Some(&json!("InvalidSignatureException")));
    }
}

#[test]
fn image_builder_and_image_references_know_the_same_recipes() {
    let mut w = world();
    let image = w.account(OURS).region(HERE).image("golden").put();
    let recipe = w.account(OURS).region(HERE).image_recipe("web", "1.0.0").parent_image(&image).put();
    let worker = w.account(OURS).region(HERE).container_recipe("worker", "1.0.0").instance_image(&image).put();
    w.account(OURS).region(HERE).image_recipe("theirs", "1.0.0").parent_image(&image).shared_by(OUTSIDER).put();
    let found = ask(&mut w, US, &format!("Action=DescribeImageReferences&IncludeAllResourceTypes=true&ImageId.1={image}"));
    assert_eq!(found.all("arn"), [worker, recipe]);
}
