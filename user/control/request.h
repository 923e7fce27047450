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
	REQUEST_DRAIN,  /* "drain STANDBY SECONDS"; 0: without end */
	/* "port add NAME STANDBY MAC|peer|passthrough auto|no"; the last word is about XDP */
	REQUEST_PORT_ADD,
	REQUEST_PORT_DELETE, /* "port del NAME" */
};

struct request {
	enum request_kind kind;
	char standby[VFSTEER_NAME_SIZE]; /* of a switch, and of a drain */
	enum vfsteer_admin requested;
	unsigned drain_for_s;
	struct options_port port;
};

/* Parses a request. REQUEST_UNKNOWN: @text is none of the above, word for word. */
struct request request_parse(const char *text);

/* Writes the text of REQUEST_PORT_ADD for @port. */
void request_write_port(const struct options_port *port, char *text, size_t size);

/*
 * Reads "primary", "standby" or "auto" into *ret. False: @word is another word; *ret is untouched.
 */
bool request_parse_path(const char *word, enum vfsteer_admin *ret);

#endif
