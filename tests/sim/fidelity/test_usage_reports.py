"""Image usage reports: who else uses an image, how late that is known, and how long."""

import datetime

import pytest

from conftest import OUTSIDER
from test_reads import by_name
from test_writes import refused

BOTH = [{"ResourceType": "ec2:Instance"}, {"ResourceType": "ec2:LaunchTemplate"}]


@pytest.fixture
def shared(ec2):
    return by_name(ec2, "partner")["ImageId"]


def launch(sim, image, count):
    client = sim.client("ec2", account=OUTSIDER)
    return client.run_instances(ImageId=image, MinCount=count, MaxCount=count)["Instances"]


def entries(ec2, **arguments):
    found = ec2.describe_image_usage_report_entries(**arguments)["ImageUsageReportEntries"]
    return {(entry["AccountId"], entry["ResourceType"]): entry["UsageCount"] for entry in found}


def test_a_report_is_pending_and_then_tells_who_uses_an_image(sim, ec2, shared):
    launch(sim, shared, 3)
    ec2.run_instances(ImageId=shared, MinCount=1, MaxCount=1)
    sim.advance(hours=24)
    report = ec2.create_image_usage_report(ImageId=shared, ResourceTypes=BOTH)["ReportId"]
    assert report.startswith("amiur-")
    told = ec2.describe_image_usage_reports(ReportIds=[report])["ImageUsageReports"][0]
    assert (told["State"], told["ImageId"], told["ResourceTypes"]) == ("pending", shared, BOTH)
    assert told["ExpirationTime"] - told["CreationTime"] == datetime.timedelta(days=30)
    assert entries(ec2, ReportIds=[report]) == {}
    sim.advance(minutes=5)
    assert ec2.describe_image_usage_reports(ImageIds=[shared])["ImageUsageReports"][0]["State"] == "available"
    assert entries(ec2, ImageIds=[shared]) == {(OUTSIDER, "ec2:Instance"): 3}, "the owner's own is not in it"


def test_the_last_day_is_not_in_it(sim, ec2, shared):
    launch(sim, shared, 1)
    sim.advance(hours=12)
    ec2.create_image_usage_report(ImageId=shared, ResourceTypes=BOTH)
    sim.advance(minutes=5)
    assert entries(ec2) == {}
    sim.advance(hours=12)
    ec2.create_image_usage_report(ImageId=shared, ResourceTypes=BOTH)
    sim.advance(minutes=5)
    assert entries(ec2) == {(OUTSIDER, "ec2:Instance"): 1}


def test_a_report_can_look_at_some_accounts_only(sim, ec2, shared):
    sim.set(usage_report_lag_seconds=0)
    launch(sim, shared, 1)
    ec2.create_image_usage_report(ImageId=shared, ResourceTypes=BOTH, AccountIds=["333333333333"])
    sim.advance(minutes=5)
    assert entries(ec2) == {}
    assert ec2.describe_image_usage_reports()["ImageUsageReports"][0]["AccountIds"] == ["333333333333"]


def test_the_filters_of_entries(rich):
    ec2 = rich.client("ec2")
    both = {(OUTSIDER, "ec2:Instance"): 3, (OUTSIDER, "ec2:LaunchTemplate"): 1}
    assert entries(ec2) == entries(ec2, Filters=[{"Name": "account-id", "Values": [OUTSIDER]}]) == both
    assert len(entries(ec2, Filters=[{"Name": "resource-type", "Values": ["ec2:Instance"]}])) == 1
    failed = ec2.describe_image_usage_reports(Filters=[{"Name": "state", "Values": ["error"]}])["ImageUsageReports"]
    assert [report["StateReason"] for report in failed] == ["an internal error"]


def test_one_report_at_a_time_for_an_image(sim, ec2, shared):
    arguments = {"ImageId": shared, "ResourceTypes": BOTH, "ClientToken": "one"}
    first = ec2.create_image_usage_report(**arguments)["ReportId"]
    assert ec2.create_image_usage_report(**arguments)["ReportId"] == first
    refused("IdempotentParameterMismatch", ec2.create_image_usage_report, **(arguments | {"AccountIds": [OUTSIDER]}))
    refused("ResourceLimitExceeded", ec2.create_image_usage_report, ImageId=shared, ResourceTypes=BOTH)
    ec2.create_image_usage_report(ImageId=by_name(ec2, "leaked")["ImageId"], ResourceTypes=BOTH)
    sim.advance(minutes=5)
    second = ec2.create_image_usage_report(ImageId=shared, ResourceTypes=BOTH)["ReportId"]
    assert second != first
    assert ec2.delete_image_usage_report(ReportId=second)["Return"] is True
    refused("InvalidImageUsageReportId.NotFound", ec2.delete_image_usage_report, ReportId=second)


def test_a_report_is_kept_for_thirty_days(sim, ec2, shared):
    ec2.create_image_usage_report(ImageId=shared, ResourceTypes=BOTH)
    sim.advance(days=29)
    assert len(ec2.describe_image_usage_reports()["ImageUsageReports"]) == 1
    sim.advance(days=1)
    assert ec2.describe_image_usage_reports()["ImageUsageReports"] == []


def test_tags_and_options_of_a_report(sim, ec2, shared):
    options = [{"OptionName": "version-depth", "OptionValues": ["100"]}]
    kinds = [{"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": options}]
    tags = [{"ResourceType": "image-usage-report", "Tags": [{"Key": "by", "Value": "warden"}]}]
    ec2.create_image_usage_report(ImageId=shared, ResourceTypes=kinds, TagSpecifications=tags)
    assert sim.journal()[-1]["iam_actions"] == ["ec2:CreateImageUsageReport", "ec2:CreateTags"]
    report = ec2.describe_image_usage_reports(Filters=[{"Name": "tag:by", "Values": ["warden"]}])["ImageUsageReports"][0]
    assert (report["ResourceTypes"], report["Tags"]) == (kinds, tags[0]["Tags"])
    ec2.create_tags(Resources=[report["ReportId"]], Tags=[{"Key": "more", "Value": ""}])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"ResourceTypes": []}, "MissingParameter"),
        ({"ResourceTypes": [{"ResourceType": "ssm:Parameter"}]}, "InvalidParameterValue"),
        ({"ResourceTypes": BOTH, "AccountIds": [OUTSIDER] * 201}, "InvalidParameterValue"),
        ({"ResourceTypes": BOTH, "TagSpecifications": [{"ResourceType": "image", "Tags": []}]}, "InvalidParameterValue"),
    ],
)
def test_reports_that_are_refused(ec2, shared, arguments, code):
    refused(code, ec2.create_image_usage_report, ImageId=shared, **arguments)


def test_only_the_owner_can_ask(sim, shared):
    other = sim.client("ec2", account=OUTSIDER)
    refused("AuthFailure", other.create_image_usage_report, ImageId=shared, ResourceTypes=BOTH)
