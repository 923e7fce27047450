#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The agent dies by SIGKILL at every point where it changes something outside itself (user/crash_point.h): traffic goes on, the primary may
go as well, the next start finds its way to the same state as ever, and unload to a plain guest.

A first life of each scenario is traced, and every point that it passes is then died at, on a fresh state: so no point is forgotten.
"""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import bpf
from rig import GUEST, ROOT, VFSTEER, case, check, check_equal, main, note, wait

CRASHPOINTS = str(Path(VFSTEER).parent / "crashpoints" / "vfsteer")
WITHOUT_TCX = str(Path(__file__).with_name("without_tcx.py"))
EVERY = "VFSTEER_EVERY_CRASH" in os.environ  # takes an hour
SEED = int(os.environ.get("VFSTEER_SEED", time.time_ns() // 10**9))
LONG = 6  # points, of a life
SETTLE_S, ARRIVAL_S = 0.05, 1.0
PORT_MAPS = {"ports", "port_counters", "port_members", "port_stations", "port_devices", "port_addresses", "port_shares"}
# Frames that a veth's peer has taken, but not yet handed on, when the veth is deleted.
IN_FLIGHT = 3


def hooks(stage, number=0):
    """(tcx programs, filters of ours on clsact) at each of a pair's hooks: the standby's ingress and egress, the primary's ingress."""
    standby, primary = stage.names(number)
    places = ((standby, "ingress", bpf.TCX_INGRESS), (standby, "egress", bpf.TCX_EGRESS), (primary, "ingress", bpf.TCX_INGRESS))
    filters = stage.guest.run("; ".join(f"tc filter show dev {device} {side} 2>/dev/null | grep -c 'handle 0x7666737[45] ' || true"
                                        for device, side, _ in places)).split()
    tcx = stage.guest.inside(lambda: [bpf.attached(socket.if_nametoindex(device), side) for device, _, side in places])
    return list(zip(tcx, map(int, filters)))


def control_sockets(stage):
    return set(Path("/run/vfsteer").glob(f"{os.stat(stage.bpffs).st_dev:x}-*"))


def settings(stage):
    """What vfsteer changes of the devices, in plain words. All nodes' group (33:33:00:00:00:01) is the kernel's own: it goes as IPv6 is turned
    off on a device that is up, and comes again when that is set up."""
    return stage.guest.run(r"""
        for device in /sys/class/net/[sp][tr]*0; do
            name=${device##*/}
            ip -d link show $name 2>/dev/null | grep -oE 'NOARP|PROMISC|ALLMULTI|addrgenmode [a-z0-9]*|promiscuity [0-9]*|allmulti [0-9]*' | sed "s/^/$name /"
            ip maddress show dev $name | sed -n "/33:33:00:00:00:01/d; s/.*link/$name link/p"
            for key in ipv4/conf/$name/arp_ignore ipv4/conf/$name/arp_notify ipv4/conf/$name/rp_filter ipv4/conf/$name/forwarding \
                       ipv6/conf/$name/disable_ipv6 ipv6/conf/$name/accept_ra ipv6/conf/$name/autoconf; do
                echo $key $(cat /proc/sys/net/$key)
            done
        done
        tc qdisc show 2>/dev/null | grep -oE '(clsact|ingress|tbf).* dev [^ ]*' || true""").splitlines()


def active(stage, number=0):
    """The pair's active path; None without a pair."""
    done = stage.command("status", "--json")
    pairs = json.loads(done.stdout)["pairs"] if done.returncode == 0 else []
    return next((pair["active"] for pair in pairs if pair["standby"] == stage.names(number)[0]), None)


class Crash:
    """One kind of life and how it is begun. @launcher: [WITHOUT_TCX] or []; @rx: as in the configuration."""

    def __init__(self, stage, launcher=(), rx="exact"):
        self.stage, self.launcher, self.rx = stage, list(launcher), rx
        self.tcx = not launcher
        if not self.tcx:
            # Somebody else's: making one on a device that is up costs packets (qdisc_graft deactivates it meanwhile), and ours would be left on it.
            for number in range(stage.pairs):
                stage.guest.run(f"tc qdisc replace dev {stage.names(number)[0]} clsact")
        stage.program = [*launcher, VFSTEER]
        # A port of the bridge outside forwards some time after it has carrier only.
        configuration = stage.directory / "vfsteer.conf"
        configuration.write_text(f"[agent]\nup_delay_ms = 150\nrx = {rx}\n")
        stage.options = ["--config", str(configuration)]
        if rx == "direct":  # which changes the primary's filter by source address; what the standby's may be stands in user/direct.c
            stage.guest.run("cd /proc/sys/net/ipv4/conf; for name in all st0; do echo 0 >$name/rp_filter; done; for name in default pr0; do echo 2 >$name/rp_filter; done")
        self.plain, self.sockets = settings(stage), control_sockets(stage)
        self.flows = ()
        self.armed = stage.directory / "armed"  # see crash_point.h

    def doomed(self, act, *arguments, **environment):
        """Runs act with the test build."""
        self.stage.program = [*self.launcher, CRASHPOINTS]
        self.armed.unlink(missing_ok=True)
        try:
            return act(*arguments, **environment)
        finally:
            self.stage.program = [*self.launcher, VFSTEER]

    def begin_traffic(self):
        if not self.flows:
            self.flows = self.stage.flows(500)

    def end_traffic(self):
        for flow in self.flows:
            flow.stop()
        self.flows = ()

    def check_traffic(self, since, until, allowed, what):
        until, patience = min(until, time.monotonic()), time.monotonic() + ARRIVAL_S
        lost = (allowed + 1,)
        # What waits in a socket for the receiver's turn is not lost.
        while max(lost, default=0) > allowed and time.monotonic() < patience:
            time.sleep(0.01)
            lost = tuple(flow.lost(since, until) for flow in self.flows)
        check(max(lost, default=0) <= allowed, lambda: f"{what}: lost (out, in) {lost}, refused {[flow.refused for flow in self.flows]}, sent "
              + ", ".join(f"{sent - since:+.3f}" for flow in self.flows for number, sent in enumerate(flow.times)
                          if since <= sent < until and number not in flow.arrived)[:200] + f" s from its begin, of {until - since:.3f} s")

    def check_converged(self, before=None):
        """One program at each hook, one set of pins, the right status; and they are the ones that count."""
        stage = self.stage
        for number in range(stage.pairs):
            stage.wait_active("primary", number)
            check_equal(hooks(stage, number), [(1, 0) if self.tcx else (0, 1)] * 3, "(tcx, clsact) programs at the hooks")
        check_equal({path.name for path in stage.pins.iterdir()} - PORT_MAPS, {"pairs", "counters", "events", "links"}, "pins")
        expected = set()
        for number in range(stage.pairs if self.tcx else 0):
            standby, primary = (stage.guest.run(f"cat /sys/class/net/{name}/ifindex").strip() for name in stage.names(number))
            expected |= {f"standby-egress-{standby}", f"standby-ingress-{standby}", f"primary-ingress-{primary}"}
        check_equal({name for name in stage.links() if not name.startswith(("watch-", "drops-"))}, expected, "pinned links")
        status = stage.status()
        check_equal([(pair["primary_state"], pair["admin"], pair["rx"]) for pair in status["pairs"]], [("ready", "auto", self.rx)] * stage.pairs, "pairs")
        check(status["agent"], "status does not see the agent")
        counted = stage.pair()["counters"]
        wait("both directions to be counted", lambda: all(stage.counter(name) > counted[name] for name in
                                                          ("tx_primary_packets", "rx_primary_packets")) if self.flows else True)
        dump = json.loads(subprocess.run(["bpftool", "-j", "map", "dump", "pinned", str(stage.pins / "pairs")], stdout=subprocess.PIPE,
                                         check=True).stdout)
        for value in (entry["formatted"]["value"] for entry in dump):
            check_equal(value["announced_switches"], value["state"]["switches"], "announced switches")

    def check_plain(self):
        stage = self.stage
        check(not stage.pins.exists(), lambda: f"pins are left: {sorted(map(str, stage.pins.rglob('*')))}")
        check_equal(hooks(stage), [(0, 0)] * 3, "(tcx, clsact) programs left at the hooks")
        check_equal(control_sockets(stage) - self.sockets, set(), "control sockets left")
        check_equal(set(settings(stage)) ^ set(self.plain), set(), "settings that differ from those before")

    def restore(self):
        """Back to a plain guest, for the next life."""
        stage = self.stage
        stage.succeed("unload")
        if stage.agents and stage.agent.poll() is None:
            stage.agent.wait(10)
        self.check_plain()


# ---- scenarios: what is prepared, and what is done by the one that dies ------------------------------------------------------------------


class Start:
    """The first start ever."""
    traffic, pairs, rx = True, 1, "exact"
    in_flight = 0  # what may be lost until it is dead

    def prepare(self, crash):
        pass

    def settle(self, crash):
        """Takes back what the next start has rightly found, so that all scenarios end alike."""

    def act(self, crash, **environment):
        """Returns the process that died, or lives on."""
        agent = crash.doomed(crash.stage.launch, **environment)
        if agent.poll() is None:
            wait("active, or dead", lambda: agent.poll() is not None or
                 all(active(crash.stage, number) == "primary" for number in range(crash.stage.pairs)))
        return agent


class Adopt(Start):
    """A start that finds another's pins."""

    def prepare(self, crash):
        crash.stage.start()
        crash.stage.wait_active("primary")
        crash.stage.stop(signal.SIGKILL)


class Sweep(Adopt):
    """A start that finds the link of a primary that is gone, and another primary."""
    in_flight = IN_FLIGHT

    def prepare(self, crash):
        super().prepare(crash)
        crash.stage.guest.run("ip link delete pr0")
        crash.stage.add_primary()


class Direct(Start):
    """A start that lets unicast up the primary's own stack."""
    rx = "direct"


class Later(Start):
    """Something that befalls an agent that was well."""

    def act(self, crash, **environment):
        agent = super().act(crash, VFSTEER_CRASH_ARMED=str(crash.armed), **environment)
        check(agent.poll() is None, "the agent died too early")
        crash.armed.touch()
        self.befall(crash, agent)
        return agent


class Switch(Later):
    def befall(self, crash, agent):
        for wish in ("standby", "auto"):
            crash.stage.command("switch", "st0", wish)
            time.sleep(SETTLE_S)


class Mirror(Later):
    """The standby receives more, and less again."""

    def befall(self, crash, agent):
        for promiscuity, wish in (("1", "on"), ("0", "off")):
            crash.stage.guest.run(f"ip link set st0 promisc {wish}")
            wait(f"promiscuity {wish}", lambda: agent.poll() is not None or
                 f"promiscuity {promiscuity}" in crash.stage.guest.run("ip -d link show pr0"))


class Overtake(Later):
    """Somebody's programs come before ours on ingress, and behind it on egress."""

    def befall(self, crash, agent):
        stage, self.links = crash.stage, []
        counter = bpf.Counter()
        if crash.tcx:
            self.links = [counter.attach_tcx(stage.guest, *place) for place in (("st0", bpf.TCX_INGRESS, bpf.F_BEFORE),
                          ("pr0", bpf.TCX_INGRESS, bpf.F_BEFORE), ("st0", bpf.TCX_EGRESS))]
        else:
            path = stage.bpffs / "foreign"
            bpf.pin(counter.program, path)
            stage.guest.run(f"for device in st0 pr0; do tc filter add dev $device ingress prio 1 bpf direct-action object-pinned {path}; done; rm {path}")
        time.sleep(1.2)
        self.leave(crash)

    def leave(self, crash):
        for link in self.links:
            os.close(link)
        if not crash.tcx:
            crash.stage.guest.run("for device in st0 pr0; do tc filter del dev $device ingress prio 1 handle 1 bpf 2>/dev/null || true; done")


class MirrorQdisc(Later):
    """The standby is given a root qdisc, which is taken from it again."""

    def befall(self, crash, agent):
        for change, shows in (("replace dev st0 root handle 5: tbf rate 100mbit burst 100k latency 50ms", True), ("del dev st0 root", False)):
            # On a standby that is active it would cost what is sent meanwhile.
            if agent.poll() is not None:
                return
            crash.stage.guest.run(f"tc qdisc {change}")
            wait(f"the primary's after {change}", lambda: agent.poll() is not None or
                 ("tbf" in crash.stage.guest.run("tc qdisc show dev pr0")) == shows and active(crash.stage) == "primary")

    def settle(self, crash):
        crash.stage.wait_active("primary")
        wait("the standby's root qdisc on the primary", lambda: ("tbf" in crash.stage.guest.run("tc qdisc show dev st0")) ==
             ("tbf" in crash.stage.guest.run("tc qdisc show dev pr0")))
        crash.stage.guest.run("tc qdisc del dev st0 root 2>/dev/null || true")
        wait("the primary's own again", lambda: "tbf" not in crash.stage.guest.run("tc qdisc show dev pr0"))
        crash.stage.wait_active("primary")


class Lose(Later):
    """The primary goes and comes back."""
    in_flight = IN_FLIGHT

    def befall(self, crash, agent):
        crash.stage.guest.run("ip link delete pr0")
        wait("absent, or dead", lambda: agent.poll() is not None or crash.stage.pair()["primary_state"] == "absent")
        crash.stage.add_primary()
        wait("active, or dead", lambda: agent.poll() is not None or active(crash.stage) == "primary")


class LoseStandby(Later):
    """The standby goes and comes back."""
    traffic = False  # and a new standby has a new qdisc, which unload leaves

    def befall(self, crash, agent):
        crash.stage.guest.run("ip link delete st0")
        wait("no pair, or dead", lambda: agent.poll() is not None or crash.stage.pair() is None)
        crash.stage.add_standby()
        wait("active, or dead", lambda: agent.poll() is not None or active(crash.stage) == "primary")


class StepOff(Later):
    """Somebody gives the primary the standby's address, which is taken from it, and one of its own, which makes it somebody else's."""
    traffic = False  # one that is given back speaks for itself, with the pair's MAC

    def befall(self, crash, agent):
        crash.stage.guest.run(f"ip address add {GUEST}/24 dev pr0")
        wait("the address taken, or dead", lambda: agent.poll() is not None or GUEST not in crash.stage.guest.run("ip address show dev pr0"))
        crash.stage.guest.run("ip address add 10.78.0.1/24 dev pr0")
        wait("given back, or dead", lambda: agent.poll() is not None or crash.stage.pair()["not_used"])
        if agent.poll() is None:
            self.settle(crash)
            wait("active, or dead", lambda: agent.poll() is not None or active(crash.stage) == "primary")

    def settle(self, crash):
        crash.stage.guest.run("ip address flush dev pr0 scope global")


class Firewall(Later):
    """Somebody's XDP program comes to the standby, is replaced, and goes: the primary follows."""

    def put(self, crash, device, port):
        path = crash.stage.bpffs / f"firewall-{device}-{port}"
        if not path.exists():
            bpf.pin(bpf.Firewall(port).program, path)
        crash.stage.guest.run(f"ip -force link set dev {device} xdpdrv pinned {path}")

    def program(self, crash, device):
        return (json.loads(crash.stage.guest.run(f"ip -j link show {device}"))[0].get("xdp") or {}).get("prog", {}).get("id")

    def befall(self, crash, agent):
        for port in (6001, 6002):
            self.put(crash, "st0", port)
            wait("its being on both, or dead", lambda: agent.poll() is not None or self.program(crash, "pr0") == self.program(crash, "st0"))
        crash.stage.guest.run("ip link set dev st0 xdpdrv off")
        wait("its being on neither, or dead", lambda: agent.poll() is not None or not self.program(crash, "pr0"))

    def settle(self, crash):
        """What the next agent has found on the standby, it has put on the primary."""
        wait("its being on both, or neither", lambda: self.program(crash, "pr0") == self.program(crash, "st0"))
        crash.stage.guest.run("ip link set dev st0 xdpdrv off")
        wait("its being on neither", lambda: not self.program(crash, "pr0"))


class FirewallWithoutRoom(Firewall):
    """Another program is on the primary, which is set down for want of the standby's, until that other one goes."""

    def befall(self, crash, agent):
        self.put(crash, "pr0", 6003)
        self.put(crash, "st0", 6001)
        wait("it to be down, or dead", lambda: agent.poll() is not None or "state DOWN" in crash.stage.guest.run("ip link show pr0"))
        crash.stage.guest.run("ip link set dev pr0 xdpdrv off")
        wait("active, or dead", lambda: agent.poll() is not None or active(crash.stage) == "primary")
        crash.stage.guest.run("ip link set dev st0 xdpdrv off")
        wait("its being on neither, or dead", lambda: agent.poll() is not None or not self.program(crash, "pr0"))


class Ports(Later):
    """A port comes and goes."""

    def prepare(self, crash):
        crash.stage.guest.run("ip link add ve0 type veth peer name ve1 2>/dev/null && ip link set ve0 up && ip link set ve1 up || true")

    def befall(self, crash, agent):
        for change in (("add", "ve0", "--pair", "st0"), ("del", "ve0")):
            crash.stage.command("port", *change)
            time.sleep(SETTLE_S)

    def settle(self, crash):
        left = json.loads(crash.stage.command("port", "list", "--json").stdout)
        check(len(left) <= 1, f"ports: {left}")
        if left:
            check(left[0]["present"], f"a port that is not bound: {left[0]}")
            crash.stage.succeed("port", "del", "ve0")


class AdoptPorts(Ports):
    """A start that finds a port of another's, and an unload that does."""

    def prepare(self, crash):
        super().prepare(crash)
        crash.stage.start()
        crash.stage.wait_active("primary")
        crash.stage.succeed("port", "add", "ve0", "--pair", "st0")
        crash.stage.wait_active("primary")
        crash.stage.stop(signal.SIGKILL)

    def act(self, crash, **environment):
        return Start.act(self, crash, **environment)


class UnloadPorts(AdoptPorts):
    def act(self, crash, **environment):
        return crash.doomed(crash.stage.command, "unload", env={**os.environ, **environment})


class WithPort(Ports):
    """Something that befalls an agent that has a port."""

    def act(self, crash, **environment):
        agent = Start.act(self, crash, VFSTEER_CRASH_ARMED=str(crash.armed), **environment)
        check(agent.poll() is None, "the agent died too early")
        crash.stage.succeed("port", "add", "ve0", "--pair", "st0")
        crash.stage.wait_active("primary")
        crash.armed.touch()
        self.befall(crash, agent)
        return agent


class LosePort(WithPort):
    """Its interface goes."""

    def befall(self, crash, agent):
        crash.stage.guest.run("ip link delete ve0")
        wait("no port, or dead", lambda: agent.poll() is not None or not json.loads(crash.stage.succeed("port", "list", "--json")))

    def settle(self, crash):
        wait("no port without an interface", lambda: not json.loads(crash.stage.command("port", "list", "--json").stdout))


class LoseBesidePort(WithPort, Lose):
    """The primary goes and comes back, and needs its program."""
    befall = Lose.befall


class Unload(Later):
    def befall(self, crash, agent):
        crash.stage.command("unload")
        agent.wait(10)


class UnloadAlone(Adopt):
    def act(self, crash, **environment):
        return crash.doomed(crash.stage.command, "unload", env={**os.environ, **environment})


# ---- one life after the other ------------------------------------------------------------------------------------------------------------


def passages(text):
    return re.findall(r"^crash point (\S+)$", text, re.M)


def trace(crash, scenario):
    """The passages of a life that does not end."""
    since = len(crash.stage.log.read_text())
    scenario.prepare(crash)
    done = scenario.act(crash, VFSTEER_CRASH_TRACE="1")
    time.sleep(SETTLE_S)
    passed = passages(crash.stage.log.read_text()[since:] + (getattr(done, "stderr", None) or ""))
    crash.restore()
    return passed


def chosen(passed, relevant):
    """Points at their first passage, now with and now without an unplug; of a long life every second one, which half the seed says. EVERY: all, at
    each passage, both ways."""
    passed = [passage for passage in passed if re.match(relevant, passage)]
    if EVERY:
        return [(passage, unplug) for passage in passed for unplug in (False, True)]
    first = {}
    for passage in passed:
        first.setdefault(passage.split(":")[0], passage)
    half, lives = random.Random(SEED).randrange(2), list(enumerate(first.values()))
    return [(passage, number // 2 % 2 == 1) for number, passage in lives if len(lives) < LONG or number % 2 == half]


class LivedOn(Exception):
    """The point was not passed: what a life does depends on time as well, and the one that was traced had more, or less, of it."""


def die(crash, scenario, point, unplug):
    stage, began = crash.stage, time.monotonic()
    scenario.prepare(crash)
    done = scenario.act(crash, VFSTEER_CRASH_AT=point)
    try:
        status = done.wait(10) if hasattr(done, "wait") else done.returncode
    except subprocess.TimeoutExpired:
        raise LivedOn from None
    if status == 0:
        raise LivedOn
    check_equal(status, -signal.SIGKILL, "how it ended")
    primary = "pr0" in stage.guest.run("ls /sys/class/net")
    dead = time.monotonic()
    time.sleep(SETTLE_S)
    if scenario.traffic:
        crash.check_traffic(began, dead, scenario.in_flight, "until it was dead")
    if unplug and primary:
        stage.guest.run("ip link delete pr0")
    gone = time.monotonic()
    time.sleep(SETTLE_S)
    if not primary or unplug:
        stage.add_primary()
    if "st0" not in stage.guest.run("ls /sys/class/net"):
        stage.add_standby()
    stage.start()
    scenario.settle(crash)
    crash.check_converged()
    if scenario.traffic:
        crash.check_traffic(dead, gone, IN_FLIGHT, "as it was dead")
        crash.check_traffic(gone, float("inf"), 0, "after the next start")
    crash.restore()
    if scenario.traffic:
        crash.check_traffic(gone, float("inf"), 0, "by unloading")


def die_in_one_of(crash, scenario, point, unplug, lives=3):
    for _ in range(lives):
        try:
            return die(crash, scenario, point, unplug)
        except LivedOn:
            note(f"{point} was not passed")
            crash.restore()
    raise AssertionError(f"not passed in {lives} lives")


def live_and_die(stage, scenario, launcher, relevant):
    crash = Crash(stage, launcher, scenario.rx)
    if scenario.traffic:
        crash.begin_traffic()
    lives = chosen(trace(crash, scenario), relevant)[:int(os.environ.get("LIVES", "999"))]
    check(lives, "no point was passed")
    for point, unplug in lives:
        try:
            die_in_one_of(crash, scenario, point, unplug)
        except AssertionError as error:
            raise AssertionError(f"died at {point}{', then unplugged' if unplug else ''}: {error}") from error
    note(f"seed {SEED}, {len(lives)} lives: {' '.join(point + ',unplugged' * unplug for point, unplug in lives)}")
    crash.end_traffic()


def add(name, scenario, launcher=(), relevant=""):
    def run(stage):
        live_and_die(stage, scenario, launcher, relevant)
    run.__name__ = name
    case(run, agent=False, pairs=scenario.pairs)


SCENARIOS = {"start": Start, "adopt": Adopt, "sweep": Sweep, "switch": Switch, "mirror": Mirror, "mirror_qdisc": MirrorQdisc, "overtake": Overtake, "lose": Lose, "step_off": StepOff,
             "firewall": Firewall, "firewall_without_room": FirewallWithoutRoom,
             "lose_standby": LoseStandby, "unload": Unload, "unload_alone": UnloadAlone, "direct": Direct,
             "ports": Ports, "adopt_ports": AdoptPorts, "unload_ports": UnloadPorts, "lose_port": LosePort,
             "lose_beside_port": LoseBesidePort}
# Of those that differ in some points only.
RELEVANT = {"step_off": "guard-|pair-stack|pair-lists|pair-primary", "sweep": "pins-|hook-", "direct": "pair-direct|pair-word|join-",
             "overtake": "hook-|steer-", "mirror_qdisc": "qdisc|pair-qdisc",
            "lose_beside_port": "uplinks|port", "firewall": "xdp-", "firewall_without_room": "xdp-mirror-",
            **dict.fromkeys(("ports", "adopt_ports", "unload_ports", "lose_port"), "agent-port|port|uplinks|xdp|pins-")}
for name, scenario in SCENARIOS.items():
    add(f"die_at_{name}", scenario(), relevant=RELEVANT.get(name, ""))
    # Where it makes a difference: the others attach nothing, or nothing else.
    if name not in ("switch", "mirror", "mirror_qdisc", "sweep", "direct", "step_off", "firewall", "firewall_without_room") and "port" not in name:
        add(f"die_at_{name}_without_tcx", scenario(), [WITHOUT_TCX], "hook-|steer-")


@case(agent=False, pairs=2)
def no_point_is_forgotten(stage):
    """Every point that there is in the sources is passed in one of these lives, or is one of a guest's (tests/vm/test_crashes.py)."""
    there = set(re.findall(r'crash_point\("([a-z0-9-]+)"\)', "".join(path.read_text() for path in (ROOT / "user").glob("*.c"))))
    of_guests = set(re.findall(r'"([a-z-]+):\d+"', (ROOT / "tests/vm/test_crashes.py").read_text()))
    passed = set()
    for scenario, launcher in [*((scenario(), []) for scenario in SCENARIOS.values()), (Start(), [WITHOUT_TCX]), (UnloadAlone(), [WITHOUT_TCX])]:
        passed |= {passage.split(":")[0] for passage in trace(Crash(stage, launcher, scenario.rx), scenario)}
    note(f"{len(there)} points, {len(passed)} passed here")
    check_equal(there - passed - of_guests, set(), "points that no test dies at")


main()
