# SPDX-License-Identifier: GPL-2.0-only
"""The tables of the sources (X-macros), for tests that compare documents with them:
rows("include/vfsteer_tables.h", "VFSTEER_CAUSES").
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[(){},]|[^\s"(){},]+')


def _arguments(text):
    """The arguments of one row: strings that stand beside each other are one, without their quotes;
    what is in brackets is one argument.
    """
    arguments, depth = [""], 0
    for token in _TOKEN.findall(text):
        if token == "," and not depth:
            arguments.append("")
            continue
        depth += (token in "({") - (token in ")}")
        # A string ends what it is; other words need a space between them.
        arguments[-1] += (
            token[1:-1]
            if token.startswith('"') and not depth
            else (" " if arguments[-1][-1:].isalnum() and token[0].isalnum() else "") + token
        )
    return arguments


def rows(file, name, row="X"):
    """[the arguments of each row] of the table that #define NAME(ROW) has in this file."""
    source = (ROOT / file).read_text()
    found = re.search(rf"^#define {name}\({row}\)\s*\\\n((?:.*\\\n)*.*\n)", source, re.M)
    assert found, f"{file}: no table {name}({row})"
    body = re.sub(r"/\*.*?\*/", "", found[1].replace("\\\n", "\n"), flags=re.S)
    rows_found = list(_rows(body, row))
    assert rows_found, f"{file}: {name}({row}) has no rows"
    return rows_found


def _rows(body, row):
    for begin in re.finditer(rf"(?<![\w\"]){row}\(", body):
        depth, at, quoted = 1, begin.end(), False
        while depth:
            quoted ^= body[at] == '"' and body[at - 1] != "\\"
            depth += 0 if quoted else (body[at] == "(") - (body[at] == ")")
            at += 1
        yield _arguments(body[begin.end():at - 1])
