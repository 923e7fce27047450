# SPDX-License-Identifier: GPL-2.0-only
"""What may happen next, at random. The same seed gives the same sequence, whatever becomes of it.
"""

import random

from world import HOOKS

MTUS = (1500, 1400, 1280, 1200, 9000, 2000)
PAUSE_MS = (1, 3, 10, 30)

# Of a pair: (how often, what it sets, or nothing, the values). "primary is" is plugged by "plug
# primary", and so on.
OF_PAIRS = (
    (10, "primary is", ("plug primary", "unplug primary", "unplug-by-peer", "away", "back")),
    (2, "", ("hop",)),
    (1, "", ("flap",)),
    (4, "standby is", ("unplug standby", "plug standby")),
    (4, "primary's name", ("rename primary other", "rename primary own")),
    (2, "standby's name", ("rename standby other", "rename standby own")),
    (14, "primary's carrier", ("carrier primary down", "carrier primary up")),
    (10, "standby's carrier", ("carrier standby down", "carrier standby up")),
    (10, "primary set", ("set primary down", "set primary up")),
    (3, "standby set", ("set standby down", "set standby up")),
    (6, "standby's MTU", tuple(f"mtu standby {mtu}" for mtu in MTUS)),
    (3, "primary's MTU", tuple(f"mtu primary {mtu}" for mtu in MTUS)),
    (4, "primary's MAC", ("mac other", "mac own")),
    (3, "promiscuity", ("promiscuity on", "promiscuity off")),
    (3, "group", ("group join", "group leave")),
    (3, "second address", ("address add 2", "address del 2")),
    (3, "third address", ("address add 3", "address del 3")),
    (4, "wish", ("switch primary", "switch standby", "switch auto", "switch auto")),
    (
        2,
        "clsact",
        ("clsact standby gone", "clsact primary gone", "clsact standby add", "clsact primary add"),
    ),
    *(
        (2, f"{hook} tcx", (f"tcx {hook} first", f"tcx {hook} last", f"tcx {hook} gone"))
        for hook in HOOKS
    ),
    *(
        (
            2,
            f"{hook} filter",
            (
                f"filter {hook} 1",
                f"filter {hook} 49000",
                f"filter {hook} 65000",
                f"filter {hook} 0",
            ),
        )
        for hook in HOOKS
    ),
)
OF_ALL = (
    (2, "agent", ("kill", "term", "start", "start")),
    (1.5, "CPU", ("stand-still", "go-on", "go-on")),
    (0.1, "programs", ("unload",)),
    (16, "", tuple(f"pause {pause}" for pause in PAUSE_MS)),
)
# What has to be so that it makes sense: {value: values before it}; any other value stands on its
# own.
AFTER = {
    "unplug primary": ("plug primary", "back"),
    "unplug-by-peer": ("plug primary", "back"),
    "away": ("plug primary", "back"),
    "plug primary": ("unplug primary", "unplug-by-peer"),
    "back": ("away",),
}


def sequence(seed, pairs):
    """Lines for World.apply, without end."""
    chance = random.Random(seed)
    kinds = [
        (weight, what, values, whose)
        for whose, table in (("pair", OF_PAIRS), ("agent", OF_ALL))
        for weight, what, values in table
    ]
    weights = [kind[0] for kind in kinds]
    last = {(number, "primary is"): "plug primary" for number in range(pairs)} | {
        ("agent", "agent"): "start"
    }
    while True:
        _, what, values, whose = chance.choices(kinds, weights)[0]
        whose = chance.randrange(pairs) if whose == "pair" else whose
        before = last.get((whose, what))
        possible = [
            value
            for value in values
            if before in AFTER.get(value, (before,)) and (value != before or not what)
        ]
        value = chance.choice(possible or values)
        last[whose, what] = value
        yield f"{whose} {value}"
