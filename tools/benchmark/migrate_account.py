# SPDX-License-Identifier: GPL-2.0-only
"""From what the far end of a migration noted to figures: what was lost where, and when the VF
carried it.
"""

from tools.benchmark.migrate_witness import OF_THE_RIG, lost_where, places

BUCKET_MS = 10
# A lost answer here and there is one hole when nothing to speak of came between.
HOLE_JOIN_ANSWERS = 3
# Of a VF's counter between two looks of the guest, at 500 answers a second.
VF_PACKETS_MIN = 6
SETTLED_MS = 100
# Of either end's sender: its timer's backoff and length, segments sent again, and how many of these
# the other end had already.
TCP_SAMPLE = ("backoff", "rto_us", "retransmitted", "needless")
# What shows why a stream stood still: what was sent again and why, which of that was needless, what
# came twice.
TCP_COUNTERS = (
    "RetransSegs",
    "TCPTimeouts",
    "TCPSpuriousRTOs",
    "TCPLossProbes",
    "TCPFastRetrans",
    "TCPSlowStartRetrans",
    "TCPLostRetransmit",
    "TCPDSACKOldSent",
    "TCPDSACKOfoSent",
    "TCPDSACKRecv",
    "TCPDSACKUndo",
    "TCPOFOQueue",
    "TCPSACKReorder",
    "TCPTSReorder",
)


def holes(sent, answers, since_ns, marks, sights=()):
    """The holes from since_ns on: runs of questions without answer, with their length, place and
    the direction in which they were lost.

    marks: {step: ns}; a hole belongs to the latest step before it, and to the downtime when the
    guest stood still during it. sights: the witnesses'; with them each hole says where its
    questions and answers were lost.
    """
    answered = {one[0]: one for one in answers}
    lost = [number for number, at in enumerate(sent) if at >= since_ns and number not in answered]
    runs = []
    for number in lost:
        if runs and number - runs[-1][-1] <= HOLE_JOIN_ANSWERS:
            runs[-1].append(number)
        else:
            runs.append([number])
    found, seen = [], places(sights)
    for run in runs:
        first, last = run[0], run[-1]
        before = next(
            (answered[number] for number in range(first - 1, -1, -1) if number in answered), None
        )
        after = next(
            (answered[number] for number in range(last + 1, len(sent)) if number in answered), None
        )
        begin, end = sent[first], sent[last + 1] if last + 1 < len(sent) else sent[last]
        # The guest's count of requests goes up by what was asked between two answers, less what
        # never reached it.
        requests_lost = (
            (after[0] - before[0]) - ((after[2] - before[2]) & 0xFFFFFFFF)
            if before and after
            else None
        )
        step = step_of(begin, marks)
        stopped = begin < marks.get("resume", 0) and end > marks.get("stop", 0)
        found.append({"lost": len(run), "downtime": stopped, "ms": round((end - begin) / 1e6, 1),
                      "at_ms": round((begin - since_ns) / 1e6, 1), "step": step,
                      "after_step_ms": round((begin - marks.get(step, begin)) / 1e6, 1),
                      "requests_lost": requests_lost, "never_came_back": after is None,
                      **({"where": lost_where(run, *seen)} if sights else {})})
    return found


def step_of(at_ns, marks):
    """The latest step before a moment."""
    return max(
        (name for name, at in marks.items() if at <= at_ns), key=lambda name: marks[name],
        default="before",
    )


def duplicates(answers, marks):
    """What a socket was given twice: {"requests": by the guest's, "answers": by the asker's though
    the guest had answered once, "steps": {step: both}, "when": [[kind, step, ms after the step that
    the first answer came, ms from there to the second]]}.

    The guest numbers what it receives: two answers to one question with two numbers are a question
    that came twice.
    """
    found, first, since = {"requests": 0, "answers": 0, "steps": {}, "when": []}, {}, {}
    for number, came, requests, *_ in sorted(answers, key=lambda one: one[1]):
        if number not in first:
            first[number], since[number] = {requests}, came
            continue
        kind = "answers" if requests in first[number] else "requests"
        found[kind] += 1
        first[number].add(requests)
        step = step_of(came, marks)
        found["steps"][step] = found["steps"].get(step, 0) + 1
        step = step_of(since[number], marks)
        found["when"].append(
            [
                kind,
                step,
                round((since[number] - marks.get(step, 0)) / 1e6, 1),
                round((came - since[number]) / 1e6, 1),
            ]
        )
    return found


def silence(arrivals, since_ns, until_ns):
    """(the longest time without an arrival in ms, when it began), the ones running at the start and
    at the end counted.
    """
    times = [at for at in arrivals if at >= since_ns]
    before = [at for at in arrivals if at < since_ns][-1:] or [since_ns]
    moments = before + times + [max([until_ns, *times])]
    longest, begin = max((b - a, a) for a, b in zip(moments, moments[1:]))
    return round(longest / 1e6, 1), begin


def sender(samples, begin, end):
    """What an end's sender did in a time: how far its retransmission timer backed off and how long
    it was, what it sent again, and in vain.

    samples: (ns, *TCP_SAMPLE) in their order.
    """
    before, during = [one for one in samples if one[0] < begin][-1:], [
        one for one in samples if begin <= one[0] <= end
    ]
    known = [dict(zip(TCP_SAMPLE, one[1:])) for one in before + during]
    if not known:
        return None
    return {
        "backoff": max(one["backoff"] for one in known),
        "rto_ms": round(max(one["rto_us"] for one in known) / 1000),
        **{what: known[-1][what] - known[0][what] for what in ("retransmitted", "needless")},
    }


def standstill(stream, answers, since_ns, marks):
    """The longest standstill of the TCP stream: its length, its place, and what both ends' senders
    did about it. The guest's samples come with its answers.
    """
    stall_ms, begin = silence(
        [at for at, _ in stream["arrivals"]], since_ns, marks.get("end", since_ns)
    )
    end = begin + stall_ms * 1e6
    # The guest's answer to what has ended it brings the guest's account of it.
    end += SETTLED_MS * 1e6
    step = step_of(begin, marks)
    guest = [(one[1], *one[6:]) for one in sorted(answers, key=lambda one: one[1])]
    return {
        "ms": stall_ms,
        "step": step,
        "after_step_ms": round((begin - marks.get(step, begin)) / 1e6, 1),
        "stop_after_ms": round((marks["stop"] - begin) / 1e6, 1) if "stop" in marks else None,
        "resume_after_ms": round((marks["resume"] - begin) / 1e6, 1) if "resume" in marks else None,
        "guest": sender(guest, begin, end),
        "far end": sender(stream["sender"], begin, end),
    }


def tcp_counters(before, after):
    """{counter: how far it has risen} of two texts of /proc/net/snmp and netstat, those of
    TCP_COUNTERS that have.
    """
    def read(text):
        lines = text.splitlines()
        return {name: int(value) for names, values in zip(lines[::2], lines[1::2])
                for name, value in zip(names.split()[1:], values.split()[1:])}

    old, new = read(before), read(after)
    return {
        name: new[name] - old[name] for name in TCP_COUNTERS if new.get(name, 0) != old.get(name, 0)
    }


def series(arrivals, begin_ns, end_ns):
    """Arrivals per BUCKET_MS."""
    width = BUCKET_MS * 1_000_000
    counts = [0] * max(0, -(-(end_ns - begin_ns) // width))
    for at in arrivals:
        if begin_ns <= at < begin_ns + len(counts) * width:
            counts[(at - begin_ns) // width] += 1
    return counts


def vf_times(answers, plugged_ns):
    """(ms from plugged_ns to traffic on the VF out and in, seconds of traffic on the VF before
    plugged_ns and after it).

    The guest looks at the VF's counters every 40 ms, and so fine is this.
    """
    risen = {"tx": [], "rx": []}  # (since, until)
    last = None
    for _, came, _, ifindex, received, sent, *_ in sorted(answers, key=lambda one: one[1]):
        if last and last[:3] == (ifindex, received, sent):
            continue
        if last and ifindex and last[0] == ifindex:
            # An announcement or a multicast report goes over any wire: it is the answers that are
            # meant.
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

    return (
        first_ms("tx"),
        first_ms("rx"),
        seconds(lambda at: at < plugged_ns),
        seconds(lambda at: at >= plugged_ns),
    )


def account(noted, marks, guest_tcp, sights=()):
    """All figures of one migration. marks: {step: ns}, "plug" the VF's return; guest_tcp:
    tcp_counters() of the guest; sights: the witnesses'.
    """
    since = min(marks.values()) - 20_000_000
    answers = [tuple(one) for one in noted["answers"]]
    arrivals = sorted(one[1] for one in answers)
    found = holes(noted["sent"], answers, since, marks, sights)
    stream = noted["stream"]
    tx_ms, rx_ms, before_s, after_s = vf_times(
        answers, marks.get("plug", arrivals[-1] if arrivals else since)
    )
    begin = since - 1_000_000_000
    return {
        "lost": sum(hole["lost"] for hole in found),
        "lost_outside": sum(hole["lost"] for hole in found if not hole["downtime"]),
        "holes": found,
        "lost_by_rig": sum(
            count
            for hole in found
            if not hole["downtime"]
            for place, count in hole.get("where", {}).items()
            if place in OF_THE_RIG
        ),
        "witnesses_dropped": sum(one.dropped for one in sights),
        "longest_hole_ms": max((hole["ms"] for hole in found), default=0),
        "silence_ms": silence(arrivals, since, marks.get("end", since))[0],
        "lost_before": sum(hole["lost"] for hole in holes(noted["sent"], answers, 0, {}))
        - sum(hole["lost"] for hole in found),
        "asked": sum(at >= since for at in noted["sent"]),
        "udp_errors": noted["udp_errors"],
        "duplicates": duplicates(answers, marks),
        "tcp_stall": standstill(stream, answers, since, marks),
        "tcp_counters": {"guest": guest_tcp, "far end": noted["tcp_counters"]},
        "tcp_intact": stream["corrupt_at"] is None
        and not stream["broken"]
        and stream["sent"] == stream["received"],
        "tcp_sent": stream["sent"],
        "tcp_bytes": stream["received"],
        "tcp_broken": stream["broken"],
        "tcp_corrupt_at": stream["corrupt_at"],
        "idle_broken": len(noted["broken"]),
        "idle": noted["connections"],
        "idle_errors": sorted(set(noted["broken"])),
        "vf_tx_ms": tx_ms,
        "vf_rx_ms": rx_ms,
        "vf_before_s": before_s,
        "vf_after_s": after_s,
        "series": series(arrivals, begin, (arrivals[-1] if arrivals else since) + 1),
        "series_marks_ms": {step: round((at - begin) / 1e6, 1) for step, at in marks.items()},
    }
