# SPDX-License-Identifier: GPL-2.0-only
"""The stage of the vm tests: guests that boot seldom and run many cases each.

A test program names its guests in a table {name: arguments of Lab}, its cases with @case and the
guests each runs in, and ends with main(). It prints GUEST/CASE with --list (those of the level:
tools/rig/levels.py), with --later those that a later level takes and what covers them, and runs
those named on the command line (GUEST/CASE, CASE or GUEST; without any those of the level) as TAP
lines; --lane says to tests/run whether it measures. A case returns its figures, which its line
shows. Exit status 0 passed, 1 failed, 77 skipped (the last line is the reason).
"""

import contextlib
import fcntl
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
import protections  # noqa: E402
from tools.rig import kernels  # noqa: E402
from tools.rig.checks import check, check_equal, note  # noqa: E402
from tools.rig.lab import Lab  # noqa: E402
from tools.rig.levels import LEVEL, reached  # noqa: E402
from tools.rig.measure import measure  # noqa: E402
from tools.rig.places import BUILD, cache, lock  # noqa: E402
from tools.rig.programs import compiled, kept  # noqa: E402

VFSTEER = VFSTEER_BUILT = os.environ.get("VFSTEER", str(ROOT / "build" / "vfsteer"))
RATE = 2000
BEFORE_S, AFTER_S = 0.8, 1.4
# A sender that stood still for so long shows that the machine had no time for the guest, whatever
# became of its packets.
OVERLOADED_MS = 60

KERNELS = ("6.12", "6.1", "5.10", "sid")  # that guests boot, the first in every program

_cases = []  # (name, function, patterns of guests)


class Skip(Exception):
    pass


def case(*guests):
    """A case, in every guest whose name matches one of the patterns."""
    def add(function):
        _cases.append((function.__name__.replace("_", "-"), function, guests or ("*",)))
        return function
    return add


def figures(result):
    """"out 0/8001 in 0/8004": lost of sent, each way; and what was not as it should be."""
    parts = []
    for way in ("out", "in"):
        if way not in result:
            continue
        one = result[way]
        parts.append(
            f"{way} {one['lost']}/{one['sent']}"
            + (f" ({one['duplicates']} twice)" if one["duplicates"] else "")
            + (" (never came back)" if one["never_came_back"] else "")
        )
    return " ".join(parts)


def lossless(result):
    return all(
        result[way]["lost"] == result[way]["duplicates"] == 0
        for way in ("out", "in")
        if way in result
    )


def check_lossless(result, what):
    def told():
        ways = "; ".join(
            f"{way}: lost {result[way]['lost_ranges'][:8]}, "
            f"gap {result[way]['longest_gap_ms']:.0f} ms at "
            f"{result[way]['longest_gap_at_s']:.2f} s, "
            f"sender's pause {result[way]['sender_pause_ms']:.0f} ms, "
            f"errors {result[way]['send_errors']}"
            for way in ("out", "in") if way in result
        )
        event = f"event at {result['event_at_s']} s for {result['event_s']} s"
        return f"{what}: {figures(result)}; {ways}; {event}"

    check(lossless(result), told)
    return f"{what} {figures(result)}" if what else figures(result)


def program(name):
    """A C program of these tests, compiled when its source is newer; its path."""
    return compiled(Path(__file__).with_name(f"{name}.c"), BUILD / f"vm-{name}")


def firewall():
    """An XDP program that drops ICMP, compiled from firewall.bpf.c; its path."""
    source, target = Path(__file__).with_name("firewall.bpf.c"), BUILD / "vm-firewall.o"
    with lock("programs"):
        subprocess.run(
            [
                "clang",
                "-O2",
                "-target",
                "bpf",
                "-idirafter",
                f"/usr/include/{os.uname().machine}-linux-gnu",
                "-c",
                source,
                "-o",
                target,
            ],
            check=True,
        )
    return target


def _queue_up():
    """Says so when there is another before us."""
    with open(cache("locks") / "vm-tests", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("waiting: another program has guests running on this machine")


def _keep_vfsteer():
    global VFSTEER
    VFSTEER = str(kept(VFSTEER, f"vm-{Path(sys.argv[0]).stem}-vfsteer"))


class Guest:
    """One guest and the agent in it. It boots when it is first needed, and again after a case that
    failed.

    agent, vf: whether a case finds them there; prepare: called before a boot, returns more
    arguments of Lab.
    """

    def __init__(self, name, agent=True, vf=True, prepare=dict, **lab):
        self.name, self._agent_wanted, self._vf_wanted, self._prepare, self._options = (
            name,
            agent,
            vf,
            prepare,
            lab,
        )
        self._lab = self.agent = None
        self.boots = 0

    @property
    def lab(self):
        if not self._lab:
            options = {**self._options, **self._prepare()}
            extra = {
                "/sbin/vfsteer": VFSTEER,
                "frame": program("frame"),
                **options.pop("extra", {}),
            }
            self._lab = Lab(**options, extra=extra)
            self.boots += 1
            note(
                f"{self.name}: booted in {self._lab.vm.boot_s:.1f} s, Linux {self.check('uname -r').strip()}"
            )
        return self._lab

    def run(self, script, **kwargs):
        return self.lab.vm.run(script, **kwargs)

    def check(self, script, **kwargs):
        return self.lab.vm.check(script, **kwargs)

    # vfsteer

    def start_agent(self, *arguments):
        """`vfsteer run`, and waits until it steers every pair."""
        self.agent = self.lab.vm.spawn(f"exec vfsteer run {' '.join(arguments)}")
        self.lab.vm.wait_for(
            f"! kill -0 {self.agent.pid} 2>/dev/null || [ $(grep -c ': steering ' {self.agent.log}) = {len(self.lab.pairs)} ]",
            40,
        )
        check(self.agent.running(), lambda: f"the agent ended: {self.agent.output()}")

    def reboot(self, hard=False):
        """As Lab's. There is no agent afterwards."""
        self.lab.reboot(hard)
        self.agent = None

    def pair(self, index=0):
        """What status shows of a pair, or None."""
        standby = self.lab.netdev("sb", index)
        pairs = json.loads(self.check("vfsteer status --json"))["pairs"]
        return next((pair for pair in pairs if pair["standby"] == standby), None)

    def wait_active(self, path, index=0, timeout=20):
        """Until @path is active, with its announcements over; the pair."""
        self.lab.vm.wait_for(
            f"vfsteer status {self.lab.netdev('sb', index)} | grep -q 'active: {path} '", timeout
        )
        time.sleep(0.4)
        return self.pair(index)

    def log(self):
        return self.agent.output() if self.agent else ""

    def driver(self, index=0):
        """(the VF's PCI address, its driver's directory)."""
        address = self.check(
            f"basename $(readlink -f /sys/class/net/{self.lab.netdev('vf', index)}/device)"
        ).strip()
        return address, f"/sys/bus/pci/drivers/{self.lab.vf_model}"

    def rest(self):
        """All as a case expects it: the agent runs, every pair is on its primary."""
        if self._agent_wanted and (not self.agent or not self.agent.running()):
            self.start_agent()
        for pair in self.lab.pairs if self._vf_wanted else ():
            if not self.lab.netdev("vf", pair.index):
                self.lab.plug_vf(pair.index)
        for pair in self.lab.pairs if self._vf_wanted and self._agent_wanted else ():
            self.wait_active("primary", pair.index)

    # Measuring

    def measure(self, event=None, **how):
        return measure(
            self.lab, event, **{"rate": RATE, "before_s": BEFORE_S, "after_s": AFTER_S, **how}
        )

    def survive(self, event, again=None, what="", noted=None, overloaded_ms=OVERLOADED_MS, **how):
        """Measures an event that must cost nothing, either way; its figures. @noted: its name in
        the table of docs/reference/kernels.md. When it did cost, and the senders stood still as on
        an overloaded machine, again() undoes the event and it has one more try.
        """
        result = self.measure(event, **how)
        pauses = [result[way]["sender_pause_ms"] for way in ("out", "in") if way in result]
        if not lossless(result) and again and max(pauses) > overloaded_ms:
            note(
                f"{figures(result)} while the senders paused for {', '.join(f'{pause:.0f}' for pause in pauses)} ms, load "
                f"{os.getloadavg()[0]:.1f}: the machine is overloaded, once more; {(self.log().splitlines() or ['no agent'])[-1]}"
            )
            again()
            result = self.measure(event, **how)
        if noted:
            protections.note_event(self.name, noted, result)
        return check_lossless(result, what)

    def stop(self):
        if self._lab:
            self._lab.stop()
        self._lab = self.agent = None


def _evidence(guest):
    try:
        print(
            f"--- agent's log\n{guest.log()}--- guest\n"
            + guest.run("vfsteer status; ip -br link; dmesg | tail -n 15")[1],
            flush=True,
        )
    except Exception as error:
        print(f"--- no evidence from the guest: {error}", flush=True)


def _run_case(guest, function):
    """(status, text for its line)."""
    try:
        guest.rest()
        return 0, function(guest) or ""
    except Skip as reason:
        return 77, str(reason)
    except Exception as error:
        if not isinstance(error, AssertionError):
            traceback.print_exc(file=sys.stdout)
        _evidence(guest)
        guest.stop()
        return 1, str(error)


def _no_trouble(guest):
    """The guest's own kernel has nothing to complain of."""
    trouble = guest.lab.vm.trouble() if guest._lab else []
    check(not trouble, lambda: "\n".join(trouble[:20]))


def _later(later, one):
    """(level, what covers it in normal) of GUEST/CASE; None: it is a normal one."""
    return next(
        ((level, cover) for level, pattern, cover in later if fnmatch.fnmatch(one, pattern)), None
    )


def _chosen(guests, wanted, later=()):
    """Without @wanted those of the level."""
    plan = []
    for guest in guests:
        for name, function, patterns in [*_cases, ("no-kernel-trouble", _no_trouble, ("*",))]:
            one = f"{guest}/{name}"
            of_level = reached((_later(later, one) or ("normal",))[0])
            if any(fnmatch.fnmatch(guest, pattern) for pattern in patterns) and (
                not wanted
                and (of_level or function is _no_trouble)
                or {guest, name, one} & set(wanted)
                or function is _no_trouble
            ):
                plan.append((guest, one, function))
    busy = {guest for guest, _, function in plan if function is not _no_trouble}
    return [step for step in plan if step[0] in busy]


def _unable(guests):
    """Why nothing can be run here, or None."""
    if os.geteuid():
        return "root is needed for network namespaces and taps"
    missing = [
        tool
        for tool in ("qemu-system-x86_64", "ip", "bridge", "gcc", "busybox")
        if not shutil.which(tool)
    ]
    if missing:
        return f"{', '.join(missing)} not installed: run tools/rig/packages.sh vm"
    if not Path(VFSTEER).exists():
        return f"{VFSTEER} is not built: run make"
    for kernel in sorted({options["kernel"] for options in guests.values()}):
        try:
            kernels.kernel(kernel)
        except Exception as error:
            return f"kernel {kernel} cannot be had: {error}"
    return None


def main(guests, measures=True, later=(), kind=Guest):
    """@kind: what is made of a row of @guests. @measures: does any case count packets? Then it has
    no other such program beside it on this machine. @later: (level, pattern of GUEST/CASE, what
    covers it in normal): the first that matches says which level takes a case.
    """
    if sys.argv[1:] == ["--lane"]:
        print("measured" if measures else "waiting")
        return
    if sys.argv[1:] == ["--list"]:
        print(
            "".join(
                f"{one}\n"
                for _, one, function in _chosen(guests, [], later)
                if function is not _no_trouble
            ),
            end="",
        )
        return
    if sys.argv[1:] == ["--later"]:
        every = [
            one for _, one, function in _chosen(guests, list(guests)) if function is not _no_trouble
        ]
        print(
            "".join(
                f"{one}\t{moved[0]}\t{moved[1]}\n" for one in every if (moved := _later(later, one))
            ),
            end="",
        )
        return
    plan = _chosen(guests, sys.argv[1:], later)
    if not plan and not sys.argv[1:]:
        print(f"no case at level {LEVEL}")
        sys.exit(77)
    if not plan:
        sys.exit(
            f"{sys.argv[0]}: {' '.join(sys.argv[1:])}: no such guest or case: --list names those there are"
        )
    reason = _unable({name: guests[name] for name, _, _ in plan})
    if reason:
        print(reason)
        sys.exit(77)
    print(f"1..{len(plan)}", flush=True)
    statuses, guest, started = [], None, time.monotonic()
    try:
        # One such guest at a time on a machine, for all runs of tests: two would take each other's
        # time, and that costs packets.
        if measures:
            _queue_up()
        with lock("vm-tests") if measures else contextlib.nullcontext():
            started = time.monotonic()
            _keep_vfsteer()
            for number, (guest_name, one, function) in enumerate(plan, 1):
                if not guest or guest.name != guest_name:
                    if guest:
                        guest.stop()
                    guest = kind(guest_name, **guests[guest_name])
                since = time.monotonic()
                status, text = _run_case(guest, function)
                first, _, rest = text.partition("\n")
                print(
                    f"{'not ok' if status == 1 else 'ok'} {number} - {one}"
                    + (f" # SKIP {first}" if status == 77 else f": {first}" if first else "")
                    + f" ({time.monotonic() - since:.1f} s)" * (status != 77)
                    + (f"\n{rest}" if rest else ""),
                    flush=True,
                )
                statuses.append(status)
    finally:
        if guest:
            guest.stop()
    note(
        f"{statuses.count(0)} passed, {statuses.count(1)} failed, {statuses.count(77)} skipped in {time.monotonic() - started:.0f} s"
    )
    if statuses and set(statuses) == {77}:
        print(text)
        sys.exit(77)
    sys.exit(1 in statuses)
