"""boto3's own paginators put the pages together again."""

import pytest
from botocore.exceptions import ClientError, PaginationError


def everything(client, operation, key, size=None, **arguments):
    config = {"PageSize": size} if size else {}
    pages = list(client.get_paginator(operation).paginate(PaginationConfig=config, **arguments))
    return [item for page in pages for item in page[key]], len(pages)


@pytest.mark.parametrize(
    ("service", "operation", "key"),
    [
        ("ec2", "describe_images", "Images"),
        ("ec2", "describe_snapshots", "Snapshots"),
        ("ec2", "describe_instances", "Reservations"),
        ("ec2", "describe_volumes", "Volumes"),
        ("ec2", "describe_launch_templates", "LaunchTemplates"),
        ("ec2", "describe_fast_snapshot_restores", "FastSnapshotRestores"),
        ("ec2", "list_images_in_recycle_bin", "Images"),
        ("ec2", "list_snapshots_in_recycle_bin", "Snapshots"),
        ("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups"),
        ("autoscaling", "describe_launch_configurations", "LaunchConfigurations"),
        ("sns", "list_topics", "Topics"),
    ],
)
def test_pages_are_the_whole(rich, service, operation, key):
    client = rich.client(service)
    whole, _ = everything(client, operation, key)
    rich.set(page_limit=1)
    size = None if service == "sns" else 5
    parts, pages = everything(client, operation, key, size)
    assert parts == whole
    assert pages == max(1, len(whole))


def test_recycle_bin_rules_page_too(sim):
    rbin = sim.client("rbin")
    for _ in range(4):
        rbin.create_rule(
            RetentionPeriod={"RetentionPeriodValue": 7, "RetentionPeriodUnit": "DAYS"}, ResourceType="EC2_IMAGE"
        )
    sim.set(page_limit=2)
    parts, pages = everything(rbin, "list_rules", "Rules", ResourceType="EC2_IMAGE")
    assert (len(parts), pages) == (5, 3)


@pytest.mark.parametrize(
    ("service", "operation", "parameter", "size", "code"),
    [
        ("ec2", "describe_images", "MaxResults", 4, "InvalidParameterValue"),
        ("ec2", "describe_images", "MaxResults", 1001, "InvalidParameterValue"),
        ("ec2", "describe_snapshots", "MaxResults", 4, "InvalidParameterValue"),
        ("ec2", "describe_launch_templates", "MaxResults", 201, "InvalidParameterValue"),
        ("autoscaling", "describe_auto_scaling_groups", "MaxRecords", 101, "ValidationError"),
        ("autoscaling", "describe_launch_configurations", "MaxRecords", 101, "ValidationError"),
    ],
)
def test_sizes_out_of_bounds_are_refused(sim, service, operation, parameter, size, code):
    with pytest.raises(ClientError) as caught:
        getattr(sim.client(service), operation)(**{parameter: size})
    assert caught.value.response["Error"]["Code"] == code


def test_without_a_size_images_come_all_at_once(sim, ec2):
    sim.set(page_limit=1)
    answer = ec2.describe_images(Owners=["self"])
    assert len(answer["Images"]) == 6
    assert "NextToken" not in answer


def test_a_token_belongs_to_its_request(ec2):
    token = ec2.describe_images(Owners=["self"], MaxResults=5)["NextToken"]
    assert ec2.describe_images(Owners=["self"], MaxResults=5, NextToken=token)["Images"]
    for arguments in ({"Owners": ["amazon"], "NextToken": token}, {"Owners": ["self"], "NextToken": "made-up"}):
        with pytest.raises(ClientError) as caught:
            ec2.describe_images(MaxResults=5, **arguments)
        assert caught.value.response["Error"]["Code"] == "InvalidPaginationToken"


def test_instance_ids_and_a_size_exclude_each_other(ec2):
    instance = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    assert ec2.describe_instances(InstanceIds=[instance])["Reservations"]
    with pytest.raises(ClientError) as caught:
        ec2.describe_instances(InstanceIds=[instance], MaxResults=5)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterCombination"


def test_a_looping_token_is_noticed_by_the_paginator(sim, ec2):
    sim.fault("looping_token", action="DescribeImages")
    with pytest.raises(PaginationError):
        everything(ec2, "describe_images", "Images", 5, Owners=["self"])
