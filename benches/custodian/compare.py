#!/usr/bin/env python3
"""Cloud Custodian and ami-warden, the same rules over the same moto server, one after the other.

    python3 benches/custodian/compare.py target/release/ami-warden

Both look at 17 Regions of 200 images for the same five things: images that are old and unused, public, shared with other
accounts, not deprecated, and snapshots without an image. Neither changes anything. What each sends is counted by a small
forwarder in front of moto; CPU time and peak memory are the kernel's, of the process and of what it started.

moto dates everything now, so "old" is zero days for both. ami-warden looks for users where Custodian does not look, and
asks again where moto has no answer: so requests are also compared for those sources alone that both read. Its CPU time,
wall time and memory are those of all it does.

Installs `c7n` and `moto` into a folder of its own below the user's cache.
"""

import argparse
import collections
import http.client
import http.server
import json
import os
import pathlib
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "ami-warden" / "custodian"
PACKAGES = ["c7n==0.9.53", "moto[server]==5.2.5"]
ACCOUNT = "123456789012"
PARTNER = "999988887777"
REGIONS = (
    "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-north-1 "
    "eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"
).split()


def environment():
    """The caller's environment, with moto's credentials in place of the caller's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AMI_WARDEN_"))}
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_SESSION_TOKEN": "testing"}
    return {**clean, **keys, "AWS_DEFAULT_REGION": "us-east-1", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}


def installed():
    """The folder of the virtual environment's programs."""
    wanted = CACHE / ".wanted"
    if not wanted.is_file() or wanted.read_text() != repr(PACKAGES):
        print(f"installing {', '.join(PACKAGES)} into {CACHE}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", CACHE], check=True)
        subprocess.run([CACHE / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)
        wanted.write_text(repr(PACKAGES))
    return CACHE / "bin"


class Forwarder(http.server.BaseHTTPRequestHandler):
    """Hands every request on to moto and counts it by the API it names."""

    protocol_version = "HTTP/1.1"
    moto = None
    calls = collections.Counter()
    answered = 0

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fields = urllib.parse.parse_qs(body.decode("utf-8", "replace"))
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        Forwarder.calls[fields.get("Action", [target or self.path.split("?")[0]])[0]] += 1
        onward = http.client.HTTPConnection("127.0.0.1", self.moto, timeout=300)
        onward.request(self.command, self.path, body, {**self.headers, "Connection": "close"})
        answer = onward.getresponse()
        content = answer.read()
        Forwarder.answered += len(content)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        onward.close()

    do_GET = do_POST = do_PUT = do_DELETE = forward

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def started_moto(programs, port):
    # Without its samples: thousands of images of other owners that neither tool looks at.
    samples = HERE / "no-images.json"
    command = [programs / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(
        command, env={**environment(), "MOTO_AMIS_PATH": str(samples)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/data.json", timeout=5).close()
            return process
        except OSError:
            time.sleep(0.2)
    raise SystemExit("moto_server does not answer")


def measured(command, env):
    """Runs to the end: wall and CPU seconds, peak memory in MB of the largest process, calls by API."""
    Forwarder.calls.clear()
    Forwarder.answered = 0
    with tempfile.TemporaryFile() as log:
        begun = time.monotonic()
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 3):
            log.seek(0)
            raise SystemExit(f"{command[0]} ended with {process.returncode}:\n{log.read().decode()[-3000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return {"wall": wall, "cpu": cpu, "memory": usage.ru_maxrss / 1024, "calls": dict(Forwarder.calls), "bytes": Forwarder.answered}


def custodian(programs, endpoint, folder):
    regions = [argument for region in REGIONS for argument in ("--region", region)]
    out = folder / "custodian"
    command = [programs / "custodian", "run", "--dryrun", "--quiet", "-s", out, "-f", folder / "custodian.cache", *regions]
    figures = measured([*command, HERE / "custodian.yml"], {**environment(), "AWS_ENDPOINT_URL": endpoint})
    found = collections.Counter()
    for file in out.glob("*/*/resources.json"):
        found[file.parent.name] += len(json.loads(file.read_text()))
    for file in out.glob("*/resources.json"):
        found[file.parent.name] += len(json.loads(file.read_text()))
    return figures, dict(found)


def warden(program, endpoint, folder):
    config = folder / "ami-warden.toml"
    config.write_text(
        f'[scope]\nregions = {json.dumps(REGIONS)}\n[policies]\ndirectories = ["{HERE / "policies"}"]\n'
        f'[organization]\nmembers = []\n[recovery]\nrequire_recycle_bin = false\n[ledger]\npath = "{folder / "ledger.db"}"\n'
    )
    out = folder / "plan.json"
    figures = measured([program, "--config", config, "plan", "--out", out], {**environment(), "AWS_ENDPOINT_URL": endpoint})
    plan = json.loads(out.read_text())
    found = collections.Counter()
    for entries in ("steps", "pending", "held", "findings"):
        for entry in plan[entries]:
            for policy in entry["because"]:
                found[policy] += 1
    return figures, dict(found), plan["gaps"]


def row(name, them, us, unit):
    print(f"| {name} | {them:{unit}} | {us:{unit}} | {them / us if us else float('inf'):.1f} |")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", type=pathlib.Path, help="the optimised ami-warden")
    arguments.add_argument("--images", type=int, default=200, help="images per Region (default 200)")
    asked = arguments.parse_args()
    program = shutil.which(asked.program)
    if program is None:
        raise SystemExit(f"`{asked.program}` is no program: cargo build --release")
    programs = installed()
    Forwarder.moto = free_port()
    moto = started_moto(programs, Forwarder.moto)
    front = Server(("127.0.0.1", 0), Forwarder)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{front.server_port}"
    try:
        seed = [programs / "python", HERE / "seed.py", f"http://127.0.0.1:{Forwarder.moto}", str(asked.images), PARTNER, *REGIONS]
        subprocess.run(seed, env=environment(), check=True)
        with tempfile.TemporaryDirectory() as folder:
            them, theirs = custodian(programs, endpoint, pathlib.Path(folder))
            us, ours, gaps = warden(pathlib.Path(program), endpoint, pathlib.Path(folder))
    finally:
        front.shutdown()
        moto.terminate()
        moto.wait(timeout=20)
    print(f"{len(REGIONS)} Regions x {asked.images} images\n")
    print("| figure | Cloud Custodian 0.9.53 | ami-warden | ratio |")
    print("| --- | --- | --- | --- |")
    row("CPU, s", them["cpu"], us["cpu"], ".1f")
    row("wall, s", them["wall"], us["wall"], ".1f")
    row("peak memory of one process, MB", them["memory"], us["memory"], ".0f")
    both = them["calls"].keys() & us["calls"].keys()
    row("requests to what both ask", sum(them["calls"][api] for api in both), sum(us["calls"][api] for api in both), "d")
    row("requests in all", sum(them["calls"].values()), sum(us["calls"].values()), "d")
    row("answers, MB", them["bytes"] / 1e6, us["bytes"] / 1e6, ".1f")
    print("\n| request | Cloud Custodian | ami-warden |\n| --- | --- | --- |")
    for api in sorted({*them["calls"], *us["calls"]}):
        print(f"| {api} | {them['calls'].get(api, 0)} | {us['calls'].get(api, 0)} |")
    print("\n| found | Cloud Custodian | ami-warden |\n| --- | --- | --- |")
    for rule in sorted({*theirs, *ours}):
        print(f"| {rule} | {theirs.get(rule, 0)} | {ours.get(rule, 0)} |")
    sources = collections.Counter(gap["source"] for gap in gaps)
    print(f"\nami-warden's gaps (what moto does not answer): {dict(sorted(sources.items()))}")


if __name__ == "__main__":
    main()
