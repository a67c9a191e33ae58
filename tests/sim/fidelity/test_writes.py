"""What changes, what is refused, and how it is called."""

import datetime

import pytest
from botocore.exceptions import ClientError

from conftest import NOW, OURS, OUTSIDER
from test_reads import by_name, images

ORGANIZATION = f"arn:aws:organizations::{OURS}:organization/o-abcdefghij"
UNIT = f"arn:aws:organizations::{OURS}:ou/o-abcdefghij/ou-abcd-12345678"


def refused(code, operation, **arguments):
    with pytest.raises(ClientError) as caught:
        operation(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    return caught.value.response


def permissions(ec2, image):
    return ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")["LaunchPermissions"]


def test_all_four_shapes_of_launch_permission_come_and_go(ec2):
    image = by_name(ec2, "golden-1")["ImageId"]
    shapes = [{"Group": "all"}, {"UserId": OUTSIDER}, {"OrganizationArn": ORGANIZATION}, {"OrganizationalUnitArn": UNIT}]
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": shapes})
    assert permissions(ec2, image) == shapes
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Remove": [{"Group": "all"}]})
    assert permissions(ec2, image) == shapes[1:]
    flat = {"ImageId": image, "Attribute": "launchPermission", "OperationType": "remove"}
    ec2.modify_image_attribute(**flat, UserIds=[OUTSIDER])
    ec2.modify_image_attribute(**flat, OrganizationArns=[ORGANIZATION])
    ec2.modify_image_attribute(**flat, OrganizationalUnitArns=[UNIT])
    assert permissions(ec2, image) == []
    ec2.modify_image_attribute(
        ImageId=image, Attribute="launchPermission", OperationType="add", UserGroups=["all"]
    )
    assert by_name(ec2, "golden-1")["Public"] is True
    ec2.reset_image_attribute(ImageId=image, Attribute="launchPermission")
    assert permissions(ec2, image) == []


def test_disabling_drops_all_permissions_and_enabling_brings_none_back(ec2):
    image = by_name(ec2, "leaked")["ImageId"]
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": OUTSIDER}]})
    assert ec2.disable_image(ImageId=image)["Return"] is True
    refused("IncorrectState", ec2.disable_image, ImageId=image)
    refused("OperationNotPermitted", ec2.modify_image_attribute, ImageId=image, LaunchPermission={"Add": [{"UserId": OUTSIDER}]})
    refused("InvalidAMIID.Unavailable", ec2.run_instances, ImageId=image, MinCount=1, MaxCount=1)
    assert ec2.enable_image(ImageId=image)["Return"] is True
    refused("IncorrectState", ec2.enable_image, ImageId=image)
    assert permissions(ec2, image) == []
    assert by_name(ec2, "leaked")["Public"] is False


def test_deprecation_is_rounded_and_bounded(ec2):
    image = by_name(ec2, "golden-3")["ImageId"]
    ec2.enable_image_deprecation(ImageId=image, DeprecateAt="2026-07-01T10:00:40Z")
    assert by_name(ec2, "golden-3")["DeprecationTime"] == "2026-07-01T10:01:00.000Z"
    for bad in ("2026-05-01T00:00:00Z", "2037-01-01T00:00:00Z"):
        refused("InvalidParameterValue", ec2.enable_image_deprecation, ImageId=image, DeprecateAt=bad)
    assert ec2.disable_image_deprecation(ImageId=image)["Return"] is True
    assert "DeprecationTime" not in by_name(ec2, "golden-3")
    public = by_name(ec2, "leaked")["ImageId"]
    too_late = {"ImageId": public, "DeprecateAt": "2029-01-01T00:00:00Z"}
    refused("InvalidParameterValue", ec2.enable_image_deprecation, **too_late)
    refused("OperationNotPermitted", ec2.disable_image_deprecation, ImageId=public)


def test_protection_refuses_deregistration_and_cools_down(sim, ec2):
    image = by_name(ec2, "golden-1")["ImageId"]
    ec2.enable_image_deregistration_protection(ImageId=image, WithCooldown=True)
    assert by_name(ec2, "golden-1")["DeregistrationProtection"] == "enabled-with-cooldown"
    refused("OperationNotPermitted", ec2.deregister_image, ImageId=image)
    ec2.disable_image_deregistration_protection(ImageId=image)
    refused("OperationNotPermitted", ec2.deregister_image, ImageId=image)
    sim.advance(hours=24)
    ec2.deregister_image(ImageId=image)


def test_the_trip_through_the_recycle_bin(sim, ec2):
    image = by_name(ec2, "golden-1")
    snapshot = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    refused("InvalidSnapshot.InUse", ec2.delete_snapshot, SnapshotId=snapshot)
    ec2.deregister_image(ImageId=image["ImageId"])
    assert "golden-1" not in [one["Name"] for one in images(ec2)]
    refused("InvalidAMIID.NotFound", ec2.describe_images, ImageIds=[image["ImageId"]])
    refused("InvalidAMIID.Unavailable", ec2.deregister_image, ImageId=image["ImageId"])
    binned = ec2.list_images_in_recycle_bin()["Images"][0]
    assert (binned["ImageId"], binned["Name"]) == (image["ImageId"], "golden-1")
    assert binned["RecycleBinExitTime"] - binned["RecycleBinEnterTime"] == datetime.timedelta(days=14)
    ec2.delete_snapshot(SnapshotId=snapshot)
    refused("InvalidSnapshot.NotFound", ec2.restore_image_from_recycle_bin, ImageId=image["ImageId"])
    assert ec2.list_snapshots_in_recycle_bin()["Snapshots"][0]["SnapshotId"] == snapshot
    assert ec2.restore_snapshot_from_recycle_bin(SnapshotId=snapshot)["SnapshotId"] == snapshot
    assert ec2.restore_image_from_recycle_bin(ImageId=image["ImageId"])["Return"] is True
    assert by_name(ec2, "golden-1") == image


def test_the_bin_empties(sim, ec2):
    image = by_name(ec2, "golden-1")["ImageId"]
    ec2.deregister_image(ImageId=image)
    sim.advance(days=14)
    assert ec2.list_images_in_recycle_bin()["Images"] == []
    refused("InvalidAMIID.NotFound", ec2.restore_image_from_recycle_bin, ImageId=image)


def test_a_disabled_image_protects_its_snapshots(ec2):
    image = by_name(ec2, "retired", IncludeDisabled=True)
    snapshot = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    refused("InvalidSnapshot.InUse", ec2.delete_snapshot, SnapshotId=snapshot)


def test_deregistered_images_can_linger(sim, ec2):
    sim.set(linger_seconds=60)
    image = by_name(ec2, "golden-1")["ImageId"]
    ec2.deregister_image(ImageId=image)
    assert by_name(ec2, "golden-1")["State"] == "available"
    sim.advance(seconds=60)
    assert "golden-1" not in [one["Name"] for one in images(ec2)]


def copy(client, source, **arguments):
    return client.copy_image(SourceImageId=source, SourceRegion="us-east-1", **arguments)["ImageId"]


def test_a_copy_is_idempotent_pending_and_then_available(sim, ec2):
    source = by_name(ec2, "golden-3")["ImageId"]
    ec2.modify_image_attribute(ImageId=source, LaunchPermission={"Add": [{"UserId": OUTSIDER}]})
    there = sim.client("ec2", region="eu-west-1")
    tags = [{"ResourceType": "snapshot", "Tags": [{"Key": "replica", "Value": "yes"}]}]
    arguments = {"Name": "golden-3-copy", "ClientToken": "one", "CopyImageTags": True, "TagSpecifications": tags}
    first = copy(there, source, **arguments)
    assert copy(there, source, **arguments) == first
    refused("IdempotentParameterMismatch", there.copy_image, SourceImageId=source, SourceRegion="us-east-1", Name="other", ClientToken="one")
    refused("InvalidAMIName.Duplicate", there.copy_image, SourceImageId=source, SourceRegion="us-east-1", Name="golden-3-copy")
    new = by_name(there, "golden-3-copy")
    assert new["State"] == "pending"
    assert (new["SourceImageId"], new["SourceImageRegion"]) == (source, "us-east-1")
    sim.advance(minutes=5)
    there.get_waiter("image_available").wait(ImageIds=[first], WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    new = by_name(there, "golden-3-copy")
    assert new["Tags"] == [{"Key": "family", "Value": "golden"}]
    assert permissions(there, first) == []
    snapshot = there.describe_snapshots(SnapshotIds=[new["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]])
    assert snapshot["Snapshots"][0]["Tags"] == [{"Key": "replica", "Value": "yes"}]
    assert snapshot["Snapshots"][0]["State"] == "completed"
    copies = [entry for entry in sim.journal() if entry["action"] == "CopyImage"]
    assert [entry["effect"] for entry in copies] == [True, False, False, False]


def test_a_key_of_another_region_fails_after_the_call(sim, ec2):
    source = by_name(ec2, "golden-3")["ImageId"]
    there = sim.client("ec2", region="eu-west-1")
    key = f"arn:aws:kms:us-east-1:{OURS}:key/1"
    copy(there, source, Name="copy", Encrypted=True, KmsKeyId=key)
    sim.advance(minutes=5)
    failed = by_name(there, "copy")
    assert failed["State"] == "failed"
    assert failed["StateReason"]["Message"]


def test_only_twenty_copies_at_once(sim, ec2):
    source = by_name(ec2, "golden-3")["ImageId"]
    there = sim.client("ec2", region="eu-west-1")
    for number in range(20):
        copy(there, source, Name=f"copy-{number}")
    refused("ResourceLimitExceeded", there.copy_image, SourceImageId=source, SourceRegion="us-east-1", Name="one-more")
    sim.advance(minutes=5)
    copy(there, source, Name="one-more")


def test_snapshot_permissions(sim, ec2):
    snapshot = ec2.describe_snapshots(OwnerIds=["self"], RestorableByUserIds=["all"])["Snapshots"][0]["SnapshotId"]
    arguments = {"SnapshotId": snapshot, "Attribute": "createVolumePermission"}
    ec2.modify_snapshot_attribute(**arguments, OperationType="add", UserIds=[OUTSIDER])
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Remove": [{"Group": "all"}]})
    assert ec2.describe_snapshot_attribute(**arguments)["CreateVolumePermissions"] == [{"UserId": OUTSIDER}]
    other = sim.client("ec2", account=OUTSIDER)
    assert [s["SnapshotId"] for s in other.describe_snapshots(RestorableByUserIds=["self"])["Snapshots"]] == [snapshot]
    refused("AuthFailure", other.delete_snapshot, SnapshotId=snapshot)


def test_others_images_are_refused(sim, ec2):
    other = sim.client("ec2", account=OUTSIDER)
    public = by_name(ec2, "leaked")["ImageId"]
    private = by_name(ec2, "golden-1")["ImageId"]
    refused("AuthFailure", other.describe_image_attribute, ImageId=public, Attribute="launchPermission")
    refused("AuthFailure", other.deregister_image, ImageId=public)
    refused("InvalidAMIID.NotFound", other.deregister_image, ImageId=private)
    refused("InvalidAMIID.Malformed", other.deregister_image, ImageId="nonsense")
    assert not any(entry["effect"] for entry in sim.journal())


def test_tags(ec2):
    image = by_name(ec2, "golden-1")["ImageId"]
    ec2.create_tags(Resources=[image], Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    ec2.delete_tags(Resources=[image], Tags=[{"Key": "a", "Value": "not this one"}, {"Key": "b"}])
    tags = {tag["Key"]: tag["Value"] for tag in by_name(ec2, "golden-1")["Tags"]}
    assert tags == {"family": "golden", "a": "1"}
    refused("InvalidParameterValue", ec2.create_tags, Resources=[image], Tags=[{"Key": "aws:x", "Value": ""}])
    refused("InvalidAMIID.NotFound", ec2.create_tags, Resources=["ami-00000000000000fff"], Tags=[{"Key": "x", "Value": ""}])


def test_launches_are_reported_a_day_later(sim, ec2):
    image = by_name(ec2, "golden-1")["ImageId"]
    launched = ec2.run_instances(ImageId=image, InstanceType="t3.nano", MinCount=2, MaxCount=2)["Instances"]
    assert len(launched) == 2
    assert "LastLaunchedTime" not in by_name(ec2, "golden-1")
    sim.advance(hours=24)
    assert by_name(ec2, "golden-1")["LastLaunchedTime"] == NOW
    ids = [instance["InstanceId"] for instance in launched]
    changes = ec2.terminate_instances(InstanceIds=ids)["TerminatingInstances"]
    assert {change["CurrentState"]["Name"] for change in changes} == {"terminated"}


def test_dry_run_changes_nothing(sim, ec2):
    image = by_name(ec2, "golden-1")["ImageId"]
    answer = refused("DryRunOperation", ec2.deregister_image, ImageId=image, DryRun=True)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 412
    refused("DryRunOperation", ec2.describe_images, DryRun=True)
    sim.fault("deny", action="DisableImage")
    answer = refused("UnauthorizedOperation", ec2.disable_image, ImageId=image, DryRun=True)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert by_name(ec2, "golden-1")["State"] == "available"
    assert not any(entry["effect"] for entry in sim.journal())


def test_an_unknown_action_or_parameter_is_refused(ec2):
    refused("InvalidAction", ec2.describe_vpcs)
    refused("UnknownParameter", ec2.run_instances, ImageId="ami-00000000000000001", MinCount=1, MaxCount=1, UserData="x")
