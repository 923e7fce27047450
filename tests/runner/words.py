# SPDX-License-Identifier: GPL-2.0-only
"""The words on the command line."""

from dataclasses import dataclass, field

from tools.rig.levels import LEVELS

SUITES = ("build", "unit", "bpf", "bench", "sanitize", "fuzz", "netns", "storms", "vm")
# The quick level has no time for compilers, guests and minutes of chance.
QUICK_SUITES = ("build", "unit", "bpf", "bench", "netns")
USAGE = """\
sudo tests/run                          the normal level of all suites
sudo tests/run --level quick            three minutes, no guests; also: full, nightly (everything)
sudo tests/run unit bpf                 two suites
sudo tests/run netns unload mtu         the cases of netns with "unload" or "mtu" in their name
sudo tests/run --list netns             the names of what would be run
sudo tests/run vm --write-table         guests only, and the table of protections in docs/reference/kernels.md
"""


class Mistake(Exception):
    """The command line makes no sense."""


@dataclass
class Words:
    suites: list = field(default_factory=list)  # in the order of SUITES
    filters: list = field(default_factory=list)
    level: str = "normal"
    level_given: bool = False
    write_table: bool = False
    list: bool = False
    help: bool = False

    def wants(self, name):
        """Is a case of this name asked for?"""
        return not self.filters or any(one in name for one in self.filters)


def usage(logs):
    return (
        f"{USAGE}suites: {' '.join(SUITES)}; levels: {' '.join(LEVELS)}; the logs are in {logs}\n"
    )


def parse(arguments):
    """The Words of a command line; raises Mistake."""
    words, named, rest = Words(), set(), list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("-h", "--help", "help"):
            words.help = True
        elif word == "--write-table":
            words.write_table = True
        elif word == "--list":
            words.list = True
        elif word == "--level" or word.startswith("--level="):
            words.level, words.level_given = _level(word, rest), True
        elif word.startswith("-"):
            raise Mistake(f"{word}: no such option")
        elif word in SUITES:
            named.add(word)
        else:
            words.filters.append(word)
    everything = QUICK_SUITES if words.level == "quick" else SUITES
    words.suites = [suite for suite in SUITES if suite in (named or everything)]
    return words


def _level(word, rest):
    level = word.partition("=")[2] if "=" in word else rest.pop(0) if rest else ""
    if level not in LEVELS:
        raise Mistake(f"--level {level}: not one of {', '.join(LEVELS)}")
    return level
