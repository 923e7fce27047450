/* SPDX-License-Identifier: GPL-2.0-only */
/* host_state: the state of a running vfsteer-host, for the files of this room only. */
#ifndef HOST_HOST_STATE_H
#define HOST_HOST_STATE_H

#include <systemd/sd-event.h>

#include "announce/host_signal.h"
#include "host/host_config.h"
#include "host/host_links.h"
#include "host/host_rules.h"
#include "host/host_sharing.h"
#include "host/host_targets.h"

#define HOST_NAME "vfsteer-host"
#define HOST_RUN_DIRECTORY "/run/vfsteer-host"

struct host;

/* A network namespace with taps. The first is that of vfsteer-host, which has the PFs. */
struct host_place {
	struct host *host;
	char name[NAME_MAX]; /* the last part of its path; "": that of vfsteer-host */
	char path[PATH_MAX];
	uint64_t inode; /* of the namespace */
	struct host_links *links;
	sd_event_source *io;
	bool is_gone;	/* mark of a sweep */
	bool is_behind; /* reading its messages failed */
};

struct host_tap {
	struct host_place *place;
	int ifindex;
	char name[IF_NAMESIZE];
	char kind[16];
	uint8_t mac[ETH_ALEN];
	int bridge; /* ifindex of its master; 0: none */
	bool has_carrier;
	int fd;	   /* packet socket; -1: not opened */
	int error; /* of the last attempt to open it */
	sd_event_source *io;
	uint64_t signals, refused, malformed, stale;
	uint8_t refused_mac[ETH_ALEN]; /* the last one */
	enum host_permission refusal;  /* of the last one */
	uint64_t refusal_logged_ns;    /* 0: never */
	uint8_t (*allowed)[ETH_ALEN];  /* by 'vfsteer-host allow' */
	size_t allowed_count, allowed_size;
};

/* A MAC that a tap speaks for. */
struct host_guest {
	struct host_tap *tap;
	uint8_t mac[ETH_ALEN];
	enum host_permission permission;
	char pf[IF_NAMESIZE]; /* configured; empty: found by the VFs */
	bool has_spoken;
	struct host_signal signal; /* the last one, if has_spoken */
	uint64_t signal_ns, made_ns;
	uint64_t signals;
	bool is_due; /* a signal arrived since the last decision */
	enum host_learned learned;
	uint64_t traffic_ns;  /* last time that a frame was seen beside signals; 0: never */
	uint64_t tap_packets; /* the tap's counter at the last look */
	bool has_tap_packets; /* it was looked at since the last signal */
	bool has_sent;
	bool was_here; /* it had sent something when that was decided last */
	bool shared;   /* as decided last, and why */
	enum host_reason reason;
	uint64_t decided_ns; /* of the last change of `shared` */
};

/* A MAC on a PF's receive list. */
struct host_entry {
	int pf; /* ifindex in the first place */
	char pf_name[IF_NAMESIZE];
	uint8_t mac[ETH_ALEN];
	bool is_present; /* added by this program */
	bool is_foreign; /* it was there before: never removed */
	bool wanted;
	int error; /* of the last attempt; 0: none */
	uint64_t since_ns, retry_ns;
	unsigned attempts;
};

struct host_totals {
	uint64_t signals, refused, malformed, stale, entries_added, entries_removed, entry_failures;
	/* from the arrival of the frame until the entry was there */
	uint64_t latency_last_us, latency_max_us;
};

struct host {
	sd_event *loop;
	struct host_config *config;
	const char *config_file; /* NULL: the default */
	const char *run_directory;
	int namespace_fd; /* of the first place */
	int places_error; /* the last one, logged */
	struct host_place **places;
	size_t place_count, place_size;
	struct host_tap **taps;
	size_t tap_count, tap_size;
	struct host_guest **guests;
	size_t guest_count, guest_size;
	struct host_entry *entries;
	size_t entry_count, entry_size;
	struct host_totals totals;
	struct host_journal *journal;
	sd_event_source *timer;
	int control_fd, lock_fd;
	sd_event_source *control_io;
	bool restart; /* SIGHUP: execute again, and keep the entries */
	uint64_t started_ns, vfs_read_ns;
};

/* CLOCK_BOOTTIME in ns. */
uint64_t host_now_ns(void);

#endif
