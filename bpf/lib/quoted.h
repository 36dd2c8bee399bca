/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP errors belong to the connection of which they quote a packet. */
#pragma once

#include "connections.h"
#include "parse.h"

enum { ICMP_ECHO_REPLY = 0, ICMP_ECHO = 8, ICMPV6_ECHO = 128, ICMPV6_ECHO_REPLY = 129 };

static __always_inline int is_icmp_error(const struct packet *packet)
{
	if (packet->family == 6)
		return packet->icmp_type >= 1 && packet->icmp_type <= 4;
	return packet->icmp_type == 3 || packet->icmp_type == 4 || packet->icmp_type == 5 || packet->icmp_type == 11 ||
	       packet->icmp_type == 12;
}

/* The ports by which an echo is found: a request and a reply of the same number, sent the same way, belong to two. */
static __always_inline __u32 echo_ports(__u16 id, int is_request)
{
	__u16 other = ~id;

	return is_request ? (__u32)id << 16 | other : (__u32)other << 16 | id;
}

/* Ports of the quoted transport header; 0: its protocol has none. -1: it has, and they are not among what is quoted. */
static __always_inline __s64 quoted_ports(const struct frame *frame, __u32 offset, __u8 protocol)
{
	const struct icmp_header *icmp;
	const __u32 *ports;

	offset &= OFFSET_MASK;
	asm volatile("" : "+r"(offset));
	switch (protocol) {
	case PROTOCOL_TCP:
	case PROTOCOL_UDP:
	case PROTOCOL_SCTP:
		return header_at(frame, offset, ports) ? (__s64)bpf_ntohl(*ports) : -1;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		if (!header_at(frame, offset, icmp))
			return -1;
		return echo_ports(bpf_ntohl(icmp->rest) >> 16, icmp->type == ICMP_ECHO || icmp->type == ICMPV6_ECHO);
	default:
		return 0;
	}
}

/* 0: what is quoted cannot be read. */
static __always_inline int read_quoted(const struct frame *frame, const struct packet *packet, struct tuple *tuple)
{
	__u32 offset = (packet->l4_offset & OFFSET_MASK) + sizeof(struct icmp_header), transport;
	__s64 ports;

	if (packet->family == 4) {
		const struct ipv4_header *ip;

		if (!header_at(frame, offset, ip) || ip->version_length >> 4 != 4 || ip->fragment & bpf_htons(0x1fff))
			return 0;
		tuple->src_lo = bpf_ntohl(ip->source);
		tuple->dst_lo = bpf_ntohl(ip->destination);
		tuple->protocol = ip->protocol;
		transport = offset + (ip->version_length & 0xf) * 4;
	} else {
		const struct ipv6_header *ip;

		if (!header_at(frame, offset, ip))
			return 0;
		tuple->src_hi = bpf_be64_to_cpu(ip->source[0]);
		tuple->src_lo = bpf_be64_to_cpu(ip->source[1]);
		tuple->dst_hi = bpf_be64_to_cpu(ip->destination[0]);
		tuple->dst_lo = bpf_be64_to_cpu(ip->destination[1]);
		tuple->protocol = ip->next_header;
		tuple->family_trait = FLOW_IPV6;
		transport = offset + sizeof(*ip);
		if (tuple->protocol == PROTOCOL_FRAGMENT) {
			const struct extension_header *fragment;

			if (!header_at(frame, transport, fragment) || fragment->fragment & bpf_htons(0xfff8))
				return 0;
			tuple->protocol = fragment->next_header;
			transport += 8;
		}
	}
	ports = quoted_ports(frame, transport, tuple->protocol);
	tuple->ports = ports;
	return ports >= 0;
}

/* The state of an ICMP error. */
static __attribute__((noinline)) int state_of_error(const struct frame *frame, const struct packet *packet)
{
	struct tuple tuple = {};
	const struct connection *connection = 0;
	int found;

	if (!read_quoted(frame, packet, &tuple))
		return STATE_INVALID;
	found = find_slowly(find_proven, &tuple);
	if (found >= 0) {
		__u32 slot = found >> 1;

		connection = bpf_map_lookup_elem(&connections, &slot);
	} else {
		__u32 slot = (found = find_slowly(find_unproven, &tuple)) >> 1;

		if (found >= 0)
			connection = bpf_map_lookup_elem(&unproven, &slot);
	}
	return connection && connection->phase != PHASE_KILLED ? STATE_RELATED : STATE_INVALID;
}
