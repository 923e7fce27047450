/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control: how a command reaches the agent: one datagram with a request, one with the answer, over a socket under
 * /run/vfsteer that bears the identity of the pins' directory. Root only, by directory mode and by peer credentials.
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

/* The agent's end, non-blocking; replaces a socket that a dead agent left. Returns the descriptor or -errno. */
int control_listen(const struct pins *pins);
void control_close(const struct pins *pins, int fd); /* removes the socket as well */

/* Removes the socket that a dead agent left, for whoever takes the pins away. */
void control_forget(const struct pins *pins);

/*
 * The next request. Returns 0; -EAGAIN when there is none; -EACCES for a peer that is neither root nor of the agent's own
 * user, and -EMSGSIZE for a request that is too long, which have been answered so; -ECONNREFUSED for one that nobody waits
 * for any more, which is not to be carried out; or another -errno.
 */
int control_receive(int fd, struct control_request *ret);

/* Answers: @error 0 or -errno-like, with a text for the user. A peer that has gone is no error. */
void control_answer(int fd, const struct control_request *request, int status, const char *text);

/*
 * The command's end: sends @text and waits for the answer, at most @timeout_ms. Returns 0 with the agent's status in
 * *ret_status and its text in @answer; -ECONNREFUSED or -ENOENT when no agent listens; -ETIMEDOUT; or another -errno.
 */
int control_ask(const struct pins *pins, const char *text, int timeout_ms, int *ret_status, char answer[CONTROL_SIZE]);

#endif
