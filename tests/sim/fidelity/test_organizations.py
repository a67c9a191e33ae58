"""Organizations and the roles of its members, as boto3 reads them."""

import pytest

from conftest import OURS, OUTSIDER
from test_paging import everything
from test_writes import refused

MEMBER, SUSPENDED, DELEGATED = "333333333333", "444444444444", "555555555555"
ROOT, PRODUCTION, WEB = "r-abcd", "ou-abcd-11111111", "ou-abcd-22222222"


@pytest.fixture
def organizations(company):
    return company.client("organizations")


def ids(listed):
    return [one["Id"] for one in listed]


def test_every_member_knows_its_organization(company):
    for account in (OURS, MEMBER, DELEGATED):
        organization = company.client("organizations", account=account).describe_organization()["Organization"]
        assert organization["Id"] == "o-abcdefghij"
        assert organization["Arn"] == f"arn:aws:organizations::{OURS}:organization/o-abcdefghij"
        assert (organization["MasterAccountId"], organization["FeatureSet"]) == (OURS, "ALL")
    alone = company.client("organizations", account=OUTSIDER)
    refused("AWSOrganizationsNotInUseException", alone.describe_organization)
    refused("AWSOrganizationsNotInUseException", alone.list_accounts)


def test_only_management_and_delegated_administrators_list(company, organizations):
    member = company.client("organizations", account=MEMBER)
    calls = {
        "list_accounts": {},
        "list_roots": {},
        "list_organizational_units_for_parent": {"ParentId": ROOT},
        "list_accounts_for_parent": {"ParentId": ROOT},
        "list_parents": {"ChildId": MEMBER},
    }
    for client in (organizations, company.client("organizations", account=DELEGATED)):
        for operation, arguments in calls.items():
            assert getattr(client, operation)(**arguments)
    for operation, arguments in calls.items():
        refused("AccessDeniedException", getattr(member, operation), **arguments)


def test_accounts_page_at_twenty_and_tell_their_state(organizations):
    assert len(organizations.list_accounts()["Accounts"]) == 20
    whole, pages = everything(organizations, "list_accounts", "Accounts")
    assert (len(whole), pages) == (24, 2)
    accounts = {account["Id"]: account for account in whole}
    assert accounts[SUSPENDED]["Status"] == accounts[SUSPENDED]["State"] == "SUSPENDED"
    assert accounts[MEMBER]["Status"] == "ACTIVE"
    assert accounts[MEMBER]["Arn"] == f"arn:aws:organizations::{OURS}:account/o-abcdefghij/{MEMBER}"
    assert accounts[MEMBER]["Paths"] == [f"o-abcdefghij/{ROOT}/{PRODUCTION}/{WEB}/{MEMBER}/"]
    refused("InvalidInputException", organizations.list_accounts, MaxResults=21)
    refused("InvalidInputException", organizations.list_accounts, NextToken="made-up")


def test_the_tree_can_be_walked_down_and_up(organizations):
    assert ids(organizations.list_roots()["Roots"]) == [ROOT]
    units = organizations.list_organizational_units_for_parent(ParentId=ROOT)["OrganizationalUnits"]
    assert ids(units) == [PRODUCTION]
    assert units[0]["Arn"] == f"arn:aws:organizations::{OURS}:ou/o-abcdefghij/{PRODUCTION}"
    assert ids(organizations.list_accounts_for_parent(ParentId=WEB)["Accounts"]) == [MEMBER]
    assert ids(organizations.list_accounts_for_parent(ParentId=ROOT)["Accounts"]) == [OURS, DELEGATED]
    whole, pages = everything(organizations, "list_accounts_for_parent", "Accounts", ParentId=PRODUCTION)
    assert (len(whole), pages) == (21, 2)
    parent = lambda child: organizations.list_parents(ChildId=child)["Parents"]
    assert parent(MEMBER) == [{"Id": WEB, "Type": "ORGANIZATIONAL_UNIT"}]
    assert parent(WEB) == [{"Id": PRODUCTION, "Type": "ORGANIZATIONAL_UNIT"}]
    assert parent(PRODUCTION) == parent(OURS) == [{"Id": ROOT, "Type": "ROOT"}]
    refused("ParentNotFoundException", organizations.list_accounts_for_parent, ParentId="ou-abcd-99999999")
    refused("InvalidInputException", organizations.list_accounts_for_parent, ParentId="nonsense")
    refused("ChildNotFoundException", organizations.list_parents, ChildId=OUTSIDER)


def test_a_member_that_leaves_is_gone(company, organizations):
    company.leave(MEMBER)
    assert MEMBER not in ids(everything(organizations, "list_accounts", "Accounts")[0])
    refused("ChildNotFoundException", organizations.list_parents, ChildId=MEMBER)
    left = company.client("organizations", account=MEMBER)
    refused("AWSOrganizationsNotInUseException", left.describe_organization)


def test_it_is_signed_for_one_region(company):
    refused("InvalidSignatureException", company.client("organizations", region="eu-west-1").describe_organization)


def test_sharing_with_a_unit_reaches_the_units_below_it_and_ends_with_leaving(company):
    ec2 = company.client("ec2")
    image = ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["golden-1"]}])["Images"][0]["ImageId"]
    unit = f"arn:aws:organizations::{OURS}:ou/o-abcdefghij/{PRODUCTION}"
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"OrganizationalUnitArn": unit}]})
    seen = lambda account: bool(company.client("ec2", account=account).describe_images(Filters=[{"Name": "image-id", "Values": [image]}])["Images"])
    assert [seen(account) for account in (MEMBER, DELEGATED, OUTSIDER)] == [True, False, False]
    company.leave(MEMBER)
    assert not seen(MEMBER)


def test_roles_ask_for_the_external_id_and_trust_whom_they_trust(company):
    sts = company.client("sts", region="eu-west-1")
    role = {"RoleArn": f"arn:aws:iam::{MEMBER}:role/warden", "RoleSessionName": "ami-warden-1"}
    session = sts.assume_role(**role, ExternalId="the-id")
    assert session["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{MEMBER}:assumed-role/warden/ami-warden-1"
    refused("AccessDenied", sts.assume_role, **role)
    refused("AccessDenied", sts.assume_role, **role, ExternalId="another")
    refused("AccessDenied", company.client("sts", account=DELEGATED).assume_role, **role, ExternalId="the-id")
    missing = {**role, "RoleArn": f"arn:aws:iam::{MEMBER}:role/missing"}
    refused("AccessDenied", sts.assume_role, **missing, ExternalId="the-id")
    suspended = {**role, "RoleArn": f"arn:aws:iam::{SUSPENDED}:role/warden"}
    refused("AccessDenied", sts.assume_role, **suspended)
    refused("ValidationError", sts.assume_role, **{**role, "RoleSessionName": "with space"}, ExternalId="the-id")
    refused("ValidationError", sts.assume_role, **role, ExternalId="the-id", DurationSeconds=7200)
    entries = [entry for entry in company.journal() if entry["action"] == "AssumeRole"]
    assert (entries[0]["region"], entries[0]["outcome"]) == ("eu-west-1", "ok")
    assert (entries[0]["params"]["ExternalId"], entries[0]["params"]["RoleSessionName"]) == ("the-id", "ami-warden-1")
    there = company.client("ec2", session=session["Credentials"])
    there.describe_images(Owners=["self"])
    assert company.journal()[-1]["caller"] == session["AssumedRoleUser"]["Arn"]
    assert company.journal()[-1]["principal"] == f"arn:aws:iam::{MEMBER}:role/warden"
    company.advance(hours=1)
    refused("RequestExpired", there.describe_images)
