/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is constant in a generation. The verifier reads these from the frozen .rodata and removes what they turn off. */
#pragma once

#include <linux/types.h>

volatile const __u8 has_prefilter = 0;
volatile const __u8 has_mark = 0;
volatile const __u8 has_interfaces = 0; /* a rule asks for an interface */
volatile const __u8 has_chained = 0; /* there may be interfaces whose incoming packets are judged at TC */
volatile const __u8 multi_buffer = 0; /* frames may have several buffers: Linux 5.18, XDP frags */
volatile const __u8 rehearse = 0; /* judged by a test run: read and write the map `rehearsal` */
volatile const __u32 counters_per_cpu = 32;
volatile const __u8 malformed_verdict = 2; /* enum verdict */
volatile const __u64 reject_interval_ns = 1000000; /* one answer in so many nanoseconds … */
volatile const __u64 reject_burst_ns = 100000000; /* … after a burst of this over the interval */
volatile const __u8 has_tracking = 0; /* connections are tracked: see track.h */
volatile const __u8 observing = 0; /* beside the generation in force, whose connections it leaves as they are */
volatile const __u8 evict = 1; /* when a table is full, the oldest of what has proved nothing goes for what is new */
volatile const __u8 keep_established = 0; /* connections that an earlier generation has allowed are not judged again */
volatile const __u8 asymmetric = 0; /* only one direction may come by here: nothing is invalid */
volatile const __u32 connection_group_count = 1;
volatile const __u32 unproven_group_count = 1;
volatile const __u64 hash_seed = 0;
