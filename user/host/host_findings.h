/* SPDX-License-Identifier: GPL-2.0-only */
/* host_findings: what 'vfsteer-host check' finds on this host. */
#ifndef HOST_HOST_FINDINGS_H
#define HOST_HOST_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "host/host_config.h"
#include "host/host_links.h"

#define HOST_FINDING_SIZE 512

struct host_finding {
	char subject[64]; /* "eth1", "eth1 vf 0", "vnet0" */
	bool is_fault;	  /* something has to be changed: `text` says what */
	char text[HOST_FINDING_SIZE];
};

struct host_findings {
	struct host_finding *list;
	size_t count, size;
	bool no_memory;
};

/* Adds a finding. After a failure to allocate, no_memory is set. */
__attribute__((format(printf, 4, 5))) void host_findings_add(struct host_findings *findings,
							     bool is_fault, const char *subject,
							     const char *format, ...);
void host_findings_free(struct host_findings *findings);

/* Looks at the PFs and their VFs. @probe: tries the PFs' receive lists with a random MAC. */
void host_findings_of_pfs(const struct host_links *links, bool probe,
			  struct host_findings *findings);
/* Looks at the taps, by the rules of @config. */
void host_findings_of_taps(const struct host_links *links, const struct host_config *config,
			   struct host_findings *findings);

#endif
