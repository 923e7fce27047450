#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The demonstration behind tools/demo: `demo.py vm KERNEL [--newer-qemu]` or `demo.py netns`. Says
each step, shows the paths live, ends with a verdict.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.rig.cleanup import owned, released
from tools.rig.lab import Lab, Pair
from tools.rig.measure import measure
from tools.rig.netns import Netns
from tools.rig.places import BUILD
from tools.rig.programs import program
from tools.rig.qemu import qemu

VFSTEER = BUILD.parent / "vfsteer"
RATE = 1000
REFRESH_S = 0.3


class DemoError(Exception):
    pass


class Screen:
    """Lines that stay, and below them on a terminal one that is refreshed."""

    def __init__(self):
        self._tty, self._lock, self._live = sys.stdout.isatty(), threading.Lock(), ""
        self._started = time.monotonic()

    def say(self, text=""):
        with self._lock:
            self._write(
                ("\r\033[K" if self._tty else "") + text + "\n" + (self._live if self._tty else "")
            )

    def live(self, text):
        with self._lock:
            if self._tty:
                # One that wraps could not be taken back.
                self._live = text[:shutil.get_terminal_size().columns - 1]
                self._write("\r\033[K" + self._live)
            else:
                self._write(text + "\n")

    def settle(self):
        with self._lock:
            if self._live:
                self._write("\n")
            self._live = ""

    def elapsed(self):
        return f"{time.monotonic() - self._started:5.1f} s"

    @staticmethod
    def _write(text):
        sys.stdout.write(text)
        sys.stdout.flush()


# ---- the two stages: a guest under QEMU, or a namespace in its place -----------------------------


class VmStage:
    steps = 7

    def __init__(self, screen, kernel, newer_qemu):
        screen.step(
            f"booting a guest with Debian's {kernel} kernel (emulated, so it takes some seconds), with one virtio-net device"
        )
        self.lab = Lab(kernel, extra={"/sbin/vfsteer": VFSTEER}, qemu=qemu(newer_qemu))
        self.standby = self.lab.netdev("sb")
        screen.say(
            f"      booted in {self.lab.vm.boot_s:.1f} s: Linux {self.lab.vm.check('uname -r').strip()}; {self.standby} is the virtio-net device"
        )
        self.command, self.bpffs = "vfsteer run", ""

    def status(self):
        return self.lab.vm.run("vfsteer status --json")

    plug_text = "plugging a VF of the same MAC into the guest (QMP device_add)"
    unplug_text = "unplugging the VF (QMP device_del): the guest is asked to let it go"
    replug_text = "plugging the VF back (QMP device_add)"

    def plug(self):
        return self.lab.plug_vf()

    def unplug(self):
        return f"gone after {self.lab.unplug_vf():.2f} s"

    def stop(self):
        self.lab.stop()


class Namespace:
    """What a guest is to the rig, played by a network namespace. Its /tmp is a directory of its
    own.
    """

    def __init__(self, netns, work):
        self._netns, self._work = netns, work
        self._environment = {
            **os.environ,
            "PATH": f"{program('flow').parent}:{VFSTEER.parent}:{os.environ['PATH']}",
        }

    def _path(self, text):
        return re.sub(r"/tmp/(?!vfsteer-demo-)", f"{self._work}/", text)

    def run(self, script, timeout=30):
        done = subprocess.run(
            self._netns.enter("sh", "-c", self._path(script)), text=True,
            timeout=timeout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=self._environment,
        )
        return done.returncode, done.stdout

    def check(self, script, timeout=30):
        status, output = self.run(script, timeout)
        if status:
            raise DemoError(f"status {status} from: {script}\n{output}")
        return output

    def pull(self, path):
        return Path(self._path(path)).read_bytes()

    def spawn(self, script):
        return Started(self, script)


class Started:
    """A script in a namespace's background."""

    count = 0

    def __init__(self, place, script):
        Started.count += 1
        self._log = place._work / f"started-{Started.count}.log"
        with open(self._log, "wb") as log:
            self._process = place._netns.popen(
                ["sh", "-c", place._path(script)], stdout=log, stderr=log, env=place._environment,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def output(self):
        return self._log.read_text(errors="replace")

    def running(self):
        return self._process.poll() is None

    def wait_output(self, text, timeout=10):
        deadline = time.monotonic() + timeout
        while text not in self.output():
            if time.monotonic() > deadline or not self.running():
                raise DemoError(f"not within {timeout} s: '{text}' in: {self.output()}")
            time.sleep(0.02)

    def stop(self):
        if self.running():
            self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)
        return self.output()


class NetnsStage:
    steps = 7
    plug_text = "adding a second veth with the same MAC as the VF's stand-in"
    unplug_text = "deleting the VF's stand-in"
    replug_text = "adding the VF's stand-in again"

    def __init__(self, screen, *_):
        screen.step(
            "making a guest's stand-in: a network namespace with one veth as virtio-net, a bridge outside and a peer beyond it"
        )
        self.lab = self
        self.pairs, self.standby = [Pair(0)], "eth0"
        self._work = Path(tempfile.mkdtemp(prefix="vfsteer-demo-"))
        self._bpffs = self._work / "bpffs"
        owned(self, self.stop)
        self._bpffs.mkdir()
        # A bpf file system of our own: the machine's may not be mounted, and is none of our
        # business.
        subprocess.run(["mount", "-t", "bpf", "bpf", self._bpffs], check=True)
        self.bpffs = f" --bpffs {self._bpffs}"
        self.command = f"vfsteer run --pair eth0=eth1{self.bpffs}"
        self._guest, self._switch, self.peer = Netns("guest"), Netns("switch"), Netns("peer")
        self.vm = Namespace(self._guest, self._work)
        pair = self.pairs[0]
        for netns in (self._guest, self._switch, self.peer):
            netns.run(
                "echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad; echo 20000 >/proc/sys/net/core/netdev_max_backlog 2>/dev/null || true"
            )
        self._switch.run(f"""
            echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
            ip link add br0 type bridge forward_delay 0 mcast_querier 1
            echo 0 >/proc/sys/net/ipv6/conf/br0/disable_ipv6
            ip link set br0 up
            ip link add out0 type veth peer name peer0 netns {self.peer.name}
            ip link set out0 master br0 up""")
        self.peer.run(
            f"ip address add {pair.peer_v4}/24 dev peer0; ip link set peer0 address 52:54:00:77:ff:01 up"
        )
        self._wire("eth0", "sb0")
        self._guest.run(
            f"ip address add {pair.guest_v4}/24 dev eth0; ip address add {pair.guest_v6}/64 dev eth0 nodad; ip link set eth0 up"
        )

    def _wire(self, inner, outer):
        self._guest.run(
            f"ip link add {inner} address {self.pairs[0].mac} type veth peer {outer} netns {self._switch.name}"
        )
        self._switch.run(f"ip link set {outer} master br0 up")

    def status(self):
        return self.vm.run(f"vfsteer status --json{self.bpffs}")

    def plug(self):
        self._wire("eth1", "vf0")
        return "eth1"

    def unplug(self):
        self._guest.run("ip link delete eth1")
        return "gone"

    def stop(self):
        for netns in (
            getattr(self, "_guest", None),
            getattr(self, "_switch", None),
            getattr(self, "peer", None),
        ):
            if netns:
                netns.remove()
        subprocess.run(["umount", self._bpffs], stderr=subprocess.DEVNULL)
        shutil.rmtree(self._work, ignore_errors=True)
        released(self)


# ---- the demonstration ---------------------------------------------------------------------------


class Watcher(threading.Thread):
    """Shows what status says, and the agent's switches as they happen."""

    def __init__(self, screen, stage, agent):
        super().__init__(daemon=True)
        self._screen, self._stage, self._agent = screen, stage, agent
        self._ending, self._told = threading.Event(), 0
        self.pair = None

    def run(self):
        plain_s = 0.0
        while not self._ending.is_set():
            try:
                self.look(sys.stdout.isatty() or time.monotonic() - plain_s >= 1)
            except Exception as error:
                if self._ending.is_set():
                    return
                self._screen.say(f"demo: status: {error}")
            if time.monotonic() - plain_s >= 1:
                plain_s = time.monotonic()
            self._ending.wait(REFRESH_S)

    def look(self, show=True):
        lines = self._agent.output().splitlines()
        for line in lines[self._told:]:
            self._screen.say(f"      {line}")
        self._told = len(lines)
        status, said = self._stage.status()
        pairs = json.loads(said)["pairs"] if not status else []
        if pairs and show:
            self.pair = pairs[0]
            self._screen.live(self._line(self.pair))

    def _line(self, pair):
        count = pair["counters"]
        paths = " | ".join(
            f"{name} out {count[f'tx_{path}_packets']} in {count[f'rx_{path}_packets']}"
            for path, name in (("primary", "VF"), ("standby", "virtio"))
        )
        active = (
            f"VF ({pair['primary_state']})"
            if pair["active"] == "primary"
            else f"virtio (VF {pair['primary_state']})"
        )
        return f"{self._screen.elapsed()}  on {active:18} | {paths}"

    def end(self):
        self._ending.set()
        self.join()
        self.look(False)


def wait_active(stage, path, agent, timeout=30):
    deadline = time.monotonic() + timeout
    while True:
        status, said = stage.status()
        if not status and any(pair["active"] == path for pair in json.loads(said)["pairs"]):
            return
        if not agent.running():
            raise DemoError(f"vfsteer run has ended: {agent.output()}")
        if time.monotonic() > deadline:
            raise DemoError(
                f"the {path} was not active within {timeout} s: {said}\n{agent.output()}"
            )
        time.sleep(0.1)


def scenario(screen, stage, agent):
    """What happens while traffic flows."""
    time.sleep(1.5)
    screen.step(stage.unplug_text)
    screen.say(f"      {stage.unplug()}")
    wait_active(stage, "standby", agent)
    time.sleep(2)
    screen.step(stage.replug_text)
    stage.plug()
    wait_active(stage, "primary", agent)
    time.sleep(2)


def verdict(screen, result, agent_log):
    """Prints the account; whether nothing was lost."""
    screen.say(f"      {'':15}{'sent':>9}{'lost':>7}{'duplicated':>12}{'longest gap':>13}")
    lost = doubled = 0
    for way, name in (("out", "guest to peer"), ("in", "peer to guest")):
        one = result[way]
        lost, doubled = lost + one["lost"], doubled + one["duplicates"]
        screen.say(
            f"      {name:15}{one['sent']:>9}{one['lost']:>7}{one['duplicates']:>12}{one['longest_gap_ms']:>10.1f} ms"
            f"   (the sender's own longest pause: {one['sender_pause_ms']:.1f} ms)"
        )
    if result["in"]["send_errors"] or result["out"]["send_errors"]:
        screen.say(
            f"      refused by the sender's own kernel: {result['out']['send_errors'] + result['in']['send_errors']}"
        )
    if not lost:
        screen.say(
            "verdict: nothing was lost" + (f", though {doubled} came twice" if doubled else "")
        )
        return True
    screen.say(f"verdict: {lost} packet{'s were' if lost > 1 else ' was'} lost")
    refused = re.search(r"(this kernel refuses tracing[^\n:]*)", agent_log)
    if refused:
        screen.say(
            f"      {refused[1]}, so the primary's end could not be known in advance, only noticed; where tracing is allowed it can"
        )
    return False


def demonstrate(mode, kernel, newer_qemu):
    screen = Screen()
    number = 0
    kind = {"vm": VmStage, "netns": NetnsStage}[mode]

    def step(text):
        nonlocal number
        number += 1
        screen.say(f"[{number}/{kind.steps}] {screen.elapsed()}  {text}")

    screen.step = step
    if not VFSTEER.exists():
        raise DemoError(f"{VFSTEER} is not there: run make")
    stage = kind(screen, kernel, newer_qemu)
    try:
        step(f"starting the agent in it, and nothing else: {stage.command}")
        agent = stage.lab.vm.spawn(f"exec {stage.command}")
        watcher = Watcher(screen, stage, agent)
        watcher.start()
        wait_active(stage, "standby", agent)
        step(stage.plug_text)
        stage.plug()
        wait_active(stage, "primary", agent)
        time.sleep(0.5)
        step(f"starting traffic: {RATE} numbered packets a second each way")
        result = measure(
            stage.lab, lambda: scenario(screen, stage, agent), rate=RATE, before_s=0.5, after_s=0.5
        )
        watcher.end()
        screen.settle()
        step("the account")
        return verdict(screen, result, agent.output())
    finally:
        screen.settle()
        stage.stop()


def main(args):
    if not args or args[0] not in ("vm", "netns"):
        print(
            "usage: demo.py vm KERNEL [--newer-qemu] | netns (tools/demo runs it)", file=sys.stderr
        )
        return 2
    try:
        return (
            0
            if demonstrate(args[0], args[1] if len(args) > 1 else None, "--newer-qemu" in args)
            else 1
        )
    except KeyboardInterrupt:
        print("\ndemo: interrupted; all that was made is taken away", file=sys.stderr)
        return 130
    except Exception as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
