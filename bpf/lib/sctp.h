/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an SCTP packet does to its association, by its first chunk (RFC 9260). */
#pragma once

#include "connections.h"
#include "parse.h"

enum {
	SCTP_INIT = 1,
	SCTP_INIT_ACK = 2,
	SCTP_ABORT = 6,
	SCTP_SHUTDOWN = 7,
	SCTP_SHUTDOWN_ACK = 8,
	SCTP_COOKIE_ECHO = 10,
	SCTP_COOKIE_ACK = 11,
	SCTP_SHUTDOWN_COMPLETE = 14,
};

struct sctp_header {
	struct ports ports;
	__be32 tag;
	__be32 checksum;
};

struct sctp_chunk {
	__u8 type;
	__u8 flags;
	__be16 length;
	__be32 tag; /* of INIT and INIT ACK: what the other side is to put into its packets */
};

static __always_inline int read_sctp(const struct frame *frame, const struct packet *packet, __u32 *tag, __u32 *given,
				     __u8 *type)
{
	__u32 offset = packet->l4_offset & OFFSET_MASK;
	const struct sctp_header *header;
	const struct sctp_chunk *chunk;

	if (!header_at(frame, offset, header) || !header_at(frame, offset + sizeof(*header), chunk))
		return 0;
	*tag = bpf_ntohl(header->tag);
	*given = bpf_ntohl(chunk->tag);
	*type = chunk->type;
	return 1;
}

/* Whether an association may begin with it: INIT, which alone has no tag. */
static __always_inline int begins_sctp(const struct frame *frame, const struct packet *packet)
{
	__u32 tag = 0, given = 0;
	__u8 type = 0;

	return read_sctp(frame, packet, &tag, &given, &type) && type == SCTP_INIT && !tag;
}

static __always_inline void begin_sctp(const struct frame *frame, const struct packet *packet, struct connection *connection)
{
	__u32 tag = 0, given = 0;
	__u8 type = 0;

	if (!read_sctp(frame, packet, &tag, &given, &type))
		return;
	connection->phase = PHASE_SYN_SENT;
	connection->sides[DIRECTION_REPLY].end = given;
	if (type != SCTP_INIT) {
		connection->phase = PHASE_ESTABLISHED;
		connection->traits |= FLOW_MIDSTREAM;
	}
}

static __always_inline enum state advance_sctp(const struct frame *frame, const struct packet *packet,
					       struct connection *connection, __u32 direction)
{
	struct tcp_side *side = &connection->sides[direction & 1];
	__u32 tag = 0, given = 0;
	__u8 type = 0;

	if (!read_sctp(frame, packet, &tag, &given, &type))
		return STATE_INVALID;
	if (type == SCTP_INIT) {
		if (tag)
			return STATE_INVALID;
		if (connection->phase >= PHASE_TIME_WAIT)
			return STATE_NEW;
		if (connection->phase == PHASE_SYN_SENT && direction == DIRECTION_ORIGINAL)
			connection->sides[DIRECTION_REPLY].end = given;
		return STATE_ESTABLISHED;
	}
	if (!(connection->traits & FLOW_MIDSTREAM) && !asymmetric && tag != side->end)
		return STATE_INVALID;
	switch (type) {
	case SCTP_INIT_ACK:
		if (direction == DIRECTION_REPLY && connection->phase == PHASE_SYN_SENT) {
			connection->sides[DIRECTION_ORIGINAL].end = given;
			connection->phase = PHASE_SYN_RECEIVED;
		}
		break;
	case SCTP_COOKIE_ACK:
		if (connection->phase == PHASE_SYN_RECEIVED)
			connection->phase = PHASE_ESTABLISHED;
		break;
	case SCTP_SHUTDOWN:
		if (connection->phase == PHASE_ESTABLISHED)
			connection->phase = PHASE_HALF_CLOSED;
		break;
	case SCTP_SHUTDOWN_ACK:
		connection->phase = PHASE_CLOSING;
		break;
	case SCTP_SHUTDOWN_COMPLETE:
		connection->phase = PHASE_TIME_WAIT;
		break;
	case SCTP_ABORT:
		connection->phase = PHASE_RESET;
		break;
	}
	return STATE_ESTABLISHED;
}
