#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""tools/bench and tools/demo run: each section with the least work (--smoke), and both
demonstrations.

A section must end well, have figures for each contender it was asked for, and its report must show
them. All of it belongs to the nightly level but for the demonstration in namespaces. Names and
lines are those of stage.py.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.benchmark.breakdown import DIRECTIONS  # noqa: E402
from tools.benchmark.figures import numbers  # noqa: E402
from tools.benchmark.instructions import FIGURES  # noqa: E402
from tools.benchmark.names import name_of  # noqa: E402
from tools.benchmark.native import MEASURED  # noqa: E402
from tools.benchmark.ports_guest import FIGURES as PORT_FIGURES  # noqa: E402
from tools.benchmark.results import Results  # noqa: E402
from tools.rig.levels import reached  # noqa: E402
from tools.rig.qemu import qemu  # noqa: E402

EVERY = reached("nightly")  # contenders
TIMEOUT_S = 1500
SHOWN = 12000  # letters of what a program said that failed
MIGRATION = (
    "answers/lost",
    "answers/duplicates",
    "requests/duplicates",
    "holes/count",
    "downtime/reported",
    "tcp/stall",
    "tcp/broken",
)
ON_THE_VF = ("vf/before", "vf/after")


class Failed(Exception):
    pass


def said_by(*command, **environment):
    """What a program says that must end well."""
    done = subprocess.run(
        [str(part) for part in command], cwd=ROOT, env={**os.environ, **environment},
        stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise Failed(
            f"exit status {done.returncode} of {' '.join(map(str, command))}\n{done.stdout[-SHOWN:]}"
        )
    return done.stdout


def section(name, version, contenders, expected, *more):
    """Runs a section. expected: {contender: the metrics it must have numbers for}. Checks the
    report, too; its text and the results.
    """
    command = [
        ROOT / "tools/bench",
        name,
        "--smoke",
        *(["--contenders", ",".join(contenders)] if contenders else []),
        *more,
    ]
    environment = {}
    if version == "newer":
        command.append("--newer-qemu")
    elif version == "own":
        # As on a system whose own QEMU is a newer one.
        environment["PATH"] = f"{Path(qemu(newer=True)).parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory(prefix="vfsteer-bench-") as folder:
        path = Path(folder) / "results.json"
        said_by(*command, "--out", path, **environment)
        results = Results.load(path)
        missing = [
            f"{contender} {metric}"
            for contender, metrics in expected.items()
            for metric in metrics
            if not any(
                numbers(figure)
                for figure in results.figures(name, contender)
                if figure.metric.removeprefix("shared-") == metric
            )
        ]
        found = set(results.distinct("contender", name))
        if missing or found != set(expected):
            raise Failed(
                f"no figures of {', '.join(missing) or 'some'}; there are those of {', '.join(sorted(found))}: "
                + ", ".join(
                    f"{figure.contender} {figure.metric} {figure.values}"
                    for figure in results.figures(name)
                    if not any(isinstance(value, list) for value in figure.values)
                )
            )
        said_by(ROOT / "tools/bench", "report", "--out", path)
        report = "\n".join(part.read_text() for part in sorted(Path(folder).glob("*.md")))
    return report, results


def shown(report, heading, names):
    """Each must be a column of a table below the heading, with a figure in it."""
    part = report.partition(heading)[2]
    if not part:
        raise Failed(f"the report has no {heading!r}:\n{report}")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part.splitlines()
        if line.startswith("|")
    ]
    for name in names:
        columns = {row.index(name) for row in rows if name in row}
        if not any(
            re.search(r"\d", row[column]) for row in rows for column in columns if column < len(row)
        ):
            raise Failed(f"the report shows no figure of {name} below {heading!r}:\n{part}")


def labels(names):
    return [name_of(name).label for name in names]


def count(results, name):
    return f"{sum(len(figure.values) for figure in results.figures(name))} figures of {', '.join(results.distinct('contender', name))}"


# ---- the sections
# --------------------------------------------------------------------------------------------------


def events(version):
    names = (
        "vfsteer", "vfsteer-net_failover", "net_failover", "bonding", "teamd", "bare-vf",
        "virtio-only",
    )
    report, results = section("events", version, (), {name: () for name in names})
    for name in names:
        lost = [
            figure
            for figure in results.figures("events", name)
            if "/lost/" in figure.metric and numbers(figure)
        ]
        if not lost:
            raise Failed(
                f"nothing was measured of {name}: {[figure.as_dict() for figure in results.figures('events', name)]}"
            )
    shown(report, "### Packets lost", labels(names))
    return count(results, "events")


def migrate(version):
    # Every other one in a plain handover, the others in a shared one.
    names = (
        ("vfsteer", "net_failover", "vfsteer-net_failover", "teamd", "bonding", "virtio-only")
        if EVERY
        else ("vfsteer",)
    )
    report, results = section(
        "migrate", version, names,
        {name: MIGRATION + (ON_THE_VF if name != "virtio-only" else ()) for name in names},
    )
    for name in names:
        used = [
            figure.values
            for metric in ON_THE_VF
            for figure in results.figures("migrate", name)
            if figure.metric.endswith(metric)
        ]
        if name != "virtio-only" and not all(all(values) for values in used):
            raise Failed(f"{name} was not on its VF before and after: {used}")
    shown(report, "## Live migration", labels(names))
    return count(results, "migrate")


def cost(version):
    names = (
        ("vfsteer", "vfsteer-net_failover", "net_failover", "bonding", "bare-vf", "virtio-only")
        if EVERY
        else ("vfsteer",)
    )
    guest = [f"{name}/instructions" for name in FIGURES]
    native = [metric for metrics in MEASURED.values() for metric in metrics]
    expected = {
        name: [*guest, *(native if name in ("vfsteer", "bare-vf") else ())] for name in names
    }
    report, results = section(
        "cost",
        version,
        names,
        {
            **expected,
            "vfsteer": [*expected["vfsteer"], "decision/time"],
            "vfsteer-direct": [*guest, *native],
        },
    )
    shown(report, "## Cost", labels(expected))
    return count(results, "cost")


def breakdown(version):
    names = (
        ("bare-vf", "vfsteer", "vfsteer-direct", "vfsteer-net_failover", "net_failover")
        if EVERY
        else ("net_failover",)
    )
    report, results = section(
        "breakdown", version, [name for name in names if name != "vfsteer-direct"],
        {name: [f"{way}/instructions" for way in DIRECTIONS] for name in names},
    )
    for way in DIRECTIONS:
        shown(report, f"### {way}, 6.12", names)
    return count(results, "breakdown")


def ports(version):
    native = ("bare-wire", "bare-redirect", "bridge", "vfsteer")
    contained = (
        ("vfsteer", "bridge-bonding", "macvlan-net_failover", "bare-vf") if EVERY else ("vfsteer",)
    )
    expected = {
        name: [f"{way}/rate" for way in ("port-to-uplink", "uplink-to-port")] for name in native
    }
    for name in contained:
        expected.setdefault(name, []).extend(f"{figure}/instructions" for figure in PORT_FIGURES)
    report, results = section("ports", version, () if EVERY else ("vfsteer",), expected)
    for kernel in results.distinct("kernel", "ports"):
        shown(
            report, f"## Ports, Linux {kernel}", labels(contained if kernel == "6.12" else native)
        )
    return count(results, "ports")


# ---- the demonstrations
# --------------------------------------------------------------------------------------------------


def demo(*options):
    """Lost or not is the machine's load as well, and a matter of other tests: this one asks whether
    all steps were taken.
    """
    done = subprocess.run(
        [ROOT / "tools/demo", *options], cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S,
    )
    verdict = re.search(r"^verdict: .*$", done.stdout, re.M)
    ways = re.findall(r"^ +(?:guest to peer|peer to guest) +(\d+) ", done.stdout, re.M)
    if (
        not verdict
        or "[7/7]" not in done.stdout
        or len(ways) != 2
        or not all(int(sent) > 1000 for sent in ways)
    ):
        raise Failed(f"exit status {done.returncode}\n{done.stdout[-SHOWN:]}")
    if (done.returncode == 0) != verdict[0].startswith("verdict: nothing was lost"):
        raise Failed(f"exit status {done.returncode} with: {verdict[0]}")
    return f"{' and '.join(ways)} packets sent, {verdict[0]}"


SYSTEM, NEWER, OWN = "system", "newer", "own"
NORMAL = ("namespaces/demo",)
COVER = "the unit tests of tools/benchmark (suite bench), namespaces/demo"
# {program: {case: what it does}}
CASES = {
    "events": {
        f"{version}-qemu": lambda version=version: events(version) for version in (NEWER, SYSTEM)
    },
    # It takes a newer one in any case: the system's when it is, else another suite's.
    "migrate": {
        f"{version}-qemu": lambda version=version: migrate(version) for version in (OWN, SYSTEM)
    },
    "cost": {
        f"{version}-qemu": lambda version=version: cost(version) for version in (SYSTEM, NEWER)
    },
    "breakdown": {
        f"{version}-qemu": lambda version=version: breakdown(version) for version in (NEWER, SYSTEM)
    },
    "ports": {
        f"{version}-qemu": lambda version=version: ports(version) for version in (SYSTEM, NEWER)
    },
    "demo": {"system-qemu": demo, "newer-qemu": lambda: demo("--newer-qemu")},
    "namespaces": {"demo": lambda: demo("--netns")},
}


def main(arguments):
    cases = {
        f"{program}/{name}": act
        for program, several in CASES.items()
        for name, act in several.items()
    }
    listed = [name for name in cases if EVERY or name in NORMAL]
    if arguments == ["--lane"]:
        print("waiting")
        return 0
    if arguments == ["--list"]:
        print("\n".join(listed))
        return 0
    if arguments == ["--later"]:
        print(
            "".join(f"{name}\tnightly\t{COVER}\n" for name in cases if name not in NORMAL), end=""
        )
        return 0
    chosen = {
        name: act
        for name, act in cases.items()
        if name in listed and not arguments or {name, name.partition("/")[0]} & set(arguments)
    }
    if not chosen:
        print(f"{' '.join(arguments)}: no such case: --list names those there are", file=sys.stderr)
        return 1
    if os.geteuid():
        print("root is needed for network namespaces and taps")
        return 77
    print(f"1..{len(chosen)}", flush=True)
    failed = 0
    for number, (name, act) in enumerate(chosen.items(), 1):
        since = time.monotonic()
        try:
            text, word = act(), "ok"
        except (Failed, OSError, subprocess.SubprocessError) as error:
            text, word = str(error), "not ok"
            failed += 1
        first, _, rest = text.partition("\n")
        print(
            f"{word} {number} - {name}: {first} ({time.monotonic() - since:.1f} s)"
            + (f"\n{rest}" if rest else ""),
            flush=True,
        )
    print(f"# {len(chosen) - failed} passed, {failed} failed, 0 skipped", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
