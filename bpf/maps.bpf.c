// SPDX-License-Identifier: GPL-2.0-only
/* No program: this object exists for its maps, which outlive every program that uses them. */
#include "maps.h"
#include "twins_maps.h"

char LICENSE[] SEC("license") = "GPL";
