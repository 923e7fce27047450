#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
# level: normal
"""SECURITY.md claims nothing that is not tested: every file and case that its tables name is there.
"""

import fnmatch
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "security-names-real-tests"


def cases(file):
    """What a program of the tests lists; a guest's name before a case is left out."""
    if file.suffix == ".sh":
        return set(re.findall(r'^result \$\? "?([a-z0-9-]+)', file.read_text(), re.M))
    listed = subprocess.run(
        [file, "--list"], env={**os.environ, "VFSTEER_LEVEL": "nightly"}, stdout=subprocess.PIPE,
        text=True, check=True,
    ).stdout
    return {line.split("/")[-1] for line in listed.split()}


def missing(text):
    default, count = None, 0
    for line in text.splitlines():
        if line.startswith("| it cannot") or line == "| | test |":
            found = re.search(r"`(tests/\S+)`", line)
            default = found and found[1]
        if not line.startswith("| ") or re.fullmatch(r"\| .*\| test.*\|", line):
            continue
        file = default
        for path, word in re.findall(
            r"`(tests/[^`]+)`|([a-z0-9]+(?:-[a-z0-9*]+)+|\b(?:runts|software|unplug|usb)\b)",
            line.split("|")[-2],
        ):
            if path:
                file = path
                if not (ROOT / path).exists():
                    yield path
            elif not file or not any(fnmatch.fnmatch(case, word) for case in cases(ROOT / file)):
                yield f"{file}: {word}"
            else:
                count += 1
    if count < 30:
        yield f"only {count} cases were recognised"


if sys.argv[1:] == ["--list"]:
    print(NAME)
else:
    absent = list(missing((ROOT / "SECURITY.md").read_text()))
    print(
        *(f"# not there: {one}" for one in absent), f"{'not ok' if absent else 'ok'} 1 - {NAME}",
        "1..1", sep="\n",
    )
    sys.exit(bool(absent))
