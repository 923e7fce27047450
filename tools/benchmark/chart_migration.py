# SPDX-License-Identifier: GPL-2.0-only
"""The chart to remember: what arrives, per 10 ms, through one live migration; a line per contender, on one clock."""

from tools.benchmark.charts import LEFT, RIGHT, WIDTH, heading
from tools.benchmark.names import name_of, ordered
from tools.benchmark.svg import GRID, INK, SOFT, Drawing, linear, steps

SERIES = "arrivals"
TOP, STRIP, GAP = 82, 54, 20
# What is worth a word above the lines, of the steps that the measurement noted, in its words and ours.
STEPS = {"unplug": "VF unplugged", "stop": "the guest moves", "plug": "VF plugged"}
HOLE_MS = 20


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
    """The number of the run that stands for the others: the one with the median number of arrivals."""
    runs = sorted((sum(series), place) for place, series in enumerate(figure.values) if isinstance(series, list) and series)
    return runs[(len(runs) - 1) // 2][1] if runs else None


def _strip(drawing, top, time, contender, series, marks, shift, bucket_ms, high):
    """One contender's line; shift: the ms by which its clock is put back, so that the guests stop at the same place."""
    name = name_of(contender)
    scale = linear(0, high, top + STRIP, top)
    begin, end = time.low, time.high
    points = [(place * bucket_ms - shift, count) for place, count in enumerate(series)]
    # A step per bucket: what is drawn is what was counted.
    path = [(time(max(begin, min(at + edge, end))), scale(min(count, high))) for at, count in points if begin <= at < end
            for edge in (0, bucket_ms)]
    drawing.line(LEFT, top + STRIP, WIDTH - RIGHT, top + STRIP, GRID)
    for tick in (0, high):
        drawing.text(LEFT - 6, scale(tick) + 4, f"{tick:g}", 10, SOFT, "end")
    for first, last in holes(series, bucket_ms):
        left, right = first * bucket_ms - shift, last * bucket_ms - shift
        if right > begin and left < end:
            left_x, right_x = time(max(left, begin)), time(min(right, end))
            drawing.box(left_x, top, max(right_x - left_x, 1), STRIP, name.colour, 0.12)
    drawing.curve(path, name.colour, 1.3, top + STRIP)
    silent = sum(last - first for first, last in holes(series, bucket_ms)) * bucket_ms
    number = len(holes(series, bucket_ms))
    drawing.text(WIDTH - RIGHT, top - 5, name.label, 12, name.colour, "end", True, halo=True)
    drawing.text(WIDTH - RIGHT - 140, top - 5, f"{number} hole{'s' if number != 1 else ''}, {silent} ms in all", 11, INK, "end", halo=True)
    for step in STEPS:
        if step in marks and begin <= marks[step] - shift <= end:
            x = time(marks[step] - shift)
            drawing.line(x, top, x, top + STRIP, SOFT, 1, "2 3")


def chart_migration(results, kernel, path, prefix=""):
    """Writes the chart. prefix: of the metric, for another way to migrate. Returns whether there was anything to draw."""
    chosen = {}
    for figure in results.figures("migrate", metric=prefix + SERIES, kernel=kernel):
        run = typical(figure)
        if run is not None:
            chosen[figure.contender] = figure.values[run], figure.measured[run]
    if not chosen:
        return False
    contenders = ordered(chosen)
    bucket_ms = next((context["bucket_ms"] for _, context in chosen.values() if "bucket_ms" in context), 10)
    counts = sorted(count for series, _ in chosen.values() for count in series if count)
    # A burst after a hole would flatten all the rest: the axis ends at twice the usual.
    high = max(2, 2 * counts[len(counts) // 2]) if counts else 2
    marks = {contender: context.get("marks_ms", {}) for contender, (_, context) in chosen.items()}
    shifts = {contender: marks[contender].get("stop", 0) for contender in contenders}
    begin = min(-shifts[one] for one in contenders)
    end = max(len(series) * bucket_ms - shifts[one] for one, (series, _) in chosen.items())
    # From a little before the first step to a little after the last thing that happens.
    lasts = [marks[one].get("plug", marks[one].get("resume", 0)) - shifts[one] for one in contenders if marks[one]]
    if lasts:
        firsts = [marks[one].get("unplug", marks[one].get("stop", 0)) - shifts[one] for one in contenders if marks[one]]
        begin, end = max(begin, min(firsts) - 300), min(end, max(lasts) + 2500)
    time = linear(begin, end, LEFT, WIDTH - RIGHT)
    time.low, time.high = begin, end
    height = TOP + len(contenders) * (STRIP + GAP) + 40
    drawing = Drawing(WIDTH, height, f"Packets arriving per {bucket_ms} ms through one live migration: {', '.join(contenders)}")
    heading(drawing, f"Packets arriving per {bucket_ms} ms through one live migration" + (" (shared handover)" if prefix else ""),
            f"a typical run of each, Linux {kernel}; shaded: nothing arrived for {HOLE_MS} ms or more")
    for place, contender in enumerate(contenders):
        _strip(drawing, TOP + 8 + place * (STRIP + GAP), time, contender, chosen[contender][0], marks[contender], shifts[contender], bucket_ms, high)
    _steps(drawing, time, marks.get(contenders[0], {}), shifts[contenders[0]])
    drawing.text(22, TOP + 8 + (len(contenders) * (STRIP + GAP) - GAP) / 2, f"arriving per {bucket_ms} ms", 11, SOFT, "middle", turned=-90)
    bottom = TOP + 8 + len(contenders) * (STRIP + GAP) - GAP
    for tick in steps(begin / 1000, end / 1000, 8):
        drawing.line(time(tick * 1000), bottom, time(tick * 1000), bottom + 4, SOFT)
        drawing.text(time(tick * 1000), bottom + 16, f"{tick:+g} s" if tick else "0", 10, SOFT, "middle")
    drawing.text((LEFT + WIDTH - RIGHT) / 2, bottom + 32, "time from the guest's stop", 11, SOFT, "middle")
    drawing.write(path)
    return True


def _steps(drawing, time, marks, shift):
    """The words for the first contender's steps; those too near to another are left to the dotted lines."""
    free = 0.0
    for step, words in STEPS.items():
        if step not in marks:
            continue
        x = time(marks[step] - shift)
        if x > free and LEFT <= x <= WIDTH - RIGHT:
            drawing.text(x + 3, 64, words, 11, SOFT)
            drawing.line(x, 54, x, TOP + 8, SOFT, 1, "2 3")
            free = x + 12 + len(words) * 6
