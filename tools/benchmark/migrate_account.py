# SPDX-License-Identifier: GPL-2.0-only
"""From what the far end of a migration noted to figures: what was lost where, and when the VF carried it."""

BUCKET_MS = 10
# A lost answer here and there is one hole when nothing to speak of came between.
HOLE_JOIN_ANSWERS = 3
# Of a VF's counter between two looks of the guest, at 500 answers a second.
VF_PACKETS_MIN = 6


def holes(sent, answers, since_ns, marks):
    """The holes from since_ns on: runs of questions without answer, with their length, place and the direction in which they were lost.

    marks: {step: ns}; a hole belongs to the latest step before it, and to the downtime when the guest stood still during it.
    """
    answered = {one[0]: one for one in answers}
    lost = [number for number, at in enumerate(sent) if at >= since_ns and number not in answered]
    runs = []
    for number in lost:
        if runs and number - runs[-1][1] <= HOLE_JOIN_ANSWERS:
            runs[-1][1] = number
            runs[-1][2] += 1
        else:
            runs.append([number, number, 1])
    found = []
    for first, last, count in runs:
        before = next((answered[number] for number in range(first - 1, -1, -1) if number in answered), None)
        after = next((answered[number] for number in range(last + 1, len(sent)) if number in answered), None)
        begin, end = sent[first], sent[last + 1] if last + 1 < len(sent) else sent[last]
        # The guest's count of requests goes up by what was asked between two answers, less what never reached it.
        requests_lost = (after[0] - before[0]) - ((after[2] - before[2]) & 0xffffffff) if before and after else None
        step = max((name for name, at in marks.items() if at <= begin), key=lambda name: marks[name], default="before")
        stopped = begin < marks.get("resume", 0) and end > marks.get("stop", 0)
        found.append({"lost": count, "downtime": stopped, "ms": round((end - begin) / 1e6, 1),
                      "at_ms": round((begin - since_ns) / 1e6, 1), "step": step,
                      "after_step_ms": round((begin - marks.get(step, begin)) / 1e6, 1),
                      "requests_lost": requests_lost, "never_came_back": after is None})
    return found


def silence_ms(arrivals, since_ns):
    """The longest time without an arrival, the one running at the start counted."""
    times = [at for at in arrivals if at >= since_ns]
    before = [at for at in arrivals if at < since_ns][-1:]
    moments = before + times
    return round(max((b - a for a, b in zip(moments, moments[1:])), default=0) / 1e6, 1)


def series(arrivals, begin_ns, end_ns):
    """Arrivals per BUCKET_MS."""
    width = BUCKET_MS * 1_000_000
    counts = [0] * max(0, -(-(end_ns - begin_ns) // width))
    for at in arrivals:
        if begin_ns <= at < begin_ns + len(counts) * width:
            counts[(at - begin_ns) // width] += 1
    return counts


def vf_times(answers, plugged_ns):
    """(ms from plugged_ns to traffic on the VF out and in, seconds of traffic on the VF before plugged_ns and after it).

    The guest looks at the VF's counters every 40 ms, and so fine is this.
    """
    risen = {"tx": [], "rx": []}  # (since, until)
    last = None
    for _, came, _, ifindex, received, sent in sorted(answers, key=lambda one: one[1]):
        if last and last[:3] == (ifindex, received, sent):
            continue
        if last and ifindex and last[0] == ifindex:
            # An announcement or a multicast report goes over any wire: it is the answers that are meant.
            if sent - last[2] >= VF_PACKETS_MIN:
                risen["tx"].append((last[3], came))
            if received - last[1] >= VF_PACKETS_MIN:
                risen["rx"].append((last[3], came))
        last = (ifindex, received, sent, came)

    def first_ms(way):
        after = [until for since, until in risen[way] if since >= plugged_ns]
        return round((after[0] - plugged_ns) / 1e6, 1) if after else None

    def seconds(wanted):
        return round(sum(until - since for since, until in risen["tx"] if wanted(since)) / 1e9, 2)

    return first_ms("tx"), first_ms("rx"), seconds(lambda at: at < plugged_ns), seconds(lambda at: at >= plugged_ns)


def account(noted, marks):
    """All figures of one migration. marks: {step: ns}, "unplug" the first and "plug" the VF's return."""
    since = marks["unplug"] - 20_000_000
    answers = [tuple(one) for one in noted["answers"]]
    arrivals = sorted(one[1] for one in answers)
    found = holes(noted["sent"], answers, since, marks)
    stream = noted["stream"]
    tx_ms, rx_ms, before_s, after_s = vf_times(answers, marks.get("plug", arrivals[-1] if arrivals else since))
    begin = since - 1_000_000_000
    return {
        "lost": sum(hole["lost"] for hole in found),
        "lost_outside": sum(hole["lost"] for hole in found if not hole["downtime"]), "holes": found,
        "longest_hole_ms": max((hole["ms"] for hole in found), default=0),
        "silence_ms": silence_ms(arrivals, since),
        "lost_before": sum(hole["lost"] for hole in holes(noted["sent"], answers, 0, {})) - sum(hole["lost"] for hole in found),
        "asked": sum(at >= since for at in noted["sent"]),
        "udp_errors": noted["udp_errors"],
        "duplicates": len(answers) - len({one[0] for one in answers}),
        "tcp_stall_ms": silence_ms([at for at, _ in stream["arrivals"]], since),
        "tcp_intact": stream["corrupt_at"] is None and not stream["broken"] and stream["sent"] == stream["received"],
        "tcp_sent": stream["sent"], "tcp_bytes": stream["received"], "tcp_broken": stream["broken"], "tcp_corrupt_at": stream["corrupt_at"],
        "idle_broken": len(noted["broken"]), "idle": noted["connections"], "idle_errors": sorted(set(noted["broken"])),
        "vf_tx_ms": tx_ms, "vf_rx_ms": rx_ms, "vf_before_s": before_s, "vf_after_s": after_s,
        "series": series(arrivals, begin, (arrivals[-1] if arrivals else since) + 1),
        "series_marks_ms": {step: round((at - begin) / 1e6, 1) for step, at in marks.items()}}
