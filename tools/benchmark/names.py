# SPDX-License-Identifier: GPL-2.0-only
"""The contenders as people see them: their order, their labels, and one colour each in every chart.

The colours are those of Okabe and Ito, which differ for every kind of colour blindness.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Name:
    label: str
    colour: str
    control: bool = False


NAMES = {
    "vfsteer": Name("vfsteer", "#0072B2"),
    "vfsteer-direct": Name("vfsteer, rx = direct", "#56B4E9"),
    "vfsteer-net_failover": Name("vfsteer, failover=on", "#332288"),
    "net_failover": Name("net_failover", "#D55E00"),
    "bonding": Name("bonding (miimon 100)", "#E69F00"),
    "teamd": Name("teamd (ethtool)", "#CC79A7"),
    "bridge-bonding": Name("bridge over bonding", "#AA4499"),
    "macvlan-net_failover": Name("macvlan over net_failover", "#882255"),
    "bridge": Name("Linux bridge", "#F0E442"),
    "bare-vf": Name("bare VF", "#009E73", True),
    "virtio-only": Name("virtio-net only", "#6E6E6E", True),
    "bare-redirect": Name("bare XDP redirect", "#404040", True),
    "bare-wire": Name("nothing forwards", "#A8A8A8", True),
}
OURS = ("vfsteer", "vfsteer-direct", "vfsteer-net_failover")


def name_of(contender):
    """What is not known by name is shown by it, in black; a bare something is a control."""
    return NAMES.get(contender) or Name(
        contender, "#000000", contender.startswith(("bare", "virtio"))
    )


def ordered(contenders):
    """Ours first, controls last."""
    order = list(NAMES)
    return sorted(
        contenders, key=lambda one: (order.index(one) if one in order else len(order), one)
    )


def rivals(contenders):
    """Those that do what vfsteer does."""
    return [one for one in ordered(contenders) if one not in OURS and not name_of(one).control]
