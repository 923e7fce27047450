#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""Bad [port IFACE] sections of the configuration: the message, the exit status, and that nothing is
touched of the pair, a port, and their traffic.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from ports import Container  # noqa: E402
from refusals import PortRefusals, write  # noqa: E402
from rig import case, main  # noqa: E402

LONG = "averyveryverylongname"

# (contents of the file, message after its path): exit status 1.
CONFIGURATION = (
    (
        b"[port]\npair = st0\n",
        ":1: [port]: no such section: there are [agent], [pair STANDBY] and [port IFACE]",
    ),
    (
        b"[Port po2]\npair = st0\n",
        ":1: [Port po2]: no such section: there are [agent], [pair STANDBY] and [port IFACE]",
    ),
    (b"[port ]\npair = st0\n", ":1: [port ]: the interface's name is empty"),
    (b"[port po 2]\npair = st0\n", ":1: [port po 2]: the interface's name holds white space"),
    (
        f"[port {LONG}]\npair = st0\n".encode(),
        f":1: [port {LONG}]: the interface's name is longer than 15 characters",
    ),
    (b"[port a/b]\npair = st0\n", ":1: [port a/b]: the interface's name holds a '/', ':' or '='"),
    (b"[port po2]\n", ":1: [port po2]: nothing in it: write pair = STANDBY"),
    (b"[port po2]\nxdp = no\n", ":2: [port po2]: no pair: write pair = STANDBY"),
    (
        b"[port po2]\nxdp = no\n[port po3]\npair = st0\n",
        ":2: [port po2]: no pair: write pair = STANDBY",
    ),
    (b"[port po2]\npair =\n", ":2: pair = : the standby's name is empty"),
    (b"[port po2]\npair = st 0\n", ":2: pair = st 0: the standby's name holds white space"),
    (
        b"[port po2]\npair = st0=pr0\n",
        ":2: pair = st0=pr0: the standby's name holds a '/', ':' or '='",
    ),
    (
        b"[port po2]\npair = po2\n",
        ":2: [port po2]: the pair's standby cannot be its port: name another interface",
    ),
    (
        b"[port po2]\npair = st0\npair = st0\n",
        ":3: pair: twice in [port po2]: remove one of them",
    ),
    (
        b"[port po2]\npair = st0\n[port po2]\npair = st0\n",
        ":4: pair: twice in [port po2]: remove one of them",
    ),
    (
        b"[port po2]\npair = st0\nmac = nonsense\n",
        ":3: mac = nonsense: not a MAC: write it as 52:54:00:12:34:56",
    ),
    (b"[port po2]\npair = st0\nmac =\n", ":3: mac = : not a MAC: write it as 52:54:00:12:34:56"),
    (
        b"[port po2]\npair = st0\nmac = 01:00:5e:00:00:01\n",
        ":3: mac = 01:00:5e:00:00:01: a multicast MAC: name the MAC of the station behind the port",
    ),
    (
        b"[port po2]\npair = st0\nmac = 00:00:00:00:00:00\n",
        ":3: mac = 00:00:00:00:00:00: all zero: name the MAC of the station behind the port",
    ),
    (b"[port po2]\npair = st0\npassthrough = maybe\n", ":3: passthrough = maybe: use no or yes"),
    (b"[port po2]\npair = st0\npassthrough =\n", ":3: passthrough = : use no or yes"),
    (b"[port po2]\npair = st0\nxdp = yes\n", ":3: xdp = yes: use auto or no"),
    (
        b"[port po2]\npair = st0\nmac = 02:76:66:00:01:02\npassthrough = yes\n",
        ":4: [port po2]: mac and passthrough: a passthrough port owns the pair's MAC, remove one",
    ),
    (
        b"[port po2]\npair = st0\ncolour = red\n",
        ":3: colour: no such setting in [port po2]: see 'vfsteer help port'",
    ),
    (
        b"[port st0]\npair = st0\nmac = 02:76:66:00:01:02\n",
        ":2: [port st0]: the pair's standby cannot be its port: name another interface",
    ),
    (
        b"[port po2] pair = st0\n",
        ":1: [port po2]: 'pair = st0' follows on the line: write it on the next one",
    ),
    (
        b"[pair st0]\nprimary = pr0\n[port pr0]\npair = st0\n",
        ":4: [port pr0]: it is the primary of st0: name an interface whose other end is to be on its network",
    ),
    (
        b"[port st0]\npair = st1\n[pair st0]\nprimary = pr0\n",
        ":2: [port st0]: it is the standby of a pair: name an interface whose other end is to be on its network",
    ),
    (
        "".join(f"[port p{number}]\npair = st0\n" for number in range(65)).encode(),
        ":130: [port p64]: there are 64 ports already, and no more are possible",
    ),
)


@case
def configuration(stage):
    with Container(stage) as one, Container(stage, 2, settings=None):
        refusals = PortRefusals(stage, one)
        for number, (contents, text) in enumerate(CONFIGURATION):
            path = write(stage, f"{number}.conf", contents)
            refusals.expect(
                ("run", "--config", path), 1, f"vfsteer: run: {path}{text}", bpffs=stage.bpffs
            )
        refusals.end()


main()
