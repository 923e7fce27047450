# SPDX-License-Identifier: GPL-2.0-only
"""What there is to run: the programs of the suites, and the cases of each that are asked for.

A test is a program tests/SUITE/**/test_*. A Python program of netns, storms or vm lists its cases
with --list; it is run once for all of them, one of vm once for each kernel.
"""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tools.rig.levels import reached

MEASURED, COMPUTING, WAITING = "measured", "computing", "waiting"
COMPUTING_SUITES = ("build", "unit", "bench", "sanitize", "fuzz")
# Those whose cases are about time: a machine that is busy with other programs can make them fail.
TIMED_SUITES = ("netns", "storms", "vm")
FOLLOWED_SUITES = ("fuzz", "sanitize", "vm")  # take minutes, and print figures
# Of one program, on a machine several times slower than it needs to be.
TIMEOUT_S, CASE_S = 600, 120
TIMEOUTS_S = {"build": 1800, "sanitize": 2700, "storms": 1200, "vm": 2700, "fuzz": 1200}
NIGHTLY = 5  # times as long
# A lane ends late when its last program takes minutes: so many cases go into one.
CASES_MAX = 8
TABLE = "protections-in-document"


@dataclass
class Program:
    suite: str
    name: str
    command: list
    # arguments; none: it is one case, or its TAP lines name them
    cases: list = field(default_factory=list)
    lane: str = WAITING
    timeout_s: float = TIMEOUT_S
    level: str = "normal"
    whole: str = ""  # the name of that which this is a part of, if it is one

    @property
    def label(self):
        return f"{self.suite} {self.name}"

    @property
    def subject(self):
        """The name that does not depend on how many cases a run takes."""
        return f"{self.suite} {self.whole or self.name}"

    @property
    def log_name(self):
        return f"{self.suite}-{self.name.replace('/', '-')}.log"

    @property
    def followed(self):
        return self.suite in FOLLOWED_SUITES

    @property
    def timed(self):
        return self.suite in TIMED_SUITES

    @property
    def arguments(self):
        return [*self.command, *self.cases]


class Catalogue:
    """Finds programs below a root directory. @build: where the compiled ones are; @levels: of the
    suites."""

    def __init__(self, root, build, words, levels):
        self.root, self.build, self.words, self.levels = Path(root), Path(build), words, levels
        self.left_out = []  # labels of programs that have no case at their suite's level

    def programs(self):
        """All that the words ask for, in the order of the suites."""
        found = []
        for suite in self.words.suites:
            for path in self._files(suite):
                found += self._of_file(suite, path)
        if self._fills_table(found):
            write = ["--write"] if self.words.write_table else []
            found.append(
                self._program("vm", TABLE, ["tests/vm/lib/protections.py", *write], lane=MEASURED)
            )
        return found

    def _files(self, suite):
        return sorted(path for path in (self.root / "tests" / suite).rglob("test_*")
                      if path.suffix in (".c", ".py", ".sh"))

    def _fills_table(self, found):
        """What guests have noted is compared with the documentation when all of them are through.
        """
        return (
            any(
                one.suite == "vm" and one.name.startswith(("hotplug-", "degraded-"))
                for one in found
            )
            and (self.root / "tests/vm/lib/protections.py").exists()
        )

    def _of_file(self, suite, path):
        relative = path.relative_to(self.root / "tests" / suite)
        name = str(relative.with_name(path.stem.removeprefix("test_"))).replace("_", "-")
        command = [str(path.relative_to(self.root))]
        if path.suffix == ".py" and suite in TIMED_SUITES:
            return self._with_cases(suite, name, command)
        if path.suffix == ".c":
            command = [str(self.build / "tests" / suite / relative.with_suffix(""))]
        elif not self._belongs(suite, command):
            return self._left_out(suite, name)
        return [self._program(suite, name, command)] if self.words.wants(name) else []

    def _left_out(self, suite, name):
        if self.words.wants(name):
            self.left_out.append(f"{suite} {name}")
        return []

    def _program(self, suite, name, command, cases=(), lane=None):
        timeout_s = TIMEOUTS_S.get(suite, TIMEOUT_S + CASE_S * len(cases))
        lane = lane or (COMPUTING if suite in COMPUTING_SUITES else WAITING)
        if self.levels[suite] == "nightly":
            timeout_s *= NIGHTLY
        return Program(suite, name, command, list(cases), lane, timeout_s, self.levels[suite])

    def _asked(self, suite, command, word):
        """The lines that a program prints for --list or --lane; None: it has no such word."""
        environment = environment_of(self.build, self.levels[suite])
        done = subprocess.run(
            [*command, word], cwd=self.root, env=environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        return done.stdout.splitlines() if done.returncode == 0 else None

    def _belongs(self, suite, command):
        """A script that says "# level: LEVEL" in its first lines belongs to that level, and above.
        """
        head = (self.root / command[0]).read_text().splitlines()[:20]
        said = next((line.split()[2] for line in head if line.startswith("# level: ")), "quick")
        return reached(said, self.levels[suite])

    def _with_cases(self, suite, name, command):
        listed = self._asked(suite, command, "--list")
        if listed is None:
            # A program that cannot even list its cases is a case that will fail.
            return [self._program(suite, name, command)] if self.words.wants(name) else []
        if not listed:
            return self._left_out(suite, name)
        cases = [case for case in listed if self.words.wants(f"{name}/{case}")]
        if not cases:
            return []
        if suite == "vm":
            return self._by_kernel(name, command, cases)
        parts = -(-len(cases) // CASES_MAX)
        if parts == 1:
            return [self._program(suite, name, command, cases)]
        some = [
            self._program(suite, f"{name}-{part + 1}", command, cases[part::parts])
            for part in range(parts)
        ]
        for part in some:
            part.whole = name
        return some

    def _by_kernel(self, name, command, cases):
        """One program for each kernel: what its guests say is compared there."""
        lane = (self._asked("vm", command, "--lane") or [MEASURED])[0]
        kernels = {}
        for case in cases:
            kernels.setdefault(case.partition("/")[0].partition("-")[0], []).append(case)
        return [
            self._program("vm", f"{name}-{kernel}", command, some, lane)
            for kernel, some in kernels.items()
        ]


def environment_of(build, level):
    """The environment of the programs."""
    build = os.path.abspath(build)
    # Beside the sources no compiled file of Python's may lie: there is a place in the build for
    # them.
    return {
        **os.environ,
        "VFSTEER_BUILD": build,
        "VFSTEER": f"{build}/vfsteer",
        "VFSTEER_LEVEL": level,
        "PYTHONPYCACHEPREFIX": f"{build}/pycache",
        "CMOCKA_MESSAGE_OUTPUT": "TAP",
    }
