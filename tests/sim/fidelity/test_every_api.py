"""Each API of the table: its elements are the model's, its faults work, its calls are journalled as what they are."""

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionClosedError, PaginationError
from botocore.parsers import ResponseParserError

from test_paging import everything
from test_reads import by_name
from test_wire_names import watched  # noqa: F401, a fixture


def full(rich):
    return by_name(rich.client("ec2"), "full")["ImageId"]


def loose(rich):
    filters = [{"Name": "description", "Values": ["left behind"]}]
    return rich.client("ec2").describe_snapshots(Filters=filters)["Snapshots"][0]["SnapshotId"]


def held(rich):
    filters = [{"Name": "tag:held", "Values": ["yes"]}]
    return rich.client("ec2").describe_snapshots(Filters=filters)["Snapshots"][0]["SnapshotId"]


def report(rich):
    return rich.client("ec2").describe_image_usage_reports()["ImageUsageReports"][0]["ReportId"]


#: Name, what the answer's list is called (for those that page), and what it takes to be asked.
READS = [
    ("ec2", "DescribeSpotFleetRequests", "SpotFleetRequestConfigs", {}),
    ("ec2", "DescribeSpotInstanceRequests", "SpotInstanceRequests", {}),
    ("ec2", "DescribeFleets", "Fleets", {}),
    (
        "ec2",
        "DescribeImageReferences",
        "ImageReferences",
        lambda rich: {"ImageIds": [full(rich)], "IncludeAllResourceTypes": True},
    ),
    ("ec2", "DescribeFastSnapshotRestores", "FastSnapshotRestores", {}),
    ("ec2", "DescribeLockedSnapshots", "Snapshots", {}),
    ("ec2", "GetImageBlockPublicAccessState", None, {}),
    ("ec2", "GetSnapshotBlockPublicAccessState", None, {}),
    ("ec2", "GetAllowedImagesSettings", None, {}),
    ("autoscaling", "DescribeScalingActivities", "Activities", {}),
    ("ec2", "DescribeImageUsageReports", "ImageUsageReports", {}),
    ("ec2", "DescribeImageUsageReportEntries", "ImageUsageReportEntries", {}),
]

#: Name, and what it takes to have an effect on the rich estate.
WRITES = [
    ("ec2", "EnableFastSnapshotRestores", lambda rich: {"SourceSnapshotIds": [loose(rich)], "AvailabilityZones": ["us-east-1b"]}),
    ("ec2", "DisableFastSnapshotRestores", lambda rich: {"SourceSnapshotIds": [held(rich)], "AvailabilityZones": ["us-east-1a"]}),
    ("ec2", "LockSnapshot", lambda rich: {"SnapshotId": loose(rich), "LockMode": "compliance", "CoolOffPeriod": 2, "LockDuration": 9}),
    ("ec2", "UnlockSnapshot", lambda rich: {"SnapshotId": held(rich)}),
    ("ec2", "EnableImageBlockPublicAccess", {"ImageBlockPublicAccessState": "block-new-sharing"}),
    ("ec2", "DisableImageBlockPublicAccess", {}),
    ("ec2", "EnableSnapshotBlockPublicAccess", {"State": "block-all-sharing"}),
    ("ec2", "DisableSnapshotBlockPublicAccess", {}),
    ("ec2", "EnableAllowedImagesSettings", {"AllowedImagesSettingsState": "audit-mode"}),
    ("ec2", "DisableAllowedImagesSettings", {}),
    ("ec2", "ReplaceImageCriteriaInAllowedImagesSettings", {"ImageCriteria": [{"ImageProviders": ["amazon"]}]}),
    ("ec2", "CreateImageUsageReport", lambda rich: {"ImageId": full(rich), "ResourceTypes": [{"ResourceType": "ec2:Instance"}]}),
    ("ec2", "DeleteImageUsageReport", lambda rich: {"ReportId": report(rich)}),
    ("autoscaling", "SetDesiredCapacity", {"AutoScalingGroupName": "web", "DesiredCapacity": 1}),
    ("ec2", "EnableImageDeregistrationProtection", lambda rich: {"ImageId": full(rich)}),
    ("ec2", "DisableImageDeregistrationProtection", lambda rich: {"ImageId": full(rich)}),
]

PAGED = [read for read in READS if read[2]]


def ids(table):
    return [line[1] for line in table]


def asked(rich, arguments):
    return arguments(rich) if callable(arguments) else arguments


def throttle_code(service):
    return {"ec2": "RequestLimitExceeded", "autoscaling": "Throttling"}[service]


def denied_code(service):
    return {"ec2": "UnauthorizedOperation", "autoscaling": "AccessDenied"}[service]


@pytest.mark.parametrize(("service", "name", "key", "arguments"), READS, ids=ids(READS))
def test_reads_send_what_the_model_knows(rich, watched, service, name, key, arguments):  # noqa: F811
    arguments = asked(rich, arguments)
    client = watched.client(service)
    answer = getattr(client, xform_name(name))(**arguments)
    assert watched.operations == [name]
    assert key is None or answer[key], "the rich estate has one to show"
    entry = rich.journal()[-1]
    assert (entry["action"], entry["mutating"], entry["effect"]) == (name, False, False)
    assert f"{service}:{name}" in entry["iam_actions"]


@pytest.mark.parametrize(("service", "name", "key", "arguments"), READS, ids=ids(READS))
def test_reads_fail_as_they_are_told_to(rich, service, name, key, arguments):
    arguments = asked(rich, arguments)
    call = getattr(rich.client(service), xform_name(name))
    for kind, code in (("deny", denied_code(service)), ("throttle", throttle_code(service))):
        rich.fault(kind, action=name, first=1)
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        assert caught.value.response["Error"]["Code"] == code
    rich.clear_faults()
    rich.fault("truncated-page", action=name, first=1)
    with pytest.raises(ResponseParserError):
        call(**arguments)
    assert call(**arguments)["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(("service", "name", "key", "arguments"), PAGED, ids=ids(PAGED))
def test_pages_are_the_whole_and_a_loop_is_noticed(rich, service, name, key, arguments):
    arguments = asked(rich, arguments)
    client = rich.client(service)
    call = xform_name(name)
    whole = getattr(client, call)(**arguments)[key]
    rich.set(page_limit=1)
    size = {"ec2": "MaxResults", "autoscaling": "MaxRecords"}[service]
    first = getattr(client, call)(**arguments, **{size: 5})
    assert first[key] == whole[:1]
    assert ("NextToken" in first) == (len(whole) > 1)
    if client.can_paginate(call):
        parts, pages = everything(client, call, key, 5, **arguments)
        assert (parts, pages) == (whole, len(whole))
        rich.fault("looping-token", action=name)
        with pytest.raises(PaginationError):
            everything(client, call, key, 5, **arguments)


@pytest.mark.parametrize(("service", "name", "arguments"), WRITES, ids=ids(WRITES))
def test_writes_send_what_the_model_knows_and_are_journalled(rich, watched, service, name, arguments):  # noqa: F811
    arguments = asked(rich, arguments)
    getattr(watched.client(service), xform_name(name))(**arguments)
    assert watched.operations == [name]
    entry = rich.journal()[-1]
    assert (entry["action"], entry["mutating"], entry["effect"], entry["outcome"]) == (name, True, True, "ok")
    assert entry["iam_actions"] == [f"{service}:{name}"]


@pytest.mark.parametrize(("service", "name", "arguments"), WRITES, ids=ids(WRITES))
def test_writes_fail_before_or_after_their_effect(rich, service, name, arguments):
    arguments = asked(rich, arguments)
    call = getattr(rich.client(service), xform_name(name))
    for kind in ("deny", "throttle", "internal-error", "reset-before", "internal-error-after"):
        rich.fault(kind, action=name, first=1)
        with pytest.raises((ClientError, ConnectionClosedError)):
            call(**arguments)
        rich.clear_faults()
        assert rich.journal()[-1]["effect"] == (kind == "internal-error-after")
