/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/log.h"
#include "base/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

/* A line may hold two paths and the error. */
#define LOG_LINE_SIZE (2 * PATH_MAX + 512)

static const char *log_name = "vfsteer";

void log_set_name(const char *name)
{
	log_name = name;
}

static void __attribute__((format(printf, 2, 0)))
log_line(const char *priority, const char *format, va_list arguments)
{
	char line[LOG_LINE_SIZE];

	vsnprintf(line, sizeof(line), format, arguments);
	text_mask(line);
	/* One write per line: other processes share the stream. */
	fprintf(stderr, "%s%s: %s\n", getenv("JOURNAL_STREAM") ? priority : "", log_name, line);
}

#define LOG_FUNCTION(name, priority)                 \
	void name(const char *format, ...)           \
	{                                            \
		va_list arguments;                   \
                                                     \
		va_start(arguments, format);         \
		log_line(priority, format, arguments); \
		va_end(arguments);                   \
	}

LOG_FUNCTION(log_info, SD_INFO)
LOG_FUNCTION(log_warning, SD_WARNING)
LOG_FUNCTION(log_error, SD_ERR)
