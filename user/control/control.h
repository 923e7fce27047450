/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control: how a command reaches the agent. One datagram has the request, one the answer. The
 * socket is under /run/vfsteer and has the identity of the pins' directory in its name. Only root
 * may use it: by the directory's mode and by peer credentials (SO_PASSCRED, unix(7)).
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "maps/pins.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#define CONTROL_SIZE 256

struct control_request {
	char text[CONTROL_SIZE];
	struct sockaddr_un from;
	socklen_t from_length;
};

/*
 * The agent's end, non-blocking. Replaces the socket of an agent that was killed. Returns the
 * descriptor, which the caller ends with control_close, or -errno.
 */
int control_listen(const struct pins *pins);
void control_close(const struct pins *pins, int fd); /* removes the socket as well */

/* Removes the socket of an agent that was killed, after the pins were removed. */
void control_forget(const struct pins *pins);

/*
 * Receives the next request. Returns 0; -EAGAIN if there is none; -EACCES for a peer that is
 * neither root nor the agent's user, and -EMSGSIZE for a request that is too long: both were
 * answered here; -ECONNREFUSED if the peer no longer waits: the request must not be executed; or
 * another -errno.
 */
int control_receive(int fd, struct control_request *ret);

/* Answers with @status, 0 or -errno, and a text for the user. A peer that has gone is no error. */
void control_answer(int fd, const struct control_request *request, int status, const char *text);

/*
 * The command's end: sends @text and waits at most @timeout_ms for the answer. Returns 0 with the
 * agent's status in *ret_status and its text in @answer; -ECONNREFUSED or -ENOENT if no agent
 * listens; -ETIMEDOUT; or another -errno.
 */
int control_ask(const struct pins *pins, const char *text, int timeout_ms, int *ret_status,
		char answer[CONTROL_SIZE]);

#endif
