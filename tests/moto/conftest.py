"""A moto server, seeded over the wire, and the real program against it.

The program is the one that AMI_WARDEN names, else `target/debug/ami-warden`. moto is somebody else's idea of AWS: it lacks
deprecation, the Recycle Bin and image references, does not page, and lists every snapshot as public. So it cannot show
that we are right about AWS; it shows that the program takes what is missing for what it is.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "us-east-1"
PARTNER = "999988887777"
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


def program():
    named = os.environ.get("AMI_WARDEN")
    target = os.environ.get("CARGO_TARGET_DIR", ROOT / "target")
    path = pathlib.Path(named) if named else pathlib.Path(target) / "debug" / "ami-warden"
    assert path.is_file(), f"{path} is not there: cargo build, or set AMI_WARDEN"
    return path


class Moto:
    """A running moto server and boto3 clients for it."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def client(self, service):
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )

    def reset(self):
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        urllib.request.urlopen(request, timeout=30).close()

    def answers(self):
        try:
            urllib.request.urlopen(f"{self.endpoint}/moto-api/data.json", timeout=5).close()
            return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    port = free_port()
    command = [str(pathlib.Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    log = open(tmp_path_factory.mktemp("moto") / "log", "w")
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    moto = Moto(f"http://127.0.0.1:{port}")
    try:
        deadline = time.monotonic() + 60
        while not moto.answers():
            assert process.poll() is None, f"moto_server ended with {process.returncode}"
            assert time.monotonic() < deadline, "moto_server does not answer"
            time.sleep(0.2)
        yield moto
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


class Estate:
    """What was put into moto, by name."""

    def __init__(self, moto):
        self.moto = moto
        self.ec2 = moto.client("ec2")
        self.public = self.image("web-1.0.0")
        self.shared = self.image("web-1.1.0")
        self.retired = self.image("web-0.9.0", retire="yes")
        self.running = self.image("web-1.2.0", retire="yes")
        self.permit(self.public, Group="all")
        # Beside the public: what makes it private must leave the partner alone.
        self.permit(self.public, UserId=PARTNER)
        self.permit(self.shared, UserId=PARTNER)
        self.ec2.run_instances(ImageId=self.running, MinCount=1, MaxCount=1)
        self.orphan = self.snapshot()
        sns, sqs = moto.client("sns"), moto.client("sqs")
        self.queue = sqs.create_queue(QueueName="ami-warden")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]
        self.topic = sns.create_topic(Name="ami-warden")["TopicArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=attributes["QueueArn"])
        self.images = {self.public, self.shared, self.retired, self.running}
        self.snapshots = self.own_snapshots()

    def snapshot(self):
        volume = self.ec2.create_volume(Size=1, AvailabilityZone=REGION + "a")["VolumeId"]
        snapshot = self.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        self.ec2.delete_volume(VolumeId=volume)
        return snapshot

    def image(self, name, **tags):
        mapping = {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": self.snapshot()}}
        image = self.ec2.register_image(Name=name, RootDeviceName="/dev/sda1", BlockDeviceMappings=[mapping])["ImageId"]
        if tags:
            self.ec2.create_tags(Resources=[image], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
        return image

    def permit(self, image, **grantee):
        self.ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [grantee]})

    def own_images(self):
        return {image["ImageId"] for image in self.ec2.describe_images(Owners=["self"])["Images"]}

    def own_snapshots(self):
        account = self.moto.client("sts").get_caller_identity()["Account"]
        found = self.ec2.describe_snapshots(OwnerIds=[account])["Snapshots"]
        return {snapshot["SnapshotId"] for snapshot in found if snapshot["OwnerId"] == account}

    def launch_permissions(self, image):
        answer = self.ec2.describe_image_attribute(ImageId=image, Attribute="launchPermission")
        return {permission.get("Group") or permission["UserId"] for permission in answer["LaunchPermissions"]}

    def messages(self):
        """What reached the queue: SNS's envelopes."""
        sqs, found = self.moto.client("sqs"), []
        while batch := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return found


# Due at once for what asks for it, so that only evidence can hold it back.
RETIRE = """
@id("retire-what-asks")
@title("Its tag asks for it")
@severity("low")
@owner("tests")
@reason("The tag `retire` is there.")
permit (
  principal,
  action in [Action::"disable", Action::"deregister"],
  resource is Image
)
when { resource.hasTag("retire") };

@id("delete-every-snapshot")
@title("No snapshots here")
@severity("low")
@owner("tests")
@reason("A policy as bad as it can be.")
permit (principal, action == Action::"deleteSnapshot", resource is Snapshot)
when { resource.age >= duration("0s") };

@id("no-public-images")
@title("Nothing of ours is public")
@severity("critical")
@owner("tests")
@reason("Public images leak software and credentials.")
permit (principal, action == Action::"makePrivate", resource)
when { resource has isPublic && resource.isPublic };
"""

DEPRECATE = """
@id("deprecate-what-asks")
@title("Its tag asks for it")
@severity("low")
@owner("tests")
@reason("The tag `retire` is there.")
permit (principal, action == Action::"deprecate", resource is Image)
when { resource.hasTag("retire") };
"""


class Warden:
    """The program with a configuration, a ledger and a home of its own."""

    def __init__(self, folder, moto, estate):
        self.folder, self.moto, self.estate = folder, moto, estate
        (folder / "policies").mkdir()
        self.policy("retire", RETIRE)
        (folder / "ami-warden.toml").write_text(
            f"""
mode = "enforce"
[scope]
regions = ["{REGION}"]
[enforce]
actions = ["notify", "makePrivate", "deprecate", "disable", "deregister", "deleteSnapshot", "revokeShare"]
[grace]
deprecate = "0s"
disable = "0s"
deregister = "0s"
deleteSnapshot = "0s"
makePrivate = "0s"
revokeShare = "0s"
[sns.topics]
default = "{estate.topic}"
[http]
listen = "127.0.0.1:{free_port()}"
[ledger]
path = "ledger.db"
"""
        )

    def policy(self, name, text):
        (self.folder / "policies" / f"{name}.cedar").write_text(text)

    def run(self, *arguments):
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": self.moto.endpoint,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            **KEYS,
        }
        command = [str(program()), "--config", str(self.folder / "ami-warden.toml"), *arguments]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)

    def plan(self):
        ended = self.run("plan", "--format", "json")
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout), ended.stderr


@pytest.fixture
def estate(server):
    server.reset()
    return Estate(server)


@pytest.fixture
def warden(tmp_path, server, estate):
    return Warden(tmp_path, server, estate)
