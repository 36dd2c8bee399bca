/** `npx tsx bench/sets.ts`: what sets of prefixes cost, beside the kernel's own LPM trie. As root. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createAssembler,
  kernelFunctions,
  link,
  patchMaps,
  R0,
  R1,
  R2,
  R3,
  R7,
  R8,
  R9,
  R10,
} from '../src/asm/index.ts';
import {
  BPF_F_MMAPABLE,
  bytes as bytesOf,
  createMapHandle,
  createPrefixSet,
  emitSetLookup,
  loadProgram,
  type MapHandle,
  mapMemory,
  type Prefix,
  type Program,
  testRun,
  typedMap,
} from '../src/kernel/index.ts';
import { readSetFile } from '../src/policy/check/set-file.ts';
import { createRandom } from '../src/policy/testing/classbench.ts';
import { buildTrie } from '../src/prefix-set/trie.ts';
import { sampleOf } from './results.ts';

const ADDRESSES = 131_072;
const REPEAT = 400_000;
const ROUNDS = 5;
const BPF_F_NO_PREALLOC = 1;

for (const [family, count] of [
  ['v4', 1_000],
  ['v4', 100_000],
  ['v4', 1_000_000],
  ['v6', 200_000],
] as const) {
  const prefixes = randomPrefixes(count, family);
  const memory = 2 ** Math.ceil(Math.log2(count * (family === 'v4' ? 50 : 120) + 2 ** 20));
  const started = performance.now();
  using set = createPrefixSet({ name: 'set', family, prefixes, memory });
  const build = performance.now() - started;
  const addresses = asked(prefixes, family);
  const ours = measure(
    addresses,
    (a) => {
      emitSetLookup(a, { map: 'set', family, capacity: set.capacity }, { base: R7, hi: 0, lo: 8 }, 'yes');
      a.label('yes');
    },
    set.map,
  );
  const kernel = count <= 1_000_000 ? lpmCost(prefixes, addresses, family) : undefined;
  const updates = updateTimes(set, family);
  console.log(`${count.toLocaleString('en')} IP${family}: lookup ${ours.median} ns (${ours.min} to ${ours.max}), the kernel's LPM trie ${kernel?.median ?? '-'} ns
  built in ${(build / 1000).toFixed(2)} s, ${((set.used * 8) / 2 ** 20).toFixed(1)} MiB used of ${memory / 2 ** 20}
  a prefix added or taken out: p50 ${updates.p50} us, p99 ${updates.p99} us, longest ${updates.longest} us`);
}
console.log(`a text file of a million prefixes: ${fileSeconds().toFixed(2)} s to read, check and build`);

/** 60 in a hundred single addresses, 25 of 8 bits less, the rest of up to 16 bits less. */
function randomPrefixes(count: number, family: 'v4' | 'v6'): Prefix[] {
  const random = createRandom(count);
  const bits = family === 'v4' ? 32 : 128;
  return Array.from({ length: count }, () => {
    const kind = random(100);
    const length = bits - (kind < 60 ? 0 : kind < 85 ? 8 : 1 + random(16));
    const behind = BigInt(bits - length);
    return { address: (randomAddress(random, bits) >> behind) << behind, length };
  });
}

function randomAddress(random: (below: number) => number, bits: number): bigint {
  let address = 0n;
  for (let i = 0; i < bits; i += 16) address = (address << 16n) | BigInt(random(65_536));
  return address;
}

/** Half of them covered by a member. */
function asked(prefixes: readonly Prefix[], family: 'v4' | 'v6'): bigint[] {
  const random = createRandom(99);
  const bits = family === 'v4' ? 32 : 128;
  return Array.from({ length: ADDRESSES }, (_, i) => {
    if (i % 2 === 0) return randomAddress(random, bits);
    const { address, length } = prefixes[random(prefixes.length)] as Prefix;
    return address | (randomAddress(random, bits) & ((1n << BigInt(bits - length)) - 1n));
  });
}

/** Nanoseconds over a program that only picks the address and waits for it. */
function measure(
  addresses: readonly bigint[],
  emit: (asm: ReturnType<typeof createAssembler>) => void,
  set: MapHandle,
) {
  const shape = { type: 'array', keySize: 4, maxEntries: 1, flags: BPF_F_MMAPABLE } as const;
  const list = createMapHandle({ ...shape, name: 'addresses', valueSize: ADDRESSES * 16 });
  const next = createMapHandle({ ...shape, name: 'next', valueSize: 8 });
  const memory = mapMemory(list);
  const halves = new BigUint64Array(memory.buffer);
  addresses.forEach((address, i) => {
    halves[2 * i] = address >> 64n;
    halves[2 * i + 1] = BigInt.asUintN(64, address);
  });
  memory.close();
  const load = (withLookup: boolean): Program => {
    const a = createAssembler('ask');
    a.loadMapValue(R9, 'next', 0);
    a.load('u64', R1, R9, 0);
    a.mov(R3, R1);
    a.add(R3, 1);
    a.mul32(R1, 0x9e3779b1);
    a.and32(R1, ADDRESSES - 1);
    a.lsh(R1, 4);
    a.loadMapValue(R7, 'addresses', 0);
    a.add(R7, R1);
    a.load('u64', R1, R7, 8);
    a.and(R1, 0);
    a.add(R3, R1);
    a.store('u64', R9, 0, R3);
    if (withLookup) emit(a);
    a.mov(R0, 0);
    a.exit();
    const maps: Record<string, number> = { addresses: list.fd, next: next.fd, set: set.fd };
    return loadProgram({ type: 'xdp', name: 'ask', code: patchMaps(link(a.finish(), []), (name) => maps[name]) });
  };
  const [subject, harness] = [load(true), load(false)];
  const run = (program: Program): number => testRun(program, { data: new Uint8Array(60), repeat: REPEAT }).durationNs;
  const costs = Array.from({ length: ROUNDS }, () => run(subject) - run(harness));
  for (const one of [subject, harness, list, next]) one.close();
  return sampleOf(costs);
}

function lpmCost(prefixes: readonly Prefix[], addresses: readonly bigint[], family: 'v4' | 'v6') {
  const bytes = family === 'v4' ? 4 : 16;
  const map = createMapHandle({
    type: 'lpm_trie',
    name: 'lpm',
    keySize: 4 + bytes,
    valueSize: 1,
    maxEntries: prefixes.length,
    flags: BPF_F_NO_PREALLOC,
  });
  const entries = typedMap(map, bytesOf(4 + bytes), bytesOf(1));
  for (const { address, length } of prefixes) {
    const key = new Uint8Array(4 + bytes);
    new DataView(key.buffer).setUint32(0, length, true);
    for (let i = 0; i < bytes; i++) key[4 + i] = Number((address >> BigInt(8 * (bytes - 1 - i))) & 0xffn);
    entries.update(key, Uint8Array.of(1));
  }
  const cost = measure(
    addresses,
    (a) => {
      a.store('u32', R10, -24, bytes * 8);
      if (family === 'v4') {
        a.load('u32', R1, R7, 8);
        a.toBigEndian(R1, 32);
        a.store('u32', R10, -20, R1);
      } else {
        for (const [at, to] of [
          [0, -20],
          [8, -12],
        ] as const) {
          a.load('u64', R1, R7, at);
          a.toBigEndian(R1, 64);
          a.mov(R8, R1);
          a.store('u32', R10, to, R8);
          a.rsh(R8, 32);
          a.store('u32', R10, to + 4, R8);
        }
      }
      a.mov(R2, R10);
      a.add(R2, -24);
      a.loadMap(R1, 'set');
      a.call(kernelFunctions.map_lookup_elem);
    },
    map,
  );
  map.close();
  return cost;
}

function updateTimes(set: ReturnType<typeof createPrefixSet>, family: 'v4' | 'v6') {
  const others = randomPrefixes(2_003, family).filter((prefix) => !set.has(prefix));
  const times: number[] = [];
  for (const action of [set.add, set.delete]) {
    for (const prefix of others) {
      const started = performance.now();
      action(prefix);
      times.push((performance.now() - started) * 1000);
    }
  }
  times.sort((a, b) => a - b);
  const at = (part: number): number => Number((times[Math.floor(part * (times.length - 1))] as number).toPrecision(3));
  return { p50: at(0.5), p99: at(0.99), longest: at(1) };
}

function fileSeconds(): number {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const path = join(folder, 'set.txt');
    const text = randomPrefixes(1_000_000, 'v4').map(({ address, length }) => {
      const octets = [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn);
      return `${octets.join('.')}/${length}`;
    });
    writeFileSync(path, `${text.join('\n')}\n`);
    const started = performance.now();
    const result = readSetFile(path, path);
    if ('unreadable' in result || 'problems' in result) throw new Error('the file was not read');
    buildTrie(result.ranges, 'v4');
    return (performance.now() - started) / 1000;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
