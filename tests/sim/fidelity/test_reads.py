"""What boto3 reads out of the simulator's answers."""

import datetime

import pytest
from botocore.exceptions import ClientError

from conftest import OURS, OUTSIDER


def images(ec2, **arguments):
    return ec2.describe_images(Owners=["self"], **arguments)["Images"]


def by_name(ec2, name, **arguments):
    found = images(ec2, Filters=[{"Name": "name", "Values": [name]}], **arguments)
    assert len(found) == 1, name
    return found[0]


def test_an_image_has_its_fields(ec2):
    image = by_name(ec2, "golden-3")
    assert image["OwnerId"] == OURS
    assert image["State"] == "available"
    assert image["Public"] is False
    assert image["CreationDate"] == "2026-05-12T12:00:00.000Z"
    assert image["Tags"] == [{"Key": "family", "Value": "golden"}]
    assert image["DeregistrationProtection"] == "disabled"
    ebs = image["BlockDeviceMappings"][0]["Ebs"]
    assert ebs["SnapshotId"].startswith("snap-0")
    assert ebs["VolumeSize"] == 8
    assert ebs["Encrypted"] is False
    assert len(image["ImageId"]) == len("ami-") + 17


def test_disabled_images_hide_unless_asked_for(ec2):
    assert "retired" not in [image["Name"] for image in images(ec2)]
    assert by_name(ec2, "retired", IncludeDisabled=True)["State"] == "disabled"


def test_deprecated_images_hide_from_others_only(sim, ec2):
    assert by_name(ec2, "old")["DeprecationTime"] == "2026-05-02T12:00:00.000Z"
    old = by_name(ec2, "old")["ImageId"]
    permission = {"Add": [{"UserId": OUTSIDER}]}
    ec2.modify_image_attribute(ImageId=old, LaunchPermission=permission)
    other = sim.client("ec2", account=OUTSIDER)
    names = lambda **arguments: [image["Name"] for image in other.describe_images(**arguments)["Images"]]
    assert "old" not in names()
    assert "old" in names(IncludeDeprecated=True)
    assert "old" in names(ImageIds=[old])


def test_another_account_sees_public_and_shared_images_without_their_tags(sim):
    other = sim.client("ec2", account=OUTSIDER)
    found = other.describe_images()["Images"]
    assert sorted(image["Name"] for image in found) == ["leaked", "partner"]
    assert all("Tags" not in image for image in found)
    assert other.describe_images(Owners=["self"])["Images"] == []


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("is-public", ["true"], {"leaked"}),
        ("state", ["disabled"], {"retired"}),
        ("creation-date", ["2026-05-*"], {"golden-3"}),
        ("tag:family", ["gold*"], {"golden-1", "golden-2", "golden-3"}),
        ("tag-key", ["family"], {"golden-1", "golden-2", "golden-3"}),
        ("owner-id", [OUTSIDER], set()),
        ("name", ["golden-?"], {"golden-1", "golden-2", "golden-3"}),
    ],
)
def test_filters(ec2, name, values, expected):
    found = images(ec2, IncludeDisabled=True, Filters=[{"Name": name, "Values": values}])
    assert {image["Name"] for image in found} == expected


def test_an_unknown_filter_is_refused(ec2):
    with pytest.raises(ClientError) as caught:
        images(ec2, Filters=[{"Name": "colour", "Values": ["red"]}])
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"


def test_regions_tell_their_opt_in_status(ec2):
    enabled = {region["RegionName"] for region in ec2.describe_regions()["Regions"]}
    every = {r["RegionName"]: r["OptInStatus"] for r in ec2.describe_regions(AllRegions=True)["Regions"]}
    assert every["us-east-1"] == "opt-in-not-required"
    assert every["af-south-1"] == "not-opted-in"
    assert "af-south-1" not in enabled
    assert enabled < set(every)
    assert not any(name.startswith("cn-") for name in every)


def test_a_region_that_is_off_answers_auth_failure(sim):
    with pytest.raises(ClientError) as caught:
        sim.client("ec2", region="af-south-1").describe_images()
    assert caught.value.response["Error"]["Code"] == "AuthFailure"
    with pytest.raises(ClientError) as caught:
        sim.client("sts", region="af-south-1").get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_snapshots(ec2):
    own = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    public = ec2.describe_snapshots(OwnerIds=["self"], RestorableByUserIds=["all"])["Snapshots"]
    assert len(public) == 1
    assert {s["SnapshotId"] for s in public} < {s["SnapshotId"] for s in own}
    left = [s for s in own if s["Description"] == "left behind"][0]
    assert left["StartTime"] == datetime.datetime(2025, 1, 17, 12, tzinfo=datetime.timezone.utc)
    assert left["State"] == "completed" and left["StorageTier"] == "standard" and left["VolumeSize"] == 8
    attribute = ec2.describe_snapshot_attribute(
        SnapshotId=public[0]["SnapshotId"], Attribute="createVolumePermission"
    )
    assert attribute["CreateVolumePermissions"] == [{"Group": "all"}]


def test_instances_templates_and_groups_name_their_images(sim, ec2):
    newest = by_name(ec2, "golden-3")["ImageId"]
    oldest = by_name(ec2, "golden-1")["ImageId"]
    states = [{"Name": "instance-state-name", "Values": ["running"]}]
    reservations = ec2.describe_instances(Filters=states, IncludeManagedResources=True)["Reservations"]
    assert [i["ImageId"] for r in reservations for i in r["Instances"]] == [newest]
    assert reservations[0]["Instances"][0]["State"] == {"Code": 16, "Name": "running"}
    template = ec2.describe_launch_templates()["LaunchTemplates"][0]
    assert (template["DefaultVersionNumber"], template["LatestVersionNumber"]) == (2, 2)
    both = ec2.describe_launch_template_versions(Versions=["$Default", "$Latest"])["LaunchTemplateVersions"]
    assert [v["LaunchTemplateData"]["ImageId"] for v in both] == [newest]
    every = ec2.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])
    found = {v["VersionNumber"]: v["LaunchTemplateData"]["ImageId"] for v in every["LaunchTemplateVersions"]}
    assert found == {1: oldest, 2: newest}
    group = sim.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"][0]
    assert group["LaunchTemplate"]["LaunchTemplateId"] == template["LaunchTemplateId"]
    assert group["LaunchTemplate"]["Version"] == "$Default"
    assert sim.client("autoscaling").describe_launch_configurations()["LaunchConfigurations"] == []


def test_numbered_versions_need_a_template(ec2):
    with pytest.raises(ClientError) as caught:
        ec2.describe_launch_template_versions(Versions=["1"])
    assert caught.value.response["Error"]["Code"] == "InvalidParameterCombination"


def test_block_public_access_is_off(ec2):
    assert ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"] == "unblocked"
    assert ec2.get_snapshot_block_public_access_state()["State"] == "unblocked"


def test_empty_listings_are_lists(ec2):
    assert ec2.describe_volumes()["Volumes"] == []
    assert ec2.describe_fast_snapshot_restores()["FastSnapshotRestores"] == []
    assert ec2.describe_locked_snapshots()["Snapshots"] == []
    assert ec2.list_images_in_recycle_bin()["Images"] == []
    assert ec2.list_snapshots_in_recycle_bin()["Snapshots"] == []


def test_a_hostile_name_survives_the_wire(sim, ec2):
    name = "a<b>&\"'\\ ünï\u2028 \U0001f980 ]]>"
    image = by_name(ec2, "golden-1")["ImageId"]
    ec2.create_tags(Resources=[image], Tags=[{"Key": "odd", "Value": name}])
    tags = {tag["Key"]: tag["Value"] for tag in by_name(ec2, "golden-1")["Tags"]}
    assert tags["odd"] == name
    ec2.create_tags(Resources=[image], Tags=[{"Key": "odd", "Value": "bell\a"}])
    tags = {tag["Key"]: tag["Value"] for tag in by_name(ec2, "golden-1")["Tags"]}
    assert tags["odd"] == "bell"
