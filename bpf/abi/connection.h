/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A connection, which is its flow record, too: an entry of the arrays `connections` and `unproven`. See docs/connections.md. */
#pragma once

/* Of a packet: what rules ask by `state`. */
enum state {
	STATE_UNTRACKED = 0, /* nothing is tracked, or the packet has nothing to track it by: ARP */
	STATE_NEW,
	STATE_ESTABLISHED, /* of a connection that was allowed, in either direction */
	STATE_RELATED, /* an ICMP error that quotes one */
	STATE_INVALID, /* belongs to no connection, and can begin none; or contradicts the one that it claims to belong to */
};

/* Of a connection. Each has its timeout. */
enum phase {
	PHASE_UNREPLIED = 0, /* UDP: no packet has come back */
	PHASE_REPLIED, /* UDP: packets both ways */
	PHASE_ECHO, /* ICMP echo */
	PHASE_OTHER, /* protocols without ports */
	PHASE_SYN_SENT, /* TCP; SCTP's INIT */
	PHASE_SYN_RECEIVED, /* the answer to it was seen */
	PHASE_ESTABLISHED,
	PHASE_HALF_CLOSED, /* one side has sent its FIN; SCTP: SHUTDOWN */
	PHASE_CLOSING, /* both have, and not both are acknowledged */
	PHASE_TIME_WAIT,
	PHASE_RESET,
	PHASE_KILLED, /* by the user: its packets are dropped until it is over */
	PHASE_MAX,
};

enum direction {
	DIRECTION_ORIGINAL = 0, /* as the first packet went */
	DIRECTION_REPLY,
};

/* struct connection.traits */
enum flow {
	FLOW_IPV6 = 1,
	FLOW_OUTBOUND = 2, /* the first packet was seen at egress: packets of its direction are counted there */
	FLOW_REPLY_INBOUND = 4, /* the first reply was seen at ingress: replies are counted there */
	FLOW_MIDSTREAM = 8, /* TCP, and its handshake was not seen: no window is known */
	FLOW_FIN_ACKED = 16, /* the FIN of the original direction is acknowledged */
	FLOW_REPLY_FIN_ACKED = 32,
};

/* In tcp_side.scale: the connection was copied from another table while it went on, and what this side has sent meanwhile is
 * not known. Its next packet tells. */
enum {
	SIDE_BEHIND = 0x40,
};

/* What one direction of a TCP connection has sent so far. Sequence numbers. Of SCTP, `end` is the verification tag that
 * packets of this direction carry. */
struct tcp_side {
	__u32 end; /* behind the last byte sent */
	__u32 limit; /* behind the last byte that the other side has room for */
	__u16 window; /* the largest that this side has offered, unscaled */
	__u8 scale; /* shift of its windows, 0 to 14; or-ed with SIDE_BEHIND */
	__u8 flags; /* all TCP flags that it has sent, or-ed */
};

/* Which generation has judged it, at ingress and at egress, and by which rule. */
struct judged {
	__u32 epoch; /* see epoch.h; 0: not judged at this hook */
	__u32 rule; /* enum reason, or FIRST_RULE + n; or-ed with JUDGED_DENIED where it does not pass any more */
};

#define JUDGED_DENIED (1u << 31)

/* What an established packet asks lies in the first cache line. Addresses and ports are those of the first packet, as in
 * struct packet; of an ICMP echo request the source port is the identifier and the destination port its complement. */
struct connection {
	__u64 src_hi;
	__u64 src_lo;
	__u64 dst_hi;
	__u64 dst_lo;
	__u16 dst_port;
	__u16 src_port;
	__u8 protocol;
	__u8 traits; /* enum flow, or-ed */
	__u8 phase; /* enum phase */
	__u8 first_era; /* bits 32 to 39 of `first` */
	__u32 last; /* jiffies64, the low 32 bits: when the last packet came */
	__u32 mark; /* what rules have marked it with */
	struct judged judged[2]; /* at ingress, at egress */

	__u64 packets[2]; /* by direction */
	__u64 bytes[2]; /* of frames */
	struct tcp_side sides[2]; /* by direction */
	__u32 first; /* jiffies64, the low 32 bits: when the first packet came */
	__u32 ifindex; /* where it was seen */
};

_Static_assert(sizeof(struct connection) == 128, "struct connection crosses the boundary: keep it without holes");

/* Slots of a table stand in groups. A slot has a tag of eight bits in its group's words: 0 free, 1 taken and not yet filled,
 * else bits of the hash. A connection stands in one of the two groups that its hash names. */
enum {
	GROUP_SLOTS = 16,
	GROUP_WORDS = 2,
	TAG_FREE = 0,
	TAG_TAKEN = 1,
	FIRST_TAG = 2,
};

struct group {
	__u64 tags[GROUP_WORDS]; /* slot n: byte n % 8 of word n / 8 */
};

/* Entries of the per-CPU array `turnover`: how often that has happened. */
enum turnover {
	TURNOVER_CREATED = 0,
	TURNOVER_PROVED, /* moved from `unproven` to `connections` */
	TURNOVER_EVICTED, /* of `connections`, for a newer one */
	TURNOVER_EVICTED_UNPROVEN,
	TURNOVER_REFUSED, /* its packet was dropped, for there was no room */
	TURNOVER_REFUSED_UNPROVEN,
	TURNOVER_MAX,
};
