import { setTimeout } from 'node:timers/promises';
import { connectionFields, Phase } from '../generated/abi.ts';
import type { MapHandle } from '../kernel/index.ts';
import type { ConnectionFilter } from './connection-filter.ts';
import { ENTRY_BYTES, liveSlots, openTables } from './connection-tables.ts';
import { readAge } from './connection-use.ts';

/** A packet that is on its way may write another phase over the mark, or move the connection to the other table. */
const [PASSES, PAUSE_MS] = [4, 5];

const { phase, first, last } = connectionFields;

/**
 * Marks the live connections that are meant, and looks again until all of them are marked. Those that begin meanwhile are
 * not meant. How many there were.
 */
export async function killIn(maps: (name: string) => MapHandle, filter: ConnectionFilter): Promise<number> {
  using open = openTables(maps, 'write');
  const start = readAge(maps('tracking')).now;
  const marked = open.tables.map(({ tags }) => new Uint8Array(tags.length));
  let killed = 0;
  for (let pass = 0; pass < PASSES; pass++) {
    if (pass > 0) await setTimeout(PAUSE_MS);
    const age = readAge(maps('tracking'));
    let missed = 0;
    for (const [index, table] of open.tables.entries()) {
      const { view } = table;
      for (const slot of liveSlots(table, age)) {
        const at = slot * ENTRY_BYTES;
        if (view.getUint8(at + phase.offset) === Phase.KILLED || !filter(view, at)) continue;
        if (pass > 0 && isAfter(view.getUint32(at + first.offset, true), start)) continue;
        view.setUint8(at + phase.offset, Phase.KILLED);
        // Its timeout is that of the killed, and begins now.
        view.setUint32(at + last.offset, age.now, true);
        missed++;
        if (marked[index]?.[slot] === 0) killed++;
        (marked[index] as Uint8Array)[slot] = 1;
      }
    }
    if (pass > 0 && missed === 0) break;
  }
  return killed;
}

/** Of jiffies, the low 32 bits. */
const isAfter = (one: number, other: number): boolean => ((one - other) | 0) > 0;
