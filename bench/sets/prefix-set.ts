import { R7, R10 } from '../../src/asm/index.ts';
import { createPrefixSet, emitSetLookup, type PrefixSetOptions } from '../../src/kernel/index.ts';
import type { Structure } from './structure.ts';

type Records = Pick<PrefixSetOptions, 'counters' | 'timeToLive'>;

/** Words of 8 bytes that a member takes at most, with and without a record, and some room for more. */
const wordsOf = { v4: { plain: 2, record: 7 }, v6: { plain: 5, record: 12 } } as const;
const MOST_BYTES = 512 * 2 ** 20;

/** Sets of the kernel library: as they are, and with what they can keep of each member. */
export const prefixSets: readonly Structure[] = [
  prefixSet('sluice', 'Sluice', {}),
  prefixSet('sluice-counters', 'Sluice, with counters', { counters: true }),
  prefixSet('sluice-records', 'Sluice, with counters and times to live', { counters: true, timeToLive: true }),
];

function prefixSet(id: string, title: string, records: Records): Structure {
  return {
    id,
    title,
    most: 10_000_000,
    fill(prefixes) {
      const { family, lengths } = prefixes;
      const words = wordsOf[family][Object.keys(records).length > 0 ? 'record' : 'plain'];
      const memory = Math.min(MOST_BYTES, 2 ** Math.ceil(Math.log2(lengths.length * words * 8 + 2 ** 20)));
      const set = createPrefixSet({ name: 'set', family, prefixes, memory, ...records });
      const inMap = { map: 'set', family, capacity: set.capacity, records: set.records };
      return {
        maps: { set: set.map.fd },
        emit(asm, yes) {
          asm.store('u32', R10, PACKET_LENGTH, 60);
          emitSetLookup(asm, inMap, { base: R7, hi: 0, lo: 8 }, yes, { base: R10, offset: PACKET_LENGTH });
        },
        add: set.add,
        delete: set.delete,
        bytes: memory,
        usedBytes: set.memory.used,
        close: set.close,
      };
    },
  };
}

/** Where it stands on the stack how many bytes the packet has, which sets that count add up. */
const PACKET_LENGTH = -8;
