# SPDX-License-Identifier: GPL-2.0-only
"""The chart to remember: what arrives, per 10 ms, through one live migration; a line per contender,
on one clock.
"""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from tools.benchmark.charts import LEFT, RIGHT, WIDTH, heading
from tools.benchmark.migrate_handover import PLAIN
from tools.benchmark.names import name_of, ordered
from tools.benchmark.svg import GRID, INK, SOFT, Drawing, linear, steps

SERIES = "arrivals"
TOP, STRIP, GAP = 82, 54, 20
# What happens is drawn, and not the seconds in which memory is copied. Of each part: the step that
# all clocks are put to, from and to (ms), words.
PARTS = (("unplug", -300, 1700, "the VF is unplugged"), ("stop", -300, 3200, "the guest moves"))
PLUGGED = "plug"  # a dotted line
PART_GAP = 24
HOLE_MS = 50  # a guest within an emulated guest pauses for less by itself


@dataclass
class Part:
    """One stretch of time: begin and end in ms from its step, and where they are in the picture."""
    step: str
    begin: float
    end: float
    words: str
    left: float
    right: float

    def x(self, ms):
        return linear(self.begin, self.end, self.left, self.right)(
            min(max(ms, self.begin), self.end)
        )


def _parts():
    room = WIDTH - RIGHT - LEFT - PART_GAP * (len(PARTS) - 1)
    total, left, parts = sum(end - begin for _, begin, end, _ in PARTS), LEFT, []
    for step, begin, end, words in PARTS:
        right = left + room * (end - begin) / total
        parts.append(Part(step, begin, end, words, left, right))
        left = right + PART_GAP
    return parts


def holes(series, bucket_ms):
    """[(first, last + 1)] of the buckets in which nothing arrived, HOLE_MS at least."""
    found, since = [], None
    for place, count in enumerate([*series, 1]):
        if not count and since is None:
            since = place
        elif count and since is not None:
            if (place - since) * bucket_ms >= HOLE_MS:
                found.append((since, place))
            since = None
    return found


def typical(figure):
    """The number of the run that stands for the others: the one with the median number of arrivals.
    """
    runs = sorted(
        (sum(series), place)
        for place, series in enumerate(figure.values)
        if isinstance(series, list) and series
    )
    return runs[(len(runs) - 1) // 2][1] if runs else None


def _stretch(drawing, top, part, colour, series, marks, bucket_ms, high):
    """What one contender has of one part."""
    zero, scale = marks[part.step], linear(0, high, top + STRIP, top)
    drawing.line(part.left, top + STRIP, part.right, top + STRIP, GRID)
    for first, last in holes(series, bucket_ms):
        left, right = first * bucket_ms - zero, last * bucket_ms - zero
        if right > part.begin and left < part.end:
            drawing.box(
                part.x(left), top, max(part.x(right) - part.x(left), 1), STRIP, colour, 0.16
            )
    # A step per bucket: what is drawn is what was counted.
    points = [(place * bucket_ms - zero, min(count, high)) for place, count in enumerate(series)]
    levels = [
        (at, list(group))
        for at, group in groupby(
            (point for point in points if part.begin <= point[0] < part.end), key=itemgetter(1)
        )
    ]
    drawing.curve(
        [
            (part.x(at), scale(count))
            for count, group in levels
            for at in (group[0][0], group[-1][0] + bucket_ms)
        ],
        colour,
        1,
        top + STRIP,
    )
    for step in (part.step, PLUGGED):
        if step in marks and part.begin <= marks[step] - zero <= part.end:
            x = part.x(marks[step] - zero)
            drawing.line(x, top, x, top + STRIP, SOFT, 1, "2 3")


def _strip(drawing, top, parts, contender, series, marks, bucket_ms, high):
    """One contender's line."""
    name = name_of(contender)
    for tick in (0, high):
        drawing.text(
            LEFT - 6, linear(0, high, top + STRIP, top)(tick) + 4, f"{tick:g}", 10, SOFT, "end"
        )
    for part in parts:
        if part.step in marks:
            _stretch(drawing, top, part, name.colour, series, marks, bucket_ms, high)
    found = holes(series, bucket_ms)
    drawing.text(LEFT, top - 5, name.label, 12, name.colour, "start", True, halo=True)
    drawing.text(
        WIDTH - RIGHT, top - 5,
        f"{len(found)} hole{'s' if len(found) != 1 else ''} in all, {sum(last - first for first, last in found) * bucket_ms} ms",
        11, INK, "end", halo=True,
    )


def chart_migration(results, kernel, path, handover=PLAIN):
    """Writes the chart. handover: whose metrics. Returns whether there was anything to draw."""
    chosen = {}
    for figure in results.figures("migrate", metric=handover.prefix + SERIES, kernel=kernel):
        run = typical(figure)
        if run is not None:
            chosen[figure.contender] = figure.values[run], figure.measured[run]
    if not chosen:
        return False
    contenders, parts = ordered(chosen), _parts()
    bucket_ms = next(
        (context["bucket_ms"] for _, context in chosen.values() if "bucket_ms" in context), 10
    )
    counts = sorted(count for series, _ in chosen.values() for count in series if count)
    # A burst after a hole would flatten all the rest: the axis ends at twice the usual.
    high = max(2, 2 * counts[len(counts) // 2]) if counts else 2
    drawing = Drawing(
        WIDTH, TOP + len(contenders) * (STRIP + GAP) + 40,
        f"Packets arriving per {bucket_ms} ms through one live migration: {', '.join(contenders)}",
    )
    heading(
        drawing,
        f"Packets arriving per {bucket_ms} ms through one live migration"
        + (f" ({handover.words})" if handover.prefix else ""),
        f"a typical run of each, Linux {kernel}; shaded: nothing arrived for {HOLE_MS} ms or more; the last dotted line: a VF is plugged",
    )
    for place, contender in enumerate(contenders):
        series, context = chosen[contender]
        _strip(
            drawing, TOP + 8 + place * (STRIP + GAP), parts, contender, series,
            context.get("marks_ms", {}), bucket_ms, high,
        )
    bottom = TOP + 8 + len(contenders) * (STRIP + GAP) - GAP
    drawing.text(
        22, (TOP + 8 + bottom) / 2, f"arriving per {bucket_ms} ms", 11, SOFT, "middle", turned=-90
    )
    for part in parts:
        drawing.text(part.x(0), 64, part.words, 11, SOFT)
        for tick in steps(part.begin / 1000, part.end / 1000, 6):
            x = part.x(tick * 1000)
            drawing.line(x, bottom, x, bottom + 4, SOFT)
            drawing.text(x, bottom + 16, f"{tick:+g} s" if tick else "0", 10, SOFT, "middle")
    drawing.text((LEFT + WIDTH - RIGHT) / 2, bottom + 32, "time from each step", 11, SOFT, "middle")
    drawing.write(path)
    return True
