/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs of TC do with the frame of an skb. */
#pragma once

#include <linux/pkt_cls.h>
#include "reject.h"

enum { HEADERS = 256 }; /* bytes that are made linear where the skb has them elsewhere */

static __always_inline void linearise_headers(struct __sk_buff *skb)
{
	__u32 wanted = skb->len < HEADERS ? skb->len : HEADERS;

	if ((void *)(long)skb->data + wanted > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, wanted);
}

/* What an answer says of itself in skb->cb, which goes with it to the hook that it comes by next. Neither word can stand
 * there by what others keep in these bytes: lengths, times of a qdisc, or a flag and a flow's addresses behind it. */
#define ANSWER_FIRST 0xa7c351a0u
#define ANSWER_SECOND 0xb39e6ec4u

static __always_inline void say_answer(struct __sk_buff *skb)
{
	skb->cb[0] = ANSWER_FIRST;
	skb->cb[1] = ANSWER_SECOND;
}

/* Whether that is an answer of Sluice's own, which nobody judges: at XDP it would come by no other hook. */
static __always_inline int is_answer(struct __sk_buff *skb)
{
	if (!has_chained || skb->cb[0] != ANSWER_FIRST || skb->cb[1] != ANSWER_SECOND)
		return 0;
	skb->cb[0] = 0;
	return 1;
}

/* Makes room for `room` bytes between the Ethernet header (with its tags) and the rest. bpf_skb_adjust_room would do
 * that only where no tag stands in the frame. */
static __always_inline int insert_behind_ethernet(struct __sk_buff *skb, const struct packet *packet, __u32 room)
{
	struct frame frame;

	if (bpf_skb_change_head(skb, room, 0))
		return -1;
	frame = frame_of(skb, packet);
	return move_ethernet(&frame, packet, room);
}

/* Writes the answer to the packet in scratch into its own frame. 0: done. */
static __always_inline int write_answer(struct __sk_buff *skb)
{
	__u32 zero = 0, header, offset;
	struct packet *packet = bpf_map_lookup_elem(&scratch, &zero);
	struct rejected rejected = {};
	struct frame frame;

	if (!packet)
		return -1;
	offset = network_offset(packet);
	header = answer_header_length(packet);
	frame = frame_of(skb, packet);
	if (!offset || !remember(&frame, packet, &rejected))
		return -1;
	if (packet->traits & TRAIT_TCP) {
		if (bpf_skb_change_tail(skb, offset + header + sizeof(struct tcp_header), 0))
			return -1;
		frame = frame_of(skb, packet);
		return write_reset(&frame, packet, &rejected);
	}
	if (bpf_skb_change_tail(skb, offset + rejected.quote, 0) ||
	    insert_behind_ethernet(skb, packet, header + sizeof(struct icmp_header)))
		return -1;
	frame = frame_of(skb, packet);
	return write_unreachable(&frame, packet, &rejected);
}
