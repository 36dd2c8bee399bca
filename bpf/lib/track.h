/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which connection a packet belongs to, and what becomes of that. A packet of a connection that this generation has judged
 * asks no rule. What a stranger begins stands in `unproven` until its source has shown that it is there. */
#pragma once

#include "quoted.h"
#include "sctp.h"
#include "tcp.h"

enum hook { HOOK_INGRESS = 0, HOOK_EGRESS = 1 };

/* When this is, in jiffies. */
static __always_inline __u64 jiffies_of(const struct tracking *settings, const struct packet *packet)
{
	if (rehearse && packet->time_ns && settings->jiffy_ns)
		return packet->time_ns / settings->jiffy_ns;
	return bpf_jiffies64();
}

/* 0: the packet has nothing to be tracked by. */
static __always_inline int tuple_of(const struct frame *frame, const struct packet *packet, struct tuple *tuple)
{
	if (!packet->family || packet->fragment == FRAGMENT_LATER)
		return 0;
	tuple->src_hi = packet->src_hi;
	tuple->src_lo = packet->src_lo;
	tuple->dst_hi = packet->dst_hi;
	tuple->dst_lo = packet->dst_lo;
	tuple->protocol = packet->protocol;
	tuple->family_trait = packet->family == 6 ? FLOW_IPV6 : 0;
	tuple->ports = *(const __u32 *)&packet->dst_port;
	if (packet->traits & TRAIT_ICMP) {
		__u8 request = packet->family == 6 ? ICMPV6_ECHO : ICMP_ECHO;
		__u8 reply = packet->family == 6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY;
		const struct icmp_header *icmp;

		if (packet->icmp_type != request && packet->icmp_type != reply)
			return 0;
		if (!header_at(frame, packet->l4_offset & OFFSET_MASK, icmp))
			return 0;
		tuple->ports = echo_ports(bpf_ntohl(icmp->rest) >> 16, packet->icmp_type == request);
	}
	return 1;
}

/* What a packet of no connection is. */
static __always_inline enum state state_of_first(const struct frame *frame, const struct packet *packet)
{
	if (asymmetric)
		return STATE_NEW;
	if (packet->traits & TRAIT_TCP) {
		__u8 flags = packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN);

		return flags == TCP_SYN || flags == TCP_ACK ? STATE_NEW : STATE_INVALID;
	}
	if (packet->traits & TRAIT_ICMP)
		return packet->icmp_type == ICMP_ECHO_REPLY || packet->icmp_type == ICMPV6_ECHO_REPLY ? STATE_INVALID :
													 STATE_NEW;
	if (packet->protocol == PROTOCOL_SCTP)
		return begins_sctp(frame, packet) ? STATE_NEW : STATE_INVALID;
	return STATE_NEW;
}

/* Whether this packet shows that its source gets what is sent to it. */
static __always_inline int is_proof(const struct connection *connection, __u32 direction)
{
	if (connection->traits & FLOW_MIDSTREAM || connection->phase == PHASE_REPLIED ||
	    connection->phase == PHASE_OTHER)
		return direction == DIRECTION_ORIGINAL && connection->packets[DIRECTION_REPLY];
	return connection->phase >= PHASE_ESTABLISHED && connection->phase <= PHASE_TIME_WAIT;
}

/* The same connection, where it has room among those that have proved themselves. */
static __attribute__((noinline)) struct connection *prove(struct connection *connection, __u32 slot, __u64 hash, __u32 now)
{
	__u32 claimed = claim_connection(hash, now);
	struct connection *proved;

	if (!claimed)
		return connection;
	claimed--;
	proved = bpf_map_lookup_elem(&connections, &claimed);
	if (!proved)
		return connection;
	*proved = *connection;
	publish(&connection_groups, claimed, hash);
	release(&unproven_groups, slot);
	count_turnover(TURNOVER_PROVED);
	return proved;
}

/* Whether packets of that direction are counted at this hook: a packet that is forwarded comes by both. */
static __always_inline int is_counted_here(struct connection *connection, __u32 direction, enum hook hook)
{
	if (direction == DIRECTION_ORIGINAL)
		return (connection->traits & FLOW_OUTBOUND ? HOOK_EGRESS : HOOK_INGRESS) == hook;
	if (!connection->packets[DIRECTION_REPLY] && hook == HOOK_INGRESS)
		connection->traits |= FLOW_REPLY_INBOUND;
	return (connection->traits & FLOW_REPLY_INBOUND ? HOOK_INGRESS : HOOK_EGRESS) == hook;
}

static __always_inline enum state advance(const struct frame *frame, const struct packet *packet,
					  struct connection *connection, __u32 direction, __u32 now)
{
	enum state state = STATE_ESTABLISHED;

	direction &= 1;
	/* Whatever comes, it stays so until nothing has come for a while. */
	if (connection->phase == PHASE_KILLED) {
		connection->last = now;
		return STATE_ESTABLISHED;
	}
	if (packet->traits & TRAIT_TCP)
		state = advance_tcp(frame, packet, connection, direction);
	else if (packet->protocol == PROTOCOL_SCTP)
		state = advance_sctp(frame, packet, connection, direction);
	else if (connection->phase == PHASE_UNREPLIED && direction == DIRECTION_REPLY)
		connection->phase = PHASE_REPLIED;
	if (state != STATE_ESTABLISHED)
		return state;
	connection->last = now;
	connection->packets[direction]++;
	connection->bytes[direction] += packet->frame_length;
	return state;
}

/* Writes packet->state and packet->direction. NULL: it belongs to no connection. */
static __attribute__((noinline)) struct connection *track(const struct frame *frame, struct packet *packet, __u32 hook,
							  const struct tracking *settings)
{
	__u32 now = jiffies_of(settings, packet), is_unproven = 0;
	struct tuple tuple;
	struct found found;
	enum state state;
	__u64 hash;

	if (packet->traits & TRAIT_ICMP && is_icmp_error(packet)) {
		packet->state = state_of_error(frame, packet);
		return 0;
	}
	if (!tuple_of(frame, packet, &tuple)) {
		packet->state = STATE_UNTRACKED;
		return 0;
	}
	hash = hash_of(&tuple);
	find(&connection_groups, &connections, connection_group_count, &tuple, hash, &found);
	if (!found.connection) {
		int place = find_slowly(find_unproven, &tuple);

		if (place >= 0) {
			found.slot = place >> 1;
			found.direction = place & 1;
			found.connection = bpf_map_lookup_elem(&unproven, &found.slot);
		}
		is_unproven = 1;
	}
	if (!found.connection) {
		packet->state = state_of_first(frame, packet);
		return 0;
	}
	packet->direction = found.direction;
	state = STATE_ESTABLISHED;
	if (is_over(settings, found.connection, now))
		state = STATE_NEW;
	else if (!observing && is_counted_here(found.connection, found.direction, hook))
		state = advance(frame, packet, found.connection, found.direction, now);
	if (state == STATE_NEW) {
		packet->direction = DIRECTION_ORIGINAL;
		packet->state = state_of_first(frame, packet);
		if (observing)
			return 0;
		if (is_unproven)
			release(&unproven_groups, found.slot);
		else
			release(&connection_groups, found.slot);
		return 0;
	}
	packet->state = state;
	if (is_unproven && !observing && state == STATE_ESTABLISHED && is_proof(found.connection, found.direction))
		return prove(found.connection, found.slot, hash, now);
	return found.connection;
}
