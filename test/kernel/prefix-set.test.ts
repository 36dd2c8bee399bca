import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { createPrefixSet, type Prefix } from '../../src/kernel/index.ts';
import { createRandom } from '../../src/policy/testing/classbench.ts';
import { caught } from './caught.ts';
import { ASKED, asker, bitsOf, randomPrefixes } from './prefix-set-asker.ts';

const MIB = 2 ** 20;

const ROUNDS = 400;

describe.each(['v4', 'v6'] as const)('a prefix set of IP%s in the kernel', (family) => {
  const bits = bitsOf[family];

  test('is found by programs while it changes', () => {
    const first = randomPrefixes(5_000, bits, 1);
    using set = createPrefixSet({ name: 'set', family, prefixes: first, memory: 4 * MIB });
    const ask = asker(set);
    const random = createRandom(2);
    for (const prefix of randomPrefixes(2_000, bits, 3)) set.add(prefix);
    for (const prefix of first.slice(0, 1_000)) set.delete(prefix);
    const addresses = Array.from({ length: ASKED }, (_, i) => {
      const near = (first[random(first.length)] as Prefix).address;
      return i % 2 === 0 ? near : near ^ BigInt(1 << random(20));
    });
    const expected = addresses.filter((address) => set.covers(address)).length;
    expect(expected).toBeGreaterThan(ASKED / 4);
    expect(ask.found(addresses)).toBe(expected);
    ask.close();
  });

  test('no program misses a member while others come and go', async () => {
    const members = randomPrefixes(ASKED, bits, 5);
    using set = createPrefixSet({ name: 'set', family, prefixes: members, memory: 16 * MIB });
    const ask = asker(set);
    ask.prepare(members.map(({ address }) => address));
    // The updates run here, the lookups in a process of their own.
    const script = new URL('./prefix-set-lookups.ts', import.meta.url).pathname;
    const args = ['--import', 'tsx', script, ask.programId, ROUNDS, ASKED].map(String);
    const lookups = spawn(process.execPath, args, { stdio: 'inherit' });
    let changes = 0;
    let running = true;
    const ended = new Promise<number | null>((resolve) => lookups.once('exit', resolve)).finally(() => {
      running = false;
    });
    const others = randomPrefixes(300, bits, 6).filter((prefix) => !set.has(prefix));
    while (running) {
      for (const prefix of others) if (set.add(prefix)) changes++;
      for (const prefix of others) if (set.delete(prefix)) changes++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await ended).toBe(0);
    expect(ask.hits()).toBe(ROUNDS * ASKED);
    expect(changes).toBeGreaterThan(2_000);
    ask.close();
  });

  test('a full one says so by its name', () => {
    const memory = 4096;
    const many = randomPrefixes(2_000, bits, 7);
    const { problems } = caught(() => createPrefixSet({ name: 'small', family, prefixes: many, memory }));
    expect(problems[0]).toMatchObject({ code: 'kernel/set-full' });
    expect(problems[0]?.message).toContain('"small"');
  });
});
