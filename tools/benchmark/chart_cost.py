# SPDX-License-Identifier: GPL-2.0-only
"""The chart of costs: how much more than the bare device each contender takes, bars to the right of
nothing.
"""

from tools.benchmark.charts import LEFT, RIGHT, WIDTH, heading, legend
from tools.benchmark.figures import median, more_is_better, numbers
from tools.benchmark.names import name_of, ordered
from tools.benchmark.svg import GRID, INK, SOFT, Drawing, linear, steps

LABELS, BAR, GAP, TOP = 190, 15, 14, 88
FIGURE = 44  # the width of what is written beside a bar


def baseline(results, section, metric, kernel):
    """The contender all others are compared with: the one called bare."""
    return next((figure for figure in results.figures(section, metric=metric, kernel=kernel)
                 if figure.contender.startswith("bare") and numbers(figure)), None)


def ratio(figure, bare):
    """Of the medians, over bare; or None."""
    ours, base = median(numbers(figure)), median(numbers(bare))
    return ours / base if ours is not None and base else None


def overhead_percent(figure, bare):
    """What is paid in addition: more instructions or time, or less throughput."""
    over = ratio(figure, bare)
    if not over:
        return None
    return (1 / over - 1 if more_is_better(figure) else over - 1) * 100


def overheads(results, kernel):
    """[(metric, [(contender, percent)])] of all that has a bare device to be compared with."""
    found = []
    for metric in results.distinct("metric", "cost"):
        bare = baseline(results, "cost", metric, kernel)
        figures = {
            figure.contender: figure
            for figure in results.figures("cost", metric=metric, kernel=kernel)
        }
        costs = [
            (contender, overhead_percent(figures[contender], bare))
            for contender in ordered(figures)
            if bare and contender != bare.contender
        ]
        costs = [(contender, cost) for contender, cost in costs if cost is not None]
        if costs:
            found.append((metric, costs))
    return found


def chart_cost(results, kernel, path):
    """Writes the chart of one kernel. Returns whether there was anything to draw."""
    groups = overheads(results, kernel)
    if not groups:
        return False
    values = [cost for _, costs in groups for _, cost in costs]
    low, high = min(0, *values) * 1.15, max(1, *values) * 1.15
    height = TOP + sum(len(costs) * BAR + GAP for _, costs in groups) + 40
    drawing = Drawing(WIDTH, height, f"Cost over a bare device with Linux {kernel}")
    heading(
        drawing, f"What it costs over the bare device, Linux {kernel}",
        "per cent more instructions or time, or less throughput, than without anything; medians; shorter is better",
    )
    legend(drawing, ordered({contender for _, costs in groups for contender, _ in costs}), 66)
    scale = linear(low, high, LEFT + LABELS + (FIGURE if low < 0 else 0), WIDTH - RIGHT - FIGURE)
    bottom = height - 34
    for tick in steps(low, high, 8):
        drawing.line(scale(tick), TOP - 6, scale(tick), bottom, SOFT if not tick else GRID)
        drawing.text(
            scale(tick), bottom + 14, f"{tick:+g} %" if tick else "bare", 10, SOFT, "middle"
        )
    y = TOP
    for metric, costs in groups:
        drawing.text(
            LEFT + LABELS - 10, y + len(costs) * BAR / 2 + 4,
            metric.replace("/", ": ").replace("-", " "), 12, INK, "end",
        )
        for contender, cost in costs:
            left, right = sorted((scale(0), scale(cost)))
            drawing.box(left, y + 1, max(right - left, 1.5), BAR - 3, name_of(contender).colour)
            drawing.text(
                (right if cost >= 0 else left) + (5 if cost >= 0 else -5), y + BAR - 4,
                f"{cost:+.1f} %", 10, INK, "start" if cost >= 0 else "end",
            )
            y += BAR
        y += GAP
    drawing.text(
        (scale(low) + scale(high)) / 2, height - 5, "cost over the bare device", 11, SOFT, "middle"
    )
    drawing.write(path)
    return True
