# SPDX-License-Identifier: GPL-2.0-only
"""What forwarding through a port costs: at native speed on this machine's kernel (ports_native.py)."""

import platform

from tools.benchmark import ports_native

NATIVE = ("vfsteer", "bridge")


def describe():
    return "frames forwarded through a port: Mpps per core beside a bare redirect and a bridge"


def _missing(options, results, contender, metric, kernel):
    had = results.figure("ports", contender, metric, kernel)
    return max(0, options.runs - (len(had.values) if options.resume and had else 0))


def _native(options, results):
    kernel = platform.release()
    if not options.resume:
        results.discard(lambda figure: figure.section == "ports" and figure.kernel == kernel)
    for _ in range(max(_missing(options, results, name, "port-to-uplink/rate", kernel) for name in NATIVE)):
        try:
            said = ports_native.measure(NATIVE, results, lambda text: print(f"bench: ports: {text}", flush=True))
        except Exception as error:
            print(f"bench: ports: native speed: failed: {error}", flush=True)
            return 1
        results.save()
        for line in said:
            print(f"bench: ports: {kernel}: {line}", flush=True)
    return 0


def run(options, results):
    return _native(options, results)
