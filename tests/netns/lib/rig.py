# SPDX-License-Identifier: GPL-2.0-only
"""The stage of the netns tests: a guest and an outside as network namespaces, veths for its two
wires.

    guest: st0 (standby), pr0 (primary), one MAC  |  outside: st1 and pr1, ports of the bridge br0

A test program names its cases with @case and ends with main(), which is that of
tools/rig/forked.py. Each case has a stage of its own.
"""

import contextlib
import errno
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
from tools.rig import forked  # noqa: E402
from tools.rig.checks import check, check_equal, note  # noqa: E402
from tools.rig.cleanup import owned, released  # noqa: E402
from tools.rig.netns import Netns  # noqa: E402

WITHOUT_TCX, WITHOUT_TRACING = (
    str(Path(__file__).with_name(name)) for name in ("without_tcx.py", "without_tracing.py")
)
VFSTEER = os.environ.get("VFSTEER", str(ROOT / "build" / "vfsteer"))
MAC = "02:76:66:00:00:01"
GUEST, OUTSIDE = "10.77.0.1", "10.77.0.2"
GUEST6, OUTSIDE6 = "fd77::1", "fd77::2"
# how many times longer to wait for a slow program
PATIENCE = float(os.environ.get("VFSTEER_PATIENCE", "1"))
BROADCAST = "ff:ff:ff:ff:ff:ff"
ETH_P_ALL, ETH_P_TEST = 0x0003, 0x88b5  # the latter is for local experiments
PACKET_OUTGOING = 4
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35


class Skip(Exception):
    pass


class Cases:
    """Those of a program, each with an object of the class @stage of its own."""

    def __init__(self, stage):
        self._stage, self._cases = stage, {}

    def add(self, function=None, **options):
        """A case; @options go to the stage, whose object is its argument."""
        if function is None:
            return lambda decorated: self.add(decorated, **options)
        self._cases[function.__name__.replace("_", "-")] = (function, options)
        return function

    def main(self):
        forked.main(self._cases, lambda name: self._run(*self._cases[name]))

    def _run(self, function, options):
        stage = None
        try:
            stage = self._stage(**options)
            function(stage)
            return 0, ""
        except Skip as reason:
            return 77, str(reason)
        except Exception as error:
            traceback.print_exc(file=sys.stdout)
            if stage and stage.log.exists():
                print(
                    f"--- log\n{stage.log.read_text()}--- status\n{stage.command('status').stdout}"
                )
            return 1, str(error)
        finally:
            if stage:
                stage.close()


def wait(what, condition, timeout=5.0):
    """Waits until condition() is true; its value."""
    timeout *= PATIENCE
    end = time.monotonic() + timeout
    while True:
        began = time.monotonic()
        value = condition()
        if value:
            return value
        asked = time.monotonic()
        check(asked < end, f"not within {timeout} s: {what}")
        # Asking takes a process or some: what is waited for needs the time as well.
        time.sleep(max(0.01, 2 * (asked - began)))


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def frame(to, source, ethertype=ETH_P_TEST, payload=b""):
    return (mac_bytes(to) + mac_bytes(source) + ethertype.to_bytes(2, "big") + payload).ljust(
        60, b"\0"
    )


def inject(netns, device, data):
    """Sends a raw frame out of a device: what leaves st1 arrives at st0."""
    with netns.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)) as link:
        link.bind((device, 0))
        link.send(data)


def flood(netns, device, frames):
    """Sends raw frames out of a device, as fast as it goes; those that the device had no room for
    are sent again.
    """
    with netns.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)) as link:
        link.bind((device, 0))
        for data in frames:
            while True:
                try:
                    link.send(data)
                    break
                except OSError:
                    time.sleep(0.001)


class Capture:
    """Frames on a device from now on. With ETH_P_ALL they are seen before tc on their way in (after
    it on their way out); with any other protocol only what tc has let in, as the stack sees it.
    """

    def __init__(self, netns, device, protocol=ETH_P_ALL):
        self.socket = netns.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.bind((device, protocol))
        self.socket.setblocking(False)
        self.seen = []  # (unix_ns, outgoing, bytes)

    def frames(self, outgoing=None):
        """Every frame so far; only those that left the device, or only those that came to it, if
        asked.
        """
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    data, parts, _, address = self.socket.recvmsg(2048, 128)
                except OSError as error:
                    # Reported once, when the device is, or goes, down.
                    if error.errno != errno.ENETDOWN:
                        raise
                    continue
                seconds, nanoseconds = struct.unpack("qq", parts[0][2][:16])
                self.seen.append(
                    (seconds * 10**9 + nanoseconds, address[2] == PACKET_OUTGOING, data)
                )
        return [data for _, way, data in self.seen if outgoing is None or way == outgoing]

    def count(self, data, outgoing=None):
        return sum(seen[:len(data)] == data for seen in self.frames(outgoing))

    def close(self):
        self.socket.close()


class Flow:
    """Numbered datagrams at an even pace; which of them arrived, and when each was sent."""

    ports = iter(range(7000, 60000))

    def __init__(self, source, target, to, rate=1000, size=8):
        """@size: bytes of a datagram's payload."""
        family = socket.AF_INET6 if ":" in to else socket.AF_INET
        address = (to, next(Flow.ports))
        self.times, self.refused, self.arrived, self.copies = [], 0, set(), 0
        self.pause_s, self.padding = 1 / rate, bytes(size - 8)
        self.receiver = target.inside(lambda: socket.socket(family, socket.SOCK_DGRAM))
        self.receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.receiver.bind(("", address[1]))
        self.receiver.settimeout(0.1)
        self.sender = source.inside(lambda: socket.socket(family, socket.SOCK_DGRAM))
        self.prepare(source, target, to)
        self.sender.connect(address)
        self.stopping = self.ended = False
        self.threads = [
            threading.Thread(target=work, daemon=True) for work in (self._receive, self._send)
        ]
        for thread in self.threads:
            thread.start()
        # The neighbour has to be found first; what waits for that is no part of the flow.
        wait(f"a first datagram to {to}", lambda: self.arrived)

    def prepare(self, source, target, to):
        """What another kind of flow needs of its sockets before it begins."""

    def _send(self):
        due = time.monotonic()
        while not self.stopping:
            try:
                self.times.append(time.monotonic())
                self.sender.send(struct.pack("!Q", len(self.times) - 1) + self.padding)
            except OSError:
                self.refused += 1
            due += self.pause_s
            time.sleep(max(0.0, due - time.monotonic()))

    def _receive(self):
        while not self.ended:
            try:
                number, = struct.unpack("!Q", self.receiver.recv(8))
            except (TimeoutError, ConnectionError):
                continue
            self.copies += number in self.arrived
            self.arrived.add(number)

    def stop(self):
        self.stopping = True
        self.threads[1].join()
        time.sleep(0.2)
        self.ended = True
        self.threads[0].join()
        self.sender.close()
        self.receiver.close()
        return self

    def lost(self, since=0.0, until=float("inf")):
        """How many of those sent in this stretch of time.monotonic() never came."""
        first = min(self.arrived)
        return sum(number not in self.arrived for number, sent in enumerate(self.times)
                   if number > first and since <= sent < until)


class Stage:
    def __init__(self, primary=True, agent=True, pairs=1, snoops=True):
        """@snoops: does the outside's bridge ask for groups, and send them to those alone who
        answered, as bridges do by themselves?
        """
        self.agents, self.pairs, self.captures, self.index = [], pairs, [], 100
        # what start() and command() run, and the agent's further options
        self.program, self.options = [VFSTEER], []
        self.directory = Path(tempfile.mkdtemp(prefix="vfsteer-test-"))
        self.bpffs = self.directory / "bpffs"
        owned(self, self.close)
        self.bpffs.mkdir()
        subprocess.run(["mount", "-t", "bpf", "bpf", self.bpffs], check=True)
        self.pins = self.bpffs / "vfsteer"
        self.log = self.directory / "agent.log"
        self.log.touch()
        self.guest, self.outside = Netns("guest"), Netns("outside")
        self.outside.run(f"""
            echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
            ip link add br0 address 02:76:66:00:00:fe type bridge forward_delay 0 mcast_query_response_interval 100 mcast_snooping {int(snoops)} mcast_querier {int(snoops)}
            echo 0 >/proc/sys/net/ipv6/conf/br0/disable_ipv6
            echo 0 >/proc/sys/net/ipv6/conf/br0/accept_dad
            ip link set br0 up
            ip address add {OUTSIDE}/24 dev br0
            ip address add {OUTSIDE6}/64 dev br0 nodad""")
        self.guest.run("""
            echo 0 >/proc/sys/net/ipv6/conf/default/accept_ra
            echo 0 >/proc/sys/net/ipv6/conf/default/router_solicitations""")
        for number in range(pairs):
            self.add_standby(number)
            if primary:
                self.add_primary(number)
        if agent:
            self.start()
            for number in range(pairs):
                if primary:
                    self.wait_active("primary", number)

    def mac(self, number=0):
        return MAC[:-2] + f"{number + 1:02x}"

    def names(self, number=0):
        return (f"st{number}0", f"pr{number}0") if number else ("st0", "pr0")

    def add_wire(self, inner, number=0):
        """A veth, down, between the guest (inner: st0, pr0) and a port of the outside's bridge
        (st1, pr1), up.
        """
        outer = inner[:-1] + "1"
        # A number of its own: the kernel delays notifications of a veth's carrier when both ends
        # have the same one.
        self.index += 1
        self.guest.run(
            f"ip link add {inner} index {self.index} address {self.mac(number)} type veth peer {outer} netns {self.outside.name}"
        )
        self.outside.run(f"ip link set {outer} master br0 up")

    def add_standby(self, number=0):
        standby, _ = self.names(number)
        self.add_wire(standby, number)
        self.guest.run(f"""
            ip link set {standby} up
            ip address add 10.77.0.{1 + 10 * number}/24 dev {standby}
            ip address add fd77::{1 + 10 * number}/64 dev {standby} nodad""")

    def add_primary(self, number=0):
        self.add_wire(self.names(number)[1], number)

    def command(self, *arguments, under=(), **kwargs):
        """Runs vfsteer in the guest with this stage's bpffs, by way of the command @under if there
        is one.
        """
        return subprocess.run(
            self.guest.enter(*under, *self.program, *arguments, "--bpffs", self.bpffs),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=60 * PATIENCE, **kwargs
        )

    def succeed(self, *arguments):
        done = self.command(*arguments)
        check_equal(done.returncode, 0, f"vfsteer {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def launch(self, *pairs, under=(), options=(), timeout=5.0, **environment):
        """Starts an agent, by way of the command @under if there is one; a pair "" is none on the
        command line; waits until it says that it is ready, as systemd would, or has ended.
        """
        pairs = pairs or ["=".join(self.names(number)) for number in range(self.pairs)]
        named = [part for pair in pairs if pair for part in ("--pair", pair)]
        arguments = [
            *under,
            *self.program,
            "run",
            "--bpffs",
            str(self.bpffs),
            *self.options,
            *named,
            *options,
        ]
        address = str(self.directory / f"notify-{len(self.agents)}")
        with open(self.log, "a") as log, socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK
        ) as notify:
            notify.bind(address)
            agent = self.guest.popen(
                arguments, stdout=log, stderr=log,
                env={**os.environ, **environment, "NOTIFY_SOCKET": address},
            )
            self.agents.append(agent)

            def ready():
                with contextlib.suppress(BlockingIOError):
                    return b"READY=1" in notify.recv(4096)
                return agent.poll() is not None
            wait("the agent to be ready", ready, timeout)
        return agent

    def start(self, *pairs, **how):
        """launch(), of an agent that is to run on."""
        agent = self.launch(*pairs, **how)
        check(agent.poll() is None, lambda: f"the agent ended:\n{self.log.read_text()}")
        return agent

    @property
    def agent(self):
        return self.agents[-1]

    def stop(self, number=signal.SIGTERM):
        self.agent.send_signal(number)
        return self.agent.wait(10)

    def status(self):
        return json.loads(self.succeed("status", "--json"))

    def pair(self, number=0):
        """What status shows of the pair, or None."""
        standby, _ = self.names(number)
        return next((pair for pair in self.status()["pairs"] if pair["standby"] == standby), None)

    def counter(self, name, number=0):
        return self.pair(number)["counters"][name]

    def wait_active(self, path, number=0, timeout=5.0):
        """Until @path is active, and announced for the first time."""
        wait(f"{path} active", lambda: (self.pair(number) or {}).get("active") == path, timeout)
        return self.pair(number)

    def wait_state(self, state, number=0, timeout=5.0):
        wait(
            f"primary {state}", lambda: (self.pair(number) or {}).get("primary_state") == state,
            timeout,
        )
        return self.pair(number)

    def flows(self, rate=1000):
        """(out, in): one flow from the guest, one to it."""
        return Flow(self.guest, self.outside, OUTSIDE, rate), Flow(
            self.outside, self.guest, GUEST, rate
        )

    def capture(self, netns, device, protocol=ETH_P_ALL):
        self.captures.append(Capture(netns, device, protocol))
        return self.captures[-1]

    @staticmethod
    def _end(agent):
        """By its own way out, if it goes: there it is seen whether it gives back all that it took.
        """
        agent.terminate()
        agent.send_signal(signal.SIGCONT)
        try:
            agent.wait(10)
        except subprocess.TimeoutExpired:
            agent.kill()
            agent.wait()

    def links(self):
        return sorted(path.name for path in (self.pins / "links").glob("*"))

    def close(self):
        for agent in self.agents:
            if agent.poll() is None:
                self._end(agent)
        for capture in self.captures:
            capture.close()
        for netns in (getattr(self, "guest", None), getattr(self, "outside", None)):
            if netns:
                netns.remove()
        subprocess.run(["umount", self.bpffs], stderr=subprocess.DEVNULL)
        shutil.rmtree(self.directory, ignore_errors=True)
        released(self)


def bypassed(stage):
    return {entry["what"]: entry["text"] for entry in stage.pair()["bypassed"]}


def log_lines(stage, text):
    return sum(text in line for line in stage.log.read_text().splitlines())


def each_active(stage):
    """Both situations of a pair with two good wires."""
    stage.wait_active("primary")
    yield "primary"
    stage.succeed("switch", "st0", "standby")
    stage.wait_active("standby")
    yield "standby"


def reachable(stage, source=None, target=None, to=OUTSIDE, count=20):
    """Asserts that datagrams pass from source to target, all of them once the neighbour is known.
    """
    flow = Flow(source or stage.guest, target or stage.outside, to, 200)
    wait(f"{count} datagrams to {to}", lambda: len(flow.times) > count)
    lost = flow.stop().lost()
    check_equal((lost, flow.copies), (0, 0), f"(lost, doubled) datagrams to {to}")


_cases = Cases(Stage)
case, main = _cases.add, _cases.main
