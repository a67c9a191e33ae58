"""SSM parameters, as boto3 reads them."""

import datetime

import pytest

from conftest import OURS
from test_paging import everything
from test_reads import by_name
from test_writes import refused

LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


@pytest.fixture
def ssm(company):
    return company.client("ssm")


@pytest.fixture
def golden(company):
    return by_name(company.client("ec2"), "golden-3")["ImageId"]


def names(parameters):
    return [parameter["Name"] for parameter in parameters]


def test_listings_page_at_fifty_and_leave_out_what_aws_owns(ssm):
    first = ssm.describe_parameters()
    assert len(first["Parameters"]) == 50
    whole, pages = everything(ssm, "describe_parameters", "Parameters")
    assert (len(whole), pages) == (59, 2)
    assert LINUX not in names(whole)
    web = next(parameter for parameter in whole if parameter["Name"] == "/golden/web")
    assert web["ARN"] == f"arn:aws:ssm:us-east-1:{OURS}:parameter/golden/web"
    assert (web["Type"], web["DataType"], web["Version"], web["Tier"]) == ("String", "aws:ec2:image", 1, "Standard")
    assert web["LastModifiedDate"].astimezone(datetime.timezone.utc).isoformat() == "2026-06-01T12:00:00+00:00"


def test_pages_can_be_empty_and_still_lead_on(company, ssm):
    company.set(empty_first_pages="true")
    assert ssm.describe_parameters()["Parameters"] == []
    whole, pages = everything(ssm, "describe_parameters", "Parameters")
    assert (len(whole), pages) == (59, 3)


def test_filters(ssm):
    def found(key, option=None, *values):
        entry = {"Key": key, "Values": list(values)}
        if option:
            entry["Option"] = option
        return names(everything(ssm, "describe_parameters", "Parameters", ParameterFilters=[entry])[0])

    assert found("DataType", None, "aws:ec2:image") == ["/golden/web"]
    assert found("Type", "Equals", "SecureString") == ["secret"]
    assert found("Name", "BeginsWith", "/golden/") == ["/golden/deep/er", "/golden/plain", "/golden/web"]
    assert found("Path", None, "/golden") == ["/golden/plain", "/golden/web"]
    assert found("Path", "Recursive", "/golden") == ["/golden/deep/er", "/golden/plain", "/golden/web"]
    ask = ssm.describe_parameters
    refused("InvalidFilterOption", ask, ParameterFilters=[{"Key": "Path", "Option": "Equals", "Values": ["/a"]}])
    refused("InvalidFilterKey", ask, ParameterFilters=[{"Key": "Label", "Values": ["a"]}])
    refused("ValidationException", ask, MaxResults=51)
    refused("InvalidNextToken", ask, NextToken="made-up")


def test_values_come_ten_at_a_time_and_what_is_missing_is_named(ssm, golden):
    answer = ssm.get_parameters(Names=["/golden/web", "missing", LINUX, "/golden/deep/er:1", "/golden/web:7"])
    values = {parameter["Name"]: parameter["Value"] for parameter in answer["Parameters"]}
    assert values == {"/golden/web": golden, "/golden/deep/er": golden, LINUX: "ami-0123456789abcdef0"}
    assert answer["InvalidParameters"] == ["missing", "/golden/web:7"]
    assert len(ssm.get_parameters(Names=[f"/settings/{n:02}" for n in range(10)])["Parameters"]) == 10
    refused("ValidationException", ssm.get_parameters, Names=[f"/settings/{n:02}" for n in range(11)])


def test_one_value_by_name_arn_version_and_path(ssm, golden):
    arn = f"arn:aws:ssm:us-east-1:{OURS}:parameter/golden/deep/er"
    assert ssm.get_parameter(Name=arn)["Parameter"]["Value"] == "a second version"
    first = ssm.get_parameter(Name="/golden/deep/er:1")["Parameter"]
    assert (first["Value"], first["Version"], first["Selector"], first["Name"]) == (golden, 1, ":1", "/golden/deep/er")
    refused("ParameterNotFound", ssm.get_parameter, Name="missing")
    refused("ParameterVersionNotFound", ssm.get_parameter, Name="/golden/web:9")
    assert names(ssm.get_parameters_by_path(Path="/golden")["Parameters"]) == ["/golden/plain", "/golden/web"]
    deep = everything(ssm, "get_parameters_by_path", "Parameters", Path="/golden", Recursive=True)
    assert names(deep[0]) == ["/golden/deep/er", "/golden/plain", "/golden/web"]
    whole, pages = everything(ssm, "get_parameters_by_path", "Parameters", Path="/settings")
    assert (len(whole), pages) == (55, 6)
    assert names(ssm.get_parameters_by_path(Path="/aws/service/ami-amazon-linux-latest")["Parameters"]) == [LINUX]


def test_secrets_stay_ciphertext_until_they_are_decrypted(ssm):
    assert "hunter2" not in ssm.get_parameter(Name="secret")["Parameter"]["Value"]
    assert "hunter2" not in str(ssm.get_parameters(Names=["secret"]))
    assert ssm.get_parameter(Name="secret", WithDecryption=True)["Parameter"]["Value"] == "hunter2"


def test_aliases_of_launch_templates_are_these_parameters(company, golden):
    ec2 = company.client("ec2")
    for parameter, image in (("/golden/web", golden), ("/golden/deep/er:1", golden), (LINUX, "ami-0123456789abcdef0")):
        company.template(parameter, f"resolve:ssm:{parameter}")
        found = ec2.describe_launch_template_versions(LaunchTemplateName=parameter, Versions=["$Latest"], ResolveAlias=True)
        assert found["LaunchTemplateVersions"][0]["LaunchTemplateData"]["ImageId"] == image
