# SPDX-License-Identifier: GPL-2.0-only
"""Where vfsteer is behind: every figure in which a contender does better, found in the data and not
by choice.
"""

from dataclasses import dataclass

from tools.benchmark.figures import (
    GAP_TOLERANCE_MS,
    excess_gaps,
    is_merit,
    median,
    more_is_better,
    numbers,
    worst,
)
from tools.benchmark.names import rivals

COMPARED = ("vfsteer", "vfsteer-net_failover")


@dataclass
class Behind:
    """whose: of ours, which one; ours, theirs: (median, worst); by: what of it is worse for us,
    "median", "worst" or both.
    """
    section: str
    metric: str
    kernel: str
    unit: str
    whose: str
    contender: str
    ours: tuple
    theirs: tuple
    runs: tuple
    by: str


def _values(figure):
    return excess_gaps(figure) if "/gap/" in figure.metric else numbers(figure)


def _compare(ours, theirs):
    more, allowed = more_is_better(ours), GAP_TOLERANCE_MS if "/gap/" in ours.metric else 0
    pairs = []
    for statistic in (median, lambda values: worst(values, more)):
        pairs.append((statistic(_values(ours)), statistic(_values(theirs))))
    sign = -1 if more else 1
    by = [
        what
        for what, (mine, other) in zip(("median", "worst"), pairs)
        if sign * (mine - other) > allowed
    ]
    if not by:
        return None
    return Behind(
        ours.section, ours.metric, ours.kernel, ours.unit, ours.contender, theirs.contender,
        (pairs[0][0], pairs[1][0]), (pairs[0][1], pairs[1][1]),
        (len(numbers(ours)), len(numbers(theirs))), " and ".join(by),
    )


def behind(results):
    """All of them, in the order of the results: of a plain pair, then of one of net_failover. What
    only `rx = direct` is behind in, who sets that has chosen.
    """
    found = []
    others = rivals(results.distinct("contender"))
    figures = [figure for ours in COMPARED for figure in results.figures(contender=ours)]
    for figure in filter(is_merit, figures):
        for other in others:
            theirs = results.figure(figure.section, other, figure.metric, figure.kernel)
            if theirs and _values(figure) and _values(theirs):
                found.append(_compare(figure, theirs))
    return [one for one in found if one]
