# SPDX-License-Identifier: GPL-2.0-only
"""tests/run from its words to its exit status."""

import os
import signal
import sys
import time
from pathlib import Path

from runner import changes, prepare, process, report, tap, words
from runner.history import History
from runner.lanes import NICENESS, Lanes
from runner.process import Children, Outcome
from runner.program import Catalogue, environment_of
from runner.progress import Progress, spoken
from runner.results import Results, joined, result_of, to_repeat

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "tests/run"
INTERRUPTED = 130
# By this race in QEMU a guest ends when it has booted: tools/rig/vm.py describes it.
LOST_BREAKPOINT = "int3: 0000 [#"


class Run:
    """One run of the programs that were found."""

    def __init__(self, programs, directory, guests_missing=None, root=ROOT, left_out=()):
        self.programs, self.directory, self.root = programs, directory, root
        self.guests_missing = guests_missing
        self.tests = Path(directory) / "tests"
        self.logs = self.tests / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.children, self.results = Children(), Results(left_out=list(left_out))
        self.history = History(self.tests / "history.json")
        self.cpus = os.cpu_count() or 1
        self.progress = Progress(programs, self.history, self.cpus)

    # ---- one program

    def _once(self, program):
        log = self.logs / program.log_name
        if program.suite == "vm" and self.guests_missing:
            log.write_text(self.guests_missing + "\n")
            return Outcome(tap.SKIP_STATUS, 0.0, 0.0, log)
        say = None
        if program.followed:
            print(f"\t{program.name}: begins", flush=True)

            def say(line):
                print(f"\t{program.name}: {line}", flush=True)
        return process.run(
            self.children, program.arguments, log, program.timeout_s, NICENESS[program.lane],
            environment_of(self.directory, program.level), self.root, say,
        )

    def run(self, program):
        """Its Outcome; None: the run was interrupted."""
        outcome = self._once(program)
        if (
            outcome
            and outcome.status
            and program.suite == "vm"
            and not self.children.interrupted
            and LOST_BREAKPOINT in outcome.log.read_text(errors="replace")
        ):
            print(
                f"\t{program.name}: the emulator lost a breakpoint of the kernel (tools/rig/vm.py): once more",
                flush=True,
            )
            outcome = self._once(program)
        return None if self.children.interrupted else outcome

    # ---- all of them

    def all(self):
        """Runs them; the exit status."""
        lanes, running = Lanes(self.programs, self.run, self.cpus), True
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            lanes.start()
            while (ended := lanes.ended.get()) is not None:
                self._end(*ended)
            running = False
            for first in list(self.results.again):
                self._once_more(first)
        except KeyboardInterrupt:
            return self._interrupted(lanes, running)
        self._keep()
        print(report.summary(self.results))
        print(report.dearest(self.results))
        return 0 if self.results.good else 1

    def _end(self, program, outcome):
        self.progress.end(program)
        if not isinstance(outcome, Outcome):
            raise RuntimeError(f"{program.label} could not be run: {outcome!r}")
        result = result_of(program, outcome)
        line = f"{self.progress.line()} {program.label} … "
        if not self.results.add(result):
            print(
                f"{line}FAILED {result.wall_s:.1f} s: once more when nothing runs beside it",
                flush=True,
            )
            return
        self._note_time(result)
        print(
            f"{line}{tap.verdict_of(result.cases)} {result.wall_s:.1f} s, {result.cpu_s:.1f} s CPU",
            flush=True,
        )
        if tap.verdict_of(result.cases).startswith("skipped"):
            print(f"\t{result.cases[-1].text}", flush=True)

    def _note_time(self, result):
        if not result.failed and result.wall_s:
            self.history.note(result.program, result.wall_s)

    def _once_more(self, first):
        """The cases that failed, on the quiet machine."""
        first.log = first.log.rename(first.log.with_name(first.log.name + ".beside"))
        second = result_of(first.program, self.run(to_repeat(first)) or self._gone())
        whole, unsteady = joined(first, second, self.history)
        self.results.again.remove(first)
        self.results.add(whole, alone=True)
        self.results.unsteady += unsteady
        print(
            f"[again] {whole.program.label} … {tap.verdict_of(whole.cases)} {second.wall_s:.1f} s",
            flush=True,
        )

    @staticmethod
    def _gone():
        raise KeyboardInterrupt

    def _interrupted(self, lanes, running):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        lanes.stopped = True
        self.children.interrupt()
        while running and lanes.ended.get() is not None:
            pass
        self._keep()
        print(report.summary(self.results))
        print(
            f"\ntests/run: interrupted after {self.progress.done} of {len(self.programs)}",
            flush=True,
        )
        return INTERRUPTED

    def _keep(self):
        self.history.save()
        report.write_junit(self.tests / "junit.xml", self.results)
        report.write_times(self.tests / "times.tsv", self.results)


def _levels(asked):
    """{suite: level}. A change of what moves packets has to show more of the guests."""
    levels = dict.fromkeys(asked.suites, asked.level)
    if "vm" not in levels or asked.level_given or asked.filters:
        return levels
    moved = changes.moves_packets(changes.changed(ROOT))
    if moved:
        print(
            f"tests/run: the guests are taken at level full, since packets are moved by {moved[0]}"
            + (f" and {len(moved) - 1} more that changed" if moved[1:] else ""),
            flush=True,
        )
        levels["vm"] = "full"
    return levels


def _catalogue(asked, directory):
    # Of what is too long for each run, the commit chooses a part.
    os.environ.setdefault("VFSTEER_PART", str(int(changes.commit(ROOT)[:7] or "0", 16)))
    return Catalogue(ROOT, directory, asked, _levels(asked))


def _listed(programs):
    for program in programs:
        for case in program.cases or [""]:
            print(f"{program.suite} {program.whole or program.name}" + (f"/{case}" if case else ""))


def _nothing(arguments):
    print(f"tests/run: nothing matches: {' '.join(arguments)}", file=sys.stderr)
    return 2


def main(arguments):
    os.chdir(ROOT)
    directory = os.environ.get("BUILD", "build")
    sys.stdout.reconfigure(line_buffering=True)
    try:
        asked = words.parse(arguments)
    except words.Mistake as mistake:
        print(
            f"tests/run: {mistake}\n{words.usage(f'{directory}/tests/logs')}", file=sys.stderr,
            end="",
        )
        return 2
    if asked.help:
        print(words.usage(f"{directory}/tests/logs"), end="")
        return 0
    began = time.monotonic()
    try:
        prepare.become_root(SCRIPT, arguments)
        if asked.list:
            listed = _catalogue(asked, directory).programs()
            _listed(listed)
            return 0 if listed else _nothing(arguments)
        missing = prepare.install_packages(ROOT, asked.suites)
        prepare.build(ROOT, directory, asked.suites, asked.level)
    except prepare.Unprepared as error:
        print(f"tests/run: {error}", file=sys.stderr)
        return 1
    prepare.compile_python(ROOT, Path(directory).resolve() / "pycache")
    catalogue = _catalogue(asked, directory)
    programs = catalogue.programs()
    if not programs:
        return _nothing(arguments)
    print(
        f"tests/run: {sum(max(1, len(program.cases)) for program in programs)} cases of level {asked.level} "
        f"in {len(programs)} programs; prepared in {spoken(time.monotonic() - began)}",
        flush=True,
    )
    status = Run(programs, directory, missing, left_out=catalogue.left_out).all()
    print(f"in {spoken(time.monotonic() - began)}")
    return status
