/* SPDX-License-Identifier: GPL-2.0-only */
#include "request.h"
#include "words.h"

#include <string.h>

#define REQUEST_SWITCH_PREFIX "switch "

bool request_parse_wish(const char *word, enum vfsteer_admin *ret)
{
	for (enum vfsteer_admin wish = ADMIN_AUTO; wish <= ADMIN_STANDBY; wish++) {
		if (strcmp(word, words_admin(wish)))
			continue;
		*ret = wish;
		return true;
	}
	return false;
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
	if (strncmp(text, REQUEST_SWITCH_PREFIX, strlen(REQUEST_SWITCH_PREFIX)))
		return request;
	length = strcspn(standby, " ");
	if (!length || length >= sizeof(request.standby) || !standby[length] ||
	    !request_parse_wish(standby + length + 1, &request.wish))
		return request;
	memcpy(request.standby, standby, length);
	request.kind = REQUEST_SWITCH;
	return request;
}
