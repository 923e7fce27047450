# SPDX-License-Identifier: GPL-2.0-only
"""The documents, and programs of checks of them: each check yields a line for everything that is
wrong. TAP on stdout.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files(*patterns):
    """Those that git knows, or would."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard", "--", *patterns],
        stdout=subprocess.PIPE, text=True, check=True,
    ).stdout.splitlines()
    return [name for name in sorted(set(listed)) if (ROOT / name).is_file()]


def read(name):
    return (ROOT / name).read_text()


def documents():
    return files("*.md")


def manuals():
    return files("user/man/*")


def main(program, checks, wrong, unable=None):
    """@wrong: (check, argument, how many lines it yields): a check that finds nothing in these is
    broken. @unable: {check: why it cannot run here, or an empty string}, asked when it is its turn.
    """
    if sys.argv[1:] == ["--list"]:
        print(program)
        return
    count = failed = 0

    def result(name, problems):
        nonlocal count, failed
        count += 1
        failed += bool(problems)
        print(
            *(f"# {problem}" for problem in problems),
            f"{'not ok' if problems else 'ok'} {count} - {name}", sep="\n", flush=True,
        )

    for check in checks:
        name = check.__name__.replace("_", "-")
        reason = (unable or {}).get(check, str)()
        if reason:
            count += 1
            print(f"ok {count} - {name} # SKIP {reason}")
            continue
        result(name, list(check()))
    for check, argument, expected in wrong:
        found = list(check(*argument) if isinstance(argument, tuple) else check(argument))
        result(
            f"wrong-is-found: {check.__name__.replace('_', '-')}",
            [] if len(found) == expected else [f"{expected} expected, found: {found}"],
        )
    print(f"1..{count}")
    sys.exit(bool(failed))
