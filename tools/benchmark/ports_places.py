# SPDX-License-Identifier: GPL-2.0-only
"""Where frames are forwarded at native speed: one contender and one way, in three network
namespaces with veths between them.

	container  p1 ── p0  guest  pr0 ── pr1  outside
	                            st0 ── st1

xdp-trafficgen sends at one end, xdp-bench drops at the other. A veth hands XDP frames on in the
softirq of the CPU that sent them, so one CPU does it all, in the generator's time: generating,
forwarding and dropping. What the first and the last cost, the place without forwarding shows.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tools.benchmark.contenders import under_test
from tools.rig.cleanup import owned, released
from tools.rig.netns import Netns

PAIR_MAC, PORT_MAC, FAR_MAC = "02:76:66:00:00:01", "02:76:66:00:01:01", "02:76:66:00:02:01"
READY_TIMEOUT_S = 20
# Of frames and CPU time of one moment: looked at once again if the one who looks was stopped
# meanwhile.
LOOK_US_MAX, LOOKS = 50, 50
WARM_UP_FRAMES = 100000
NEVER_S = 3600


class PlaceError(Exception):
    pass


@dataclass(frozen=True)
class Way:
    """source and sink: the veths' far ends; enters and leaves: the guest's."""
    name: str
    source: str
    enters: str
    leaves: str
    sink: str
    macs: tuple


WAYS = (
    Way("port-to-uplink", "p1", "p0", "pr0", "pr1", (PORT_MAC, FAR_MAC)),
    Way("uplink-to-port", "pr1", "pr0", "p0", "p1", (FAR_MAC, PORT_MAC)),
)


def _cpu_ns(pid):
    """What a process or a kernel thread has had of the CPUs: its clock is CPUCLOCK_SCHED of
    <linux/posix-timers.h>.
    """
    return time.clock_gettime_ns(~pid << 3 | 2)


class Place:
    """One contender's devices. cpu: the one that does the work."""

    name = ""

    def __init__(self, way, tools, cpu):
        self.way, self._tools, self._cpu, self._running = way, tools, cpu, []
        self._work = Path(tempfile.mkdtemp(prefix="vfsteer-ports-"))
        owned(self, self.stop)
        self.guest, self._outside, self._container = (
            Netns("guest"),
            Netns("outside"),
            Netns("container"),
        )
        self._owners = {
            "p0": self.guest,
            "pr0": self.guest,
            "st0": self.guest,
            "pr1": self._outside,
            "st1": self._outside,
            "p1": self._container,
        }
        for netns in (self.guest, self._outside, self._container):
            netns.run(
                "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"
            )
        for inner, outer, inner_mac, outer_mac in (
            ("st0", "st1", PAIR_MAC, FAR_MAC),
            ("pr0", "pr1", PAIR_MAC, FAR_MAC),
            ("p0", "p1", "02:76:66:00:01:02", PORT_MAC),
        ):
            self.guest.run(f"""
                ip link add {inner} numtxqueues 1 numrxqueues 1 address {inner_mac} type veth \
                    peer name {outer} numtxqueues 1 numrxqueues 1 address {outer_mac} netns {self._owners[outer].name}
                ip link set {inner} up""")
            self._owners[outer].run(f"ip link set {outer} up")
        # A veth takes XDP frames only for an end that has a program, or GRO.
        self.load("drop", "p1")
        self.load("drop", "pr1")
        self.forward()
        self._statistics = self._owners[self.sink].inside(
            lambda: os.open("/proc/thread-self/net/dev", os.O_RDONLY)
        )

    @property
    def sink(self):
        return self.way.sink

    def forward(self):
        """Has the guest forward."""

    def start(self, netns, command):
        """A program of the place, which ends with it; returns it and the path of what it says."""
        said = self._work / f"program-{len(self._running)}"
        with open(said, "wb") as out:
            self._running.append(netns.popen(command, stdout=out, stderr=out))
        return self._running[-1], said

    def wait(self, what, is_so, process, said):
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not is_so():
            if process.poll() is not None or time.monotonic() > deadline:
                raise PlaceError(
                    f"{self.name}, {self.way.name}: {what}: not within {READY_TIMEOUT_S} s:\n{said.read_text(errors='replace')}"
                )
            time.sleep(0.02)

    def load(self, action, device, *more):
        """xdp-bench with a program at the device."""
        netns = self._owners[device]
        process, said = self.start(
            netns, self._tools.command("xdp-bench", action, device, *more, "-i", NEVER_S)
        )
        self.wait(
            f"xdp-bench {action} {device}",
            lambda: "xdp" in json.loads(netns.run(f"ip -j link show {device}"))[0], process, said,
        )

    def frames(self):
        """How many have come to the sink."""
        for line in os.pread(self._statistics, 4096, 0).decode().splitlines():
            device, _, numbers = line.partition(":")
            if device.strip() == self.sink:
                return int(numbers.split()[1])
        raise PlaceError(f"{self.sink} is gone")

    def begin(self):
        """Frames from now on, as many as the CPU has time for."""
        source, destination = self.way.macs
        command = self._tools.command(
            "xdp-trafficgen", "udp", self.way.source, "-M", source, "-m", destination, "-I", NEVER_S
        )
        self.others = self.frames()  # what came before: announcements
        self._generator, said = self.start(
            self._owners[self.way.source], ["taskset", "-c", self._cpu, *command]
        )
        self.wait(
            f"{WARM_UP_FRAMES} frames", lambda: self.frames() - self.others >= WARM_UP_FRAMES,
            self._generator, said,
        )

    def look(self):
        """(frames that have come to the sink, CPU time in ns that they took)"""
        if self._generator.poll() is not None:
            raise PlaceError(f"{self.name}, {self.way.name}: the generator has ended")
        for _ in range(LOOKS):
            before = _cpu_ns(self._generator.pid)
            frames = self.frames()
            after = _cpu_ns(self._generator.pid)
            if after - before <= LOOK_US_MAX * 1000:
                break
        return frames, (before + after) // 2

    def check(self):
        """After the rounds: raises PlaceError when frames went another way than meant."""

    def end_programs(self):
        for process in reversed(self._running):
            _end(process)
        self._running = []

    def stop(self):
        self.end_programs()
        if hasattr(self, "_statistics"):
            os.close(self._statistics)
            del self._statistics
        for netns in (getattr(self, name, None) for name in ("guest", "_outside", "_container")):
            if netns:
                netns.remove()
        shutil.rmtree(self._work, ignore_errors=True)
        released(self)


def _end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Wire(Place):
    """Nothing forwards: what arrives in the guest is dropped there."""

    name = "bare-wire"

    @property
    def sink(self):
        return self.way.enters

    def forward(self):
        self.load("drop", self.way.enters)


class Redirect(Place):
    """The limit: a program that knows nothing but the other device."""

    name = "bare-redirect"

    def forward(self):
        self.load("redirect", self.way.enters, self.way.leaves)


class Bridge(Place):
    """Linux' bridge, which knows both stations."""

    name = "bridge"

    def forward(self):
        self.guest.run(f"""
            ip link add br0 type bridge mcast_querier 1
            for device in p0 pr0; do
                ethtool -K $device gro on
                ip link set $device master br0
            done
            ip link set br0 up
            bridge fdb add {PORT_MAC} dev p0 master static
            bridge fdb add {FAR_MAC} dev pr0 master static""")


class Vfsteer(Place):
    """The agent, its pair, and a port."""

    name = "vfsteer"

    def forward(self):
        self._bpffs = self._work / "bpffs"
        self._bpffs.mkdir()
        # A bpf file system of our own: the machine's may not be mounted, and is none of our
        # business.
        subprocess.run(["mount", "-t", "bpf", "bpf", self._bpffs], check=True)
        agent, said = self.start(
            self.guest, [under_test()[0], "run", "--pair", "st0=pr0", "--bpffs", self._bpffs]
        )
        self.wait(
            "the primary is active", lambda: self._pair().get("active") == "primary", agent, said
        )
        self.guest.run(f"{under_test()[0]} port add p0 --pair st0 --bpffs {self._bpffs}")
        try:
            self.wait("the port's frames go by native XDP", self._is_native, agent, said)
        except PlaceError as error:
            pair = self._pair()
            raise PlaceError(
                f"{error}\nports: {pair.get('ports')}\nxdp: {pair.get('xdp')}"
            ) from None

    def _pair(self):
        done = subprocess.run(
            self.guest.enter(under_test()[0], "status", "--json", "--bpffs", self._bpffs),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        pairs = json.loads(done.stdout)["pairs"] if not done.returncode else []
        return pairs[0] if pairs else {}

    def _is_native(self):
        pair = self._pair()
        return (
            pair.get("active") == "primary"
            and [pair.get("xdp", {}).get(which) for which in ("standby", "primary")]
            == ["native", "native"]
            and [(port["takes_by"], port["delivers_by"]) for port in pair.get("ports", [])]
            == [("native", "native")]
        )

    def check(self):
        frames, counters = self.frames() - self.others, self._pair()["ports"][0]["counters"]
        native = counters["tx_native_packets" if self.way.leaves == "pr0" else "rx_native_packets"]
        if native < frames:
            raise PlaceError(
                f"{self.way.name}: of {frames:,} frames only {native:,} went by native XDP"
            )

    def stop(self):
        self.end_programs()
        if hasattr(self, "_bpffs"):
            subprocess.run(["umount", self._bpffs], stderr=subprocess.DEVNULL)
        super().stop()


PLACES = (Wire, Redirect, Bridge, Vfsteer)
