// SPDX-License-Identifier: GPL-2.0-only
/* No program: the object for its maps only, which outlive the programs. */
#include "maps.h"
#include "twins_maps.h"

char LICENSE[] SEC("license") = "GPL";
