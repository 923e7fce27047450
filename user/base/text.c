/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/text.h"

#include <ctype.h>
#include <stddef.h>

/*
 * By the first byte: the length of the character, and the limits of its second byte (RFC 3629,
 * section 4).
 */
static const struct text_sequence {
	unsigned char first, last, second_least, second_most, length;
} text_sequences[] = {
	{ 0xc2, 0xc2, 0xa0, 0xbf, 2 }, /* without the control characters of C1 */
	{ 0xc3, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};
#define TEXT_SEQUENCES (sizeof(text_sequences) / sizeof(*text_sequences))

/* Returns the bytes of the printable character at @text; 0: there is none. */
static size_t text_character(const unsigned char *text)
{
	if (*text < 0x80)
		return !iscntrl(*text);
	for (size_t i = 0; i < TEXT_SEQUENCES; i++) {
		const struct text_sequence *sequence = &text_sequences[i];
		size_t length = 2;

		if (*text < sequence->first || *text > sequence->last)
			continue;
		if (text[1] < sequence->second_least || text[1] > sequence->second_most)
			return 0;
		while (length < sequence->length && (text[length] & 0xc0) == 0x80)
			length++;
		return length == sequence->length ? length : 0;
	}
	return 0;
}

void text_mask(char *text)
{
	while (*text) {
		size_t length = text_character((const unsigned char *)text);

		if (!length)
			*text = '?';
		text += length ? length : 1;
	}
}
