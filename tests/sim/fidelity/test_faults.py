"""What a client sees when things go wrong, and what happened meanwhile."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from test_reads import by_name
from test_writes import refused


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("deny", "UnauthorizedOperation", 403),
        ("auth-failure", "AuthFailure", 401),
        ("expired", "RequestExpired", 400),
        ("throttle", "RequestLimitExceeded", 503),
        ("internal-error", "InternalError", 500),
    ],
)
def test_refusals_by_code(sim, ec2, kind, code, status):
    sim.fault(kind, action="DescribeImages", first=1)
    answer = refused(code, ec2.describe_images, Owners=["self"])
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    assert ec2.describe_images(Owners=["self"])["Images"]


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("autoscaling", "describe_auto_scaling_groups", "Throttling"),
        ("sts", "get_caller_identity", "Throttling"),
        ("sns", "list_topics", "Throttled"),
    ],
)
def test_throttles_of_query_services(sim, service, operation, code):
    sim.fault("throttle")
    refused(code, getattr(sim.client(service), operation))


def test_a_throttled_call_is_retried_by_the_client(sim):
    sim.fault("throttle", action="DescribeImages", first=2)
    client = sim.client("ec2", retries={"total_max_attempts": 3, "mode": "standard"})
    assert client.describe_images(Owners=["self"])["Images"]
    assert len([entry for entry in sim.journal() if entry["action"] == "DescribeImages"]) == 3


@pytest.mark.parametrize(
    ("kind", "error", "happened"),
    [
        ("timeout-before", ReadTimeoutError, False),
        ("timeout-after", ReadTimeoutError, True),
        ("reset-before", ConnectionClosedError, False),
        ("reset-after", ConnectionClosedError, True),
        ("internal-error-after", ClientError, True),
    ],
)
def test_lost_answers(sim, kind, error, happened):
    client = sim.client("ec2", read_timeout=1)
    image = by_name(client, "golden-1")["ImageId"]
    sim.fault(kind, action="DisableImage")
    with pytest.raises(error):
        client.disable_image(ImageId=image)
    state = by_name(client, "golden-1", IncludeDisabled=True)["State"]
    assert state == ("disabled" if happened else "available")
    assert [entry["effect"] for entry in sim.journal() if entry["action"] == "DisableImage"] == [happened]


def test_a_truncated_page_cannot_be_read(sim, ec2):
    sim.fault("truncated-page", action="DescribeImages")
    with pytest.raises(ResponseParserError):
        ec2.describe_images(Owners=["self"])


def test_an_empty_body_cannot_be_read_either(sim, ec2):
    sim.fault("empty-body", action="DescribeImages")
    with pytest.raises(ResponseParserError):
        ec2.describe_images(Owners=["self"])


def test_a_bare_answer_looks_like_no_images(sim, ec2):
    sim.fault("bare-answer", action="DescribeImages")
    assert not ec2.describe_images(Owners=["self"]).get("Images")


def test_a_fault_can_wait_for_the_nth_call_in_one_region(sim):
    sim.fault("deny", action="DescribeImages", region="eu-west-1", nth=2)
    here, there = sim.client("ec2"), sim.client("ec2", region="eu-west-1")
    for _ in range(3):
        here.describe_images(Owners=["self"])
    there.describe_images(Owners=["self"])
    refused("UnauthorizedOperation", there.describe_images, Owners=["self"])
    there.describe_images(Owners=["self"])


def test_the_request_limit_refills_with_time(sim, ec2):
    sim.set(throttling="true")
    arguments = {"Owners": ["self"], "MaxResults": 5}
    for _ in range(100):
        ec2.describe_images(**arguments)
    refused("RequestLimitExceeded", ec2.describe_images, **arguments)
    sim.advance(seconds=1)
    for _ in range(20):
        ec2.describe_images(**arguments)
    refused("RequestLimitExceeded", ec2.describe_images, **arguments)
