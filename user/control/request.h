/* SPDX-License-Identifier: GPL-2.0-only */
/* request: what a command may ask of the agent, as one line of text. Pure; control.h carries it. */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include "policy/options.h"
#include <stddef.h>

enum request_kind {
	REQUEST_UNKNOWN,
	REQUEST_UNLOAD, /* "unload" */
	REQUEST_SWITCH, /* "switch STANDBY primary|standby|auto" */
	REQUEST_PORT_ADD, /* "port add NAME STANDBY MAC|peer|passthrough auto|no"; the last is about XDP */
	REQUEST_PORT_DELETE, /* "port del NAME" */
};

struct request {
	enum request_kind kind;
	char standby[VFSTEER_NAME_SIZE]; /* of a switch */
	enum vfsteer_admin wish;
	struct options_port port;
};

/* REQUEST_UNKNOWN for anything that is not one of those word for word. */
struct request request_parse(const char *text);

/* Writes what REQUEST_PORT_ADD asks for. */
void request_write_port(const struct options_port *port, char *text, size_t size);

/* The wish that @word ("primary", "standby", "auto") stands for, in *ret. False: none. */
bool request_parse_wish(const char *word, enum vfsteer_admin *ret);

#endif
