#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Who may command the agent: root alone reads and opens the pins, and is obeyed."""

import os
import re
import stat
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from rig import GUEST, MAC, case, check, check_equal, main, reachable, wait  # noqa: E402

NOBODY = 65534
CONTROL_DIRECTORY = Path("/run/vfsteer")


def modes(path):
    """{path: (type, mode, owner)} of a directory and all in it."""
    found = [path, *path.rglob("*")]
    return {
        str(one): (
            stat.S_IFMT(one.lstat().st_mode),
            stat.S_IMODE(one.lstat().st_mode),
            one.lstat().st_uid,
        )
        for one in found
    }


def control_socket(stage):
    status = stage.pins.stat()
    return CONTROL_DIRECTORY / f"{status.st_dev:x}-{status.st_ino:x}"


def user(uid):
    return ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups")


ASK = """
import socket, sys  # noqa: E402
peer = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
peer.bind("")
peer.settimeout(3)
peer.sendto(sys.argv[2].encode(), sys.argv[1])
print(peer.recv(256).decode())
"""


def ask(stage, path, request, uid):
    """The answer to a request that a user sends past the commands, straight to the agent's socket;
    or why it could not be sent.
    """
    # From the agent's network namespace: the address that the answer goes to is of that.
    done = subprocess.run(
        stage.guest.enter(*user(uid), "python3", "-c", ASK, path, request),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=10,
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


@case
def pins_and_socket_are_roots(stage):
    for path, (kind, mode, owner) in modes(stage.pins).items():
        check_equal((oct(mode), owner), ("0o700" if kind == stat.S_IFDIR else "0o600", 0), path)
    for path, mode in ((CONTROL_DIRECTORY, "0o700"), (control_socket(stage), "0o600")):
        # The directory is every agent's: a test beside this one may have opened it for a moment.
        wait(
            f"{path} to be root's",
            lambda: (oct(stat.S_IMODE(path.stat().st_mode)), path.stat().st_uid) == (mode, 0),
        )


@case
def modes_are_restored(stage):
    """A directory whose mode was opened is closed by the next agent."""
    stage.stop()
    os.chmod(stage.pins, 0o777)
    os.chmod(stage.pins / "links", 0o777)
    os.chmod(CONTROL_DIRECTORY, 0o755)
    stage.start()
    pins_and_socket_are_roots(stage)


@case
def pins_are_hidden_from_others(stage):
    os.chmod(stage.directory, 0o755)  # of the test alone; the real ones are under /sys/fs/bpf
    for path in (stage.pins / "pairs", stage.pins / "links"):
        done = subprocess.run(
            [*user(NOBODY), "ls", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        check(
            "Permission denied" in done.stderr, f"ls {path} as {NOBODY}: {done.stdout}{done.stderr}"
        )
    # Neither does a directory that was opened give a map away.
    os.chmod(stage.pins, 0o755)
    script = f"import sys; sys.path.insert(0, {str(Path(bpf.__file__).parent)!r}); import bpf; bpf.get({str(stage.pins / 'pairs')!r})"
    done = subprocess.run(
        [*user(NOBODY), "python3", "-B", "-c", script], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )
    check(
        re.search("PermissionError", done.stderr),
        f"a map got as {NOBODY}: {done.returncode} {done.stderr}",
    )


@case
def others_are_not_obeyed(stage):
    path = control_socket(stage)
    wait(
        "the socket to be closed to others",
        lambda: "PermissionError" in ask(stage, path, "switch st0 standby", NOBODY),
    )

    def ask_opened(request):
        """An agent that starts beside this test closes the directory, which is every agent's."""
        for _ in range(20):
            os.chmod(CONTROL_DIRECTORY, 0o755)
            os.chmod(path, 0o666)
            answer = ask(stage, path, request, NOBODY)
            if "PermissionError" not in answer:
                break
        return answer

    try:
        for request in ("switch st0 standby", "unload", "x" * 1000):
            check_equal(
                ask_opened(request), "1 permission denied: run this as root",
                f"the answer to {request[:20]!r}",
            )
        check_equal(
            (stage.pair()["active"], stage.agent.poll()), ("primary", None),
            "(active, the agent's exit status)",
        )
        check_equal(
            ask(stage, path, "switch st0 standby", 0), "0 st0: active: standby, admin: standby",
            "the answer to root",
        )
        check_equal(
            ask(stage, path, "x" * 1000, 0), "1 the request is too long",
            "the answer to a long request",
        )
    finally:
        os.chmod(CONTROL_DIRECTORY, 0o700)


@case(agent=False)
def directory_of_another_is_refused(stage):
    """A bpf file system lets all users make directories, unless it was mounted otherwise: the owner
    of one can delete the pins in it.
    """
    os.chmod(stage.directory, 0o755)
    elsewhere = stage.directory / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    for make, words in (
        (f"mkdir {stage.pins}", f"belongs to user {NOBODY}"),
        (f"ln -s {elsewhere} {stage.pins}", "not a directory"),
    ):
        subprocess.run([*user(NOBODY), "sh", "-c", make], check=True)
        done = stage.command("run", "--pair", "st0=pr0")
        check_equal(
            (done.returncode, len(done.stderr.splitlines())), (1, 1),
            f"exit status and lines of {done.stderr!r}",
        )
        check(words in done.stderr, done.stderr)
        check_equal(
            (oct(stat.S_IMODE(elsewhere.stat().st_mode)), os.listdir(elsewhere)), ("0o755", []),
            "what the link points to",
        )
        stage.pins.unlink() if stage.pins.is_symlink() else stage.pins.rmdir()
    stage.start()
    reachable(stage)


SEND_BOUND = """
import socket  # noqa: E402
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"pr0")
sender.sendto(b"bound", ("10.77.0.2", 9))
"""


@case
def sender_bound_to_the_primary(stage):
    """Any user may bind a socket to a device (Linux 5.7), the inactive primary too: its frame
    turns the switch, and nothing is lost by that.
    """
    stage.succeed("switch", "st0", "standby")
    stage.wait_active("standby")
    time.sleep(0.5)  # the announcements, which turn it back

    def port():
        lines = stage.outside.run("bridge fdb show br br0").splitlines()
        return next(
            line.split()[2] for line in lines if line.startswith(MAC) and "permanent" not in line
        )
    check_equal(port(), "st1", "where the switch has the pair before")
    subprocess.run(
        stage.guest.enter(*user(NOBODY), "python3", "-c", SEND_BOUND), check=True
    )
    check_equal(port(), "pr1", "where the switch has the pair")
    reachable(stage, stage.outside, stage.guest, GUEST)
    reachable(stage)
    check_equal(
        (stage.pair()["active"], port()), ("standby", "st1"),
        "(active, where the switch has the pair after the guest has sent)",
    )


main()
