"""What holds for every API of the services that speak JSON: faults, permissions, and the names in their answers."""

import json

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, PaginationError, ReadTimeoutError

from conftest import OURS
from test_writes import refused

ARN = f"arn:aws:imagebuilder:us-east-1:{OURS}"
#: service, operation, arguments, the list in its answer if it has pages
APIS = [
    ("ssm", "describe_parameters", {}, "Parameters"),
    ("ssm", "get_parameters", {"Names": ["/golden/web", "missing", "secret"]}, None),
    ("ssm", "get_parameter", {"Name": "/golden/deep/er:1"}, None),
    ("ssm", "get_parameters_by_path", {"Path": "/settings"}, "Parameters"),
    ("organizations", "describe_organization", {}, None),
    ("organizations", "list_accounts", {}, "Accounts"),
    ("organizations", "list_roots", {}, "Roots"),
    ("organizations", "list_organizational_units_for_parent", {"ParentId": "r-abcd"}, "OrganizationalUnits"),
    ("organizations", "list_accounts_for_parent", {"ParentId": "ou-abcd-11111111"}, "Accounts"),
    ("organizations", "list_parents", {"ChildId": OURS}, "Parents"),
    ("cloudtrail", "lookup_events", {}, "Events"),
    ("cloudcontrol", "list_resources", {"TypeName": "AWS::EKS::Cluster"}, "ResourceDescriptions"),
    ("cloudcontrol", "get_resource", {"TypeName": "AWS::EKS::Cluster", "Identifier": "blue"}, None),
    ("imagebuilder", "list_image_recipes", {}, "imageRecipeSummaryList"),
    ("imagebuilder", "get_image_recipe", {"imageRecipeArn": f"{ARN}:image-recipe/web/1.10.0"}, None),
    ("imagebuilder", "list_container_recipes", {}, "containerRecipeSummaryList"),
    ("imagebuilder", "get_container_recipe", {"containerRecipeArn": f"{ARN}:container-recipe/worker/1.0.0"}, None),
]
PAGED = [api for api in APIS if api[3]]
#: throttled, internal error, and the status of a refusal
WORDS = {
    "ssm": ("ThrottlingException", "InternalServerError", 400),
    "organizations": ("TooManyRequestsException", "ServiceException", 400),
    "cloudtrail": ("ThrottlingException", "InternalFailure", 400),
    "cloudcontrol": ("ThrottlingException", "ServiceInternalErrorException", 400),
    "imagebuilder": ("CallRateLimitExceededException", "ServiceException", 403),
}
PREFIXES = {"cloudcontrol": "cloudformation"}


def name(operation):
    return "".join(word.capitalize() for word in operation.split("_"))


def each(apis):
    return pytest.mark.parametrize(("service", "operation", "arguments", "key"), apis, ids=[api[1] for api in apis])


def strangers(value, shape, path):
    """Fields of `value` that `shape` has no member for."""
    if shape.type_name == "structure":
        for field, inside in value.items():
            if field in shape.members:
                yield from strangers(inside, shape.members[field], f"{path}.{field}")
            else:
                yield f"{path}.{field}"
    elif shape.type_name == "list":
        for inside in value:
            yield from strangers(inside, shape.member, path)


@each(APIS)
def test_every_field_is_one_that_the_model_knows(company, service, operation, arguments, key):
    client = company.client(service)
    seen = []

    def after(model, http_response, **_):
        seen.extend(strangers(json.loads(http_response.content), model.output_shape, model.name))

    client.meta.events.register("after-call", after)
    answer = getattr(client, operation)(**arguments)
    assert seen == []
    assert key is None or answer[key]


@each(APIS)
def test_each_service_words_its_refusals(company, service, operation, arguments, key):
    call = getattr(company.client(service), operation)
    throttled, internal, status = WORDS[service]
    kinds = {
        "deny": ("AccessDeniedException", status),
        "auth-failure": ("UnrecognizedClientException", status),
        "expired": ("ExpiredTokenException", status),
        "throttle": (throttled, 429 if service == "imagebuilder" else 400),
        "internal-error": (internal, 500),
    }
    for kind, (code, expected) in kinds.items():
        company.fault(kind, action=name(operation), first=1)
        answer = refused(code, call, **arguments)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == expected
        assert answer["Error"]["Message"]
        company.clear_faults()
    assert call(**arguments)
    assert company.journal()[-1]["iam_actions"] == [f"{PREFIXES.get(service, service)}:{name(operation)}"]


@each(APIS)
def test_answers_get_lost_break_off_and_come_empty(company, service, operation, arguments, key):
    client = company.client(service, read_timeout=1)
    bodies = []
    client.meta.events.register("after-call", lambda http_response, **_: bodies.append(http_response.content))
    call = getattr(client, operation)
    for kind, error in (("timeout-before", ReadTimeoutError), ("reset-after", ConnectionClosedError)):
        company.fault(kind, action=name(operation), first=1)
        with pytest.raises(error):
            call(**arguments)
        company.clear_faults()
    whole = (call(**arguments), bodies[-1])[1]
    for kind, body in (("truncated-page", whole[: len(whole) // 2]), ("empty-body", b""), ("bare-answer", b"{}")):
        company.fault(kind, action=name(operation), first=1)
        # boto3 takes all three for an answer without anything in it.
        assert set(call(**arguments)) == {"ResponseMetadata"}
        assert bodies[-1] == body
        assert company.journal()[-1]["outcome"] == "lost"
        company.clear_faults()
    with pytest.raises(ValueError):
        json.loads(whole[: len(whole) // 2])


@each(PAGED)
def test_pages_are_the_whole_and_a_looping_token_is_noticed(company, service, operation, arguments, key):
    client = company.client(service)
    items = lambda: [one for page in client.get_paginator(operation).paginate(**arguments) for one in page[key]]
    whole = items()
    for setting in ({"page_limit": 1}, {"empty_first_pages": "true"}):
        company.set(**setting)
        assert items() == whole
    company.fault("looping_token", action=name(operation))
    with pytest.raises(PaginationError):
        items()


@each(PAGED)
def test_a_token_belongs_to_its_request(company, service, operation, arguments, key):
    company.set(empty_first_pages="true")
    client = company.client(service)
    token = "nextToken" if service == "imagebuilder" else "NextToken"
    first = getattr(client, operation)(**arguments)
    assert first[key] == [] and first[token]
    assert getattr(client, operation)(**arguments, **{token: first[token]})[key]
    with pytest.raises(ClientError):
        getattr(client, operation)(**arguments, **{token: "made-up"})


@each(APIS)
def test_request_limits(company, service, operation, arguments, key):
    company.set(throttling="true")
    call = getattr(company.client(service), operation)
    for number in range(101):
        try:
            call(**arguments)
        except ClientError as error:
            assert error.response["Error"]["Code"] == WORDS[service][0]
            break
    else:
        pytest.fail("there is no limit")
    assert number >= 2
    company.advance(seconds=1)
    call(**arguments)


def test_unknown_keys_and_regions_that_are_off_are_refused(company):
    for service, operation, arguments, _ in APIS:
        refused("UnrecognizedClientException", getattr(company.client(service, account="999999999999"), operation), **arguments)
    refused("UnrecognizedClientException", company.client("ssm", region="af-south-1").describe_parameters)
