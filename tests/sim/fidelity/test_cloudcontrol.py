"""Cloud Control, as boto3 reads it."""

import json

import pytest

from conftest import OURS, OUTSIDER
from test_paging import everything
from test_reads import by_name
from test_writes import refused

FLEET = "AWS::CodeBuild::Fleet"
NODES = "AWS::EKS::Nodegroup"


@pytest.fixture
def control(company):
    return company.client("cloudcontrol")


@pytest.fixture
def golden(company):
    return by_name(company.client("ec2"), "golden-3")["ImageId"]


def listed(client, kind, **arguments):
    resources, _ = everything(client, "list_resources", "ResourceDescriptions", TypeName=kind, **arguments)
    return {resource["Identifier"]: json.loads(resource["Properties"]) for resource in resources}


def read(client, kind, identifier):
    answer = client.get_resource(TypeName=kind, Identifier=identifier)
    assert answer["TypeName"] == kind
    return json.loads(answer["ResourceDescription"]["Properties"])


def test_a_listing_tells_identifiers_and_a_read_tells_the_rest(control, golden):
    arn = f"arn:aws:codebuild:us-east-1:{OURS}:fleet/builds:1"
    assert listed(control, FLEET) == {arn: {"Arn": arn}}
    assert read(control, FLEET, arn) == {"Arn": arn, "Name": "builds", "ImageId": golden}
    environment = f"arn:aws:batch:us-east-1:{OURS}:compute-environment/jobs"
    assert read(control, "AWS::Batch::ComputeEnvironment", environment)["ComputeResources"]["ImageId"] == golden


def test_some_types_need_a_model_before_they_can_be_listed(company, control, golden):
    for kind, missing in ((NODES, "ClusterName"), ("AWS::PCS::ComputeNodeGroup", "ClusterId")):
        error = refused("InvalidRequestException", control.list_resources, TypeName=kind)["Error"]
        assert error["Message"].startswith(f"Missing or invalid ResourceModel property in {kind} list handler request input.")
        assert f"required key [{missing}] not found" in error["Message"]
    clusters = sorted(listed(control, "AWS::EKS::Cluster"))
    assert clusters == ["blue", "green"]
    nodes = {cluster: sorted(listed(control, NODES, ResourceModel=json.dumps({"ClusterName": cluster}))) for cluster in clusters}
    assert nodes == {"blue": ["blue/large", "blue/small"], "green": ["green/small"]}
    group = read(control, NODES, "blue/small")
    (template,) = company.client("ec2").describe_launch_templates(LaunchTemplateNames=["eks-nodes"])["LaunchTemplates"]
    assert group["LaunchTemplate"]["Id"] == template["LaunchTemplateId"]
    pcs = listed(control, "AWS::PCS::ComputeNodeGroup", ResourceModel='{"ClusterId": "pcs_1"}')
    assert read(control, "AWS::PCS::ComputeNodeGroup", next(iter(pcs)))["AmiId"] == golden
    refused("InvalidRequestException", control.list_resources, TypeName=NODES, ResourceModel="{")


def test_what_is_write_only_cannot_be_read(control, golden):
    shop = read(control, "AWS::ElasticBeanstalk::Environment", "shop")
    assert shop == {"EnvironmentName": "shop", "ApplicationName": "store"}
    template = read(control, "AWS::ElasticBeanstalk::ConfigurationTemplate", "store|base")
    assert template["OptionSettings"][0]["Value"] == golden
    assert "ForceUpdateEnabled" not in read(control, NODES, "blue/small")


def test_keys_have_their_policies(control):
    keys = listed(control, "AWS::KMS::Key")
    assert len(keys) == 1
    policy = read(control, "AWS::KMS::Key", next(iter(keys)))["KeyPolicy"]
    assert policy["Statement"][0]["Principal"] == {"AWS": OUTSIDER}


def test_an_alias_names_its_key(control):
    (alias,) = listed(control, "AWS::KMS::Alias")
    assert read(control, "AWS::KMS::Key", read(control, "AWS::KMS::Alias", alias)["TargetKeyId"])["Enabled"]
    # AWS's own are there once something was encrypted with their keys.
    refused("ResourceNotFoundException", control.get_resource, TypeName="AWS::KMS::Alias", Identifier="alias/aws/ebs")
    refused("ResourceNotFoundException", control.get_resource, TypeName="AWS::KMS::Key", Identifier="pending-deletion")


def test_identifiers_can_be_json(control):
    assert read(control, NODES, '{"Id": "green/small"}')["NodegroupName"] == "small"
    template = '{"ApplicationName": "store", "TemplateName": "base"}'
    assert read(control, "AWS::ElasticBeanstalk::ConfigurationTemplate", template)["TemplateName"] == "base"
    refused("ResourceNotFoundException", control.get_resource, TypeName=NODES, Identifier="blue/missing")


def test_no_resources_no_handlers_and_no_type_are_three_things(company, control):
    assert listed(control, "AWS::EMR::Studio") == {}
    for kind in ("AWS::EMR::Cluster", "AWS::EMR::InstanceGroupConfig"):
        refused("UnsupportedActionException", control.list_resources, TypeName=kind)
        refused("UnsupportedActionException", control.get_resource, TypeName=kind, Identifier="j-1")
    refused("TypeNotFoundException", control.list_resources, TypeName="AWS::Made::Up")
    refused("ValidationException", control.list_resources, TypeName="nonsense::nonsense")
    assert listed(control, "Private::Corp::Thing") == {"odd": {"Name": "odd"}}
    there = company.client("cloudcontrol", region="eu-west-1")
    refused("TypeNotFoundException", there.list_resources, TypeName="AWS::PCS::Cluster")
    assert listed(there, FLEET) == {}


def test_pages(control):
    kind = "AWS::PCS::Cluster"
    assert len(control.list_resources(TypeName=kind)["ResourceDescriptions"]) == 100
    assert len(listed(control, kind)) == 120
    resources, pages = everything(control, "list_resources", "ResourceDescriptions", 50, TypeName=kind)
    assert (len(resources), pages) == (120, 3)
    refused("ValidationException", control.list_resources, TypeName=kind, MaxResults=101)
    refused("InvalidRequestException", control.list_resources, TypeName=kind, NextToken="made-up")


def test_its_actions_belong_to_cloudformation(company, control):
    control.list_resources(TypeName=FLEET)
    entry = company.journal()[-1]
    assert (entry["service"], entry["iam_actions"]) == ("cloudcontrolapi", ["cloudformation:ListResources"])
    company.fault("deny", action="ListResources", resource=FLEET)
    error = refused("AccessDeniedException", control.list_resources, TypeName=FLEET)
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert listed(control, "AWS::EKS::Cluster")
