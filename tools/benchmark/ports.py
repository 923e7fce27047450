# SPDX-License-Identifier: GPL-2.0-only
"""What a port costs: at native speed on this machine's kernel (ports_native.py), and in a guest, in
instructions (ports_guest.py).
"""

import platform

from tools.benchmark import instructions, ports_guest, ports_native
from tools.benchmark.contenders import chosen

NATIVE, ALWAYS = ("vfsteer", "bridge"), ("bare-redirect", "bare-wire")


def describe():
    return "frames through a port: Mpps per core beside a bare redirect and a bridge; instructions of a container's packets in a guest"


def _missing(options, results, contender, metric, kernel):
    had = results.figure("ports", contender, metric, kernel)
    return max(0, options.runs - (len(had.values) if options.resume and had else 0))


def _native(options, results):
    kernel = platform.release()
    for _ in range(
        max(_missing(options, results, name, "port-to-uplink/rate", kernel) for name in NATIVE)
    ):
        try:
            said = ports_native.measure(
                NATIVE, results, lambda text: print(f"bench: ports: {text}", flush=True)
            )
        except Exception as error:
            print(f"bench: ports: native speed: failed: {error}", flush=True)
            return 1
        results.save()
        for line in said:
            print(f"bench: ports: {kernel}: {line}", flush=True)
    return 0


def _guests(options, results):
    failed, kinds = 0, ports_guest.contained(options.contenders)
    total, done = options.runs * len(options.kernels) * len(kinds), 0
    for run_index in range(options.runs):
        for kernel in options.kernels:
            for contained in kinds:
                done += 1
                if (
                    options.runs
                    - _missing(options, results, contained.name, "udp-rx/instructions", kernel)
                    > run_index
                ):
                    continue
                try:
                    measured = ports_guest.measure(contained, kernel, options.qemu)
                except Exception as error:
                    failed += 1
                    print(
                        f"bench: ports: {done} of {total}: {contained.name}, {kernel}: failed: {error}",
                        flush=True,
                    )
                    continue
                for name, (value, context) in measured.items():
                    results.add(
                        "ports", contained.name, f"{name}/instructions", kernel, value,
                        "instructions",
                        {"qemu_arguments": f"-icount shift=0 -cpu {instructions.CPU}", **context},
                    )
                results.save()
                print(
                    f"bench: ports: {done} of {total}: {contained.name}, {kernel}: "
                    + ", ".join(f"{name} {value:.0f}" for name, (value, _) in measured.items())
                    + " instructions a packet",
                    flush=True,
                )
    return failed


def run(options, results):
    chosen(options.contenders)  # refuses names that no contender has
    if not options.resume:
        results.discard_measured(
            "ports",
            (*NATIVE, *ALWAYS, *(one.name for one in ports_guest.contained(options.contenders))),
            (platform.release(), *options.kernels),
        )
    return _native(options, results) + _guests(options, results)
