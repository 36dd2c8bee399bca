import { SluiceError } from '../diagnostics/problem.ts';
import { createMutableSet, type MutableSet, OutOfRoom, type Prefix } from '../prefix-set/mutable.ts';
import { createMapHandle, type MapHandle } from './map/handle.ts';
import { mapMemory } from './map/map-memory.ts';
import { BPF_F_MMAPABLE } from './system/uapi-bpf.ts';

export type { Prefix } from '../prefix-set/mutable.ts';

export interface PrefixSetOptions {
  /** Of the map. */
  readonly name: string;
  readonly family: 'v4' | 'v6';
  /** Members at first: built in one go, which takes a microsecond or two for each. */
  readonly prefixes?: readonly Prefix[];
  /** Bytes of the map, a power of two; what more would take is refused. Default: 64 MiB. */
  readonly memory?: number;
}

/**
 * IPv4 or IPv6 prefixes in an array map, which programs look up by `emitSetLookup` while they change: a change takes
 * microseconds, and no program misses a member meanwhile. Prefixes may lie in one another.
 *
 * `add` and `delete` throw SluiceError kernel/set-full where the memory has no room, and then nothing has changed.
 */
export interface PrefixSet extends MutableSet {
  /** An array with one value. */
  readonly map: MapHandle;
  readonly family: 'v4' | 'v6';
  close(): void;
  [Symbol.dispose](): void;
}

const DEFAULT_BYTES = 64 * 2 ** 20;
const WORD_BYTES = 8;
const addressBits = { v4: 32, v6: 128 } as const;

/** @throws SluiceError kernel/set-full where the members do not fit, SystemCallError where the kernel gives no such map */
export function createPrefixSet({ name, family, prefixes = [], memory = DEFAULT_BYTES }: PrefixSetOptions): PrefixSet {
  const shape = { keySize: 4, valueSize: memory, maxEntries: 1, flags: BPF_F_MMAPABLE };
  const map = createMapHandle({ type: 'array', name, ...shape });
  try {
    const mapped = mapMemory(map);
    const words = new BigUint64Array(mapped.buffer, 0, memory / WORD_BYTES);
    const set = explainRoom(name, memory, () => createMutableSet(words, addressBits[family], prefixes));
    const close = (): void => {
      mapped.close();
      map.close();
    };
    return {
      get size() {
        return set.size;
      },
      get used() {
        return set.used;
      },
      capacity: set.capacity,
      map,
      family,
      add: (prefix) => explainRoom(name, memory, () => set.add(prefix)),
      delete: (prefix) => explainRoom(name, memory, () => set.delete(prefix)),
      has: set.has,
      covers: set.covers,
      entries: set.entries,
      close,
      [Symbol.dispose]: close,
    };
  } catch (error) {
    map.close();
    throw error;
  }
}

function explainRoom<T>(name: string, memory: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof OutOfRoom)) throw error;
    const message = `the prefix set "${name}" is full: its ${memory.toLocaleString('en')} bytes have no room for more`;
    throw new SluiceError({ code: 'kernel/set-full', message }, { cause: error });
  }
}
