import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { u32, u64 } from '../../src/kernel/codec.ts';
import {
  BPF_F_MMAPABLE,
  createMap,
  createMapHandle,
  createMapOfMaps,
  createPerCpuMap,
  createProgramArray,
  lpmKey,
  mapFromId,
  mapMemory,
  openDescriptors,
  openMappings,
  possibleCpus,
  typedMap,
  typedPerCpuMap,
} from '../../src/kernel/index.ts';
import { caught } from './caught.ts';

let descriptors: number;
let mappings: number;

beforeEach(() => {
  descriptors = openDescriptors();
  mappings = openMappings();
});

afterEach(() => {
  expect(openDescriptors()).toBe(descriptors);
  expect(openMappings()).toBe(mappings);
});

const many = Array.from({ length: 10_000 }, (_, index): [number, bigint] => [index, BigInt(index) * 3n]);

describe.each(['hash', 'lru_hash'] as const)('a map of type %s', (type) => {
  it('reads back what was written, and nothing else', () => {
    using map = createMap({ type, name: 'flows', key: u32, value: u64, maxEntries: 64 });
    map.update(7, 70n);
    map.update(8, 2n ** 63n);
    expect(map.lookup(7)).toBe(70n);
    expect(map.lookup(8)).toBe(2n ** 63n);
    expect(map.lookup(9)).toBeUndefined();
    expect(map.delete(7)).toBe(true);
    expect(map.delete(7)).toBe(false);
    expect([...map.keys()]).toEqual([8]);
    expect(map.lookupAndDelete(8)).toBe(2n ** 63n);
    expect([...map.entries()]).toEqual([]);
  });

  it('writes, lists and removes ten thousand entries', () => {
    using map = createMap({ type, name: 'flows', key: u32, value: u64, maxEntries: 20_000 });
    map.updateAll(many);
    expect([...map.entries()].sort(([a], [b]) => a - b)).toEqual(many);
    map.deleteAll([...many.map(([key]) => key), 123_456, 1]);
    expect([...map.keys()]).toEqual([]);
  });
});

describe('a hash map', () => {
  it('says which map is full, and how many entries it has', () => {
    using map = createMap({ type: 'hash', name: 'blocked', key: u32, value: u32, maxEntries: 2 });
    map.update(1, 1);
    map.update(2, 1);
    const error = caught(() => map.update(3, 1));
    expect(error.message).toBe('bpf(BPF_MAP_UPDATE_ELEM) on map "blocked": E2BIG (the map is full: 2 entries)');
    expect(error.problems[0]?.code).toBe('kernel/map-full');
    expect(() =>
      map.updateAll([
        [4, 1],
        [5, 1],
      ]),
    ).toThrow('the map is full: 2 entries');
  });

  it('keeps to the update mode', () => {
    using map = createMap({ type: 'hash', name: 'modes', key: u32, value: u32, maxEntries: 2 });
    expect(() => map.update(1, 1, 'exist')).toThrow('ENOENT (no entry with this key exists)');
    map.update(1, 1, 'noexist');
    expect(() => map.update(1, 2, 'noexist')).toThrow('EEXIST (an entry with this key exists)');
    map.update(1, 2, 'exist');
    expect(map.lookup(1)).toBe(2);
  });

  it('can be emptied while its keys are listed', () => {
    using map = createMap({ type: 'hash', name: 'drain', key: u32, value: u64, maxEntries: 20_000 });
    map.updateAll(many);
    for (const key of map.keys()) map.delete(key);
    expect([...map.keys()]).toEqual([]);
  });

  it('cannot be used when closed', () => {
    const map = createMap({ type: 'hash', name: 'gone', key: u32, value: u32, maxEntries: 2 });
    map.close();
    map.close();
    expect(caught(() => map.lookup(1)).problems[0]?.code).toBe('kernel/closed');
  });
});

describe('per-CPU maps', () => {
  const perCpu = (base: number) => Array.from({ length: possibleCpus() }, (_, cpu) => base + cpu);

  it.each(['percpu_hash', 'percpu_array', 'lru_percpu_hash'] as const)('%s holds a value a CPU', (type) => {
    using map = createPerCpuMap({ type, name: 'counters', key: u32, value: u32, maxEntries: 8 });
    map.update(3, perCpu(100));
    expect(map.lookup(3)).toEqual(perCpu(100));
    map.updateAll([
      [1, perCpu(10)],
      [2, perCpu(20)],
    ]);
    const entries = new Map(map.entries());
    expect([entries.get(1), entries.get(2), entries.get(3)]).toEqual([perCpu(10), perCpu(20), perCpu(100)]);
  });

  it('want a value for each CPU', () => {
    using map = createPerCpuMap({ type: 'percpu_array', name: 'counters', key: u32, value: u32, maxEntries: 8 });
    expect(() => map.update(0, [])).toThrow(RangeError);
  });
});

describe('an LPM trie', () => {
  const data = (...bytes: number[]) => Uint8Array.from(bytes);

  it('finds the longest prefix', () => {
    using map = createMap({ type: 'lpm_trie', name: 'prefixes', key: lpmKey(4), value: u32, maxEntries: 16 });
    map.updateAll([
      [{ prefixLength: 8, data: data(10, 0, 0, 0) }, 8],
      [{ prefixLength: 24, data: data(10, 1, 2, 0) }, 24],
    ]);
    expect(map.lookup({ prefixLength: 32, data: data(10, 1, 2, 3) })).toBe(24);
    expect(map.lookup({ prefixLength: 32, data: data(10, 9, 2, 3) })).toBe(8);
    expect(map.lookup({ prefixLength: 32, data: data(11, 0, 0, 1) })).toBeUndefined();
    expect([...map.entries()].map(([, value]) => value).sort()).toEqual([24, 8]);
    map.deleteAll([{ prefixLength: 8, data: data(10, 0, 0, 0) }]);
    expect([...map.keys()]).toEqual([{ prefixLength: 24, data: data(10, 1, 2, 0) }]);
  });

  it('says when it is full', () => {
    using map = createMap({ type: 'lpm_trie', name: 'prefixes', key: lpmKey(4), value: u32, maxEntries: 1 });
    map.update({ prefixLength: 8, data: data(10, 0, 0, 0) }, 1);
    expect(() => map.update({ prefixLength: 8, data: data(11, 0, 0, 0) }, 1)).toThrow('the map is full: 1 entries');
    expect(() => map.update({ prefixLength: 33, data: data(1, 1, 1, 1) }, 1)).toThrow(RangeError);
  });
});

describe('an array', () => {
  it('has all its entries from the start, and no others', () => {
    using map = createMap({ type: 'array', name: 'settings', key: u32, value: u64, maxEntries: 4 });
    map.update(2, 5n);
    expect([...map.entries()]).toEqual([
      [0, 0n],
      [1, 0n],
      [2, 5n],
      [3, 0n],
    ]);
    expect(() => map.update(4, 1n)).toThrow('E2BIG (the index is beyond the last entry: the map has 4)');
    expect(map.lookup(4)).toBeUndefined();
  });

  it('refuses changes once frozen', () => {
    using map = createMap({ type: 'array', name: 'rodata', key: u32, value: u64, maxEntries: 1 });
    map.update(0, 5n);
    map.handle.freeze();
    expect(() => map.update(0, 6n)).toThrow('EPERM (the map is frozen');
    expect(map.lookup(0)).toBe(5n);
  });

  it('is shared memory when mapped', () => {
    const flags = BPF_F_MMAPABLE;
    using map = createMap({ type: 'array', name: 'table', key: u32, value: u32, maxEntries: 1000, flags });
    const memory = mapMemory(map.handle);
    expect(memory.stride).toBe(8);
    const view = new DataView(memory.buffer);
    map.update(999, 77);
    expect(view.getUint32(999 * memory.stride, true)).toBe(77);
    view.setUint32(3 * memory.stride, 33, true);
    expect(map.lookup(3)).toBe(33);

    memory.close();
    expect(view.getUint32(999 * memory.stride, true)).toBe(0);
    view.setUint32(3 * memory.stride, 1, true);
    expect(map.lookup(3)).toBe(33);
    expect(() => memory.buffer).toThrow('is closed');
  });

  it('cannot be mapped when it was not made for it', () => {
    using map = createMap({ type: 'array', name: 'plain', key: u32, value: u32, maxEntries: 1 });
    expect(() => mapMemory(map.handle)).toThrow('mmap on map "plain"');
  });
});

describe('a map of maps', () => {
  const inner = { type: 'hash', name: 'inner', keySize: 4, valueSize: 4, maxEntries: 8 } as const;

  it.each(['array_of_maps', 'hash_of_maps'] as const)('%s holds the maps that are put in', (type) => {
    using outer = createMapOfMaps({ type, name: 'sets', key: u32, maxEntries: 4, inner });
    const first = createMap({ type: 'hash', name: 'first', key: u32, value: u32, maxEntries: 8 });
    first.update(1, 11);
    outer.set(2, first.handle);
    first.close();
    using handle = outer.open(2);
    expect(handle?.name).toBe('first');
    if (handle !== undefined) expect(typedMap(handle, u32, u32).lookup(1)).toBe(11);
    expect(outer.open(3)).toBeUndefined();
    expect(outer.delete(2)).toBe(true);
    expect(outer.open(2)).toBeUndefined();
  });

  it('refuses a map of another shape', () => {
    using outer = createMapOfMaps({ type: 'hash_of_maps', name: 'sets', key: u32, maxEntries: 4, inner });
    using other = createMap({ type: 'hash', name: 'other', key: u32, value: u64, maxEntries: 8 });
    expect(() => outer.set(1, other.handle)).toThrow('bpf(BPF_MAP_UPDATE_ELEM) on map "sets": EINVAL');
  });
});

describe('a handle', () => {
  it('is found by id, with its layout', () => {
    using map = createMap({
      type: 'hash',
      name: 'a-name-too-long-for-the-kernel',
      key: u32,
      value: u64,
      maxEntries: 9,
    });
    using again = mapFromId(map.handle.id);
    expect(again).toMatchObject({ type: 'hash', name: 'a_name_too_long', keySize: 4, valueSize: 8, maxEntries: 9 });
    expect(again.id).toBe(map.handle.id);
    map.update(1, 2n);
    expect(typedMap(again, u32, u64).lookup(1)).toBe(2n);
  });

  it('is refused by codecs of other sizes', () => {
    using handle = createMapHandle({ type: 'hash', name: 'sized', keySize: 4, valueSize: 8, maxEntries: 9 });
    const error = caught(() => typedMap(handle, u32, u32));
    expect(error.problems[0]?.code).toBe('kernel/map-mismatch');
    expect(error.message).toBe(
      'map "sized" is hash with 4-byte keys and 8-byte values, expected a map with 4-byte keys and 4-byte values',
    );
    expect(() => typedPerCpuMap(handle, u32, u64)).toThrow('expected a per-CPU map');
  });

  it('says what was asked for when the kernel cannot make it', () => {
    expect(() => createMapHandle({ type: 'array', name: 'odd', keySize: 8, valueSize: 8, maxEntries: 1 })).toThrow(
      'bpf(BPF_MAP_CREATE) on map "odd": EINVAL (not possible: array, 8-byte keys, 8-byte values, 1 entries)',
    );
    expect(() => mapFromId(0x7fffffff)).toThrow('ENOENT (no map has this id)');
  });

  it.each([
    { type: 'devmap', keySize: 4, valueSize: 8 },
    { type: 'devmap_hash', keySize: 4, valueSize: 8 },
    { type: 'cpumap', keySize: 4, valueSize: 8 },
    { type: 'xskmap', keySize: 4, valueSize: 4 },
    { type: 'bloom_filter', keySize: 0, valueSize: 4 },
    { type: 'ringbuf', keySize: 0, valueSize: 0, maxEntries: 4096 },
  ] as const)('can be made for $type', (layout) => {
    using handle = createMapHandle({ name: layout.type, maxEntries: 2, ...layout });
    expect(handle.id).toBeGreaterThan(0);
  });
});

describe('a program array', () => {
  it('starts empty', () => {
    using array = createProgramArray({ name: 'stages', maxEntries: 4 });
    expect(array.programId(0)).toBeUndefined();
    expect(array.delete(0)).toBe(false);
  });
});
