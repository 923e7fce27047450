#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The table (docs/reference/kernels.md) of what each kernel protects against, kept true by the
tests that run on these kernels.

The cases note here what `vfsteer status` says of a guest and what each event has cost. Run as a
program when they are through, this compares the table's columns of protections with what was noted,
and fails where they differ; with --write it puts the table into the document instead, measured
figures included. Guests that did not run, or not to their end, are left as they stand there.
"""

import json
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
import tables  # noqa: E402
from tools.rig.checks import check  # noqa: E402
from tools.rig.places import BUILD  # noqa: E402

DOCUMENT = ROOT / "docs" / "reference" / "kernels.md"
NOTES = BUILD / "protections"
BEGIN, END = (
    "<!-- protections: written by tests/run vm --write-table -->",
    "<!-- protections: end -->",
)

# In the order of the table's rows: guests as the test programs name them, and what a reader calls
# them.
ROWS = {
    "5.10-acpi": "5.10",
    "6.1-acpi": "6.1",
    "6.12-acpi": "6.12",
    "sid-acpi": "sid (7.2 and later)",
    "6.1-lockdown": "6.1, lockdown=confidentiality",
    "6.12-lockdown": "6.12, lockdown=confidentiality",
    "6.12-btfless": "6.12, without BTF",
    "6.1-silenced": "6.1, kernel.ftrace_enabled=0",
}
# Columns that must agree with the run; those behind them are of one run, and differ from the next.
PROTECTIONS = (
    "guest",
    "attached by",
    "the primary's liveness",
    "BPF changes the word by",
    "removal waits",
    "warned of",
)
EVENTS = ("unplug", "plug", "unbind", "bind", "set down", "set up", "silent unplug", "silent plug")
# Which watched functions warn of which end before it comes, as bpf/watch_functions.h has it.
_WATCHED = {
    function: warns
    for function, _, _, _, _, warns, _, _ in tables.rows(
        "bpf/watch_functions.h", "WATCH_FUNCTIONS", "F"
    )
}
ENDS = {
    end: [function for function, warns in _WATCHED.items() if flag in warns.split("|")]
    for end, flag in (
        ("request", "WARNS_REQUEST"),
        ("removal", "WARNS_REMOVAL"),
        ("unbind", "WARNS_UNBIND"),
        ("down", "WARNS_SET_DOWN"),
        ("carrier", "WARNS_CARRIER"),
    )
}


def _path(guest):
    return NOTES / f"{guest}.json"


def _noted(guest):
    return (
        json.loads(_path(guest).read_text())
        if _path(guest).exists()
        else {"events": {}, "announced_ms": []}
    )


def _keep(guest, noted):
    NOTES.mkdir(parents=True, exist_ok=True)
    _path(guest).write_text(json.dumps(noted, indent=1))


def note_protections(guest, status, log):
    """What `vfsteer status --json` says of a guest with its agent, and how soon its agent has
    announced so far.
    """
    noted, pair = _noted(guest), status["pairs"][0]
    ends = [end for end, functions in ENDS.items() if set(functions) & set(status["watched"])]
    noted["protections"] = [
        pair["attached_by"],
        pair["liveness"],
        "compare-and-swap" if pair["compare_and_swap"] else "stores",
        "yes" if pair["removals_held"] else "no",
        ", ".join(ends) or "none",
    ]
    announced = re.findall(r"announced ([\d.]+) ms after it", log)
    check(announced, "the log names no announcement after a switchover")
    noted["announced_ms"] += map(float, announced)
    _keep(guest, noted)


def note_event(guest, event, result):
    """What an event has cost: a result of measure()."""
    noted = _noted(guest)
    noted["events"][event] = " / ".join(
        str(result[way]["lost"]) for way in ("out", "in") if way in result
    )
    _keep(guest, noted)


def _row(guest, noted):
    announced = sorted(noted["announced_ms"])
    return [
        ROWS[guest],
        *noted["protections"],
        *(noted["events"].get(event, "") for event in EVENTS),
        f"{announced[len(announced) // 2]} ({announced[-1]})" if announced else "",
    ]


def _heading():
    return [
        *PROTECTIONS,
        *(
            f"{event}, in" if event.startswith("silent") else f"{event}, out / in"
            for event in EVENTS
        ),
        "announced after ms (worst)",
    ]


def _line(cells):
    return f"| {' | '.join(cells)} |"


def _rows_of(document):
    """{first cell: cells} of the table that stands in the document."""
    table = document.split(BEGIN)[1].split(END)[0]
    rows = [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in table.splitlines()
        if line.startswith("|")
    ]
    return {row[0]: row for row in rows}


def main(write):
    document = DOCUMENT.read_text()
    if BEGIN not in document or END not in document:
        sys.exit(f"{DOCUMENT.name} has no place for the table: {BEGIN}")
    noted = {guest: _noted(guest) for guest in ROWS if _path(guest).exists()}
    ran = {guest: _row(guest, notes) for guest, notes in noted.items() if "protections" in notes}
    if not ran:
        print("no guest of the table has run")
        sys.exit(77)
    standing = _rows_of(document)
    if write:
        lines = [_line(_heading()), "|---" * len(_heading()) + "|"]
        lines += [
            _line(ran.get(guest) or standing[name])
            for guest, name in ROWS.items()
            if guest in ran or name in standing
        ]
        head, tail = document.split(BEGIN)[0], document.split(END)[1]
        DOCUMENT.write_text(f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{tail}")
        print(f"ok 1 - {DOCUMENT.name}: {len(ran)} of {len(ROWS)} rows written")
        return
    count = len(PROTECTIONS)
    differing = [
        f"{' | '.join(row[:count])}\n  {DOCUMENT.name}: {' | '.join(standing.get(row[0], ['no such row'])[:count])}"
        for row in ran.values()
        if standing.get(row[0], [])[:count] != row[:count]
    ]
    if differing:
        sys.exit(
            "the table of protections is not true any more: tests/run vm --write-table\n"
            + "\n".join(differing)
        )
    print(f"ok 1 - {DOCUMENT.name} says what {len(ran)} of {len(ROWS)} guests have")


if __name__ == "__main__":
    main(sys.argv[1:] == ["--write"])
