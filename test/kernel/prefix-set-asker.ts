import { createAssembler, link, patchMaps, R0, R1, R6, R7, R10 } from '../../src/asm/index.ts';
import {
  BPF_F_MMAPABLE,
  createMapHandle,
  emitSetLookup,
  loadProgram,
  mapMemory,
  type Prefix,
  type PrefixSet,
  readProgramInfo,
  testRun,
} from '../../src/kernel/index.ts';
import { createRandom } from '../../src/policy/testing/classbench.ts';

export const bitsOf = { v4: 32, v6: 128 } as const;

/** A power of two. */
export const ASKED = 1024;
export const FRAME_BYTES = 60;

/** A program that says of the addresses in a map, one after the other, whether they are in the set. */
export function asker(set: PrefixSet) {
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
  const { family, capacity, records } = set;
  a.store('u32', R10, -8, FRAME_BYTES);
  const address = { base: R7, hi: 16, lo: 24 };
  emitSetLookup(a, { map: 'set', family, capacity, records }, address, 'yes', { base: R10, offset: -8 });
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
    program,
    programId: readProgramInfo(program).id,
    prepare,
    /** How many of the addresses asked about since `prepare` were found. */
    hits: () => Number(halves[1]),
    /** How many of the addresses are found. */
    found(list: readonly bigint[]): number {
      prepare(list);
      testRun(program, { data: new Uint8Array(FRAME_BYTES), repeat: list.length });
      return Number(halves[1]);
    },
    close() {
      program.close();
      memory.close();
      addresses.close();
    },
  };
}

export function randomPrefixes(count: number, bits: 32 | 128, seed: number): Prefix[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const length = bits - ([0, 0, 0, 8, 8, random(16)][random(6)] as number);
    let address = 0n;
    for (let i = 0; i < bits; i += 32) address = (address << 32n) | BigInt(random(2 ** 32));
    const behind = BigInt(bits - length);
    return { address: (address >> behind) << behind, length };
  });
}
