/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * paced ADDRESS RATE: sends datagrams to ADDRESS for a second by a socket with SO_MAX_PACING_RATE
 * (bytes/s), and prints how many bytes it could.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	static const char payload[1400];
	struct timespec now, began;
	long long sent = 0;
	uint32_t rate;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || fd < 0)
		return 2;
	rate = (uint32_t)strtoul(argv[2], NULL, 10);
	if (setsockopt(fd, SOL_SOCKET, SO_MAX_PACING_RATE, &rate, sizeof(rate)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &began);
	do {
		ssize_t length = send(fd, payload, sizeof(payload), 0);

		sent += length > 0 ? length : 0;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - began.tv_sec) * 1000000000LL + now.tv_nsec - began.tv_nsec <
		 1000000000LL);
	printf("%lld\n", sent);
	close(fd);
	return 0;
}
