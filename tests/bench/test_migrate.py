#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The benchmark's section of migrations without one: what contenders ask of the guest that
migrates, and the account of what its far end noted.
"""

import sys
import types
import unittest
from pathlib import Path
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.benchmark import effort, migrate_account, migrate_witness  # noqa: E402
from tools.benchmark.contenders import CONTENDERS  # noqa: E402
from tools.benchmark.migrate import Scenario, plan  # noqa: E402
from tools.benchmark.migrate_guest import InnerLab, MigrationDied  # noqa: E402
from tools.benchmark.migrate_handover import (  # noqa: E402
    CNI, HANDOVERS, HOST, PLAIN, SHARED, HandoverError, HostPart, chosen_handovers, entries,
    handover_of,
)
from tools.rig.qmp import QmpError  # noqa: E402

MS = 1_000_000
MARKS = {
    "unplug": 1000 * MS,
    "migrate": 2000 * MS,
    "stop": 2500 * MS,
    "resume": 2600 * MS,
    "plug": 3000 * MS,
}


class Process:
    """A guest in which every command succeeds and every daemon runs; `scripts` are what it was
    asked.
    """

    pid, failover = 1, False

    def __init__(self, failover):
        self.failover, self.scripts = failover, []

    def check(self, script, timeout=30):
        self.scripts.append(script)
        return "eth0\n"

    def wait_for(self, script, timeout=10):
        return self.check(script)

    def run(self, script, timeout=30):
        return 0, self.check(script)

    def push(self, source, path, mode=0o755):
        self.scripts.append(path)

    def spawn(self, script):
        self.scripts.append(script)
        return types.SimpleNamespace(
            pid=1, running=lambda: True, output=lambda: "",
            wait_output=lambda text, timeout=10: None,
        )


class GuestTest(unittest.TestCase):
    def test_every_contender_finds_in_it_what_it_asks_for(self):
        for contender in CONTENDERS.values():
            with self.subTest(contender.name):
                process = Process(bool(contender.lab.get("failover")))
                lab = InnerLab(process)
                if contender.lab.get("configure", True):
                    lab.configure()
                contender.start(lab)
                self.assertEqual(lab.wait_vf(timeout=1), "eth0")
                contender.vf_back(lab)
                if contender.vf_leave(lab):
                    contender.vf_use(lab)
                self.assertTrue(process.scripts)

    def test_the_vf_is_looked_for_below_its_own_port(self):
        process = Process(False)
        lab = InnerLab(process)
        lab.netdev("vf")
        lab.netdev("sb")
        self.assertIn("/0000:00:03.0/*:*/net/", process.scripts[0])
        self.assertIn("/0000:00:02.0/*:*/virtio*/net/", process.scripts[1])


class PlanTest(unittest.TestCase):
    CONTENDERS = [CONTENDERS[name] for name in ("vfsteer", "net_failover", "virtio-only")]

    def test_every_handover_of_each_in_each_run(self):
        steps = plan(self.CONTENDERS, 2, [PLAIN, SHARED])
        self.assertEqual(
            [(run, handover.prefix, contender.name) for run, handover, contender in steps[:5]],
            [
                (1, "", "vfsteer"),
                (1, "", "net_failover"),
                (1, "", "virtio-only"),
                (1, "shared-", "vfsteer"),
                (1, "shared-", "net_failover"),
            ],
        )
        self.assertEqual(len(steps), 10)
        self.assertEqual(
            [contender.name for _, _, contender in plan(self.CONTENDERS, 1, [HOST])],
            ["vfsteer", "net_failover"],
        )

    def test_the_least_is_one_handover_of_each(self):
        with mock.patch.object(effort, "_smoke", True):
            self.assertEqual(
                {
                    (contender.name, handover.name)
                    for _, handover, contender in plan(self.CONTENDERS, 1, chosen_handovers(""))
                },
                {("vfsteer", "host"), ("net_failover", "plain"), ("virtio-only", "plain")},
            )


class HandoverTest(unittest.TestCase):
    MAC = "52:54:00:77:00:01"

    def test_they_are_chosen_by_name(self):
        self.assertEqual(chosen_handovers(""), [PLAIN, SHARED, HOST])
        self.assertEqual(chosen_handovers("cni,host"), [CNI, HOST])
        with self.assertRaisesRegex(HandoverError, "'?other'?: plain, shared, host, cni are known"):
            chosen_handovers("host,other")

    def test_a_metric_says_whose_it_is(self):
        for handover in HANDOVERS.values():
            self.assertIs(handover_of(f"{handover.prefix}answers/lost"), handover)

    def test_vfsteer_host_knows_which_taps_speak_for_the_guest(self):
        host = types.SimpleNamespace(
            vm=Process(False), mac=self.MAC,
            sides={side: types.SimpleNamespace(tap=f"tap{side}") for side in "ab"},
        )
        pushed = []
        host.vm.push = lambda data, path, mode=0o755: pushed.append(data.decode())
        HostPart(host)
        self.assertEqual(
            pushed, [f"[tap tapa]\nmac = {self.MAC}\n[tap tapb]\nmac = {self.MAC}\n"]
        )
        self.assertTrue(any("vfsteer-host run" in one for one in host.vm.scripts))
        self.assertFalse(any("fdb add" in one for one in host.vm.scripts))

    def test_when_a_receive_list_changed(self):
        said = f"""
Timestamp: Thu Jan  1 00:00:03 1970 500000 usec
{self.MAC} dev eth1 self permanent
Timestamp: Thu Jan  1 00:00:04 1970 0 usec
{self.MAC} dev tapb master brb
Timestamp: Thu Jan  1 00:00:04 1970 250000 usec
33:33:00:00:00:01 dev eth2 self permanent
Timestamp: Thu Jan  1 00:00:05 1970 1 usec
Deleted {self.MAC} dev eth1 self permanent
"""
        self.assertEqual(
            entries(said, self.MAC, 1_000_000_000),
            [[2500 * MS, "eth1", True], [4_000_001_000, "eth1", False]],
        )


class Qemu:
    """A QEMU that says the events it is given, in their order, and notes what is waited for."""

    def __init__(self, side, happened, *events):
        self.side, self._happened, self._events = side, happened, list(events)

    def qmp(self, command, /, **arguments):
        self._happened.append(f"{self.side}: {command}")
        return {"status": "completed", "downtime": 90, "total-time": 900, "ram": {"transferred": 1}}

    def wait_event(self, name, timeout=10, since=0, matches=lambda data: True):
        for number, (event, data) in enumerate(self._events):
            if event == name and matches(data):
                self._happened.append(f"{self.side}: {name} {data.get('status', '')}".strip())
                return {"event": event, "data": data, "host_s": float(number),
                        "timestamp": {"seconds": number, "microseconds": 0}}
        raise QmpError(f"no {name}")

    def alive(self):
        return True

    def log(self):
        return "its log"


def noting_host(happened):
    """A host that notes what it does about the MAC."""
    host = mock.Mock()
    for call in ("mac_share", "mac_take", "mac_give", "mac_unshare"):
        getattr(host, call).side_effect = lambda side, call=call: happened.append(f"{call} {side}")
    return host


class StepsTest(unittest.TestCase):
    """A plain pair: the host takes the VF out and gives it back by itself."""

    SAID = {"stop_s": 1.0, "resume_s": 2.0}

    def migrated(self, handover):
        happened = []
        source, target = mock.Mock(side="a"), mock.Mock(side="b")
        source.unplug.side_effect = lambda: happened.append("unplug") or 1.0
        target.plug.side_effect = lambda: happened.append("plug")
        contender = mock.Mock()
        contender.name, contender.lab = "vfsteer", {}
        contender.vf_leave.side_effect = lambda lab: happened.append("leave") or True
        contender.vf_use.side_effect = lambda lab: happened.append("use")
        scenario = Scenario(contender, None, handover, lambda step: None)

        def moved(*_):
            happened.append("migrate")
            return self.SAID

        with mock.patch.object(scenario, "_vf_wait"), mock.patch(
            "tools.benchmark.migrate.time.sleep"
        ), mock.patch("tools.benchmark.migrate.migrate", moved), mock.patch(
            "tools.benchmark.migrate.InnerLab"
        ):
            scenario._migrate(noting_host(happened), source, target)
        return happened

    def test_vfsteer_host_changes_nothing_about_the_steps_of_a_plain_host(self):
        steps = ["unplug", "mac_take a", "migrate", "plug", "mac_give b"]
        self.assertEqual(self.migrated(PLAIN), steps)
        self.assertEqual(self.migrated(HOST), steps)

    def test_the_order_of_the_cni(self):
        self.assertEqual(
            self.migrated(CNI), ["mac_give b", "unplug", "migrate", "mac_take a", "plug"]
        )

    def test_only_a_host_that_shares_asks_the_guest_to_leave_the_vf(self):
        self.assertEqual(
            self.migrated(SHARED),
            [
                "leave", "mac_share a", "unplug", "mac_take a", "migrate", "mac_share b", "plug",
                "mac_give b", "use", "mac_unshare b",
            ],
        )


class OneCommandTest(unittest.TestCase):
    """failover=on: one `migrate`, and the host follows QEMU's events."""

    def migrated(self, handover, *source_events):
        happened = []
        host = noting_host(happened)
        source = Qemu("a", happened, *source_events)
        target = Qemu("b", happened, ("FAILOVER_NEGOTIATED", {}), ("RESUME", {}))
        scenario = Scenario(CONTENDERS["vfsteer-net_failover"], None, handover, lambda step: None)
        with mock.patch.object(scenario, "_vf_wait"), mock.patch(
            "tools.benchmark.migrate.time.sleep"
        ):
            scenario._migrate_by_qemu(host, source, target)
        interesting = ("mac", "a: migrate", "a: UNPLUG", "a: MIGRATION", "b: FAILOVER", "b: RESUME")
        return scenario.marks, [
            one for one in happened if one.startswith(interesting) and "-" not in one
        ]

    EVENTS = (
        ("MIGRATION", {"status": "setup"}),
        ("UNPLUG_PRIMARY", {"device-id": "vf0"}),
        ("MIGRATION", {"status": "wait-unplug"}),
        ("MIGRATION", {"status": "active"}),
        ("STOP", {}),
        ("MIGRATION", {"status": "completed"}),
    )

    def test_the_mac_is_shared_before_the_guest_lets_go_and_given_before_it_has_the_new_vf(self):
        marks, happened = self.migrated(SHARED, *self.EVENTS)
        self.assertEqual(
            happened,
            [
                "a: migrate",
                "a: UNPLUG_PRIMARY",
                "mac_share a",
                "a: MIGRATION active",
                "mac_take a",
                "b: FAILOVER_NEGOTIATED",
                "mac_share b",
                "mac_give b",
                "a: MIGRATION completed",
                "b: RESUME",
                "mac_unshare b",
            ],
        )
        self.assertLessEqual(
            {"migrate", "unplug", "unplugged", "plug", "stop", "resume", "vf in use", "end"},
            set(marks),
        )

    def test_a_plain_host_only_moves_the_mac(self):
        for handover in (PLAIN, HOST):
            _, happened = self.migrated(handover, *self.EVENTS)
            self.assertEqual(
                [one for one in happened if one.startswith("mac")], ["mac_take a", "mac_give b"]
            )

    def test_the_order_of_the_cni(self):
        _, happened = self.migrated(CNI, *self.EVENTS)
        self.assertEqual(
            [one for one in happened if one.startswith(("mac", "a: migrate", "b: RESUME"))],
            ["mac_give b", "a: migrate", "b: RESUME", "mac_take a"],
        )

    def test_a_migration_that_fails_is_reported_with_both_logs(self):
        with self.assertRaisesRegex(
            MigrationDied, "(?s)completed.*source runs: its log.*target runs: its log"
        ):
            self.migrated(SHARED, *self.EVENTS[:3], ("MIGRATION", {"status": "failed"}))


class DuplicatesTest(unittest.TestCase):
    def answer(self, number, came_ms, requests):
        return number, came_ms * MS, requests, 0, 0, 0, 0, 200_000, 0, 0

    def test_none(self):
        answers = [self.answer(number, number, number + 1) for number in range(10)]
        self.assertEqual(
            migrate_account.duplicates(answers, MARKS),
            {"requests": 0, "answers": 0, "steps": {}, "when": []},
        )

    def test_a_question_that_came_twice_is_no_answer_that_did(self):
        # Question 0 came twice, and the second of its answers twice as well; question 1 once, its
        # answer twice.
        answers = [
            self.answer(0, 1100, 1),
            self.answer(0, 1101, 2),
            self.answer(0, 1102, 2),
            self.answer(1, 3100, 3),
            self.answer(1, 3101, 3),
        ]
        self.assertEqual(
            migrate_account.duplicates(answers, MARKS),
            {
                "requests": 1,
                "answers": 2,
                "steps": {"unplug": 2, "plug": 1},
                "when": [
                    ["requests", "unplug", 100.0, 1.0],
                    ["answers", "unplug", 100.0, 2.0],
                    ["answers", "plug", 100.0, 1.0],
                ],
            },
        )


class StandstillTest(unittest.TestCase):
    def stalled(self, guest, *samples):
        """guest, samples: (ms, *TCP_SAMPLE) of the two senders."""
        arrivals = [(at * MS, 8192) for at in (900, 1000, 1080, 2450, 3500, 3580)]
        stream = {"arrivals": arrivals, "sender": [[at * MS, *more] for at, *more in samples]}
        answers = [
            (number, at * MS, number, 0, 0, 0, *more) for number, (at, *more) in enumerate(guest)
        ]
        return migrate_account.standstill(stream, answers, 980 * MS, MARKS)

    def test_where_it_lies_and_what_the_sender_did(self):
        one = self.stalled(
            [(1000, 0, 200_000, 0, 0), (2500, 3, 1_600_000, 4, 0), (2600, 0, 200_000, 8, 0)],
            (900, 0, 200_000, 3, 1), (1300, 1, 400_000, 4, 1), (1900, 2, 800_000, 5, 2),
            (3000, 0, 200_000, 9, 9),
        )
        self.assertEqual(
            one,
            {
                "ms": 1370.0,
                "step": "unplug",
                "after_step_ms": 80.0,
                "stop_after_ms": 1420.0,
                "resume_after_ms": 1520.0,
                "guest": {"backoff": 3, "rto_ms": 1600, "retransmitted": 4, "needless": 0},
                "far end": {"backoff": 2, "rto_ms": 800, "retransmitted": 2, "needless": 1},
            },
        )

    def test_a_stream_that_never_goes_on_stands_still_to_the_end(self):
        stream = {"arrivals": [(900 * MS, 8192)], "sender": []}
        one = migrate_account.standstill(stream, [], 980 * MS, {**MARKS, "end": 9000 * MS})
        self.assertEqual((one["ms"], one["step"]), (8100.0, "before"))

    def test_a_sender_that_does_nothing(self):
        one = self.stalled([], (900, 0, 200_000, 3, 1))
        self.assertEqual((one["guest"], one["far end"]["retransmitted"]), (None, 0))


class CountersTest(unittest.TestCase):
    def test_what_has_risen(self):
        before = (
            "Tcp: RetransSegs InSegs\nTcp: 5 100\nTcpExt: TCPTimeouts TCPDSACKRecv\nTcpExt: 1 0\n"
        )
        after = (
            "Tcp: RetransSegs InSegs\nTcp: 7 900\nTcpExt: TCPTimeouts TCPDSACKRecv\nTcpExt: 1 4\n"
        )
        self.assertEqual(
            migrate_account.tcp_counters(before, after), {"RetransSegs": 2, "TCPDSACKRecv": 4}
        )


class AccountTest(unittest.TestCase):
    def noted(self):
        sent = [at * MS for at in range(0, 4000, 2)]
        answers = [
            [number, at + MS, number + 1, 0, 0, 0, 0, 0, 0, 0]
            for number, at in enumerate(sent)
            if not 2500 * MS <= at < 2600 * MS
        ]
        answers += [
            [number, at + 2 * MS, number + 1, 0, 0, 0, 0, 0, 0, 0]
            for number, at in enumerate(sent)
            if 3000 * MS <= at < 3100 * MS
        ]
        return {
            "sent": sent,
            "answers": answers,
            "udp_errors": {},
            "broken": [],
            "connections": 100,
            "tcp_counters": {"RetransSegs": 1},
            "stream": {
                "sent": 10,
                "received": 10,
                "arrivals": [[at * MS, 1] for at in range(0, 4000, 80)],
                "broken": None,
                "corrupt_at": None,
                "sender": [],
            },
        }

    def test_all_of_it(self):
        one = migrate_account.account(self.noted(), MARKS, {"RetransSegs": 2})
        self.assertEqual((one["lost"], one["lost_outside"], len(one["holes"])), (50, 0, 1))
        self.assertEqual(
            {what: one["duplicates"][what] for what in ("requests", "answers", "steps")},
            {"requests": 0, "answers": 50, "steps": {"plug": 50}},
        )
        self.assertEqual(one["duplicates"]["when"][0], ["answers", "plug", 1.0, 1.0])
        self.assertEqual(
            one["tcp_counters"], {"guest": {"RetransSegs": 2}, "far end": {"RetransSegs": 1}}
        )
        self.assertEqual(
            (one["tcp_stall"]["ms"], one["tcp_intact"], one["lost_by_rig"]), (80.0, True, 0)
        )

    def test_what_the_rig_has_lost(self):
        """Answers 1500 and 1501 (outside the downtime) left the guest; 1500 was seen on the PF,
        1501 was not. 1502 never left it.
        """
        noted = self.noted()
        noted["answers"] = [one for one in noted["answers"] if one[0] not in (1500, 1501, 1502)]
        outside = "".join(
            f"{number} {device} q {number}\n"
            for number in (1500, 1501, 1502)
            for device in ("out0 <", "pfa >")
        )
        host = "".join(
            f"{number} {device} q {number}\n"
            for number in (1500, 1501, 1502)
            for device in ("eth1 <", "tapa >")
        )
        host += "1500 tapa < a 1500\n1500 eth1 > a 1500\n1501 tapa < a 1501\ndropped 3\n"
        one = migrate_account.account(
            noted, MARKS, {},
            [migrate_witness.Sights(outside + "dropped 0\n", 0), migrate_witness.Sights(host, 0)],
        )
        self.assertEqual(
            [hole["where"] for hole in one["holes"]],
            [{"asker": 50}, {"NIC": 1, "host": 1, "guest": 1}],
        )
        self.assertEqual(
            (one["lost_outside"], one["lost_by_rig"], one["witnesses_dropped"]), (3, 2, 3)
        )


if __name__ == "__main__":
    unittest.main()
