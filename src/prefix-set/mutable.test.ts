import { afterEach, describe, expect, test, vi } from 'vitest';
import { createMutableSet, OutOfRoom, type Prefix } from './mutable.ts';
import { createRandom, prefixFrom, type Random, textOf } from './testing/nested.ts';

afterEach(() => vi.useRealTimers());

describe.each([32, 128] as const)('a set of prefixes of %i bits', (bits) => {
  const covers = (members: Iterable<Prefix>, address: bigint): boolean =>
    [...members].some(({ address: at, length }) => (at ^ address) >> BigInt(bits - length) === 0n);

  test('holds what was added and not taken out, whatever lies in one another', () => {
    for (let seed = 1; seed <= 25; seed++) {
      const random = createRandom(seed);
      const first = Array.from({ length: random(40) }, () => prefixFrom(random, bits));
      const model = new Map(first.map((prefix) => [textOf(prefix), prefix]));
      const set = createMutableSet(new BigUint64Array(2 ** 16), bits, first);
      for (let round = 0; round < 150; round++) {
        const prefix = prefixFrom(random, bits);
        const known = model.has(textOf(prefix));
        if (random(5) < 3) {
          expect(set.add(prefix)).toBe(!known);
          model.set(textOf(prefix), prefix);
        } else {
          const gone = random(2) === 0 ? prefix : ([...model.values()][random(model.size)] ?? prefix);
          expect(set.delete(gone)).toBe(model.delete(textOf(gone)));
        }
        expect(set.size).toBe(model.size);
        for (let i = 0; i < 12; i++) {
          const { address } = prefixFrom(random, bits);
          for (const near of [address, address ^ 1n]) {
            expect([seed, round, near, set.covers(near)]).toEqual([seed, round, near, covers(model.values(), near)]);
          }
        }
      }
      expect([...set.entries()].map(textOf).sort()).toEqual([...model.keys()].sort());
      for (const prefix of model.values()) expect(set.has(prefix)).toBe(true);
    }
  });

  test('a full one says so, and has not changed', () => {
    const words = new BigUint64Array(256);
    const set = createMutableSet(words, bits, []);
    const random = createRandom(3);
    const added: Prefix[] = [];
    expect(() => {
      for (;;) {
        const prefix = { address: BigInt(random(2 ** 32)) << BigInt(bits - 32), length: bits };
        if (set.add(prefix)) added.push(prefix);
      }
    }).toThrow(OutOfRoom);
    expect(added.length).toBeGreaterThan(2);
    for (const prefix of added) expect(set.has(prefix)).toBe(true);
    expect(set.size).toBe(added.length);
  });

  const anywhere = (random: Random): Prefix => ({
    address: BigInt(random(2 ** 32)) << BigInt(bits - 32),
    length: bits,
  });

  test('members that come and go take no more memory than those that are there', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const set = createMutableSet(new BigUint64Array(2 ** 13), bits, []);
    const random = createRandom(5);
    const members: Prefix[] = [];
    for (let i = 0; i < 20_000; i++) {
      vi.advanceTimersByTime(50);
      const prefix = anywhere(random);
      if (set.add(prefix)) members.push(prefix);
      if (members.length > 200) expect(set.delete(members.shift() as Prefix)).toBe(true);
    }
    for (const prefix of members) expect(set.covers(prefix.address)).toBe(true);
    for (const prefix of members) set.delete(prefix);
    expect([...set.entries()]).toEqual([]);
  });

  test('what was full has room again, once nobody can look at what went', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const set = createMutableSet(new BigUint64Array(512), bits, []);
    const random = createRandom(6);
    const members: Prefix[] = [];
    const fill = (): void => {
      for (;;) {
        const prefix = anywhere(random);
        if (set.add(prefix)) members.push(prefix);
      }
    };
    expect(fill).toThrow(OutOfRoom);
    for (const prefix of members.splice(0)) set.delete(prefix);
    expect(fill).toThrow(OutOfRoom);
    expect(members.length).toBeLessThan(3);
    vi.advanceTimersByTime(1_001);
    expect(fill).toThrow(OutOfRoom);
    expect(members.length).toBeGreaterThan(5);
    for (const prefix of members) expect(set.covers(prefix.address)).toBe(true);
  });

  test('a member in which thousands lie is taken out', () => {
    const cover = { address: 0n, length: 8 };
    const nested = Array.from({ length: 3_000 }, (_, i) => ({ address: BigInt(i) << 3n, length: bits - (i % 3) }));
    const set = createMutableSet(new BigUint64Array(2 ** 18), bits, [cover, ...nested]);
    expect(set.delete(cover)).toBe(true);
    expect(set.size).toBe(3_000);
    for (const { address } of nested) expect(set.covers(address)).toBe(true);
    expect(set.covers(4n)).toBe(false);
  });
});
