/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every stage knows of a packet. Parsed once, read by all: C, generated code and TypeScript. */
#pragma once

/* Who may answer for a verdict besides a rule of the user. These share one number space with rules:
 * counters[id] counts for id, rule n of the policy has the id FIRST_RULE + n. */
enum reason {
	REASON_NONE = 0,
	REASON_DEFAULT_INGRESS,
	REASON_DEFAULT_EGRESS,
	REASON_NEIGHBOUR, /* ARP and neighbour discovery pass unless a rule speaks of them */
	REASON_INTERNAL, /* a tail call found no program: never seen on a whole generation */
	REASON_TRUNCATED_ETHERNET,
	REASON_TRUNCATED_VLAN,
	REASON_TOO_MANY_VLAN_TAGS,
	REASON_TRUNCATED_ARP,
	REASON_TRUNCATED_IPV4,
	REASON_BAD_IPV4_HEADER, /* version, header length or total length contradict themselves */
	REASON_TRUNCATED_IPV6,
	REASON_BAD_IPV6_HEADER,
	REASON_TRUNCATED_EXTENSION,
	REASON_TOO_MANY_EXTENSIONS,
	REASON_TRUNCATED_TCP,
	REASON_BAD_TCP_HEADER, /* data offset below five words */
	REASON_TRUNCATED_UDP,
	REASON_TRUNCATED_SCTP,
	REASON_TRUNCATED_ICMP,
	REASON_TRUNCATED_ICMPV6,
	REASON_TRUNCATED_GRE,
	REASON_TRUNCATED_ESP,
	REASON_ESTABLISHED, /* of a connection that another generation has judged */
	REASON_RELATED, /* an ICMP error of a connection */
	REASON_INVALID, /* belongs to no connection and can begin none, or contradicts the one it claims */
	REASON_KILLED, /* of a connection that the user has killed */
	REASON_NO_ROOM, /* the table of connections is full */
	REASON_MAX,
};

enum { FIRST_RULE = 32 };

enum verdict {
	VERDICT_NONE = 0, /* no rule of the stage decided: the next stage is asked */
	VERDICT_ALLOW,
	VERDICT_DROP,
	VERDICT_REJECT,
};

enum stage {
	STAGE_PARSE = 0,
	STAGE_PREFILTER,
	STAGE_INGRESS,
	STAGE_EGRESS,
};

/* struct packet.traits: which fields hold something. */
enum trait {
	TRAIT_PORTS = 1, /* src_port, dst_port: TCP, UDP, SCTP, not in a later fragment */
	TRAIT_TCP = 2, /* tcp_flags */
	TRAIT_ICMP = 4, /* icmp_type, icmp_code: ICMP or ICMPv6, by family */
	TRAIT_NEIGHBOUR = 8, /* ARP, or ICMPv6 133 to 137 with code 0 and hop limit 255 */
	TRAIT_VLAN = 16, /* vlan */
	TRAIT_VLAN_INNER = 32, /* vlan_inner */
};

/* struct packet.fragment. */
enum fragment {
	FRAGMENT_NONE = 0,
	FRAGMENT_FIRST = 1, /* offset 0, more to come: has the transport header */
	FRAGMENT_LATER = 2, /* offset above 0: no transport header */
};

/* All fields in host byte order. An IPv4 address stands in the low 32 bits of _lo, _hi is 0. What rules are classified by
 * comes first, in 32-bit words: see src/policy/classifier. */
struct packet {
	__u64 src_hi;
	__u64 src_lo;
	__u64 dst_hi;
	__u64 dst_lo;
	__u16 dst_port;
	__u16 src_port;
	__u8 protocol; /* IANA number behind all IPv6 extension headers; 0 with family 0 */
	__u8 traits; /* enum trait, or-ed */
	__u8 tcp_flags; /* bit 0 FIN, 1 SYN, 2 RST, 3 PSH, 4 ACK, 5 URG, 6 ECE, 7 CWR */
	__u8 icmp_type;
	__u64 time_ns; /* bpf_ktime_get_boot_ns, where a window or an event has asked for it; else 0 */
	__u32 ifindex;
	__u32 frame_length; /* bytes from the Ethernet header on, as received */
	__u32 length; /* bytes of the IP packet as its header says; else of the frame behind the link header */
	__u32 mark;
	__u32 rule; /* enum reason, or FIRST_RULE + n */
	__u32 interface_class; /* what rules ask of the interface: see interfaces.h; 0 where no rule asks */
	__u16 ethertype; /* behind the VLAN tags */
	__u16 vlan; /* VLAN id of the outer tag, 12 bits */
	__u16 vlan_inner; /* VLAN id of the second tag */
	__u16 l3_offset; /* from the first byte of the frame */
	__u16 l4_offset;
	__u16 payload_offset; /* behind the transport header; l4_offset where there is none known */
	__u8 family; /* 4, 6, or 0: not IP */
	__u8 icmp_code;
	__u8 ttl; /* or hop limit */
	__u8 dscp; /* 6 bits */
	__u8 fragment; /* enum fragment */
	__u8 verdict; /* enum verdict */
	__u8 stage; /* enum stage */
	__u8 state; /* enum state */
	__u8 direction; /* enum direction: of a tracked packet */
	__u8 pad[3];
};

_Static_assert(sizeof(struct packet) == 96, "struct packet crosses the boundary: keep it without holes");
