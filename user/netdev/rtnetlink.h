/* SPDX-License-Identifier: GPL-2.0-only */
/* rtnetlink: one request and its answers on a blocking socket. Kernel errors come out as they are: -errno. */
#ifndef NETDEV_RTNETLINK_H
#define NETDEV_RTNETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>

struct nl_msg;
struct nl_sock;

/* A socket for requests, in the caller's network namespace. The caller frees it with nl_socket_free. */
int rtnetlink_open(struct nl_sock **ret);

/* A request with its fixed header (struct ifinfomsg …) of @header_size bytes. NULL: out of memory. */
struct nl_msg *rtnetlink_message(int type, int flags, const void *header, int header_size);

/* Called with each answer other than acknowledgement and end. What it returns (not 0) becomes the request's result. */
typedef int (*rtnetlink_answer_fn)(const struct nlmsghdr *answer, void *context);

/*
 * Sends @request and reads until it is acknowledged or its dump has ended. Frees @request; NULL gives -ENOMEM.
 * Returns 0, the kernel's -errno, -EINTR when the dump was interrupted by a change (NLM_F_DUMP_INTR: ask again),
 * or -ETIMEDOUT when no answer came for 10 s. The kernel carries a request out, and waits for RTNL, before the sending is over: that wait has no bound.
 */
int rtnetlink_request(struct nl_sock *socket, struct nl_msg *request, rtnetlink_answer_fn answer, void *context);

/* May the same request succeed a moment after this -errno? The dump was interrupted, the answer lost, memory short, the device busy. */
bool rtnetlink_may_pass(int error);

#endif
