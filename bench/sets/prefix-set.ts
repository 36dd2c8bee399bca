import { R7 } from '../../src/asm/index.ts';
import { createPrefixSet, emitSetLookup } from '../../src/kernel/index.ts';
import type { Structure } from './structure.ts';

const wordsOf = { v4: 6.25, v6: 15 } as const;

/** A set of the kernel library. */
export const prefixSet: Structure = {
  id: 'sluice',
  title: 'Sluice',
  most: 10_000_000,
  fill(prefixes) {
    const { family, lengths } = prefixes;
    const memory = 2 ** Math.ceil(Math.log2(lengths.length * wordsOf[family] * 8 + 2 ** 20));
    const set = createPrefixSet({ name: 'set', family, prefixes, memory });
    return {
      maps: { set: set.map.fd },
      emit: (asm, yes) =>
        emitSetLookup(asm, { map: 'set', family, capacity: set.capacity }, { base: R7, hi: 0, lo: 8 }, yes),
      add: set.add,
      delete: set.delete,
      bytes: memory,
      usedBytes: set.used * 8,
      close: set.close,
    };
  },
};
