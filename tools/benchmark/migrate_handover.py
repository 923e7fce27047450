# SPDX-License-Identifier: GPL-2.0-only
"""What hosts do about the guest's MAC while its VF is away: the handovers of a migration, and
vfsteer-host on the hypervisor host.
"""

import datetime
import json
from dataclasses import dataclass

from tools.rig.places import BUILD
from tools.rig.programs import kept

CONFIG = "/tmp/host.conf"


class HandoverError(Exception):
    pass


@dataclass(frozen=True)
class Handover:
    """prefix: of its metrics. words: in the report.

    shares: the host itself lets the PF receive the guest's MAC (`bridge fdb add`), and asks the
    guest to leave its VF first. host_part: vfsteer-host runs, and the host's own steps are those of
    the plain handover. mac_early: the destination's VF has the MAC before the migration, the
    source's until after it, as with the SR-IOV CNI.
    """

    name: str
    prefix: str
    words: str
    shares: bool = False
    host_part: bool = False
    mac_early: bool = False


PLAIN = Handover("plain", "", "plain handover")
SHARED = Handover("shared", "shared-", "shared handover", shares=True)
HOST = Handover("host", "host-", "plain handover, vfsteer-host", host_part=True)
CNI = Handover("cni", "cni-", "CNI's order, vfsteer-host", host_part=True, mac_early=True)
HANDOVERS = {one.name: one for one in (PLAIN, SHARED, HOST, CNI)}
USUAL = "plain,shared,host"


def chosen_handovers(names):
    """The handovers of a comma-separated list, the usual ones when it is empty."""
    wanted = [name for name in (names or USUAL).split(",") if name]
    unknown = [name for name in wanted if name not in HANDOVERS]
    if unknown:
        raise HandoverError(
            f"no handover named {', '.join(unknown)}: {', '.join(HANDOVERS)} are known"
        )
    return [HANDOVERS[name] for name in wanted]


def handover_of(metric):
    """Whose metric it is."""
    return next(
        (one for one in HANDOVERS.values() if one.prefix and metric.startswith(one.prefix)), PLAIN
    )


def host_program():
    """A copy of vfsteer-host."""
    source = BUILD.parent / "vfsteer-host"
    if not source.exists():
        raise HandoverError(f"{source} is not built: run make")
    return kept(source, "bench-vfsteer-host")


class HostPart:
    """vfsteer-host in the hypervisor host, and a watch over the PFs' receive lists."""

    def __init__(self, host):
        self._vm, self._mac = host.vm, host.mac
        # Taps made by hand: their MACs say nothing about the guest.
        config = "".join(
            f"[tap {side.tap}]\nmac = {host.mac}\n" for side in host.sides.values()
        )
        self._vm.push(config.encode(), CONFIG, 0o644)
        self._watch = self._vm.spawn("exec bridge -timestamp monitor fdb")
        self._daemon = self._vm.spawn(f"exec vfsteer-host run --config {CONFIG}")
        self._vm.wait_for(
            f"! kill -0 {self._daemon.pid} 2>/dev/null || vfsteer-host status", 20
        )
        if not self._daemon.running():
            raise HandoverError(f"vfsteer-host run has ended: {self._daemon.output()}")

    def finish(self, ahead_ns):
        """{"counters": what it counted, "entries": [[monotonic ns here, PF, is added]]}. ahead_ns:
        how far the host's clock is ahead of ours.
        """
        status = json.loads(self._vm.check("vfsteer-host status --json"))
        return {
            "counters": status["counters"],
            "entries": entries(self._watch.output(), self._mac, ahead_ns),
        }


def entries(text, mac, ahead_ns):
    """[[monotonic ns, device, is added]] of what `bridge -timestamp monitor fdb` said about @mac on
    receive lists. The clock of the host shows UTC.
    """
    found, unix_ns = [], 0
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["Timestamp:"]:
            at = datetime.datetime.strptime(" ".join(words[1:6]), "%a %b %d %H:%M:%S %Y")
            unix_ns = int(at.replace(tzinfo=datetime.timezone.utc).timestamp()) * 1_000_000_000
            unix_ns += int(words[6]) * 1000
        elif mac in words and "self" in words:
            found.append(
                [unix_ns - ahead_ns, words[words.index("dev") + 1], "Deleted" not in words]
            )
    return found
