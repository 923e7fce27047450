# SPDX-License-Identifier: GPL-2.0-only
"""The examples of the documents: a marker names a situation, the block behind it has commands and
their output.

    <!-- example: NAME -->          .\\" example: NAME
    ```                             .EX
    # vfsteer status                # vfsteer status
    ...                             ...
    ```                             .EE

A test makes the situation NAME and calls check(NAME, run): every command of every block of that
name is run, and its output is compared. Numbers, times and MACs may differ, and lines about dropped
packets may be there or not. A line "…" stands for lines that are left out. A block without commands
is lines of a log, which run("log") returns. With --write on the command line the real output
replaces the block; blocks with "…" keep their lines.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WRITE = "--write" in sys.argv
if WRITE:
    sys.argv.remove("--write")
BLOCK = re.compile(r"""(?P<head>^(?:<!--\ example:\ (?P<markdown>[a-z-]+)\ -->\n```[a-z]*
                                   |\.\\"\ example:\ (?P<man>[a-z-]+)\n\.EX)\n)
                       (?P<body>.*?)(?P<tail>^(?:```|\.EE)$)""", re.M | re.S | re.X)
OPTIONAL = re.compile(r"^\s*N packet (dropped|sent|802)")
ELISION = "…"


def documents():
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("user/man/*")])


def _from_man(text):
    return re.sub(r"^\\&", "", text, flags=re.M).replace(r"\-", "-").replace(r"\e", "\\")


def _to_man(text):
    text = text.replace("\\", r"\e").replace("-", r"\-")
    return re.sub(r"^(?=[.'])", r"\\&", text, flags=re.M)


def blocks():
    """Every (document, name, body) there is."""
    for document in documents():
        for found in BLOCK.finditer(document.read_text()):
            body = found["body"]
            yield document, found["markdown"] or found["man"], _from_man(body) if found[
                "man"
            ] else body


def normalised(line):
    line = re.sub(r"\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b", "MAC", line)
    line = re.sub(r"\b\d+(\.\d+)? (ns|us|ms|s|min|h|d)\b", "TIME", line)
    line = re.sub(r"\s*-?\b\d+(\.\d+)?\b", " N", line)
    line = re.sub(r"\b(native|tc)\b", "DRIVER", line)
    line = re.sub(r"( N,)+ N\b", " N", line)
    line = re.sub(r"\b(un)?answered\b|\bREACH_(UN)?ANSWERED\b|\bREACH_UNKNOWN\b", "ANSWERED", line)
    return re.sub(
        r"\b(packet|switche?|time|byte)s\b", lambda word: word[1].removesuffix("e"), line
    ).rstrip()


def _compared(lines):
    """[(normalised, line)] of those that are compared."""
    pairs = [(normalised(line), line) for line in lines]
    return [pair for pair in pairs if not OPTIONAL.match(pair[0])]


def _find(wanted, lines, start):
    """Where the normalised lines are in a list of (normalised, line); -1: nowhere."""
    for at in range(start, len(lines) - len(wanted) + 1):
        if [line for line, _ in lines[at:at + len(wanted)]] == wanted:
            return at
    return -1


def _differences(expected, output):
    """(what differs, or None; the lines that were found for those expected, "…" kept)."""
    got, found, start = _compared(output), [], 0
    parts, elided = [[]], ELISION in expected
    for line in expected:
        if line == ELISION:
            parts.append([])
        else:
            parts[-1].append(line)
    for number, part in enumerate(parts):
        wanted = [line for line, _ in _compared(part)]
        at = _find(wanted, got, start)
        if at < 0 or (not elided and len(got) != len(wanted)):
            return "expected:\n" + "\n".join(part) + "\nthe output is:\n" + "\n".join(output), None
        found += [ELISION] * bool(number) + [line for _, line in got[at:at + len(wanted)]]
        start = at + len(wanted)
    return None, found


def _steps(body):
    """[(command or None, lines of output)]."""
    steps = [[None, []]]
    for line in body.splitlines():
        if line.startswith("# "):
            steps.append([line[2:], []])
        else:
            steps[-1][1].append(line)
    return steps if steps[0][1] else steps[1:]


def _check_block(document, name, body, run):
    """The body as it should be. AssertionError: it is another, and is not to be written."""
    written = []
    for command, expected in _steps(body):
        output = run("log" if command is None else command).rstrip("\n").splitlines()
        wrong, found = _differences(
            [ELISION, *expected, ELISION] if command is None else expected, output
        )
        if wrong and (not WRITE or ELISION in expected or command is None):
            raise AssertionError(
                f"{document.relative_to(ROOT)}: example {name}: {command or 'log'}: {wrong}"
            )
        if command is None:
            found = found[1:-1]
        elif ELISION not in expected:
            found = output
        written += ([] if command is None else [f"# {command}"]) + found
    return "".join(f"{line}\n" for line in written)


def check(name, run):
    """@run: a function that runs a command of the example's situation and returns its output, both
    streams.
    """
    count = 0
    for document in documents():
        text = document.read_text()

        def replaced(found):
            nonlocal count
            if name not in (found["markdown"], found["man"]):
                return found[0]
            count += 1
            body = _from_man(found["body"]) if found["man"] else found["body"]
            new = _check_block(document, name, body, run)
            return found["head"] + (_to_man(new) if found["man"] else new) + found["tail"]

        new = BLOCK.sub(replaced, text)
        if WRITE and new != text:
            document.write_text(new)
    if not count:
        raise AssertionError(f"no document has an example {name}: the test makes it for nothing")
    return count
