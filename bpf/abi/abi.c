// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Makes BTF hold what TypeScript must know of: every struct and enum of a variable here is generated into
 * src/generated/abi.ts. Never loaded. */
#include <linux/bpf.h>
#include <linux/types.h>
#include "connection.h"
#include "counter.h"
#include "difference.h"
#include "interfaces.h"
#include "packet.h"
#include "rehearsal.h"
#include "slots.h"
#include "tracking.h"
#include "turn.h"
#include "window.h"

/* BTF leaves anonymous enums out: their constants go by this one. The prefix is dropped. */
enum constant {
	CONSTANT_FIRST_RULE = FIRST_RULE,
	CONSTANT_PROGRAM_REJECT = PROGRAM_REJECT,
	CONSTANT_FIRST_PART = FIRST_PART,
	CONSTANT_FIRST_LOG_LIMIT = FIRST_LOG_LIMIT,
	CONSTANT_INTERFACE_ROWS = INTERFACE_ROWS,
	CONSTANT_INTERFACE_PROBES = INTERFACE_PROBES,
	CONSTANT_SIDE_BEFORE = SIDE_BEFORE,
	CONSTANT_SIDE_AFTER = SIDE_AFTER,
	CONSTANT_MAX_SWITCHES = MAX_SWITCHES,
	CONSTANT_GROUP_SLOTS = GROUP_SLOTS,
	CONSTANT_TAG_FREE = TAG_FREE,
	CONSTANT_TAG_TAKEN = TAG_TAKEN,
	CONSTANT_SIDE_BEHIND = SIDE_BEHIND,
};

struct packet packet;
struct counter counter;
struct rehearsal rehearsal;
struct difference_key difference_key;
struct difference difference;
struct schedule schedule;
struct window window;
struct connection connection;
struct group group;
struct tracking tracking;

enum reason reason;
enum verdict verdict;
enum stage stage;
enum trait trait;
enum fragment fragment;
enum state state;
enum phase phase;
enum direction direction;
enum flow flow;
enum turnover turnover;
enum constant constant;

/* What generated code reads of a program's context. */
struct xdp_md xdp_md;
struct __sk_buff sk_buff;
