# SPDX-License-Identifier: GPL-2.0-only
"""What a live migration costs a guest: between two QEMU processes, its VF taken out before and
given back after, under three loads.

The loads and their far end are migrate_client.py's, the guest's end is guest/responder.c's, the
hypervisor host migrate_host.py's.
"""

import json
import os
import subprocess
import sys
import time

from tools.benchmark.contenders import HERE, chosen
from tools.benchmark.effort import effort, is_least
from tools.benchmark.migrate_account import BUCKET_MS, account, step_of, tcp_counters
from tools.benchmark.migrate_client import INTERVAL_NS
from tools.benchmark.migrate_guest import (
    VF_TIMEOUT_S, InnerLab, MigrationDied, Process, migrate, migrate_with_vf,
)
from tools.benchmark.migrate_handover import (
    PLAIN, HostPart, chosen_handovers, handover_of, host_program,
)
from tools.benchmark.migrate_host import KERNEL, PLAIN_QUEUES, Host
from tools.benchmark.migrate_witness import Witnesses, ahead_ns
from tools.benchmark.progress import Progress
from tools.rig import kernels
from tools.rig.initramfs import initramfs
from tools.rig.nics import Pair
from tools.rig.places import BUILD
from tools.rig.programs import compiled
from tools.rig.qemu import qemu, qemu_said

SECTION = "migrate"
INTERVAL_MS = INTERVAL_NS / 1_000_000
CONTENDERS = "vfsteer,virtio-only,vfsteer-net_failover,net_failover,bonding,teamd"
PORT = 7070
BEFORE_S, APART_S, AFTER_S = 3.0, 1.5, 5.0
LEAST_S = 1.0  # each of these with --smoke
DUPLICATES_TOLD = 100  # each with its place, beside the figure
STEP_S = 100  # a first guess; the progress learns
EVIDENCE = "cat /tmp/spawn-*.log 2>/dev/null; dmesg | tail -n 40; ip -s link; grep -E '^(Ip|Udp|Tcp):' /proc/net/snmp"
TCP_TEXT = "cat /proc/net/snmp /proc/net/netstat"
HOST_EVIDENCE = "cat /tmp/spawn-*.log 2>/dev/null; dmesg | tail -n 40; ip -s link; vfsteer-host status 2>/dev/null"


class MigrateError(Exception):
    pass


def describe():
    return (
        "a live migration between two QEMU, VF out and in: answers lost, holes, TCP, time on the VF"
    )


def responder():
    """The guest's program, built when its source is newer."""
    return compiled(HERE / "guest" / "responder.c", BUILD / "bench-responder", "-pthread")


def witness():
    """The program that watches the wires."""
    return compiled(HERE / "guest" / "witness.c", BUILD / "bench-witness")


class Client:
    """migrate_client.py in the peer's namespace."""

    def __init__(self, host, guest, report):
        self._report = report
        self._process = host.peer.popen(
            [sys.executable, "-B", HERE / "migrate_client.py", guest, PORT, report],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        if self._process.stdout.readline().strip() != "ready":
            raise MigrateError(f"the traffic did not start: {self._process.stderr.read()}")

    def finish(self):
        self._process.terminate()
        _, error = self._process.communicate(timeout=90)
        if self._process.returncode:
            raise MigrateError(f"the far end failed: {error}")
        return json.loads(self._report.read_text())

    def stop(self):
        self._process.kill()
        self._process.communicate()


class Scenario:
    """One contender through one migration. `marks`: {step: CLOCK_MONOTONIC in ns}."""

    def __init__(self, contender, image, handover, say):
        self.contender, self.image, self.handover, self.say = contender, image, handover, say
        self.shared = handover.shares
        self.failover = bool(contender.lab.get("failover"))
        self.vf, self.marks = contender.name != "virtio-only", {}

    def _mark(self, step, at_s=None):
        self.marks[step] = int(at_s * 1e9) if at_s else time.monotonic_ns()
        self.say(step)

    def run(self):
        """(figures, what QEMU says of the migration, what the machines have to say for themselves).
        """
        pair = Pair(0)
        self.say("booting the host")
        programs = {"witness": witness()}
        if self.handover.host_part:
            programs["/sbin/vfsteer-host"] = host_program()
        with Host(self.image, pair.mac, pair.peer_v4, programs) as host:
            self.say(f"host up after {host.vm.boot_s:.0f} s; booting the guest")
            source = Process(host, host.sides["a"], self.failover)
            source.agent()
            lab = InnerLab(source)
            part = HostPart(host) if self.handover.host_part else None
            self._guest_prepare(host, lab)
            target = Process(host, host.sides["b"], self.failover, incoming=True)
            target.agent(wait=False)
            witnesses = Witnesses(host, PORT, witness(), host.vm.work)
            client = Client(host, pair.guest_v4, host.vm.work / "traffic")
            tcp_before = source.run(TCP_TEXT)[1]
            try:
                moves = self._migrate_by_qemu if self.failover else self._migrate
                said = moves(host, source, target)
                noted = client.finish()
                sights = witnesses.finish()
            finally:
                client.stop()
                witnesses.stop()
            figures = account(
                noted, self.marks, tcp_counters(tcp_before, target.run(TCP_TEXT)[1]), sights
            )
            if part:
                figures["host"] = self._host_noted(part.finish(ahead_ns(host.vm)))
            evidence = "\n".join(
                [
                    "guest",
                    target.run(EVIDENCE)[1],
                    "host",
                    host.vm.run(HOST_EVIDENCE)[1],
                    "outside",
                    host.switch.run("ip -s link; bridge fdb show br br0"),
                    host.peer.run("ip -s link show peer0; grep -E '^(Ip|Udp|Tcp):' /proc/net/snmp"),
                ]
            )
            source.close()
            target.close()
        return figures, said, evidence

    def _guest_prepare(self, host, lab):
        vm = lab.vm
        vm.check(PLAIN_QUEUES)
        if self.contender.lab.get("configure", True):
            lab.configure()
        self.contender.start(lab)
        vm.spawn(f"exec responder {PORT}").wait_output("listening")
        vm.wait_for(f"ping -c1 -W1 {lab.pairs[0].peer_v4}", 20)
        if self.vf:
            self.say("guest ready; plugging the VF")
            host.mac_give(vm.side)
            vm.plug()
            name = lab.wait_vf(timeout=VF_TIMEOUT_S)
            self.contender.vf_back(lab)
            vm.wait_for(f"grep -q 1 /sys/class/net/{name}/carrier", 20)
            # The pair's own traffic on it, in both directions, or the measurement would be of
            # something else.
            sent = f"cat /sys/class/net/{name}/statistics/tx_packets"
            vm.wait_for(
                f"a=$({sent}); ping -c5 -i0.1 -W1 {lab.pairs[0].peer_v4} && [ $({sent}) -ge $((a + 5)) ]",
                30,
            )

    def _host_noted(self, noted):
        """Of vfsteer-host; each entry after the latest step before it."""
        changes = []
        for at, pf, is_added in noted["entries"]:
            step = step_of(at, self.marks)
            after_ms = round((at - self.marks.get(step, at)) / 1e6, 1)
            changes.append([pf, "added" if is_added else "removed", step, after_ms])
        return {"counters": noted["counters"], "entries": changes}

    @staticmethod
    def _vf_wait(target):
        """Until the VF carries the traffic, as the guest's own agent would report to a host. What
        does not come back shows in the account.
        """
        vf = InnerLab(target).netdevs("vf")
        target.run(
            f"for try in $(seq 60); do sent=$(cat {vf}/*/statistics/tx_packets 2>/dev/null); "
            f"[ ${{sent:-0}} -gt 50 ] && exit; sleep 0.1; done",
            60,
        )

    def _migrate(self, host, source, target):
        a, b = source.side, target.side
        time.sleep(effort(BEFORE_S, LEAST_S))
        left, early = False, self.handover.mac_early
        if self.vf:
            if early:
                host.mac_give(b)
                self._mark("mac given")
            if self.shared:
                # From the first copy on the guest has to know that there may be two: of one that is
                # on its way down both wires, as the host begins to share, a guest that is at rest
                # on its VF would deliver both.
                self._mark("leave")
                left = self.contender.vf_leave(InnerLab(source))
                host.mac_share(a)
            self._mark("unplug")
            self.marks["unplugged"] = int(source.unplug() * 1e9)
            if not early:
                self._mac_take(host, a)
            time.sleep(effort(APART_S, LEAST_S))
        self._mark("migrate")
        if not self.vf:
            self.marks["unplug"] = self.marks["migrate"]
        said = migrate(source, target)
        self.marks["stop"], self.marks["resume"] = int(said["stop_s"] * 1e9), int(
            said["resume_s"] * 1e9
        )
        time.sleep(effort(APART_S, LEAST_S))
        if self.vf:
            if early:
                self._mac_take(host, a)
            if self.shared:
                host.mac_share(b)
            # Only then: the device's coming alone takes QEMU a while, and all that time the VF
            # would swallow what is the guest's.
            self._mark("plug")
            target.plug()
            self._mark("plugged")
            if not early:
                host.mac_give(b)
                self._mark("mac given")
            if left:
                self.contender.vf_use(InnerLab(target))
            self._vf_used(host, target)
        time.sleep(effort(AFTER_S, LEAST_S))
        self._mark("end")
        return said

    def _mac_take(self, host, side):
        host.mac_take(side)
        self._mark("mac taken")

    def _vf_used(self, host, target):
        self._vf_wait(target)
        self._mark("vf in use")
        if self.shared:
            host.mac_unshare(target.side)
            self._mark("unshared")

    def _migrate_by_qemu(self, host, source, target):
        """A pair of failover=on: QEMU does all about the VF, and the host, by its events, what it
        does about the MAC.
        """
        a, b, early = source.side, target.side, self.handover.mac_early

        def leaving(at_s):
            self._mark("unplug", at_s)
            if self.shared:
                host.mac_share(a)
                self._mark("shared")

        def left(at_s):
            self._mark("unplugged", at_s)
            if not early:
                self._mac_take(host, a)

        def coming(at_s):
            # The VF's driver reads its MAC when it finds the device. Where it is another than the
            # standby's, the kernel makes no primary of it.
            self._mark("plug", at_s)
            if self.shared:
                host.mac_share(b)
            if not early:
                host.mac_give(b)
                self._mark("mac given")

        time.sleep(effort(BEFORE_S, LEAST_S))
        if early:
            host.mac_give(b)
            self._mark("mac given")
        self._mark("migrate")
        said = migrate_with_vf(source, target, leaving=leaving, left=left, coming=coming)
        self.marks["stop"] = int(said["stop_s"] * 1e9)
        self.marks["resume"] = int(said["resume_s"] * 1e9)
        if early:
            self._mac_take(host, a)
        self._vf_used(host, target)
        time.sleep(effort(AFTER_S, LEAST_S))
        self._mark("end")
        return said


def record(results, contender, run, prefix, figures, said, more):
    """Adds the figures of one migration; a text for its line."""
    context = {
        "run": run,
        "release": kernels.release(kernels.kernel(KERNEL)),
        "bucket_ms": BUCKET_MS,
        "qemu": qemu_said(qemu(newer=True)),
        "holes": figures["holes"],
        "marks_ms": figures["series_marks_ms"],
        "load": round(os.getloadavg()[0], 2),
        **more,
    }

    def add(metric, value, unit, **noted):
        results.add(
            SECTION, contender.name, prefix + metric, KERNEL, value, unit, {**context, **noted}
        )

    add(
        "answers/lost", figures["lost"], "answers", asked=figures["asked"],
        lost_before=figures["lost_before"],
    )
    add(
        "answers/duplicates", figures["duplicates"]["answers"], "answers",
        steps=figures["duplicates"]["steps"],
    )
    add(
        "requests/duplicates", figures["duplicates"]["requests"], "requests",
        when=figures["duplicates"]["when"][:DUPLICATES_TOLD],
    )
    add("answers/lost-outside-downtime", figures["lost_outside"], "answers")
    add(
        "answers/lost-by-rig", figures["lost_by_rig"], "answers",
        witnesses_dropped=figures["witnesses_dropped"],
    )
    # QEMU's downtimes differ by more than contenders do: what is left of it is theirs, and the time
    # until the network has noticed.
    add(
        "answers/lost-beyond-reported-downtime",
        max(0, figures["lost"] - round(said["reported_ms"] / INTERVAL_MS)), "answers",
    )
    add("holes/count", len(figures["holes"]), "holes")
    add("holes/longest", figures["longest_hole_ms"], "ms", longest_silence_ms=figures["silence_ms"])
    add("downtime/events", said["downtime_ms"], "ms")
    add(
        "downtime/reported", said["reported_ms"], "ms", total_ms=said["total_ms"],
        rounds=said["rounds"],
    )
    stall, counters = figures["tcp_stall"], figures["tcp_counters"]
    add("tcp/stall", stall["ms"], "ms", bytes=figures["tcp_bytes"], stall=stall, counters=counters)
    add(
        "tcp/retransmitted", sum(one.get("RetransSegs", 0) for one in counters.values()), "segments"
    )
    add(
        "tcp/received-twice", sum(one.get("TCPDSACKOldSent", 0) for one in counters.values()),
        "segments",
    )
    add(
        "tcp/damaged", int(not figures["tcp_intact"]), "streams", broken=figures["tcp_broken"],
        corrupt_at=figures["tcp_corrupt_at"],
    )
    add(
        "tcp/broken", figures["idle_broken"], "connections", of=figures["idle"],
        errors=figures["idle_errors"],
    )
    if contender.name != "virtio-only":
        add("vf/return-out", figures["vf_tx_ms"], "ms")
        add("vf/return-in", figures["vf_rx_ms"], "ms")
        add("vf/before", figures["vf_before_s"], "s")
        add("vf/after", figures["vf_after_s"], "s")
    if "host" in figures:
        counters = figures["host"]["counters"]
        add(
            "signal-to-entry/longest", counters["latency_max_us"] / 1000, "ms", counters=counters,
            entries=figures["host"]["entries"],
        )
    add("arrivals", figures["series"], "answers per 10 ms")
    vf = (
        f", back on the VF after {figures['vf_tx_ms']} ms"
        if contender.name != "virtio-only"
        else ""
    )
    holes = "; ".join(
        f"{hole['lost']} in {hole['ms']:.0f} ms after {hole['step']}: "
        + ", ".join(f"{where} {count}" for where, count in hole["where"].items())
        for hole in figures["holes"]
    )
    return (
        f"{figures['lost']} of {figures['asked']} answers lost ({figures['lost_outside']} outside the downtime, {figures['lost_by_rig']} of "
        "these by the rig), "
        f"{len(figures['holes'])} holes ({holes}), downtime {said['downtime_ms']:.0f} ms "
        f"(reported {said['reported_ms']}), twice: {figures['duplicates']['requests']} questions, {figures['duplicates']['answers']} answers; "
        f"TCP stall {stall['ms']:.0f} ms from {stall['step']} + {stall['after_step_ms']:.0f} ms, {figures['idle_broken']} connections broken{vf}"
    )


def _keep(results, name, figures, said, evidence):
    """Beside the results, for the question why: what no table has room for."""
    folder = results.path.parent / "migrate"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.log").write_text(
        f"{json.dumps(figures, indent=1)}\n{json.dumps(said, indent=1)}\n{evidence}\n"
    )


def plan(contenders, runs, handovers):
    """[(run, handover, contender)] in their order; with --smoke one handover each, in turn, the
    last one first.
    """
    steps = [
        (number, handover, contender)
        for number in range(1, runs + 1)
        for handover in handovers
        for contender in contenders
        if handover is PLAIN or contender.name != "virtio-only"
    ]
    if not is_least():
        return steps
    least = {
        contender.name: PLAIN
        if contender.name == "virtio-only"
        else handovers[(place - 1) % len(handovers)]
        for place, contender in enumerate(contenders)
    }
    return [step for step in steps if least[step[2].name] is step[1]]


def run(options, results):
    contenders = [one for one in chosen(options.contenders or CONTENDERS) if one.name != "bare-vf"]
    extra = {"responder": responder(), "witness": witness()}
    for contender in contenders:
        extra |= contender.extra()
    image = initramfs(kernels.kernel(KERNEL), extra)
    handovers = chosen_handovers(options.handovers)
    steps = plan(contenders, options.runs, handovers)
    if not options.resume:
        results.discard(
            lambda figure: figure.section == SECTION
            and figure.contender in {one.name for one in contenders}
            and handover_of(figure.metric) in handovers
        )
    progress, failed = Progress(len(steps), STEP_S), 0
    progress.say(
        f"migrate: {len(steps)} migrations: the guest and its hypervisor host have kernel {KERNEL}, QEMU 10 or later for both"
    )
    for number, handover, contender in steps:
        prefix = handover.prefix
        figure = results.figure(SECTION, contender.name, f"{prefix}answers/lost", KERNEL)
        name = f"{contender.label}, {handover.words}, run {number}"
        if options.resume and figure and any(one["run"] == number for one in figure.measured):
            progress.step(f"{name}: there already")
            continue
        text = None
        for again in range(2):
            scenario = Scenario(
                contender, image, handover, lambda step: print(f"    {step}", flush=True)
            )
            try:
                figures, said, evidence = scenario.run()
                _keep(
                    results, f"{prefix}{contender.name}-{number}",
                    {key: value for key, value in figures.items() if key != "series"}, said,
                    evidence,
                )
                text = record(
                    results, contender, number, prefix, figures, said,
                    {"repeated": again} if again else {},
                )
                break
            except Exception as error:  # the next contender must have its turn
                # Of many runs some fail at the start, of the guest or of the migration, in the
                # emulated hypervisor, whichever contender is in the guest. A measurement that was
                # under way is not made again: its failure is a result.
                early = isinstance(error, MigrationDied) or not scenario.marks
                progress.say(
                    f"{name}: {type(error).__name__}: {error}"
                    + ("\nonce more" if early and not again else "")
                )
                if not early:
                    break
        failed += text is None
        results.save()
        progress.step(f"{name}: {text or 'failed'}")
    return failed
