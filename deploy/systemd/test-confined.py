#!/usr/bin/env python3
"""Runs ami-warden under the system call filter of its unit, without a service manager.

The filter is read from ami-warden.service and expanded by systemd-analyze, so that it is the one that the service gets:
a call that the program needs and the unit forbids fails here first. Address families and memory that is writable and
executable are refused too, where the kernel can.

    test-confined.py path/to/ami-warden path/to/ami-warden-sim

Says so and leaves where systemd-analyze or libseccomp are missing.
"""

import ctypes
import ctypes.util
import errno
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

UNIT = pathlib.Path(__file__).with_name("ami-warden.service")
ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | errno.EPERM
EQUAL = 4  # SCMP_CMP_EQ
PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 38, 65


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


def settings(name):
    lines = UNIT.read_text().splitlines()
    return [line.split("=", 1)[1] for line in lines if line.startswith(name + "=")]


def expand(names):
    """The system calls that names of groups and calls stand for."""
    calls = set()
    for name in names:
        if not name.startswith("@"):
            calls.add(name)
            continue
        listed = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True)
        words = [line.strip() for line in listed.stdout.splitlines()[1:]]
        calls |= expand(word for word in words if word and not word.startswith("#"))
    return calls


def allowed():
    calls = set()
    for setting in settings("SystemCallFilter"):
        if setting.startswith("~"):
            calls -= expand(setting[1:].split())
        else:
            calls |= expand(setting.split())
    return calls


def filter_for(calls, families, seccomp):
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(REFUSE))
    for call in sorted(calls - {"socket"}):
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        if number >= 0:  # below: not a call of this machine
            seccomp.seccomp_rule_add_array(context, ALLOW, number, 0, None)
    number = seccomp.seccomp_syscall_resolve_name(b"socket")
    for family in families:
        only = Comparison(0, EQUAL, getattr(socket, family), 0)
        seccomp.seccomp_rule_add_array(context, ALLOW, number, 1, ctypes.byref(only))
    return context


def main(program, simulator):
    library = ctypes.util.find_library("seccomp")
    if not library or not shutil.which("systemd-analyze"):
        print("skipped: the unit's filter needs libseccomp and systemd-analyze")
        return 0
    seccomp, libc = ctypes.CDLL(library, use_errno=True), ctypes.CDLL(None, use_errno=True)
    families = settings("RestrictAddressFamilies")[0].split()
    calls = allowed()
    context = filter_for(calls, families, seccomp)

    def confine():
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if settings("MemoryDenyWriteExecute") == ["yes"]:
            libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)  # since Linux 6.3
        if seccomp.seccomp_load(context) != 0:
            os._exit(99)

    def run(*command, **options):
        return subprocess.run(command, preexec_fn=confine, capture_output=True, text=True, timeout=120, **options)

    probe = [sys.executable, "-c", "import os; os.nice(1)"]
    if run(*probe).returncode == 0:
        print("failed: the filter does not hold", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        aws = subprocess.Popen([simulator, "--estate", "small"], stdout=subprocess.PIPE, text=True)
        try:
            environment = {
                "AWS_ENDPOINT_URL": aws.stdout.readline().strip(),
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "AKIA111111111111",
                "AWS_SECRET_ACCESS_KEY": "not-verified",
                "AMI_WARDEN_LEDGER__PATH": f"{folder}/ledger.db",
                "AMI_WARDEN_HTTP__LISTEN": "127.0.0.1:0",
                "AMI_WARDEN_SCOPE__REGIONS": '["us-east-1"]',
            }
            ended = run(program, "run", "--once", env=environment, cwd=folder)
        finally:
            aws.terminate()
            aws.wait(timeout=10)
        if ended.returncode != 0 or not pathlib.Path(folder, "ledger.db").is_file():
            print(f"failed: exit code {ended.returncode} under the unit's filter\n{ended.stderr}", file=sys.stderr)
            return 1
    print(f"ok: a cycle needs none of the calls that the unit forbids ({len(calls)} are allowed)")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
