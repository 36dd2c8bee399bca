/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables of connections: `connections`, and `unproven` for what strangers have begun and not yet shown to be theirs. The
 * kernel's own hash tables cost more to ask and far more to fill, and a map of theirs that is full refuses or forgets at
 * random. What is here is two arrays a table: tags of eight bits, sixteen to a group, and the connections. A connection is in
 * one of two groups, whichever was emptier, so that a table is full to nine tenths before a group has no room. Nothing
 * moves, and what is over is found to be so when it is asked for: no process has to clean up. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../abi/connection.h"
#include "../abi/packet.h"
#include "../abi/tracking.h"
#include "config.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tracking);
} tracking SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct group);
} connection_groups SEC(".maps");

/* GROUP_SLOTS for each group. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GROUP_SLOTS);
	__type(key, __u32);
	__type(value, struct connection);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct group);
} unproven_groups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, GROUP_SLOTS);
	__type(key, __u32);
	__type(value, struct connection);
} unproven SEC(".maps");

/* By enum turnover. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TURNOVER_MAX);
	__type(key, __u32);
	__type(value, __u64);
} turnover SEC(".maps");

/* What a packet is found by. */
struct tuple {
	__u64 src_hi;
	__u64 src_lo;
	__u64 dst_hi;
	__u64 dst_lo;
	__u32 ports; /* as the word at struct packet.dst_port */
	__u8 protocol;
	__u8 family_trait; /* FLOW_IPV6 or 0 */
};

static __always_inline void count_turnover(__u32 event)
{
	__u64 *value = bpf_map_lookup_elem(&turnover, &event);

	if (value)
		++*value;
}

static __always_inline __u64 mix_end(__u64 hi, __u64 lo, __u16 port)
{
	__u64 mixed = (lo ^ hash_seed) * 0x9e3779b97f4a7c15ULL;

	mixed ^= mixed >> 32;
	mixed = (mixed + (hi ^ hash_seed >> 7) + ((__u64)port << 40)) * 0xd6e8feb86659fd93ULL;
	return mixed ^ mixed >> 29;
}

/* The same of both directions. The seed is not known to who sends: nobody can choose addresses that fall into one group. */
static __always_inline __u64 hash_of(const struct tuple *tuple)
{
	__u64 ends = mix_end(tuple->src_hi, tuple->src_lo, tuple->ports >> 16) +
		     mix_end(tuple->dst_hi, tuple->dst_lo, tuple->ports);
	__u64 hash = (ends + tuple->protocol) * 0xa0761d6478bd642fULL;

	return hash ^ hash >> 32;
}

/* The one of the two groups, of `groups`, that `choice` names. */
static __always_inline __u32 group_of(__u64 hash, __u32 choice, __u32 groups)
{
	__u32 part = choice ? (hash * 0xe7037ed1a0b428dbULL) >> 32 : hash >> 32;

	return (__u64)part * groups >> 32;
}

static __always_inline __u8 tag_of(__u64 hash)
{
	__u8 tag = hash;

	return tag < FIRST_TAG ? tag + FIRST_TAG : tag;
}

#define EACH_BYTE 0x0101010101010101ULL

/* The highest bit of each byte of `word` that is `tag`. */
static __always_inline __u64 bytes_that_are(__u64 word, __u8 tag)
{
	__u64 other = word ^ tag * EACH_BYTE;

	return ~(((other & 0x7f * EACH_BYTE) + 0x7f * EACH_BYTE) | other | 0x7f * EACH_BYTE);
}

/* The number of the lowest byte whose highest bit is set in `bits`. */
static __always_inline __u32 first_byte(__u64 bits)
{
	return ((bits & -bits) >> 7) * 0x0001020304050607ULL >> 56;
}

/* enum direction; -1: it is another connection. */
static __always_inline int direction_of(const struct connection *connection, const struct tuple *tuple)
{
	__u32 ports = *(const __u32 *)&connection->dst_port;

	if (connection->protocol != tuple->protocol)
		return -1;
	if (ports == tuple->ports && connection->src_lo == tuple->src_lo && connection->dst_lo == tuple->dst_lo &&
	    connection->src_hi == tuple->src_hi && connection->dst_hi == tuple->dst_hi &&
	    (connection->traits & FLOW_IPV6) == tuple->family_trait)
		return DIRECTION_ORIGINAL;
	if (ports == (tuple->ports << 16 | tuple->ports >> 16) && connection->src_lo == tuple->dst_lo &&
	    connection->dst_lo == tuple->src_lo && connection->src_hi == tuple->dst_hi &&
	    connection->dst_hi == tuple->src_hi && (connection->traits & FLOW_IPV6) == tuple->family_trait)
		return DIRECTION_REPLY;
	return -1;
}

struct found {
	struct connection *connection; /* NULL: none */
	__u32 slot;
	__u32 direction; /* enum direction */
};

static __always_inline void find(void *groups, void *slots, __u32 size, const struct tuple *tuple, __u64 hash,
				 struct found *found)
{
	__u8 tag = tag_of(hash);

	found->connection = 0;
#pragma clang loop unroll(full)
	for (__u32 place = 0; place < 2 * GROUP_WORDS; place++) {
		__u32 index = group_of(hash, place / GROUP_WORDS, size), word = place % GROUP_WORDS;
		struct group *group = bpf_map_lookup_elem(groups, &index);
		__u64 candidates;

		if (!group)
			return;
		candidates = bytes_that_are(*(volatile __u64 *)&group->tags[word], tag);
		for (__u32 i = 0; i < 8 && candidates; i++) {
			__u32 slot = index * GROUP_SLOTS + word * 8 + first_byte(candidates);
			struct connection *connection = bpf_map_lookup_elem(slots, &slot);
			int direction;

			if (!connection)
				return;
			direction = direction_of(connection, tuple);
			if (direction >= 0) {
				found->connection = connection;
				found->slot = slot;
				found->direction = direction;
				return;
			}
			candidates &= candidates - 1;
		}
	}
}

/* What find_proven and find_unproven take besides the addresses. */
static __always_inline __u64 rest_of(const struct tuple *tuple)
{
	return tuple->ports | (__u64)tuple->protocol << 32 | (__u64)tuple->family_trait << 40;
}

static __always_inline int find_slot(void *groups, void *slots, __u32 size, const struct tuple *tuple)
{
	struct found found = {};

	find(groups, slots, size, tuple, hash_of(tuple), &found);
	return found.connection ? (int)(found.slot << 1 | found.direction) : -1;
}

#define DEFINE_FIND(name, groups, slots, size)                                                               \
	__attribute__((noinline)) int name(__u64 src_hi, __u64 src_lo, __u64 dst_hi, __u64 dst_lo, __u64 rest) \
	{                                                                                                    \
		struct tuple tuple = {                                                                       \
			.src_hi = src_hi,                                                                    \
			.src_lo = src_lo,                                                                    \
			.dst_hi = dst_hi,                                                                    \
			.dst_lo = dst_lo,                                                                    \
			.ports = rest,                                                                       \
			.protocol = rest >> 32,                                                              \
			.family_trait = rest >> 40,                                                          \
		};                                                                                           \
                                                                                                             \
		return find_slot(groups, slots, size, &tuple);                                               \
	}

/* The slot's number, twice, + enum direction; -1: there is none. The kernel verifies these by themselves, once each: see
 * SELF_VERIFIED in src/datapath/objects.ts. They take numbers alone. */
DEFINE_FIND(find_proven, &connection_groups, &connections, connection_group_count)
DEFINE_FIND(find_unproven, &unproven_groups, &unproven, unproven_group_count)

#define find_slowly(name, tuple) \
	name((tuple)->src_hi, (tuple)->src_lo, (tuple)->dst_hi, (tuple)->dst_lo, rest_of(tuple))
