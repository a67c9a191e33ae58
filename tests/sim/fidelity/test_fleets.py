"""Spot Fleet requests, Spot Instance requests and EC2 Fleets, and the images they name."""

import pytest
from botocore.exceptions import ClientError

from test_reads import by_name


def code_of(operation, **arguments):
    with pytest.raises(ClientError) as caught:
        operation(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_spot_fleet_names_its_images_itself_or_by_a_template(rich):
    ec2 = rich.client("ec2")
    full = by_name(ec2, "full")["ImageId"]
    template = ec2.describe_launch_templates(LaunchTemplateNames=["managed"])["LaunchTemplates"][0]
    fleets = {f["SpotFleetRequestState"]: f for f in ec2.describe_spot_fleet_requests()["SpotFleetRequestConfigs"]}
    assert set(fleets) == {"active", "cancelled"}
    config = fleets["active"]["SpotFleetRequestConfig"]
    assert [specification["ImageId"] for specification in config["LaunchSpecifications"]] == [full]
    named = config["LaunchTemplateConfigs"][0]["LaunchTemplateSpecification"]
    assert (named["LaunchTemplateId"], named["Version"]) == (template["LaunchTemplateId"], "$Latest")
    assert (config["Type"], config["TargetCapacity"], config["FulfilledCapacity"]) == ("maintain", 1, 1.0)
    one = fleets["cancelled"]["SpotFleetRequestId"]
    assert one.startswith("sfr-")
    found = ec2.describe_spot_fleet_requests(SpotFleetRequestIds=[one])["SpotFleetRequestConfigs"]
    assert found == [fleets["cancelled"]]


def test_a_fleets_override_brings_its_own_image(rich):
    ec2 = rich.client("ec2")
    full = by_name(ec2, "full")["ImageId"]
    fleets = {fleet["FleetState"]: fleet for fleet in ec2.describe_fleets()["Fleets"]}
    assert set(fleets) == {"active", "deleted_running"}
    assert fleets["active"]["Type"] == "maintain"
    config = fleets["active"]["LaunchTemplateConfigs"][0]
    assert config["LaunchTemplateSpecification"]["Version"] == "$Default"
    assert config["Overrides"] == [{"InstanceType": "m5.large", "ImageId": full}]
    assert fleets["active"]["Errors"][0]["ErrorCode"] == "InsufficientInstanceCapacity"


def test_the_filters_of_fleets_have_hyphens(rich):
    ec2 = rich.client("ec2")
    states = [{"Name": "fleet-state", "Values": ["deleted-running"]}]
    assert [fleet["FleetState"] for fleet in ec2.describe_fleets(Filters=states)["Fleets"]] == ["deleted_running"]
    assert code_of(ec2.describe_fleets, Filters=[{"Name": "state", "Values": ["active"]}]) == "InvalidParameterValue"


def test_an_instant_fleet_is_only_told_when_it_is_named(rich):
    ec2 = rich.client("ec2")
    shown = [fleet["FleetId"] for fleet in ec2.describe_fleets()["Fleets"]]
    number = max(int(fleet[-12:], 16) for fleet in shown) + 1
    instant = f"{shown[0][:-12]}{number:012x}"
    assert instant not in shown
    assert ec2.describe_fleets(FleetIds=[instant])["Fleets"][0]["Type"] == "instant"


def test_spot_requests_name_an_image_and_the_instance_they_got(rich):
    ec2 = rich.client("ec2")
    full = by_name(ec2, "full")["ImageId"]
    requests = {r["State"]: r for r in ec2.describe_spot_instance_requests()["SpotInstanceRequests"]}
    assert {state: r["LaunchSpecification"]["ImageId"] for state, r in requests.items()} == {"active": full, "open": full}
    active, waiting = requests["active"], requests["open"]
    assert (active["Status"]["Code"], active["Type"], waiting["Type"]) == ("fulfilled", "one-time", "persistent")
    instance = ec2.describe_instances(InstanceIds=[active["InstanceId"]])["Reservations"][0]["Instances"][0]
    assert instance["ImageId"] == full
    for filters in (
        [{"Name": "state", "Values": ["active"]}],
        [{"Name": "instance-id", "Values": [active["InstanceId"]]}],
        [{"Name": "launch.image-id", "Values": [full]}, {"Name": "type", "Values": ["one-time"]}],
    ):
        assert ec2.describe_spot_instance_requests(Filters=filters)["SpotInstanceRequests"] == [active]


def test_what_was_cancelled_vanishes_after_a_while(rich):
    ec2 = rich.client("ec2")
    rich.advance(hours=47)
    assert len(ec2.describe_spot_fleet_requests()["SpotFleetRequestConfigs"]) == 2
    rich.advance(hours=1)
    assert len(ec2.describe_spot_fleet_requests()["SpotFleetRequestConfigs"]) == 1


@pytest.mark.parametrize(
    ("operation", "parameter", "unknown", "malformed", "code"),
    [
        ("describe_spot_fleet_requests", "SpotFleetRequestIds", "sfr-0", "x", "InvalidSpotFleetRequestId"),
        ("describe_spot_instance_requests", "SpotInstanceRequestIds", "sir-0", "x", "InvalidSpotInstanceRequestID"),
        ("describe_fleets", "FleetIds", "fleet-0", "x", "InvalidFleetId"),
    ],
)
def test_unknown_ids_are_refused(rich, operation, parameter, unknown, malformed, code):
    call = getattr(rich.client("ec2"), operation)
    assert code_of(call, **{parameter: [unknown]}) == code + ".NotFound"
    assert code_of(call, **{parameter: [malformed]}) == code + ".Malformed"
