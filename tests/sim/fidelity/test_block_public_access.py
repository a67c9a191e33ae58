"""Block Public Access: switched on and off, and what it does to what is public."""

from conftest import OUTSIDER
from test_reads import by_name
from test_writes import refused


def test_images_can_be_kept_from_becoming_public(ec2):
    asked = {"ImageBlockPublicAccessState": "block-new-sharing"}
    assert ec2.enable_image_block_public_access(**asked)["ImageBlockPublicAccessState"] == "block-new-sharing"
    state = ec2.get_image_block_public_access_state()
    assert (state["ImageBlockPublicAccessState"], state["ManagedBy"]) == ("block-new-sharing", "account")
    assert by_name(ec2, "leaked")["Public"] is True, "what is public stays public"
    image = by_name(ec2, "golden-1")["ImageId"]
    share = {"ImageId": image, "LaunchPermission": {"Add": [{"Group": "all"}]}}
    refused("OperationNotPermitted", ec2.modify_image_attribute, **share)
    assert ec2.disable_image_block_public_access()["ImageBlockPublicAccessState"] == "unblocked"
    ec2.modify_image_attribute(**share)
    refused("InvalidParameterValue", ec2.enable_image_block_public_access, ImageBlockPublicAccessState="unblocked")


def test_the_switch_can_take_minutes_to_be_told(sim, ec2):
    sim.set(block_delay_seconds=600)
    ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "unblocked"
    sim.advance(minutes=10)
    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "block-new-sharing"


def test_block_all_sharing_hides_public_snapshots_from_others_only(sim, ec2):
    other = sim.client("ec2", account=OUTSIDER)
    public = ec2.describe_snapshots(OwnerIds=["self"], RestorableByUserIds=["all"])["Snapshots"]
    seen = lambda: [snapshot["SnapshotId"] for snapshot in other.describe_snapshots()["Snapshots"]]
    assert seen() == [public[0]["SnapshotId"]]
    assert ec2.enable_snapshot_block_public_access(State="block-new-sharing")["State"] == "block-new-sharing"
    assert seen() == [public[0]["SnapshotId"]]
    assert ec2.enable_snapshot_block_public_access(State="block-all-sharing")["State"] == "block-all-sharing"
    assert seen() == []
    assert ec2.describe_snapshots(OwnerIds=["self"], RestorableByUserIds=["all"])["Snapshots"] == public
    assert ec2.disable_snapshot_block_public_access()["State"] == "unblocked"
    assert seen() == [public[0]["SnapshotId"]]
    refused("InvalidParameterValue", ec2.enable_snapshot_block_public_access, State="unblocked")


def test_a_declarative_policy_keeps_the_switches_where_they_are(rich):
    there = rich.client("ec2", region="ap-south-1")
    image, snapshot = there.get_image_block_public_access_state(), there.get_snapshot_block_public_access_state()
    assert (image["ImageBlockPublicAccessState"], image["ManagedBy"]) == ("block-new-sharing", "declarative-policy")
    assert (snapshot["State"], snapshot["ManagedBy"]) == ("block-all-sharing", "declarative-policy")
    refused("OperationNotPermitted", there.disable_image_block_public_access)
    refused("OperationNotPermitted", there.disable_snapshot_block_public_access)
    refused("OperationNotPermitted", there.enable_snapshot_block_public_access, State="block-new-sharing")
    asked = {"ImageBlockPublicAccessState": "block-new-sharing"}
    refused("OperationNotPermitted", there.enable_image_block_public_access, **asked)
    assert there.get_snapshot_block_public_access_state() | {"ResponseMetadata": None} == snapshot | {"ResponseMetadata": None}


def test_the_switches_take_one_call_every_ten_seconds(sim, ec2):
    sim.set(throttling="true")
    ec2.enable_snapshot_block_public_access(State="block-new-sharing")
    refused("RequestLimitExceeded", ec2.enable_snapshot_block_public_access, State="block-new-sharing")
    ec2.disable_snapshot_block_public_access()
    sim.advance(seconds=10)
    ec2.enable_snapshot_block_public_access(State="block-new-sharing")
