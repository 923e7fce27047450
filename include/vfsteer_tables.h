/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The enumerators and counters of vfsteer.h that grow, one table for each: a row is the only place
 * in the code that lists them. Their numbers and places stand in pinned maps, so rows are
 * appended, and never moved, reused or removed.
 *
 * docs/reference/ lists each row with its explanation, word for word;
 * tests/build/test_documented.py compares them.
 */
#ifndef VFSTEER_TABLES_H
#define VFSTEER_TABLES_H

/* clang-format off */

/*
 * Why the primary is PRIMARY_DOWN, for docs/reference/json.md.
 * X(enumerator, words in `status`, in JSON and in the log, explanation)
 */
#define VFSTEER_DOWN_REASONS(X)                                                                    \
	X(DOWN_NOT, "none",                                                                        \
	  "the primary is not down")                                                               \
	X(DOWN_SET_DOWN, "set down",                                                               \
	  "the netdev of the primary is closed")                                                   \
	X(DOWN_NO_CARRIER, "no carrier",                                                           \
	  "the driver of the primary reports no link")                                             \
	X(DOWN_DETACHED, "detached by its driver",                                                 \
	  "the driver detached the netdev: reset, suspend, error")                                 \
	X(DOWN_OTHER_MAC, "other MAC than the standby",                                            \
	  "the MAC of the primary is not that of the standby")                                     \
	X(DOWN_OTHER_MTU, "other MTU than the standby",                                            \
	  "the MTU of the primary is not that of the standby")                                     \
	X(DOWN_HOOK, "no place for our program",                                                   \
	  "no place on the primary's ingress or the standby's egress: see the agent's log")        \
	X(DOWN_XDP, "the standby's XDP program is not on it",                                      \
	  "the primary has to have the XDP program of the standby and cannot have it")             \
	X(DOWN_UNREACHABLE, "unreachable",                                                         \
	  "the primary has carrier and no path: neighbours answer over the standby only")          \
	X(DOWN_MTU_REFUSED, "refuses the standby's MTU",                                           \
	  "the primary cannot have the MTU of the standby: lower the MTU of the standby")

/*
 * Why the active device changed last, for docs/reference/json.md.
 * X(enumerator, words in `status`, in JSON and in the log, explanation)
 */
#define VFSTEER_CAUSES(X)                                                                          \
	X(CAUSE_NONE, "none",                                                                      \
	  "there was no switchover yet")                                                           \
	X(CAUSE_START, "agent started",                                                            \
	  "the agent took the pair over")                                                          \
	X(CAUSE_PRIMARY_READY, "primary ready",                                                    \
	  "the primary can carry traffic")                                                         \
	X(CAUSE_UNPLUG_REQUEST, "unplug announced",                                                \
	  "the hypervisor requested the primary: attention button, ACPI eject")                    \
	X(CAUSE_UNPLUG, "unplugged",                                                               \
	  "the PCI device of the primary is being removed")                                        \
	X(CAUSE_UNBIND, "driver unbound",                                                          \
	  "the driver of the primary is being unbound")                                            \
	X(CAUSE_UNREGISTER, "netdev unregistered",                                                 \
	  "the netdev of the primary is being unregistered")                                       \
	X(CAUSE_SET_DOWN, "set down",                                                              \
	  "the netdev of the primary is being closed")                                             \
	X(CAUSE_CARRIER_LOST, "carrier lost",                                                      \
	  "the driver of the primary reported loss of link")                                       \
	X(CAUSE_DETACHED, "detached by its driver",                                                \
	  "the driver detached the netdev: reset, suspend, error")                                 \
	X(CAUSE_CANNOT_SEND, "cannot send",                                                        \
	  "the liveness check found the primary gone, down or without carrier")                    \
	X(CAUSE_GONE, "gone",                                                                      \
	  "netlink reported that the primary is gone")                                             \
	X(CAUSE_MISALIGNED, "no longer matches the standby",                                       \
	  "MAC or MTU of the primary differ from those of the standby")                            \
	X(CAUSE_OPERATOR, "operator",                                                              \
	  "the command 'vfsteer switch' or 'vfsteer drain'")                                       \
	X(CAUSE_UNLOAD, "unload",                                                                  \
	  "the pair is being removed")                                                             \
	X(CAUSE_XDP, "XDP program attached or detached",                                           \
	  "the primary receives or loses an XDP program, and its driver stops its queues for that")\
	X(CAUSE_OWNED, "in somebody else's use",                                                   \
	  "the primary has a master, a device on it, an address of its own, or contested settings")\
	X(CAUSE_QDISC, "root qdisc replaced",                                                      \
	  "the primary receives another root qdisc, and drops packets while it is replaced")       \
	X(CAUSE_UNREACHABLE, "unreachable",                                                        \
	  "the primary has carrier and no path to the network")

/*
 * Counters of a pair, for docs/reference/counters.md. A field is the counter's key in JSON, too.
 * X(field, words in `status` behind "N packets " when there are any, else NULL, explanation)
 */
#define VFSTEER_COUNTERS(X)                                                                        \
	X(tx_primary_packets, NULL,                                                                \
	  "sent over the primary")                                                                 \
	X(tx_primary_bytes, NULL,                                                                  \
	  "sent over the primary")                                                                 \
	X(tx_standby_packets, NULL,                                                                \
	  "sent over the standby")                                                                 \
	X(tx_standby_bytes, NULL,                                                                  \
	  "sent over the standby")                                                                 \
	X(rx_primary_packets, NULL,                                                                \
	  "received by the primary")                                                               \
	X(rx_primary_bytes, NULL,                                                                  \
	  "received by the primary")                                                               \
	X(rx_standby_packets, NULL,                                                                \
	  "received by the standby")                                                               \
	X(rx_standby_bytes, NULL,                                                                  \
	  "received by the standby")                                                               \
	X(tx_primary_refused_packets,                                                              \
	  "sent over the standby instead: the active primary could not send",                      \
	  "sent over the standby, because the active primary could not send")                      \
	X(tx_primary_rescued_packets,                                                              \
	  "sent over the primary instead: the active standby had no carrier",                      \
	  "sent over the primary, because the active standby had no carrier")                      \
	X(rx_primary_link_local_packets,                                                           \
	  "802.1D link-local, left on the primary",                                                \
	  "802.1D link-local frames, left on the primary")                                         \
	X(drop_group_standby_inactive_packets,                                                     \
	  "dropped: broadcast or multicast on the standby's wire while the primary was active",    \
	  "dropped: group frames of the standby's wire while the primary was active")              \
	X(drop_group_primary_inactive_packets,                                                     \
	  "dropped: broadcast or multicast on the primary's wire while the standby was active",    \
	  "dropped: group frames of the primary's wire while the standby was active")              \
	X(drop_foreign_inactive_packets,                                                           \
	  "dropped: for a MAC that is not the pair's, on the inactive wire",                       \
	  "dropped: bridge ports only, unicast for a foreign MAC on the inactive wire")            \
	X(drop_own_echo_packets,                                                                   \
	  "dropped: our own broadcast or multicast, sent back to us",                              \
	  "dropped: the guest's own group frames, sent back")                                      \
	X(drop_backlog_packets,                                                                    \
	  "dropped between the devices: a CPU's backlog was full, raise "                          \
	  "net.core.netdev_max_backlog",                                                           \
	  "dropped: the backlog of a CPU was full (Linux 5.18)")                                   \
	X(drop_twin_packets,                                                                       \
	  "dropped: the other wire had brought the same frame",                                    \
	  "dropped: the other wire had brought the same frame")                                    \
	X(rx_primary_group_packets, NULL,                                                          \
	  "of the frames received by the primary: broadcast or multicast")                         \
	X(tx_lost_packets,                                                                         \
	  "lost: sent over the standby, which had no carrier, while no primary could carry them",  \
	  "of the packets sent over the standby: lost, because neither device could carry them")   \
	X(drop_twin_standby_packets, NULL,                                                         \
	  "of the twins dropped: unicast of the standby's wire, which the primary had brought")

/* Counters of a port, likewise. */
#define VFSTEER_PORT_COUNTERS(X)                                                                   \
	X(tx_packets, NULL,                                                                        \
	  "sent by the port")                                                                      \
	X(tx_bytes, NULL,                                                                          \
	  "sent by the port")                                                                      \
	X(rx_packets, NULL,                                                                        \
	  "delivered to the port")                                                                 \
	X(rx_bytes, NULL,                                                                          \
	  "delivered to the port")                                                                 \
	X(tx_native_packets, NULL,                                                                 \
	  "of these, by XDP")                                                                      \
	X(rx_native_packets, NULL,                                                                 \
	  "of these, by XDP")                                                                      \
	X(drop_foreign_source_packets,                                                             \
	  "dropped: sent by the port with a MAC that is not its own",                              \
	  "dropped: sent by the port with a MAC that is not its own")                              \
	X(drop_own_echo_packets,                                                                   \
	  "dropped: the port's own broadcast or multicast, sent back by the network",              \
	  "dropped: group frames of the port, sent back by the network")                           \
	X(drop_link_local_packets,                                                                 \
	  "dropped: 802.1D link-local, from the port",                                             \
	  "dropped: 802.1D link-local frames from the port")

/* clang-format on */

/* From a table to the enumerators of an enum, and to the fields of a struct. */
#define VFSTEER_ENUMERATOR(name, ...) name,
#define VFSTEER_COUNTER(field, ...) __u64 field;

#endif
