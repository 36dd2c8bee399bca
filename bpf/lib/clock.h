/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading the clock costs 40 ns: a packet reads it once, and only where something asks for it. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../abi/packet.h"

/* Nanoseconds of the boot clock; in a test run those that it pretends. */
static __always_inline __u64 time_of(struct packet *packet)
{
	if (!packet->time_ns)
		packet->time_ns = bpf_ktime_get_boot_ns();
	return packet->time_ns;
}
