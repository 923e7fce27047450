# SPDX-License-Identifier: GPL-2.0-only
"""The command line of tools/bench: measures what is asked for, or writes the report of what was
measured.
"""

import argparse
import contextlib
import importlib
import os
import shlex
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.benchmark.effort import lessen
from tools.benchmark.results import Results
from tools.rig.places import BUILD, lock

# Each is a module here with run(options, results), which returns how many measurements failed, and
# describe(), its line of the help.
MEASURED = ("events", "migrate", "cost", "breakdown", "ports")
OUT = BUILD.parent / "bench" / "results.json"


class BenchError(Exception):
    pass


def _module(name):
    try:
        return importlib.import_module(f"tools.benchmark.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"tools.benchmark.{name}":
            raise
        return None


def _parser():
    parts = {name: _module(name) for name in MEASURED}
    described = "\n".join(f"  {name:8} {part.describe()}" for name, part in parts.items() if part)
    parser = argparse.ArgumentParser(
        prog="tools/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures vfsteer beside the kernel's net_failover, bonding and teamd.",
        epilog=f"{described}\n  report   tables and charts of what was measured\n  all      everything, the report at the end")
    parser.add_argument("what", choices=[*MEASURED, "report", "all"], nargs="?", default="all")
    parser.add_argument(
        "--runs", type=int, default=None, metavar="N",
        help="how often each figure is measured (5; with --quick or --smoke 1)",
    )
    parser.add_argument(
        "--kernels", default=None, metavar="LIST",
        help="the guests' Debian kernels (6.1,6.12; with --quick or --smoke 6.12; none: only what needs no guest)",
    )
    parser.add_argument(
        "--contenders", default="", metavar="LIST",
        help="all: vfsteer,vfsteer-net_failover,net_failover,bonding,teamd,bare-vf,virtio-only",
    )
    parser.add_argument(
        "--events", default="", metavar="LIST",
        help="all: unplug,plug,link-down,link-up,unbind,bind,set-down,set-up",
    )
    parser.add_argument(
        "--handovers", default="", metavar="LIST",
        help="what the hosts of migrate do: plain,shared,host (of all: plain,shared,host,cni)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="one run, the fewest events: a look in minutes"
    )
    parser.add_argument(
        "--smoke", action="store_true",
        help="as little work as has each step taken once: does it run? The figures say nothing",
    )
    parser.add_argument(
        "--resume", action="store_true", help="measure only what the results do not have yet"
    )
    parser.add_argument(
        "--newer-qemu", action="store_true",
        help="version 9 or later, if need be from another suite",
    )
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="FILE",
        help=f"the results, FILE.json; the report goes beside them ({OUT.name})",
    )
    return parser


def _options():
    parser = _parser()
    options = parser.parse_args()
    if options.out.is_dir():
        parser.error(
            f"--out {options.out}: a directory: name a file in it, such as {options.out / OUT.name}"
        )
    if options.out.suffix != ".json":
        parser.error(
            f"--out {options.out}: its name must end in .json, since the report and a section's files go beside it"
        )
    if options.runs is None:
        options.runs = 1 if options.quick or options.smoke else 5
    if options.runs < 1:
        parser.error("--runs: at least 1")
    kernels = options.kernels or ("6.12" if options.quick or options.smoke else "6.1,6.12")
    if options.smoke:
        if options.out == OUT:
            parser.error(
                f"--smoke: its figures say nothing and would stand beside real ones in {OUT}: give another --out FILE"
            )
        lessen()
    options.kernels = [name for name in kernels.split(",") if name not in ("", "none")]
    return options


def _context(options):
    """What is noted with every value."""
    from tools.benchmark.contenders import under_test
    from tools.rig.qemu import qemu, qemu_said

    options.qemu = qemu(options.newer_qemu)
    return {"command": shlex.join(["tools/bench", *sys.argv[1:]]), "qemu": qemu_said(options.qemu),
            "vfsteer": under_test()[1], "cpus": os.cpu_count()}


def _measure(names, options):
    if os.geteuid():
        raise BenchError("root is needed for network namespaces, taps and BPF")
    if options.out.exists() and not options.resume:
        shutil.copy2(options.out, options.out.with_name(options.out.name + ".before"))
    results = Results.load(options.out, **_context(options))
    failed = 0
    # Other guests would take time from ours, and that costs packets: the tests take the same lock.
    # What counts nothing needs none.
    if not options.smoke:
        print(
            "bench: waiting for tests or benchmarks with guests to end, should there be any",
            flush=True,
        )
    with contextlib.nullcontext() if options.smoke else lock("vm-tests"):
        for name in names:
            part = _module(name)
            if not part:
                print(f"bench: {name}: there is no tools/benchmark/{name}.py yet", file=sys.stderr)
                continue
            failed += part.run(options, results) or 0
            results.save()
    print(f"bench: the results are in {options.out}")
    return failed


def main():
    options = _options()
    try:
        failed = (
            _measure(MEASURED if options.what == "all" else [options.what], options)
            if options.what != "report"
            else 0
        )
        if options.what in ("report", "all"):
            from tools.benchmark.report import report
            for path in report(Results.load(options.out), options.out.parent):
                print(f"bench: wrote {path}")
    except KeyboardInterrupt:
        print(
            "\nbench: interrupted; what was measured is kept, and --resume goes on from there",
            file=sys.stderr,
        )
        return 130
    except Exception as error:
        print(f"bench: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if failed:
        print(
            f"bench: {failed} measurement{'s' if failed > 1 else ''} failed; --resume tries them again",
            file=sys.stderr,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
