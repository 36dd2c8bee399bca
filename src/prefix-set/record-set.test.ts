import { afterEach, describe, expect, test, vi } from 'vitest';
import { OutOfRoom } from './blocks.ts';
import type { Prefix } from './columns.ts';
import { recordDepth, recordLayout } from './record.ts';
import { createRecordSet, type Ticks } from './record-set.ts';
import { createRandom, prefixFrom, textOf } from './testing/nested.ts';
import { fieldOf, trieKind } from './word.ts';

const HZ = 250;

afterEach(() => vi.useRealTimers());

function clock() {
  let now = 1_000_000n;
  const ticks: Ticks = { now: () => now, perSecond: HZ };
  return {
    ticks,
    pass(count: number) {
      now += BigInt(count);
    },
  };
}

/** What the generated code does, word by word: the record of the longest member that covers and has not expired. */
function lookUp(words: BigUint64Array, bits: 32 | 128, address: bigint, now: bigint): number {
  const layout = recordLayout(bits, { counters: true, timeToLive: true });
  const half = (low: number): bigint => (bits === 32 || low === 1 ? BigInt.asUintN(64, address) : address >> 64n);
  let best = 0;
  let word = words[0] as bigint;
  for (let steps = bits === 32 ? recordDepth.v4 : recordDepth.v6; steps > 0; steps--) {
    const kind = fieldOf(word, 'kind');
    const index = fieldOf(word, 'index');
    if (kind === trieKind.NODE) {
      const child = Number(
        (half(fieldOf(word, 'lowHalf')) >> BigInt(fieldOf(word, 'shift'))) & BigInt(fieldOf(word, 'mask')),
      );
      word = words[index + child] as bigint;
      continue;
    }
    if (kind === trieKind.NONE) return best;
    if (kind === trieKind.LEAF) {
      const shift = BigInt(fieldOf(word, 'shift'));
      const [hi, lo] = [words[index] as bigint, words[index + 1] as bigint];
      const low = fieldOf(word, 'lowHalf') === 1;
      if (bits === 32 && (address ^ BigInt.asUintN(32, hi)) >> shift !== 0n) return best;
      if (bits === 128 && (low ? hi !== half(0) || (lo ^ half(1)) >> shift !== 0n : (hi ^ half(0)) >> shift !== 0n))
        return best;
    }
    const expiry = words[index + layout.expiry] as bigint;
    if (expiry === 0n || now < expiry) best = index;
    const inner = Number((words[index + layout.inner] as bigint) >> 32n);
    if (inner === 0) return best;
    word = words[inner] as bigint;
  }
  throw new Error('a way longer than the longest');
}

describe.each([32, 128] as const)('a set of prefixes of %i bits with records', (bits) => {
  const layout = recordLayout(bits, { counters: true });
  const isIn = ({ address: at, length }: Prefix, address: bigint): boolean =>
    (at ^ address) >> BigInt(bits - length) === 0n;

  test('finds the longest member that has not expired, whatever comes, goes, and lies in one another', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    for (let seed = 1; seed <= 12; seed++) {
      const random = createRandom(seed);
      const { ticks, pass } = clock();
      const first = Array.from({ length: random(40) }, () => prefixFrom(random, bits));
      const words = new BigUint64Array(2 ** 15);
      const expiry = seed % 2 === 0 ? 0n : ticks.now() + 100n;
      const set = createRecordSet(words, bits, first, { counters: true, timeToLive: true, ticks, expiry });
      /** By text: the member, its expiry, and what a packet would have counted. */
      const model = new Map(first.map((prefix) => [textOf(prefix), { prefix, expiry, packets: 0n }]));
      for (let round = 0; round < 120; round++) {
        vi.advanceTimersByTime(100);
        pass(random(20));
        const prefix = prefixFrom(random, bits);
        const known = model.get(textOf(prefix));
        const action = random(6);
        const now = ticks.now();
        if (action < 3) {
          const until = random(2) === 0 ? 0n : now + BigInt(1 + random(400));
          const isMember = known !== undefined && (known.expiry === 0n || now < known.expiry);
          expect(set.add(prefix, until)).toBe(!isMember);
          model.set(textOf(prefix), { prefix, expiry: until, packets: isMember ? known.packets : 0n });
        } else if (action < 5) {
          const gone = random(2) === 0 ? prefix : ([...model.values()][random(model.size)]?.prefix ?? prefix);
          expect(set.delete(gone)).toBe(model.delete(textOf(gone)));
        } else {
          const due = [...model].filter(([, one]) => one.expiry !== 0n && one.expiry + BigInt(HZ) <= now);
          set.sweep(1000);
          for (const [, one] of due) expect([...set.entries()].map(textOf)).not.toContain(textOf(one.prefix));
          const left = new Set([...set.entries()].map(textOf));
          for (const [text, one] of model) {
            if (!left.has(text)) {
              expect(one.expiry !== 0n && one.expiry <= now).toBe(true);
              model.delete(text);
            }
          }
        }
        expect(set.size).toBe(model.size);
        for (let i = 0; i < 6; i++) {
          const { address } = prefixFrom(random, bits);
          for (const near of [address, address ^ 1n]) {
            const expected = [...model.values()]
              .filter((one) => isIn(one.prefix, near) && (one.expiry === 0n || now < one.expiry))
              .sort((a, b) => b.prefix.length - a.prefix.length)[0];
            const record = lookUp(words, bits, near, now);
            expect(set.covers(near)).toBe(expected !== undefined);
            if (expected) expected.packets++;
            if (record !== 0) words[record + layout.packets] = (words[record + layout.packets] as bigint) + 1n;
            expect([seed, round, record !== 0]).toEqual([seed, round, expected !== undefined]);
          }
        }
      }
      const counted = [...set.entries()].map((one) => `${textOf(one)} ${one.counter.packets} ${one.expiry}`);
      const expected = [...model.values()].map((one) => `${textOf(one.prefix)} ${one.packets} ${one.expiry}`);
      expect(counted.sort()).toEqual(expected.sort());
    }
  });

  test('a full one says so, and nothing has changed', () => {
    const { ticks } = clock();
    const words = new BigUint64Array(256);
    const set = createRecordSet(words, bits, [], { counters: true, ticks });
    const random = createRandom(3);
    const added: Prefix[] = [];
    for (let i = 0; i < 300; i++) {
      const prefix = prefixFrom(random, bits);
      const before = words.slice();
      try {
        if (set.add(prefix)) added.push(prefix);
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfRoom);
        for (const address of added) expect(lookUp(words, bits, address.address, 0n)).not.toBe(0);
        expect(words[0]).toBe(before[0]);
      }
    }
    expect(added.length).toBeGreaterThan(5);
    expect(set.size).toBe(added.length);
    expect([...set.entries()].map(textOf).sort()).toEqual(added.map(textOf).sort());
  });

  test('members that expire give their room back, in slices of time', () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { ticks, pass } = clock();
    const set = createRecordSet(new BigUint64Array(2 ** 14), bits, [], { timeToLive: true, ticks });
    const random = createRandom(4);
    const empty = set.used;
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 200; i++) set.add(prefixFrom(random, bits), ticks.now() + 50n);
      pass(2 * HZ);
      vi.advanceTimersByTime(2000);
      while (set.size > 0) expect(set.sweep(1000)).toBeGreaterThan(0);
      expect(set.used).toBe(empty);
    }
  });
});
