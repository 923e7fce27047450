# SPDX-License-Identifier: GPL-2.0-only
"""Statistics over a figure's raw values, and how numbers are written."""

import statistics

# What is a gain when it grows; everything else is a cost.
RATES = ("bit/s", "Mbit/s", "Gbit/s", "packets/s", "transactions/s", "Mpps")
GAINS = ("vf/after", "/part-of-bare")
# Noted, but no merit of a contender: QEMU's own pause, and how long the measurement had lasted.
NO_MERIT = ("downtime/events", "downtime/reported", "vf/before")
# The senders pause by themselves on an emulated machine: gaps that differ by less say nothing.
GAP_TOLERANCE_MS = 5.0


def numbers(figure):
    """The values that are numbers: neither series nor what could not be measured."""
    return (
        [
            value
            for value in figure.values
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        ]
        if figure
        else []
    )


def more_is_better(figure):
    return figure.unit in RATES or figure.metric.endswith(GAINS)


def is_merit(figure):
    """Whether a figure is something to be better at."""
    return not figure.metric.endswith(NO_MERIT)


def median(values):
    return statistics.median(values) if values else None


def worst(values, more=False):
    """more: a higher value is a better one."""
    return (min(values) if more else max(values)) if values else None


def share(values, good):
    """Which part of the values is good, or None without any."""
    return sum(1 for value in values if good(value)) / len(values) if values else None


def excess_gaps(figure):
    """Of each gap, what the sender's own longest pause does not account for."""
    return (
        [
            max(0.0, value - one.get("sender_pause_ms", 0))
            for value, one in zip(figure.values, figure.measured)
            if isinstance(value, (int, float))
        ]
        if figure
        else []
    )


def text(value):
    """A number for people: 0, 6,004, 12.5, 0.97."""
    if value is None:
        return "–"
    if value == int(value):
        return f"{int(value):,}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def median_and_worst(figure):
    """"0", or "2 (17)" when the worst is not the median; "unreachable" when there was nothing to
    measure.
    """
    if not figure:
        return "–"
    values = numbers(figure)
    if not values:
        return "unreachable" if figure.values else "–"
    middle, bad = median(values), worst(values, more_is_better(figure))
    return text(middle) + (f" ({text(bad)})" if text(bad) != text(middle) else "")
