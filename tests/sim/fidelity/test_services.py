"""STS, SNS and the Recycle Bin's rules."""

import pytest

from conftest import OURS, OUTSIDER
from test_writes import refused


def test_identity_and_assumed_roles(sim):
    sts = sim.client("sts")
    assert sts.get_caller_identity()["Account"] == OURS
    answer = sts.assume_role(RoleArn=f"arn:aws:iam::{OUTSIDER}:role/path/warden", RoleSessionName="here")
    session = answer["Credentials"]
    there = sim.client("sts", session=session)
    assert there.get_caller_identity()["Arn"] == f"arn:aws:sts::{OUTSIDER}:assumed-role/warden/here"
    assert len(sim.client("ec2", session=session).describe_images()["Images"]) == 2
    sim.advance(hours=1)
    refused("ExpiredToken", there.get_caller_identity)
    refused("RequestExpired", sim.client("ec2", session=session).describe_images)


def test_unknown_keys_and_roles_are_refused(sim):
    refused("AuthFailure", sim.client("ec2", account="999999999999").describe_images)
    refused("InvalidClientTokenId", sim.client("sts", account="999999999999").get_caller_identity)
    refused("UnrecognizedClientException", sim.client("rbin", account="999999999999").list_rules, ResourceType="EC2_IMAGE")
    arguments = {"RoleArn": "arn:aws:iam::999999999999:role/x", "RoleSessionName": "here"}
    refused("AccessDenied", sim.client("sts").assume_role, **arguments)


def test_publish(sim):
    sns = sim.client("sns")
    topic = sns.create_topic(Name="reports")["TopicArn"]
    assert topic in [one["TopicArn"] for one in sns.list_topics()["Topics"]]
    attributes = {"severity": {"DataType": "String", "StringValue": "high"}}
    assert sns.publish(TopicArn=topic, Subject="s", Message="m", MessageAttributes=attributes)["MessageId"]
    missing = f"arn:aws:sns:us-east-1:{OURS}:missing"
    answer = refused("NotFound", sns.publish, TopicArn=missing, Message="m")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 404
    refused("InvalidParameter", sns.publish, TopicArn=topic, Message="")
    refused("InvalidParameter", sim.client("sns", region="eu-west-1").publish, TopicArn=topic, Message="m")
    refused("AuthorizationError", sim.client("sns", account=OUTSIDER).publish, TopicArn=topic, Message="m")


def test_the_size_limit_counts_attributes(sim):
    sns = sim.client("sns")
    topic = sns.create_topic(Name="reports")["TopicArn"]
    sns.publish(TopicArn=topic, Message="x" * 262144)
    refused("InvalidParameter", sns.publish, TopicArn=topic, Message="x" * 262145)
    attributes = {"a": {"DataType": "String", "StringValue": "b"}}
    refused("InvalidParameter", sns.publish, TopicArn=topic, Message="x" * 262144, MessageAttributes=attributes)


def test_a_batch_can_fail_in_part(sim):
    sns = sim.client("sns")
    topic = sns.create_topic(Name="reports")["TopicArn"]
    sim.set(topic=topic, fail_batch_entries=1)
    entries = [{"Id": str(n), "Message": "m"} for n in range(3)]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["1", "2"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [("0", "InternalError", False)]
    codes = {
        "EmptyBatchRequest": [],
        "TooManyEntriesInBatchRequest": [{"Id": str(n), "Message": "m"} for n in range(11)],
        "BatchEntryIdsNotDistinct": [{"Id": "a", "Message": "m"}] * 2,
        "BatchRequestTooLong": [{"Id": "a", "Message": "m" * 200000}, {"Id": "b", "Message": "m" * 200000}],
    }
    for code, entries in codes.items():
        refused(code, sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=entries)


def test_recycle_bin_rules(sim):
    rbin = sim.client("rbin")
    days = {"RetentionPeriodValue": 30, "RetentionPeriodUnit": "DAYS"}
    tag = [{"ResourceTagKey": "keep", "ResourceTagValue": "yes"}]
    made = rbin.create_rule(RetentionPeriod=days, ResourceType="EC2_IMAGE", ExcludeResourceTags=tag, Description="d")
    assert made["Status"] == "pending"
    rule = rbin.get_rule(Identifier=made["Identifier"])
    assert (rule["ResourceType"], rule["RetentionPeriod"], rule["ExcludeResourceTags"]) == ("EC2_IMAGE", days, tag)
    sim.advance(minutes=30)
    assert rbin.get_rule(Identifier=made["Identifier"])["Status"] == "available"
    assert made["Identifier"] in [r["Identifier"] for r in rbin.list_rules(ResourceType="EC2_IMAGE")["Rules"]]
    assert made["Identifier"] not in [r["Identifier"] for r in rbin.list_rules(ResourceType="EBS_SNAPSHOT")["Rules"]]
    rbin.delete_rule(Identifier=made["Identifier"])
    refused("ResourceNotFoundException", rbin.get_rule, Identifier=made["Identifier"])
    both = {"ResourceTags": tag, "ExcludeResourceTags": tag}
    refused("ValidationException", rbin.create_rule, RetentionPeriod=days, ResourceType="EC2_IMAGE", **both)


@pytest.mark.parametrize(("service", "operation"), [("s3", "list_buckets"), ("dynamodb", "list_tables"), ("eks", "list_clusters")])
def test_other_services_are_refused(sim, service, operation):
    with pytest.raises(Exception, match="UnknownService|404"):
        getattr(sim.client(service), operation)()
