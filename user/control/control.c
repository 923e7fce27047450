/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/control.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONTROL_DIRECTORY "/run/vfsteer"

/*
 * One agent per directory of pins, in any namespace: device and inode identify a directory
 * everywhere.
 */
static int control_address(const struct pins *pins, struct sockaddr_un *address)
{
	struct stat directory;

	if (stat(pins->directory, &directory))
		return -errno;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	snprintf(address->sun_path, sizeof(address->sun_path), CONTROL_DIRECTORY "/%llx-%llx",
		 (unsigned long long)directory.st_dev, (unsigned long long)directory.st_ino);
	return 0;
}

int control_listen(const struct pins *pins)
{
	struct sockaddr_un address;
	int fd, error, on = 1;

	error = control_address(pins, &address);
	if (error)
		return error;
	if (mkdir(CONTROL_DIRECTORY, 0700) && (errno != EEXIST || chmod(CONTROL_DIRECTORY, 0700)))
		return -errno;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/*
	 * The caller has the lock on the pins, so no agent runs: a socket here was left by a killed
	 * one.
	 */
	unlink(address.sun_path);
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    chmod(address.sun_path, 0600)) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

void control_forget(const struct pins *pins)
{
	struct sockaddr_un address;

	if (!control_address(pins, &address))
		unlink(address.sun_path);
}

void control_close(const struct pins *pins, int fd)
{
	if (fd < 0)
		return;
	control_forget(pins);
	close(fd);
}

static bool control_permits(struct msghdr *header)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		struct ucred peer;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&peer, CMSG_DATA(part), sizeof(peer));
		return peer.uid == 0 || peer.uid == geteuid();
	}
	return false;
}

/* A command that gave up has reported a failure, so its request must not be executed any more. */
static bool control_is_awaited(const struct control_request *request)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool awaited =
		fd < 0 ||
		!connect(fd, (const struct sockaddr *)&request->from, request->from_length) ||
		errno != ECONNREFUSED;

	if (fd >= 0)
		close(fd);
	return awaited;
}

int control_receive(int fd, struct control_request *ret)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} credentials;

	struct control_request request = {0};
	struct iovec text = {request.text, sizeof(request.text) - 1};
	struct msghdr header = {
		.msg_name = &request.from,
		.msg_namelen = sizeof(request.from),
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = &credentials,
		.msg_controllen = sizeof(credentials),
	};

	if (recvmsg(fd, &header, MSG_CMSG_CLOEXEC) < 0)
		return -errno;
	request.from_length = header.msg_namelen;
	if (!control_permits(&header)) {
		control_answer(fd, &request, 1, "permission denied: run this as root");
		return -EACCES;
	}
	if (header.msg_flags & MSG_TRUNC) {
		control_answer(fd, &request, 1, "the request is too long");
		return -EMSGSIZE;
	}
	if (!control_is_awaited(&request))
		return -ECONNREFUSED;
	*ret = request;
	return 0;
}

void control_answer(int fd, const struct control_request *request, int status, const char *text)
{
	char answer[CONTROL_SIZE];
	int length = snprintf(answer, sizeof(answer), "%d %s", status, text);

	if (length >= (int)sizeof(answer))
		length = sizeof(answer) - 1;
	sendto(fd, answer, length, MSG_NOSIGNAL, (const struct sockaddr *)&request->from,
	       request->from_length);
}

/* "STATUS TEXT", as control_answer writes it. */
static int control_parse_answer(const char *text, int *ret_status, char answer[CONTROL_SIZE])
{
	char *end;
	long status = strtol(text, &end, 10);

	if (end == text || *end != ' ' || status < INT_MIN || status > INT_MAX)
		return -EPROTO;
	*ret_status = (int)status;
	snprintf(answer, CONTROL_SIZE, "%s", end + 1);
	return 0;
}

int control_ask(const struct pins *pins, const char *text, int timeout_ms, int *ret_status,
		char answer[CONTROL_SIZE])
{
	/* Autobind (unix(7)): an address for the answer. */
	struct sockaddr_un address, own = { .sun_family = AF_UNIX };
	char buffer[CONTROL_SIZE];
	struct pollfd ready = { .events = POLLIN };
	ssize_t length;
	int error;

	error = control_address(pins, &address);
	if (error)
		return error;
	ready.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ready.fd < 0)
		return -errno;
	error = -ETIMEDOUT;
	if (bind(ready.fd, (struct sockaddr *)&own, sizeof(own.sun_family)) ||
	    connect(ready.fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(ready.fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		error = -errno;
	else if (poll(&ready, 1, timeout_ms) == 1) {
		error = -EPROTO;
		length = recv(ready.fd, buffer, sizeof(buffer) - 1, 0);
		if (length > 0) {
			buffer[length] = '\0';
			error = control_parse_answer(buffer, ret_status, answer);
		}
	}
	close(ready.fd);
	return error;
}
