# SPDX-License-Identifier: GPL-2.0-only
"""What has come of a run: the cases of each program that has ended, and those to ask once more."""

import copy
from dataclasses import dataclass, field

from runner import tap
from runner.history import UNSTEADY_MAX

AGAIN_MAX = 8  # more programs that fail are not about the machine's load


@dataclass
class Result:
    program: object
    status: int
    cases: list
    wall_s: float
    cpu_s: float
    log: object

    @property
    def failed(self):
        return tap.count(self.cases, tap.FAILED) > 0


@dataclass
class Results:
    all: list = field(default_factory=list)
    again: list = field(default_factory=list)  # Results that are not judged yet
    # (label of the case, what it said, how often of late)
    unsteady: list = field(default_factory=list)
    left_out: list = field(default_factory=list)  # labels of programs without a case at this level

    def add(self, result, alone=False):
        """False: the program failed, and is to be asked once more when nothing runs beside it."""
        if result.failed and result.program.timed and not alone and len(self.again) < AGAIN_MAX:
            self.again.append(result)
            return False
        self.all.append(result)
        return True

    def count(self, verdict):
        return sum(tap.count(result.cases, verdict) for result in self.all)

    @property
    def races(self):
        return [entry for entry in self.unsteady if entry[2] >= UNSTEADY_MAX]

    @property
    def good(self):
        return not self.again and not self.count(tap.FAILED) and not self.races


def result_of(program, outcome):
    text = outcome.log.read_text(errors="replace")
    return Result(
        program, outcome.status, tap.judged(program.name, outcome.status, text), outcome.wall_s,
        outcome.cpu_s, outcome.log,
    )


def to_repeat(result):
    """The program of a second try: with the cases that have not passed. A case that its guest or
    program adds itself is asked for with all of them."""
    passed = {case.name for case in result.cases if case.verdict != tap.FAILED}
    left = [case for case in result.program.cases if case not in passed]
    program = copy.copy(result.program)
    program.cases = left or list(result.program.cases)
    return program


def joined(first, second, history):
    """One Result of two tries, and the entries for Results.unsteady: what passed at the second."""
    repeated = {case.name for case in second.cases}
    kept = [
        case for case in first.cases if case.verdict != tap.FAILED and case.name not in repeated
    ]
    whole = Result(first.program, second.status, kept + second.cases, first.wall_s + second.wall_s,
                   first.cpu_s + second.cpu_s, second.log)
    still_bad = {case.name for case in second.cases if case.verdict == tap.FAILED}
    unsteady = []
    for case in first.cases:
        if case.verdict == tap.FAILED and case.name not in still_bad and not second.failed:
            label = f"{first.program.subject}/{case.name}"
            unsteady.append((label, case.text, history.note_unsteady(label)))
    return whole, unsteady
