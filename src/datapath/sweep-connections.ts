import { connectionCodec, TAG_FREE, TAG_TAKEN } from '../generated/abi.ts';
import { type MapHandle, mapMemory } from '../kernel/index.ts';
import type { Age } from './connection-tables.ts';
import { ageWithGrace, isOver } from './over.ts';
import { retag, tagWords } from './table-tags.ts';

const TABLES = [
  ['connection_groups', 'connections'],
  ['unproven_groups', 'unproven'],
] as const;

/** Slots whose entries are mapped at once: 2 MiB, for a mapping costs as much as it has pages. */
const WINDOW = 16_384;
/** Slots between two looks at the clock. */
const STEP = 256;

/** How far a sweep has come. */
export interface Swept {
  readonly freed: number;
  /** Both tables have been seen to their ends: the next sweep begins anew. */
  readonly isThrough: boolean;
}

/**
 * Takes connections that are over out of the tables, so that these have room for others without a search, and what is
 * said of their use is true. What a packet does is right without it, too: it takes no lock, and waits for nobody.
 */
export interface ConnectionSweeper {
  /**
   * Goes on where it has ended for want of time.
   * @param maps of a generation that tracks connections, by name
   */
  sweep(maps: (name: string) => MapHandle, budgetMs: number): Swept;
}

export function createConnectionSweeper(): ConnectionSweeper {
  let table = 0;
  let next = 0;
  return {
    sweep(maps, budgetMs) {
      const until = performance.now() + budgetMs;
      const age = ageWithGrace(maps('tracking'));
      let freed = 0;
      for (; table < TABLES.length; table++, next = 0) {
        const [groups, slots] = TABLES[table] as (typeof TABLES)[number];
        const total = maps(slots).maxEntries;
        using tags = mapMemory(maps(groups));
        while (next < total) {
          const count = Math.min(WINDOW, total - next);
          if (hasTaken(tags.buffer, next, count)) {
            const swept = sweepWindow(tags.buffer, maps(slots), { first: next, count }, age, until);
            freed += swept.freed;
            next += swept.seen;
          } else next += count;
          if (performance.now() > until) return { freed, isThrough: false };
        }
      }
      table = 0;
      return { freed, isThrough: true };
    },
  };
}

interface Slots {
  readonly first: number;
  readonly count: number;
}

function sweepWindow(
  tagBuffer: ArrayBuffer,
  slots: MapHandle,
  { first, count }: Slots,
  age: Age,
  until: number,
): { readonly freed: number; readonly seen: number } {
  using entries = mapMemory(slots, 'read', { first, count });
  const view = new DataView(entries.buffer);
  const words = tagWords(tagBuffer, first + count);
  const tags = new Uint8Array(tagBuffer, first, count);
  let freed = 0;
  for (let i = 0; i < count; i++) {
    if (i % STEP === 0 && i > 0 && performance.now() > until) return { freed, seen: i };
    const tag = tags[i] as number;
    if (tag <= TAG_TAKEN || !isOver(view, i * connectionCodec.size, age) || !retag(words, first + i, tag, TAG_TAKEN))
      continue;
    // A packet may have given the slot to another connection of the same tag in between.
    const goes = isOver(view, i * connectionCodec.size, age);
    retag(words, first + i, TAG_TAKEN, goes ? TAG_FREE : tag);
    if (goes) freed++;
  }
  return { freed, seen: count };
}

function hasTaken(buffer: ArrayBuffer, first: number, count: number): boolean {
  // Of FREE alone, four slots are 0 at once; a slot that is being filled is looked at for nothing.
  const words = new Uint32Array(buffer, first, count / 4);
  return words.some((word) => word !== 0);
}
