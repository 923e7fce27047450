/* SPDX-License-Identifier: GPL-2.0-only */
#include "netdev/rtnetlink.h"

#include <errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

/*
 * A dump's datagrams have at most 32 KiB (netlink_dump); a single answer may be larger, with many
 * VFs.
 */
#define ANSWER_SIZE (64 * 1024)
#define ANSWER_TIMEOUT_S 10

int rtnetlink_open(struct nl_sock **ret)
{
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	struct nl_sock *socket = nl_socket_alloc();
	int error;

	if (!socket)
		return -ENOMEM;
	errno = 0;
	if (nl_connect(socket, NETLINK_ROUTE) < 0) {
		/* libnl's codes fold several errnos into one; errno still has the socket call's. */
		error = errno ? -errno : -EIO;
		nl_socket_free(socket);
		return error;
	}
	setsockopt(nl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	*ret = socket;
	return 0;
}

struct nl_msg *rtnetlink_message(int type, int flags, const void *header, int header_size)
{
	struct nl_msg *message = nlmsg_alloc_simple(type, flags);

	if (message && nlmsg_append(message, (void *)header, header_size, NLMSG_ALIGNTO) < 0) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

struct exchange {
	uint32_t sequence;
	rtnetlink_answer_fn answer;
	void *context;
	bool done;
	bool interrupted;
	int error;
};

static void take_answer(struct exchange *exchange, const struct nlmsghdr *message)
{
	int error = 0;

	/* An answer to an earlier, abandoned request. */
	if (message->nlmsg_seq != exchange->sequence)
		return;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		exchange->interrupted = true;

	switch (message->nlmsg_type) {
	case NLMSG_NOOP:
		return;
	case NLMSG_DONE: /* may carry the result of the dump (netlink_dump_done) */
	case NLMSG_ERROR:
		exchange->done = true;
		if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(int)))
			error = *(const int *)NLMSG_DATA(message);
		else if (message->nlmsg_type == NLMSG_ERROR)
			error = -EBADMSG;
		if (error > 0)
			error = 0;
		break;
	default:
		if (exchange->answer)
			error = exchange->answer(message, exchange->context);
		break;
	}
	if (error && !exchange->error)
		exchange->error = error;
}

static void take_datagram(struct exchange *exchange, const void *datagram, size_t length)
{
	/* libnl reads through pointers that are not const */
	struct nlmsghdr *message = (struct nlmsghdr *)datagram;
	int left = (int)length;

	for (; nlmsg_ok(message, left) && !exchange->done; message = nlmsg_next(message, &left))
		take_answer(exchange, message);
}

static int receive(int fd, struct exchange *exchange, void *buffer)
{
	struct sockaddr_nl sender = { 0 };
	struct iovec vector = { .iov_base = buffer, .iov_len = ANSWER_SIZE };
	struct msghdr header = { .msg_name = &sender,
				 .msg_namelen = sizeof(sender),
				 .msg_iov = &vector,
				 .msg_iovlen = 1 };
	ssize_t length;

	do
		length = recvmsg(fd, &header, 0);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (header.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (sender.nl_pid != 0) /* another process, not the kernel */
		return 0;
	take_datagram(exchange, buffer, (size_t)length);
	return 0;
}

/*
 * Discards answers to abandoned requests. If they fill the socket, the kernel drops the next
 * answer. Until a dump is read to its end there is no other (-EBUSY).
 */
static void discard_answers(int fd, void *buffer)
{
	while (recv(fd, buffer, ANSWER_SIZE, MSG_DONTWAIT) >= 0)
		;
}

int rtnetlink_request(struct nl_sock *socket, struct nl_msg *request, rtnetlink_answer_fn answer,
		      void *context)
{
	struct exchange exchange = { .answer = answer, .context = context };
	void *buffer = malloc(ANSWER_SIZE);
	int error = 0;

	if (!request || !buffer) {
		error = -ENOMEM;
		goto out;
	}
	discard_answers(nl_socket_get_fd(socket), buffer);
	errno = 0;
	if (nl_send_auto(socket, request) < 0) {
		error = errno ? -errno : -EIO;
		goto out;
	}
	exchange.sequence = nlmsg_hdr(request)->nlmsg_seq;
	while (!exchange.done && !error)
		error = receive(nl_socket_get_fd(socket), &exchange, buffer);
	if (!error)
		error = exchange.error;
	if (!error && exchange.interrupted)
		error = -EINTR;
out:
	free(buffer);
	nlmsg_free(request);
	return error;
}

bool rtnetlink_may_pass(int error)
{
	switch (-error) {
	case EINTR:
	case ETIMEDOUT:
	case ENOBUFS:
	case ENOMEM:
	case EAGAIN:
	case EBUSY:
		return true;
	default:
		return false;
	}
}
