#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""VLANs above the standby by the hundred, at level nightly all 4,094: the VF admits each, each is
announced, flows on them lose nothing, and the agent has time for another pair while it makes the
primary ready.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "netns/lib"))

from stage import case, check, check_equal, check_lossless, main, note  # noqa: E402
from tools.rig.levels import reached  # noqa: E402
from vlan_peer import VlanPair, VlanPeer  # noqa: E402
from announcements import announced_of  # noqa: E402
from flows import switchovers  # noqa: E402

GUESTS = {"6.12": {"kernel": "6.12", "pairs": 2, "memory_mb": 1024}}
LATER = [("full", "*", "neighbours 6.12/vlan")]
VLANS = 4094 if reached("nightly") else 300
WITH_ADDRESS = 200
# What has so many stubs is not done when the other pair has had its turn.
MANY = 1000


def vlan_address(number):
    return f"10.{80 + number // 250}.{number % 250}.2"


def stub_count(guest):
    return int(guest.check("ls /sys/class/net | grep -c '^vfs'; true"))


def wait_stubs(guest, count, since):
    """Until there are as many stubs on the VF; the seconds since then."""
    guest.lab.vm.wait_for(f"[ $(ls /sys/class/net | grep -c '^vfs') = {count} ]", 400, every_s=0.5)
    return time.monotonic() - since


def agent_cost(guest):
    """(kB resident, kB at most, ms of CPU) of the agent."""
    words = guest.check(
        f"grep -E 'VmRSS|VmHWM' /proc/{guest.agent.pid}/status; cut -d' ' -f14,15 /proc/{guest.agent.pid}/stat; getconf CLK_TCK 2>/dev/null || echo 100"
    ).split()
    return int(words[4]), int(words[1]), (int(words[6]) + int(words[7])) * 1000 // int(words[8])


def make_vlans(guest, pairs, chosen):
    standby = guest.lab.netdev("sb")
    lines = []
    for number in range(1, VLANS + 1):
        lines += [
            f"link add link {standby} name {standby}.{number} type vlan id {number}",
            f"link set {standby}.{number} up",
        ]
        if number <= WITH_ADDRESS:
            lines.append(f"address add {vlan_address(number)}/24 dev {standby}.{number}")
    lines += [
        f"address add {pair.guest_v4}/24 dev {standby}.{number}"
        for pair, number in zip(pairs, chosen)
    ]
    # Most networks need no IPv6, and the kernel's own duplicate address detection of thousands of
    # devices is not what is measured.
    guest.check("modprobe 8021q; sysctl -q -w net.ipv6.conf.default.disable_ipv6=1")
    guest.lab.vm.push("\n".join(lines).encode() + b"\n", "/tmp/vlans")
    guest.check("ip -batch /tmp/vlans", timeout=400)


def remove_vlans(guest):
    """In one go: a script that takes devices away one by one waits for each."""
    standby = guest.lab.netdev("sb")
    guest.check(
        f"for name in $(ls /sys/class/net | grep '^{standby}[.]'); do echo link set $name group 77; done >/tmp/gone; "
        "[ ! -s /tmp/gone ] || { ip -batch /tmp/gone; ip link del group 77; }",
        timeout=400,
    )


def timed(action):
    began = time.monotonic()
    action()
    return time.monotonic() - began


def others_have_their_turn(guest):
    """While the first pair's primary is made ready: status, a request, and the other pair's unplug
    and plug, which lose nothing.
    """
    other, texts = guest.lab.netdev("sb", 1), []
    guest.lab.vm.wait_for("ls /sys/class/net | grep -q '^vfs'", 60)
    first, took = stub_count(guest), {}
    took["status"] = timed(lambda: guest.check("vfsteer status"))
    took["switch"] = timed(lambda: guest.check(f"vfsteer switch {other} standby"))
    took["switch back"] = timed(lambda: guest.check(f"vfsteer switch {other} auto"))
    guest.wait_active("primary", 1, 60)
    for what, event, path in (
        ("unplug", lambda: guest.lab.unplug_vf(1), "standby"),
        ("plug", lambda: guest.lab.plug_vf(1), "primary"),
    ):
        result = guest.measure(event, pair=1, rate=500, before_s=0.3, after_s=0.6)
        texts.append(check_lossless(result, f"the other pair's {what}"))
        guest.wait_active(path, 1, 60)
    last = stub_count(guest)
    note(
        f"with {first} to {last} of {VLANS} stubs: {', '.join(f'{what} {s:.1f} s' for what, s in took.items())}; {', '.join(texts)}"
    )
    check(VLANS < MANY or last < VLANS, "all stubs were there already: this proves nothing")


@case()
def vlans(guest):
    standby, plain = guest.lab.netdev("sb"), guest.lab.pairs[0]
    chosen = (2, VLANS // 2, VLANS)
    tagged = [VlanPair(index) for index in range(2, 2 + len(chosen))]
    outside = [
        VlanPeer(guest.lab, pair, number, f"peer{pair.index}", bridge=0)
        for pair, number in zip(tagged, chosen)
    ]
    began = time.monotonic()
    try:
        make_vlans(guest, tagged, chosen)
        made_s = time.monotonic() - began
        aligned_s = wait_stubs(guest, VLANS, began)
        guest.wait_active("primary", timeout=60)

        def plug():
            began = time.monotonic()
            guest.lab.plug_vf(timeout=120)
            if VLANS >= MANY:
                others_have_their_turn(guest)
            guest.lab.vm.wait_for(
                f"vfsteer status {guest.lab.netdev('sb')} | grep -q 'active: primary '", 400
            )
            return time.monotonic() - began

        def unplug():
            # The kernel takes each stub away with the VF.
            guest.lab.unplug_vf(timeout=240)

        def heard(path, frames):
            found = announced_of(frames, plain.mac)
            missing = {number for number in range(1, VLANS + 1) if (number, "rarp") not in found}
            check(
                not missing,
                f"{len(missing)} of {VLANS} VLANs not announced by RARP, active {path}: {sorted(missing)[:10]}",
            )
            missing = {
                number
                for number in range(1, WITH_ADDRESS + 1)
                if (number, vlan_address(number)) not in found
            }
            check(
                not missing,
                f"the addresses of {len(missing)} of {WITH_ADDRESS} VLANs were not announced, active {path}: {sorted(missing)[:10]}",
            )

        text = switchovers(
            guest, [*guest.lab.pairs, *tagged], heard, [pair.index for pair in tagged], unplug, plug
        )
        check_equal(stub_count(guest), VLANS, "stubs after the plug")
        rss_kb, peak_kb, cpu_ms = agent_cost(guest)
        result = guest.measure(lambda: guest.check("vfsteer unload", timeout=120))
        text += f", {check_lossless(result, 'unload')} in {result['event_s']:.1f} s"
        check_equal(stub_count(guest), 0, "stubs after unload")
        began = time.monotonic()
        remove_vlans(guest)
        gone_s = time.monotonic() - began
    finally:
        remove_vlans(guest)
        guest.check("sysctl -q -w net.ipv6.conf.default.disable_ipv6=0")
        for peer in outside:
            peer.stop()
    note(
        f"{VLANS} VLANs: made in {made_s:.1f} s, admitted by the VF after {aligned_s:.1f} s, taken away in {gone_s:.1f} s; standby {standby}"
    )
    note(f"agent: {rss_kb} kB resident, {peak_kb} kB at most, {cpu_ms} ms of CPU so far")
    return text


if __name__ == "__main__":
    main(GUESTS, later=LATER)
