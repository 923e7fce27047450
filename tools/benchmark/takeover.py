# SPDX-License-Identifier: GPL-2.0-only
"""How long a guest takes from its VF's link being up to the first packet that it sends over the VF,
in the kernel's own words: ftrace.

Counted from netif_carrier_on, the driver's word that the link is up, to net_dev_start_xmit on the
VF, both by the guest's monotonic clock.
"""

TRACING = "/sys/kernel/tracing"

START = """
cd {tracing}
echo 0 >tracing_on
echo mono >trace_clock
echo 0 >options/overwrite
echo >trace
grep -q bench_carrier kprobe_events || echo 'p:bench_carrier netif_carrier_on' >>kprobe_events
echo 'name == "{netdev}"' >events/net/net_dev_start_xmit/filter
echo 1 >events/net/net_dev_start_xmit/enable
echo 1 >events/kprobes/bench_carrier/enable
echo 1 >tracing_on
"""

# A packet that left before the link was up belongs to what was before.
STOP = """
cd {tracing}
echo 0 >tracing_on
echo 0 >events/net/net_dev_start_xmit/enable
echo 0 >events/kprobes/bench_carrier/enable
awk '/bench_carrier:/ && !up {{ for (i = 1; i <= NF; i++) if ($i ~ /bench_carrier:$/) up = $(i - 1) + 0 }}
     /net_dev_start_xmit:/ && up {{ for (i = 1; i <= NF; i++)
         if ($i ~ /net_dev_start_xmit:$/) {{ printf "%.3f", ($(i - 1) - up) * 1000; exit }} }}' trace
echo >trace
"""


def takeover_watch(vm, netdev):
    """Begins to watch; whether this kernel lets us."""
    return vm.run(START.format(tracing=TRACING, netdev=netdev))[0] == 0


def takeover_ms(vm):
    """Ends it; the milliseconds, or None when there was no link or no packet."""
    said = vm.check(STOP.format(tracing=TRACING)).split()
    return float(said[-1]) if said else None
