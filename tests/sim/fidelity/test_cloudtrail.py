"""CloudTrail's LookupEvents, as boto3 reads it."""

import datetime
import json

import pytest

from conftest import OURS, OUTSIDER
from test_paging import everything
from test_reads import by_name
from test_writes import refused

MEMBER = "333333333333"
NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.timezone.utc)


@pytest.fixture
def trail(company):
    return company.client("cloudtrail")


@pytest.fixture
def golden(company):
    return by_name(company.client("ec2"), "golden-3")["ImageId"]


def lookup(client, key=None, value=None, **arguments):
    if key:
        arguments["LookupAttributes"] = [{"AttributeKey": key, "AttributeValue": value}]
    return everything(client, "lookup_events", "Events", **arguments)[0]


def record(event):
    return json.loads(event["CloudTrailEvent"])


def test_an_event_becomes_visible_after_a_lag(company, trail, golden):
    ec2 = company.client("ec2")
    ec2.disable_image(ImageId=golden)
    assert lookup(trail, "EventName", "DisableImage") == []
    company.advance(minutes=4)
    assert lookup(trail, "EventName", "DisableImage") == []
    company.advance(minutes=1)
    event = lookup(trail, "EventName", "DisableImage")[0]
    assert event["EventTime"] == NOW
    assert (event["EventSource"], event["ReadOnly"], event["Username"]) == ("ec2.amazonaws.com", "false", "simulated")
    assert event["Resources"] == [{"ResourceType": "AWS::EC2::Ami", "ResourceName": golden}]
    written = record(event)
    assert written["requestParameters"] == {"DisableImageRequest": {"ImageId": golden}}
    assert (written["eventTime"], written["awsRegion"], written["eventID"]) == ("2026-06-01T12:00:00Z", "us-east-1", event["EventId"])
    assert written["userIdentity"]["arn"] == f"arn:aws:iam::{OURS}:user/simulated"
    assert "errorCode" not in written


def test_what_each_change_looks_like(company, trail, golden):
    company.set(trail_lag_seconds=0)
    ec2 = company.client("ec2")
    snapshot = by_name(ec2, "golden-3")["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    ec2.modify_image_attribute(ImageId=golden, LaunchPermission={"Add": [{"Group": "all"}, {"UserId": OUTSIDER}]})
    ec2.reset_image_attribute(ImageId=golden, Attribute="launchPermission")
    ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", OperationType="add", UserIds=[OUTSIDER]
    )
    copy = ec2.copy_image(Name="copy", SourceImageId=golden, SourceRegion="us-east-1")["ImageId"]
    ec2.create_tags(Resources=[golden], Tags=[{"Key": "k", "Value": "v"}])
    launched = ec2.run_instances(ImageId=golden, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.enable_image_deprecation(ImageId=golden, DeprecateAt="2026-07-01T00:00:00Z")
    ec2.deregister_image(ImageId=golden)
    written = {event["EventName"]: record(event) for event in lookup(trail, StartTime=NOW)}
    asked = {name: one["requestParameters"] for name, one in written.items()}
    shared = {"items": [{"group": "all"}, {"userId": OUTSIDER}]}
    assert asked["ModifyImageAttribute"] == {
        "imageId": golden, "attributeType": "launchPermission", "launchPermission": {"add": shared},
    }
    assert asked["ResetImageAttribute"] == {"imageId": golden, "attribute": "launchPermission"}
    assert asked["ModifySnapshotAttribute"] == {
        "snapshotId": snapshot, "attributeType": "CREATE_VOLUME_PERMISSION",
        "createVolumePermission": {"add": {"items": [{"userId": OUTSIDER}]}},
    }
    assert (asked["CopyImage"]["sourceImageId"], asked["CopyImage"]["sourceRegion"]) == (golden, "us-east-1")
    assert written["CopyImage"]["responseElements"]["imageId"] == copy
    assert asked["CreateTags"]["resourcesSet"] == {"items": [{"resourceId": golden}]}
    assert asked["CreateTags"]["tagSet"] == {"items": [{"key": "k", "value": "v"}]}
    assert asked["RunInstances"]["instancesSet"]["items"] == [{"imageId": golden, "minCount": 1, "maxCount": 1}]
    assert written["RunInstances"]["responseElements"]["instancesSet"]["items"] == [{"instanceId": launched}]
    assert asked["EnableImageDeprecation"]["EnableImageDeprecationRequest"]["ImageId"] == golden
    assert asked["DeregisterImage"] == {"imageId": golden}
    assert lookup(trail, "ResourceName", copy)[0]["EventName"] == "CopyImage"


def test_a_failed_launch_names_the_image(company, trail, golden):
    company.set(trail_lag_seconds=0)
    ec2 = company.client("ec2")
    ec2.disable_image(ImageId=golden)
    refused("InvalidAMIID.Unavailable", ec2.run_instances, ImageId=golden, MinCount=1, MaxCount=1)
    event = lookup(trail, "EventName", "RunInstances")[0]
    written = record(event)
    assert written["errorCode"] == "Client.InvalidAMIID.Unavailable"
    assert golden in written["errorMessage"]
    assert written["requestParameters"]["instancesSet"]["items"][0]["imageId"] == golden
    assert written["responseElements"] is None


def test_a_launch_through_a_template_names_its_image_only_in_the_error(company, trail, golden):
    company.set(trail_lag_seconds=0)
    company.template("web", golden)
    ec2 = company.client("ec2")
    ec2.disable_image(ImageId=golden)
    template = ec2.describe_launch_templates(LaunchTemplateNames=["web"])["LaunchTemplates"][-1]["LaunchTemplateId"]
    launch = {"LaunchTemplate": {"LaunchTemplateId": template}, "MinCount": 1, "MaxCount": 1}
    refused("InvalidAMIID.Unavailable", ec2.run_instances, **launch)
    written = record(lookup(trail, "EventName", "RunInstances")[0])
    assert golden in written["errorMessage"]
    assert golden not in json.dumps(written["requestParameters"])
    assert written["requestParameters"]["launchTemplate"] == {"launchTemplateId": template}


def test_the_trail_knows_what_happened_behind_a_lost_answer(company, trail, golden):
    company.set(trail_lag_seconds=0)
    ec2 = company.client("ec2", read_timeout=1)
    for kind, happened in (("reset-before", []), ("reset-after", [None]), ("deny", ["Client.UnauthorizedOperation"])):
        company.fault(kind, action="ResetImageAttribute", first=1)
        with pytest.raises(Exception):
            ec2.reset_image_attribute(ImageId=golden, Attribute="launchPermission")
        seen = [record(event).get("errorCode") for event in lookup(trail, "EventName", "ResetImageAttribute")]
        assert seen[: len(happened)] == happened
        company.clear_faults()
    dry = {"ImageId": golden, "DryRun": True}
    refused("DryRunOperation", ec2.disable_image, **dry)
    assert record(lookup(trail, "EventName", "DisableImage")[0])["errorCode"] == "Client.DryRunOperation"


def test_filters_and_times(company, trail, golden):
    member = company.client("cloudtrail", account=MEMBER)
    failed = lookup(member, "ResourceName", golden)
    assert [record(event)["errorCode"] for event in failed] == ["Client.InvalidAMIID.Unavailable"]
    assert record(failed[0])["recipientAccountId"] == MEMBER
    names = lambda *arguments, **times: [event["EventName"] for event in lookup(trail, *arguments, **times)]
    assert names() == ["DescribeImages", "RunInstances"], "newest first, and 90 days back"
    assert names("ReadOnly", "true") == ["DescribeImages"]
    assert names("ReadOnly", "false") == ["RunInstances"]
    assert names("EventSource", "ec2.amazonaws.com") == ["DescribeImages", "RunInstances"]
    assert names("Username", "nobody") == []
    assert names(StartTime=NOW - datetime.timedelta(hours=1)) == ["DescribeImages"]
    assert names(EndTime=NOW - datetime.timedelta(hours=1)) == ["RunInstances"]
    assert lookup(company.client("cloudtrail", region="eu-west-1")) == []
    service = record(lookup(trail, "EventName", "RunInstances")[0])["userIdentity"]
    assert service == {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}
    refused("InvalidTimeRangeException", trail.lookup_events, StartTime=NOW, EndTime=NOW - datetime.timedelta(hours=1))
    attribute = {"AttributeKey": "EventName", "AttributeValue": "x"}
    refused("InvalidLookupAttributesException", trail.lookup_events, LookupAttributes=[attribute] * 2)
    refused("InvalidMaxResultsException", trail.lookup_events, MaxResults=51)
    refused("InvalidNextTokenException", trail.lookup_events, NextToken="made-up")


def test_pages_of_fifty_newest_first(company, trail, golden):
    company.set(trail_lag_seconds=0)
    ec2 = company.client("ec2")
    for n in range(60):
        company.advance(seconds=1)
        ec2.create_tags(Resources=[golden], Tags=[{"Key": "n", "Value": str(n)}])
    assert len(trail.lookup_events()["Events"]) == 50
    events, pages = everything(trail, "lookup_events", "Events", LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateTags"}])
    tags = [record(event)["requestParameters"]["tagSet"]["items"][0]["value"] for event in events]
    assert tags == [str(n) for n in reversed(range(60))]
    assert pages == 2


def test_two_lookups_a_second(company, trail):
    company.set(throttling="true")
    for _ in range(2):
        trail.lookup_events()
    refused("ThrottlingException", trail.lookup_events)
    company.advance(seconds=1)
    assert trail.lookup_events()


def test_a_session_is_written_with_the_role_behind_it(company):
    company.set(trail_lag_seconds=0)
    session = company.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{MEMBER}:role/warden", RoleSessionName="ami-warden-7", ExternalId="the-id"
    )["Credentials"]
    image = "ami-0fffffffffffffff1"
    refused("InvalidAMIID.NotFound", company.client("ec2", session=session).disable_image, ImageId=image)
    event = lookup(company.client("cloudtrail", session=session), "EventName", "DisableImage")[0]
    assert (event["Username"], event["AccessKeyId"]) == ("ami-warden-7", session["AccessKeyId"])
    identity = record(event)["userIdentity"]
    assert (identity["type"], identity["arn"]) == ("AssumedRole", f"arn:aws:sts::{MEMBER}:assumed-role/warden/ami-warden-7")
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == f"arn:aws:iam::{MEMBER}:role/warden"
