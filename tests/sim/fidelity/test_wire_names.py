"""Every element on the wire is one that the service's own model knows.

botocore skips elements it does not know, so a misspelt one would pass every other test unseen.
"""

import xml.etree.ElementTree as ElementTree

import pytest

from conftest import OURS, OUTSIDER
from test_reads import by_name


def strangers(node, shape, path):
    """Elements under `node` that `shape` has no member for."""
    if shape.type_name == "list":
        member = shape.member
        if shape.serialization.get("flattened"):
            yield from strangers(node, member, path)
            return
        name = member.serialization.get("name", "member")
        for child in node:
            tag = child.tag.split("}")[-1]
            if tag == name:
                yield from strangers(child, member, f"{path}/{tag}")
            else:
                yield f"{path}/{tag}"
    elif shape.type_name == "structure":
        known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for child in node:
            tag = child.tag.split("}")[-1]
            if tag in known:
                yield from strangers(child, known[tag], f"{path}/{tag}")
            else:
                yield f"{path}/{tag}"
    else:
        yield from (f"{path}/{child.tag}" for child in node)


#: What EC2 sends although its model has no output for it.
WITHOUT_OUTPUT = {"return"}


@pytest.fixture
def watched(rich):
    """Clients whose raw answers are checked as they come."""
    seen = []

    def check(http_response, operation_name, client):
        operation = client.meta.service_model.operation_model(operation_name)
        root = ElementTree.fromstring(http_response.content)
        namespace = operation.service_model.metadata["xmlNamespace"].rstrip("/")
        assert root.tag == f"{{{namespace}/}}{operation_name}Response"
        shape = operation.output_shape
        if shape is not None and shape.serialization.get("resultWrapper"):
            wrapper = shape.serialization["resultWrapper"]
            result = next(child for child in root if child.tag.endswith(wrapper))
            found = list(strangers(result, shape, operation_name))
        else:
            body = [child for child in root if not child.tag.endswith(("requestId", "ResponseMetadata"))]
            holder = ElementTree.Element("holder")
            holder.extend(body)
            if shape is None:
                found = [c.tag for c in body if c.tag.split("}")[-1] not in WITHOUT_OUTPUT and not c.tag.endswith("Result")]
            else:
                found = list(strangers(holder, shape, operation_name))
        assert not found, found
        seen.append(operation_name)

    class Watched:
        operations = seen

        def client(self, service, **arguments):
            client = rich.client(service, **arguments)

            def after(parsed, model, http_response, **_):
                if http_response.status_code < 300:
                    check(http_response, model.name, client)

            client.meta.events.register("after-call", after)
            return client

    return Watched()


def test_reads_and_writes_of_ec2(rich, watched):
    ec2 = watched.client("ec2")
    golden = by_name(ec2, "golden-1")
    image, snapshot = golden["ImageId"], golden["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    full = by_name(ec2, "full")["ImageId"]
    ec2.describe_regions(AllRegions=True)
    ec2.describe_images(IncludeDisabled=True, IncludeDeprecated=True)
    for attribute in ("launchPermission", "description", "lastLaunchedTime", "productCodes", "blockDeviceMapping"):
        ec2.describe_image_attribute(ImageId=full, Attribute=attribute)
    ec2.describe_snapshots()
    ec2.describe_snapshot_attribute(SnapshotId=snapshot, Attribute="createVolumePermission")
    everything = {"IncludeManagedResources": True}
    ec2.describe_instances(**everything)
    ec2.describe_volumes(**everything)
    ec2.describe_launch_templates(**everything)
    ec2.describe_launch_template_versions(Versions=["$Latest"], **everything)
    ec2.get_image_block_public_access_state()
    ec2.get_snapshot_block_public_access_state()
    ec2.describe_fast_snapshot_restores()
    ec2.describe_locked_snapshots()
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)
    instance = ec2.describe_instances(Filters=[{"Name": "image-id", "Values": [image]}])
    ec2.terminate_instances(InstanceIds=[instance["Reservations"][0]["Instances"][0]["InstanceId"]])
    ec2.enable_image_deprecation(ImageId=image, DeprecateAt="2026-07-01T00:00:00Z")
    ec2.disable_image_deprecation(ImageId=image)
    ec2.enable_image_deregistration_protection(ImageId=image)
    ec2.disable_image_deregistration_protection(ImageId=image)
    ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": OUTSIDER}]})
    ec2.reset_image_attribute(ImageId=image, Attribute="launchPermission")
    ec2.disable_image(ImageId=image)
    ec2.enable_image(ImageId=image)
    ec2.create_tags(Resources=[image], Tags=[{"Key": "k", "Value": "v"}])
    ec2.delete_tags(Resources=[image], Tags=[{"Key": "k"}])
    ec2.copy_image(Name="copy", SourceImageId=image, SourceRegion="us-east-1")
    ec2.describe_images(Owners=["self"])
    ec2.modify_snapshot_attribute(SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": OUTSIDER}]})
    ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
    ec2.list_images_in_recycle_bin()
    ec2.list_snapshots_in_recycle_bin()
    ec2.restore_snapshot_from_recycle_bin(SnapshotId=snapshot)
    ec2.restore_image_from_recycle_bin(ImageId=image)
    loose = ec2.describe_snapshots(Filters=[{"Name": "description", "Values": ["left behind"]}])["Snapshots"][0]
    ec2.delete_snapshot(SnapshotId=loose["SnapshotId"])
    asked = {entry["action"] for entry in rich.journal()}
    assert asked == set(watched.operations)
    assert len(asked) == 33


def test_the_query_services(rich, watched):
    watched.client("autoscaling").describe_auto_scaling_groups()
    watched.client("autoscaling").describe_launch_configurations()
    sts = watched.client("sts")
    sts.get_caller_identity()
    sts.assume_role(RoleArn=f"arn:aws:iam::{OURS}:role/warden", RoleSessionName="here")
    sns = watched.client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.list_topics()
    sns.publish(TopicArn=topic, Message="m")
    rich.set(topic=topic, fail_batch_entries=1)
    entries = [{"Id": "a", "Message": "m"}, {"Id": "b", "Message": "m"}]
    sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert len(watched.operations) == 8


def test_refusals_are_the_errors_that_the_models_name(sim):
    sns, rbin = sim.client("sns"), sim.client("rbin")
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.publish(TopicArn=f"arn:aws:sns:us-east-1:{OURS}:none", Message="m")
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.publish(TopicArn=f"arn:aws:sns:us-east-1:{OURS}:none", Message="")
    with pytest.raises(rbin.exceptions.ResourceNotFoundException):
        rbin.get_rule(Identifier="none1234567")
    with pytest.raises(rbin.exceptions.ValidationException):
        rbin.list_rules(ResourceType="EC2_IMAGE", NextToken="made-up")
    autoscaling = sim.client("autoscaling")
    with pytest.raises(autoscaling.exceptions.InvalidNextToken):
        autoscaling.describe_auto_scaling_groups(NextToken="made-up")


def test_a_misspelt_element_would_be_found(rich):
    shape = rich.client("ec2").meta.service_model.operation_model("DescribeImages").output_shape
    node = ElementTree.fromstring(
        "<r><imagesSet><item><imageId>a</imageId><imageid>b</imageid></item><member/></imagesSet><pages/></r>"
    )
    assert list(strangers(node, shape, "")) == ["/imagesSet/item/imageid", "/imagesSet/member", "/pages"]


def test_every_field_comes_through(rich):
    ec2 = rich.client("ec2")
    image = by_name(ec2, "full")
    expected = {
        "ImageOwnerAlias": "self",
        "Description": "everything <at> once & more",
        "DeprecationTime": "2027-06-01T12:00:00.000Z",
        "LastLaunchedTime": "2026-05-30T12:00:00Z",
        "DeregistrationProtection": "enabled-with-cooldown",
        "SourceImageId": "ami-0aaaaaaaaaaaaaaaa",
        "SourceImageRegion": "eu-west-1",
        "SourceInstanceId": "i-0aaaaaaaaaaaaaaaa",
        "Platform": "windows",
        "PlatformDetails": "Linux/UNIX",
        "RootDeviceType": "ebs",
        "RootDeviceName": "/dev/xvda",
        "VirtualizationType": "hvm",
        "BootMode": "uefi-preferred",
        "ImdsSupport": "v2.0",
        "TpmSupport": "v2.0",
        "EnaSupport": True,
        "ProductCodes": [{"ProductCodeId": "abcdefghijklmnop", "ProductCodeType": "marketplace"}],
        "StateReason": {"Code": "Client.Test", "Message": "a reason"},
    }
    assert {key: image[key] for key in expected} == expected
    assert {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"} in image["BlockDeviceMappings"]
    group = rich.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=["mixed"])
    policy = group["AutoScalingGroups"][0]["MixedInstancesPolicy"]["LaunchTemplate"]
    assert policy["LaunchTemplateSpecification"]["LaunchTemplateName"] == "managed"
    assert policy["Overrides"][0] == {"InstanceType": "m5.large", "ImageId": image["ImageId"]}
    assert policy["Overrides"][1]["LaunchTemplateSpecification"]["Version"] == "1"
    assert group["AutoScalingGroups"][0]["WarmPoolConfiguration"]["PoolState"] == "Stopped"
    assert group["AutoScalingGroups"][0]["Instances"][0]["LifecycleState"] == "InService"
    configuration = rich.client("autoscaling").describe_launch_configurations()["LaunchConfigurations"][0]
    assert configuration["ImageId"] == image["ImageId"]
    locked = ec2.describe_locked_snapshots()["Snapshots"][0]
    assert (locked["LockState"], locked["LockDuration"]) == ("governance", 365)
    restore = ec2.describe_fast_snapshot_restores()["FastSnapshotRestores"][0]
    assert (restore["SnapshotId"], restore["State"]) == (locked["SnapshotId"], "enabled")
    assert ec2.describe_instances(Filters=[{"Name": "image-id", "Values": [image["ImageId"]]}])["Reservations"] == []
    managed = ec2.describe_instances(IncludeManagedResources=True)["Reservations"][-1]["Instances"][0]
    assert managed["Operator"] == {"Managed": True, "Principal": "eks.amazonaws.com", "HiddenByDefault": True}
    volume = ec2.describe_volumes()["Volumes"][0]
    assert volume["Attachments"][0]["InstanceId"] == managed["InstanceId"]
    assert volume["SnapshotId"] == locked["SnapshotId"]
