// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ingress, at XDP. The stages are generated from the policy; the linker puts them in. */
#define CONTEXT struct xdp_md
#include "lib/incoming.h"
#include "lib/observe.h"
#include "lib/reject.h"

/* What sluice_xdp leaves in front of the frame for sluice_mark: XDP has no skb to mark yet. */
struct mark_metadata {
	__u32 magic;
	__u32 mark;
};

enum { MARK_MAGIC = 0x51c3a27b };

static __always_inline void leave_mark(struct xdp_md *context, __u32 mark)
{
	struct mark_metadata *metadata;

	if (bpf_xdp_adjust_meta(context, -(int)sizeof(*metadata)))
		return;
	metadata = (void *)(long)context->data_meta;
	if ((void *)(metadata + 1) > (void *)(long)context->data)
		return;
	metadata->magic = MARK_MAGIC;
	metadata->mark = mark;
}

static __always_inline enum verdict judge(struct xdp_md *context, struct packet *packet)
{
	return judge_incoming(context, packet);
}

SEC("xdp")
int sluice_xdp(struct xdp_md *context)
{
	__u32 length = multi_buffer ? bpf_xdp_get_buff_len(context) : context->data_end - context->data;
	struct packet *packet = new_packet(context->ingress_ifindex, length);
	enum verdict verdict;

	if (!packet)
		return XDP_ABORTED;
	verdict = judge(context, packet);
	conclude(packet, verdict);
	if (verdict == VERDICT_ALLOW) {
		if (has_mark && packet->mark)
			leave_mark(context, packet->mark);
		return XDP_PASS;
	}
	if (verdict == VERDICT_REJECT && !rehearse)
		bpf_tail_call(context, &programs, PROGRAM_REJECT);
	return XDP_DROP;
}

/* From a subprogram, so that what is called comes back. Where nothing is in force, packets pass. */
static __attribute__((noinline)) int call_enforced(struct xdp_md *context)
{
	int action = XDP_PASS;

	asm volatile("" : "+r"(action));
	bpf_tail_call(context, &enforced, 0);
	return action;
}

/* Judges and counts as sluice_xdp does, and leaves what is done to the generation in force. */
SEC("xdp")
int sluice_xdp_observe(struct xdp_md *context)
{
	__u32 length = multi_buffer ? bpf_xdp_get_buff_len(context) : context->data_end - context->data;
	struct packet *packet = new_packet(context->ingress_ifindex, length);
	__u32 alone = is_alone(context->ingress_ifindex);
	int action = XDP_PASS;

	if (packet)
		conclude(packet, judge(context, packet));
	if (!alone)
		action = call_enforced(context);
	compare(packet, 0, alone);
	return action;
}

/* Makes room for `room` bytes between the Ethernet header (with its tags) and the rest. */
static __always_inline int insert_behind_ethernet(struct xdp_md *context, const struct packet *packet, __u32 room)
{
	struct frame frame;

	if (bpf_xdp_adjust_head(context, -(int)room))
		return -1;
	frame = frame_of(context, packet);
	return move_ethernet(&frame, packet, room);
}

static __always_inline int resize(struct xdp_md *context, const struct packet *packet, __u32 length)
{
	return bpf_xdp_adjust_tail(context, (int)length - (int)packet->frame_length);
}

/* Sends the answer to the packet in scratch back to where it came from. */
SEC("xdp")
int sluice_xdp_reject(struct xdp_md *context)
{
	__u32 zero = 0, header, offset;
	struct packet *packet = bpf_map_lookup_elem(&scratch, &zero);
	struct rejected rejected = {};
	struct frame frame;

	if (!packet)
		return XDP_ABORTED;
	offset = network_offset(packet);
	header = answer_header_length(packet);
	frame = frame_of(context, packet);
	if (!offset || !remember(&frame, packet, &rejected))
		return XDP_DROP;
	if (packet->traits & TRAIT_TCP) {
		if (resize(context, packet, offset + header + sizeof(struct tcp_header)))
			return XDP_DROP;
		frame = frame_of(context, packet);
		return write_reset(&frame, packet, &rejected) ? XDP_DROP : XDP_TX;
	}
	if (resize(context, packet, offset + rejected.quote) ||
	    insert_behind_ethernet(context, packet, header + sizeof(struct icmp_header)))
		return XDP_DROP;
	frame = frame_of(context, packet);
	return write_unreachable(&frame, packet, &rejected) ? XDP_DROP : XDP_TX;
}

SEC("tc")
int sluice_mark(struct __sk_buff *skb)
{
	struct mark_metadata *metadata = (void *)(long)skb->data_meta;

	if ((void *)(metadata + 1) <= (void *)(long)skb->data && metadata->magic == MARK_MAGIC)
		skb->mark = metadata->mark;
	return -1; /* TC_ACT_UNSPEC: the next program decides */
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
