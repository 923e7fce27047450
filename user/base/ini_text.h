/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ini_text: a configuration in memory, read line by line for libinih, and the first mistake in it.
 */
#ifndef BASE_INI_TEXT_H
#define BASE_INI_TEXT_H

#include <stddef.h>

struct ini_text {
	const char *next, *end; /* what is not read yet */
	int line;		/* number of the last line that was read */
	int mistake_line;
	char mistake[768]; /* the first one; empty: none */
};

/* @bytes stay the caller's. A byte order mark is skipped. */
void ini_text_begin(struct ini_text *text, const char *bytes, size_t length);

/*
 * Notes the first mistake, with the number of the last line. Returns 0, which a handler of libinih
 * returns then.
 */
__attribute__((format(printf, 2, 3))) int ini_text_mistake(struct ini_text *text,
							   const char *format, ...);

enum ini_line {
	INI_LINE,
	INI_END,     /* of the text, or there was a mistake */
	INI_CONTROL, /* a control character: this is no text */
	INI_LONG,    /* not less than the size given */
};

/*
 * Reads a line into @ret (@size bytes, with a NUL), without its end and without the characters of
 * @blanks around it: libinih takes indentation for more of the value before.
 */
enum ini_line ini_text_next(struct ini_text *text, const char *blanks, char *ret, size_t size);

/* The name of a key as it is looked for: '-' is read as '_'. */
void ini_text_key(const char *said, char *ret, size_t size);

/*
 * @parsed: the result of ini_parse_stream. Writes the earlier one of its error and the noted
 * mistake as "PATH:LINE: WHAT". Returns 0 without any, -EINVAL, or -ENOMEM.
 */
int ini_text_result(const struct ini_text *text, int parsed, const char *path, char *message,
		    size_t size);

#endif
