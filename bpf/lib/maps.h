/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps of the data plane. Sizes that depend on the policy are set when a generation is built. */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../abi/counter.h"
#include "../abi/interfaces.h"
#include "../abi/packet.h"
#include "../abi/rehearsal.h"
#include "../abi/slots.h"
#include "../abi/window.h"

/* The one record a packet has. Programs of one hook do not interrupt each other on a CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
} scratch SEC(".maps");

/* For each CPU, one behind the other, counters_per_cpu entries: see counter.h. Behind the last are those that user space
 * has carried over from an earlier generation. The kernel's own per-CPU array has a
 * pointer for each entry, which is one more miss of the cache where rules are many; and only this one can be read by
 * user space without a system call. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, FIRST_RULE);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

/* See abi/interfaces.h. INTERFACE_ROWS entries where a rule asks for an interface. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} interfaces SEC(".maps");

/* struct packet of each logged packet. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} events SEC(".maps");

/* One virtual time a rate limit: see limit.h and slots.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} limits SEC(".maps");

/* When rules match: see window.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct window);
} windows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rehearsal);
} rehearsal SEC(".maps");

/* Where tail calls go: see slots.h. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");
