/* SPDX-License-Identifier: GPL-2.0-only */
#include "host/host_service.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mac.h"
#include "host/host_report.h"
#include "host/host_taps.h"

#define CONNECTIONS_WAITING 16
#define ANSWER_BYTES_MAX (16 * 1024 * 1024)
#define TIMEOUT_MS 30000

static int address_of(const char *run_directory, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (snprintf(address->sun_path, sizeof(address->sun_path), "%s/control", run_directory) >=
	    (int)sizeof(address->sun_path))
		return -ENAMETOOLONG;
	return 0;
}

static int allow(struct host *host, const char *request, FILE *answer)
{
	char verb[8], place[NAME_MAX], name[NETDEV_NAME_SIZE], text[MAC_TEXT_SIZE];
	uint8_t mac[ETH_ALEN];
	int error;

	if (sscanf(request, "%7s %254s %127s %17s", verb, place, name, text) != 4 ||
	    mac_parse(text, mac)) {
		fputs("this request is not known", answer);
		return 1;
	}
	error = host_taps_allow(host, strcmp(place, "-") == 0 ? "" : place, name, mac,
				strcmp(verb, "forbid") == 0);
	if (!error)
		return 0;
	if (error == -ENODEV)
		fprintf(answer, "%s: no such device%s%s: name one that exists", name,
			strcmp(place, "-") == 0 ? "" : " in the namespace ",
			strcmp(place, "-") == 0 ? "" : place);
	else if (error == -ENOENT)
		fprintf(answer, "%s: %s was not allowed: 'vfsteer-host status' lists what is", name,
			text);
	else
		fprintf(answer, "%s: %s: %s", name, text, strerror(-error));
	return 1;
}

/* Writes the answer. Returns the exit status of the command. */
static int carry_out(struct host *host, const char *request, FILE *answer)
{
	if (strcmp(request, "status") == 0)
		host_report_text(host, answer);
	else if (strcmp(request, "metrics") == 0)
		host_report_metrics(host, answer);
	else if (strcmp(request, "status json") == 0)
		return host_report_json(host, answer) ? 1 : 0;
	else
		return allow(host, request, answer);
	return 0;
}

static void answer(struct host *host, const char *request, int fd)
{
	int size = ANSWER_BYTES_MAX;
	char *text = NULL, status[2];
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);
	struct iovec vector[2];
	struct msghdr header = { .msg_iov = vector, .msg_iovlen = 2 };

	if (!stream)
		return;
	status[0] = (char)('0' + carry_out(host, request, stream));
	status[1] = ' ';
	if (fclose(stream) == 0) {
		vector[0] = (struct iovec){ status, sizeof(status) };
		vector[1] = (struct iovec){ text, length };
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
		/* A command that has gone is no error. */
		sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	free(text);
}

static int on_request(sd_event_source *source, int fd, uint32_t events, void *argument)
{
	char request[HOST_SERVICE_REQUEST_SIZE];
	ssize_t length = recv(fd, request, sizeof(request) - 1, MSG_DONTWAIT);

	(void)events;
	if (length > 0) {
		request[length] = '\0';
		answer(argument, request, fd);
	}
	/* The loop's reference is the only one: this closes the connection. */
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	sd_event_source_set_floating(source, false);
	return 0;
}

/* Each connection waits for its request beside all else. Root alone can connect. */
static int on_connection(sd_event_source *source, int listening, uint32_t events, void *argument)
{
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	struct host *host = argument;
	sd_event_source *request;

	(void)source, (void)events;
	if (fd < 0)
		return 0;
	if (sd_event_add_io(host->loop, &request, fd, EPOLLIN, on_request, host) < 0) {
		close(fd);
		return 0;
	}
	sd_event_source_set_io_fd_own(request, true);
	sd_event_source_set_priority(request, SD_EVENT_PRIORITY_IDLE);
	sd_event_source_set_floating(request, true);
	sd_event_source_unref(request);
	return 0;
}

int host_service_open(struct host *host)
{
	struct sockaddr_un address;
	int error;

	error = address_of(host->run_directory, &address);
	if (error)
		return error;
	host->control_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (host->control_fd < 0)
		return -errno;
	/* The caller has the lock: a socket here was left by a killed process. */
	unlink(address.sun_path);
	if (bind(host->control_fd, (struct sockaddr *)&address, sizeof(address)) ||
	    chmod(address.sun_path, 0600) || listen(host->control_fd, CONNECTIONS_WAITING))
		return -errno;
	error = sd_event_add_io(host->loop, &host->control_io, host->control_fd, EPOLLIN,
				on_connection, host);
	if (error >= 0)
		error = sd_event_source_set_priority(host->control_io, SD_EVENT_PRIORITY_IDLE);
	return error < 0 ? error : 0;
}

void host_service_close(struct host *host)
{
	struct sockaddr_un address;

	sd_event_source_disable_unref(host->control_io);
	if (host->control_fd < 0)
		return;
	if (!address_of(host->run_directory, &address))
		unlink(address.sun_path);
	close(host->control_fd);
	host->control_fd = -1;
}

/* Reads "STATUS TEXT". Returns 0 or -errno. */
static int read_answer(int fd, int *ret_status, char **ret_text)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t length;
	char *text;

	if (poll(&ready, 1, TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	length = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	if (length < 0)
		return -errno;
	text = calloc(1, (size_t)length + 1);
	if (!text)
		return -ENOMEM;
	length = recv(fd, text, (size_t)length, 0);
	if (length < 2 || text[1] != ' ') {
		free(text);
		return -EPROTO;
	}
	*ret_status = text[0] != '0';
	memmove(text, text + 2, (size_t)length - 1);
	*ret_text = text;
	return 0;
}

int host_service_ask(const char *run_directory, const char *request, int *ret_status,
		     char **ret_text)
{
	struct sockaddr_un address;
	int fd, error = address_of(run_directory, &address);

	if (error)
		return error;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		error = -errno;
	else
		error = read_answer(fd, ret_status, ret_text);
	close(fd);
	return error;
}
