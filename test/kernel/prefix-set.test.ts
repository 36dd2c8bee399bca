import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { createAssembler, link, patchMaps, R0, R1, R6, R7 } from '../../src/asm/index.ts';
import {
  BPF_F_MMAPABLE,
  createMapHandle,
  createPrefixSet,
  emitSetLookup,
  loadProgram,
  mapMemory,
  type Prefix,
  type PrefixSet,
  readProgramInfo,
  testRun,
} from '../../src/kernel/index.ts';
import { createRandom } from '../../src/policy/testing/classbench.ts';
import { caught } from './caught.ts';

const MIB = 2 ** 20;
const bitsOf = { v4: 32, v6: 128 } as const;

/** A program that says of the addresses in a map, one after the other, whether they are in the set. */
function asker(set: PrefixSet) {
  const addresses = createMapHandle({
    type: 'array',
    name: 'addresses',
    keySize: 4,
    valueSize: ASKED * 16 + 16,
    maxEntries: 1,
    flags: BPF_F_MMAPABLE,
  });
  const memory = mapMemory(addresses);
  const halves = new BigUint64Array(memory.buffer);
  const a = createAssembler('ask');
  a.loadMapValue(R6, 'addresses', 0);
  a.load('u64', R7, R6, 0);
  a.mov(R1, R7);
  a.add(R1, 1);
  a.store('u64', R6, 0, R1);
  a.and(R7, ASKED - 1);
  a.lsh(R7, 4);
  a.add(R7, R6);
  emitSetLookup(a, { map: 'set', family: set.family, capacity: set.capacity }, { base: R7, hi: 16, lo: 24 }, 'yes');
  a.mov(R0, 0);
  a.exit();
  a.label('yes');
  a.loadMapValue(R6, 'addresses', 0);
  a.load('u64', R1, R6, 8);
  a.add(R1, 1);
  a.store('u64', R6, 8, R1);
  a.mov(R0, 1);
  a.exit();
  const maps: Record<string, number> = { addresses: addresses.fd, set: set.map.fd };
  const program = loadProgram({
    type: 'xdp',
    name: 'ask',
    code: patchMaps(link(a.finish(), []), (name) => maps[name]),
  });
  function prepare(list: readonly bigint[]): void {
    list.forEach((address, i) => {
      halves[2 + 2 * i] = address >> 64n;
      halves[3 + 2 * i] = BigInt.asUintN(64, address);
    });
    halves[0] = 0n;
    halves[1] = 0n;
  }
  return {
    programId: readProgramInfo(program).id,
    prepare,
    /** How many of the addresses asked about since `prepare` were found. */
    hits: () => Number(halves[1]),
    /** How many of the addresses are found. */
    found(list: readonly bigint[]): number {
      prepare(list);
      testRun(program, { data: new Uint8Array(60), repeat: list.length });
      return Number(halves[1]);
    },
    close() {
      program.close();
      memory.close();
      addresses.close();
    },
  };
}

const ROUNDS = 400;
/** A power of two. */
const ASKED = 1024;

function randomPrefixes(count: number, bits: 32 | 128, seed: number): Prefix[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const length = bits - ([0, 0, 0, 8, 8, random(16)][random(6)] as number);
    let address = 0n;
    for (let i = 0; i < bits; i += 32) address = (address << 32n) | BigInt(random(2 ** 32));
    const behind = BigInt(bits - length);
    return { address: (address >> behind) << behind, length };
  });
}

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
