/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * twins: takes frames from both wires and delivers each once. The wire that brings a frame first
 * delivers the frame. The twin from the other wire is dropped, one for one: n copies on one wire
 * and m on the other deliver max(n, m). docs/internals/receive.md describes the receive modes.
 *
 * The map `twins` has a balance for each digest: +1 for a copy from the primary, -1 for one from
 * the standby. A copy that moves the balance away from zero is delivered. One that moves the
 * balance towards zero is a twin. A balance expires after TWINS_WINDOW_MS. TWINS_SETTLED_MS after a
 * switchover, older balances expire as well: frames that only the old wire brought have no twins,
 * and a retransmission must not be taken for one. A full bucket loses its oldest balance. In each
 * of these cases a frame is delivered twice at worst, and never lost.
 *
 * Group frames are always compared, unicast ARP and ND never: after a switchover the other wire may
 * bring an equal answer to a second question, and a duplicate of these does no harm. Other unicast
 * is compared while the pair's flag of the wire is set. The flag of the inactive wire is always
 * set. A frame on that wire, and a switchover, set the flag of the active wire. A frame on the
 * active wire clears its flag after TWINS_UNICAST_MS without either, unless the primary is joining,
 * leaving, or ready and not in use. The agent sets the flag of a wire that is added.
 *
 * GRO joins TCP segments before these programs run, and differently on each wire. So each segment
 * has a digest of its own, joined or alone, and a joined frame is dropped if all its segments are
 * twins. The digest of a segment covers addresses, ports, sequence number, length, acknowledgement
 * and options. UDP is compared datagram by datagram, with all bytes. A joined frame keeps only the
 * first identification. The others are assumed to increase by one, or to be 0 like the first:
 * senders do that, and GRO joins no others since Linux 6.11. Before, others are delivered twice.
 *
 * The digest is keyed, so that a sender without the key cannot make two frames with equal digests:
 * NH (RFC 4418, section 5.2.2) of each chunk of the frame, joined by multiplications. It omits what
 * differs between the wires: padding, and the checksum of TCP and UDP, which is not computed yet in
 * a frame that comes from the same host by virtio.
 */
#ifndef TWINS_H
#define TWINS_H

#include "maps.h"
#include "pair.h"
#include "twins_frame.h"

#define TWINS_WINDOW_MS 1000 /* these are units of 2^20 ns */
#define TWINS_UNICAST_MS 1000
#define TWINS_SETTLED_MS 125
#define TWINS_CHUNKS_MAX 72   /* a frame of 9,216 bytes; longer ones are delivered as they are */
#define TWINS_SEGMENTS_MAX 64 /* frames of more are delivered as they are */

static __always_inline __u32 twins_now_ms(void)
{
	return (__u32)(bpf_ktime_get_boot_ns() >> 20);
}

/*
 * Notes a copy with @digest that @path has brought. Returns 1 if it is the twin of one from the
 * other wire, else 0. A global function, like twins_is_one.
 */
__attribute__((noinline)) int twins_note(__u64 digest, __u32 path, __u32 now_ms, __u32 switched_ms)
{
	__u32 bucket = digest & (VFSTEER_TWINS_BUCKETS - 1), oldest_ms = 0;
	struct vfsteer_twins *twins_of = bpf_map_lookup_elem(&twins, &bucket);
	__s32 step = path == PATH_PRIMARY ? 1 : -1;
	bool settled = now_ms - switched_ms > TWINS_SETTLED_MS, is_twin = false;
	int place = 0;

	if (!twins_of)
		return 0;
	bpf_spin_lock(&twins_of->lock);
#pragma clang loop unroll(full)
	for (int i = VFSTEER_TWINS_IN_BUCKET - 1; i >= 0; i--) {
		struct vfsteer_twin *entry = &twins_of->entries[i];
		__u32 age_ms = now_ms - entry->since_boot_ms;

		/*
		 * The clock of another CPU may have been read slightly later. Larger values are
		 * ages of weeks.
		 */
		if (age_ms > (__u32)-TWINS_WINDOW_MS)
			age_ms = 0;
		if (age_ms > TWINS_WINDOW_MS || (settled && age_ms > now_ms - switched_ms))
			entry->balance = 0;
		if (entry->balance && entry->digest == digest) {
			is_twin = (entry->balance ^ step) < 0;
			entry->balance += step;
			goto out;
		}
		if (!entry->balance)
			age_ms = ~0u;
		if (age_ms >= oldest_ms) {
			oldest_ms = age_ms;
			place = i;
		}
	}
#pragma clang loop unroll(full)
	for (int i = 0; i < VFSTEER_TWINS_IN_BUCKET; i++)
		if (i == place) {
			twins_of->entries[i].digest = digest;
			twins_of->entries[i].since_boot_ms = now_ms;
			twins_of->entries[i].balance = step;
		}
out:
	bpf_spin_unlock(&twins_of->lock);
	return is_twin;
}

/* What all copies of one frame have in common. */
struct twins_copy {
	const struct vfsteer_twins_key *key;
	__u64 start;
	__u32 path, now_ms, switched_ms;
};

/*
 * Clears the fields that differ between segments of a stream, and those that GRO rewrites. Returns
 * the sequence number.
 */
static __always_inline __u32 twins_clear_segment(struct twins_chunk *chunk, bool is_v4)
{
	const __u8 *tcp = chunk->bytes + (is_v4 ? TWINS_OVER_IPV4 : TWINS_OVER_IPV6);
	__u32 sequence = twins_be16(tcp + 4) << 16 | twins_be16(tcp + 6);

	if (is_v4) {
		twins_clear(chunk, TWINS_IPV4_LENGTH, 4); /* with the identification */
		twins_clear(chunk, TWINS_IPV4_CHECKSUM, 2);
		twins_clear(chunk, TWINS_OVER_IPV4 + 4, 4);
		/* flags, window, checksum, urgent pointer */
		twins_clear(chunk, TWINS_OVER_IPV4 + 13, 7);
	} else {
		twins_clear(chunk, TWINS_IPV6_LENGTH, 2);
		twins_clear(chunk, TWINS_OVER_IPV6 + 4, 4);
		twins_clear(chunk, TWINS_OVER_IPV6 + 13, 7);
	}
	return sequence;
}

/* Notes one segment of @stream. */
static __always_inline int twins_note_segment(const struct twins_copy *copy, __u64 stream,
					      __u32 sequence, __u32 length)
{
	__u64 pair = (__u64)(__u32)(sequence + copy->key->words[0]) *
		     (__u32)(length + copy->key->words[1]);
	__u64 digest = (stream ^ pair) * copy->key->multiplier;

	return twins_note(digest ^ digest >> 32, copy->path, copy->now_ms, copy->switched_ms);
}

/*
 * Are all segments of a TCP frame with payload twins? @chunk has its beginning. The loop has no
 * branch: before Linux 6.3 the verifier accepts only loops that end in a jump, and clang would let
 * others fall through.
 */
static __noinline bool twins_are_segments(struct __sk_buff *skb, struct twins_chunk *chunk,
					  const struct twins_copy *copy, __u32 transport, __u32 end)
{
	bool is_v4 = transport == TWINS_OVER_IPV4;
	__u32 header, left, whole, sequence, size = skb->gso_size;
	int are_twins = 1;
	__u64 stream;

	header = twins_tcp_end(chunk, transport);
	twins_load(skb, 0, header, chunk);
	sequence = twins_clear_segment(chunk, is_v4);
	stream = twins_mix(copy->start, chunk, copy->key);
	left = end - header;
	if (!size || size > left)
		size = left;
	whole = left / size;
	left -= whole * size;
	if (whole > TWINS_SEGMENTS_MAX)
		return false;
#pragma clang loop unroll(disable)
	for (int i = 0; i < TWINS_SEGMENTS_MAX; i++) {
		if (i >= (int)whole)
			break;
		are_twins &= twins_note_segment(copy, stream, sequence, size);
		sequence += size;
	}
	if (left)
		are_twins &= twins_note_segment(copy, stream, sequence, left);
	return are_twins;
}

/* The start value for digests of the pair in @slot. */
static __always_inline __u64 twins_start(struct __sk_buff *skb, const struct vfsteer_twins_key *key,
					 __u32 slot)
{
	__u64 start = key->start ^ (__u64)slot << 32;

	if (skb->vlan_present)
		start ^= (__u64)(skb->vlan_tci | 0x10000) << 40 ^ (__u64)skb->vlan_proto << 16;
	return start;
}

/*
 * May the inactive wire begin at any time to bring what @active brings, and later than it does? Its
 * first frame would be too late a warning for those that are on their way.
 */
static __always_inline bool twins_may_come(const struct vfsteer_pair *pair, __u32 active)
{
	enum vfsteer_primary_state primary = pair_primary_state_read(pair);

	return primary == PRIMARY_JOINING || primary == PRIMARY_LEAVING ||
	       (primary == PRIMARY_READY && active == PATH_STANDBY);
}

static __always_inline void twins_set_compared(struct vfsteer_pair *pair, __u32 path, __u8 compares)
{
	if (path == PATH_PRIMARY)
		*(volatile __u8 *)&pair->rx_compares_primary = compares;
	else
		*(volatile __u8 *)&pair->rx_compares_standby = compares;
}

/*
 * @path is active and quiet. A switchover at this moment sets the flag before and after it changes
 * the state word. So the flag of a wire that is now inactive stays set, in any order of the stores.
 */
static __always_inline void twins_compare_no_more(struct vfsteer_pair *pair, __u32 path)
{
	twins_set_compared(pair, path, 0);
	pair_barrier(pair);
	if (pair_active_read(pair) != path)
		twins_set_compared(pair, path, 1);
}

/* @path has brought unicast while the pair's flag of this wire is set. Is it to be compared? */
static __always_inline bool twins_compare_unicast(struct vfsteer_pair *pair, __u32 path,
						  __u32 now_ms, __u32 switched_ms)
{
	if (pair_active_read(pair) != path) {
		pair->rx_inactive_boot_ms = now_ms;
		twins_set_compared(pair, path == PATH_PRIMARY ? PATH_STANDBY : PATH_PRIMARY, 1);
	} else if (now_ms - pair->rx_inactive_boot_ms > TWINS_UNICAST_MS &&
		   now_ms - switched_ms > TWINS_UNICAST_MS && !twins_may_come(pair, path)) {
		twins_compare_no_more(pair, path);
		return false;
	}
	return true;
}

/*
 * Returns @digest with a chunk of @skb added: at most @length bytes from @offset on, without the
 * two bytes at @checksum in it (0: none). A global function, like the next ones: the verifier
 * checks it once and not for each chunk.
 */
__attribute__((noinline)) __u64 twins_add_chunk(struct __sk_buff *skb, __u32 offset, __u32 length,
						__u32 checksum, __u64 digest)
{
	const struct vfsteer_twins_key *key;
	struct twins_chunk chunk;
	__u32 zero = 0;

	key = bpf_map_lookup_elem(&twins_key, &zero);
	if (!key || !length)
		return digest;
	twins_load(skb, offset, length < TWINS_CHUNK ? length : TWINS_CHUNK, &chunk);
	/* Constant offsets, for the verifiers of older kernels. */
	if (checksum == TWINS_TCP_CHECKSUM)
		twins_clear(&chunk, TWINS_TCP_CHECKSUM, 2);
	else if (checksum == TWINS_UDP_CHECKSUM)
		twins_clear(&chunk, TWINS_UDP_CHECKSUM, 2);
	return twins_mix(digest, &chunk, key);
}

/* Returns @digest with @length bytes of @skb from @offset on added. */
__attribute__((noinline)) __u64 twins_add_bytes(struct __sk_buff *skb, __u32 offset, __u32 length,
						__u64 digest)
{
#pragma clang loop unroll(disable)
	for (__u32 at = 0; at < TWINS_CHUNK * TWINS_CHUNKS_MAX && at < length; at += TWINS_CHUNK)
		digest = twins_add_chunk(skb, offset + at, length - at, 0, digest);
	return digest;
}

/*
 * Returns @digest with the headers up to the ports added, which all datagrams joined to @skb share.
 */
__attribute__((noinline)) __u64 twins_add_flow(struct __sk_buff *skb, __u32 transport, __u64 digest)
{
	const struct vfsteer_twins_key *key;
	struct twins_chunk chunk;
	__u32 zero = 0;

	key = bpf_map_lookup_elem(&twins_key, &zero);
	if (!key)
		return digest;
	twins_load(skb, 0, transport + TWINS_PORTS, &chunk);
	if (transport == TWINS_OVER_IPV4) {
		twins_clear(&chunk, TWINS_IPV4_LENGTH, 4); /* with the identification */
		twins_clear(&chunk, TWINS_IPV4_CHECKSUM, 2);
	} else {
		twins_clear(&chunk, TWINS_IPV6_LENGTH, 2);
	}
	return twins_mix(digest, &chunk, key);
}

static __always_inline __u32 twins_load_be16(struct __sk_buff *skb, __u32 offset)
{
	__u8 bytes[2] = { 0 };

	bpf_skb_load_bytes(skb, offset, bytes, sizeof(bytes));
	return twins_be16(bytes);
}

/* Returns the offset of the UDP header, if @skb is one UDP packet; else 0. */
static __always_inline __u32 twins_over_udp(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return twins_load_be16(skb, TWINS_NETWORK) >> 8 == ETHERNET_IPV4_PLAIN &&
				       !(twins_load_be16(skb, TWINS_IPV4_FRAGMENT) & 0x3fff) &&
				       (twins_load_be16(skb, TWINS_IPV4_PROTOCOL - 1) & 0xff) ==
					       IPPROTO_UDP
			       ? TWINS_OVER_IPV4
			       : 0;
	return skb->protocol == bpf_htons(ETH_P_IPV6) &&
			       twins_load_be16(skb, TWINS_IPV6_PROTOCOL) >> 8 == IPPROTO_UDP
		       ? TWINS_OVER_IPV6
		       : 0;
}

/* Notes one datagram of a flow: @length bytes of payload at @offset. */
static __always_inline int twins_note_datagram(struct __sk_buff *skb, const struct twins_copy *copy,
					       __u32 offset, __u32 length, __u32 id)
{
	__u64 pair = (__u64)(__u32)((id & 0xffff) + copy->key->words[0]) *
		     (__u32)(length + copy->key->words[1]);
	__u64 digest = (copy->start ^ pair) * copy->key->multiplier;

	return twins_note(twins_add_bytes(skb, offset, length, digest ^ digest >> 32), copy->path,
			  copy->now_ms, copy->switched_ms);
}

/*
 * Does @skb consist of UDP datagrams that are all twins? Returns 1 or 0 like twins_is_one; -1: not
 * UDP, or not of a known form. It is not called from twins_is_one, because the verifier limits the
 * sum of the stacks.
 */
__attribute__((noinline)) int twins_are_datagrams(struct __sk_buff *skb, __u32 slot, __u32 path,
						  __u32 is_unicast)
{
	__u32 transport = twins_over_udp(skb), length, size = skb->gso_size, whole, left, id = 0,
	      step, zero = 0, offset;
	struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &slot);
	struct twins_copy copy = { .path = path, .now_ms = twins_now_ms() };
	int are_twins = 1;

	copy.key = bpf_map_lookup_elem(&twins_key, &zero);
	if (!copy.key || !pair || !transport)
		return -1;
	if (transport == TWINS_OVER_IPV4) {
		length =
			twins_load_be16(skb, TWINS_IPV4_LENGTH) - (TWINS_OVER_IPV4 - TWINS_NETWORK);
		id = twins_load_be16(skb, TWINS_IPV4_ID);
	} else {
		length = twins_load_be16(skb, TWINS_IPV6_LENGTH);
	}
	offset = transport + TWINS_UDP_PAYLOAD;
	left = length - TWINS_UDP_PAYLOAD;
	if (length > 0xffff || length <= TWINS_UDP_PAYLOAD || transport + length > skb->len ||
	    twins_load_be16(skb, transport + TWINS_UDP_LENGTH) != length)
		return -1;
	copy.switched_ms = (__u32)(pair->last_switch_boot_ns >> 20);
	if (is_unicast && !twins_compare_unicast(pair, path, copy.now_ms, copy.switched_ms))
		return 0;
	if (!size || size > left)
		size = left;
	whole = left / size;
	left -= whole * size;
	if (whole > TWINS_SEGMENTS_MAX || size > TWINS_CHUNK * TWINS_CHUNKS_MAX)
		return 0;
	copy.start = twins_add_flow(skb, transport, twins_start(skb, copy.key, slot));
	step = id ? 1 : 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < TWINS_SEGMENTS_MAX; i++) {
		if (i >= (int)whole)
			break;
		are_twins &= twins_note_datagram(skb, &copy, offset, size, id);
		offset += size;
		id += step;
	}
	if (left)
		are_twins &= twins_note_datagram(skb, &copy, offset, left, id);
	return are_twins;
}

/*
 * Is @skb, which came by @path (enum vfsteer_path), the twin of a frame of the other wire? Returns
 * 1 or 0; after 0, a later copy from the other wire is its twin. A global function: the verifier
 * checks it once and not for each caller.
 */
__attribute__((noinline)) int twins_is_one(struct __sk_buff *skb, __u32 slot, __u32 path,
					   __u32 is_unicast)
{
	struct vfsteer_pair *pair = bpf_map_lookup_elem(&pairs, &slot);
	struct twins_copy copy = { .path = path, .now_ms = twins_now_ms() };
	__u32 zero = 0, length = skb->len, transport, checksum = 0;
	struct twins_headers headers;
	struct twins_chunk chunk;
	__u64 digest;

	copy.key = bpf_map_lookup_elem(&twins_key, &zero);
	if (!copy.key || !pair)
		return 0;
	copy.switched_ms = (__u32)(pair->last_switch_boot_ns >> 20);
	if (is_unicast && !twins_compare_unicast(pair, path, copy.now_ms, copy.switched_ms))
		return 0;
	copy.start = twins_start(skb, copy.key, slot);
	twins_load(skb, 0, TWINS_CHUNK, &chunk);
	if (is_unicast && twins_is_neighbours(&chunk))
		return 0;
	headers = twins_headers_of(&chunk);
	if (headers.transport && headers.protocol == IPPROTO_TCP &&
	    headers.end > twins_tcp_end(&chunk, headers.transport))
		return twins_are_segments(skb, &chunk, &copy, headers.transport, headers.end);
	/* Two frames that differ only behind this length would look equal. */
	if (length > TWINS_CHUNK * TWINS_CHUNKS_MAX)
		return 0;
	transport = headers.transport ? headers.transport : twins_over_options(&chunk);
	digest = copy.start ^ (length < TWINS_FRAME_MIN ? TWINS_FRAME_MIN : length);
	if (transport && transport < length) {
		__u32 protocol =
			headers.transport ? headers.protocol : chunk.bytes[TWINS_IPV4_PROTOCOL];

		checksum = protocol == IPPROTO_TCP   ? TWINS_TCP_CHECKSUM
			   : protocol == IPPROTO_UDP ? TWINS_UDP_CHECKSUM
						     : 0;
		digest = twins_add_chunk(skb, 0, transport, 0, digest);
	} else {
		transport = 0;
	}
	length -= transport;
#pragma clang loop unroll(disable)
	for (__u32 at = 0; at < TWINS_CHUNK * TWINS_CHUNKS_MAX && at < length; at += TWINS_CHUNK) {
		digest = twins_add_chunk(skb, transport + at, length - at, checksum, digest);
		checksum = 0;
	}
	return twins_note(digest, path, copy.now_ms, copy.switched_ms);
}

static __always_inline int twins_is_twin(struct __sk_buff *skb, __u32 slot, __u32 path,
					 __u32 is_unicast)
{
	int are_twins = twins_are_datagrams(skb, slot, path, is_unicast);

	return are_twins < 0 ? twins_is_one(skb, slot, path, is_unicast) : are_twins;
}

#endif
