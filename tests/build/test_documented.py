#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The documents and the sources agree: what a document names exists, and what the sources list is
documented. TAP on stdout.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tables  # noqa: E402
from documents import ROOT, documents, files, main, manuals, read  # noqa: E402

VFSTEER = os.environ.get("VFSTEER", str(ROOT / "build" / "vfsteer"))


# Each of the checks yields a line for everything that is wrong.

def code_of(name):
    """Spans and blocks of code of a document."""
    text = read(name)
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text) + re.findall(
        r"^```\w*\n(.*?)^```", text, re.M | re.S
    )


def commands_exist(codes=None):
    """Subcommands and options of vfsteer, and keys of its configuration."""
    usage = subprocess.run([VFSTEER, "help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    commands = set(re.findall(r"^  vfsteer ([a-z-]+)", usage, re.M))
    details = usage + "".join(
        subprocess.run([VFSTEER, "help", one], stdout=subprocess.PIPE, text=True, check=True).stdout
        for one in commands
    )
    options = set(re.findall(r"--[a-z-]+", details))
    for name, codes in codes or [(name, code_of(name)) for name in documents()]:
        for code in codes:
            for command, rest in re.findall(
                r"(?:^|[#$;] |sudo |/)vfsteer ([a-z][a-z-]*)\b([^\n;|`)]*)", code
            ):
                if command not in commands and command != "configuration":
                    yield f"{name}: vfsteer {command}: no such command"
                for option in re.findall(r"--[a-z-]+", rest):
                    if option not in options:
                        yield f"{name}: vfsteer {command} {option}: no such option"


def keys_exist():
    """Of the configuration, as vfsteer.conf(5) has them; that page is compared with the program in
    test_installed.sh.
    """
    manual, count = read("user/man/vfsteer.conf.5"), 0
    for name in documents():
        for key in re.findall(r"`([a-z]+(?:_[a-z]+)*) = [a-z]", read(name)):
            count += 1
            if not re.search(rf"^\.(?:BR|BI) (?:{key}\b)", manual, re.M):
                yield f"{name}: {key}: not in vfsteer.conf(5)"
    if not count:
        yield "no document names a key"


def json_keys_are_documented():
    """Every key that the programs write stands in docs/reference, and no other."""
    host = "".join(read(name) for name in files("user/host/*.c"))
    call = r"\b(?:json_add(?:_[a-z]+)?|add_[a-z]+)\([a-z_>-]+,\s+\"([a-z_]+)\""
    written = set(re.findall(call, host))
    for key in sorted(written - set(re.findall(r"`([a-z_]+)`", read("docs/reference/host.md")))):
        yield f"docs/reference/host.md: {key} is written and not there"
    sources = "".join(read(name) for name in files("user/*.c") if not name.startswith("user/host/"))
    written = set(re.findall(r"json_add(?:_[a-z]+)?\([a-z_>-]+, \"([a-z_]+)\"", sources))
    text = read("docs/reference/json.md")
    tables = "\n".join(
        line.split("|")[1] + " " + line.split("|")[3]
        for line in text.splitlines()
        if line.startswith("|")
    )
    for key in sorted(written - set(re.findall(r"`([a-z_.]+)`", tables))):
        yield f"docs/reference/json.md: {key} is written and not there"
    # Those of three columns; the others have values.
    for key in sorted(
        {
            word
            for line in text.splitlines()
            if line.startswith("| `") and line.count("|") == 4
            for word in re.findall(r"`([a-z_]+)`", line.split("|")[1])
        }
        - written
    ):
        yield f"docs/reference/json.md: {key} is there and not written"


def rows_of(name, begin, end="\n\n"):
    """[(the code in the first column, the second)] of a table of a document: from the row after
    @begin on, as far as @end.
    """
    text = read(name).partition(begin)[2].partition(end)[0]
    return [
        (re.findall(r"`([^`]+)`", first), second.strip())
        for first, second in re.findall(r"^\| ([^|]*) \| ([^|]*) \|$", text, re.M)
        if "`" in first
    ]


def differences(name, documented, wanted):
    """@documented as rows_of returns it; @wanted: [(code, text)]."""
    texts = {code: text for codes, text in documented for code in codes}
    for code, text in wanted:
        if texts.get(code) != text:
            yield f"{name}: {code}: {texts.get(code, 'not there')}, expected: {text}"
    for code in texts.keys() - {code for code, _ in wanted}:
        yield f"{name}: {code}: in no table of the sources"


def tables_are_documented():
    """Each row of the tables of include/vfsteer_tables.h stands in the reference, with its
    explanation.
    """
    source = "include/vfsteer_tables.h"
    for table, heading in (
        ("VFSTEER_DOWN_REASONS", "| `down_reason` | explanation |\n"),
        ("VFSTEER_CAUSES", "| `last_switch.cause` | explanation |\n"),
    ):
        # The first says that there is nothing to explain.
        yield from differences(
            "docs/reference/json.md", rows_of("docs/reference/json.md", heading),
            [row[1:] for row in tables.rows(source, table)[1:]],
        )
    for table, heading in (
        ("VFSTEER_COUNTERS", "## Of a pair\n"),
        ("VFSTEER_PORT_COUNTERS", "## Of a port\n"),
    ):
        yield from differences(
            "docs/reference/counters.md", rows_of("docs/reference/counters.md", heading, "## "),
            [(field, text) for field, _, text in tables.rows(source, table)],
        )


def watched_functions_are_documented():
    """Each row of bpf/watch_functions.h, with what it sees and since when."""
    name = "docs/internals/watch-programs.md"
    yield from differences(
        name,
        rows_of(name, "| kernel function | sees |\n"),
        [
            (function, f"{sees} (Linux {since})" if since else sees)
            for function, since, sees, *_ in tables.rows(
                "bpf/watch_functions.h", "WATCH_FUNCTIONS", "F"
            )
        ],
    )


def config_keys():
    """[(key, sections, default or "", (least, most) or the words)] of the table in
    user/cli/config_keys.c.
    """
    for row in re.findall(
        r'^\t\{ ("[a-z_]+", IN_.*?) \},?$', read("user/cli/config_keys.c"), re.M | re.S
    ):
        name, sections, fallback = re.match(r'"(\w+)", ([A-Z_ |]+), (?:"(\w+)"|NULL)', row).groups()
        numbers, words = re.search(r"\b(?:NUMBER|SECONDS_OR_OFF)\((\d+), (\d+)\)", row), re.search(
            r"\bCHOICE\(\w+, (.*)\)", row
        )
        yield name, set(
            re.findall(r"IN_(\w+)", sections)
        ), fallback or "", numbers.groups() if numbers else re.findall(
            r"\w+", words[1]
        ) if words else ()


def config_keys_are_documented(table=None):
    """vfsteer.conf(5) has each key under its sections, with its range or words and its default; and
    no other. So has the example there.
    """
    text = read("user/man/vfsteer.conf.5")
    documented = {}
    for heading, part in re.findall(r"^\.SH ([A-Z ]+) KEYS\n(.*?)(?=^\.SH)", text, re.M | re.S):
        for tag in re.findall(r"^\.TP\n\.B[RI] (.*)$", part, re.M):
            plain = re.sub(r"\\f.|\"", "", re.sub(r'" ?| "', "", tag)).replace("  ", " ")
            documented[re.match(r"\w+", plain)[0], heading] = plain
    wanted = {}
    for name, sections, fallback, values in table or config_keys():
        if isinstance(values, tuple) and values:
            said = [f"({values[0]} to {values[1]}", f"default {fallback})"]
        else:
            said = [
                " | ".join(
                    f"{word} (default)" if word == fallback else word
                    for word in values or [fallback]
                    if word
                )
            ]
        wanted[
            name,
            " AND ".join(section for section in ("AGENT", "PAIR", "PORT") if section in sections),
        ] = said
        if (
            "AGENT" in sections
            and fallback
            and f"\n{name} = {fallback}\n"
            not in text.partition(".EX\n[agent]")[2].partition("[pair")[0]
        ):
            yield f"user/man/vfsteer.conf.5: {name} = {fallback}: not in the example with all keys"
    for (name, heading), said in sorted(wanted.items()):
        shown = documented.get((name, heading), "")
        if not shown or not all(one in re.sub(r" ?\| ?", " | ", shown) for one in said):
            yield f"user/man/vfsteer.conf.5: {name}, {heading} KEYS: \"{shown}\", expected: {', '.join(said)}"
    for name, heading in sorted(documented.keys() - wanted.keys()):
        yield f"user/man/vfsteer.conf.5: {name}: not in user/cli/config_keys.c"


def examples_are_tested():
    """Each block with a vfsteer command and its output has a mark, and each mark a test that makes
    its situation.
    """
    tests, marks, blocks = "".join(read(name) for name in files("tests/*test_examples.py")), 0, 0
    for name in [*documents(), *manuals()]:
        text = read(name)
        for mark in re.findall(r'^(?:<!--|\.\\") example: ([a-z-]+)', text, re.M):
            marks += 1
            if f'"{mark}"' not in tests:
                yield f"{name}: example {mark}: no test makes it"
        for before, body in re.findall(
            r"((?:^.*\n)?)^(?:```\w*|\.EX)\n(.*?)^(?:```|\.EE)$", text, re.M | re.S
        ):
            blocks += 1
            if re.search(r"^# (?:vfsteer|bpftool) ", body, re.M) and "example:" not in before:
                yield f"{name}: no mark before: {body.splitlines()[0]}"
    if not marks or not blocks:
        yield f"{marks} marks and {blocks} blocks of code in all documents"


WRONG = (
    (
        differences,
        (
            "wrong.md",
            [(["right", "old"], "text"), (["other"], "text")],
            [("right", "text"), ("other", "changed"), ("new", "text")],
        ),
        3,
    ),
    (config_keys_are_documented, [*config_keys(), ("new_ms", {"AGENT"}, "5", ("1", "9"))], 2),
    (
        commands_exist,
        [
            (
                "wrong.md",
                [
                    "vfsteer gone",
                    "# vfsteer status --gone eth0",
                    "vfsteer status --json",
                    "sudo vfsteer run",
                ],
            )
        ],
        2,
    ),
)
CHECKS = (
    commands_exist,
    keys_exist,
    json_keys_are_documented,
    tables_are_documented,
    watched_functions_are_documented,
    config_keys_are_documented,
    examples_are_tested,
)

if __name__ == "__main__":
    main("documented", CHECKS, WRONG)
