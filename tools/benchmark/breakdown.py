# SPDX-License-Identifier: GPL-2.0-only
"""Where a packet's instructions go, by function of the guest's kernel: every instruction is logged
by QEMU while packets pass.

QEMU translates one instruction at a time and writes the address of each (`log exec`); the guest
runs nothing of ours for that, so what is counted is what runs without it. The guests are those of
`cost`, under -icount. A figure is the median over groups of packets that passed one behind the
other: what happens now and then, a timer or a page given back, stays out of it.
"""

import bisect
import contextlib
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path

from tools.benchmark import instructions
from tools.benchmark.contenders import chosen
from tools.benchmark.cost import VfsteerDirect
from tools.benchmark.effort import effort
from tools.rig.places import BUILD
from tools.rig.programs import program
from tools.rig.qemu import qemu_version

# The function that each packet enters once.
SENT, RECEIVED = "e1000_xmit_frame", "udp_unicast_rcv_skb"
# Of what arrives, only the receive softirq is counted: from the entry of the first until one of the
# others goes on.
SOFTIRQ = ("net_rx_action", {"handle_softirqs", "__do_softirq"})
SENT_GROUP = 10  # packets; of what arrives one by one each, of what arrives in bursts a burst
SENT_LOG_BYTES, SENT_LOG_LEAST_BYTES = 64 << 20, 24 << 20  # some 130 packets, and 48
SINGLE_PACKETS, SINGLE_LEAST = 20, 4
BURSTS, BURSTS_LEAST, BURST = 4, 3, 100  # packets in each
ENDLESS = "5000 5000"  # batches and packets in each: the program is ended before
QUIET_BYTES = 64 << 10  # what a guest at rest logs in QUIET_S is less
QUIET_S = 0.2
SHOWN = 5  # instructions: smaller differences to the VF alone are left out of the table
KERNEL_SPACE = 1 << 63
CONTENDERS = "bare-vf,vfsteer,vfsteer-net_failover,net_failover"
FUNCTION_TYPES = "tTwW"


def describe():
    return "the same path by function of the guest's kernel, from a log of every instruction"


class Symbols:
    """Names of the guest's functions, modules and BPF programs among them."""

    def __init__(self, kallsyms):
        rows = sorted(
            (int(words[0], 16), words[2])
            for words in map(str.split, kallsyms.splitlines())
            if words[1] in FUNCTION_TYPES
        )
        self._starts, self._names = [row[0] for row in rows], [row[1] for row in rows]
        self._known = {}

    def at(self, address):
        """(function's name, is it its entry)"""
        if address not in self._known:
            if address < KERNEL_SPACE:
                self._known[address] = "(user space)", False
            else:
                index = bisect.bisect_right(self._starts, address) - 1
                # A program's tag changes with each build, and says nothing here.
                name = self._names[index]
                if name.startswith("bpf_prog_"):
                    name = "bpf: " + name.split("_", 3)[-1]
                self._known[address] = name, self._starts[index] == address
        return self._known[address]


def groups(log, symbols, entered, size, within=None):
    """Counters of instructions by function, one for each `size` packets; a packet begins where the
    function `entered` is entered.

    within: (function, names of those that call it): what is executed elsewhere is not counted.
    """
    ret, packets, inside = [], 0, within is None
    with open(log) as lines:
        for line in lines:
            if not line.startswith("Trace"):
                continue
            # Trace CPU: HOST [CS_BASE/PC/FLAGS/CFLAGS] SYMBOL
            name, entry = symbols.at(int(line.split("/", 2)[1], 16))
            if entry and name == entered:
                if packets % size == 0:
                    ret.append(Counter())
                packets += 1
            if within:
                inside = (inside or (entry and name == within[0])) and name not in within[1]
            if ret and inside:
                ret[-1][name] += 1
    # The last one may not be complete.
    return ret[:-1]


def per_packet(grouped, size):
    """{function: instructions per packet}, medians; and the median of the sums."""
    names = {name for group in grouped for name in group}
    return ({name: statistics.median(group[name] for group in grouped) / size for name in names},
            statistics.median(sum(group.values()) for group in grouped) / size)


@contextlib.contextmanager
def _logged(lab, path, qemu):
    def monitor(line):
        said = lab.vm.qmp("human-monitor-command", **{"command-line": line})
        if said:
            raise RuntimeError(f"QEMU's monitor: {line}: {said.strip()}")

    one_by_one = "one-insn-per-tb" if qemu_version(qemu) >= (8, 1) else "singlestep"
    lab.vm.qmp("stop")
    for line in (f"logfile {path}", f"{one_by_one} on", "log exec,nochain"):
        monitor(line)
    lab.vm.qmp("cont")
    yield
    lab.vm.qmp("stop")
    for line in ("log none", f"{one_by_one} off", "logfile /dev/null"):
        monitor(line)
    lab.vm.qmp("cont")


def _sent(lab, log, qemu):
    """Packets sent one behind the other."""
    with instructions.sink(lab):
        sender = lab.vm.spawn(
            f"exec packets tx {lab.pairs[0].peer_v4} {instructions.PORT} {len(instructions.PAYLOAD)} 0 {ENDLESS}"
        )
        time.sleep(2)
        with _logged(lab, log, qemu):
            deadline = time.monotonic() + 60
            while (
                log.stat().st_size < effort(SENT_LOG_BYTES, SENT_LOG_LEAST_BYTES)
                and time.monotonic() < deadline
            ):
                time.sleep(0.2)
        sender.stop("KILL")


def _arrive(lab, log, count):
    """So many packets at once, then waits until the guest has done what it has to do about them."""
    # It stands still meanwhile, so that it finds them all; its clock then has a gap, which a single
    # packet would pay for.
    if count > 1:
        lab.vm.qmp("stop")
    lab.peer.run(
        f"{program('flow')} send --to {lab.pairs[0].guest_v4} --port {instructions.PORT} --rate 100000 --burst {count} --count {count} >/dev/null"
    )
    size = log.stat().st_size
    if count > 1:
        lab.vm.qmp("cont")
    while True:
        time.sleep(QUIET_S)
        before, size = size, log.stat().st_size
        if size - before < QUIET_BYTES:
            return


@contextlib.contextmanager
def _receiving(lab, log, qemu):
    receiver = lab.vm.spawn(f"exec packets rx {instructions.PORT} {ENDLESS}")
    receiver.wait_output("receiving", 30)
    with _logged(lab, log, qemu):
        yield
    receiver.stop("KILL")


def _received(lab, log, qemu):
    """Packets that come one at a time: an interrupt finds one."""
    with _receiving(lab, log, qemu):
        for _ in range(effort(SINGLE_PACKETS, SINGLE_LEAST)):
            _arrive(lab, log, 1)


def _received_bursts(lab, log, qemu):
    """Packets that are all there when the guest begins to look at them."""
    with _receiving(lab, log, qemu):
        for _ in range(effort(BURSTS, BURSTS_LEAST)):
            _arrive(lab, log, BURST)


# How packets pass, the function in which each is seen, how many make a group, what is counted.
DIRECTIONS = {"tx": (_sent, SENT, SENT_GROUP, None), "rx": (_received, RECEIVED, 1, SOFTIRQ),
              "rx-burst": (_received_bursts, RECEIVED, BURST, SOFTIRQ)}


def _measured(contender, kernel, qemu):
    """{direction: (by function, sum)} of one guest."""
    ret = {}
    with instructions.guest(contender, kernel, qemu) as lab, tempfile.TemporaryDirectory(
        prefix="vfsteer-breakdown-", dir=BUILD
    ) as work:
        for direction, (pass_packets, entered, size, within) in DIRECTIONS.items():
            log = Path(work) / direction
            pass_packets(lab, log, qemu)
            grouped = groups(
                log, Symbols(lab.vm.check("cat /proc/kallsyms", 240)), entered, size, within
            )
            log.unlink()
            if len(grouped) < 2:
                raise RuntimeError(
                    f"{direction}: {entered} was entered too seldom: is the traffic on the VF?"
                )
            ret[direction] = per_packet(grouped, size)
    return ret


def table(direction, kernel, measured):
    """Markdown: a row per function that costs some contender more or less than the first, the VF
    alone.
    """
    names = list(measured)
    base = measured[names[0]][0]
    all_functions = {name for functions, _ in measured.values() for name in functions}
    rows = []
    for function in all_functions:
        values = [measured[name][0].get(function, 0) for name in names]
        widest = max(abs(value - base.get(function, 0)) for value in values)
        if widest >= SHOWN:
            rows.append((widest, function, values))
    lines = [
        f"### {direction}, {kernel}: instructions per packet",
        "",
        f"| function | {' | '.join(names)} |",
        "|---|" + "---:|" * len(names),
        "| all | " + " | ".join(f"{measured[name][1]:.0f}" for name in names) + " |",
    ]
    lines += [
        f"| {function} | " + " | ".join(f"{value:.0f}" for value in values) + " |"
        for _, function, values in sorted(rows, reverse=True)
    ]
    return "\n".join(lines) + "\n"


def run(options, results):
    contenders = list(chosen(options.contenders or CONTENDERS))
    if any(one.name == "vfsteer" for one in contenders):
        contenders.append(VfsteerDirect())
    contenders.sort(key=lambda one: not one.name.startswith("bare"))
    if not options.resume:
        results.discard_measured("breakdown", [one.name for one in contenders], options.kernels)
    failed, written = 0, []
    for kernel in options.kernels:
        measured = {}
        for contender in contenders:
            runs = []
            for _ in range(options.runs):
                try:
                    runs.append(_measured(contender, kernel, options.qemu))
                except Exception as error:
                    failed += 1
                    print(
                        f"bench: breakdown: {contender.label}, {kernel}: failed: {error}",
                        flush=True,
                    )
                    continue
                for direction, (_, total) in runs[-1].items():
                    results.add(
                        "breakdown", contender.name, f"{direction}/instructions", kernel, total,
                        "instructions", {},
                    )
                print(
                    f"bench: breakdown: {contender.label}, {kernel}: "
                    + ", ".join(
                        f"{direction} {total:.0f}" for direction, (_, total) in runs[-1].items()
                    )
                    + " instructions a packet",
                    flush=True,
                )
            if runs:
                measured[contender.name] = runs
        for direction in DIRECTIONS if measured else ():
            written.append(
                table(
                    direction,
                    kernel,
                    {
                        name: _median([one[direction] for one in runs])
                        for name, runs in measured.items()
                    },
                )
            )
    path = options.out.with_name("breakdown.md")
    path.write_text("\n".join(written))
    print("\n".join(written) + f"bench: wrote {path}")
    return failed


def _median(runs):
    names = {name for functions, _ in runs for name in functions}
    return (
        {
            name: statistics.median(functions.get(name, 0) for functions, _ in runs)
            for name in names
        },
        statistics.median(total for _, total in runs),
    )
