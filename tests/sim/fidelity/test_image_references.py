"""DescribeImageReferences: what it covers, by how much, and what it leaves out."""

import pytest

from conftest import OUTSIDER
from test_fleets import code_of
from test_reads import by_name

ALL = {"IncludeAllResourceTypes": True}


def kinds(ec2, image, **arguments):
    return sorted(one["ResourceType"] for one in ec2.describe_image_references(ImageIds=[image], **arguments)["ImageReferences"])


def of_instances(*states):
    options = [{"OptionName": "state-name", "OptionValues": list(states)}]
    return {"ResourceTypes": [{"ResourceType": "ec2:Instance", "ResourceTypeOptions": options}]}


def of_templates(depth):
    options = [{"OptionName": "version-depth", "OptionValues": [str(depth)]}]
    return {"ResourceTypes": [{"ResourceType": "ec2:LaunchTemplate", "ResourceTypeOptions": options}]}


def test_every_kind_of_resource_is_told_by_its_arn(rich):
    ec2 = rich.client("ec2")
    newest, full = by_name(ec2, "golden-3")["ImageId"], by_name(ec2, "full")["ImageId"]
    found = ec2.describe_image_references(ImageIds=[newest, full], **ALL)["ImageReferences"]
    instance = ec2.describe_instances(Filters=[{"Name": "image-id", "Values": [newest]}])["Reservations"][0]
    template = ec2.describe_launch_templates(LaunchTemplateNames=["web"])["LaunchTemplates"][0]["LaunchTemplateId"]
    here = "us-east-1:111111111111"
    assert {(one["ImageId"], one["ResourceType"], one["Arn"]) for one in found} == {
        (newest, "ec2:Instance", f"arn:aws:ec2:{here}:instance/{instance['Instances'][0]['InstanceId']}"),
        (newest, "ec2:LaunchTemplate", f"arn:aws:ec2:{here}:launch-template/{template}"),
        (full, "ssm:Parameter", f"arn:aws:ssm:{here}:parameter/golden/full"),
        (full, "imagebuilder:ImageRecipe", f"arn:aws:imagebuilder:{here}:image-recipe/hardened/1.0.0"),
        (full, "imagebuilder:ContainerRecipe", f"arn:aws:imagebuilder:{here}:container-recipe/builder/1.0.0"),
    }


def test_launch_configurations_groups_fleets_and_hidden_resources_are_not_covered(rich):
    ec2 = rich.client("ec2")
    full = by_name(ec2, "full")["ImageId"]
    assert kinds(ec2, full, **ALL) == ["imagebuilder:ContainerRecipe", "imagebuilder:ImageRecipe", "ssm:Parameter"]
    assert kinds(ec2, full, ResourceTypes=[{"ResourceType": "ssm:Parameter"}]) == ["ssm:Parameter"]


def test_terminated_instances_count_unless_states_are_given(ec2):
    image = by_name(ec2, "golden-2")["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    assert kinds(ec2, image, **of_instances("running", "pending")) == ["ec2:Instance"]
    ec2.terminate_instances(InstanceIds=[instance])
    assert kinds(ec2, image, **of_instances("running", "pending")) == []
    assert kinds(ec2, image, ResourceTypes=[{"ResourceType": "ec2:Instance"}]) == ["ec2:Instance"]
    assert kinds(ec2, image, **ALL) == ["ec2:Instance"]
    assert kinds(ec2, image, **ALL, **of_instances("stopped")) == [], "the options win over the defaults"


def test_only_the_newest_versions_of_a_template_are_looked_at(ec2):
    old, new = by_name(ec2, "golden-1")["ImageId"], by_name(ec2, "golden-3")["ImageId"]
    assert kinds(ec2, new, **of_templates(1)) == ["ec2:LaunchTemplate"]
    assert kinds(ec2, old, **of_templates(1)) == []
    assert kinds(ec2, old, **of_templates(2)) == ["ec2:LaunchTemplate"]
    assert kinds(ec2, old, **of_templates(10000)) == ["ec2:LaunchTemplate"]


def test_an_account_sees_its_own_resources_and_any_image(sim, ec2):
    image = by_name(ec2, "golden-3")["ImageId"]
    other = sim.client("ec2", account=OUTSIDER)
    assert kinds(other, image, **ALL) == []
    assert kinds(ec2, "ami-0fffffffffffffff0", **ALL) == []


@pytest.mark.parametrize(
    ("count", "arguments", "code"),
    [
        (11, ALL, "InvalidParameterValue"),
        (1, {}, "MissingParameter"),
        (1, of_templates(0), "InvalidParameterValue"),
        (1, of_templates(10001), "InvalidParameterValue"),
        (1, of_instances("gone"), "InvalidParameterValue"),
        (1, {"ResourceTypes": [{"ResourceType": "ecs:Service"}]}, "InvalidParameterValue"),
        (1, {**ALL, "MaxResults": 1001}, "InvalidParameterValue"),
    ],
)
def test_what_is_refused(ec2, count, arguments, code):
    images = [f"ami-{number:017x}" for number in range(count)]
    assert code_of(ec2.describe_image_references, ImageIds=images, **arguments) == code


def test_an_option_of_another_resource_type_is_refused(ec2):
    kind = of_templates(3)["ResourceTypes"][0] | {"ResourceType": "ssm:Parameter"}
    assert code_of(ec2.describe_image_references, ImageIds=["ami-0"], ResourceTypes=[kind]) == "InvalidParameterValue"


def test_the_permissions_of_every_kind_asked_for_are_needed(sim, ec2):
    image = by_name(ec2, "golden-3")["ImageId"]
    kinds(ec2, image, **of_templates(3))
    assert sim.journal()[-1]["iam_actions"] == [
        "ec2:DescribeImageReferences",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribeLaunchTemplateVersions",
    ]
    kinds(ec2, image, **ALL)
    assert {"ssm:GetParameters", "imagebuilder:GetContainerRecipe"} < set(sim.journal()[-1]["iam_actions"])
