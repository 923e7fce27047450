// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap IFNAME FIFO: holds a tap as QEMU does. Each line of hexadecimal digits that is written to
 * FIFO leaves the tap as a frame of the guest. What comes to the tap is read: the kernel counts it
 * then. Says "open" when both are there.
 */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRAME_SIZE 1514

static void die(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	char line[2 * FRAME_SIZE + 2];
	FILE *fifo;
	int fd;

	if (argc != 3)
		return 2;
	fd = open("/dev/net/tun", O_RDWR);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", argv[1]);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		die(argv[1]);
	mkfifo(argv[2], 0600);
	fifo = fopen(argv[2], "r+");
	if (!fifo)
		die(argv[2]);
	if (fork() == 0)
		for (;;)
			if (read(fd, line, sizeof(line)) < 0)
				exit(1);
	puts("open");
	fflush(stdout);
	while (fgets(line, sizeof(line), fifo)) {
		unsigned char frame[FRAME_SIZE];
		size_t length = 0;

		while (sscanf(line + 2 * length, "%2hhx", &frame[length]) == 1)
			length++;
		if (length && write(fd, frame, length) < 0)
			perror("write");
	}
	return 0;
}
