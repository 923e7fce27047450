#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The examples of the documents that need no guest: their output is what the program prints.
--write puts it there.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from rig import OUTSIDE, ROOT, VFSTEER, Flow, Skip, case, main, reachable, wait  # noqa: E402

sys.path.insert(0, str(ROOT / "tests"))
import examples  # noqa: E402
from ports import KERNEL, Container  # noqa: E402

PAIR_MAC = "52:54:00:77:00:01"
CONFIG = "/etc/vfsteer.conf"


def rename(stage):
    """The devices get the names and the MAC of the documents."""
    stage.guest.run(f"""
        ip link set st0 down; ip link set st0 name eth0 address {PAIR_MAC}; ip link set eth0 up
        ip address add fd77::1/64 dev eth0 nodad
        ip link set pr0 name eth1 address {PAIR_MAC}""")
    stage.names = lambda number=0: ("eth0", "eth1")
    stage.mac = lambda number=0: PAIR_MAC


def runner(stage, **texts):
    """Runs the command of an example in the guest, with this stage's pins and configuration."""
    programs = stage.directory / "bin"
    programs.mkdir(exist_ok=True)
    wrapper = programs / "vfsteer"
    wrapper.write_text(f'#!/bin/sh\nexec "{VFSTEER}" "$@" --bpffs "{stage.bpffs}"\n')
    wrapper.chmod(0o755)
    config = stage.directory / "vfsteer.conf"

    def run(command):
        if command in texts:
            return texts[command]
        command = command.replace("/sys/fs/bpf", str(stage.bpffs)).replace(CONFIG, str(config))
        done = subprocess.run(
            stage.guest.enter("sh", "-c", command),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=60, env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        )
        return done.stdout.replace(str(stage.bpffs), "/sys/fs/bpf").replace(str(config), CONFIG)
    return run


def start(stage):
    rename(stage)
    stage.start()
    stage.wait_active("primary")
    reachable(stage)


@case(agent=False)
def switch(stage):
    start(stage)
    examples.check("switch", runner(stage))


@case(agent=False)
def unload(stage):
    start(stage)
    stage.stop()
    examples.check("unload", runner(stage))


@case(agent=False)
def mistake(stage):
    rename(stage)
    (stage.directory / "vfsteer.conf").write_text("[agent]\nup_delay_ms = 0\nrx = fast\n")
    examples.check("mistake", runner(stage))


@case(agent=False)
def jq(stage):
    start(stage)
    examples.check("jq", runner(stage))


@case(agent=False)
def held_back(stage):
    """Carrier is lost again and again, as soon as the primary is active."""
    start(stage)
    for _ in range(5):
        stage.outside.run("ip link set pr1 down")
        stage.wait_active("standby")
        stage.outside.run("ip link set pr1 up")
        if _ < 4:
            stage.wait_active("primary", timeout=10)
    examples.check("held-back", runner(stage))


@case(agent=False)
def qdisc(stage):
    start(stage)
    try:
        stage.guest.run("""
            tc qdisc replace dev eth0 root handle 1: htb default 10
            tc class add dev eth0 parent 1: classid 1:10 htb rate 100mbit
            tc filter add dev eth0 parent 1: prio 11 handle 7: protocol ip u32 divisor 16""")
    except Exception as error:
        raise Skip(f"this kernel has no htb or u32: {error}") from error
    wait(
        "status to name it", lambda: (stage.pair()["qdisc"] or {}).get("why", "").startswith("u32")
    )
    stage.wait_active("primary")
    examples.check("qdisc", runner(stage))


@case(agent=False)
def port(stage):
    if KERNEL < (6, 3):
        raise Skip("ports go by XDP from Linux 6.3 on")
    stage.outside.run(
        "ethtool -K br0 tx off >/dev/null; for wire in st1 pr1; do ethtool -K $wire gro on; done"
    )
    start(stage)
    time.sleep(1.2)
    with Container(stage, settings=None, mac="52:54:00:77:c0:01") as one:
        stage.guest.run(
            f"ip link set {one.port} down; ip link set {one.port} name veth0; ip link set veth0 up"
        )
        one.port = "veth0"
        passed = []

        def traffic(run):
            """Between the command that makes the port and the one that shows it."""
            def wrapped(command):
                if "status" in command and not passed:
                    stage.wait_active("primary")
                    time.sleep(1.2)
                    for flow in (
                        Flow(one.netns, stage.outside, OUTSIDE, 500),
                        Flow(stage.outside, one.netns, one.address, 500),
                    ):
                        time.sleep(0.5)
                        flow.stop()
                    passed.append(True)
                if "port add" in command and passed:
                    stage.succeed("port", "del", "veth0")
                    passed.clear()
                return run(command)
            return wrapped
        examples.check("port", traffic(runner(stage)))


if __name__ == "__main__":
    main()
