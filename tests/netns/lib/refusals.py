# SPDX-License-Identifier: GPL-2.0-only
"""What a command that is refused may not touch, and how that is looked at."""

import os
import subprocess
import time
from pathlib import Path

import bpf
from rig import OUTSIDE, VFSTEER, Flow, check, check_equal, wait
from tests import header

MAPS = {name: header.size_of(kind)
        for name, kind in (("pairs", "pair"), ("ports", "port"), ("port_members", "members"))}
PAIR_SIZE = MAPS["pairs"]
LONG = "averylongname" + "e" * 115  # of 128 characters
NAME_RULE = "holds a '/', ':' or '='"


def picture(stage):
    """Devices, their flags and filters, the names of all pins."""
    # The name of a peer's namespace is looked for in those of all other tests, which come and go.
    devices = stage.guest.run(
        "ip -d link show 2>/dev/null | sed 's/ link-netns.*//'; tc qdisc show; ip maddress show; bridge fdb show | grep self; "
        "grep . /proc/sys/net/ipv[46]/conf/*/arp_*"
    ).splitlines()
    return set(devices) | {str(path) for path in stage.bpffs.rglob("*")}


def inventory(stage):
    """picture(), and which links and programs are pinned, and every byte of the pairs and ports."""
    found = picture(stage)
    for link in (stage.pins / "links").glob("*"):
        found.add((link.name, *bpf.link_ids(link)))
    for name, size in MAPS.items():
        if (stage.pins / name).exists():
            map_fd = bpf.get(stage.pins / name)
            found |= {
                (name, key, bpf.lookup(map_fd, size, key)) for key in range(bpf.entries(map_fd))
            }
            os.close(map_fd)
    return found


class Refusals:
    """Runs commands that have to fail while two flows pass; end() says how many, and that no
    datagram was lost.
    """

    def __init__(self, stage):
        self.stage, self.count, self.wrong = stage, 0, []
        self.flows = stage.flows(500)
        # The data path notes in the map for how long it compares unicast.
        time.sleep(1.2)
        self.names = {"dir": stage.directory, "bpffs": stage.bpffs}

    def run(self, arguments, bpffs, **streams):
        command = [*streams.pop("program", (VFSTEER,)), *arguments]
        if bpffs:
            command += ["--bpffs", bpffs]
        streams = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        } | streams
        return subprocess.run(self.stage.guest.enter(*command), timeout=20, **streams)

    def expect(self, arguments, status, message, bpffs=None, output=b"", **streams):
        """@arguments: a text of words, or a tuple. @message: the whole of stderr but its newline,
        {dir} and {bpffs} filled in. @bpffs: the --bpffs to add, None for none. What is not so is
        noted, and the next one tried.
        """
        arguments = (
            tuple(arguments.format(**self.names).split())
            if isinstance(arguments, str)
            else arguments
        )
        name = (
            " ".join(map(repr, arguments))
            if any(not part for part in arguments)
            else " ".join(map(str, arguments))
        )
        before, arrived = inventory(self.stage), [len(flow.arrived) for flow in self.flows]
        self.count += 1
        try:
            done = self.run(arguments, bpffs, **streams)
            check_equal(done.returncode, status, "exit status")
            check_equal(
                (done.stderr or b"").decode(errors="replace"),
                message.format(**self.names) + "\n" if message else "", "message",
            )
            check_equal(done.stdout or b"", output, "output")
            check_equal(inventory(self.stage) ^ before, set(), "what changed")
            wait(
                "datagrams both ways",
                lambda: all(
                    len(flow.arrived) > number for flow, number in zip(self.flows, arrived)
                ),
            )
        except (AssertionError, subprocess.TimeoutExpired) as wrong:
            self.wrong.append(f"vfsteer {name!a}: {wrong}")

    def end(self):
        for flow, way in zip(self.flows, ("out", "in")):
            flow.stop()
            check_equal(
                (flow.lost(), flow.copies, flow.refused), (0, 0, 0),
                f"(lost, doubled, refused) datagrams {way}",
            )
        sent = sum(len(flow.times) for flow in self.flows)
        print(
            f"# {self.count} mistakes, {len(self.wrong)} not as they should be; {sent} datagrams passed meanwhile, none lost",
            flush=True,
        )
        check(not self.wrong, "\n".join(self.wrong))
        return self.count


class PortRefusals(Refusals):
    """Refusals, with a port whose container's traffic passes meanwhile as well."""

    def __init__(self, stage, container):
        super().__init__(stage)
        self.container = container
        self.flows += (
            Flow(container.netns, stage.outside, OUTSIDE, 500),
            Flow(stage.outside, container.netns, container.address, 500),
        )

    def end(self):
        for flow, way in zip(self.flows[2:], ("out", "in")):
            flow.stop()
            check_equal(
                (flow.lost(), flow.copies, flow.refused), (0, 0, 0),
                f"(lost, doubled, refused) datagrams of the container {way}",
            )
        self.flows = self.flows[:2]
        super().end()


def write(stage, name, data):
    path = Path(stage.directory) / name
    path.write_bytes(data)
    return path
