# SPDX-License-Identifier: GPL-2.0-only
"""Native speed: TCP between network namespaces on this machine's kernel, over a pair of veths that vfsteer drives and over one bare.

Each contender has a stage of its own (guest, bridge, peer), all at the same time, and they take turns in short rounds: what slows this
machine down for a while slows all of them.
"""

import contextlib
import json
import os
import platform
import statistics
import subprocess
import time

from tools.benchmark.contenders import HERE, under_test
from tools.rig.demo import NetnsStage
from tools.rig.places import BUILD
from tools.rig.programs import compiled

PORT = 9
ROUNDS, ROUND_MS, WARM_UP_ROUNDS = 40, 150, 2
# {what load measures: [(metric, unit, its key)]}
MEASURED = {"out": [("tcp-bulk/throughput", "Gbit/s", "gbit_s")], "in": [("tcp-bulk-in/throughput", "Gbit/s", "gbit_s")],
            "rr": [("rr/p50", "us", "p50_us"), ("rr/p99", "us", "p99_us")]}
READY_TIMEOUT_S = 20


class NativeError(Exception):
    pass


class _Quiet:
    """A stage tells its steps to a screen."""

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
            self._agent = guest.spawn(f"exec {under_test()[0].name} run --pair eth0=eth1 --config /tmp/vfsteer.conf{self.bpffs}")
            self.plug()
            self._wait_active("direct" if "direct" in configuration else "exact")
        # A stage's scripts find by name what is in BUILD; paths below /tmp have another meaning there.
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
                raise NativeError(f"{self.name}: not on the primary with rx = {rx}: {said}\n{self._agent.output()}")
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


CONFIGURATIONS = {"vfsteer": "", "vfsteer-direct": "[agent]\\nrx = direct\\n", "bare-vf": None}


def run(contenders, results):
    """One value per metric and contender: the median of its rounds. contenders: names; those that veths cannot play are left out."""
    kernel, rounds = platform.release(), {}
    with contextlib.ExitStack() as stack:
        places = []
        for name in contenders:
            if name in CONFIGURATIONS:
                places.append(Place(name, CONFIGURATIONS[name]))
                stack.callback(places[-1].stop)
        for index in range(WARM_UP_ROUNDS + ROUNDS):
            for what in MEASURED:
                # Another one begins each time: who comes after whom must make no difference.
                first = index % len(places)
                for place in places[first:] + places[:first]:
                    said = place.measure(what)
                    if index >= WARM_UP_ROUNDS:
                        rounds.setdefault((place.name, what), []).append(said)
    for (name, what), said in rounds.items():
        for metric, unit, key in MEASURED[what]:
            values = [one[key] for one in said]
            results.add("cost", name, metric, kernel, statistics.median(values), unit,
                        {"rounds": ROUNDS, "round_ms": ROUND_MS, "range": [min(values), max(values)], "load_average": os.getloadavg()[0]})
    return {name: statistics.median(one["gbit_s"] for one in said) for (name, what), said in rounds.items() if what == "out"}
