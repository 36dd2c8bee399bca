/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether a packet's connection settles what becomes of it; else the rules are asked, and the connection remembers what they
 * have said. */
#pragma once

#include "judge.h"
#include "track.h"

/* 1: no rule is asked. `verdict` and packet->rule say what becomes of the packet. */
static __always_inline int is_settled(const struct connection *connection, struct packet *packet, enum hook hook,
				      const struct tracking *settings, enum verdict *verdict)
{
	const struct judged *here = &connection->judged[hook], *there = &connection->judged[!hook];

	*verdict = VERDICT_ALLOW;
	if (connection->phase == PHASE_KILLED) {
		packet->rule = REASON_KILLED;
		*verdict = VERDICT_DROP;
		return 1;
	}
	if (has_mark)
		packet->mark = connection->mark;
	if (packet->direction == DIRECTION_ORIGINAL) {
		if (here->epoch == settings->epoch && !(here->rule & JUDGED_DENIED) && !observing) {
			packet->rule = here->rule;
			return 1;
		}
		if (keep_established && here->epoch && here->epoch != settings->epoch && !(here->rule & JUDGED_DENIED)) {
			packet->rule = REASON_ESTABLISHED;
			return 1;
		}
		return 0;
	}
	/* Replies follow what has become of the packets that they answer. */
	packet->rule = REASON_ESTABLISHED;
	if (there->epoch == settings->epoch)
		packet->rule = there->rule;
	if (here->epoch == settings->epoch && !(packet->rule & JUDGED_DENIED))
		packet->rule = here->rule;
	if (packet->rule & JUDGED_DENIED) {
		packet->rule &= ~JUDGED_DENIED;
		/* A reset ends what is denied: it may be the answer of a rule that rejects what is forwarded, on its way back. */
		if (!(packet->traits & TRAIT_TCP && packet->tcp_flags & TCP_RST))
			*verdict = VERDICT_DROP;
	}
	return 1;
}

/* The connection of a packet whose state says that it has one. */
static __attribute__((noinline)) struct connection *find_again(const struct frame *frame, const struct packet *packet)
{
	struct tuple tuple = {};
	__u32 slot;
	int place;

	if (!tuple_of(frame, packet, &tuple))
		return 0;
	place = find_slowly(find_proven, &tuple);
	if (place >= 0) {
		slot = place >> 1;
		return bpf_map_lookup_elem(&connections, &slot);
	}
	place = find_slowly(find_unproven, &tuple);
	if (place < 0)
		return 0;
	slot = place >> 1;
	return bpf_map_lookup_elem(&unproven, &slot);
}

/* Puts a connection into one of the tables for a packet that rules have allowed. 0: there is no room. */
static __attribute__((noinline)) int begin(const struct frame *frame, const struct packet *packet, __u32 hook, __u64 now)
{
	__u32 zero = 0, slot, is_unproven = hook == HOOK_INGRESS;
	const struct tracking *settings = bpf_map_lookup_elem(&tracking, &zero);
	struct connection *connection;
	struct tuple tuple;
	__u64 hash;

	if (!settings || !tuple_of(frame, packet, &tuple))
		return 1;
	hash = hash_of(&tuple);
	slot = is_unproven ? claim_unproven(hash, now) : claim_connection(hash, now);
	if (!slot) {
		count_turnover(is_unproven ? TURNOVER_REFUSED_UNPROVEN : TURNOVER_REFUSED);
		return 0;
	}
	slot--;
	connection = is_unproven ? bpf_map_lookup_elem(&unproven, &slot) : bpf_map_lookup_elem(&connections, &slot);
	if (!connection)
		return 0;
	*connection = (struct connection){
		.src_hi = tuple.src_hi,
		.src_lo = tuple.src_lo,
		.dst_hi = tuple.dst_hi,
		.dst_lo = tuple.dst_lo,
		.dst_port = tuple.ports,
		.src_port = tuple.ports >> 16,
		.protocol = tuple.protocol,
		.traits = tuple.family_trait | (hook == HOOK_EGRESS ? FLOW_OUTBOUND : 0),
		.phase = PHASE_OTHER,
		.first_era = now >> 32,
		.last = now,
		.mark = packet->mark,
		.first = now,
		.ifindex = packet->ifindex,
	};
	connection->judged[hook & 1].epoch = settings->epoch;
	connection->judged[hook & 1].rule = packet->rule;
	connection->packets[DIRECTION_ORIGINAL] = 1;
	connection->bytes[DIRECTION_ORIGINAL] = packet->frame_length;
	if (packet->traits & TRAIT_TCP)
		begin_tcp(frame, packet, connection);
	else if (packet->protocol == PROTOCOL_SCTP)
		begin_sctp(frame, packet, connection);
	else if (packet->traits & TRAIT_ICMP)
		connection->phase = PHASE_ECHO;
	else if (packet->traits & TRAIT_PORTS)
		connection->phase = PHASE_UNREPLIED;
	publish(is_unproven ? (void *)&unproven_groups : (void *)&connection_groups, slot, hash);
	count_turnover(TURNOVER_CREATED);
	return 1;
}

/* What rules have decided of a packet of a connection that was not settled. */
static __attribute__((noinline)) int remember_verdict(const struct frame *frame, const struct packet *packet, __u32 hook,
						      __u32 verdict)
{
	__u32 zero = 0;
	const struct tracking *settings = bpf_map_lookup_elem(&tracking, &zero);
	struct connection *connection;

	if (observing || !settings || packet->state == STATE_UNTRACKED)
		return 0;
	connection = find_again(frame, packet);
	if (!connection)
		return 0;
	connection->judged[hook & 1].rule = packet->rule | (verdict == VERDICT_ALLOW ? 0 : JUDGED_DENIED);
	connection->judged[hook & 1].epoch = settings->epoch;
	connection->mark = packet->mark;
	return 0;
}

/* Of a packet between prefilter and rules. `judge`: asks the stage's rules. The kernel verifies what comes behind a call of
 * generated code once for each state that its registers and stack may be in there: so nothing of what was found is kept. */
#define track_and_judge(context, frame, packet, hook, stage)                                                   \
	({                                                                                                     \
		__u32 first = 0;                                                                               \
		const struct tracking *settings = bpf_map_lookup_elem(&tracking, &first);                      \
		enum verdict decided = VERDICT_DROP;                                                           \
                                                                                                               \
		if (settings) {                                                                                \
			struct connection *connection;                                                         \
                                                                                                               \
			*(frame) = frame_of(context, packet);                                                  \
			connection = track(frame, packet, hook, settings);                                     \
			if ((packet)->state == STATE_RELATED) {                                                \
				(packet)->rule = REASON_RELATED;                                               \
				decided = VERDICT_ALLOW;                                                       \
			} else if ((packet)->state == STATE_INVALID && (hook) == HOOK_INGRESS) {               \
				(packet)->rule = REASON_INVALID;                                               \
			} else if (!connection || !is_settled(connection, packet, hook, settings, &decided)) { \
				__u8 flags = (packet)->tcp_flags;                                              \
                                                                                                               \
				/* Rules that speak of connections speak of how they begin. */                 \
				if (connection && (packet)->traits & TRAIT_TCP &&                              \
				    !(connection->traits & FLOW_MIDSTREAM))                                    \
					(packet)->tcp_flags = TCP_SYN;                                         \
				decided = call_stage(stage, context, packet);                                  \
				(packet)->tcp_flags = flags;                                                   \
				*(frame) = frame_of(context, packet);                                          \
				if ((packet)->state != STATE_NEW)                                              \
					remember_verdict(frame, packet, hook, decided);                        \
				else if (decided == VERDICT_ALLOW && !observing && !begin(frame, packet, hook, \
									jiffies_of(settings, packet))) {       \
					(packet)->rule = REASON_NO_ROOM;                                       \
					decided = VERDICT_DROP;                                                \
				}                                                                              \
			}                                                                                      \
		}                                                                                              \
		decided;                                                                                       \
	})
