"""Volumes, and what service-managed resources hide."""

from test_paging import everything
from test_writes import refused


def test_a_volume_remembers_a_snapshot_that_is_gone(rich):
    ec2 = rich.client("ec2")
    held = ec2.describe_volumes()["Volumes"][0]["SnapshotId"]
    ec2.unlock_snapshot(SnapshotId=held)
    ec2.disable_fast_snapshot_restores(SourceSnapshotIds=[held], AvailabilityZones=["us-east-1a"])
    rich.advance(minutes=1)
    ec2.delete_snapshot(SnapshotId=held)
    found = ec2.describe_volumes(Filters=[{"Name": "snapshot-id", "Values": [held]}])["Volumes"]
    assert [volume["SnapshotId"] for volume in found] == [held]


def test_managed_volumes_hide_unless_asked_for(rich):
    ec2 = rich.client("ec2")
    every, _ = everything(ec2, "describe_volumes", "Volumes", 5, IncludeManagedResources=True)
    shown, _ = everything(ec2, "describe_volumes", "Volumes", 5)
    hidden = [volume for volume in every if volume not in shown]
    assert [volume["Operator"] for volume in hidden] == [
        {"Managed": True, "Principal": "eks.amazonaws.com", "HiddenByDefault": True}
    ]
    managed = [{"Name": "operator.managed", "Values": ["true"]}]
    assert ec2.describe_volumes(Filters=managed)["Volumes"] == []
    assert ec2.describe_volumes(Filters=managed, IncludeManagedResources=True)["Volumes"] == hidden


def test_ids_that_are_not_there_are_refused_in_every_region(sim):
    ec2 = sim.client("ec2", region="eu-north-1")
    refused("InvalidVolume.NotFound", ec2.describe_volumes, VolumeIds=["vol-0f"])
    refused("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=["i-0f"])
    refused("InvalidLaunchTemplateId.NotFound", ec2.describe_launch_templates, LaunchTemplateIds=["lt-0f"])
    refused("InvalidAMIID.NotFound", ec2.list_images_in_recycle_bin, ImageIds=["ami-0f"])
    refused("InvalidSnapshot.NotFound", ec2.list_snapshots_in_recycle_bin, SnapshotIds=["snap-0f"])
