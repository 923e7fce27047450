#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Pins that are not as they should be: said in one line, nothing changed. What is given wrong is in
test_bad_input.py.
"""

import re
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from refusals import PAIR_SIZE, picture  # noqa: E402
from rig import VFSTEER, case, check, check_equal, main, reachable  # noqa: E402
from tests import header  # noqa: E402

ABI_VERSION = header.abi_version()
ABI_VERSION_OFFSET = PAIR_SIZE - 4  # the last field


def check_refused(stage, *arguments, words):
    before = picture(stage)
    command = [VFSTEER, *arguments, "--bpffs", str(stage.bpffs)]
    name = " ".join(arguments)
    try:
        done = subprocess.run(
            stage.guest.enter(*command), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=10,
        )
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"{name}: it was not refused: {error.stderr}") from error
    check_equal(done.returncode, 1, f"{name}: exit status ({done.stderr.strip()})")
    lines = done.stderr.splitlines()
    check(
        len(lines) == 1 and re.fullmatch(r"vfsteer: .+: .+", lines[0]),
        f"{name}: not one line of the form: {done.stderr!r}",
    )
    check_equal(done.stdout, "", f"{name}: output")
    check(words in lines[0], f"{name}: {lines[0]!r} does not say {words!r}")
    check_equal(picture(stage) ^ before, set(), f"{name}: what changed")


@case
def absent_primary(stage):
    stage.guest.run("ip link delete pr0")
    stage.wait_state("absent")
    check_refused(stage, "switch", "st0", "primary", words="absent")
    check_equal(stage.pair()["admin"], "auto", "admin")


@case(agent=False)
def foreign_pins(stage):
    """Foreign maps under our name: not adopted; unload takes them away, as it says."""
    for kind in ("array", "file", "directory"):
        stage.pins.mkdir()
        if kind == "array":
            for name in ("pairs", "counters", "twins", "twins_key", "own_macs", "events"):
                bpf.pin(bpf.array_map(name=b"somebody"), stage.pins / name)
        elif kind == "file":
            bpf.pin(bpf.Counter().program, stage.pins / "pairs")
        else:
            (stage.pins / "pairs").mkdir()
        check_refused(
            stage, "run", "--pair", "st0=pr0", words="not ours" if kind == "array" else "unload"
        )
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


main()
