//! Organizations: who is in it and where, read only.

use serde_json::{Map, Value, json};

use crate::api::{Answered, Api, Call, Done};
use crate::buckets::ORGANIZATIONS;
use crate::error::AwsError;
use crate::paging::{Sizes, page};
use crate::world::World;
use crate::world::organization::{Member, Organization};

type Run = fn(&mut World, &Call) -> Answered;

const fn read(name: &'static str, params: &'static [&'static str], run: Run) -> Api {
    Api { name, mutating: false, limit: ORGANIZATIONS, params, run }
}

pub(crate) const APIS: &[Api] = &[
    read("DescribeOrganization", &[], describe),
    read("ListAccounts", &["MaxResults", "NextToken"], list_accounts),
    read("ListRoots", &["MaxResults", "NextToken"], list_roots),
    read("ListOrganizationalUnitsForParent", &["ParentId", "MaxResults", "NextToken"], list_units),
    read("ListAccountsForParent", &["ParentId", "MaxResults", "NextToken"], list_accounts_of),
    read("ListParents", &["ChildId", "MaxResults", "NextToken"], list_parents),
];

const SIZES: Sizes = Sizes {
    parameter: "MaxResults",
    least: 1,
    most: 20,
    default: Some(20),
    bad_token: "InvalidInputException",
    bad_size: "InvalidInputException",
};

/// The Region that signs for the whole partition.
pub(crate) fn home(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-northwest-1",
        "aws-us-gov" => "us-gov-west-1",
        _ => "us-east-1",
    }
}

/// The caller's organization.
fn own<'w>(world: &'w World, call: &Call) -> Result<&'w Organization, AwsError> {
    let home = home(world.partition(call.account()));
    if call.region != home {
        let message = format!("Credential should be scoped to a valid region. AWS Organizations is signed for {home}.");
        return Err(AwsError::client("InvalidSignatureException", message));
    }
    world
        .organization_of(call.account())
        .ok_or_else(|| AwsError::client("AWSOrganizationsNotInUseException", "Your account is not a member of an organization."))
}

/// The same, for its management account and its delegated administrators only: "You can only call this operation from
/// the management account or a member account that is a delegated administrator."
fn administered<'w>(world: &'w World, call: &Call) -> Result<&'w Organization, AwsError> {
    let organization = own(world, call)?;
    if call.account() == organization.management || organization.delegated.contains(call.account()) {
        return Ok(organization);
    }
    Err(AwsError::client("AccessDeniedException", "You don't have permissions to access this resource."))
}

fn describe(world: &mut World, call: &Call) -> Answered {
    let organization = own(world, call)?;
    let Organization { id, management, members, .. } = organization;
    let arn = |what: &str| organization.arn(world.partition(call.account()), what);
    Ok(Done::json(json!({ "Organization": {
        "Id": id,
        "Arn": arn(&format!("organization/{id}")),
        "FeatureSet": "ALL",
        "MasterAccountArn": arn(&format!("account/{id}/{management}")),
        "MasterAccountId": management,
        "MasterAccountEmail": members.get(management).map(|member| member.email.as_str()),
        "AvailablePolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }],
    }})))
}

/// A listing under its name, and the token that leads on.
fn listed(world: &World, call: &Call, name: &str, found: Vec<(String, Value)>) -> Answered {
    let page = page(world, call, SIZES, found)?;
    let mut answer = Map::from_iter([(name.to_owned(), Value::from(page.items))]);
    if let Some(next) = page.next {
        answer.insert("NextToken".to_owned(), Value::from(next));
    }
    Ok(Done::json(Value::Object(answer)))
}

fn account(world: &World, call: &Call, organization: &Organization, id: &str, member: &Member) -> Value {
    let Member { name, email, status, invited, joined, parent } = member;
    let mut fields = json!({
        "Id": id,
        "Arn": organization.arn(world.partition(call.account()), &format!("account/{}/{id}", organization.id)),
        "Email": email,
        "Name": name,
        "State": status.as_str(),
        "JoinedMethod": if *invited { "INVITED" } else { "CREATED" },
        "JoinedTimestamp": joined.as_second(),
    });
    if let Some(fields) = fields.as_object_mut().filter(|_| !organization.without_status) {
        fields.insert("Status".to_owned(), Value::from(status.as_str()));
    }
    if let Some(fields) = fields.as_object_mut().filter(|_| !organization.without_paths) {
        fields.insert("Paths".to_owned(), json!([format!("{}{id}/", organization.path(parent))]));
    }
    fields
}

fn accounts(world: &World, call: &Call, organization: &Organization, parent: Option<&str>) -> Answered {
    let members = organization.members.iter().filter(|(_, member)| parent.is_none_or(|parent| member.parent == parent));
    let found = members.map(|(id, member)| (id.clone(), account(world, call, organization, id, member))).collect();
    listed(world, call, "Accounts", found)
}

fn list_accounts(world: &mut World, call: &Call) -> Answered {
    let organization = administered(world, call)?;
    accounts(world, call, organization, None)
}

fn list_accounts_of(world: &mut World, call: &Call) -> Answered {
    let organization = administered(world, call)?;
    let parent = parent(call, organization)?;
    accounts(world, call, organization, Some(parent))
}

fn list_roots(world: &mut World, call: &Call) -> Answered {
    let organization = administered(world, call)?;
    let Organization { id, root, .. } = organization;
    let found = json!({
        "Id": root,
        "Arn": organization.arn(world.partition(call.account()), &format!("root/{id}/{root}")),
        "Name": "Root",
        "PolicyTypes": [{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }],
    });
    listed(world, call, "Roots", vec![(root.clone(), found)])
}

/// The root or unit a call names.
fn parent<'c>(call: &'c Call, organization: &Organization) -> Result<&'c str, AwsError> {
    let parent = call.params.get("ParentId").unwrap_or_default();
    if !parent.starts_with("r-") && !parent.starts_with("ou-") {
        return Err(AwsError::client("InvalidInputException", "You specified an invalid value for ParentId."));
    }
    let message = "You specified a parent that doesn't exist.";
    organization.has_parent(parent).then_some(parent).ok_or_else(|| AwsError::client("ParentNotFoundException", message))
}

fn list_units(world: &mut World, call: &Call) -> Answered {
    let organization = administered(world, call)?;
    let parent = parent(call, organization)?;
    let below = organization.units.iter().filter(|(_, unit)| unit.parent == parent);
    let found = below.map(|(id, unit)| {
        let unit = json!({
            "Id": id,
            "Arn": organization.arn(world.partition(call.account()), &format!("ou/{}/{id}", organization.id)),
            "Name": unit.name,
            "Path": organization.path(id),
        });
        (id.clone(), unit)
    });
    listed(world, call, "OrganizationalUnits", found.collect())
}

fn list_parents(world: &mut World, call: &Call) -> Answered {
    let organization = administered(world, call)?;
    let child = call.params.get("ChildId").unwrap_or_default();
    let unit = organization.units.get(child).map(|unit| &unit.parent);
    let parent = unit.or_else(|| organization.members.get(child).map(|member| &member.parent));
    let parent = parent.ok_or_else(|| AwsError::client("ChildNotFoundException", "You specified a child that doesn't exist."))?;
    let kind = if *parent == organization.root { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
    listed(world, call, "Parents", vec![(parent.clone(), json!({ "Id": parent, "Type": kind }))])
}
