/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The answer to a rejected packet, written into its own frame: a TCP reset (RFC 9293, 3.10.7.1), or an ICMP or ICMPv6
 * unreachable that quotes it (RFC 792, RFC 4443). The hook resizes the frame first; what is here fills it. */
#pragma once

#include "config.h"
#include "limit.h"
#include "parse.h"

enum {
	TCP_RST = 0x04,
	TCP_SYN = 0x02,
	TCP_FIN = 0x01,
	TCP_ACK = 0x10,
	ICMPV6_REDIRECT = 137,
	REPLY_TTL = 64,
	QUOTE_MAX = 128, /* bytes of the rejected packet in an ICMP answer */
};

/* What is kept of the rejected packet while its frame is overwritten. Host byte order. */
struct rejected {
	__u32 sequence;
	__u32 acknowledgement;
	__u32 segment_length; /* sequence numbers that it takes: payload, SYN, FIN */
	__u16 quote; /* bytes of it in an ICMP answer: whole words */
};

static __always_inline __u32 answer_header_length(const struct packet *packet)
{
	return packet->family == 4 ? sizeof(struct ipv4_header) : sizeof(struct ipv6_header);
}

/* Where the network header begins: 14, 18 or 22. The verifier is told that it is small. */
static __always_inline __u32 network_offset(const struct packet *packet)
{
	__u32 offset = packet->l3_offset & 31;

	asm volatile("" : "+r"(offset));
	return offset;
}

/* RFC 1122, 3.2.2 and 4.2.3.10, RFC 4443, 2.4: never answer an answer, a fragment, or what was sent to or from more
 * than one. */
static __always_inline int may_answer(const struct packet *packet)
{
	if (packet->fragment == FRAGMENT_LATER)
		return 0;
	if (packet->traits & TRAIT_TCP && packet->tcp_flags & TCP_RST)
		return 0;
	if (packet->family == 4) {
		__u8 source = packet->src_lo >> 24, destination = packet->dst_lo >> 24;

		if (packet->traits & TRAIT_ICMP && packet->icmp_type != 8 && packet->icmp_type != 13)
			return 0;
		return source != 0 && source < 224 && destination < 224;
	}
	if (packet->family != 6)
		return 0;
	if (packet->traits & TRAIT_ICMP && (packet->icmp_type < 128 || packet->icmp_type == ICMPV6_REDIRECT))
		return 0;
	return packet->src_hi >> 56 != 0xff && packet->dst_hi >> 56 != 0xff && (packet->src_hi | packet->src_lo) != 0;
}

/* 0 where the packet has no answer: it is dropped then. */
static __always_inline int remember(const struct frame *frame, const struct packet *packet, struct rejected *rejected)
{
	const struct ethernet_header *ethernet;
	__u32 offset = packet->l4_offset & OFFSET_MASK, quote = offset + 8 - packet->l3_offset;

	if (!may_answer(packet) || !header_at(frame, 0, ethernet) || ethernet->destination[0] & 1)
		return 0;
	if (!limit_allows(LIMIT_REJECT, reject_interval_ns, reject_burst_ns))
		return 0;
	rejected->quote = quote > packet->length ? packet->length : quote;
	if (rejected->quote > QUOTE_MAX)
		rejected->quote = QUOTE_MAX;
	rejected->quote &= ~3;
	if (packet->traits & TRAIT_TCP) {
		const struct tcp_header *tcp;

		if (!header_at(frame, offset, tcp))
			return 0;
		rejected->sequence = bpf_ntohl(tcp->sequence);
		rejected->acknowledgement = bpf_ntohl(tcp->acknowledgement);
		rejected->segment_length = packet->l3_offset + packet->length - packet->payload_offset +
					   !!(packet->tcp_flags & TCP_SYN) + !!(packet->tcp_flags & TCP_FIN);
	}
	return 1;
}

static __always_inline __u16 fold_checksum(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* The sum of the pseudo header: the same from either end. Host byte order. */
static __always_inline __u64 pseudo_header_sum(const struct packet *packet, __u8 protocol, __u32 length)
{
	return (packet->src_hi >> 32) + (__u32)packet->src_hi + (packet->src_lo >> 32) + (__u32)packet->src_lo +
	       (packet->dst_hi >> 32) + (__u32)packet->dst_hi + (packet->dst_lo >> 32) + (__u32)packet->dst_lo +
	       protocol + length;
}

/* The frame has got `room` bytes in front. Moves its Ethernet header, tags included, there. 0: done. */
static __always_inline int move_ethernet(const struct frame *frame, const struct packet *packet, __u32 room)
{
	__u32 i;

	for (i = 0; i < 22; i += 2) {
		__be16 *to, *from;

		if (i >= network_offset(packet))
			break;
		if (!header_at(frame, i, to) || !header_at(frame, room + i, from))
			return -1;
		*to = *from;
	}
	return 0;
}

static __always_inline void swap_ethernet(struct ethernet_header *ethernet)
{
	struct ethernet_header old = *ethernet;

	__builtin_memcpy(ethernet->destination, old.source, sizeof(old.source));
	__builtin_memcpy(ethernet->source, old.destination, sizeof(old.destination));
}

/* An IP header from the destination back to the source. `length`: bytes behind it. NULL: the frame is too short. */
static __always_inline void *write_network(const struct frame *frame, const struct packet *packet, __u32 offset,
					   __u8 protocol, __u32 length)
{
	if (packet->family == 4) {
		struct ipv4_header *ip;

		if (!header_at(frame, offset, ip))
			return 0;
		*ip = (struct ipv4_header){
			.version_length = 0x45,
			.total_length = bpf_htons(sizeof(*ip) + length),
			.fragment = bpf_htons(0x4000),
			.ttl = REPLY_TTL,
			.protocol = protocol,
			.source = bpf_htonl(packet->dst_lo),
			.destination = bpf_htonl(packet->src_lo),
		};
		ip->checksum = bpf_htons(fold_checksum(0x4500 + sizeof(*ip) + length + 0x4000 +
						       (REPLY_TTL << 8 | protocol) + (__u32)packet->dst_lo +
						       (__u32)packet->src_lo));
		return ip + 1;
	} else {
		struct ipv6_header *ip;

		if (!header_at(frame, offset, ip))
			return 0;
		ip->version_class_label = bpf_htonl(6u << 28);
		ip->payload_length = bpf_htons(length);
		ip->next_header = protocol;
		ip->hop_limit = REPLY_TTL;
		ip->source[0] = bpf_cpu_to_be64(packet->dst_hi);
		ip->source[1] = bpf_cpu_to_be64(packet->dst_lo);
		ip->destination[0] = bpf_cpu_to_be64(packet->src_hi);
		ip->destination[1] = bpf_cpu_to_be64(packet->src_lo);
		return ip + 1;
	}
}

/* The frame is to be l3_offset + an IP header without options + 20 bytes long. 0: done. */
static __always_inline int write_reset(const struct frame *frame, const struct packet *packet,
				       const struct rejected *rejected)
{
	struct ethernet_header *ethernet;
	__u32 sequence = 0, acknowledgement = 0, words;
	struct tcp_header *tcp;
	__u8 flags = TCP_RST;

	if (packet->tcp_flags & TCP_ACK) {
		sequence = rejected->acknowledgement;
	} else {
		acknowledgement = rejected->sequence + rejected->segment_length;
		flags |= TCP_ACK;
	}
	tcp = write_network(frame, packet, network_offset(packet), PROTOCOL_TCP, sizeof(*tcp));
	if (!header_at(frame, 0, ethernet) || !tcp || (void *)(tcp + 1) > frame->end)
		return -1;
	swap_ethernet(ethernet);
	words = (sizeof(*tcp) / 4) << 12 | flags;
	*tcp = (struct tcp_header){
		.source = bpf_htons(packet->dst_port),
		.destination = bpf_htons(packet->src_port),
		.sequence = bpf_htonl(sequence),
		.acknowledgement = bpf_htonl(acknowledgement),
		.data_offset = (sizeof(*tcp) / 4) << 4,
		.flags = flags,
	};
	tcp->checksum = bpf_htons(fold_checksum(pseudo_header_sum(packet, PROTOCOL_TCP, sizeof(*tcp)) +
						packet->dst_port + packet->src_port + sequence + (__u64)acknowledgement +
						words));
	return 0;
}

/* The frame is to hold room for an IP and an ICMP header at l3_offset, and behind it the first `quote` bytes of the
 * rejected packet. 0: done. */
static __always_inline int write_unreachable(const struct frame *frame, const struct packet *packet,
					     const struct rejected *rejected)
{
	struct ethernet_header *ethernet;
	__u32 length = sizeof(struct icmp_header) + rejected->quote;
	__u32 offset = network_offset(packet) + answer_header_length(packet) + sizeof(struct icmp_header);
	__u8 protocol = packet->family == 4 ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
	struct icmp_header *icmp;
	__u64 sum = 0;
	__u32 i;

	icmp = write_network(frame, packet, network_offset(packet), protocol, length);
	if (!header_at(frame, 0, ethernet) || !icmp || (void *)(icmp + 1) > frame->end)
		return -1;
	swap_ethernet(ethernet);
	*icmp = (struct icmp_header){};
	if (packet->family == 4) {
		icmp->type = 3;
		icmp->code = packet->protocol == PROTOCOL_UDP ? 3 : 13;
	} else {
		icmp->type = 1;
		icmp->code = packet->protocol == PROTOCOL_UDP ? 4 : 1;
		sum = pseudo_header_sum(packet, protocol, length);
	}
	sum += icmp->type << 8 | icmp->code;
	for (i = 0; i < QUOTE_MAX && i < rejected->quote; i += 4) {
		const __be32 *word;

		if (!header_at(frame, offset + i, word))
			return -1;
		sum += bpf_ntohl(*word);
	}
	icmp->checksum = bpf_htons(fold_checksum(sum));
	return 0;
}
