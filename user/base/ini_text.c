/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/ini_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

void ini_text_begin(struct ini_text *text, const char *bytes, size_t length)
{
	size_t mark = strlen(BYTE_ORDER_MARK);

	*text = (struct ini_text){ .next = bytes, .end = bytes + length };
	if (length >= mark && !memcmp(bytes, BYTE_ORDER_MARK, mark))
		text->next += mark;
}

int ini_text_mistake(struct ini_text *text, const char *format, ...)
{
	va_list arguments;

	if (!text->mistake[0]) {
		text->mistake_line = text->line;
		va_start(arguments, format);
		vsnprintf(text->mistake, sizeof(text->mistake), format, arguments);
		va_end(arguments);
	}
	return 0;
}

static bool is_blank(char character, const char *blanks)
{
	for (; *blanks; blanks++)
		if (*blanks == character)
			return true;
	return false;
}

enum ini_line ini_text_next(struct ini_text *text, const char *blanks, char *ret, size_t size)
{
	const char *line = text->next;
	size_t length = (size_t)(text->end - line);
	const char *newline = memchr(line, '\n', length);

	if (line == text->end || text->mistake[0])
		return INI_END;
	text->line++;
	if (newline)
		length = (size_t)(newline - line);
	text->next = line + length + (newline != NULL);
	for (; length && is_blank(*line, blanks); length--)
		line++;
	while (length && is_blank(line[length - 1], blanks))
		length--;
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)line[i]) && line[i] != '\t')
			return INI_CONTROL;
	if (length >= size)
		return INI_LONG;
	memcpy(ret, line, length);
	ret[length] = '\0';
	return INI_LINE;
}

void ini_text_key(const char *said, char *ret, size_t size)
{
	snprintf(ret, size, "%s", said);
	for (char *at = ret; (at = strchr(at, '-'));)
		*at = '_';
}

int ini_text_result(const struct ini_text *text, int parsed, const char *path, char *message,
		    size_t size)
{
	if (parsed < 0) {
		snprintf(message, size, "%s: %s", path, strerror(ENOMEM));
		return -ENOMEM;
	}
	if (parsed && (!text->mistake_line || parsed < text->mistake_line)) {
		snprintf(message, size, "%s:%d: neither a [section] nor NAME = VALUE", path,
			 parsed);
		return -EINVAL;
	}
	if (text->mistake[0]) {
		snprintf(message, size, "%s:%d: %s", path, text->mistake_line, text->mistake);
		return -EINVAL;
	}
	return 0;
}
