/* SPDX-License-Identifier: GPL-2.0-only */
/* log: one line each to stderr, under systemd with the journal's priority prefix (sd-daemon(3)). */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/* Replaces the prefix "vfsteer" of all lines; @name must exist as long as the program. */
void log_set_name(const char *name);

/*
 * printf-style, without a trailing newline. Prefixed "vfsteer: "; control characters are masked.
 * Errors have the form "what: why; what to do". Only main and event callbacks log.
 */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
