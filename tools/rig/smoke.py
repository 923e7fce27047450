#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Tries the rig itself, without vfsteer: smoke.py [--kernels 6.12,6.1] [basic|failover]...

basic: boots, passes traffic over virtio, plugs and unplugs a VF by ACPI and by pciehp.
failover: what events cost a guest that uses the kernel's net_failover, the figures to beat.
"""

import argparse
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.rig.kernels import SUITES
from tools.rig.lab import Lab
from tools.rig.measure import measure, summary
from tools.rig.qemu import qemu

_failures = 0


def say(text):
    print(text, flush=True)


def expect(true, text):
    global _failures
    if not true:
        _failures += 1
        say(f"  FAILED: {text}")


def basic(kernel, binary):
    for hotplug in ("acpi", "pciehp"):
        with Lab(kernel, hotplug=hotplug, qemu=binary) as lab:
            say(f"{kernel} {hotplug}: booted in {lab.vm.boot_s:.1f} s, standby {lab.netdev('sb')}")
            for family in (4, 6):
                result = measure(lab, family=family, before_s=1, after_s=1)
                say(f"  IPv{family} over virtio: {summary(result)}")
                expect(
                    result["out"]["lost"] == result["in"]["lost"] == 0,
                    "packets lost without an event",
                )
                expect(
                    lab.learned() == "sb0",
                    "the bridge sees the guest elsewhere than behind its standby",
                )
            expect(lab.netdev("vf") is None, "a VF before it was plugged")
            capture = lab.capture_vf()
            started = time.monotonic()
            name = lab.plug_vf()
            say(f"  plugged: {name} after {time.monotonic() - started:.2f} s")
            time.sleep(1)
            expect(not capture.frames(), "a VF that is down has sent frames")
            lab.vm.check(f"ip link set {name} up")
            lab.vm.wait_for(f"grep -q 1 /sys/class/net/{name}/carrier")
            time.sleep(1)
            say(f"  set up without any care: it sent {len(capture.stop())} frames by itself")
            lab.set_link("vf0", False)
            lab.vm.wait_for(f"grep -q 0 /sys/class/net/{name}/carrier")
            lab.set_link("vf0", True)
            lab.vm.wait_for(f"grep -q 1 /sys/class/net/{name}/carrier")
            say(f"  unplugged after {lab.unplug_vf():.2f} s")
            expect(lab.netdev("vf") is None, "the VF's netdev is still there after DEVICE_DELETED")


def failover(kernel, binary):
    with Lab(kernel, failover=True, vf_at_boot=True, qemu=binary) as lab:
        main, name = lab.main(), lab.wait_vf()
        say(f"{kernel} net_failover: master {main}, standby {lab.netdev('sb')}, VF {name}")
        expect(main and main != lab.netdev("sb"), "no net_failover master")
        address = lab.vm.check(f"basename $(readlink -f /sys/class/net/{name}/device)").strip()
        driver = f"/sys/bus/pci/drivers/{lab.vf_model}"

        def step(text, event, **how):
            # The next event finds everything at rest, with the VF carrying the traffic.
            lab.vm.wait_for(f"grep -q 1 /sys/class/net/{lab.wait_vf()}/carrier", 20)
            time.sleep(2)
            lab.vm.run(f"ping -c2 -i0.2 -W1 {lab.pairs[0].peer_v4}")
            say(f"  {text}, traffic at {lab.learned()}: {summary(measure(lab, event, **how))}")

        step("unplug", lab.unplug_vf)
        back = measure(lab, lab.plug_vf)
        say(f"  plug back: {summary(back)}")
        step("link down", lambda: lab.set_link("vf0", False))
        lab.set_link("vf0", True)
        step("set down", lambda: lab.vm.check(f"ip link set {lab.netdev('vf')} down"))
        lab.vm.check(f"ip link set {lab.netdev('vf')} up")
        step("driver unbind", lambda: lab.vm.check(f"echo {address} >{driver}/unbind"))
        lab.vm.check(f"echo {address} >{driver}/bind")
        step("silent guest, unplug", lab.unplug_vf, ways=("in",))


def main():
    parser = argparse.ArgumentParser(description="Tries the rig itself, without vfsteer.")
    parser.add_argument(
        "--kernels", default="6.12,6.1", help=f"comma-separated, of {', '.join(SUITES)}"
    )
    parser.add_argument(
        "--newer-qemu", action="store_true",
        help="version 9 or later, if need be from another suite",
    )
    parser.add_argument("parts", nargs="*", metavar="basic|failover")
    options = parser.parse_args()
    parts = options.parts or ["basic", "failover"]
    if set(parts) - {"basic", "failover"}:
        parser.error("parts are basic and failover")
    for kernel in options.kernels.split(","):
        for part in parts:
            {"basic": basic, "failover": failover}[part](kernel, qemu(options.newer_qemu))
    say("smoke: " + (f"{_failures} failed" if _failures else "passed"))
    return 1 if _failures else 0


if __name__ == "__main__":
    sys.exit(main())
