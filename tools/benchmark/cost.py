# SPDX-License-Identifier: GPL-2.0-only
"""What a packet costs: guest instructions under QEMU's -icount, and the steering decision alone at native speed.

With -icount shift=0 the guest's clock counts instructions, one per nanosecond, and time that the CPU was idle is known to the
nanosecond: what is left is the whole path's instructions, the sending or receiving program's included. One CPU. udp-tx paces its
packets, as a program with a timer does; udp-tx-burst sends one behind the other, the shortest path there is.
"""

import contextlib
import json
import subprocess
import time

from tools.benchmark.contenders import HERE, Vfsteer, chosen
from tools.rig.places import BUILD, ROOT
from tools.rig.programs import compiled, program

UDP_PAYLOAD = 22  # a frame of 64 bytes
PORT = 9
PACKETS, RATE = 4000, 500
BURST_PACKETS = 20000
RX_PACKETS, BURST = 8000, 100
ICOUNT = {"cpus": 1, "accel": "tcg,thread=single", "devices": ["-icount", "shift=0"], "boot_timeout_s": 240}


class VfsteerDirect(Vfsteer):
    """The same with rx = direct."""

    name = "vfsteer-direct"
    arguments = "--config /etc/vfsteer.conf"

    def start(self, lab):
        lab.vm.push(b"[agent]\nrx = direct\n", "/etc/vfsteer.conf", 0o644)
        super().start(lab)


def describe():
    return "instructions per packet under -icount, and the steering decision in nanoseconds"


def _compiled(name, *libraries):
    return compiled(HERE / f"{name}.c", BUILD / name, "-D_GNU_SOURCE", f"-I{ROOT}/include", f"-I{BUILD.parent}/bpf", *libraries)


@contextlib.contextmanager
def _guest(contender, kernel, qemu):
    """At rest, its VF plugged and carrying the traffic, all of it in counted time."""
    inner = contender.extra()
    contender.extra = lambda: {**inner, "packets": _compiled("packets")}
    lab = contender.boot(kernel, qemu=qemu, **ICOUNT)
    try:
        pair = lab.pairs[0]
        deadline = time.monotonic() + 60
        while lab.learned() != contender.port:
            lab.vm.run(f"ping -c1 -W1 {pair.peer_v4}", 60)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{contender.name}: traffic is at {lab.learned()}, not at {contender.port}")
        time.sleep(2)
        yield lab
    finally:
        del contender.extra
        lab.stop()


def _said(output):
    return json.loads(output.splitlines()[-1])["busy_ns_per_unit"]


def _udp_tx(lab, count, rate):
    return _said(lab.vm.check(f"packets tx {lab.pairs[0].peer_v4} {PORT} {count} {UDP_PAYLOAD} {rate}", 240))


def _udp_rx(lab):
    """In bursts that wait for the guest while it stands still: how many packets an interrupt finds is then no question of timing."""
    receiver = lab.vm.spawn(f"exec packets rx {PORT} {RX_PACKETS}")
    receiver.wait_output("receiving", 30)
    for _ in range(RX_PACKETS // BURST + 10):
        lab.vm.qmp("stop")
        lab.peer.run(f"{program('flow')} send --to {lab.pairs[0].guest_v4} --port {PORT} --rate 100000 --burst {BURST} --count {BURST} >/dev/null")
        lab.vm.qmp("cont")
        time.sleep(0.08)
    receiver.wait(60)
    return _said(receiver.output())


def _decision(results):
    """At native speed, on this machine's kernel: the guests' would count, not time."""
    said = subprocess.run([_compiled("decision", "-lbpf")], text=True, stdout=subprocess.PIPE, check=True).stdout
    kernel = subprocess.run(["uname", "-r"], text=True, stdout=subprocess.PIPE, check=True).stdout.strip()
    for liveness, ns in json.loads(said).items():
        metric = "decision/time" if liveness == "kfunc" else f"decision-{liveness}/time"
        results.add("cost", "vfsteer", metric, kernel, ns["egress_primary"] - ns["empty"], "ns", {"all": ns})
    return kernel


def run(options, results):
    contenders = [one for one in chosen(options.contenders) if one.name != "teamd"]
    if any(one.name == "vfsteer" for one in contenders):
        contenders.insert(1, VfsteerDirect())
    failed, total, done = 0, options.runs * len(options.kernels) * len(contenders), 0
    for _ in range(options.runs):
        kernel = _decision(results)
        print(f"bench: cost: steering decision on {kernel}: {results.figure('cost', 'vfsteer', 'decision/time', kernel).values[-1]} ns "
              "over an empty program", flush=True)
        results.save()
    for run_index in range(options.runs):
        for kernel in options.kernels:
            for contender in contenders:
                done += 1
                had = results.figure("cost", contender.name, "udp-rx/instructions", kernel)
                if options.resume and had and len(had.values) > run_index:
                    continue
                try:
                    with _guest(contender, kernel, options.qemu) as lab:
                        values = {"udp-tx": _udp_tx(lab, PACKETS, RATE), "udp-rx": _udp_rx(lab), "udp-tx-burst": _udp_tx(lab, BURST_PACKETS, 0)}
                except Exception as error:
                    failed += 1
                    print(f"bench: cost: {done} of {total}: {contender.label}, {kernel}: failed: {error}", flush=True)
                    continue
                for metric, value in values.items():
                    results.add("cost", contender.name, f"{metric}/instructions", kernel, value, "instructions",
                                {"qemu_arguments": "-icount shift=0", "packets": PACKETS})
                results.save()
                print(f"bench: cost: {done} of {total}: {contender.label}, {kernel}: "
                      + ", ".join(f"{metric} {value:.0f}" for metric, value in values.items()) + " instructions a packet", flush=True)
    return failed
