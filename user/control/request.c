/* SPDX-License-Identifier: GPL-2.0-only */
#include "control/request.h"
#include "base/device_name.h"
#include "base/mac.h"
#include "base/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_SWITCH_PREFIX "switch "
#define REQUEST_DRAIN_PREFIX "drain "
#define REQUEST_PORT_ADD_PREFIX "port add "
#define REQUEST_PORT_DELETE_PREFIX "port del "

bool request_parse_path(const char *word, enum vfsteer_admin *ret)
{
	for (unsigned requested = ADMIN_AUTO; requested <= ADMIN_STANDBY; requested++) {
		if (strcmp(word, words_admin((enum vfsteer_admin)requested)))
			continue;
		*ret = (enum vfsteer_admin)requested;
		return true;
	}
	return false;
}

#define REQUEST_WORD_SIZE 24

void request_write_port(const struct options_port *port, char *text, size_t size)
{
	char mac[MAC_TEXT_SIZE];

	mac_write(port->mac, mac);
	snprintf(text, size, REQUEST_PORT_ADD_PREFIX "%s %s %s %s", port->name, port->pair,
		 port->passthrough ? "passthrough"
		 : port->has_mac   ? mac
				   : "peer",
		 port->without_xdp ? "no" : "auto");
}

/*
 * Reads the next word of @*text; one space or the end of the text ends a word. False: it is empty,
 * too long, or there is none.
 */
static bool request_next_word(const char **text, char word[REQUEST_WORD_SIZE])
{
	size_t length = *text ? strcspn(*text, " ") : 0;

	if (!length || length >= REQUEST_WORD_SIZE)
		return false;
	memcpy(word, *text, length);
	word[length] = '\0';
	*text = (*text)[length] ? *text + length + 1 : NULL;
	return true;
}

static bool request_next_name(const char **text, char name[VFSTEER_NAME_SIZE])
{
	char word[REQUEST_WORD_SIZE];

	if (!request_next_word(text, word) || ifname_flaw(word))
		return false;
	snprintf(name, VFSTEER_NAME_SIZE, "%.15s", word);
	return true;
}

static bool request_parse_port(const char *text, struct options_port *ret)
{
	struct options_port port = { 0 };
	char mac[REQUEST_WORD_SIZE], xdp[REQUEST_WORD_SIZE];

	if (!request_next_name(&text, port.name) || !request_next_name(&text, port.pair) ||
	    !request_next_word(&text, mac) || !request_next_word(&text, xdp) || text)
		return false;
	port.passthrough = !strcmp(mac, "passthrough");
	port.has_mac = !port.passthrough && strcmp(mac, "peer");
	port.without_xdp = !strcmp(xdp, "no");
	if ((port.has_mac && mac_parse(mac, port.mac)) ||
	    (!port.without_xdp && strcmp(xdp, "auto")))
		return false;
	*ret = port;
	return true;
}

/* Decimal digits, word for word as they are written. */
static bool request_parse_seconds(const char *word, unsigned *ret)
{
	unsigned long seconds = strtoul(word, NULL, 10);
	char again[REQUEST_WORD_SIZE];

	snprintf(again, sizeof(again), "%lu", seconds);
	if (strcmp(word, again) || seconds > OPTIONS_DRAIN_FOR_MAX_S)
		return false;
	*ret = (unsigned)seconds;
	return true;
}

static bool request_parse_drain(const char *text, struct request *ret)
{
	char seconds[REQUEST_WORD_SIZE];

	return request_next_name(&text, ret->standby) && request_next_word(&text, seconds) &&
	       !text && request_parse_seconds(seconds, &ret->drain_for_s);
}

struct request request_parse(const char *text)
{
	struct request request = { .kind = REQUEST_UNKNOWN };
	const char *standby = text + strlen(REQUEST_SWITCH_PREFIX);
	size_t length;

	if (!strcmp(text, "unload")) {
		request.kind = REQUEST_UNLOAD;
		return request;
	}
	if (!strncmp(text, REQUEST_DRAIN_PREFIX, strlen(REQUEST_DRAIN_PREFIX))) {
		if (request_parse_drain(text + strlen(REQUEST_DRAIN_PREFIX), &request))
			request.kind = REQUEST_DRAIN;
		return request;
	}
	if (!strncmp(text, REQUEST_PORT_ADD_PREFIX, strlen(REQUEST_PORT_ADD_PREFIX))) {
		if (request_parse_port(text + strlen(REQUEST_PORT_ADD_PREFIX), &request.port))
			request.kind = REQUEST_PORT_ADD;
		return request;
	}
	if (!strncmp(text, REQUEST_PORT_DELETE_PREFIX, strlen(REQUEST_PORT_DELETE_PREFIX))) {
		text += strlen(REQUEST_PORT_DELETE_PREFIX);
		if (request_next_name(&text, request.port.name) && !text)
			request.kind = REQUEST_PORT_DELETE;
		return request;
	}
	if (strncmp(text, REQUEST_SWITCH_PREFIX, strlen(REQUEST_SWITCH_PREFIX)))
		return request;
	length = strcspn(standby, " ");
	if (!length || length >= sizeof(request.standby) || !standby[length] ||
	    !request_parse_path(standby + length + 1, &request.requested))
		return request;
	memcpy(request.standby, standby, length);
	request.kind = REQUEST_SWITCH;
	return request;
}
