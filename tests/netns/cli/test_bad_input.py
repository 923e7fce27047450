#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Bad input of every command: the message word for word, the exit status, and that nothing is
touched. Of the configuration: test_bad_config.py.

Each table's rows are tried while an agent steers a flow each way. Compared before and after each:
devices, filters, sysctls, pins, pinned links and programs, every byte of the pairs; no datagram may
be lost or doubled over a whole table.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from refusals import LONG, NAME_RULE, Refusals, write  # noqa: E402
from rig import VFSTEER, case, check, check_equal, main, note  # noqa: E402
from tools.rig.levels import quick  # noqa: E402

# (arguments, message): exit status 2.
QUOTES = "''"
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
        "status: --json: takes no value; remove what follows it; see 'vfsteer help status'",
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
    ("switch st0 sideways", "switch: sideways: not a path: use primary, standby or auto"),
    (("switch", "st0", ""), "switch: '': not a path: use primary, standby or auto"),
    ("switch st0 Primary", "switch: Primary: not a path: use primary, standby or auto"),
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
    ("drain", "drain: an argument is missing: 0 of 1 given; see 'vfsteer help drain'"),
    ("drain st0 now", "drain: now: one argument too many; see 'vfsteer help drain'"),
    ("drain --json st0", "drain: --json: no such option; see 'vfsteer help drain'"),
    (("drain", ""), "drain: PAIR '': the standby's name is empty; see 'vfsteer help drain'"),
    (
        "drain st0 --timeout",
        "drain: --timeout: no value; write seconds to wait; see 'vfsteer help drain'",
    ),
    (
        "drain st0 --for",
        "drain: --for: no value; write seconds until it ends; see 'vfsteer help drain'",
    ),
    *(
        (
            ("drain", "st0", "--timeout", value),
            f"drain: --timeout {value or QUOTES}: not a number of seconds from 1 to 3600; "
            "see 'vfsteer help drain'",
        )
        for value in ("", "0", "-1", "1.5", "5s", " 5", "+5", "3601", "99999999999999999999")
    ),
    (
        "drain st0 --for=86401",
        "drain: --for 86401: not a number of seconds from 1 to 86400; see 'vfsteer help drain'",
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
        "drain st0 --bpffs {readonly}",
        "drain: nothing is pinned under {readonly}/vfsteer: start 'vfsteer run'",
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
    ("drain pr0", "drain: pr0: no such pair: 'vfsteer status' lists those there are"),
    ("switch pr0 standby", "switch: pr0: no such pair: 'vfsteer status' lists those there are"),
    (
        ("switch", "st0\x01", "auto"),
        "switch: st0?: no such pair: 'vfsteer status' lists those there are",
    ),
)

# (arguments, message), as an unprivileged user: exit status 1.
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
    ("drain st0", "drain: {bpffs}/vfsteer/pairs: permission denied; run this as root"),
    ("switch st0 standby", "switch: {bpffs}/vfsteer/pairs: permission denied; run this as root"),
    ("unload", "unload: {bpffs}/vfsteer/pairs: permission denied; run this as root"),
)


@case
def usage(stage):
    rows = sum(map(len, (USAGE, PLACES, DEVICES, PRIVILEGES)))
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
    """As an unprivileged user: the message says so, and nothing is tried."""
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


main()
