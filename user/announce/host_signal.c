/* SPDX-License-Identifier: GPL-2.0-only */
#include "announce/host_signal.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

const uint8_t host_signal_group[ETH_ALEN] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e };

/* As on the wire: integers in network byte order. */
struct wire {
	struct ethhdr ethernet;
	uint32_t magic;
	uint8_t version;
	uint8_t kind;
	uint16_t length; /* from magic on */
	uint16_t flags;
	uint8_t active;
	uint8_t primary;
	uint8_t admin;
	uint8_t reserved; /* zero; ignored when parsed, like the next */
	uint8_t mac[ETH_ALEN];
	uint64_t instance;
	uint32_t sequence;
	uint32_t interval_ms;
	uint32_t switches;
	uint32_t switch_age_us;
	uint16_t reserved_end;
} __attribute__((packed));

/* Enough to decide whether it is a signal, and of which version. */
#define WIRE_HEADER offsetof(struct wire, kind)
#define WIRE_PAYLOAD (sizeof(struct wire) - sizeof(struct ethhdr))

_Static_assert(sizeof(struct wire) == HOST_SIGNAL_FRAME_SIZE, "layout of the frame");
_Static_assert(offsetof(struct wire, mac) == 28, "layout of the frame");
_Static_assert(offsetof(struct wire, instance) == 34, "layout of the frame");

int host_signal_build(const struct host_signal *signal, const uint8_t source[ETH_ALEN],
		      uint8_t *frame, size_t room)
{
	struct wire wire = {
		.ethernet.h_proto = htons(HOST_SIGNAL_ETHERTYPE),
		.magic = htonl(HOST_SIGNAL_MAGIC),
		.version = HOST_SIGNAL_VERSION,
		.kind = signal->kind,
		.length = htons(WIRE_PAYLOAD),
		.flags = htons(signal->flags),
		.active = signal->active,
		.primary = signal->primary,
		.admin = signal->admin,
		.instance = htobe64(signal->instance),
		.sequence = htonl(signal->sequence),
		.interval_ms = htonl(signal->interval_ms),
		.switches = htonl(signal->switches),
		.switch_age_us = htonl(signal->switch_age_us),
	};

	if (room < sizeof(wire))
		return -ENOSPC;
	memcpy(wire.ethernet.h_dest, host_signal_group, ETH_ALEN);
	memcpy(wire.ethernet.h_source, source, ETH_ALEN);
	memcpy(wire.mac, signal->mac, ETH_ALEN);
	memcpy(frame, &wire, sizeof(wire));
	return sizeof(wire);
}

/* A group address, or all zero, is no device's. */
static bool is_device_mac(const uint8_t mac[ETH_ALEN])
{
	static const uint8_t nobody[ETH_ALEN];

	return !(mac[0] & 1) && memcmp(mac, nobody, ETH_ALEN) != 0;
}

int host_signal_parse(const uint8_t *frame, size_t length, struct host_signal *ret,
		      uint8_t source[ETH_ALEN])
{
	struct wire wire = { 0 };

	if (length < WIRE_HEADER)
		return -ENOMSG;
	memcpy(&wire, frame, length < sizeof(wire) ? length : sizeof(wire));
	if (memcmp(wire.ethernet.h_dest, host_signal_group, ETH_ALEN) ||
	    wire.ethernet.h_proto != htons(HOST_SIGNAL_ETHERTYPE) ||
	    wire.magic != htonl(HOST_SIGNAL_MAGIC))
		return -ENOMSG;
	if (wire.version != HOST_SIGNAL_VERSION)
		return -EPROTONOSUPPORT;
	/* Behind what this version has, a newer sender may have more. */
	if (length < sizeof(wire) || ntohs(wire.length) < WIRE_PAYLOAD ||
	    ntohs(wire.length) > length - sizeof(wire.ethernet))
		return -EBADMSG;
	if (wire.kind >= VFSTEER_KIND_MAX || wire.active >= VFSTEER_PATH_MAX ||
	    wire.primary >= PRIMARY_STATE_MAX || wire.admin >= ADMIN_MAX ||
	    !is_device_mac(wire.mac))
		return -EBADMSG;
	*ret = (struct host_signal){
		.kind = (enum vfsteer_kind)wire.kind,
		.active = (enum vfsteer_path)wire.active,
		.primary = (enum vfsteer_primary_state)wire.primary,
		.admin = (enum vfsteer_admin)wire.admin,
		.flags = ntohs(wire.flags),
		.instance = be64toh(wire.instance),
		.sequence = ntohl(wire.sequence),
		.interval_ms = ntohl(wire.interval_ms),
		.switches = ntohl(wire.switches),
		.switch_age_us = ntohl(wire.switch_age_us),
	};
	memcpy(ret->mac, wire.mac, ETH_ALEN);
	memcpy(source, wire.ethernet.h_source, ETH_ALEN);
	return 0;
}

#define SOURCE_BYTE 0xf2 /* locally administered, unicast: IEEE 802c, administratively assigned */
#define SOURCE_BYTE_TAKEN 0xe2

void host_signal_source(const uint8_t mac[ETH_ALEN], uint8_t ret[ETH_ALEN])
{
	uint8_t first = mac[0] == SOURCE_BYTE ? SOURCE_BYTE_TAKEN : SOURCE_BYTE;

	memmove(ret, mac, ETH_ALEN);
	ret[0] = first;
}
