/* SPDX-License-Identifier: GPL-2.0-only */
/* rtnetlink: one request and its answers on a blocking socket. Errors are the kernel's -errno. */
#ifndef NETDEV_RTNETLINK_H
#define NETDEV_RTNETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>

struct nl_msg;
struct nl_sock;

/*
 * Opens a socket for requests in the caller's network namespace. Returns 0 or -errno; the caller
 * frees it with nl_socket_free.
 */
int rtnetlink_open(struct nl_sock **ret);

/*
 * Allocates a request with its fixed header (struct ifinfomsg …) of @header_size bytes. NULL: no
 * memory.
 */
struct nl_msg *rtnetlink_message(int type, int flags, const void *header, int header_size);

/*
 * Called for each answer but acknowledgement and end. A result other than 0 becomes the request's
 * result.
 */
typedef int (*rtnetlink_answer_fn)(const struct nlmsghdr *answer, void *context);

/*
 * Sends @request and reads until the acknowledgement or the end of its dump. Frees @request; NULL
 * gives -ENOMEM. Returns 0, the kernel's -errno, -EINTR if a change interrupted the dump
 * (NLM_F_DUMP_INTR: ask again), or -ETIMEDOUT without an answer for 10 s. The kernel executes a
 * request, and waits for RTNL, inside sendmsg: that wait has no limit.
 */
int rtnetlink_request(struct nl_sock *socket, struct nl_msg *request, rtnetlink_answer_fn answer,
		      void *context);

/* How often a dump is asked for that changes interrupt. */
#define RTNETLINK_DUMP_ATTEMPTS 10

/*
 * Can the same request succeed a moment after this -errno? Dump interrupted, answer lost, memory
 * short, device busy.
 */
bool rtnetlink_may_pass(int error);

#endif
