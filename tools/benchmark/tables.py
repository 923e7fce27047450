# SPDX-License-Identifier: GPL-2.0-only
"""Markdown tables of the results, each with the command, the kernel, QEMU and the number of runs
that its figures come from.
"""

from tools.benchmark.chart_cost import baseline, ratio
from tools.benchmark.figures import GAP_TOLERANCE_MS, median_and_worst, text
from tools.benchmark.incidents import EVENTS
from tools.benchmark.names import name_of, ordered

# Sections whose figures are written with their difference from the bare device's.
BESIDE_BARE = ("cost", "breakdown")


def markdown(head, rows, numbers=True):
    """numbers: the columns after the first hold them, and end at the right."""
    lines = [head, ["---", *["---:" if numbers else "---"] * (len(head) - 1)], *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _several(values):
    return ", ".join(dict.fromkeys(str(value) for value in values if value not in (None, "")))


def provenance(figures):
    """Where the figures come from, in a line."""
    measured = [one for figure in figures for one in figure.measured]
    dates = sorted(one["date"] for one in measured if "date" in one)
    runs = sorted({len(figure.values) for figure in figures})
    parts = [
        f"runs per figure: {'–'.join(map(str, dict.fromkeys((runs[0], runs[-1]))))}" if runs else ""
    ]
    for key, words in (
        ("command", "command"),
        ("release", "kernel"),
        ("qemu", "QEMU"),
        ("vfsteer", "vfsteer"),
        ("cpus", "CPUs"),
    ):
        said = _several(one.get(key) for one in measured)
        if said:
            parts.append(f"{words}: `{said}`" if key == "command" else f"{words}: {said}")
    if dates:
        parts.append(
            f"measured {dates[0]} to {dates[-1]}"
            if dates[0] != dates[-1]
            else f"measured {dates[0]}"
        )
    return f"<sub>{'; '.join(part for part in parts if part)}</sub>"


def _ways(results, contender, metric, kernel, ways):
    figures = [results.figure("events", contender, f"{metric}/{way}", kernel) for way in ways]
    if not any(figures):
        return "–"
    cells = [median_and_worst(figure) for figure in figures]
    if set(cells) == {"unreachable"}:
        return "unreachable"
    gone = any(
        one.get("never_came_back") for figure in figures if figure for one in figure.measured
    )
    return " / ".join(cells) + (" †" if gone else "")


def duplicates(figures):
    """A sentence on packets that came twice, which would be a fault too; empty when there were
    none.
    """
    twice = {}
    for figure in figures:
        for one in figure.measured:
            twice[figure.contender] = twice.get(figure.contender, 0) + one.get("duplicates", 0)
    said = ", ".join(
        f"{name_of(contender).label} {twice[contender]:,}"
        for contender in ordered(twice)
        if twice[contender]
    )
    return f"Packets that came twice, over all runs: {said}.\n\n" if said else ""


def events_table(results, kernel, what):
    """what: "lost" or "gap"."""
    figures = [
        figure
        for figure in results.figures("events", kernel=kernel)
        if f"/{what}/" in figure.metric
    ]
    contenders = ordered({figure.contender for figure in figures})
    metrics = {figure.metric for figure in figures}
    rows = []
    for prefix, ways, words in (
        ("", ("out", "in"), ""),
        ("silent-", ("in",), "silent guest, in: "),
    ):
        for event in EVENTS:
            if any(f"{prefix}{event}/{what}/{way}" in metrics for way in ways):
                rows.append(
                    [
                        words + event.replace("-", " "),
                        *(
                            _ways(results, contender, f"{prefix}{event}/{what}", kernel, ways)
                            for contender in contenders
                        ),
                    ]
                )
    return "\n".join(
        [
            markdown(
                [
                    "out / in" if what == "lost" else "ms, out / in",
                    *(name_of(one).label for one in contenders),
                ],
                rows,
            ),
            "",
            (duplicates(figures) if what == "lost" else "") + provenance(figures),
        ]
    )


def section_table(results, section, kernel, skip=lambda metric: False):
    """Any section: a row per metric, a column per contender."""
    figures = [
        figure
        for figure in results.figures(section, kernel=kernel)
        if not skip(figure.metric) and not any(isinstance(value, list) for value in figure.values)
    ]
    contenders = ordered({figure.contender for figure in figures})
    units = {figure.metric: figure.unit for figure in figures}
    rows = []
    for metric, unit in units.items():
        bare = baseline(results, section, metric, kernel) if section in BESIDE_BARE else None
        cells = []
        for contender in contenders:
            figure = results.figure(section, contender, metric, kernel)
            part = ratio(figure, bare) if figure and bare and figure is not bare else None
            cells.append(
                median_and_worst(figure)
                + (f" · {(part - 1) * 100:+.1f} %" if part is not None else "")
            )
        rows.append([f"{metric.replace('/', ': ')} ({unit})", *cells])
    return "\n".join(
        [markdown(["", *(name_of(one).label for one in contenders)], rows), "", provenance(figures)]
    )


def behind_table(found):
    def both(pair):
        return text(pair[0]) + (f" ({text(pair[1])})" if text(pair[1]) != text(pair[0]) else "")

    rows = [
        [
            f"{one.section}: {one.metric.replace('/', ': ')} ({one.unit})",
            one.kernel,
            name_of(one.contender).label,
            both(one.theirs),
            name_of(one.whose).label,
            both(one.ours),
            one.by,
            " / ".join(map(str, one.runs)),
        ]
        for one in found
    ]
    return markdown(
        ["what", "kernel", "contender", "theirs", "behind it", "ours", "worse by", "runs"],
        rows, False,
    )


def floors_table(verdicts):
    rows = [
        [one.what, one.kernel, one.floor, one.aim, one.measured, one.verdict] for one in verdicts
    ]
    return markdown(["what", "kernel", "floor", "aim", "measured", ""], rows, False)


BEHIND_NOTE = (
    "Compared are medians and worst values. Of gaps, only what exceeds the sender's own longest pause, and by more than "
    f"{GAP_TOLERANCE_MS:g} ms. Controls (bare VF, virtio-net only) are no contenders."
)
BARE_NOTE = "Behind a dot: by how much the median is above (+) or below (-) that of the bare VF."
EVENTS_NOTE = (
    "Packets lost: median, and the worst in parentheses where it differs. † at least once nothing had come back when the measurement "
    "ended: the figure is then as large as the time that was watched. unreachable: after the event before, the guest received "
    "nothing any more, so there was nothing to lose."
)
PORTS_NOTE = (
    "Mpps: frames that one core takes from the generator to the sink, both of which are its work as well; `nothing forwards` is what is left without "
    "a forwarder, and `forwarding` what exceeds it. `part of bare`: the rate beside that of a bare XDP redirect."
)
