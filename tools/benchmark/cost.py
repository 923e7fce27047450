# SPDX-License-Identifier: GPL-2.0-only
"""What a packet costs: instructions in a guest (instructions.py), and at native speed on this
machine's kernel the steering decision alone (decision.c) and TCP between namespaces (native.py).
"""

import json
import platform
import subprocess

from tools.benchmark import instructions, native
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
    return "instructions per packet under -icount; TCP and the steering decision at native speed"


def _missing(options, results, contender, metric, kernel):
    """How many values a figure lacks."""
    had = results.figure("cost", contender, metric, kernel)
    return max(0, options.runs - (len(had.values) if options.resume and had else 0))


def _decision(options, results):
    kernel = platform.release()
    program = compiled(
        HERE / "decision.c", BUILD / "decision", "-D_GNU_SOURCE", f"-I{ROOT}/include",
        f"-I{BUILD.parent}/bpf", "-lbpf",
    )
    for _ in range(_missing(options, results, "vfsteer", "decision/time", kernel)):
        said = subprocess.run([program], text=True, stdout=subprocess.PIPE, check=True).stdout
        for liveness, ns in json.loads(said).items():
            metric = "decision/time" if liveness == "kfunc" else f"decision-{liveness}/time"
            results.add(
                "cost", "vfsteer", metric, kernel, ns["egress_primary"] - ns["empty"], "ns",
                {"all": ns},
            )
        print(
            f"bench: cost: steering decision on {kernel}: {results.figure('cost', 'vfsteer', 'decision/time', kernel).values[-1]} ns "
            "over an empty program",
            flush=True,
        )
        results.save()


def _native(contenders, options, results):
    kernel = platform.release()
    names = [one.name for one in contenders if one.name in native.CONFIGURATIONS]
    for _ in range(
        max(
            (_missing(options, results, name, "tcp-bulk/throughput", kernel) for name in names),
            default=0,
        )
    ):
        try:
            said = native.measure(names, results)
        except Exception as error:
            print(f"bench: cost: TCP at native speed: failed: {error}", flush=True)
            return 1
        results.save()
        print(
            f"bench: cost: TCP between namespaces on {kernel}: "
            + ", ".join(f"{name} {value:.1f}" for name, value in said.items())
            + " Gbit/s",
            flush=True,
        )
    return 0


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
    if not options.resume:
        # The decision is vfsteer's, and is measured whichever contenders take part.
        results.discard(
            lambda figure: figure.section == "cost"
            and figure.metric.startswith("decision")
            and figure.kernel == platform.release()
        )
        results.discard_measured(
            "cost", [one.name for one in contenders], (platform.release(), *options.kernels)
        )
    failed, total, done = 0, options.runs * len(options.kernels) * len(contenders), 0
    _decision(options, results)
    failed += _native(contenders, options, results)
    for run_index in range(options.runs):
        for kernel in options.kernels:
            for contender in contenders:
                done += 1
                if (
                    options.runs
                    - _missing(options, results, contender.name, "udp-rx/instructions", kernel)
                    > run_index
                ):
                    continue
                try:
                    said = _guest(contender, kernel, options, results)
                except Exception as error:
                    failed += 1
                    print(
                        f"bench: cost: {done} of {total}: {contender.label}, {kernel}: failed: {error}",
                        flush=True,
                    )
                    continue
                results.save()
                print(
                    f"bench: cost: {done} of {total}: {contender.label}, {kernel}: {said} instructions a packet",
                    flush=True,
                )
    return failed
