/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who gets a slot in a table of connections, and who goes for it when there is no room. */
#pragma once

#include "connections.h"

/* Jiffies since its last packet. Where another CPU has just had one of a later jiffy, that is 0 and not 2^32 - 1; and so it is
 * where the clock of a capture goes back. */
static __always_inline __u32 idle_for(const struct connection *connection, __u32 now)
{
	__u32 idle = now - connection->last;

	return (__s32)idle < 0 ? 0 : idle;
}

static __always_inline int is_over(const struct tracking *settings, const struct connection *connection, __u32 now)
{
	__u32 phase = connection->phase;

	return phase >= PHASE_MAX || idle_for(connection, now) > settings->timeouts[phase];
}

/* How gladly a connection goes for another, when there is no room: 0 not at all. What is over goes first, then the oldest. */
static __always_inline __u32 expendable(const struct tracking *settings, const struct connection *connection, __u32 now,
					int any)
{
	if (is_over(settings, connection, now))
		return ~0u;
	if (!evict)
		return 0;
	if (!any) {
		switch (connection->phase) {
		case PHASE_REPLIED: /* a stranger's source address is never quite proved without a handshake */
		case PHASE_OTHER:
			if (connection->traits & FLOW_OUTBOUND)
				return 0;
			break;
		case PHASE_ESTABLISHED:
		case PHASE_HALF_CLOSED:
		case PHASE_KILLED:
			return 0;
		default:
			break;
		}
	}
	return idle_for(connection, now) / 2 + 1;
}

/* Takes a slot for a connection of that hash: its tag is TAG_TAKEN until `publish`. The slot's number + 1; 0: there is no
 * room. `any`: whatever there is may go for it. */
static __always_inline __u32 claim(void *groups, void *slots, __u32 size, __u64 hash, __u32 now, int any,
				   enum turnover evicted)
{
	__u32 zero = 0, worst = 0, chosen = 0;
	const struct tracking *settings = bpf_map_lookup_elem(&tracking, &zero);
	__u64 *words, tags;

	for (int attempt = 0; attempt < 4; attempt++) {
		__u32 most = 0, best = 0;
		__u64 best_tags = 0;
		__u64 *best_word = 0;

		for (__u32 place = 0; place < 2 * GROUP_WORDS; place++) {
			__u32 index = group_of(hash, place / GROUP_WORDS, size), room;
			struct group *group = bpf_map_lookup_elem(groups, &index);

			if (!group)
				return 0;
			words = &group->tags[place % GROUP_WORDS];
			tags = *(volatile __u64 *)words;
			room = (bytes_that_are(tags, TAG_FREE) >> 7) * EACH_BYTE >> 56;
			if (room > most) {
				most = room;
				best = index * GROUP_SLOTS + place % GROUP_WORDS * 8;
				best_tags = tags;
				best_word = words;
			}
		}
		if (!most || !best_word)
			break;
		{
			__u32 byte = first_byte(bytes_that_are(best_tags, TAG_FREE)) & 7;

			if (__sync_val_compare_and_swap(best_word, best_tags, best_tags | (__u64)TAG_TAKEN << byte * 8) ==
			    best_tags)
				return best + byte + 1;
		}
	}
	if (!settings)
		return 0;
	for (__u32 i = 0; i < 2 * GROUP_SLOTS; i++) {
		__u32 slot = group_of(hash, i / GROUP_SLOTS, size) * GROUP_SLOTS + i % GROUP_SLOTS, score;
		struct connection *connection = bpf_map_lookup_elem(slots, &slot);

		if (!connection)
			return 0;
		score = expendable(settings, connection, now, any);
		if (score > worst) {
			worst = score;
			chosen = slot;
		}
	}
	if (!worst)
		return 0;
	{
		__u32 index = chosen / GROUP_SLOTS, shift = chosen % 8 * 8;
		struct group *group = bpf_map_lookup_elem(groups, &index);

		if (!group)
			return 0;
		words = &group->tags[chosen / 8 % GROUP_WORDS];
		tags = *(volatile __u64 *)words;
		if ((__u8)(tags >> shift) == TAG_TAKEN)
			return 0;
		if (__sync_val_compare_and_swap(words, tags, (tags & ~(0xffULL << shift)) | (__u64)TAG_TAKEN << shift) != tags)
			return 0;
	}
	if (worst != ~0u)
		count_turnover(evicted);
	return chosen + 1;
}

/* The slot is filled: it can be found from here on. */
static __always_inline void publish(void *groups, __u32 slot, __u64 hash)
{
	__u32 index = slot / GROUP_SLOTS;
	struct group *group = bpf_map_lookup_elem(groups, &index);

	if (group)
		__sync_fetch_and_xor(&group->tags[slot / 8 % GROUP_WORDS],
				     (__u64)(TAG_TAKEN ^ tag_of(hash)) << slot % 8 * 8);
}

static __always_inline void release(void *groups, __u32 slot)
{
	__u32 index = slot / GROUP_SLOTS;
	struct group *group = bpf_map_lookup_elem(groups, &index);

	if (group)
		__sync_fetch_and_and(&group->tags[slot / 8 % GROUP_WORDS], ~(0xffULL << slot % 8 * 8));
}

/* Verified by themselves, once each, as find_proven is. */
__attribute__((noinline)) int claim_connection(__u64 hash, __u64 now)
{
	return claim(&connection_groups, &connections, connection_group_count, hash, now, 0, TURNOVER_EVICTED);
}

__attribute__((noinline)) int claim_unproven(__u64 hash, __u64 now)
{
	return claim(&unproven_groups, &unproven, unproven_group_count, hash, now, 1, TURNOVER_EVICTED_UNPROVEN);
}
