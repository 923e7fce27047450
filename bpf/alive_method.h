/* SPDX-License-Identifier: GPL-2.0-only */
/* How the data path finds out whether a primary can send; chosen when it is loaded, see alive.h. */
#ifndef ALIVE_METHOD_H
#define ALIVE_METHOD_H

enum alive_method {
	ALIVE_WATCH, /* believe the pair's word, which the watch programs keep current */
	ALIVE_KFUNC, /* read the device through bpf_cast_to_kern_ctx and bpf_rdonly_cast (Linux 6.2) */
	ALIVE_PROBE, /* read it through bpf_probe_read_kernel, several times dearer */
};

#endif
