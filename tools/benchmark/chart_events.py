# SPDX-License-Identifier: GPL-2.0-only
"""The chart of losses: bars per event and contender, three rows: out, in, and in to a guest that is
silent.
"""

from tools.benchmark.charts import LEFT, RIGHT, WIDTH, heading, legend
from tools.benchmark.figures import median, numbers, text, worst
from tools.benchmark.incidents import EVENTS
from tools.benchmark.names import name_of, ordered
from tools.benchmark.svg import GRID, INK, SOFT, Drawing, decades, logarithmic

ROWS = (
    ("", "out", "lost, guest → peer"),
    ("", "in", "lost, peer → guest"),
    ("silent-", "in", "lost, → silent guest"),
)
TOP, ROW, GAP = 84, 136, 34


def _bar(drawing, x, width, scale, figure, colour):
    """The median as a bar with its number, the worst as a whisker above it."""
    values, middle_x, floor = numbers(figure), x + width / 2, scale(0)
    if not values:
        # Nothing could be measured: the guest was not reachable when it should have begun.
        drawing.text(middle_x, floor - 4, "×", 12, colour, "middle", True)
        return
    middle, bad = median(values), worst(values)
    top = scale(middle)
    drawing.box(x, min(top, floor - 1.5), width, max(floor - top, 1.5), colour)
    if bad > middle:
        end = scale(bad)
        drawing.line(middle_x, top, middle_x, end, colour, 1.5)
        drawing.line(middle_x - 4, end, middle_x + 4, end, colour, 1.5)
        if top - end > 14:
            drawing.text(middle_x, end - 3, text(bad), 9, SOFT, "middle", halo=True)
    drawing.text(
        middle_x, top - 4, text(round(middle)), 10, colour if not middle else INK, "middle",
        not middle, halo=True,
    )


def _runs(counts):
    if counts == [1]:
        return "one run"
    return f"bar: median of {'–'.join(map(str, dict.fromkeys((counts[0], counts[-1]))))} runs, whisker: the worst"


def chart_events(results, kernel, path):
    """Writes the chart of one kernel; the controls are left to the tables. Returns whether there
    was anything to draw.
    """
    figures = results.figures("events", kernel=kernel)
    contenders = ordered(
        {figure.contender for figure in figures if not name_of(figure.contender).control}
    )
    events = [
        event
        for event in EVENTS
        if any(
            f"{prefix}{event}/lost/{way}" == figure.metric
            for prefix, way, _ in ROWS
            for figure in figures
        )
    ]
    if not contenders or not events:
        return False
    lost = [
        value
        for figure in figures
        if "/lost/" in figure.metric and figure.contender in contenders
        for value in numbers(figure)
    ]
    rates = {one["rate"] for figure in figures for one in figure.measured if "rate" in one}
    runs = sorted({len(figure.values) for figure in figures if "/lost/" in figure.metric})
    high = max(lost + [10]) * 1.6
    height = TOP + len(ROWS) * (ROW + GAP) + 6
    drawing = Drawing(
        WIDTH, height, f"Packets lost per event with Linux {kernel}, for {', '.join(contenders)}"
    )
    heading(
        drawing, f"Packets lost when a VF goes and comes back, Linux {kernel}",
        f"{'/'.join(f'{rate:,}' for rate in sorted(rates)) or '?'} packets a second; {_runs(runs)}; logarithmic axis",
    )
    missing = any(
        not numbers(figure)
        for figure in figures
        if figure.contender in contenders and "/lost/" in figure.metric
    )
    legend(drawing, contenders, 66, ["× unreachable before the event"] if missing else [])
    slot = (WIDTH - LEFT - RIGHT) / len(events)
    width = min(26, (slot - 14) / len(contenders))
    for number, (prefix, way, what) in enumerate(ROWS):
        top = TOP + number * (ROW + GAP)
        scale = logarithmic(high, top + ROW, top + 12)
        for tick in decades(high):
            drawing.line(LEFT, scale(tick), WIDTH - RIGHT, scale(tick), SOFT if not tick else GRID)
            drawing.text(LEFT - 6, scale(tick) + 4, f"{tick:,}", 10, SOFT, "end")
        drawing.text(14, top + ROW / 2 + 6, what, 11, INK, "middle", True, -90)
        for place, event in enumerate(events):
            left = LEFT + place * slot
            first = left + (slot - width * len(contenders)) / 2
            for turn, contender in enumerate(contenders):
                figure = results.figure("events", contender, f"{prefix}{event}/lost/{way}", kernel)
                if figure:
                    _bar(
                        drawing, first + turn * width + 1, width - 2, scale, figure,
                        name_of(contender).colour,
                    )
            drawing.text(
                left + slot / 2, top + ROW + 15, event.replace("-", " "), 11, INK, "middle"
            )
    drawing.write(path)
    return True
