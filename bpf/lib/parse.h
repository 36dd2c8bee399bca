/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From a frame to struct packet. Each function looks at one header and returns the reason why it is malformed, or
 * REASON_NONE. Values in struct packet are in host byte order. src/packet/parse.ts is its twin in TypeScript; the
 * differential test compares them field by field. */
#pragma once

#include "../abi/packet.h"
#include "headers.h"

/* No header begins behind 22 + 40 + 8 * 2048 bytes; the verifier wants the bound said. */
enum { MAX_EXTENSIONS = 8, OFFSET_MASK = 0x7fff, ARP_LENGTH = 28 };

/* The number as the verifier sees it when it comes from memory: any. Ways that lead to one place with different
 * offsets are then followed on from there once, not once each. */
static __always_inline __u32 forget(__u16 *field, __u32 offset)
{
	*field = offset;
	asm volatile("" : : : "memory");
	offset = *field & OFFSET_MASK;
	asm volatile("" : "+r"(offset));
	return offset;
}

static __always_inline void set_ports(struct packet *packet, const struct ports *ports)
{
	/* Both in one store: the classifier reads them in one load, which would wait for two stores to reach the cache. */
	*(__u32 *)&packet->dst_port = bpf_ntohl(*(const __u32 *)ports);
	packet->traits |= TRAIT_PORTS;
}

static __always_inline enum reason parse_tcp(const struct frame *frame, struct packet *packet, __u32 offset, __u32 end)
{
	const struct tcp_header *tcp;
	__u32 length;

	if (!header_at(frame, offset, tcp) || offset + sizeof(*tcp) > end)
		return REASON_TRUNCATED_TCP;
	length = (tcp->data_offset >> 4) * 4;
	if (length < sizeof(*tcp))
		return REASON_BAD_TCP_HEADER;
	if (offset + length > end)
		return REASON_TRUNCATED_TCP;
	set_ports(packet, (const struct ports *)tcp);
	packet->tcp_flags = tcp->flags;
	packet->traits |= TRAIT_TCP;
	packet->payload_offset = offset + length;
	return REASON_NONE;
}

static __always_inline enum reason parse_ports(const struct frame *frame, struct packet *packet, __u32 offset, __u32 end,
					       __u32 size, enum reason truncated)
{
	const struct ports *ports;

	if (!header_at(frame, offset, ports) || !has_bytes(frame, offset, size) || offset + size > end)
		return truncated;
	set_ports(packet, ports);
	packet->payload_offset = offset + size;
	return REASON_NONE;
}

static __always_inline enum reason parse_icmp(const struct frame *frame, struct packet *packet, __u32 offset, __u32 end,
					      enum reason truncated)
{
	const struct icmp_header *icmp;

	if (!header_at(frame, offset, icmp) || offset + sizeof(*icmp) > end)
		return truncated;
	packet->icmp_type = icmp->type;
	packet->icmp_code = icmp->code;
	packet->traits |= TRAIT_ICMP;
	packet->payload_offset = offset + sizeof(*icmp);
	/* A hop limit of 255 proves that no router forwarded it (RFC 4861, 6.1 and 7.1). */
	if (packet->family == 6 && icmp->type >= 133 && icmp->type <= 137 && icmp->code == 0 && packet->ttl == 255)
		packet->traits |= TRAIT_NEIGHBOUR;
	return REASON_NONE;
}

/* A header of which only the presence matters. */
static __always_inline enum reason parse_opaque(const struct frame *frame, struct packet *packet, __u32 offset, __u32 end,
						__u32 size, enum reason truncated)
{
	if (!has_bytes(frame, offset, size) || offset + size > end)
		return truncated;
	packet->payload_offset = offset + size;
	return REASON_NONE;
}

/* `offset`: of the transport header, `end`: of the IP packet, both from the first byte of the frame. */
static __always_inline enum reason parse_transport(const struct frame *frame, struct packet *packet, __u32 offset,
						   __u32 end)
{
	packet->l4_offset = offset;
	packet->payload_offset = offset;
	if (packet->fragment == FRAGMENT_LATER)
		return REASON_NONE;
	switch (packet->protocol) {
	case PROTOCOL_TCP:
		return parse_tcp(frame, packet, offset, end);
	case PROTOCOL_UDP:
		return parse_ports(frame, packet, offset, end, 8, REASON_TRUNCATED_UDP);
	case PROTOCOL_SCTP:
		return parse_ports(frame, packet, offset, end, 12, REASON_TRUNCATED_SCTP);
	case PROTOCOL_ICMP:
		return packet->family == 4 ? parse_icmp(frame, packet, offset, end, REASON_TRUNCATED_ICMP) :
					     REASON_NONE;
	case PROTOCOL_ICMPV6:
		return packet->family == 6 ? parse_icmp(frame, packet, offset, end, REASON_TRUNCATED_ICMPV6) :
					     REASON_NONE;
	case PROTOCOL_GRE:
		return parse_opaque(frame, packet, offset, end, 4, REASON_TRUNCATED_GRE);
	case PROTOCOL_ESP:
		return parse_opaque(frame, packet, offset, end, 8, REASON_TRUNCATED_ESP);
	default:
		return REASON_NONE;
	}
}

static __always_inline enum reason parse_ipv4(const struct frame *frame, struct packet *packet, __u32 offset)
{
	const struct ipv4_header *ip;
	__u32 header_length, total_length, fragment;

	if (!header_at(frame, offset, ip))
		return REASON_TRUNCATED_IPV4;
	if (ip->version_length >> 4 != 4 || (ip->version_length & 0xf) < 5)
		return REASON_BAD_IPV4_HEADER;
	header_length = (ip->version_length & 0xf) * 4;
	if (!has_bytes(frame, offset, header_length))
		return REASON_TRUNCATED_IPV4;
	total_length = bpf_ntohs(ip->total_length);
	if (total_length == 0 && frame->length > 0xffff) /* segments not yet cut: BIG TCP */
		total_length = frame->length - offset;
	if (total_length < header_length)
		return REASON_BAD_IPV4_HEADER;
	if (offset + total_length > frame->length)
		return REASON_TRUNCATED_IPV4;

	packet->family = 4;
	packet->src_lo = bpf_ntohl(ip->source);
	packet->dst_lo = bpf_ntohl(ip->destination);
	packet->ttl = ip->ttl;
	packet->dscp = ip->tos >> 2;
	packet->protocol = ip->protocol;
	packet->length = total_length;
	fragment = bpf_ntohs(ip->fragment);
	if (fragment & 0x1fff)
		packet->fragment = FRAGMENT_LATER;
	else if (fragment & 0x2000)
		packet->fragment = FRAGMENT_FIRST;
	return parse_transport(frame, packet, offset + header_length, offset + total_length);
}

static __always_inline int is_extension(__u8 protocol)
{
	switch (protocol) {
	case PROTOCOL_HOP_BY_HOP:
	case PROTOCOL_ROUTING:
	case PROTOCOL_FRAGMENT:
	case PROTOCOL_AH:
	case PROTOCOL_DESTINATION_OPTIONS:
	case PROTOCOL_MOBILITY:
	case PROTOCOL_HIP:
	case PROTOCOL_SHIM6:
		return 1;
	default:
		return 0;
	}
}

static __always_inline __u32 extension_length(const struct extension_header *extension, __u8 protocol)
{
	if (protocol == PROTOCOL_FRAGMENT)
		return 8;
	if (protocol == PROTOCOL_AH)
		return (extension->length + 2) * 4;
	return (extension->length + 1) * 8;
}

static __always_inline enum reason parse_ipv6(const struct frame *frame, struct packet *packet, __u32 offset)
{
	const struct ipv6_header *ip;
	__u32 length, end;
	int count;

	if (!header_at(frame, offset, ip))
		return REASON_TRUNCATED_IPV6;
	if ((bpf_ntohl(ip->version_class_label) >> 28) != 6)
		return REASON_BAD_IPV6_HEADER;
	length = sizeof(*ip) + bpf_ntohs(ip->payload_length);
	if (ip->payload_length == 0 && frame->length > 0xffff + sizeof(*ip)) /* jumbo payload */
		length = frame->length - offset;
	end = offset + length;
	if (end > frame->length)
		return REASON_TRUNCATED_IPV6;

	packet->family = 6;
	packet->src_hi = bpf_be64_to_cpu(ip->source[0]);
	packet->src_lo = bpf_be64_to_cpu(ip->source[1]);
	packet->dst_hi = bpf_be64_to_cpu(ip->destination[0]);
	packet->dst_lo = bpf_be64_to_cpu(ip->destination[1]);
	packet->ttl = ip->hop_limit;
	packet->dscp = (bpf_ntohl(ip->version_class_label) >> 22) & 0x3f;
	packet->protocol = ip->next_header;
	packet->length = length;
	offset = forget(&packet->l4_offset, offset + sizeof(*ip));

	for (count = 0; is_extension(packet->protocol) && packet->fragment != FRAGMENT_LATER; count++) {
		const struct extension_header *extension;
		__u8 protocol = packet->protocol;

		packet->payload_offset = offset;
		if (count == MAX_EXTENSIONS)
			return REASON_TOO_MANY_EXTENSIONS;
		if (!header_at(frame, offset, extension))
			return REASON_TRUNCATED_EXTENSION;
		if (offset + extension_length(extension, protocol) > end)
			return REASON_TRUNCATED_EXTENSION;
		if (protocol == PROTOCOL_FRAGMENT) {
			__u16 fragment = bpf_ntohs(extension->fragment);

			if (fragment >> 3)
				packet->fragment = FRAGMENT_LATER;
			else if (fragment & 1)
				packet->fragment = FRAGMENT_FIRST;
		}
		packet->protocol = extension->next_header;
		offset = forget(&packet->l4_offset, offset + extension_length(extension, protocol));
	}
	return parse_transport(frame, packet, offset, end);
}

static __always_inline enum reason parse_network(const struct frame *frame, struct packet *packet, __u32 offset,
						 __be16 type)
{
	packet->ethertype = bpf_ntohs(type);
	packet->l3_offset = offset;
	packet->l4_offset = offset;
	packet->payload_offset = offset;
	packet->length = frame->length - offset;
	if (type == bpf_htons(ETHERTYPE_IPV4))
		return parse_ipv4(frame, packet, offset);
	if (type == bpf_htons(ETHERTYPE_IPV6))
		return parse_ipv6(frame, packet, offset);
	if (type == bpf_htons(ETHERTYPE_ARP)) {
		if (!has_bytes(frame, offset, ARP_LENGTH))
			return REASON_TRUNCATED_ARP;
		packet->traits |= TRAIT_NEIGHBOUR;
	}
	return REASON_NONE;
}

static __always_inline int is_vlan(__be16 type)
{
	return type == bpf_htons(ETHERTYPE_VLAN) || type == bpf_htons(ETHERTYPE_QINQ);
}

/* `packet` is zeroed but for what the hook knows: ifindex, frame_length and, in TC, an offloaded VLAN tag. */
static __always_inline enum reason parse(const struct frame *frame, struct packet *packet)
{
	const struct ethernet_header *ethernet;
	const struct vlan_header *vlan;
	__u32 offset = sizeof(*ethernet);
	__be16 type;

	if (!header_at(frame, 0, ethernet))
		return REASON_TRUNCATED_ETHERNET;
	type = ethernet->type;
	if (__builtin_expect(is_vlan(type), 0)) {
		if (!header_at(frame, offset, vlan))
			return REASON_TRUNCATED_VLAN;
		type = vlan->type;
		offset += sizeof(*vlan);
		if (packet->traits & TRAIT_VLAN) {
			packet->vlan_inner = bpf_ntohs(vlan->tag) & 0xfff;
			packet->traits |= TRAIT_VLAN_INNER;
		} else {
			packet->vlan = bpf_ntohs(vlan->tag) & 0xfff;
			packet->traits |= TRAIT_VLAN;
			if (is_vlan(type)) {
				if (!header_at(frame, offset, vlan))
					return REASON_TRUNCATED_VLAN;
				packet->vlan_inner = bpf_ntohs(vlan->tag) & 0xfff;
				packet->traits |= TRAIT_VLAN_INNER;
				type = vlan->type;
				offset += sizeof(*vlan);
			}
		}
		if (is_vlan(type))
			return REASON_TOO_MANY_VLAN_TAGS;
		offset = forget(&packet->l3_offset, offset);
	}
	return parse_network(frame, packet, offset, type);
}
