/* SPDX-License-Identifier: GPL-2.0-only */
/* text: what others wrote, made fit for a terminal, a log and JSON: a line stays one line, and valid UTF-8. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/*
 * Replaces, in place, control characters (C0, DEL and C1) and bytes that are no well-formed UTF-8 by '?'. The kernel
 * allows them in an interface's name (dev_valid_name refuses white space, '/' and ':' only), anybody in an argument.
 */
void text_mask(char *text);

#endif
