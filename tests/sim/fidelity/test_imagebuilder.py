"""Image Builder's recipes, as boto3 reads them."""

import pytest

from conftest import OURS, OUTSIDER
from test_paging import everything
from test_reads import by_name
from test_writes import refused

ARN = f"arn:aws:imagebuilder:us-east-1:{OURS}"


@pytest.fixture
def builder(company):
    return company.client("imagebuilder")


@pytest.fixture
def golden(company):
    return by_name(company.client("ec2"), "golden-3")["ImageId"]


def test_image_recipes_name_their_parents_in_every_form(builder, golden):
    recipes, pages = everything(builder, "list_image_recipes", "imageRecipeSummaryList", owner="Self")
    assert (len(recipes), pages) == (30, 2)
    parents = {recipe["arn"]: recipe["parentImage"] for recipe in recipes}
    assert parents[f"{ARN}:image-recipe/web/1.10.0"] == golden
    assert parents[f"{ARN}:image-recipe/web/1.9.0"] == "ssm:/golden/web"
    assert parents[f"{ARN}:image-recipe/plain-00/1.0.0"].startswith("arn:aws:imagebuilder:us-east-1:aws:image/")
    assert {recipe["owner"] for recipe in recipes} == {OURS}
    assert recipes[0]["dateCreated"] == "2026-06-01T12:00:00.000Z"


def test_an_image_recipe_in_full(builder, golden):
    recipe = builder.get_image_recipe(imageRecipeArn=f"{ARN}:image-recipe/web/1.10.0")["imageRecipe"]
    assert (recipe["name"], recipe["version"], recipe["type"], recipe["parentImage"]) == ("web", "1.10.0", "AMI", golden)
    assert recipe["components"] == [{"componentArn": f"{ARN}:component/hardening/1.0.0/1"}]
    assert recipe["blockDeviceMappings"][0]["deviceName"] == "/dev/sdb"
    assert recipe["blockDeviceMappings"][0]["ebs"]["snapshotId"] == "snap-0abc"
    latest = lambda version: builder.get_image_recipe(imageRecipeArn=f"{ARN}:image-recipe/web/{version}")["imageRecipe"]["version"]
    assert (latest("x.x.x"), latest("1.9.x")) == ("1.10.0", "1.9.0")
    missing = refused("ResourceNotFoundException", builder.get_image_recipe, imageRecipeArn=f"{ARN}:image-recipe/web/2.x.x")
    assert missing["ResponseMetadata"]["HTTPStatusCode"] == 404
    container = f"{ARN}:container-recipe/worker/1.0.0"
    refused("ResourceNotFoundException", builder.get_image_recipe, imageRecipeArn=container)


def test_container_recipes_name_the_image_of_their_instance(builder, golden):
    recipes, _ = everything(builder, "list_container_recipes", "containerRecipeSummaryList", owner="Self")
    assert [(recipe["name"], recipe.get("instanceImage")) for recipe in recipes] == [("default", None), ("worker", golden)]
    full = builder.get_container_recipe(containerRecipeArn=recipes[1]["arn"])["containerRecipe"]
    assert full["instanceConfiguration"]["image"] == golden
    assert full["instanceConfiguration"]["blockDeviceMappings"][0]["ebs"]["snapshotId"] == "snap-0def"
    assert full["containerType"] == "DOCKER"
    chosen = builder.get_container_recipe(containerRecipeArn=recipes[0]["arn"])["containerRecipe"]
    assert "image" not in chosen["instanceConfiguration"]


def test_pages_owners_and_filters(builder, golden):
    ask = builder.list_image_recipes
    assert len(ask()["imageRecipeSummaryList"]) == 25
    assert len(ask(maxResults=100)["imageRecipeSummaryList"]) == 30
    recipes, pages = everything(builder, "list_image_recipes", "imageRecipeSummaryList", 10)
    assert (len(recipes), pages) == (30, 3)
    shared = ask(owner="Shared")["imageRecipeSummaryList"]
    assert [recipe["owner"] for recipe in shared] == [OUTSIDER]
    assert ask(owner="Amazon")["imageRecipeSummaryList"] == []
    found = ask(filters=[{"name": "parentImage", "values": [golden]}])["imageRecipeSummaryList"]
    assert [recipe["arn"] for recipe in found] == [f"{ARN}:image-recipe/web/1.10.0"]
    refused("InvalidRequestException", ask, maxResults=101)
    refused("InvalidRequestException", ask, filters=[{"name": "made", "values": ["up"]}])
    refused("InvalidRequestException", ask, owner="Nobody")
    refused("InvalidPaginationTokenException", ask, nextToken="made-up")
