import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { createPrefixSet, type Prefix, type PrefixSet } from '../../src/kernel/index.ts';
import { createRandom } from '../../src/policy/testing/classbench.ts';
import { ASKED, asker, bitsOf, FRAME_BYTES, randomPrefixes } from './prefix-set-asker.ts';

const MIB = 2 ** 20;
const ROUNDS = 300;

const sum = (set: PrefixSet): { packets: number; bytes: number } => {
  const counters = [...set.entries()].map(({ counter }) => counter);
  return {
    packets: counters.reduce((total, one) => total + Number(one?.packets ?? 0n), 0),
    bytes: counters.reduce((total, one) => total + Number(one?.bytes ?? 0n), 0),
  };
};
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(['v4', 'v6'] as const)('a prefix set of IP%s with records', (family) => {
  const bits = bitsOf[family];
  const prefix = (address: bigint, length: number): Prefix => ({ address: address << BigInt(bits - 32), length });
  /** Prefixes in one another: of 8, 16, 24 and all bits. */
  const nest = [8, 16, 24, bits].map((length) => prefix(BigInt(0x0a000000), length));

  test.each([
    { counters: true, timeToLive: false },
    { counters: false, timeToLive: true },
    { counters: true, timeToLive: true },
  ])('is found by programs while it changes: $counters, $timeToLive', (records) => {
    const first = [...randomPrefixes(5_000, bits, 1), ...nest];
    using set = createPrefixSet({ name: 'set', family, prefixes: first, memory: 4 * MIB, ...records });
    const ask = asker(set);
    const random = createRandom(2);
    for (const one of randomPrefixes(2_000, bits, 3)) set.add(one);
    for (const one of first.slice(0, 1_000)) set.delete(one);
    const addresses = Array.from({ length: ASKED }, (_, i) => {
      const near = (first[random(first.length)] as Prefix).address;
      return i % 2 === 0 ? near : near ^ BigInt(1 << random(20));
    });
    const expected = addresses.filter((address) => set.covers(address)).length;
    expect(expected).toBeGreaterThan(ASKED / 4);
    expect(ask.found(addresses)).toBe(expected);
    if (records.counters) expect(sum(set)).toEqual({ packets: expected, bytes: expected * FRAME_BYTES });
    ask.close();
  });

  test('the longest member counts', () => {
    using set = createPrefixSet({ name: 'set', family, prefixes: nest, memory: MIB, counters: true });
    const ask = asker(set);
    const address = (nest[3] as Prefix).address;
    ask.found([address, address, address ^ (1n << BigInt(bits - 10)), address ^ (1n << BigInt(bits - 18))]);
    expect(nest.map((one) => set.counterOf(one)?.packets)).toEqual([1n, 1n, 0n, 2n]);
    set.delete(nest[3] as Prefix);
    ask.found([address]);
    expect(nest.map((one) => set.counterOf(one)?.packets)).toEqual([1n, 1n, 1n, undefined]);
    ask.close();
  });

  test('a member expires by the kernel alone, and those in it and around it stay', async () => {
    const forever = { ...(nest[3] as Prefix) };
    using set = createPrefixSet({ name: 'set', family, prefixes: [forever], memory: MIB, timeToLive: true });
    const ask = asker(set);
    set.add(nest[1] as Prefix, { ttlMs: 400 });
    set.add(nest[0] as Prefix, { ttlMs: 1_000 });
    const started = performance.now();
    const [inBoth, inOuter] = [1n << BigInt(bits - 20), 1n << BigInt(bits - 10)].map((bit) => forever.address ^ bit);
    const asked = [forever.address, inBoth as bigint, inOuter as bigint];
    const lastFound = asked.map(() => 0);
    while (performance.now() - started < 1_200) {
      asked.forEach((address, i) => {
        if (ask.found([address]) === 1) lastFound[i] = performance.now() - started;
      });
      await wait(2);
    }
    // The address in both is found by the outer one after the inner one has gone.
    expect(lastFound[0]).toBeGreaterThan(1_100);
    for (const one of lastFound.slice(1)) {
      expect(one).toBeGreaterThan(950);
      expect(one).toBeLessThan(1_060);
    }
    expect(set.size).toBe(3);
    expect(set.has(nest[0] as Prefix)).toBe(false);
    await wait(1_000);
    expect(set.sweep()).toBe(2);
    expect([...set.entries()]).toEqual([{ ...forever }]);
    ask.close();
  });

  test('adding it anew renews a member, and its count goes on', async () => {
    const [member] = nest as [Prefix];
    using set = createPrefixSet({
      name: 'set',
      family,
      prefixes: [member],
      ttlMs: 300,
      memory: MIB,
      timeToLive: true,
      counters: true,
    });
    const ask = asker(set);
    for (let i = 0; i < 8; i++) {
      expect(ask.found([member.address])).toBe(1);
      expect(set.add(member, { ttlMs: 300 })).toBe(false);
      await wait(100);
      set.sweep();
    }
    expect(set.counterOf(member)).toEqual({ packets: 8n, bytes: BigInt(8 * FRAME_BYTES) });
    expect(Number(set.expiryOf(member)) - Date.now()).toBeLessThan(300);
    await wait(320);
    expect(ask.found([member.address])).toBe(0);
    expect(set.add(member)).toBe(true);
    expect(set.counterOf(member)?.packets).toBe(0n);
    expect(set.expiryOf(member)).toBeUndefined();
    ask.close();
  });

  test('no program misses a member, and none counts twice or not at all, while others come and go', async () => {
    const members = randomPrefixes(ASKED, bits, 5);
    const options = { memory: 16 * MIB, counters: true, timeToLive: true };
    using set = createPrefixSet({ name: 'set', family, prefixes: members, ...options });
    const ask = asker(set);
    ask.prepare(members.map(({ address }) => address));
    // The updates run here, the lookups in two processes of their own: on two CPUs at once.
    const script = new URL('./prefix-set-lookups.ts', import.meta.url).pathname;
    const args = ['--import', 'tsx', script, ask.programId, ROUNDS, ASKED].map(String);
    const [one, two] = [0, 1].map(() => spawn(process.execPath, args, { stdio: 'inherit' }));
    let running = 2;
    const ended = [one, two].map((process) => new Promise((resolve) => process?.once('exit', resolve)));
    for (const end of ended) void end.then(() => running--);
    // Around the members, so that they come to hang at a record and go back.
    const around = members.slice(0, 150).map(({ address }, i): Prefix => {
      const behind = BigInt(bits - 12 - (i % 9));
      return { address: (address >> behind) << behind, length: 12 + (i % 9) };
    });
    const others = [...randomPrefixes(300, bits, 6), ...around].filter((other) => !set.has(other));
    let changes = 0;
    while (running > 0) {
      for (const other of others) if (set.add(other, { ttlMs: 60_000 })) changes++;
      for (const other of others) set.delete(other);
      await wait(1);
    }
    expect(await Promise.all(ended)).toEqual([0, 0]);
    expect(changes).toBeGreaterThan(1_000);
    // The program's own count is not atomic: members say how often they were found.
    expect(sum(set).packets).toBe(2 * ROUNDS * ASKED);
    ask.close();
  });

  test('one that is full refuses, and nothing has changed', async () => {
    using set = createPrefixSet({ name: 'small', family, memory: 4096, counters: true, timeToLive: true });
    const many = randomPrefixes(2_000, bits, 7);
    await expect(set.addAll(many)).rejects.toMatchObject({
      problems: [{ code: 'kernel/set-full', message: expect.stringContaining('"small"') }],
    });
    const ask = asker(set);
    const members = [...set.entries()].map(({ address }) => address);
    expect(members.length).toBe(set.size);
    expect(ask.found(members)).toBe(members.length);
    expect(set.memory).toMatchObject({ limit: 4096, perMember: set.memory.used / set.size });
    expect(set.memory.used).toBeLessThanOrEqual(4096);
    ask.close();
  });

  test('many are added without holding up the event loop', async () => {
    using set = createPrefixSet({ name: 'set', family, memory: 16 * MIB, timeToLive: true });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const many = randomPrefixes(20_000, bits, 8);
    expect(await set.addAll(many, { ttlMs: 60_000, sliceMs: 2 })).toBe(set.size);
    clearInterval(timer);
    // One a slice of 2 ms: a fifth of a second at the least goes into it.
    expect(turns).toBeGreaterThan(20);
    expect(many.every((one) => set.has(one))).toBe(true);
  });
});

test('a time to live is for sets that know of it', () => {
  using set = createPrefixSet({ name: 'set', family: 'v4', memory: MIB });
  expect(() => set.add({ address: 1n, length: 32 }, { ttlMs: 5 })).toThrow('timeToLive');
});
