# SPDX-License-Identifier: GPL-2.0-only
"""What a packet costs: instructions in a guest (instructions.py), and the steering decision alone at native speed (decision.c)."""

import json
import platform
import subprocess

from tools.benchmark import instructions
from tools.benchmark.contenders import HERE, Vfsteer, chosen
from tools.rig.places import BUILD, ROOT
from tools.rig.programs import compiled


class VfsteerDirect(Vfsteer):
    """The same with rx = direct."""

    name = "vfsteer-direct"
    arguments = "--config /etc/vfsteer.conf"

    def start(self, lab):
        lab.vm.push(b"[agent]\nrx = direct\n", "/etc/vfsteer.conf", 0o644)
        super().start(lab)


def describe():
    return "instructions per packet under -icount, and the steering decision in nanoseconds"


def _decision(options, results):
    """At native speed, on this machine's kernel: the guests' would count, not time."""
    kernel = platform.release()
    had = results.figure("cost", "vfsteer", "decision/time", kernel)
    for _ in range(options.runs - (len(had.values) if options.resume and had else 0)):
        program = compiled(HERE / "decision.c", BUILD / "decision", "-D_GNU_SOURCE", f"-I{ROOT}/include", f"-I{BUILD.parent}/bpf", "-lbpf")
        said = subprocess.run([program], text=True, stdout=subprocess.PIPE, check=True).stdout
        for liveness, ns in json.loads(said).items():
            metric = "decision/time" if liveness == "kfunc" else f"decision-{liveness}/time"
            results.add("cost", "vfsteer", metric, kernel, ns["egress_primary"] - ns["empty"], "ns", {"all": ns})
        print(f"bench: cost: steering decision on {kernel}: {results.figure('cost', 'vfsteer', 'decision/time', kernel).values[-1]} ns "
              "over an empty program", flush=True)
        results.save()


def _guest(contender, kernel, options, results):
    """One guest, and all its figures, which are kept only together."""
    with instructions.guest(contender, kernel, options.qemu) as lab:
        measured = {name: instructions.measure(lab, name) for name in instructions.FIGURES}
    for name, (value, context) in measured.items():
        results.add("cost", contender.name, f"{name}/instructions", kernel, value, "instructions",
                    {"qemu_arguments": f"-icount shift=0 -cpu {instructions.CPU}", **context})
    return ", ".join(f"{name} {value:.0f}" for name, (value, _) in measured.items())


def run(options, results):
    contenders = [one for one in chosen(options.contenders) if one.name != "teamd"]
    if any(one.name == "vfsteer" for one in contenders):
        contenders.insert(1, VfsteerDirect())
    failed, total, done = 0, options.runs * len(options.kernels) * len(contenders), 0
    _decision(options, results)
    for run_index in range(options.runs):
        for kernel in options.kernels:
            for contender in contenders:
                done += 1
                had = results.figure("cost", contender.name, "udp-rx/instructions", kernel)
                if options.resume and had and len(had.values) > run_index:
                    continue
                try:
                    said = _guest(contender, kernel, options, results)
                except Exception as error:
                    failed += 1
                    print(f"bench: cost: {done} of {total}: {contender.label}, {kernel}: failed: {error}", flush=True)
                    continue
                results.save()
                print(f"bench: cost: {done} of {total}: {contender.label}, {kernel}: {said} instructions a packet", flush=True)
    return failed
