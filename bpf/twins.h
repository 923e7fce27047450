/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * twins: takes frames from both wires and delivers each once. The wire that brings a frame first
 * delivers the frame. The twin from the other wire is dropped, one for one: n copies on one wire
 * and m on the other deliver max(n, m).
 *
 * For each digest of a frame the map `twins` has a balance: +1 for a copy from the primary, -1 for
 * one from the standby. A copy that moves the balance away from zero is delivered, one that moves
 * it towards zero is a twin. A balance is forgotten after TWINS_WINDOW_MS, and TWINS_SETTLED_MS
 * after a switchover if it is older than the switchover: what the old wire alone brought has no
 * twins to come, and the same frame, sent again, is not to be taken for one. A bucket that is full
 * loses its oldest balance. In each of these cases the frame is delivered: twice in the worst case,
 * never not at all.
 *
 * Group frames are always compared, unicast ARP and neighbour discovery never: who asks anew after
 * a switchover is given the same answer by the other wire, byte for byte, and to hear one twice
 * does no harm. Other unicast is compared while the pair's flag of the wire says so. The flag of
 * the inactive wire is always set; a frame there, and a switchover, set that of the active wire,
 * which a frame on the active wire clears when nothing of the kind has happened for
 * TWINS_UNICAST_MS, unless the primary is joining, leaving, or ready and not used. The agent sets
 * it for a wire that comes.
 *
 * GRO joins TCP segments before these programs run, and differently on each wire. So each segment
 * of a joined frame has a digest of its own, the same that it has when it comes alone, and a joined
 * frame is dropped when all its segments are twins. A segment's digest is of its addresses, ports,
 * sequence number, length, acknowledgement and options. UDP is compared datagram by datagram, with
 * all bytes of each, joined or not. A joined frame keeps the first identification only: the others
 * are taken to count on from it, or to be 0 as it is. So senders make them, and since Linux 6.11
 * GRO joins no others. Where it did, all come twice.
 *
 * The digest is keyed, so that nobody who does not know the key can make two frames that look the
 * same: NH (RFC 4418, section 5.2.2) of each chunk of the frame, joined by multiplications. It
 * leaves out what differs between two wires that carry the same frame: the checksum of TCP and UDP,
 * which is not computed yet when a frame comes from the same host by virtio, and padding.
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
 * Notes a copy with @digest that @path has brought. Is it the twin of one from the other wire? 1:
 * yes, 0: no. Global, as twins_is_one is.
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

		/* Another CPU may have read the clock a moment later. */
		if ((__s32)age_ms < 0)
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

/* One of one pair, between two switchovers. */
struct twins_copy {
	const struct vfsteer_twins_key *key;
	__u64 start;
	__u32 path, now_ms, switched_ms;
};

/*
 * Clears what segments of one stream have each for itself, and what GRO makes anew; returns the
 * sequence number.
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

/* One segment of @stream. */
static __always_inline int twins_note_segment(const struct twins_copy *copy, __u64 stream,
					      __u32 sequence, __u32 length)
{
	__u64 pair = (__u64)(__u32)(sequence + copy->key->words[0]) *
		     (__u32)(length + copy->key->words[1]);
	__u64 digest = (stream ^ pair) * copy->key->multiplier;

	return twins_note(digest ^ digest >> 32, copy->path, copy->now_ms, copy->switched_ms);
}

/*
 * The segments of a TCP frame with payload, the beginning of which is in @chunk: are all of them
 * twins? No choice is made in the loop: before Linux 6.3 the verifier takes only loops that are
 * closed by a jump, and clang closes others by falling through.
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

/* What the digests of a frame of the pair in @slot begin with. */
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
 * @path is active, and quiet. A switchover at this moment sets the flag, before and after it
 * changes the word: whoever stores last, the flag of a wire that is inactive now stays.
 */
static __always_inline void twins_compare_no_more(struct vfsteer_pair *pair, __u32 path)
{
	twins_set_compared(pair, path, 0);
	pair_barrier(pair);
	if (pair_active_read(pair) != path)
		twins_set_compared(pair, path, 1);
}

/* Unicast that came by @path, which the pair's flag of this wire asks to compare: is it to be? */
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
 * @digest with a chunk of @skb, at most @length bytes from @offset on. The two at @checksum in it
 * are left out; 0: none. A global function, as the next ones: the verifier looks at it once, and
 * not for each chunk.
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

/* @digest with @length bytes of @skb from @offset on. */
__attribute__((noinline)) __u64 twins_add_bytes(struct __sk_buff *skb, __u32 offset, __u32 length,
						__u64 digest)
{
#pragma clang loop unroll(disable)
	for (__u32 at = 0; at < TWINS_CHUNK * TWINS_CHUNKS_MAX && at < length; at += TWINS_CHUNK)
		digest = twins_add_chunk(skb, offset + at, length - at, 0, digest);
	return digest;
}

/* @digest with what the datagrams joined to @skb have in common: the headers up to the ports. */
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

/* Where the UDP of @skb begins, if all that @skb is consists of it; else 0. */
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

/* Notes one datagram of @flow: @length bytes of payload at @offset. */
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
 * Is @skb, if it is UDP, made of twins alone, as twins_is_one says it of others? -1: it is no UDP,
 * or none that is known here. It stands beside twins_is_one: the verifier limits the sum of stacks.
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
 * Is @skb, which came by @path (enum vfsteer_path), the twin of a frame that came by the other
 * wire? If not, its own twin will be. 1: yes, 0: no. A global function: the verifier looks at it
 * once, and not along every path of every caller.
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
	/* Two that differ behind what is looked at would be one. */
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
