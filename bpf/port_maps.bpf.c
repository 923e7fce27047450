// SPDX-License-Identifier: GPL-2.0-only
/* No program: the object for the maps of the ports only, which outlive the programs. */
#include "port_maps.h"

char LICENSE[] SEC("license") = "GPL";
