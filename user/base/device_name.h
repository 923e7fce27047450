/* SPDX-License-Identifier: GPL-2.0-only */
/* device_name: which names a device can have. */
#ifndef BASE_DEVICE_NAME_H
#define BASE_DEVICE_NAME_H

#include <stddef.h>

#define DEVICE_NAME_SIZE 128 /* of an ifname or altname with its NUL: ALTIFNAMSIZ of <linux/if.h> */

/*
 * Why @name cannot be a device's ifname or altname: a static string such as "is empty". NULL: it
 * can. The rules are the kernel's (dev_valid_name in net/core/dev.c), and '=' is refused because
 * --pair uses it.
 */
const char *device_name_flaw(const char *name);

/* The same for the first @length bytes of @name, which needs no NUL. */
const char *device_name_flaw_in(const char *name, size_t length);

/* The same for an ifname, which has 15 characters at most. */
const char *ifname_flaw(const char *name);

#endif
