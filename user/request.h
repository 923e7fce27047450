/* SPDX-License-Identifier: GPL-2.0-only */
/* request: what a command may ask of the agent, as one line of text. Pure; control.h carries it. */
#ifndef REQUEST_H
#define REQUEST_H

#include "../include/vfsteer.h"
#include <stdbool.h>

enum request_kind {
	REQUEST_UNKNOWN,
	REQUEST_UNLOAD, /* "unload" */
	REQUEST_SWITCH, /* "switch STANDBY primary|standby|auto" */
};

struct request {
	enum request_kind kind;
	char standby[VFSTEER_NAME_SIZE]; /* of a switch */
	enum vfsteer_admin wish;
};

/* REQUEST_UNKNOWN for anything that is not one of those word for word. */
struct request request_parse(const char *text);

/* The wish that @word ("primary", "standby", "auto") stands for, in *ret. False: none. */
bool request_parse_wish(const char *word, enum vfsteer_admin *ret);

#endif
