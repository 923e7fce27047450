# SPDX-License-Identifier: GPL-2.0-only
"""Host signals, written and read as docs/reference/host-signal.md has them."""

import struct
from collections import namedtuple

from rig import check_equal, frame, mac_bytes

ETHERTYPE, GROUP, MAGIC = 0x88B5, "01:80:c2:00:00:0e", b"VFST"
DRAINED, ENDS, UNLOADED = 1, 2, 4
ACTIVE, ADMIN = ("standby", "primary"), ("auto", "primary", "standby")
STANDBY, PRIMARY = range(len(ACTIVE))
STATES = ("absent", "joining", "ready", "leaving", "down")
ABSENT, JOINING, READY, LEAVING, DOWN = range(len(STATES))

Signal = namedtuple(
    "Signal", "mac kind active state admin flags instance sequence interval_ms switches age_us",
)


def signal_frame(mac, active, primary, sequence, instance=1, flags=0, interval_ms=10000):
    """Of a pair with @mac; @active and @primary by their numbers."""
    return frame(
        GROUP, "f2" + mac[2:], ETHERTYPE,
        MAGIC + struct.pack("!BBHHBBBB", 1, 0, 46, flags, active, primary, 0, 0) + mac_bytes(mac) +
        struct.pack("!QIIIIH", instance, sequence, interval_ms, 1, 5, 0),
    )


def is_signal(data):
    return data[:6] == mac_bytes(GROUP) and data[12:18] == ETHERTYPE.to_bytes(2, "big") + MAGIC


def parse(data):
    """The signal in a frame; None: it is another frame."""
    if not is_signal(data):
        return None
    version, kind, length, flags, active, state, admin, zero, mac, *numbers, zeroes = struct.unpack(
        "!BBHHBBBB6sQIIIIH", data[18:]
    )
    check_equal((len(data), version, length, zero, zeroes), (60, 1, 46, 0, 0), "fixed fields")
    check_equal(data[6:12], b"\xf2" + mac[1:], "source")
    return Signal(
        mac.hex(":"), ("plain", "net_failover")[kind], ACTIVE[active], STATES[state], ADMIN[admin],
        flags, *numbers,
    )


def signals(capture):
    """[(unix_ns, Signal)] of a capture so far."""
    capture.frames()
    return [(at, parse(data)) for at, _, data in capture.seen if is_signal(data)]


def last(capture):
    return signals(capture)[-1][1]


def is_reported(capture, pair):
    """Does the last signal say what status says of the pair?"""
    found = signals(capture)
    if not found:
        return False
    said = found[-1][1]
    return (said.active, said.state, said.admin, said.switches) == (
        pair["active"], pair["primary_state"], pair["admin"], pair["switches"],
    )
