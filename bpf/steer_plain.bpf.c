/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The steer programs for a kernel without the kfuncs of alive.h (before Linux 6.2). A kfunc that the kernel's BTF does not name,
 * weak or not, is looked for by libbpf in every module's as well, which takes CAP_SYS_ADMIN; without it libbpf before 1.3 fails.
 */
#define ALIVE_WITHOUT_KFUNCS
#include "steer.bpf.c"
