#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Bad input of every command of vfsteer-host and of its configuration: the message word for word,
the exit status, and that nothing is shared.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from host_signals import ABSENT, STANDBY  # noqa: E402
from host_stage import HOST, case, mac_of, main, section  # noqa: E402
from refusals import LONG  # noqa: E402
from rig import check, check_equal, note  # noqa: E402

MAC = mac_of(0)
NO_MAC = "not a MAC: write it as 52:54:00:12:34:56"

# (arguments, message): exit status 2.
USAGE = (
    ("frobnicate", "frobnicate: no such command; 'vfsteer-host help' lists them"),
    (("",), "'': no such command; 'vfsteer-host help' lists them"),
    (("a\x1b[2Jb\n",), "a?[2Jb?: no such command; 'vfsteer-host help' lists them"),
    ("RUN", "RUN: no such command; 'vfsteer-host help' lists them"),
    ("run --frobnicate", "run: --frobnicate: no such option; see 'vfsteer-host help run'"),
    ("run -c x", "run: -c: no such option; see 'vfsteer-host help run'"),
    ("run --json", "run: --json: no such option; see 'vfsteer-host help run'"),
    ("run surplus", "run: surplus: one argument too many; see 'vfsteer-host help run'"),
    ("run --config", "run: --config: no value; name a file; see 'vfsteer-host help run'"),
    ("run --config=", "run: --config: no value; name a file; see 'vfsteer-host help run'"),
    ("run --run-dir", "run: --run-dir: no value; name a directory; see 'vfsteer-host help run'"),
    (
        "status --json=yes",
        "status: --json: takes no value; leave out what follows it; see 'vfsteer-host help status'",
    ),
    ("status vnet0", "status: vnet0: one argument too many; see 'vfsteer-host help status'"),
    ("metrics --json", "metrics: --json: no such option; see 'vfsteer-host help metrics'"),
    ("check vnet0", "check: vnet0: one argument too many; see 'vfsteer-host help check'"),
    ("allow", "allow: an argument is missing: 0 of 2 given; see 'vfsteer-host help allow'"),
    ("allow vnet0", "allow: an argument is missing: 1 of 2 given; see 'vfsteer-host help allow'"),
    (
        f"allow vnet0 {MAC} now",
        "allow: now: one argument too many; see 'vfsteer-host help allow'",
    ),
    ("allow vnet0 52:54", f"allow: 52:54: {NO_MAC}; see 'vfsteer-host help allow'"),
    (
        "allow vnet0 01:00:5e:00:00:01",
        "allow: 01:00:5e:00:00:01: a multicast MAC: name the MAC of the station behind the port; see 'vfsteer-host help allow'",
    ),
    (
        ("allow", "", MAC),
        "allow: TAP '': the tap's name is empty; see 'vfsteer-host help allow'",
    ),
    (
        ("allow", "vn et", MAC),
        "allow: TAP 'vn et': the tap's name holds white space; see 'vfsteer-host help allow'",
    ),
    (
        f"allow {LONG} {MAC}",
        f"allow: TAP '{LONG}': the tap's name is longer than 127 characters; see 'vfsteer-host help allow'",
    ),
    (
        f"allow --netns a/b vnet0 {MAC}",
        "allow: --netns a/b: not the name of a namespace: say the last part of its path; see 'vfsteer-host help allow'",
    ),
    (
        f"allow --netns= vnet0 {MAC}",
        "allow: --netns: no value; name a namespace; see 'vfsteer-host help allow'",
    ),
    ("version 2", "version: 2: one argument too many; see 'vfsteer-host help version'"),
    ("help frobnicate", "help: frobnicate: no such command; 'vfsteer-host help' lists them"),
    (("help", ""), "help: '': no such command; 'vfsteer-host help' lists them"),
    ("help run status", "help: status: one argument too many; see 'vfsteer-host help help'"),
)

# (arguments, message): exit status 1, with a process that runs.
REFUSED = (
    (f"allow vnet9 {MAC}", "allow: vnet9: no such device: name one that exists"),
    (
        f"allow --netns pod vnet0 {MAC}",
        "allow: vnet0: no such device in the namespace pod: name one that exists",
    ),
    (
        f"allow --remove vnet0 {MAC}",
        f"allow: vnet0: {MAC} was not allowed: 'vfsteer-host status' lists what is",
    ),
)

# (arguments, message): exit status 1, without one.
ALONE = tuple(
    (
        arguments,
        f"{arguments.split()[0]}: 'vfsteer-host run' does not run: systemctl start vfsteer-host",
    )
    for arguments in ("status", "metrics", f"allow vnet0 {MAC}")
)

NOT_TEXT = "holds a control character: this is no text, name another file with --config"

# (contents of the file, message after its path): exit status 1.
CONFIGURATION = (
    (b"\x7fELF\2\1\1", f":1: {NOT_TEXT}"),
    (b"[host]\nsilence = 1\0", f":2: {NOT_TEXT}"),
    (b"silence = 3", ":1: silence: stands before any section: begin with [host] or [tap NAME]"),
    (b"[host]\nfrobnicate", ":2: neither a [section] nor NAME = VALUE"),
    (
        b"[host]\nfrobnicate = 1",
        ":2: frobnicate: no such setting in [host]: see 'vfsteer-host help run'",
    ),
    (
        b"[host]\nmac = 52:54:00:00:00:01",
        ":2: mac: no such setting in [host]: see 'vfsteer-host help run'",
    ),
    (b"[agent]", ":1: [agent]: no such section: there are [host] and [tap NAME]"),
    (b"[host] x", ":1: [host]: 'x' follows on the line: write it on the next one"),
    (b"[host]\nsilence = 0", ":2: silence = 0: not a number of seconds from 1 to 86400"),
    (b"[host]\nsilence = 3s", ":2: silence = 3s: not a number of seconds from 1 to 86400"),
    (b"[host]\nsilence = -3", ":2: silence = -3: not a number of seconds from 1 to 86400"),
    (b"[host]\nsilence = 3\nsilence = 3", ":3: silence: stands twice in [host]: leave one of them"),
    (
        b"[host]\nsilence = 3\n[tap a]\nmac = 52:54:00:00:00:01\n[host]\nsilence = 3",
        ":6: silence: stands twice in [host]: leave one of them",
    ),
    (b"[host]\nahead = maybe", ":2: ahead = maybe: say yes or no"),
    (b"[host]\nlibvirt-rule = on", ":2: libvirt_rule = on: say yes or no"),
    (b"[host]\nlearning =", ":2: learning = : say yes or no"),
    (b"[host]\nnetns =", ":2: netns = : say a path, or a name below /run/netns"),
    (b"[tap ]\nmac = 52:54:00:00:00:01", ":1: [tap ]: the tap's name is empty"),
    (
        b"[tap averylongname000]",
        ":1: [tap averylongname000]: the tap's name is longer than 15 characters",
    ),
    (b"[tap a]\nmac = 52:54", f":2: mac = 52:54: {NO_MAC}"),
    (b"\n[tap a]\npf = pf0", ":2: [tap a]: no mac: say mac = MAC"),
    (b"[tap a]\npf = a/b", ":2: pf = a/b: the PF's name holds a '/', ':' or '='"),
    (
        b"[tap a]\nnetns = /run/netns/x",
        ":2: netns = /run/netns/x: say the name of a namespace, the last part of its path",
    ),
    (
        b"[tap a]\nmac = 52:54:00:00:00:01\n[tap a]\nmac = 52:54:00:00:00:02",
        ":3: [tap a]: stands twice: put all of it into one section, or name a netns in the first",
    ),
    (b"[host]\nsilence = " + 600 * b"1", ":2: longer than 199 characters: shorten it"),
)


def refused(wrong, arguments, status, message):
    """Runs the command, which has to fail so."""
    arguments = arguments.split() if isinstance(arguments, str) else arguments
    # One that is accepted would run for ever.
    done = subprocess.run(
        ["timeout", "10", HOST, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, timeout=30,
    )
    expected = f"vfsteer-host: {message}\n"
    if (done.returncode, done.stderr, done.stdout) != (status, expected, ""):
        wrong.append(f"{arguments}: {done.returncode}, {done.stderr!r}, not {expected!r}")


def finish(wrong, count):
    note(f"{count} refusals")
    check(not wrong, lambda: "\n".join(wrong))


@case(configuration=section(MAC, "vnet0"))
def commands(stage):
    wrong, tap = [], stage.tap()
    stage.wait_entries([MAC])
    for arguments, message in USAGE:
        refused(wrong, arguments, 2, message)
    for arguments, message in REFUSED:
        refused(wrong, [*arguments.split(), "--run-dir", str(stage.run_dir)], 1, message)
    check_equal(stage.entries(), {MAC}, "what is shared")
    tap.says(STANDBY, ABSENT)
    stage.end()
    for arguments, message in ALONE:
        refused(wrong, [*arguments.split(), "--run-dir", str(stage.run_dir)], 1, message)
    finish(wrong, len(USAGE) + len(REFUSED) + len(ALONE))


@case(start=False)
def configuration(stage):
    wrong, path, run = [], stage.config, ["run", "--run-dir", str(stage.run_dir)]
    stage.tap()
    for contents, message in CONFIGURATION:
        path.write_bytes(contents)
        refused(wrong, ["check", "--config", str(path)], 1, f"check: {path}{message}")
        refused(wrong, [*run, "--config", str(path)], 1, f"run: {path}{message}")
    for place, message in (
        (
            stage.directory / "absent",
            "No such file or directory: name a readable file with --config",
        ),
        (stage.directory, "not a regular file: name one with --config"),
        (Path("/dev/zero"), "not a regular file: name one with --config"),
    ):
        refused(wrong, [*run, "--config", str(place)], 1, f"run: {place}: {message}")
    path.write_bytes(b"#" * (1 << 20) + b"\n")
    refused(
        wrong, [*run, "--config", str(path)], 1,
        f"run: {path}: larger than 1024 KiB: this is no configuration, name another file with --config",
    )
    check_equal(stage.entries(), set(), "what is shared")
    finish(wrong, 2 * len(CONFIGURATION) + 4)


@case(start=False)
def without_privileges(stage):
    wrong = []
    for lost, why in (
        ("net_admin", "no MAC can be shared with a PF"),
        ("net_raw", "no signal of a guest can be received"),
    ):
        done = subprocess.run(
            ["setpriv", f"--bounding-set=-{lost}", f"--inh-caps=-{lost}", HOST, "run", "--run-dir",
             str(stage.run_dir)], stderr=subprocess.PIPE, text=True, timeout=30,
        )
        expected = f"vfsteer-host: run: no privilege CAP_{lost.upper()}: {why}: run as root, or with CAP_NET_ADMIN and CAP_NET_RAW\n"
        if (done.returncode, done.stderr) != (1, expected):
            wrong.append(f"{lost}: {done.returncode}, {done.stderr!r}")
    finish(wrong, 2)


@case(configuration=section(MAC, "vnet0"))
def privileges_that_are_kept(stage):
    """CAP_NET_ADMIN (12) and CAP_NET_RAW (13), and no others, in any set."""
    text = Path(f"/proc/{stage.daemon.pid}/status").read_text()
    lines = dict(
        line.split(":\t") for line in text.splitlines() if line.startswith(("Cap", "NoNew"))
    )
    wanted = 1 << 12 | 1 << 13
    for name in ("CapPrm", "CapEff", "CapBnd"):
        check_equal(int(lines[name], 16), wanted, name)
    check_equal(int(lines["CapAmb"], 16), 0, "CapAmb")
    check_equal(lines["NoNewPrivs"], "1", "NoNewPrivs")


if __name__ == "__main__":
    main()
