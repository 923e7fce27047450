/* SPDX-License-Identifier: GPL-2.0-only */
/* text: makes foreign text fit for a terminal, a log and JSON: one line of valid UTF-8. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/*
 * Replaces control characters (C0, DEL, C1) and bytes that are not well-formed UTF-8 by '?', in
 * place. The kernel allows them in an ifname: dev_valid_name refuses only white space, '/' and ':'.
 * Arguments may hold any byte.
 */
void text_mask(char *text);

#endif
