/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Headers as they stand in a frame, and how to come by them. Fields of several bytes are in network byte order. */
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_QINQ = 0x88a8,
};

enum {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_GRE = 47,
	PROTOCOL_ESP = 50,
	PROTOCOL_AH = 51,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_DESTINATION_OPTIONS = 60,
	PROTOCOL_SCTP = 132,
	PROTOCOL_MOBILITY = 135,
	PROTOCOL_HIP = 139,
	PROTOCOL_SHIM6 = 140,
};

/* The bytes at hand: all of a linear frame, the first buffer of one that has several. */
struct frame {
	void *data;
	void *end;
	__u32 length; /* of the whole frame */
};

/* As it is now; `context` is the program's. */
#define frame_of(context, packet)                        \
	((struct frame){                                  \
		.data = (void *)(long)(context)->data,    \
		.end = (void *)(long)(context)->data_end, \
		.length = (packet)->frame_length,         \
	})

struct ethernet_header {
	__u8 destination[6];
	__u8 source[6];
	__be16 type;
};

struct vlan_header {
	__be16 tag; /* priority 3 bits, drop eligible 1, VLAN id 12 */
	__be16 type;
};

struct ipv4_header {
	__u8 version_length;
	__u8 tos;
	__be16 total_length;
	__be16 id;
	__be16 fragment; /* flags 3 bits, offset 13 in units of eight bytes */
	__u8 ttl;
	__u8 protocol;
	__sum16 checksum;
	__be32 source;
	__be32 destination;
};

struct ipv6_header {
	__be32 version_class_label;
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	__be64 source[2];
	__be64 destination[2];
};

struct extension_header {
	__u8 next_header;
	__u8 length;
	__be16 fragment; /* of a fragment header: offset 13 bits, reserved 2, more fragments 1 */
	__be32 rest;
};

struct tcp_header {
	__be16 source;
	__be16 destination;
	__be32 sequence;
	__be32 acknowledgement;
	__u8 data_offset; /* high nibble, in words */
	__u8 flags;
	__be16 window;
	__sum16 checksum;
	__be16 urgent;
};

struct ports {
	__be16 source;
	__be16 destination;
};

struct icmp_header {
	__u8 type;
	__u8 code;
	__sum16 checksum;
	__be32 rest;
};

/* Points `header` at the bytes at `offset`; false where the frame ends before them. The barrier keeps clang from
 * checking one copy of the pointer and reading through another. */
#define header_at(frame, offset, header)                                             \
	({                                                                           \
		(header) = (void *)((frame)->data + (offset));                       \
		asm volatile("" : "+r"(header));                                     \
		(void *)((header) + 1) <= (frame)->end;                              \
	})

/* Whether the frame has `size` bytes at `offset`. */
static __always_inline int has_bytes(const struct frame *frame, __u32 offset, __u32 size)
{
	return frame->data + offset + size <= frame->end;
}
