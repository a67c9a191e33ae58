"""What stands between a snapshot and its deletion: locks and Fast Snapshot Restore."""

import pytest

from conftest import OUTSIDER
from test_writes import refused


@pytest.fixture
def loose(ec2):
    filters = [{"Name": "description", "Values": ["left behind"]}]
    return ec2.describe_snapshots(Filters=filters)["Snapshots"][0]["SnapshotId"]


def test_a_governance_lock_can_be_changed_and_taken_off(ec2, loose):
    answer = ec2.lock_snapshot(SnapshotId=loose, LockMode="governance", LockDuration=30)
    assert (answer["LockState"], answer["LockDuration"]) == ("governance", 30)
    assert (answer["LockExpiresOn"] - answer["LockCreatedOn"]).days == 30
    refused("OperationNotPermitted", ec2.delete_snapshot, SnapshotId=loose)
    ec2.lock_snapshot(SnapshotId=loose, LockMode="governance", LockDuration=1)
    assert ec2.describe_locked_snapshots(SnapshotIds=[loose])["Snapshots"][0]["LockDuration"] == 1
    assert ec2.unlock_snapshot(SnapshotId=loose)["SnapshotId"] == loose
    assert ec2.describe_locked_snapshots()["Snapshots"] == []
    refused("IncorrectState", ec2.unlock_snapshot, SnapshotId=loose)
    ec2.delete_snapshot(SnapshotId=loose)


def test_a_compliance_lock_can_only_be_extended_after_it_cooled_off(sim, ec2, loose):
    lock = {"SnapshotId": loose, "LockMode": "compliance"}
    answer = ec2.lock_snapshot(**lock, LockDuration=10, CoolOffPeriod=24)
    assert answer["LockState"] == "compliance-cooloff"
    assert (answer["CoolOffPeriodExpiresOn"] - answer["LockCreatedOn"]).days == 1
    ec2.lock_snapshot(**lock, LockDuration=5, CoolOffPeriod=1)
    sim.advance(hours=1)
    states = [{"Name": "lock-state", "Values": ["compliance"]}]
    assert [s["SnapshotId"] for s in ec2.describe_locked_snapshots(Filters=states)["Snapshots"]] == [loose]
    refused("OperationNotPermitted", ec2.unlock_snapshot, SnapshotId=loose)
    refused("OperationNotPermitted", ec2.lock_snapshot, **lock, LockDuration=1)
    refused("OperationNotPermitted", ec2.lock_snapshot, SnapshotId=loose, LockMode="governance", LockDuration=99)
    ec2.lock_snapshot(**lock, LockDuration=6)
    refused("OperationNotPermitted", ec2.delete_snapshot, SnapshotId=loose)
    sim.advance(days=6)
    assert ec2.describe_locked_snapshots()["Snapshots"][0]["LockState"] == "expired"
    ec2.delete_snapshot(SnapshotId=loose)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"LockMode": "governance"}, "MissingParameter"),
        ({"LockMode": "governance", "LockDuration": 1, "ExpirationDate": "2027-01-01"}, "InvalidParameterCombination"),
        ({"LockMode": "governance", "LockDuration": 1, "CoolOffPeriod": 1}, "InvalidParameterCombination"),
        ({"LockMode": "governance", "ExpirationDate": "2020-01-01"}, "InvalidParameterValue"),
        ({"LockMode": "compliance", "LockDuration": 36501}, "InvalidParameterValue"),
        ({"LockMode": "compliance", "LockDuration": 1, "CoolOffPeriod": 73}, "InvalidParameterValue"),
        ({"LockMode": "firmly", "LockDuration": 1}, "InvalidParameterValue"),
    ],
)
def test_locks_that_are_refused(sim, ec2, loose, arguments, code):
    refused(code, ec2.lock_snapshot, SnapshotId=loose, **arguments)
    assert not any(entry["effect"] for entry in sim.journal())


def test_only_own_snapshots_are_locked_and_listed(sim, ec2):
    public = ec2.describe_snapshots(OwnerIds=["self"], RestorableByUserIds=["all"])["Snapshots"][0]["SnapshotId"]
    other = sim.client("ec2", account=OUTSIDER)
    refused("AuthFailure", other.lock_snapshot, SnapshotId=public, LockMode="governance", LockDuration=1)
    ec2.lock_snapshot(SnapshotId=public, LockMode="governance", LockDuration=1)
    assert other.describe_locked_snapshots()["Snapshots"] == []
    refused("InvalidSnapshot.NotFound", other.describe_locked_snapshots, SnapshotIds=[public])


def restores(client):
    return client.describe_fast_snapshot_restores()["FastSnapshotRestores"]


def test_fast_restore_goes_through_its_states(sim, ec2, loose):
    arguments = {"SourceSnapshotIds": [loose], "AvailabilityZones": ["us-east-1a", "us-east-1b"]}
    answer = ec2.enable_fast_snapshot_restores(**arguments)
    assert answer["Unsuccessful"] == []
    assert [(one["AvailabilityZone"], one["State"]) for one in answer["Successful"]] == [
        ("us-east-1a", "enabling"),
        ("us-east-1b", "enabling"),
    ]
    sim.advance(minutes=1)
    assert {one["State"] for one in restores(ec2)} == {"optimizing"}
    sim.advance(minutes=1)
    assert {one["State"] for one in restores(ec2)} == {"enabled"}, "8 GiB take half a minute of the 60 a TiB takes"
    assert set(restores(ec2)[0]) >= {"EnablingTime", "OptimizingTime", "EnabledTime", "OwnerId"}
    refused("InvalidSnapshot.InUse", ec2.delete_snapshot, SnapshotId=loose)
    ec2.disable_fast_snapshot_restores(**arguments)
    assert {one["State"] for one in restores(ec2)} == {"disabling"}
    refused("InvalidSnapshot.InUse", ec2.delete_snapshot, SnapshotId=loose)
    sim.advance(minutes=1)
    assert {one["State"] for one in restores(ec2)} == {"disabled"}
    ec2.delete_snapshot(SnapshotId=loose)


def test_what_cannot_be_changed_is_told_inside_a_success(sim, ec2, loose):
    answer = ec2.disable_fast_snapshot_restores(SourceSnapshotIds=[loose, "snap-0f"], AvailabilityZones=["us-east-1a"])
    assert answer["Successful"] == []
    errors = {one["SnapshotId"]: one["FastSnapshotRestoreStateErrors"][0]["Error"]["Code"] for one in answer["Unsuccessful"]}
    assert errors == {loose: "IncorrectState", "snap-0f": "InvalidSnapshot.NotFound"}
    assert sim.journal()[-1]["effect"] is False
    elsewhere = {"SourceSnapshotIds": [loose], "AvailabilityZones": ["eu-west-1a"]}
    refused("InvalidParameterValue", ec2.enable_fast_snapshot_restores, **elsewhere)


def test_fast_restore_belongs_to_who_enabled_it(sim, ec2):
    public = ec2.describe_snapshots(OwnerIds=["self"], RestorableByUserIds=["all"])["Snapshots"][0]["SnapshotId"]
    other = sim.client("ec2", account=OUTSIDER)
    other.enable_fast_snapshot_restores(SourceSnapshotIds=[public], AvailabilityZones=["us-east-1c"])
    assert [one["OwnerId"] for one in restores(other)] == [OUTSIDER]
    assert restores(ec2) == []
