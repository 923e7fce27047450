# SPDX-License-Identifier: GPL-2.0-only
"""What a program has said: its TAP lines as cases, and what is to be thought of its end."""

import re
from dataclasses import dataclass

SKIP_STATUS, TIMEOUT_STATUS = 77, 124
LINE = re.compile(r"(not )?ok \d+(?: - ([^:#\s]*))?(.*)")
SKIP = re.compile(r"#\s*skip\b\s*(.*)", re.I)
TIMES = re.compile(r"\((\d+(?:\.\d+)?) s(?:, (\d+(?:\.\d+)?) s CPU)?\)\s*$")
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass
class Case:
    name: str
    verdict: str
    text: str = ""  # the reason of a skip, the line of a failure
    wall_s: float | None = None
    cpu_s: float | None = None


def cases_of(text):
    """The cases that TAP lines name."""
    return [case for case in map(_case, text.splitlines()) if case]


def _case(line):
    found = LINE.match(line)
    if not found:
        return None
    bad, name, rest = found[1], found[2] or "", found[3]
    times = TIMES.search(rest)
    wall_s, cpu_s = (
        (float(part) if part else None for part in times.groups()) if times else (None, None)
    )
    skip = SKIP.search(rest)
    if bad:
        return Case(name, FAILED, line, wall_s, cpu_s)
    if skip:
        return Case(name, SKIPPED, skip[1] or "no reason given", wall_s, cpu_s)
    return Case(name, PASSED, "", wall_s, cpu_s)


def judged(name, status, text):
    """The cases of a program that ended with an exit status after it had said @text. Without a TAP
    line it is one case itself. One that ended before its last case has one more failed case."""
    cases = cases_of(text)
    last = (text.splitlines() or [""])[-1]
    if not cases:
        if status == 0:
            return [Case(name, PASSED)]
        if status == SKIP_STATUS:
            return [Case(name, SKIPPED, last)]
        return [Case(name, FAILED, f"exit status {status}")]
    if status not in (0, SKIP_STATUS) and not any(case.verdict == FAILED for case in cases):
        cases.append(Case("its-end", FAILED, f"exit status {status} behind {len(cases)} cases"))
    return cases


def count(cases, verdict):
    return sum(case.verdict == verdict for case in cases)


def verdict_of(cases):
    """A program's verdict as its line shows it."""
    bad, good = count(cases, FAILED), count(cases, PASSED)
    word = "FAILED" if bad else "ok" if good else "skipped"
    return word if len(cases) <= 1 else f"{word} ({good} of {len(cases)})"
