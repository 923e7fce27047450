/* SPDX-License-Identifier: GPL-2.0-only */
/* log: one line each to stderr; under systemd with the journal's priority prefix. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

/* printf-style, without a trailing newline. Errors have the form "what: why; what to do" and are prefixed "vfsteer: ". */
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
