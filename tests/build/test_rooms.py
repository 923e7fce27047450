#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The rooms of user/: a room includes only rooms below it, no header includes itself by a detour,
and the map in user/README.md has them in that order. TAP on stdout.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
USER = ROOT / "user"
MAX_LINES = 350
BESIDE = {"man", "system"}  # no sources
INCLUDE = re.compile(r'^#include "([a-z]+)/(\w+)\.h"', re.M)
QUOTED = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
# What is included beside the headers of rooms: the maps' layout, skeletons, tables of bpf/.
OTHERS = re.compile(r"vfsteer(_\w+)?\.h|\w+\.skel\.h|\.\./\.\./bpf/\w+\.h")


def rooms_of_the_map(text):
    """The rooms of the map's table, from top to bottom."""
    return re.findall(r"^\| `(\w+)/` \|", text, re.M)


def includes(sources):
    """{"room/name": the set of "room/name" that its source and header include}."""
    found = {}
    for path, text in sources.items():
        own = re.sub(r"\.[ch]$", "", path)
        found.setdefault(own, set()).update("/".join(name) for name in INCLUDE.findall(text))
        found[own].discard(own)
    return found


def unread(sources):
    """Lines about includes that the pattern of the rooms' headers passes over."""
    return [
        f"{path}: {name}"
        for path, text in sources.items()
        for name in QUOTED.findall(text)
        if not OTHERS.fullmatch(name) and not INCLUDE.match(f'#include "{name}"')
    ]


def upward(found, rooms):
    """Lines about includes of a room that stands above the includer's."""
    floor = {room: number for number, room in enumerate(rooms)}
    return [
        f"{own} includes {other}.h, of a room above it"
        for own, others in sorted(found.items())
        for other in sorted(others)
        if floor[other.split("/")[0]] < floor[own.split("/")[0]]
    ]


def circles(found):
    """Lines about headers that include each other, directly or by others. A source may use a part
    that needs its header.
    """
    state, lines = {}, []

    def visit(own, way):
        state[own] = "open"
        for other in sorted(found.get(own, ())):
            if state.get(other) == "open":
                lines.append(" -> ".join([*way[way.index(other):], other]))
            elif other not in state:
                visit(other, [*way, other])
        state[own] = "done"

    for own in sorted(found):
        if own not in state:
            visit(own, [own])
    return lines


def names_used_twice(paths):
    names = [path.split("/")[1] for path in paths]
    return sorted({name for name in names if names.count(name) > 1})


def main():
    sources = {
        str(path.relative_to(USER)): path.read_text() for path in sorted(USER.glob("*/*.[ch]"))
    }
    rooms = rooms_of_the_map((USER / "README.md").read_text())
    folders = {path.name for path in USER.iterdir() if path.is_dir()} - BESIDE
    found = includes(sources)
    wrong = {"policy/a": {"pair/b"}, "pair/b": {"policy/a"}}
    cases = [
        ("map-has-every-room", sorted(folders ^ set(rooms))),
        ("thirteen-rooms", [] if len(rooms) == 13 else [f"{len(rooms)} rooms"]),
        (
            "every-include-is-read",
            unread(sources) if any(found.values()) else ["no include was found"],
        ),
        ("no-source-outside-a-room", [str(path) for path in USER.glob("*.[ch]")]),
        (
            "no-upward-include",
            upward(found, rooms)
            if folders == set(rooms)
            else ["the map is not that of the folders"],
        ),
        (
            "no-circle",
            circles(
                includes({path: text for path, text in sources.items() if path.endswith(".h")})
            ),
        ),
        ("no-name-twice", names_used_twice(sources)),
        (
            "no-long-file",
            [
                f"{path}: {text.count(chr(10))} lines"
                for path, text in sources.items()
                if text.count("\n") > MAX_LINES
            ],
        ),
        (
            "a-wrong-include-is-found",
            []
            if upward(wrong, rooms) and circles(wrong) and unread({"a": '#include "b/c/d.h"'})
            else ["not found"],
        ),
    ]
    for number, (name, lines) in enumerate(cases, 1):
        print(f"{'not ok' if lines else 'ok'} {number} - {name}")
        for line in lines:
            print(f"# {line}")
    print(f"1..{len(cases)}")
    return any(lines for _, lines in cases)


if __name__ == "__main__":
    sys.exit(main())
