#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Mistakes in the configuration file, tried as those of test_bad_input.py: the message word for
word, the exit status, and that nothing is touched.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from refusals import LONG, NAME_RULE, Refusals, write  # noqa: E402
from rig import case, main  # noqa: E402

NOT_TEXT = "has a control character: not a text file, name another file with --config"
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
        ": larger than 256 KiB: not a configuration, name another file with --config",
    ),
    (b"hello\n", ":1: neither a [section] nor NAME = VALUE"),
    (b"\xef\xbb\xbf[agent]\nhello\n", ":2: neither a [section] nor NAME = VALUE"),
    (b"[agent\nrx = exact\n", ":1: neither a [section] nor NAME = VALUE"),
    (
        b"up_delay_ms = 5\n",
        ":1: up_delay_ms: before any section: begin with [agent], [pair STANDBY] or [port IFACE]",
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
    (b"[pair st0]\n", ":1: [pair st0]: nothing in it: write primary = auto, or primary = NAME"),
    (
        b"[pair st0]\n[pair st1]\nprimary = auto\n",
        ":1: [pair st0]: nothing in it: write primary = auto, or primary = NAME",
    ),
    (b"[pair st0]\nprimary =\n", ":2: [pair st0] primary = : the primary's name is empty"),
    (
        b"[pair st0]\nprimary = st0\n",
        ":2: [pair st0] primary = st0: standby and primary are the same device; name two",
    ),
    (
        b"[pair st0]\nprimary = pr0\nprimary = pr1\n",
        ":3: primary: twice in [pair st0]: remove one of them",
    ),
    (
        b"[pair st0]\nrx = exact\n[pair st0]\nrx = direct\n",
        ":4: rx: twice in [pair st0]: remove one of them",
    ),
    (
        b"[pair st0]\nprimary = pr0\n[pair st1]\nprimary = pr0\n",
        ":4: [pair st1] primary = pr0: pr0 is in an earlier pair already; name each device once",
    ),
    (
        b"[pair st0]\nsecondary = pr0\n",
        ":2: secondary: no such setting in [pair st0]: see 'vfsteer help run'",
    ),
    (b"[pair st0]\nrx = fast\n", ":2: rx = fast: use exact or direct"),
    (b"[agent]\negress = first\n", ":2: egress = first: use after or before"),
    (b"[pair st0]\negress =\n", ":2: egress = : use after or before"),
    (
        b"[pair st0]\negress = before\negress = after\n",
        ":3: egress: twice in [pair st0]: remove one of them",
    ),
    (
        b"[port ct0]\npair = st0\negress = before\n",
        ":3: egress: no such setting in [port ct0]: see 'vfsteer help port'",
    ),
    (b"[pair st0]\nqdisc = fq\n", ":2: qdisc = fq: use mirror or keep"),
    (b"[agent]\nqdisc =\n", ":2: qdisc = : use mirror or keep"),
    (b"[pair st0]\nxdp = auto\n", ":2: xdp = auto: use mirror or ignore"),
    (
        b"[pair st0]\nprimary = pr0\nxdp = ignore\nxdp = mirror\n",
        ":4: xdp: twice in [pair st0]: remove one of them",
    ),
    (b"[agent]\nannounce = none\n", ":2: announce = none: use all, macs or off"),
    (
        b"[pair st0]\nannounce = macs\nannounce = off\n",
        ":3: announce: twice in [pair st0]: remove one of them",
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
    (b"[agent]\nxdp =\n", ":2: xdp = : use mirror or ignore"),
    (b"[agent]\ncolour = red\n", ":2: colour: no such setting in [agent]: see 'vfsteer help run'"),
    (
        b"[agent]\nup_delay_ms = 1\nup_delay_ms = 1\n",
        ":3: up_delay_ms: twice in [agent]: remove one of them",
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


@case
def configuration(stage):
    refusals = Refusals(stage)
    for number, (contents, message) in enumerate(CONFIGURATION):
        path = write(stage, f"{number}.conf", contents)
        refusals.expect(
            ("run", "--config", path), 1, f"vfsteer: run: {path}{message}", bpffs=stage.bpffs
        )
    refusals.end()


main()
