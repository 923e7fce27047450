# SPDX-License-Identifier: GPL-2.0-only
"""How much work a figure takes: all that makes it good, or with --smoke as little as has every step
taken once.

With --smoke the figures say nothing; that they are there, for every contender that was asked for,
says that the benchmark runs.
"""

_smoke = False


def lessen():
    """From now on the least: main.py's, before anything is measured."""
    global _smoke
    _smoke = True


def is_least():
    return _smoke


def effort(full, least):
    """Which of the two, as of now."""
    return least if _smoke else full
