"""Images of other accounts: who sees them, what is told of them, and what Allowed AMIs hides."""

import pytest

from conftest import OURS, OUTSIDER
from test_reads import by_name
from test_writes import refused

AMAZON = "137112412989"


@pytest.fixture
def ours(rich):
    return rich.client("ec2")


@pytest.fixture
def theirs(rich):
    return rich.client("ec2", account=OUTSIDER)


def names(client, **arguments):
    return sorted(image["Name"].split("-")[0] for image in client.describe_images(**arguments)["Images"])


def allow(client, *criteria, state="enabled"):
    client.replace_image_criteria_in_allowed_images_settings(ImageCriteria=list(criteria))
    client.enable_allowed_images_settings(AllowedImagesSettingsState=state)


def test_amazons_images_carry_its_alias(ours):
    image = ours.describe_images(Owners=["amazon"])["Images"][0]
    assert (image["OwnerId"], image["ImageOwnerAlias"], image["Public"]) == (AMAZON, "amazon", True)
    assert image["ImageLocation"].startswith("amazon/al2023-")
    assert "DeregistrationProtection" not in image and "LastLaunchedTime" not in image and "ImageAllowed" not in image
    assert names(ours, Owners=[AMAZON]) == names(ours, Filters=[{"Name": "owner-alias", "Values": ["amazon"]}]) == ["al2023"]
    assert names(ours, ImageIds=[image["ImageId"]]) == ["al2023"]


def test_deprecated_ones_are_seen_by_id_or_on_request(rich, ours):
    image = ours.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    rich.advance(days=91)
    assert names(ours, Owners=["amazon"]) == []
    assert names(ours, Owners=["amazon"], IncludeDeprecated=True) == ["al2023"]
    assert names(ours, ImageIds=[image]) == ["al2023"]


def test_disabled_ones_are_seen_by_nobody_else(ours, theirs):
    image = by_name(ours, "leaked")["ImageId"]
    assert "leaked" in names(theirs)
    ours.disable_image(ImageId=image)
    assert "leaked" not in names(theirs, IncludeDisabled=True)
    refused("InvalidAMIID.NotFound", theirs.describe_images, ImageIds=[image], IncludeDisabled=True)


def test_executable_by_self_counts_what_is_shared_by_name(theirs):
    assert names(theirs, ExecutableUsers=["self"]) == ["full", "partner"]
    assert names(theirs, ExecutableUsers=[OUTSIDER]) == ["full", "partner"]
    assert names(theirs, ExecutableUsers=["all"]) == ["al2023", "leaked"]


def test_allowed_images_hide_what_meets_no_criterion_of_others_only(ours, theirs):
    leaked, partner = by_name(ours, "leaked")["ImageId"], by_name(ours, "partner")["ImageId"]
    assert names(theirs) == ["al2023", "full", "leaked", "partner"]
    allow(theirs, {"ImageProviders": ["amazon"]}, {"ImageProviders": [OURS], "ImageNames": ["part*"]})
    assert names(theirs) == ["al2023", "partner"]
    assert all(image["ImageAllowed"] for image in theirs.describe_images()["Images"])
    assert names(theirs, ImageIds=[partner]) == ["partner"]
    refused("InvalidAMIID.NotFound", theirs.describe_images, ImageIds=[leaked])
    refused("InvalidAMIID.NotFound", theirs.run_instances, ImageId=leaked, MinCount=1, MaxCount=1)
    copy = {"Name": "copy", "SourceImageId": leaked, "SourceRegion": "us-east-1"}
    refused("InvalidAMIID.NotFound", theirs.copy_image, **copy)
    allow(ours, {"ImageProviders": ["none"]})
    assert "leaked" in names(ours) and "al2023" not in names(ours)
    assert theirs.disable_allowed_images_settings()["AllowedImagesSettingsState"] == "disabled"
    assert names(theirs, ImageIds=[leaked]) == ["leaked"]


def test_audit_mode_hides_nothing_and_tells(theirs):
    allow(theirs, {"ImageProviders": ["amazon"]}, state="audit-mode")
    verdicts = {image["Name"]: image["ImageAllowed"] for image in theirs.describe_images()["Images"]}
    assert {name: verdict for name, verdict in verdicts.items() if not verdict}.keys() == {"full", "leaked", "partner"}
    assert names(theirs, Filters=[{"Name": "image-allowed", "Values": ["true"]}]) == ["al2023"]
    settings = theirs.get_allowed_images_settings()
    assert (settings["State"], settings["ManagedBy"]) == ("audit-mode", "account")
    assert settings["ImageCriteria"] == [{"ImageProviders": ["amazon"]}]


@pytest.mark.parametrize(
    ("criterion", "expected"),
    [
        ({"CreationDateCondition": {"MaximumDaysSinceCreated": 60}}, ["al2023", "partner"]),
        ({"MarketplaceProductCodes": ["abcdefghijklmnop"]}, ["full"]),
        ({"ImageNames": ["l?aked", "al2023*"]}, ["al2023", "leaked"]),
        ({"ImageProviders": [OURS], "CreationDateCondition": {"MaximumDaysSinceCreated": 90}}, ["leaked", "partner"]),
    ],
)
def test_a_criterion_wants_all_that_it_says(theirs, criterion, expected):
    allow(theirs, criterion)
    assert names(theirs) == expected


def test_days_since_deprecation(rich, theirs):
    allow(theirs, {"ImageProviders": ["amazon"], "DeprecationTimeCondition": {"MaximumDaysSinceDeprecated": 10}})
    rich.advance(days=99)
    assert names(theirs, IncludeDeprecated=True) == ["al2023"]
    rich.advance(days=2)
    assert names(theirs, IncludeDeprecated=True) == []


def test_criteria_that_are_refused(theirs):
    replace = theirs.replace_image_criteria_in_allowed_images_settings
    refused("InvalidParameterValue", replace, ImageCriteria=[{"ImageProviders": ["none", "amazon"]}])
    refused("InvalidParameterValue", replace, ImageCriteria=[{"ImageProviders": ["amazon"]}] * 11)
    refused("InvalidParameterValue", theirs.enable_allowed_images_settings, AllowedImagesSettingsState="disabled")


def test_a_declarative_policy_keeps_the_criteria(rich):
    there = rich.client("ec2", region="ap-south-1")
    settings = there.get_allowed_images_settings()
    assert (settings["State"], settings["ManagedBy"]) == ("audit-mode", "declarative-policy")
    assert settings["ImageCriteria"] == [
        {
            "ImageProviders": ["amazon", OUTSIDER],
            "MarketplaceProductCodes": ["abcdefghijklmnop"],
            "ImageNames": ["al2023-ami-*"],
            "DeprecationTimeCondition": {"MaximumDaysSinceDeprecated": 0},
            "CreationDateCondition": {"MaximumDaysSinceCreated": 300},
        }
    ]
    refused("OperationNotPermitted", there.disable_allowed_images_settings)
    refused("OperationNotPermitted", there.replace_image_criteria_in_allowed_images_settings, ImageCriteria=[])


def test_an_encrypted_image_cannot_be_made_public(sim, ec2):
    there = sim.client("ec2", region="eu-west-1")
    source = by_name(ec2, "golden-1")["ImageId"]
    copy = there.copy_image(Name="sealed", SourceImageId=source, SourceRegion="us-east-1", Encrypted=True)["ImageId"]
    sim.advance(minutes=5)
    share = {"ImageId": copy, "LaunchPermission": {"Add": [{"Group": "all"}]}}
    refused("OperationNotPermitted", there.modify_image_attribute, **share)


@pytest.mark.parametrize("word", ["enabled-with-cooldown", "disabled"])
def test_protection_with_cooldown_is_taken_off_a_day_later(sim, ec2, word):
    sim.set(cooling_down_shows=word)
    image = by_name(ec2, "golden-1")["ImageId"]
    assert ec2.enable_image_deregistration_protection(ImageId=image)["Return"] == "enabled-without-cooldown"
    answer = ec2.enable_image_deregistration_protection(ImageId=image, WithCooldown=True)
    assert answer["Return"] == "enabled-with-cooldown"
    assert ec2.disable_image_deregistration_protection(ImageId=image)["Return"] == "disabled"
    sim.advance(hours=23)
    assert by_name(ec2, "golden-1")["DeregistrationProtection"] == word
    refused("OperationNotPermitted", ec2.deregister_image, ImageId=image)
    sim.advance(hours=1)
    assert by_name(ec2, "golden-1")["DeregistrationProtection"] == "disabled"
    ec2.deregister_image(ImageId=image)
