# SPDX-License-Identifier: GPL-2.0-only
"""What vfsteer has to reach, and whether it has: floors and aims, each judged from the data alone.
"""

from dataclasses import dataclass

from tools.benchmark.figures import median, numbers, share, text, worst
from tools.benchmark.migrate_handover import CNI, HOST

LOSSLESS_EVENTS = ("unplug", "plug", "unbind", "bind", "set-down", "set-up")
LOSSLESS_SHARE, AIM_RUNS = 0.95, 100
NET_FAILOVER, KIND = "vfsteer-net_failover", ", failover=on"
AIM, FLOOR, MISSED, UNKNOWN = (
    "reaches the aim",
    "reaches the floor",
    "misses the floor",
    "not measured",
)


@dataclass
class Verdict:
    what: str
    kernel: str
    floor: str
    aim: str
    measured: str
    verdict: str


def _judged(what, kernel, floor, aim, value, reaches_floor, reaches_aim, measured=None):
    if value is None:
        return Verdict(what, kernel, floor, aim, "–", UNKNOWN)
    verdict = AIM if reaches_aim(value) else FLOOR if reaches_floor(value) else MISSED
    return Verdict(what, kernel, floor, aim, measured or text(value), verdict)


def _get(results, section, metric, kernel, contender="vfsteer"):
    return numbers(results.figure(section, contender, metric, kernel))


def _lossless(results, kernel, contender="vfsteer", kind=""):
    """kind: behind the name of what is judged."""
    for event in LOSSLESS_EVENTS:
        out, into = (
            _get(results, "events", f"{event}/lost/{way}", kernel, contender)
            for way in ("out", "in")
        )
        runs = [a + b for a, b in zip(out, into)]
        clean = share(runs, lambda lost: lost == 0)
        measured = (
            f"0 / 0 in {sum(1 for lost in runs if not lost)} of {len(runs)}, worst {max(out)} / {max(into)}"
            if runs
            else None
        )
        yield _judged(
            f"{event}{kind}: lost out / in", kernel, "0 / 0 in 19 of 20 runs",
            f"0 / 0 over {AIM_RUNS}", clean, lambda value: value >= LOSSLESS_SHARE,
            lambda value, many=len(runs): value == 1 and many >= AIM_RUNS, measured,
        )
    for event in LOSSLESS_EVENTS:
        values = _get(results, "events", f"silent-{event}/lost/in", kernel, contender)
        yield _judged(
            f"{event}{kind}, silent guest: lost in", kernel, "≤ 10, every run", "0", worst(values),
            lambda value: value <= 10, lambda value: value == 0,
            values and f"worst {max(values)} of {len(values)} runs",
        )


def _carrier(results, kernel):
    ours, into = (_get(results, "events", f"link-down/lost/{way}", kernel) for way in ("out", "in"))
    theirs = median(_get(results, "events", "link-down/lost/out", kernel, "net_failover"))
    excess = median(ours) - theirs if ours and theirs is not None else None
    # Whether it is the driver's own time, which is the aim, these figures cannot show.
    yield _judged(
        "link down: lost out", kernel, "≤ net_failover", "the driver's own time", excess,
        lambda value: value <= 0, lambda value: False,
        excess is not None and f"median {text(median(ours))}, net_failover {text(theirs)}",
    )
    yield _judged(
        "link down: lost in", kernel, "0", "0", worst(into), lambda value: value == 0,
        lambda value: value == 0,
        into and f"median {text(median(into))}, worst {max(into)} of {len(into)} runs",
    )
    took = _get(results, "events", "link-up/takeover", kernel)
    yield _judged(
        "from link up to traffic on the VF (ms)", kernel, "≤ 100", "≤ 20", median(took),
        lambda value: value <= 100, lambda value: value <= 20,
        took and f"median {text(median(took))}, worst {text(max(took))}",
    )


def _migration(results, kernel):
    # QEMU's own downtime differs by more between two runs than contenders do, and no contender's
    # packets pass during it: what is lost outside it is judged.
    alone = median(_get(results, "migrate", "answers/lost-outside-downtime", kernel, "virtio-only"))
    for prefix, handover in (("", "migration"), ("shared-", "migration, shared handover")):
        lost = _get(results, "migrate", f"{prefix}answers/lost-outside-downtime", kernel)
        excess = median(lost) - alone if lost and alone is not None else None
        yield _judged(
            f"{handover}: answers lost beyond virtio-only, outside QEMU's downtime", kernel, "≤ 2",
            "0", excess, lambda value: value <= 2, lambda value: value <= 0,
            lost and f"median {text(median(lost))}, worst {text(max(lost))} of {len(lost)} runs",
        )
        holes = _get(results, "migrate", f"{prefix}holes/count", kernel)
        yield _judged(
            f"{handover}: holes", kernel, "1", "1", median(holes), lambda value: value <= 1,
            lambda value: value <= 1, holes and f"median {text(median(holes))}, worst {max(holes)}",
        )
        broken = _get(results, "migrate", f"{prefix}tcp/broken", kernel)
        yield _judged(
            f"{handover}: connections broken", kernel, "0", "0", worst(broken),
            lambda value: value == 0, lambda value: value == 0,
        )


def _host_migration(results, kernel):
    """With vfsteer-host: what is lost outside the downtime is judged as it is, for both kinds of
    guest.
    """
    for handover in (HOST, CNI):
        for contender, kind in (("vfsteer", ""), (NET_FAILOVER, KIND)):
            lost = _get(
                results, "migrate", f"{handover.prefix}answers/lost-outside-downtime", kernel,
                contender,
            )
            yield _judged(
                f"migration, {handover.words}{kind}: answers lost outside QEMU's downtime", kernel,
                "≤ 5", "0", worst(lost), lambda value: value <= 5, lambda value: value == 0,
                lost and f"median {text(median(lost))}, worst {text(max(lost))} of {len(lost)} runs",
            )
            holes = _get(
                results, "migrate", f"{handover.prefix}holes/count", kernel, contender
            )
            yield _judged(
                f"migration, {handover.words}{kind}: holes", kernel, "1", "1", median(holes),
                lambda value: value <= 1, lambda value: value <= 1,
                holes and f"median {text(median(holes))}, worst {max(holes)}",
            )


def _over(results, metric, kernel, contender, other="bare-vf"):
    """By how many per cent of the other's a figure of cost is higher."""
    ours, theirs = (
        median(_get(results, "cost", metric, kernel, name)) for name in (contender, other)
    )
    return (ours / theirs - 1) * 100 if ours is not None and theirs else None


def _instructions(results, kernel):
    """Packets that come one by one, and TCP's segments; of bursts of small packets, which are none
    of the aims, the table shows.
    """
    for protocol in ("UDP", "TCP"):
        for way, contender, floor, mode in (
            ("tx", "vfsteer", 3, ""),
            ("rx", "vfsteer", 5, " (exact)"),
            ("rx", "vfsteer-direct", 1, " (direct)"),
        ):
            metric = f"{protocol.lower()}-{way}/instructions"
            ours, theirs = (
                _over(results, metric, kernel, name) for name in (contender, "net_failover")
            )
            yield _judged(
                f"{protocol} {way.upper()} instructions over bare{mode}",
                kernel,
                f"≤ {floor} %",
                "≤ net_failover",
                ours,
                lambda value, floor=floor: value <= floor,
                lambda value, theirs=theirs: theirs is not None and value <= theirs,
                ours is not None
                and f"{ours:+.1f} %"
                + (f", net_failover {theirs:+.1f} %" if theirs is not None else ""),
            )


def _cost(results, kernel):
    yield from _instructions(results, kernel)
    decision = median(_get(results, "cost", "decision/time", kernel))
    yield _judged(
        "steering decision over an empty program (ns)", kernel, "≤ 25", "≤ 15", decision,
        lambda value: value <= 25, lambda value: value <= 15,
    )
    for metric, way in (("tcp-bulk/throughput", "out"), ("tcp-bulk-in/throughput", "in")):
        over = _over(results, metric, kernel, "vfsteer")
        yield _judged(
            f"TCP bulk {way}, part of bare", kernel, "≥ 0.97", "≥ 0.99",
            None if over is None else 1 + over / 100, lambda value: value >= 0.97,
            lambda value: value >= 0.99, None if over is None else f"{1 + over / 100:.3f}",
        )


def _net_failover(results, kernel):
    """A guest of failover=on, beside net_failover alone."""
    yield from _lossless(results, kernel, NET_FAILOVER, KIND)


def _net_failover_migration(results, kernel):
    """What is lost outside the downtime is judged as it is: QEMU alone says when the VF goes."""
    lost = _get(
        results, "migrate", "shared-answers/lost-outside-downtime", kernel, NET_FAILOVER
    )
    yield _judged(
        f"migration, shared handover{KIND}: answers lost outside QEMU's downtime", kernel, "≤ 2",
        "0", median(lost), lambda value: value <= 2, lambda value: value == 0,
        lost and f"median {text(median(lost))}, worst {text(max(lost))} of {len(lost)} runs",
    )
    holes = _get(results, "migrate", "shared-holes/count", kernel, NET_FAILOVER)
    yield _judged(
        f"migration, shared handover{KIND}: holes", kernel, "1", "1", median(holes),
        lambda value: value <= 1, lambda value: value <= 1,
        holes and f"median {text(median(holes))}, worst {max(holes)}",
    )


def _net_failover_cost(results, kernel):
    for protocol in ("UDP", "TCP"):
        for way, floor, aim in (("tx", 0, -1), ("rx", 1.5, 0.5)):
            over = _over(
                results, f"{protocol.lower()}-{way}/instructions", kernel, NET_FAILOVER,
                "net_failover",
            )
            yield _judged(
                f"{protocol} {way.upper()} instructions over net_failover alone{KIND}", kernel,
                f"≤ {floor:+g} %" if floor else "≤ 0 %", f"≤ {aim:+g} %", over,
                lambda value, floor=floor: value <= floor, lambda value, aim=aim: value <= aim,
                None if over is None else f"{over:+.2f} %",
            )


def _ports(results, kernel):
    for way in ("port-to-uplink", "uplink-to-port"):
        ours, bridge = (
            median(_get(results, "ports", f"{way}/part-of-bare", kernel, name))
            for name in ("vfsteer", "bridge")
        )
        words = way.replace("-", " ")
        yield _judged(
            f"{words}, smallest frames: part of a bare redirect", kernel, "≥ 0.85", "≥ 0.95", ours,
            lambda value: value >= 0.85, lambda value: value >= 0.95, ours and f"{ours:.3f}",
        )
        yield _judged(
            f"{words}, smallest frames: of a Linux bridge", kernel, "≥ 2", "≥ 2",
            ours and bridge and ours / bridge, lambda value: value >= 2, lambda value: value >= 2,
        )


def verdicts(results):
    """Every floor for every kernel that its section was measured on; once as not measured where it
    was on none.
    """
    found = []
    for section, judge in (
        ("events", _lossless),
        ("events", _carrier),
        ("migrate", _migration),
        ("migrate", _host_migration),
        ("cost", _cost),
        ("events", _net_failover),
        ("migrate", _net_failover_migration),
        ("cost", _net_failover_cost),
        ("ports", _ports),
    ):
        kernels = results.distinct("kernel", section)
        judged = [verdict for kernel in kernels for verdict in judge(results, kernel)]
        known = {verdict.what for verdict in judged if verdict.verdict != UNKNOWN}
        found += [verdict for verdict in judged if verdict.verdict != UNKNOWN]
        found += [verdict for verdict in judge(results, "–") if verdict.what not in known]
    return found
