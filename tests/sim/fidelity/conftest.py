"""Starts the simulator's binary for each test and hands out unmodified boto3 clients.

The binary is the one that SIM_BINARY names, else `target/debug/ami-warden-sim`.
"""

import json
import os
import pathlib
import subprocess
import urllib.parse
import urllib.request

import boto3
import pytest
from botocore.config import Config

OURS = "111111111111"
OUTSIDER = "222222222222"
NOW = "2026-06-01T12:00:00Z"
ROOT = pathlib.Path(__file__).resolve().parents[3]


def binary():
    named = os.environ.get("SIM_BINARY")
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    path = pathlib.Path(named) if named else pathlib.Path(target) / "debug" / "ami-warden-sim"
    assert path.is_file(), f"{path} is not there: cargo build -p ami-warden-sim, or set SIM_BINARY"
    return path


class Simulator:
    """A running simulator: its clients, and the levers under /_sim/."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def client(self, service, region="us-east-1", account=OURS, session=None, **config):
        config.setdefault("retries", {"total_max_attempts": 1})
        credentials = {"aws_access_key_id": "AKIA" + account, "aws_secret_access_key": "not-verified"}
        if session:
            credentials = {
                "aws_access_key_id": session["AccessKeyId"],
                "aws_secret_access_key": session["SecretAccessKey"],
                "aws_session_token": session["SessionToken"],
            }
        return boto3.client(
            service, region_name=region, endpoint_url=self.endpoint, config=Config(**config), **credentials
        )

    def _control(self, method, command, **params):
        query = urllib.parse.urlencode(params)
        request = urllib.request.Request(f"{self.endpoint}/_sim/{command}?{query}", method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def advance(self, **time):
        import datetime

        return self._control("POST", "advance", seconds=int(datetime.timedelta(**time).total_seconds()))

    def fault(self, kind, **params):
        return self._control("POST", "fault", kind=kind.replace("_", "-"), **params)

    def clear_faults(self):
        return self._control("POST", "clear-faults")

    def set(self, **params):
        return self._control("POST", "set", **params)

    def leave(self, account):
        return self._control("POST", "leave", account=account)

    def template(self, name, image, account=OURS, region="us-east-1"):
        return self._control("POST", "template", account=account, region=region, name=name, image=image)

    def journal(self):
        return self._control("GET", "journal")


def start(estate):
    command = [str(binary()), "--port", "0", "--estate", estate, "--now", NOW, "--frozen"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    endpoint = process.stdout.readline().strip()
    assert endpoint.startswith("http://127.0.0.1:"), endpoint
    return process, Simulator(endpoint)


def running(estate):
    process, simulator = start(estate)
    try:
        yield simulator
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def sim():
    """A golden family, something public, shared, old, and what uses them, in account 111111111111."""
    yield from running("small")


@pytest.fixture
def rich():
    """The same, and every field and shape that an answer can have."""
    yield from running("rich")


@pytest.fixture
def company():
    """The small one in an organization's management account, with parameters and what else is around images."""
    yield from running("company")


@pytest.fixture
def ec2(sim):
    return sim.client("ec2")
