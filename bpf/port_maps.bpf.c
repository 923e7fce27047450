// SPDX-License-Identifier: GPL-2.0-only
/* No program: this object exists for the ports' maps, which outlive every program that uses them. */
#include "port_maps.h"

char LICENSE[] SEC("license") = "GPL";
