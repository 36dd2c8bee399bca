/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a TCP segment does to its connection. Whether it is in the window is asked as Guido van Rooij has worked out for a
 * filter that sees both sides ("Real Stateful TCP Packet Filtering in IP Filter", 2001), and nothing that is out of it changes
 * anything. A reset ends a connection here only where it is certain to end it there (RFC 5961, 3.2). */
#pragma once

#include "claim.h"
#include "reject.h"

enum {
	TCP_OPTION_END = 0,
	TCP_OPTION_NOTHING = 1,
	TCP_OPTION_WINDOW_SCALE = 3,
	MAX_TCP_OPTIONS = 20,
	MAX_WINDOW_SCALE = 14,
	SCALE_OFFERED = 0x80, /* in tcp_side.scale until both sides are known to scale */
	LATE_ACK = 66000, /* how far behind an acknowledgement may be, at least */
};

struct segment {
	__u32 start; /* sequence number of its first byte */
	__u32 end; /* behind the last; SYN and FIN count */
	__u32 ack;
	__u16 window;
	__u8 flags;
};

static __always_inline int is_after(__u32 a, __u32 b)
{
	return (__s32)(a - b) > 0;
}

/* 0 where the frame ends before its header does: the parser has seen to that. */
static __always_inline int read_segment(const struct frame *frame, const struct packet *packet, struct segment *segment)
{
	const struct tcp_header *tcp;

	if (!header_at(frame, packet->l4_offset & OFFSET_MASK, tcp))
		return 0;
	segment->flags = packet->tcp_flags;
	segment->start = bpf_ntohl(tcp->sequence);
	segment->ack = bpf_ntohl(tcp->acknowledgement);
	segment->window = bpf_ntohs(tcp->window);
	segment->end = segment->start + (packet->l3_offset + packet->length - packet->payload_offset) +
		       !!(segment->flags & TCP_SYN) + !!(segment->flags & TCP_FIN);
	return 1;
}

/* The shift that a SYN offers, or-ed with SCALE_OFFERED; 0: none. */
static __attribute__((noinline)) __u32 offered_scale(const struct frame *frame, const struct packet *packet)
{
	__u32 offset = (packet->l4_offset & OFFSET_MASK) + sizeof(struct tcp_header);
	__u32 end = packet->payload_offset;

	for (int i = 0; i < MAX_TCP_OPTIONS && offset < end; i++) {
		const __u8 *kind, *rest;

		offset &= OFFSET_MASK;
		asm volatile("" : "+r"(offset));
		if (!header_at(frame, offset, kind) || *kind == TCP_OPTION_END)
			return 0;
		if (*kind == TCP_OPTION_NOTHING) {
			offset++;
			continue;
		}
		if (!header_at(frame, offset + 1, rest) || *rest < 2)
			return 0;
		if (*kind == TCP_OPTION_WINDOW_SCALE) {
			const __u8 *shift;

			if (*rest != 3 || !header_at(frame, offset + 2, shift))
				return 0;
			return SCALE_OFFERED | (*shift > MAX_WINDOW_SCALE ? MAX_WINDOW_SCALE : *shift);
		}
		offset += *rest;
	}
	return 0;
}

/* What a side says in its SYN. */
static __always_inline void begin_side(struct tcp_side *side, const struct segment *segment, __u8 scale)
{
	side->end = segment->end;
	side->limit = segment->end;
	side->window = segment->window ? segment->window : 1;
	side->scale = scale;
	side->flags = segment->flags;
}

/* Both have sent their SYN: windows are scaled only where both have offered it (RFC 7323, 2.2). */
static __always_inline void agree_on_scale(struct connection *connection)
{
	struct tcp_side *one = &connection->sides[0], *two = &connection->sides[1];

	if (one->scale & two->scale & SCALE_OFFERED) {
		one->scale &= ~SCALE_OFFERED;
		two->scale &= ~SCALE_OFFERED;
	} else {
		one->scale = 0;
		two->scale = 0;
	}
	one->limit = one->end + two->window;
	two->limit = two->end + one->window;
}

/* The first packet of a connection. */
static __always_inline void begin_tcp(const struct frame *frame, const struct packet *packet, struct connection *connection)
{
	struct segment segment = {};

	if (!read_segment(frame, packet, &segment))
		return;
	if ((segment.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		connection->phase = PHASE_SYN_SENT;
		begin_side(&connection->sides[0], &segment, offered_scale(frame, packet));
		return;
	}
	connection->phase = PHASE_ESTABLISHED;
	connection->traits |= FLOW_MIDSTREAM;
	begin_side(&connection->sides[0], &segment, 0);
	connection->sides[1].end = segment.ack;
}

/* Whether its bytes are among those that the other side has room for or has had before, and it acknowledges what was sent. */
static __always_inline int is_in_window(const struct tcp_side *side, const struct tcp_side *other,
					const struct segment *segment)
{
	__u32 room = (__u32)other->window << (other->scale & 15), late = (__u32)side->window << (side->scale & 15);

	if (is_after(segment->start, side->limit) || is_after(side->end - room, segment->end))
		return 0;
	if (late < LATE_ACK)
		late = LATE_ACK;
	return !is_after(segment->ack, other->end) && !is_after(other->end - late, segment->ack);
}

static __always_inline enum state reset_tcp(struct connection *connection, __u32 direction, const struct segment *segment)
{
	struct tcp_side *side = &connection->sides[direction & 1], *other = &connection->sides[!direction];

	if (connection->phase == PHASE_SYN_SENT) {
		/* Of who refuses the connection: it names the SYN. */
		if (direction == DIRECTION_REPLY && segment->flags & TCP_ACK && segment->ack != other->end)
			return STATE_INVALID;
		if (direction == DIRECTION_ORIGINAL && segment->start != side->end)
			return STATE_INVALID;
		connection->phase = PHASE_RESET;
		return STATE_ESTABLISHED;
	}
	if (segment->start == side->end) {
		connection->phase = PHASE_RESET;
		return STATE_ESTABLISHED;
	}
	if (asymmetric || connection->traits & FLOW_MIDSTREAM || side->scale & SIDE_BEHIND)
		return STATE_ESTABLISHED;
	/* In the window, who gets it will ask whether it is meant. */
	return is_after(segment->start, side->limit) ||
			       is_after(side->end - ((__u32)other->window << (other->scale & 15)), segment->start) ?
		       STATE_INVALID :
		       STATE_ESTABLISHED;
}

/* A SYN of a connection that has begun. STATE_NEW: it begins another one of the same addresses and ports. */
static __always_inline enum state syn_again(const struct frame *frame, const struct packet *packet,
					    struct connection *connection, __u32 direction, const struct segment *segment)
{
	struct tcp_side *side = &connection->sides[direction & 1], *other = &connection->sides[!direction];

	if (connection->phase == PHASE_TIME_WAIT || connection->phase == PHASE_RESET)
		return segment->flags & TCP_ACK ? STATE_INVALID : STATE_NEW;
	if (segment->flags & TCP_ACK) {
		if (connection->phase == PHASE_SYN_SENT) {
			/* A server may leave data of the SYN unacknowledged (RFC 7413). */
			if (direction != DIRECTION_REPLY || is_after(segment->ack, other->end) ||
			    is_after(other->end - LATE_ACK, segment->ack))
				return STATE_INVALID;
			begin_side(side, segment, offered_scale(frame, packet));
			agree_on_scale(connection);
			connection->phase = PHASE_SYN_RECEIVED;
		}
		return STATE_ESTABLISHED;
	}
	if (connection->phase == PHASE_SYN_SENT) {
		begin_side(side, segment, offered_scale(frame, packet));
		if (direction == DIRECTION_REPLY) { /* both at once: RFC 9293, 3.5 */
			agree_on_scale(connection);
			connection->phase = PHASE_SYN_RECEIVED;
		}
	}
	/* Of an established connection, who gets it will ask whether it is meant (RFC 5961, 4.2). */
	return STATE_ESTABLISHED;
}

static __always_inline void close_tcp(struct connection *connection, __u32 direction, const struct segment *segment)
{
	struct tcp_side *side = &connection->sides[direction & 1], *other = &connection->sides[!direction];
	int fins;

	if (other->flags & TCP_FIN && segment->ack == other->end)
		connection->traits |= direction ? FLOW_FIN_ACKED : FLOW_REPLY_FIN_ACKED;
	fins = !!(side->flags & TCP_FIN) + !!(other->flags & TCP_FIN);
	if (fins == 1)
		connection->phase = PHASE_HALF_CLOSED;
	if (fins == 2) {
		__u8 both = FLOW_FIN_ACKED | FLOW_REPLY_FIN_ACKED;

		connection->phase = (connection->traits & both) == both ? PHASE_TIME_WAIT : PHASE_CLOSING;
	}
}

/* STATE_NEW: begins another connection in the place of this one, which is over. */
static __always_inline enum state advance_tcp(const struct frame *frame, const struct packet *packet,
					      struct connection *connection, __u32 direction)
{
	struct tcp_side *side = &connection->sides[direction & 1], *other = &connection->sides[!direction];
	struct segment segment = {};

	if (!read_segment(frame, packet, &segment))
		return STATE_INVALID;
	if (segment.flags & TCP_RST)
		return reset_tcp(connection, direction, &segment);
	if (segment.flags & TCP_SYN)
		return syn_again(frame, packet, connection, direction, &segment);
	if (!(segment.flags & TCP_ACK))
		return STATE_INVALID;
	if (connection->phase == PHASE_SYN_SENT || connection->phase == PHASE_RESET) {
		if (!asymmetric)
			return connection->phase == PHASE_RESET ? STATE_ESTABLISHED : STATE_INVALID;
		connection->phase = PHASE_ESTABLISHED;
		connection->traits |= FLOW_MIDSTREAM;
	}
	if (connection->traits & FLOW_MIDSTREAM) {
		if (!side->flags || is_after(segment.end, side->end))
			side->end = segment.end;
	} else {
		__u32 limit;

		if (!asymmetric && !((side->scale | other->scale) & SIDE_BEHIND) && !is_in_window(side, other, &segment))
			return STATE_INVALID;
		if (side->scale & SIDE_BEHIND)
			side->scale &= ~SIDE_BEHIND;
		if (is_after(segment.end, side->end))
			side->end = segment.end;
		if (segment.window > side->window)
			side->window = segment.window;
		limit = segment.ack + ((__u32)segment.window << (side->scale & 15));
		if (is_after(limit, other->limit))
			other->limit = limit;
		if (connection->phase == PHASE_SYN_RECEIVED && direction == DIRECTION_ORIGINAL &&
		    !is_after(other->end, segment.ack))
			connection->phase = PHASE_ESTABLISHED;
	}
	side->flags |= segment.flags;
	if ((side->flags | other->flags) & TCP_FIN && connection->phase >= PHASE_ESTABLISHED)
		close_tcp(connection, direction, &segment);
	return STATE_ESTABLISHED;
}
