# SPDX-License-Identifier: GPL-2.0-only
"""The levels of the tests: how much of them a run takes. tests/run sets VFSTEER_LEVEL.

    quick    three minutes, no guests
    normal   what each change has to pass
    full     normal, with every guest that counts packets on the kernels that most systems have
    nightly  everything

A case belongs to normal unless a decorator says otherwise. One that is left for a later level names
what covers its subject before that. A program that is run by hand takes every case that is named.
"""

import os

LEVELS = ("quick", "normal", "full", "nightly")
LEVEL = os.environ.get("VFSTEER_LEVEL", "normal")
if LEVEL not in LEVELS:
    raise SystemExit(f"VFSTEER_LEVEL={LEVEL}: not one of {', '.join(LEVELS)}")


def reached(level, at=None):
    """Does a run of level @at, which is this process's unless given, include what belongs to
    @level?
    """
    return LEVELS.index(level) <= LEVELS.index(at or LEVEL)


def level_of(thing):
    """The first level that takes a case (its function)."""
    return getattr(thing, "level", "normal")


def covered_by(thing):
    """What covers the subject of a case in the levels that leave it out; None: no level does."""
    return getattr(thing, "covered_by", None)


def copied(source, target):
    """Gives a function that stands for another the other's level."""
    for name in ("level", "covered_by"):
        if hasattr(source, name):
            setattr(target, name, getattr(source, name))
    return target


def quick(function):
    """Decorator: a case that even the quick level takes."""
    function.level = "quick"
    return function


def _later(level, cover):
    def mark(function):
        function.level, function.covered_by = level, cover
        return function
    return mark


def full(cover):
    """Decorator: a case from level full on. @cover: what covers its subject in normal."""
    return _later("full", cover)


def nightly(cover):
    """Decorator: a case of the nightly level alone. @cover: what covers its subject in normal."""
    return _later("nightly", cover)
