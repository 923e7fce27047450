#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Bad input of every command and of the configuration: the message word for word, the exit status,
and that nothing is touched.

Each table's rows are tried while an agent steers a flow each way. Compared before and after each:
devices, filters, sysctls, pins, pinned links and programs, every byte of the pairs; no datagram may
be lost or doubled over a whole table.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from refusals import Refusals, write  # noqa: E402
from rig import VFSTEER, case, check, check_equal, main, note, reachable, wait  # noqa: E402
from tools.rig.levels import quick  # noqa: E402

LONG = "averylongname" + "e" * 115  # of 128 characters
NAME_RULE = "holds a '/', ':' or '='"

# (arguments, message): exit status 2.
USAGE = (
    ("frobnicate", "frobnicate: no such command; 'vfsteer help' lists them"),
    (("",), "'': no such command; 'vfsteer help' lists them"),
    (("a\x1b[2Jb\n",), "a?[2Jb?: no such command; 'vfsteer help' lists them"),
    (("--frobnicate",), "--frobnicate: no such command; 'vfsteer help' lists them"),
    (("RUN",), "RUN: no such command; 'vfsteer help' lists them"),
    ("run --frobnicate", "run: --frobnicate: no such option; see 'vfsteer help run'"),
    ("run -p st0", "run: -p: no such option; see 'vfsteer help run'"),
    ("run --json", "run: --json: no such option; see 'vfsteer help run'"),
    ("run surplus", "run: surplus: one argument too many; see 'vfsteer help run'"),
    (
        "run --pair",
        "run: --pair: no value; write --pair STANDBY or --pair STANDBY=PRIMARY; see 'vfsteer help run'",
    ),
    (("run", "--pair", ""), "run: --pair : the standby's name is empty; see 'vfsteer help run'"),
    ("run --pair=", "run: --pair : the standby's name is empty; see 'vfsteer help run'"),
    ("run --pair st0=", "run: --pair st0=: the primary's name is empty; see 'vfsteer help run'"),
    ("run --pair =pr0", "run: --pair =pr0: the standby's name is empty; see 'vfsteer help run'"),
    (
        "run --pair st0=st0",
        "run: --pair st0=st0: standby and primary are the same device; name two; see 'vfsteer help run'",
    ),
    (
        "run --pair st0=pr0 --pair st0=pr0",
        "run: --pair st0=pr0: st0 is in an earlier pair already; name each device once; see 'vfsteer help run'",
    ),
    (
        "run --pair st0=pr0 --pair st1=pr0",
        "run: --pair st1=pr0: pr0 is in an earlier pair already; name each device once; see 'vfsteer help run'",
    ),
    (
        "run --pair st0=pr0 --pair pr0",
        "run: --pair pr0: pr0 is in an earlier pair already; name each device once; see 'vfsteer help run'",
    ),
    (
        f"run --pair {LONG}",
        f"run: --pair {LONG}: the standby's name is longer than 127 characters; see 'vfsteer help run'",
    ),
    (
        f"run --pair st0={LONG}",
        f"run: --pair st0={LONG}: the primary's name is longer than 127 characters; see 'vfsteer help run'",
    ),
    ("run --pair a/b", f"run: --pair a/b: the standby's name {NAME_RULE}; see 'vfsteer help run'"),
    (
        "run --pair st0=a:b",
        f"run: --pair st0=a:b: the primary's name {NAME_RULE}; see 'vfsteer help run'",
    ),
    (
        "run --pair st0=pr0=pr1",
        f"run: --pair st0=pr0=pr1: the primary's name {NAME_RULE}; see 'vfsteer help run'",
    ),
    ("run --pair ..", "run: --pair ..: the standby's name is not allowed; see 'vfsteer help run'"),
    (
        ("run", "--pair", "st 0"),
        "run: --pair st 0: the standby's name holds white space; see 'vfsteer help run'",
    ),
    (
        ("run", "--pair", "st0\n"),
        "run: --pair st0?: the standby's name holds white space; see 'vfsteer help run'",
    ),
    (
        "run --bpffs",
        "run: --bpffs: no value; name the directory of a bpf file system; see 'vfsteer help run'",
    ),
    (
        "run --bpffs=",
        "run: --bpffs: no value; name the directory of a bpf file system; see 'vfsteer help run'",
    ),
    ("run --config", "run: --config: no value; name a file; see 'vfsteer help run'"),
    ("run --config=", "run: --config: no value; name a file; see 'vfsteer help run'"),
    (
        "status --json=yes",
        "status: --json: takes no value; leave out what follows it; see 'vfsteer help status'",
    ),
    ("status --pair st0", "status: --pair: no such option; see 'vfsteer help status'"),
    ("status st0 pr0", "status: pr0: one argument too many; see 'vfsteer help status'"),
    (("status", ""), "status: PAIR '': the standby's name is empty; see 'vfsteer help status'"),
    (
        f"status {LONG}",
        f"status: PAIR '{LONG}': the standby's name is longer than 127 characters; see 'vfsteer help status'",
    ),
    ("switch", "switch: an argument is missing: 0 of 2 given; see 'vfsteer help switch'"),
    ("switch st0", "switch: an argument is missing: 1 of 2 given; see 'vfsteer help switch'"),
    ("switch st0 sideways", "switch: sideways: not a path: say primary, standby or auto"),
    (("switch", "st0", ""), "switch: '': not a path: say primary, standby or auto"),
    ("switch st0 Primary", "switch: Primary: not a path: say primary, standby or auto"),
    ("switch st0 primary now", "switch: now: one argument too many; see 'vfsteer help switch'"),
    ("switch --json st0 auto", "switch: --json: no such option; see 'vfsteer help switch'"),
    (
        ("switch", "", "auto"),
        "switch: PAIR '': the standby's name is empty; see 'vfsteer help switch'",
    ),
    (
        ("switch", "st0 primary", "auto"),
        "switch: PAIR 'st0 primary': the standby's name holds white space; see 'vfsteer help switch'",
    ),
    ("unload --force", "unload: --force: no such option; see 'vfsteer help unload'"),
    ("unload st0", "unload: st0: one argument too many; see 'vfsteer help unload'"),
    ("xdp-broker 2", "xdp-broker: 2: one argument too many; see 'vfsteer help xdp-broker'"),
    ("version 2", "version: 2: one argument too many; see 'vfsteer help version'"),
    ("version --json", "version: --json: no such option; see 'vfsteer help version'"),
    ("help frobnicate", "help: frobnicate: no such command; 'vfsteer help' lists them"),
    (("help", ""), "help: '': no such command; 'vfsteer help' lists them"),
    ("help run status", "help: status: one argument too many; see 'vfsteer help help'"),
)

NOT_TEXT = "holds a control character: this is no text, name another file with --config"
SECTIONS = "there are [agent], [pair STANDBY] and [port IFACE]"

# (contents of the file, message after its path): exit status 1.
CONFIGURATION = (
    (b"\x7fELF\2\1\1\0\0\0", f":1: {NOT_TEXT}"),
    (b"[agent]\nup_delay_ms = 5\0\n", f":2: {NOT_TEXT}"),
    (b"\xff\xfe[\0a\0g\0", f":1: {NOT_TEXT}"),
    (b"[agent]\rup_delay_ms = 5\r", f":1: {NOT_TEXT}"),
    (b"[agent]\nrx = \x1b[2J\n", f":2: {NOT_TEXT}"),
    (
        b"[agent]\nrx = " + b"x" * 5000 + b"\n",
        ":2: longer than 199 characters: no setting is, shorten it",
    ),
    (
        b"[agent]\n; " + b"x" * 197 + b"up_delay_ms = 20\n",
        ":2: longer than 199 characters: no setting is, shorten it",
    ),
    (
        b"\n" * 300000,
        ": larger than 256 KiB: this is no configuration, name another file with --config",
    ),
    (b"hello\n", ":1: neither a [section] nor NAME = VALUE"),
    (b"\xef\xbb\xbf[agent]\nhello\n", ":2: neither a [section] nor NAME = VALUE"),
    (b"[agent\nrx = exact\n", ":1: neither a [section] nor NAME = VALUE"),
    (
        b"up_delay_ms = 5\n",
        ":1: up_delay_ms: stands before any section: begin with [agent], [pair STANDBY] or [port IFACE]",
    ),
    (b"[agents]\n", f":1: [agents]: no such section: {SECTIONS}"),
    (b"[Agent]\nrx = exact\n", f":1: [Agent]: no such section: {SECTIONS}"),
    (b"[pair]\nprimary = auto\n", f":1: [pair]: no such section: {SECTIONS}"),
    (b"[]\n", f":1: []: no such section: {SECTIONS}"),
    (
        b"[agent] up_delay_ms = 5\n",
        ":1: [agent]: 'up_delay_ms = 5' follows on the line: write it on the next one",
    ),
    (
        b"[pair st0]]\nprimary = pr0\n",
        ":1: [pair st0]: ']' follows on the line: write it on the next one",
    ),
    (b"[pair ]\nprimary = auto\n", ":1: [pair ]: the standby's name is empty"),
    (b"[pair  st0]\nprimary = auto\n", ":1: [pair  st0]: the standby's name holds white space"),
    (
        f"[pair {LONG}]\nprimary = auto\n".encode(),
        f":1: [pair {LONG}]: the standby's name is longer than 127 characters",
    ),
    (b"[pair st0=pr0]\nprimary = auto\n", f":1: [pair st0=pr0]: the standby's name {NAME_RULE}"),
    (b"[pair st0]\n", ":1: [pair st0]: nothing in it: say primary = auto, or primary = NAME"),
    (
        b"[pair st0]\n[pair st1]\nprimary = auto\n",
        ":1: [pair st0]: nothing in it: say primary = auto, or primary = NAME",
    ),
    (b"[pair st0]\nprimary =\n", ":2: [pair st0] primary = : the primary's name is empty"),
    (
        b"[pair st0]\nprimary = st0\n",
        ":2: [pair st0] primary = st0: standby and primary are the same device; name two",
    ),
    (
        b"[pair st0]\nprimary = pr0\nprimary = pr1\n",
        ":3: primary: stands twice in [pair st0]: leave one of them",
    ),
    (
        b"[pair st0]\nrx = exact\n[pair st0]\nrx = direct\n",
        ":4: rx: stands twice in [pair st0]: leave one of them",
    ),
    (
        b"[pair st0]\nprimary = pr0\n[pair st1]\nprimary = pr0\n",
        ":4: [pair st1] primary = pr0: pr0 is in an earlier pair already; name each device once",
    ),
    (
        b"[pair st0]\nsecondary = pr0\n",
        ":2: secondary: no such setting in [pair st0]: see 'vfsteer help run'",
    ),
    (b"[pair st0]\nrx = fast\n", ":2: rx = fast: say exact or direct"),
    (b"[agent]\negress = first\n", ":2: egress = first: say after or before"),
    (b"[pair st0]\negress =\n", ":2: egress = : say after or before"),
    (
        b"[pair st0]\negress = before\negress = after\n",
        ":3: egress: stands twice in [pair st0]: leave one of them",
    ),
    (
        b"[port ct0]\npair = st0\negress = before\n",
        ":3: egress: no such setting in [port ct0]: see 'vfsteer help port'",
    ),
    (b"[pair st0]\nqdisc = fq\n", ":2: qdisc = fq: say mirror or keep"),
    (b"[agent]\nqdisc =\n", ":2: qdisc = : say mirror or keep"),
    (b"[pair st0]\nxdp = auto\n", ":2: xdp = auto: say mirror or ignore"),
    (
        b"[pair st0]\nprimary = pr0\nxdp = ignore\nxdp = mirror\n",
        ":4: xdp: stands twice in [pair st0]: leave one of them",
    ),
    (b"[agent]\nannounce = none\n", ":2: announce = none: say all, macs or off"),
    (
        b"[pair st0]\nannounce = macs\nannounce = off\n",
        ":3: announce: stands twice in [pair st0]: leave one of them",
    ),
    (
        b"[pair st0]\nannounce-except = 192.0.2.1/33\n",
        ":2: announce_except = 192.0.2.1/33: not an IPv4 or IPv6 address, a prefix of one, or a MAC",
    ),
    (
        b"[agent]\nannounce_except =\n",
        ":2: announce_except = : nothing in it: name IPv4 or IPv6 addresses or prefixes, or MACs",
    ),
    (
        b"[agent]\nannounce-again = 5\n",
        ":2: announce_again = 5: not a number of seconds from 10 to 86400, nor off",
    ),
    (b"[agent]\nxdp =\n", ":2: xdp = : say mirror or ignore"),
    (b"[agent]\ncolour = red\n", ":2: colour: no such setting in [agent]: see 'vfsteer help run'"),
    (
        b"[agent]\nup_delay_ms = 1\nup_delay_ms = 1\n",
        ":3: up_delay_ms: stands twice in [agent]: leave one of them",
    ),
    (b"[agent]\nup_delay_ms = -1\n", ":2: up_delay_ms = -1: not a number from 0 to 600000"),
    (b"[agent]\nup_delay_ms = 5ms\n", ":2: up_delay_ms = 5ms: not a number from 0 to 600000"),
    (b"[agent]\nup_delay_ms =\n", ":2: up_delay_ms = : not a number from 0 to 600000"),
    (
        b"[agent]\nup_delay_ms = 99999999999999999999\n",
        ":2: up_delay_ms = 99999999999999999999: not a number from 0 to 600000",
    ),
    (
        b"[agent]\nup_delay_ms = 4294967297\n",
        ":2: up_delay_ms = 4294967297: not a number from 0 to 600000",
    ),
    (b"[agent]\r\nannounce_count = 0\r\n", ":2: announce_count = 0: not a number from 1 to 100"),
    (
        b"[agent]\n  rx = exact\n\tannounce_count = 1e2\n",
        ":3: announce_count = 1e2: not a number from 1 to 100",
    ),
    (
        b"[agent]\nleaving_timeout_ms = 999\n",
        ":2: leaving_timeout_ms = 999: not a number from 1000 to 600000",
    ),
    (
        b"[agent]\nannounce_interval_ms = 0x20\n",
        ":2: announce_interval_ms = 0x20: not a number from 10 to 60000",
    ),
)

# (arguments, message), with another --bpffs than the agent's: exit status 1.
PLACES = (
    (
        "run --pair st0=pr0 --bpffs {dir}/nosuch",
        "run: {dir}/nosuch: no such directory; name the mount point of a bpf file system",
    ),
    (
        "run --pair st0=pr0 --bpffs {dir}",
        "run: {dir}: not a bpf file system; mount one: mount -t bpf bpf {dir}",
    ),
    (
        "run --pair st0=pr0 --bpffs {dir}/agent.log",
        "run: {dir}/agent.log: not a bpf file system; mount one: mount -t bpf bpf {dir}/agent.log",
    ),
    (
        "run --pair st0=pr0 --bpffs {dir}/agent.log/x",
        "run: {dir}/agent.log/x: no such directory; name the mount point of a bpf file system",
    ),
    (
        "run --pair st0=pr0 --bpffs {dir}/loop",
        "run: {dir}/loop: Too many levels of symbolic links; name the mount point of a bpf file system",
    ),
    (
        "run --pair st0=pr0 --bpffs {readonly}",
        "run: {readonly}/vfsteer: Read-only file system: the maps could not be created there; name another bpf file system with --bpffs",
    ),
    (
        "run --pair st0=pr0 --bpffs {deep}",
        "run: --bpffs: longer than 172 characters; name a directory with a shorter path",
    ),
    (
        "status --bpffs {dir}",
        "status: {dir}: not a bpf file system; mount one: mount -t bpf bpf {dir}",
    ),
    (
        "status --bpffs {dir}/nosuch",
        "status: {dir}/nosuch: no such directory; name the mount point of a bpf file system",
    ),
    (
        "status --json --bpffs {readonly}",
        "status: nothing is pinned under {readonly}/vfsteer: start 'vfsteer run'",
    ),
    (
        "switch st0 auto --bpffs {dir}",
        "switch: {dir}: not a bpf file system; mount one: mount -t bpf bpf {dir}",
    ),
    (
        "switch st0 auto --bpffs {readonly}",
        "switch: nothing is pinned under {readonly}/vfsteer: start 'vfsteer run'",
    ),
    (
        "unload --bpffs {dir}",
        "unload: {dir}: not a bpf file system; mount one: mount -t bpf bpf {dir}",
    ),
    (
        "unload --bpffs {deep}",
        "unload: --bpffs: longer than 172 characters; name a directory with a shorter path",
    ),
    (
        "run --config {dir}/nosuch",
        "run: {dir}/nosuch: No such file or directory: name a readable file with --config",
    ),
    ("run --config {dir}", "run: {dir}: not a regular file: name one with --config"),
    ("run --config {dir}/fifo", "run: {dir}/fifo: not a regular file: name one with --config"),
    ("run --config /dev/stdin", "run: /dev/stdin: not a regular file: name one with --config"),
    ("run --config /dev/zero", "run: /dev/zero: not a regular file: name one with --config"),
)

NOT_ETHERNET = "not Ethernet: a pair needs two Ethernet devices"

# (arguments, message), on the agent's own pins: exit status 1.
DEVICES = (
    (
        "run --pair nosuch0=pr0",
        "run: --pair nosuch0: no such interface: 'ip link' lists those there are",
    ),
    (
        "run --pair st0=pr0 --pair nosuch0=pr1",
        "run: --pair nosuch0: no such interface: 'ip link' lists those there are",
    ),
    ("run --pair lo=pr0", f"run: --pair lo=pr0: {NOT_ETHERNET}"),
    ("run --pair st0=lo", f"run: --pair st0=lo: {NOT_ETHERNET}"),
    ("run --pair tun0=pr0", f"run: --pair tun0=pr0: {NOT_ETHERNET}"),
    ("run --pair st0=tun0", f"run: --pair st0=tun0: {NOT_ETHERNET}"),
    (
        "run --pair st0",
        "run: --pair st0: it has no permanent MAC to find its primary by: name the primary with --pair st0=PRIMARY",
    ),
    (
        "run --pair st0=pr0 --pair port0=port1 --pair other-port=pr9",
        "run: --pair other-port: it is port0, which is in an earlier pair already; name each device once",
    ),
    (
        "run --pair st0=other-st0",
        "run: --pair st0=other-st0: both are one device: name the VF after the '='",
    ),
    (f"status {LONG[1:]}", f"status: {LONG[1:]}: no such pair; the pairs are st0"),
    (
        f"switch {LONG[1:]} auto",
        f"switch: {LONG[1:]}: no such pair: 'vfsteer status' lists those there are",
    ),
    (
        "run --pair st0=pr0",
        "run: {bpffs}/vfsteer: another agent holds these pins; stop it first, or name another place with --bpffs",
    ),
    ("status nosuch0", "status: nosuch0: no such pair; the pairs are st0"),
    ("status --json nosuch0", "status: nosuch0: no such pair; the pairs are st0"),
    ("status pr0", "status: pr0: no such pair; the pairs are st0"),
    (("status", "st\x1b0"), "status: st?0: no such pair; the pairs are st0"),
    (
        "switch nosuch0 auto",
        "switch: nosuch0: no such pair: 'vfsteer status' lists those there are",
    ),
    ("switch pr0 standby", "switch: pr0: no such pair: 'vfsteer status' lists those there are"),
    (
        ("switch", "st0\x01", "auto"),
        "switch: st0?: no such pair: 'vfsteer status' lists those there are",
    ),
)

# (arguments, message), as nobody: exit status 1.
PRIVILEGES = (
    (
        "run --pair st0=pr0",
        "run: no privilege CAP_BPF: no program or map can be loaded: run as root, or with CAP_BPF, CAP_NET_ADMIN, CAP_NET_RAW and CAP_PERFMON",
    ),
    (
        "run --config {unreadable}",
        "run: {unreadable}: Permission denied: name a readable file with --config",
    ),
    ("status", "status: {bpffs}/vfsteer/pairs: permission denied; run this as root"),
    ("status --json st0", "status: {bpffs}/vfsteer/pairs: permission denied; run this as root"),
    ("switch st0 standby", "switch: {bpffs}/vfsteer/pairs: permission denied; run this as root"),
    ("unload", "unload: {bpffs}/vfsteer/pairs: permission denied; run this as root"),
)


@case
def usage(stage):
    rows = sum(map(len, (USAGE, CONFIGURATION, PLACES, DEVICES, PRIVILEGES)))
    note(f"{rows} rows in the tables")
    check(rows >= 60, "fewer than 60 rows")
    refusals = Refusals(stage)
    for arguments, message in USAGE:
        refusals.expect(arguments, 2, f"vfsteer: {message}")
    refusals.end()


@case
@quick
def every_subcommand_has_help(stage):
    """--help and -h anywhere among a subcommand's arguments explain it and do nothing."""
    refusals = Refusals(stage)
    usage = refusals.run(("help",), None).stdout.decode()
    commands = re.findall(r"^  vfsteer ([a-z-]+)", usage, re.M)
    check("port" in commands and len(commands) >= 8, f"commands of the usage: {commands}")
    more = (
        "port add",
        "port del",
        "port list",
        "port add po2 --pair st0",
        "switch st0 standby",
        "status st0",
        "unload --bpffs /",
        "run --pair st0=pr0",
    )
    for words in (*commands, *more):
        text = refusals.run(("help", words.split()[0]), None).stdout
        for option in ("--help", "-h"):
            refusals.expect(f"{words} {option}", 0, "", output=text)
    refusals.expect(
        "switch -- --help", 2,
        "vfsteer: switch: an argument is missing: 1 of 2 given; see 'vfsteer help switch'",
    )
    refusals.end()


@case
def configuration(stage):
    refusals = Refusals(stage)
    for number, (contents, message) in enumerate(CONFIGURATION):
        path = write(stage, f"{number}.conf", contents)
        refusals.expect(
            ("run", "--config", path), 1, f"vfsteer: run: {path}{message}", bpffs=stage.bpffs
        )
    refusals.end()


@case
@quick
def places(stage):
    refusals = Refusals(stage)
    readonly, deep = stage.directory / "readonly", stage.directory / ("d" * 60) / ("e" * 60) / (
        "f" * 60
    )
    readonly.mkdir()
    deep.mkdir(parents=True)
    os.symlink("loop", stage.directory / "loop")
    os.mkfifo(stage.directory / "fifo")
    for path, options in ((readonly, "ro"), (deep, "rw")):
        subprocess.run(["mount", "-t", "bpf", "-o", options, "bpf", path], check=True)
    refusals.names |= {"readonly": readonly, "deep": deep}
    try:
        for arguments, message in PLACES:
            refusals.expect(arguments, 1, f"vfsteer: {message}")
        check_equal(list(deep.glob("v*")), [], "what was made in the deep directory")
    finally:
        for path in (readonly, deep):
            subprocess.run(["umount", path], check=False)
    refusals.end()


@case
def devices(stage):
    stage.guest.run("""
        ip tuntap add tun0 mode tun
        ip link add br9 type bridge
        ip link add port0 master br9 type veth peer port1
        ip link property add dev port0 altname other-port
        ip link property add dev st0 altname other-st0""")
    refusals = Refusals(stage)
    for arguments, message in DEVICES:
        refusals.expect(arguments, 1, f"vfsteer: {message}", bpffs=stage.bpffs)
    refusals.end()


@case
def privileges(stage):
    """As nobody: told so, and nothing tried."""
    program = stage.directory / "vfsteer"
    shutil.copy(VFSTEER, program)
    unreadable = write(stage, "unreadable.conf", b"")
    for path, mode in ((stage.directory, 0o755), (program, 0o755), (unreadable, 0o600)):
        os.chmod(path, mode)
    refusals = Refusals(stage)
    refusals.names["unreadable"] = unreadable
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program)
    for arguments, message in PRIVILEGES:
        refusals.expect(arguments, 1, f"vfsteer: {message}", bpffs=stage.bpffs, program=nobody)
    refusals.end()


def closed(*descriptors):
    return {"preexec_fn": lambda: [os.close(descriptor) for descriptor in descriptors]}


@case
def output(stage):
    """stdout full, closed, or a pipe that nobody reads."""
    refusals = Refusals(stage)
    with open("/dev/full", "wb") as full:
        for arguments in (
            "status",
            "status --json",
            "switch st0 auto",
            "version",
            "help",
            "help run",
        ):
            bpffs = None if arguments.split()[0] in ("version", "help") else stage.bpffs
            command = arguments.split()[0]
            refusals.expect(
                arguments, 1,
                f"vfsteer: {command}: cannot write the output: No space left on device; see where stdout leads",
                bpffs=bpffs, stdout=full,
            )
    for arguments in ("status", "switch st0 auto", "version"):
        bpffs = None if arguments == "version" else stage.bpffs
        command = arguments.split()[0]
        refusals.expect(
            arguments, 1,
            f"vfsteer: {command}: cannot write the output: Bad file descriptor; see where stdout leads",
            bpffs=bpffs, **closed(1),
        )
    # What was refused is refused, though nobody hears why.
    refusals.expect("switch nosuch0 auto", 1, "", bpffs=stage.bpffs, **closed(1, 2))
    refusals.expect("run --pair nosuch0", 1, "", bpffs=stage.bpffs, **closed(0, 1, 2))
    read, broken = os.pipe()
    os.close(read)
    # As with any filter that is cut short: ended by SIGPIPE, which is no mistake to tell of.
    refusals.expect("status", -signal.SIGPIPE, "", bpffs=stage.bpffs, stdout=broken)
    os.close(broken)
    refusals.end()


@case
def agent_that_does_not_answer(stage):
    """Stopped, it steers on; going on, it does nothing that the user was told has failed."""
    refusals = Refusals(stage)
    stage.agent.send_signal(signal.SIGSTOP)
    refusals.expect(
        "switch st0 standby", 1,
        "vfsteer: switch: the agent does not answer: Connection timed out: look at its log, or start it again",
        bpffs=stage.bpffs,
    )
    refusals.expect(
        "unload", 1,
        "vfsteer: unload: the agent does not answer; stop it and try again: Connection timed out",
        bpffs=stage.bpffs,
    )
    stage.agent.send_signal(signal.SIGCONT)
    # Answered in the order in which they were asked.
    stage.succeed("switch", "st0", "auto")
    check_equal((stage.pair()["admin"], stage.pair()["switches"]), ("auto", 1), "(admin, switches)")
    refusals.end()


@case(agent=False)
def agent_whose_log_is_gone(stage):
    """Closed or broken streams neither end the agent nor lead its log into a map or socket."""
    for streams in ("2>&-", ">&- 2>&- <&-", "2>&1 | true"):
        done = stage.guest.popen(
            ["sh", "-c", f"{VFSTEER} run --pair st0=pr0 --bpffs {stage.bpffs} {streams}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        wait("a pair", lambda: stage.command("status", "st0").returncode == 0)
        stage.wait_active("primary")
        stage.guest.run("ip link set pr0 down")
        stage.wait_active("standby")
        stage.guest.run("ip link set pr0 up")
        stage.wait_active("primary")
        check(stage.status()["agent"], f"{streams}: the agent is gone")
        reachable(stage)
        stage.succeed("unload")
        wait("the agent to end", lambda: done.poll() is not None)


@case(agent=False)
def without_agent(stage):
    """Nothing pinned; then pins without an agent."""
    pins = stage.pins
    refusals = Refusals(stage)
    for command in ("status", "status --json", "status st0", "switch st0 auto"):
        refusals.expect(
            command, 1,
            f"vfsteer: {command.split()[0]}: nothing is pinned under {pins}: start 'vfsteer run'",
            bpffs=stage.bpffs,
        )
    refusals.expect("unload", 0, "", bpffs=stage.bpffs, output=b"nothing to unload\n")
    refusals.end()
    stage.start()
    stage.wait_active("primary")
    stage.stop(signal.SIGKILL)
    stage.guest.run("ip link set pr0 down")
    reachable(stage)
    stage.wait_state("down")
    refusals = Refusals(stage)
    refusals.expect(
        "switch st0 primary", 1,
        "vfsteer: switch: st0: the primary cannot carry traffic: it is down; start 'vfsteer run' to bring it back",
        bpffs=stage.bpffs,
    )
    refusals.expect(
        "status nosuch0", 1, "vfsteer: status: nosuch0: no such pair; the pairs are st0",
        bpffs=stage.bpffs,
    )
    refusals.end()


main()
