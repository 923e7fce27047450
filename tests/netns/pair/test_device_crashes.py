#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The agent is killed while it follows changes of the pair's devices: removal, return, addresses,
qdiscs, programs of others (crash_runs.py).
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

import bpf  # noqa: E402
from crash import active  # noqa: E402
from crash_runs import IN_FLIGHT, Later, add_all  # noqa: E402
from rig import GUEST, main, wait  # noqa: E402


class Mirror(Later):
    """The standby receives more, and less again."""
    without_tcx = False

    def befall(self, crash, agent):
        for promiscuity, wish in (("1", "on"), ("0", "off")):
            crash.stage.guest.run(f"ip link set st0 promisc {wish}")
            wait(f"promiscuity {wish}", lambda: agent.poll() is not None or
                 f"promiscuity {promiscuity}" in crash.stage.guest.run("ip -d link show pr0"))


class Overtake(Later):
    """Other people's programs come before ours on ingress, and behind it on egress."""
    relevant = "hook-|steer-"

    def befall(self, crash, agent):
        stage, self.links = crash.stage, []
        counter = bpf.Counter()
        if crash.tcx:
            self.links = [
                counter.attach_tcx(stage.guest, *place)
                for place in (
                    ("st0", bpf.TCX_INGRESS, bpf.F_BEFORE),
                    ("pr0", bpf.TCX_INGRESS, bpf.F_BEFORE),
                    ("st0", bpf.TCX_EGRESS),
                )
            ]
        else:
            path = stage.bpffs / "foreign"
            bpf.pin(counter.program, path)
            stage.guest.run(
                f"for device in st0 pr0; do tc filter add dev $device ingress prio 1 bpf direct-action object-pinned {path}; done; rm {path}"
            )
        time.sleep(1.2)
        self.leave(crash)

    def leave(self, crash):
        for link in self.links:
            os.close(link)
        if not crash.tcx:
            crash.stage.guest.run(
                "for device in st0 pr0; do tc filter del dev $device ingress prio 1 handle 1 bpf 2>/dev/null || true; done"
            )


class MirrorQdisc(Later):
    """The standby is given a root qdisc, which is taken from it again."""
    relevant = "qdisc|pair-qdisc"
    without_tcx = False

    def befall(self, crash, agent):
        for change, shows in (
            ("replace dev st0 root handle 5: tbf rate 100mbit burst 100k latency 50ms", True),
            ("del dev st0 root", False),
        ):
            # On a standby that is active it would cost what is sent meanwhile.
            if agent.poll() is not None:
                return
            crash.stage.guest.run(f"tc qdisc {change}")
            wait(
                f"the primary's after {change}",
                lambda: agent.poll() is not None
                or ("tbf" in crash.stage.guest.run("tc qdisc show dev pr0")) == shows
                and active(crash.stage) == "primary",
            )

    def settle(self, crash):
        crash.stage.wait_active("primary")
        wait(
            "the standby's root qdisc on the primary",
            lambda: ("tbf" in crash.stage.guest.run("tc qdisc show dev st0"))
            == ("tbf" in crash.stage.guest.run("tc qdisc show dev pr0")),
        )
        crash.stage.guest.run("tc qdisc del dev st0 root 2>/dev/null || true")
        wait(
            "the primary's own again",
            lambda: "tbf" not in crash.stage.guest.run("tc qdisc show dev pr0"),
        )
        crash.stage.wait_active("primary")


class Lose(Later):
    """The primary goes and comes back."""
    in_flight = IN_FLIGHT

    def befall(self, crash, agent):
        crash.stage.guest.run("ip link delete pr0")
        wait(
            "absent or killed",
            lambda: agent.poll() is not None or crash.stage.pair()["primary_state"] == "absent",
        )
        crash.stage.add_primary()
        wait(
            "active or killed", lambda: agent.poll() is not None or active(crash.stage) == "primary"
        )


class LoseStandby(Later):
    """The standby goes and comes back."""
    traffic = False  # and a new standby has a new qdisc, which unload leaves

    def befall(self, crash, agent):
        crash.stage.guest.run("ip link delete st0")
        wait("no pair or killed", lambda: agent.poll() is not None or crash.stage.pair() is None)
        crash.stage.add_standby()
        wait(
            "active or killed", lambda: agent.poll() is not None or active(crash.stage) == "primary"
        )


class StepOff(Later):
    """The primary is given the standby's address, which is taken from it, and one of its own: with
    that it is not used.
    """
    traffic = False  # one that is given back speaks for itself, with the pair's MAC
    relevant = "guard-|pair-stack|pair-lists|pair-primary"
    without_tcx = False

    def befall(self, crash, agent):
        crash.stage.guest.run(f"ip address add {GUEST}/24 dev pr0")
        wait(
            "the address taken or killed",
            lambda: agent.poll() is not None
            or GUEST not in crash.stage.guest.run("ip address show dev pr0"),
        )
        crash.stage.guest.run("ip address add 10.78.0.1/24 dev pr0")
        wait(
            "given back or killed",
            lambda: agent.poll() is not None or crash.stage.pair()["not_used"],
        )
        if agent.poll() is None:
            self.settle(crash)
            wait(
                "active or killed",
                lambda: agent.poll() is not None or active(crash.stage) == "primary",
            )

    def settle(self, crash):
        crash.stage.guest.run("ip address flush dev pr0 scope global")


class Firewall(Later):
    """A foreign XDP program comes to the standby, is replaced, and goes: the primary follows."""
    relevant = "xdp-"
    without_tcx = False

    def put(self, crash, device, port):
        path = crash.stage.bpffs / f"firewall-{device}-{port}"
        if not path.exists():
            bpf.pin(bpf.Firewall(port).program, path)
        crash.stage.guest.run(f"ip -force link set dev {device} xdpdrv pinned {path}")

    def program(self, crash, device):
        return (
            (json.loads(crash.stage.guest.run(f"ip -j link show {device}"))[0].get("xdp") or {})
            .get("prog", {})
            .get("id")
        )

    def befall(self, crash, agent):
        for port in (6001, 6002):
            self.put(crash, "st0", port)
            wait(
                "its being on both or killed",
                lambda: agent.poll() is not None
                or self.program(crash, "pr0") == self.program(crash, "st0"),
            )
        crash.stage.guest.run("ip link set dev st0 xdpdrv off")
        wait(
            "its being on neither or killed",
            lambda: agent.poll() is not None or not self.program(crash, "pr0"),
        )

    def settle(self, crash):
        """What the next agent has found on the standby, it has put on the primary."""
        wait(
            "its being on both, or neither",
            lambda: self.program(crash, "pr0") == self.program(crash, "st0"),
        )
        crash.stage.guest.run("ip link set dev st0 xdpdrv off")
        wait("its being on neither", lambda: not self.program(crash, "pr0"))


class FirewallWithoutRoom(Firewall):
    """Another program is on the primary, which is set down for want of the standby's, until that
    other one goes.
    """
    relevant = "xdp-mirror-"

    def befall(self, crash, agent):
        self.put(crash, "pr0", 6003)
        self.put(crash, "st0", 6001)
        wait(
            "it to be down or killed",
            lambda: agent.poll() is not None
            or "state DOWN" in crash.stage.guest.run("ip link show pr0"),
        )
        crash.stage.guest.run("ip link set dev pr0 xdpdrv off")
        wait(
            "active or killed", lambda: agent.poll() is not None or active(crash.stage) == "primary"
        )
        crash.stage.guest.run("ip link set dev st0 xdpdrv off")
        wait(
            "its being on neither or killed",
            lambda: agent.poll() is not None or not self.program(crash, "pr0"),
        )


SCENARIOS = {
    "mirror": Mirror,
    "mirror_qdisc": MirrorQdisc,
    "overtake": Overtake,
    "lose": Lose,
    "lose_standby": LoseStandby,
    "step_off": StepOff,
    "firewall": Firewall,
    "firewall_without_room": FirewallWithoutRoom,
}


if __name__ == "__main__":
    add_all(SCENARIOS)
    main()
