// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest-agent: runs commands for the rig, several at once, over a virtio port.
 *
 * From the host	RUN id script-bytes input-bytes\n script input
 *						run the script with sh, the input as its stdin
 *		KILL id\n			kill the command and what it started
 * To the host	OUT id bytes\n data		what it wrote, stdout and stderr together
 *		END id status\n			exit status, 128 + signal when killed
 *
 * A command has ended when its shell has: what it left in the background may keep the pipe open and
 * writes to nowhere.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT_PATH "/dev/virtio-ports/rig"
#define COMMANDS_MAX 64

struct command {
	unsigned long id;
	pid_t pid; /* 0: this slot is free */
	int pidfd;
	int out;
};

static struct command commands[COMMANDS_MAX];
static int port;

static void die(const char *what)
{
	fprintf(stderr, "guest-agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void port_write(const void *data, size_t size)
{
	while (size) {
		ssize_t done = write(port, data, size);

		if (done < 0 && errno != EINTR && errno != EAGAIN)
			die("write to the port");
		if (done > 0) {
			data = (const char *)data + done;
			size -= done;
		}
	}
}

static void port_read(void *data, size_t size)
{
	while (size) {
		ssize_t done = read(port, data, size);

		if (done < 0 && errno != EINTR)
			die("read from the port");
		/* End of file only says that the host is not connected (yet). */
		if (done == 0)
			usleep(20000);
		if (done > 0) {
			data = (char *)data + done;
			size -= done;
		}
	}
}

static void __attribute__((format(printf, 1, 2))) port_say(const char *format, ...)
{
	char line[128];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	port_write(line, strlen(line));
}

static int memory_file(size_t size)
{
	int fd = memfd_create("rig", 0);
	char block[4096];

	if (fd < 0)
		die("memfd_create");
	while (size) {
		size_t part = size < sizeof(block) ? size : sizeof(block);

		port_read(block, part);
		if (write(fd, block, part) != (ssize_t)part)
			die("write to memory");
		size -= part;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void command_start(unsigned long id, size_t script_size, size_t input_size)
{
	struct command *command = commands;
	int script = memory_file(script_size), input = memory_file(input_size), out[2];
	char path[64];

	while (command < commands + COMMANDS_MAX && command->pid)
		command++;
	if (command == commands + COMMANDS_MAX || pipe2(out, O_CLOEXEC)) {
		port_say("END %lu 254\n", id);
		goto out;
	}
	command->id = id;
	command->pid = fork();
	if (command->pid < 0)
		die("fork");
	if (!command->pid) {
		setsid();
		signal(SIGPIPE, SIG_DFL);
		dup2(input, 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		close(port);
		/* The script stays a file: as an argument it would be limited to 128 KiB. */
		snprintf(path, sizeof(path), "/proc/self/fd/%d", script);
		execl("/bin/sh", "sh", path, NULL);
		_exit(127);
	}
	close(out[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	command->out = out[0];
	command->pidfd = syscall(SYS_pidfd_open, command->pid, 0);
	if (command->pidfd < 0)
		die("pidfd_open");
out:
	close(script);
	close(input);
}

/* Passes on what is there; returns false when there is no more for now. */
static int command_output(struct command *command)
{
	char block[16384];
	ssize_t size = read(command->out, block, sizeof(block));

	if (size <= 0)
		return 0;
	port_say("OUT %lu %zd\n", command->id, size);
	port_write(block, size);
	return 1;
}

static void command_end(struct command *command)
{
	int status = 0;

	while (command_output(command))
		;
	waitpid(command->pid, &status, 0);
	port_say("END %lu %d\n", command->id,
		 WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	close(command->out);
	close(command->pidfd);
	command->pid = 0;
}

static void port_request(void)
{
	char line[128];
	size_t length = 0, script, input;
	unsigned long id;

	do
		port_read(line + length, 1);
	while (line[length] != '\n' && ++length < sizeof(line) - 1);
	line[length] = 0;
	if (sscanf(line, "RUN %lu %zu %zu", &id, &script, &input) == 3) {
		command_start(id, script, input);
	} else if (sscanf(line, "KILL %lu", &id) == 1) {
		for (struct command *command = commands; command < commands + COMMANDS_MAX;
		     command++)
			if (command->pid && command->id == id)
				kill(-command->pid, SIGKILL);
	} else {
		fprintf(stderr, "guest-agent: not a request: %s\n", line);
	}
}

static void events_handle(void)
{
	struct pollfd fds[1 + 2 * COMMANDS_MAX];
	struct command *owners[1 + 2 * COMMANDS_MAX];
	int count = 1;

	fds[0] = (struct pollfd){ .fd = port, .events = POLLIN };
	for (struct command *command = commands; command < commands + COMMANDS_MAX; command++) {
		if (!command->pid)
			continue;
		fds[count] = (struct pollfd){ .fd = command->out, .events = POLLIN };
		owners[count++] = command;
		fds[count] = (struct pollfd){ .fd = command->pidfd, .events = POLLIN };
		owners[count++] = command;
	}
	if (poll(fds, count, -1) < 0)
		return;
	for (int i = 1; i < count; i += 2) {
		if (fds[i + 1].revents)
			command_end(owners[i]);
		else if (fds[i].revents && !command_output(owners[i]))
			/* it closed its output and runs on: nothing to wait for but its end */
			usleep(1000);
	}
	if (fds[0].revents & POLLIN)
		port_request();
	else if (fds[0].revents)
		usleep(20000); /* the host is not connected (yet) */
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	/*
	 * The port appears a moment after its driver; under load the moment is long. Who waits for
	 * this guest decides how long.
	 */
	for (int tries = 0; (port = open(PORT_PATH, O_RDWR | O_CLOEXEC)) < 0; tries++) {
		if (tries == 6000)
			die(PORT_PATH);
		/*
		 * There is no udev to make the link by the port's name, and one port is all there
		 * is; its number is that of its virtio device.
		 */
		(void)!system("cd /sys/class/virtio-ports && for port in *; do [ -s $port/name ] "
			      "|| continue; mkdir -p /dev/virtio-ports && "
			      "ln -sf /dev/$port /dev/virtio-ports/$(cat $port/name); done");
		usleep(10000);
	}
	for (;;)
		events_handle();
}
