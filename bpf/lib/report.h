/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters and events. `sluice_count` and `sluice_log` are called by generated code. */
#pragma once

#include "clock.h"
#include "config.h"
#include "limit.h"
#include "maps.h"

static __always_inline void count(const struct packet *packet, __u32 rule)
{
	__u32 index = bpf_get_smp_processor_id() * counters_per_cpu + rule;
	struct counter *counter = bpf_map_lookup_elem(&counters, &index);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += packet->frame_length;
	counter->last_hit = bpf_jiffies64();
}

__attribute__((noinline, used)) int sluice_count(struct packet *packet, __u32 rule)
{
	count(packet, rule);
	return 0;
}

/* Counts for `rule`, and sends the packet's record to user space where limit number `limit` allows. */
__attribute__((noinline, used)) int sluice_log(struct packet *packet, __u32 rule, __u32 limit, __u64 interval,
					       __u64 burst)
{
	count(packet, rule);
	if (!limit_allows(limit, interval, burst))
		return 0;
	time_of(packet);
	packet->rule = rule;
	bpf_ringbuf_output(&events, packet, sizeof(*packet), 0);
	packet->rule = REASON_NONE;
	return 0;
}
