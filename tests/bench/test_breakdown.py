#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""What breakdown.py makes of a log of instructions, on a log made up here."""

import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.benchmark.breakdown import Symbols, groups, per_packet, table  # noqa: E402

KALLSYMS = """ffffffff81000000 T send
ffffffff81000010 t xmit
ffffffff81000018 d a_variable
ffffffffc0000000 t bpf_prog_0123456789abcdef_steer_egress	[bpf]
"""
SEND, XMIT, PROGRAM, USER = 0xffffffff81000000, 0xffffffff81000010, 0xffffffffc0000000, 0x401000


def line(address):
    return f"Trace 0: 0x7f5c34000100 [0000000000000000/{address:016x}/00c0b2b0/ff000201] \n"


class Breakdown(unittest.TestCase):
    def log(self, *addresses):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name) / "log"
        path.write_text(
            "cpu_io_recompile: not an instruction\n"
            + "".join(line(address) for address in addresses)
        )
        return path

    def test_an_address_is_its_function_s(self):
        symbols = Symbols(KALLSYMS)
        self.assertEqual(symbols.at(SEND), ("send", True))
        self.assertEqual(symbols.at(SEND + 4), ("send", False))
        # Data is no function: what stands behind it belongs to the function before.
        self.assertEqual(symbols.at(XMIT + 9), ("xmit", False))
        self.assertEqual(symbols.at(PROGRAM), ("bpf: steer_egress", True))
        self.assertEqual(symbols.at(USER), ("(user space)", False))

    def test_groups_begin_with_a_packet_and_are_complete(self):
        packet = [XMIT, XMIT + 4, USER, SEND, PROGRAM]
        grouped = groups(self.log(SEND, SEND, *packet * 5), Symbols(KALLSYMS), "xmit", 2)
        self.assertEqual(
            grouped, 2 * [{"xmit": 4, "(user space)": 2, "send": 2, "bpf: steer_egress": 2}]
        )

    def test_what_is_executed_elsewhere_is_not_counted(self):
        # send stands for the softirq, the program for what calls it.
        log = self.log(*[PROGRAM, SEND, XMIT, USER, SEND + 4, PROGRAM + 4, SEND + 4] * 3)
        grouped = groups(log, Symbols(KALLSYMS), "xmit", 1, ("send", {"bpf: steer_egress"}))
        self.assertEqual(grouped, 2 * [{"xmit": 1, "(user space)": 1, "send": 2}])

    def test_a_packet_s_figure_is_the_median_over_groups(self):
        functions, total = per_packet(
            [Counter(xmit=20), Counter(xmit=24, timer=500), Counter(xmit=24)], 2
        )
        self.assertEqual(functions, {"xmit": 12, "timer": 0})
        self.assertEqual(total, 12)

    def test_the_table_has_what_differs_from_the_first(self):
        said = table(
            "tx",
            "6.12",
            {
                "bare-vf": ({"xmit": 30, "send": 100}, 130),
                "vfsteer": ({"xmit": 60, "send": 101, "hook": 9}, 170),
            },
        )
        rows = [
            [cell.strip() for cell in row.split("|")[1:-1]]
            for row in said.splitlines()
            if row.startswith("|")
        ]
        self.assertEqual(
            rows[2:], [["all", "130", "170"], ["xmit", "30", "60"], ["hook", "0", "9"]]
        )


if __name__ == "__main__":
    unittest.main(verbosity=2)
