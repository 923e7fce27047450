# SPDX-License-Identifier: GPL-2.0-only
"""Native speed: TCP between network namespaces on this machine's kernel, over a pair of veths that
vfsteer drives and over one bare.

Each contender has a stage of its own (guest, bridge, peer), all at the same time, and they take
turns in short rounds: what slows this machine down for a while slows all of them.
"""

import contextlib
import json
import os
import platform
import statistics
import subprocess
import time

from tools.benchmark.contenders import HERE, under_test
from tools.benchmark.effort import effort
from tools.rig.demo import NetnsStage
from tools.rig.places import BUILD
from tools.rig.programs import compiled

PORT = 9
ROUNDS, ROUNDS_LEAST, ROUND_MS, WARM_UP_ROUNDS = 150, 2, 40, 3
# {what load.c measures: {metric: (unit, load.c's name)}}. By the clock, and what both ends took of
# their CPUs, which is worth something on a machine that has other things to do, too.
MEASURED = {
    "out": {
        "tcp-bulk/throughput": ("Gbit/s", "gbit_s"),
        "tcp-bulk/cpu": ("ns/KiB", "cpu_ns_per_kib"),
    },
    "in": {
        "tcp-bulk-in/throughput": ("Gbit/s", "gbit_s"),
        "tcp-bulk-in/cpu": ("ns/KiB", "cpu_ns_per_kib"),
    },
    "rr": {"rr/p50": ("us", "p50_us"), "rr/p99": ("us", "p99_us"), "rr/cpu": ("us", "cpu_us")},
}
# What a vfsteer is configured with; None: the bare VF. Others cannot be had on every kernel that a
# benchmark runs on, or not with veths.
CONFIGURATIONS = {"vfsteer": "", "vfsteer-direct": "[agent]\\nrx = direct\\n", "bare-vf": None}
READY_TIMEOUT_S = 20


class NativeError(Exception):
    pass


class _Quiet:
    """A stage reports its steps to a screen."""

    def step(self, text):
        pass


class Place(NetnsStage):
    """One contender: `name`, and `configuration` for the agent, or None for the bare VF."""

    def __init__(self, name, configuration):
        self.name = name
        super().__init__(_Quiet(), None)
        guest, pair = self.vm, self.pairs[0]
        if configuration is None:
            self.plug()
            guest.check(f"""ip link set eth0 down; ip address flush dev eth0; ip link set eth1 up
                            ip address add {pair.guest_v4}/24 dev eth1""")
        else:
            guest.check(f"printf '{configuration}' >/tmp/vfsteer.conf")
            self._agent = guest.spawn(
                f"exec {under_test()[0].name} run --pair eth0=eth1 --config /tmp/vfsteer.conf{self.bpffs}"
            )
            self.plug()
            self._wait_active("direct" if "direct" in configuration else "exact")
        # A stage's scripts find by name what is in BUILD; paths below /tmp have another meaning
        # there.
        load = compiled(HERE / "load.c", BUILD / "load", "-D_GNU_SOURCE")
        self._server = self.peer.popen([load, "serve", PORT, 1], stderr=subprocess.DEVNULL)
        guest.check(f"until ping -c1 -W1 {pair.peer_v4}; do sleep 0.1; done", READY_TIMEOUT_S)

    def _wait_active(self, rx):
        deadline = time.monotonic() + READY_TIMEOUT_S
        while True:
            status, said = self.status()
            pairs = json.loads(said)["pairs"] if not status else []
            if pairs and (pairs[0]["active"], pairs[0]["rx"]) == ("primary", rx):
                return
            if time.monotonic() > deadline or not self._agent.running():
                raise NativeError(
                    f"{self.name}: not on the primary with rx = {rx}: {said}\n{self._agent.output()}"
                )
            time.sleep(0.1)

    def measure(self, what):
        said = self.vm.check(f"load {what} {self.pairs[0].peer_v4} {PORT} 0 {ROUND_MS}")
        return json.loads(said.splitlines()[-1])

    def stop(self):
        if hasattr(self, "_server"):
            self._server.kill()
            self._server.wait()
        if hasattr(self, "_agent"):
            self._agent.stop()
        super().stop()


def _rounds(places):
    """{(place's name, what): what load.c said in each round}"""
    said = {(place.name, what): [] for place in places for what in MEASURED}
    for index in range(WARM_UP_ROUNDS + effort(ROUNDS, ROUNDS_LEAST)):
        # Another one begins each time: the order must make no difference.
        first = index % len(places)
        for what in MEASURED:
            for place in places[first:] + places[:first]:
                one = place.measure(what)
                if index >= WARM_UP_ROUNDS:
                    said[place.name, what].append(one)
    return said


def measure(contenders, results):
    """Adds one value per contender and metric, the median of its rounds. contenders: names; those
    that veths cannot play are left out.

    Returns the throughputs, by contender.
    """
    with contextlib.ExitStack() as stack:
        places = []
        for name in contenders:
            if name in CONFIGURATIONS:
                places.append(Place(name, CONFIGURATIONS[name]))
                stack.callback(places[-1].stop)
        said = _rounds(places) if places else {}
    for (name, what), rounds in said.items():
        for metric, (unit, key) in MEASURED[what].items():
            values = [one[key] for one in rounds]
            results.add(
                "cost",
                name,
                metric,
                platform.release(),
                statistics.median(values),
                unit,
                {
                    "rounds": len(values),
                    "round_ms": ROUND_MS,
                    "quartiles": statistics.quantiles(values, n=4),
                    "load_average": os.getloadavg()[0],
                },
            )
    return {
        name: statistics.median(one["gbit_s"] for one in rounds)
        for (name, what), rounds in said.items()
        if what == "out"
    }
