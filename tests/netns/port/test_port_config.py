#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""[port IFACE] of the configuration: a port that waits for its interface, and comes back with it.
"""

import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from ports import (  # noqa: E402
    Container, by_best_driver, listed, port, ports, prepare, wait_present, wait_serving, works,
)
from rig import (  # noqa: E402
    GUEST, GUEST6, MAC, OUTSIDE, case, check, check_equal, main, reachable, wait,
)


def start(stage, text):
    path = stage.directory / "vfsteer.conf"
    path.write_text(text)
    stage.options = ["--config", str(path)]
    stage.start()
    stage.wait_active("primary")


def section(mode="native", name="po1", more=""):
    return f"[port {name}]\npair = st0\n{'xdp = no' if mode == 'tc' else 'xdp = auto'}\n{more}"


@case(agent=False)
def there_before_the_agent(stage):
    for mode in ("native", "tc"):
        with Container(stage, settings=None, mode=mode) as one:
            prepare(stage, mode)
            start(stage, section(mode))
            status = wait_serving(one)
            check_equal(
                (status["mac"], status["configured"], status["passthrough"]),
                (one.mac, True, False), "(MAC, configured, passthrough)",
            )
            # Another namespace's GRO may be out of an agent's reach.
            check_equal(status["takes_by"], mode, f"takes by ({status['why']})")
            check(status["delivers_by"] in (mode, "tc"), f"delivers by {status['delivers_by']}")
            works(stage, one)
            stage.succeed("unload")
            stage.agent.wait(10)


@case(agent=False)
def waits_for_its_interface(stage):
    start(stage, section())
    check_equal(
        {
            name: ports(stage)["po1"][name]
            for name in ("present", "configured", "takes_by", "delivers_by")
        },
        {"present": False, "configured": True, "takes_by": "none", "delivers_by": "none"},
        "a port without an interface",
    )
    check_equal(listed(stage), ["po1"], "ports")
    check("po1" in stage.succeed("status"), "status does not name a port that waits")
    reachable(stage)
    with Container(stage, settings=None) as one:
        wait_serving(one)
        works(stage, one)
        for _ in range(3):
            one.unplug()
            wait_present(one, False)
            reachable(stage)
            one.plug()
            wait_serving(one)
            works(stage, one)
    wait("it to be absent", lambda: port(stage, "po1")["present"] is False)


@case(agent=False)
def primary_is_no_port(stage):
    """The configuration does not show that the device is a primary, only the agent finds that:
    status says why the port waits, and that the pair's devices do nothing for it.
    """
    stage.guest.run("ip link property add dev pr0 altname other-pr0")
    path = stage.directory / "vfsteer.conf"
    path.write_text(section(name="pr0"))
    stage.options = ["--config", str(path)]
    stage.start("st0=other-pr0")
    stage.wait_active("primary")
    check_equal(
        port(stage, "pr0")["why"], "it is the primary of a pair: name another interface", "why"
    )
    text = stage.succeed("status")
    check("\n  for the ports by nothing: none of them is bound\n" in text, f"status: {text}")
    reachable(stage)


@case(agent=False)
def restart_puts_it_back(stage):
    """With its interface, with another one of that name, and with none."""
    start(stage, section(more="mac = 02:76:66:00:01:01\n"))
    with Container(stage, settings=None) as one:
        wait_serving(one)
        for number in (signal.SIGKILL, signal.SIGTERM):
            stage.stop(number)
            works(stage, one)
            stage.start()
            wait_serving(one)
            works(stage, one)
            stage.stop(number)
            one.unplug()
            one.plug()
            stage.start()
            wait_serving(one)
            works(stage, one)
            check_equal(listed(stage), [one.port], "ports")
            stage.stop(number)
            one.unplug()
            stage.start()
            wait("it to be absent", lambda: port(stage, "po1")["present"] is False)
            one.plug()
            wait_serving(one)
            works(stage, one)


@case(agent=False)
def beside_one_by_hand(stage):
    start(stage, section())
    with Container(stage, settings=None) as one, Container(stage, 2) as two:
        wait_serving(one)
        check_equal(
            [ports(stage)[name]["configured"] for name in (one.port, two.port)], [True, False],
            "configured",
        )
        stage.stop(signal.SIGKILL)
        stage.start()
        for container in (one, two):
            wait_present(container)
            works(stage, container)
        one.unplug()
        two.unplug()
        wait(
            "the one by hand to be gone, the other to wait",
            lambda: listed(stage) == [one.port] and ports(stage)[one.port]["present"] is False,
        )


@by_best_driver
def passthrough(stage, mode):
    stage.stop()
    stage.succeed("unload")
    stage.guest.run("ip address flush dev st0")
    start(stage, section(mode, more="passthrough = yes\n"))
    with Container(stage, settings=None, mac=MAC, mode=mode) as one:
        one.netns.run(
            f"ip address add {GUEST}/24 dev ct0; ip address add {GUEST6}/64 dev ct0 nodad"
        )
        check_equal(wait_serving(one)["passthrough"], True, "passthrough")
        # The host itself is not reached any more.
        reachable(stage, one.netns, stage.outside, OUTSIDE)
        reachable(stage, stage.outside, one.netns, GUEST)


@case(agent=False)
def interface_gets_its_name_later(stage):
    """As udev gives it one, a moment after it has come."""
    start(stage, section())
    with Container(stage, 5, settings=None) as one:
        stage.guest.run("ip link set po5 down; ip link set po5 name po1; ip link set po1 up")
        one.port = "po1"
        wait_serving(one)
        works(stage, one)


@case(agent=False)
def interface_loses_its_name(stage):
    """The configuration names po1: whatever became of the one that was called so, the next one is a
    port.
    """
    start(stage, section())
    with Container(stage, settings=None) as one:
        wait_serving(one)
        stage.guest.run("ip link set po1 down; ip link set po1 name po5; ip link set po5 up")
        wait(
            "the agent to have seen it",
            lambda: port(stage, "po5") or not port(stage, "po1")["present"],
        )
        stage.guest.run("ip link delete po5")
        one.plug()
        wait_serving(one)
        works(stage, one)
        check_equal(listed(stage), ["po1"], "ports")


@case(agent=False)
def trouble_is_reported_and_survived(stage):
    """A configured interface that cannot be a port: said once, looked at again when it changes; the
    pair and other ports go on.
    """
    stage.guest.run(
        "ip link add br9 type bridge; ip link add po1 type veth peer name ct9; ip link set po1 master br9 up; ip link set ct9 up"
    )
    start(stage, section() + section(name="po2"))
    with Container(stage, 2, settings=None) as two:
        wait_present(two)
        works(stage, two)
        check_equal(ports(stage)["po1"]["takes_by"], "none", "takes by")
        check(ports(stage)["po1"]["why"], "status does not say why")
        check("po1" in stage.log.read_text(), "the log does not say so")
        said = stage.log.read_text().count("po1")
        time.sleep(1.5)
        check_equal(stage.log.read_text().count("po1"), said, "times that the log says so")
        stage.guest.run("ip link set po1 nomaster")
        wait("it to be a port", lambda: ports(stage)["po1"]["takes_by"] != "none")


@case(agent=False)
def two_that_cannot_both_be(stage):
    """One MAC for two ports, two that pass all through: the first is a port, of the second status
    and log say why it is none. A primary is refused as the file is read: test_port_bad_config.py.
    """
    for more in ("mac = 02:76:66:00:01:01\n", "passthrough = yes\n"):
        with Container(stage, 1, settings=None), Container(stage, 2, settings=None):
            start(stage, section(more=more) + section(name="po2", more=more))
            wait(
                "the first to be a port",
                lambda: ports(stage)["po1"]["present"]
                and ports(stage)["po1"]["takes_by"] != "none",
            )
            time.sleep(0.3)
            second = ports(stage)["po2"]
            check_equal(
                (second["takes_by"], second["delivers_by"]), ("none", "none"),
                f"the second's drivers, with {more.strip()}",
            )
            check(second["why"], "status does not say why")
            check("po2: " in stage.log.read_text(), "the log does not say so")
            stage.succeed("unload")
            stage.agent.wait(10)


@case(agent=False)
def standby_goes_and_comes(stage):
    start(stage, section())
    with Container(stage, settings=None) as one:
        wait_serving(one)
        stage.guest.run("ip link delete st0")
        wait("no pair", lambda: stage.pair() is None)
        stage.add_standby()
        stage.wait_active("primary")
        wait_serving(one)
        works(stage, one)
        check_equal(listed(stage), [one.port], "ports")


main()
