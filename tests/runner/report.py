# SPDX-License-Identifier: GPL-2.0-only
"""What a run leaves: the summary on the terminal, build/tests/junit.xml, build/tests/times.tsv."""

import xml.etree.ElementTree as ElementTree

from runner import tap
from runner.progress import spoken

TAIL = 60  # lines of a failed program's log
DEAREST = 10


def _failure(result):
    text = result.log.read_text(errors="replace").splitlines()
    bad = [line for line in text if line.startswith("not ok ")]
    return "\n".join(
        [
            f"\n---- failed: {result.program.label} (exit status {result.status}); the end of {result.log}:",
            *text[-TAIL:],
            *bad,
        ]
    )


def _listed(heading, lines):
    return "\n".join([f"\n{heading}:", *(f"  {line}" for line in lines)]) if lines else None


def _of(results, verdict):
    return [
        (result, case) for result in results.all for case in result.cases if case.verdict == verdict
    ]


def label_of(result, case):
    """"netns failover/unplug"; a program that is one case has its own name."""
    return (
        result.program.subject
        if case.name == result.program.name
        else f"{result.program.subject}/{case.name}"
    )


def summary(results):
    """The text at the end of a run."""
    failed = [result for result in results.all if result.failed]
    unsteady = [f"{label}: {text}" + (f" ({often} times of late)" if often > 1 else "")
                for label, text, often in results.unsteady]
    parts = [
        *map(_failure, failed),
        _listed("passed alone, after they had failed beside others", unsteady),
        _listed(
            "skipped",
            [
                f"{label_of(result, case)}: {case.text}"
                for result, case in _of(results, tap.SKIPPED)
            ],
        ),
        _listed(
            "unsteady once too often: each is a race until shown otherwise",
            [label for label, _, _ in results.races],
        ),
        _listed("failed", [label_of(result, case) for result, case in _of(results, tap.FAILED)]),
    ]
    count = ", ".join(
        f"{results.count(verdict)} {verdict}" for verdict in (tap.PASSED, tap.FAILED, tap.SKIPPED)
    )
    count += f", {len(results.unsteady)} unsteady" if results.unsteady else ""
    if results.left_out:
        count += f"\nno case at this level: {', '.join(results.left_out)}"
    return "\n".join([*filter(None, parts), f"\n{count}"])


def dearest(results):
    """The programs that took most of the CPUs, dearest first."""
    some = sorted(results.all, key=lambda result: -result.cpu_s)[:DEAREST]
    lines = [
        f"{result.cpu_s:7.1f} s CPU {result.wall_s:7.1f} s  {result.program.label}"
        for result in some
    ]
    cpu_s, wall_s = (
        sum(getattr(result, name) for result in results.all) for name in ("cpu_s", "wall_s")
    )
    return "\n".join(["\nthe dearest:", *(f"  {line}" for line in lines),
                      f"  all: {spoken(cpu_s)} of CPU, {spoken(wall_s)} one after the other"])


def write_times(path, results):
    """A line for each program, and for each case that prints its own time."""
    rows = [("suite", "program", "case", "verdict", "wall_s", "cpu_s")]
    for result in results.all:
        program = result.program
        rows.append(
            (
                program.suite,
                program.name,
                "",
                tap.verdict_of(result.cases),
                result.wall_s,
                result.cpu_s,
            )
        )
        rows += [(program.suite, program.name, case.name, case.verdict, case.wall_s, case.cpu_s)
                 for case in result.cases if case.wall_s is not None]
    path.write_text("".join("\t".join(_cell(cell) for cell in row) + "\n" for row in rows))


def _cell(value):
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def write_junit(path, results):
    root = ElementTree.Element("testsuites")
    for suite in dict.fromkeys(result.program.suite for result in results.all):
        own = [result for result in results.all if result.program.suite == suite]
        cases = [(result, case) for result in own for case in result.cases]
        element = ElementTree.SubElement(
            root, "testsuite", name=suite, tests=str(len(cases)),
            failures=_number(cases, tap.FAILED), skipped=_number(cases, tap.SKIPPED),
            time=f"{sum(result.wall_s for result in own):.2f}",
        )
        for result, case in cases:
            _write_case(element, result, case)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _number(cases, verdict):
    return str(sum(case.verdict == verdict for _, case in cases))


def _write_case(suite, result, case):
    seconds = case.wall_s if case.wall_s is not None else result.wall_s / len(result.cases)
    element = ElementTree.SubElement(
        suite, "testcase", classname=result.program.subject.replace(" ", "."),
        name=case.name or "-", time=f"{seconds:.2f}",
    )
    if case.verdict == tap.SKIPPED:
        ElementTree.SubElement(element, "skipped", message=_clean(case.text))
    elif case.verdict == tap.FAILED:
        failure = ElementTree.SubElement(element, "failure", message=_clean(case.text))
        failure.text = _clean(
            "\n".join(result.log.read_text(errors="replace").splitlines()[-TAIL:])
        )


def _clean(text):
    """XML has no place for most control characters."""
    return "".join(letter if letter >= " " or letter in "\n\t" else "?" for letter in text)
