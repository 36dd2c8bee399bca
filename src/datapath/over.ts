import { connectionFields } from '../generated/abi.ts';
import type { MapHandle } from '../kernel/index.ts';
import { jiffiesClock } from '../kernel/jiffies-clock.ts';
import { type Age, idleTicks } from './connection-tables.ts';
import { readAge } from './connection-use.ts';
import type { Entry } from './slot-table.ts';

/** Beyond the timeout, so that this process and a program that asks at the same time are of one mind. */
const GRACE_MS = 100;

/** By the timeouts of a generation, whose map `tracking` this is. */
export function ageWithGrace(tracking: MapHandle): Age {
  const { now, timeouts } = readAge(tracking);
  const grace = Math.ceil((GRACE_MS * jiffiesClock().perSecond) / 1000);
  return { now, timeouts: timeouts.map((ticks) => ticks + grace) };
}

const { phase } = connectionFields;

/** @param at where the connection lies in the view */
export const isOver = (view: DataView, at: number, { now, timeouts }: Age): boolean =>
  idleTicks(view, at, now) > (timeouts[view.getUint8(at + phase.offset)] ?? 0);

/** Whether a connection is over by now, as `is_over` of bpf/lib/claim.h has it. */
export function isOverBy(tracking: MapHandle): (entry: Entry) => boolean {
  const age = ageWithGrace(tracking);
  return ({ view }) => isOver(view, 0, age);
}
