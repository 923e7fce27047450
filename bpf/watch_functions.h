/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel functions that are watched. A row is the only place in the code that lists one: the
 * program, its weight in `status` and its part in the self-test are made from it.
 * docs/internals/watch-programs.md lists each row; tests/build/test_documented.py compares them.
 *
 * F(function, since, sees, match, arguments, warns, tested, superseded_by)
 *
 * function       its name in the kernel. Each is optional: the agent loads those that the BTF of
 *                the running kernel names.
 * since          the first Linux that has it, "" if all supported ones have it
 * sees           what it sees that the others do not
 * match          how its program finds the pair, and what it does with the pair:
 *                DEVICE_HELD      the struct net_device of its argument: (state, cause)
 *                LIST, LIST_HELD  those in a list of devices that are closed: (cause)
 *                OWNER            wakes the agent: the struct net_device is an owner: (event)
 *                PCI              the struct pci_dev: (which of its names, cause); held
 *                PCI_DRIVER       the same for a struct device; held
 *                OWN, OWN_HELD    the program is written in watch.bpf.c: ()
 *                A held function waits until the switchover is announced (hold.h). Another kind
 *                gets a WATCH_MATCH_... in watch.bpf.c and a WATCHED_HOLDS_... in watched.c.
 * warns          of which end of a primary it warns, WARNS_..., joined by |; and POLLED: if it does
 *                not run, the agent polls once a second; POLLED_IF_THERE: only if the kernel has
 *                the function
 * tested         the steps of the self-test in which it must run, STEP_..., joined by |; 0: the
 *                test device does not pass it. And CLOSES: it runs before the driver stops;
 *                NEEDED: without it the state word is not trusted
 * superseded_by  a function that makes this one useless, else none
 */
#ifndef BPF_WATCH_FUNCTIONS_H
#define BPF_WATCH_FUNCTIONS_H

/* clang-format off */
#define WATCH_FUNCTIONS(F)                                                                         \
	F(pciehp_handle_button_press, "",                                                          \
	  "attention button: five seconds until the slot is powered off, or a second press",       \
	  OWN, (), WARNS_REQUEST, 0, none)                                                         \
	F(acpiphp_disable_and_eject_slot, "",                                                      \
	  "ACPI eject",                                                                            \
	  OWN_HELD, (), WARNS_REQUEST, 0, none)                                                    \
	F(pci_stop_bus_device, "",                                                                 \
	  "PCI removal: the port first, and the devices below the port afterwards",                \
	  PCI, (WATCH_PCI_ADDRESS | WATCH_PCI_PORT, CAUSE_UNPLUG), WARNS_REMOVAL, 0, none)         \
	F(pci_stop_and_remove_bus_device, "",                                                      \
	  "PCI removal, for a kernel that inlined the former",                                     \
	  PCI, (WATCH_PCI_ADDRESS | WATCH_PCI_PORT, CAUSE_UNPLUG), WARNS_REMOVAL, 0, none)         \
	F(pci_device_remove, "",                                                                   \
	  "driver unbind: the remove callback of the bus, before that of the driver",              \
	  PCI_DRIVER, (WATCH_PCI_ADDRESS, CAUSE_UNBIND), WARNS_REMOVAL | WARNS_UNBIND, 0, none)    \
	F(unregister_netdevice_queue, "",                                                          \
	  "unregistration of the netdev",                                                          \
	  DEVICE_HELD, (PRIMARY_LEAVING, CAUSE_UNREGISTER),                                        \
	  WARNS_REMOVAL, STEP_DELETE | NEEDED, none)                                               \
	F(__dev_close_many, "",                                                                    \
	  "set down",                                                                              \
	  LIST_HELD, (CAUSE_SET_DOWN), WARNS_SET_DOWN, STEP_DOWN | STEP_DELETE | CLOSES, none)     \
	F(dev_close_many, "",                                                                      \
	  "set down: exported wrapper, for a kernel that inlined the former",                      \
	  LIST_HELD, (CAUSE_SET_DOWN), WARNS_SET_DOWN, STEP_DELETE | CLOSES, __dev_close_many)     \
	F(netif_close_many, "6.15",                                                                \
	  "set down: the later name of the wrapper",                                               \
	  LIST_HELD, (CAUSE_SET_DOWN), WARNS_SET_DOWN, STEP_DELETE | CLOSES, __dev_close_many)     \
	F(dev_deactivate_many, "",                                                                 \
	  "queues stopped",                                                                        \
	  LIST, (CAUSE_CARRIER_LOST), 0, STEP_DOWN | STEP_DELETE | CLOSES, none)                   \
	F(netif_device_detach, "",                                                                 \
	  "netdev detached by its driver: reset, suspend, error",                                  \
	  OWN, (), 0, 0, none)                                                                     \
	F(netif_device_attach, "",                                                                 \
	  "netdev attached again",                                                                 \
	  OWN, (), 0, 0, none)                                                                     \
	F(netif_carrier_off, "",                                                                   \
	  "carrier lost, without the delay of netlink",                                            \
	  OWN, (), WARNS_CARRIER, STEP_DOWN | STEP_DELETE | NEEDED, none)                          \
	F(netif_carrier_on, "",                                                                    \
	  "carrier, without the delay of netlink",                                                 \
	  OWN, (), 0, STEP_UP, none)                                                               \
	F(__dev_set_rx_mode, "",                                                                   \
	  "address lists and promiscuity of the owner: netlink reports none before 6.14",          \
	  OWNER, (EVENT_FILTERS), POLLED, STEP_UP, none)                                           \
	F(bpf_mprog_attach, "6.6",                                                                 \
	  "a program of others at a tcx hook: ours has to be the last, and netlink reports none",  \
	  OWN, (), POLLED_IF_THERE, 0, none)                                                       \
	F(dev_xdp_install, "",                                                                     \
	  "XDP program of the owner: netlink reports none that a link attaches or replaces",       \
	  OWNER, (EVENT_PROGRAMS), 0, 0, none)
/* clang-format on */

/* WATCH_<function> is the number of its row. A mask of them must fit 32 bits. */
#define WATCH_ENUMERATOR(function, ...) WATCH_##function,

enum watch_function {
	WATCH_FUNCTIONS(WATCH_ENUMERATOR)
	WATCH_FUNCTIONS_MAX,
	WATCH_none = WATCH_FUNCTIONS_MAX,
};

_Static_assert(WATCH_FUNCTIONS_MAX <= 32, "a mask of them is an unsigned");

#endif
