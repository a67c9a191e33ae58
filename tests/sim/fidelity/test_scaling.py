"""Groups that launch, or cry out that they cannot."""

import pytest

from test_paging import everything
from test_reads import by_name
from test_writes import refused

WEB = {"AutoScalingGroupName": "web"}


@pytest.fixture
def groups(sim):
    return sim.client("autoscaling")


def activities(client, **arguments):
    return client.describe_scaling_activities(**arguments)["Activities"]


def test_a_group_launches_what_its_template_names(ec2, groups):
    groups.set_desired_capacity(**WEB, DesiredCapacity=1)
    activity = activities(groups, **WEB)[0]
    assert (activity["StatusCode"], activity["Progress"]) == ("Successful", 100)
    group = groups.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"][0]
    assert (group["DesiredCapacity"], [one["LifecycleState"] for one in group["Instances"]]) == (1, ["InService"])
    member = group["Instances"][0]
    assert activity["Description"] == f"Launching a new EC2 instance: {member['InstanceId']}"
    assert member["LaunchTemplate"]["Version"] == "2", "the number, not $Default"
    instance = ec2.describe_instances(InstanceIds=[member["InstanceId"]])["Reservations"][0]["Instances"][0]
    assert instance["ImageId"] == by_name(ec2, "golden-3")["ImageId"]
    groups.set_desired_capacity(**WEB, DesiredCapacity=0)
    newest = [one for one in activities(groups, **WEB) if one["Description"].startswith("Terminating")]
    assert newest[0]["Description"] == f"Terminating EC2 instance: {member['InstanceId']}"
    states = ec2.describe_instances(InstanceIds=[member["InstanceId"]])["Reservations"][0]["Instances"][0]["State"]
    assert states["Name"] == "terminated"


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        ("disable_image", "AMI '{}' is disabled, and cannot be run. Launching EC2 instance failed."),
        ("deregister_image", "The image id '[{}]' does not exist. Launching EC2 instance failed."),
    ],
)
def test_a_launch_from_an_image_that_is_gone_fails_aloud(ec2, groups, operation, message):
    image = by_name(ec2, "golden-3")["ImageId"]
    getattr(ec2, operation)(ImageId=image)
    groups.set_desired_capacity(**WEB, DesiredCapacity=1)
    [activity] = activities(groups, **WEB)
    assert (activity["StatusCode"], activity["StatusMessage"]) == ("Failed", message.format(image))
    assert activity["Description"] == "Launching a new EC2 instance.  Status Reason: " + message.format(image)
    group = groups.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])["AutoScalingGroups"][0]
    assert (group["DesiredCapacity"], group["Instances"]) == (1, [])


def test_run_instances_says_the_same(ec2):
    image = by_name(ec2, "golden-3")["ImageId"]
    ec2.disable_image(ImageId=image)
    answer = refused("InvalidAMIID.Unavailable", ec2.run_instances, ImageId=image, MinCount=1, MaxCount=1)
    assert answer["Error"]["Message"] == f"AMI '{image}' is disabled, and cannot be run."


def test_a_mixed_group_tells_the_code_as_well(rich):
    ec2, groups = rich.client("ec2"), rich.client("autoscaling")
    image = by_name(ec2, "full")["ImageId"]
    ec2.disable_image(ImageId=image)
    groups.set_desired_capacity(AutoScalingGroupName="mixed", DesiredCapacity=2)
    assert activities(groups, AutoScalingGroupName="mixed")[0]["StatusMessage"] == (
        "Could not launch On-Demand Instances. InvalidAMIID.Unavailable - "
        f"AMI '{image}' is disabled, and cannot be run. Launching EC2 instance failed."
    )


def test_activities_come_newest_first_in_pages_of_a_hundred(sim, groups):
    for number in range(205):
        groups.set_desired_capacity(**WEB, DesiredCapacity=(number + 1) % 2)
        sim.advance(seconds=1)
    first = groups.describe_scaling_activities()
    assert len(first["Activities"]) == 100
    times = [activity["StartTime"] for activity in everything(groups, "describe_scaling_activities", "Activities")[0]]
    assert len(times) == 205 and times == sorted(times, reverse=True)
    refused("ValidationError", groups.describe_scaling_activities, MaxRecords=101)


def test_what_can_be_asked_for(rich):
    groups = rich.client("autoscaling")
    every = activities(groups, IncludeDeletedGroups=True)
    assert [one["AutoScalingGroupName"] for one in every] == ["long-gone", "mixed", "mixed"]
    assert every[0]["AutoScalingGroupState"] == "Deleted" and "AutoScalingGroupState" not in every[1]
    assert activities(groups) == every[1:], "without deleted groups unless asked for"
    mixed = {"AutoScalingGroupName": "mixed"}
    failed = [{"Name": "Status", "Values": ["Failed"]}]
    assert activities(groups, **mixed, Filters=failed) == every[2:]
    refused("ValidationError", groups.describe_scaling_activities, Filters=failed)
    since = [{"Name": "StartTimeLowerBound", "Values": ["2026-06-01T10:00:00Z"]}]
    assert activities(groups, Filters=since) == [every[1]]
    until = [{"Name": "StartTimeUpperBound", "Values": ["2026-06-01T09:00:00Z"]}]
    assert activities(groups, Filters=until) == [every[2]]
    assert activities(groups, ActivityIds=[every[2]["ActivityId"], "unknown"]) == [every[2]]
    refused("ValidationError", groups.describe_scaling_activities, AutoScalingGroupName="long-gone")
    assert activities(groups, AutoScalingGroupName="long-gone", IncludeDeletedGroups=True) == every[:1]
    rich.advance(days=42)
    assert activities(groups, IncludeDeletedGroups=True) == []


def test_capacities_out_of_bounds_are_refused(sim, groups):
    refused("ValidationError", groups.set_desired_capacity, **WEB, DesiredCapacity=2)
    refused("ValidationError", groups.set_desired_capacity, AutoScalingGroupName="none", DesiredCapacity=1)
    assert not any(entry["effect"] for entry in sim.journal())
