#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong is said in one line and changes nothing."""

import os
import re
import shutil
import struct
import subprocess

import bpf
from rig import ROOT, VFSTEER, case, check, check_equal, main, reachable

HEADER = (ROOT / "include" / "vfsteer.h").read_text()
PAIR_SIZE = int(re.search(r"sizeof\(struct vfsteer_pair\) == (\d+)", HEADER)[1])
ABI_VERSION = int(re.search(r"VFSTEER_ABI_VERSION (\d+)", HEADER)[1])
ABI_VERSION_OFFSET = PAIR_SIZE - 4  # the last field


def picture(stage):
    """What a refused command must leave as it is: devices, their flags and filters, and all pins."""
    devices = stage.guest.run("ip -d link show; tc qdisc show; ip maddress show; grep . /proc/sys/net/ipv[46]/conf/*/arp_*").splitlines()
    return set(devices) | {str(path) for path in stage.bpffs.rglob("*")}


def check_refused(stage, *arguments, status=1, words="", program=(VFSTEER,), bpffs=None):
    before = picture(stage)
    command = [*program, *arguments]
    if bpffs != "":
        command += ["--bpffs", str(bpffs or stage.bpffs)]
    name = " ".join(arguments)
    try:
        done = subprocess.run(["ip", "netns", "exec", stage.guest.name, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=10)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"{name}: it was not refused: {error.stderr}") from error
    check_equal(done.returncode, status, f"{name}: exit status ({done.stderr.strip()})")
    lines = done.stderr.splitlines()
    check(len(lines) == 1 and re.fullmatch(r"vfsteer: .+: .+", lines[0]), f"{name}: not one line of the form: {done.stderr!r}")
    check_equal(done.stdout, "", f"{name}: output")
    check(words in lines[0], f"{name}: {lines[0]!r} does not say {words!r}")
    check_equal(picture(stage) ^ before, set(), f"{name}: what changed")


@case(agent=False)
def usage(stage):
    for arguments, words in ((("frobnicate",), "frobnicate"),
                             (("run", "--frobnicate"), "no such option"),
                             (("run", "--pair"), "no value"),
                             (("run", "--pair", ""), "empty"),
                             (("run", "--pair", "st0="), "empty"),
                             (("run", "--pair", "=pr0"), "empty"),
                             (("run", "--pair", "st0=st0"), "same device"),
                             (("run", "--pair", "st0=pr0", "--pair", "st0=pr0"), "earlier pair"),
                             (("run", "--pair", "st0=pr0", "--pair", "st1=pr0"), "earlier pair"),
                             (("run", "--pair", "averyveryverylongname"), "15 characters"),
                             (("run", "--pair", "a/b"), "'/'"),
                             (("run", "--bpffs"), "no value"),
                             (("run", "surplus"), "too many"),
                             (("switch", "st0"), "missing"),
                             (("switch", "st0", "sideways"), "sideways"),
                             (("switch", "st0", "primary", "now"), "too many"),
                             (("status", "--pair", "st0"), "no such option"),
                             (("unload", "--force"), "no such option")):
        check_refused(stage, *arguments, status=2, words=words, bpffs="")


@case(agent=False)
def devices(stage):
    stage.guest.run("ip tuntap add tun0 mode tun")
    for pair, words in (("nosuch0=pr0", "no such interface"),
                        ("lo=pr0", "not Ethernet"),
                        ("st0=lo", "not Ethernet"),
                        ("tun0=pr0", "not Ethernet"),
                        ("st0=tun0", "not Ethernet"),
                        ("st0", "no permanent MAC")):
        check_refused(stage, "run", "--pair", pair, words=words)
    # One mistake is enough to refuse them all.
    check_refused(stage, "run", "--pair", "st0=pr0", "--pair", "nosuch0=pr1", words="nosuch0")
    check_refused(stage, "run", "--pair", "st0=pr0", bpffs=stage.directory / "nosuch", words="bpf file system")
    check_refused(stage, "run", "--pair", "st0=pr0", bpffs=stage.directory, words="mount -t bpf")
    for command in (("status",), ("unload",), ("switch", "st0", "auto")):
        check_refused(stage, *command, bpffs=stage.directory, words="not a bpf file system")


@case(agent=False)
def no_privilege(stage):
    """As nobody: told so, and nothing tried."""
    program = stage.directory / "vfsteer"
    shutil.copy(VFSTEER, program)
    os.chmod(stage.directory, 0o755)
    os.chmod(program, 0o755)
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", str(program))
    check_refused(stage, "run", "--pair", "st0=pr0", program=nobody, words="root")
    stage.start()
    stage.wait_active("primary")
    for command in (("run", "--pair", "st0=pr0"), ("switch", "st0", "standby"), ("unload",), ("status",)):
        check_refused(stage, *command, program=nobody, words="root")
    check_equal(stage.pair()["active"], "primary", "active")


@case
def second_agent(stage):
    check_refused(stage, "run", "--pair", "st0=pr0", words="agent")
    check_equal((stage.pair()["switches"], stage.status()["agent"]), (1, True), "(switches, agent)")
    reachable(stage)


@case
def pairs_that_are_not(stage):
    check_refused(stage, "switch", "nosuch0", "auto", words="no such pair")
    check_refused(stage, "switch", "pr0", "standby", words="no such pair")
    check_refused(stage, "status", "nosuch0", words="nosuch0")
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    check_refused(stage, "switch", "st0", "primary", words="absent")
    check_equal(stage.pair()["admin"], "auto", "admin")


@case(agent=False)
def foreign_pins(stage):
    """Somebody else's maps under our name: not adopted; unload takes them away, as it says."""
    for kind in ("array", "file", "directory"):
        stage.pins.mkdir()
        if kind == "array":
            for name in ("pairs", "counters", "events"):
                bpf.pin(bpf.array_map(name=b"somebody"), stage.pins / name)
        elif kind == "file":
            bpf.pin(bpf.Counter().program, stage.pins / "pairs")
        else:
            (stage.pins / "pairs").mkdir()
        check_refused(stage, "run", "--pair", "st0=pr0", words="not ours" if kind == "array" else "unload")
        check_refused(stage, "status", words="unload")
        check_refused(stage, "switch", "st0", "auto", words="unload")
        if kind != "directory":
            stage.succeed("unload")
            check(not stage.pins.exists(), f"{kind}: pins left after unload")
        else:
            (stage.pins / "pairs").rmdir()
            stage.pins.rmdir()
    stage.start()
    stage.wait_active("primary")


@case
def missing_pin(stage):
    stage.stop()
    (stage.pins / "events").unlink()
    check_refused(stage, "run", "--pair", "st0=pr0", words="missing")
    check_refused(stage, "status", words="missing")
    reachable(stage)
    stage.succeed("unload")
    check(not stage.pins.exists(), "pins are left")
    reachable(stage)
    stage.start()
    stage.wait_active("primary")


@case
def another_version(stage):
    stage.stop()
    pairs = bpf.get(stage.pins / "pairs")
    value = bytearray(bpf.lookup(pairs, PAIR_SIZE))
    check_equal(struct.unpack_from("I", value, ABI_VERSION_OFFSET)[0], ABI_VERSION, "ABI version")
    struct.pack_into("I", value, ABI_VERSION_OFFSET, ABI_VERSION + 6)
    bpf.update(pairs, bytes(value))
    for command in (("run", "--pair", "st0=pr0"), ("status",), ("switch", "st0", "standby")):
        check_refused(stage, *command, words=f"version {ABI_VERSION + 6}")
    reachable(stage)
    stage.succeed("unload")
    check(not stage.pins.exists(), "pins are left")
    stage.start()
    stage.wait_active("primary")


@case
def output_that_is_lost(stage):
    with open("/dev/full", "w") as full:
        done = subprocess.run(["ip", "netns", "exec", stage.guest.name, VFSTEER, "status", "--bpffs", str(stage.bpffs)], stdout=full,
                              stderr=subprocess.PIPE, text=True)
    check_equal(done.returncode, 1, "exit status")
    check(re.fullmatch(r"vfsteer: status: .+\n", done.stderr), f"message: {done.stderr!r}")


main()
