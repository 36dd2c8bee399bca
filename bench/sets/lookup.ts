import { type Assembler, createAssembler, link, patchMaps, R0, R1, R3, R7, R9 } from '../../src/asm/index.ts';
import {
  BPF_F_MMAPABLE,
  createMapHandle,
  loadProgram,
  mapMemory,
  type Program,
  testRun,
} from '../../src/kernel/index.ts';
import { type Sample, sampleOf } from '../results.ts';
import type { Filled } from './structure.ts';

/** Different addresses, a power of two. */
export const ADDRESSES = 131_072;
const REPEAT = 400_000;
const ROUNDS = 5;
/** Knuth's multiplicative hash: an order in which no address is next to the one before. */
const SCRAMBLE = 0x9e3779b1;

/** Addresses in memory that programs can read, to look them up. */
export interface AddressArray {
  /** Nanoseconds of a lookup, over a program that only picks the address and waits for it. */
  measure(structure: Filled): Sample;
  /** How many of the addresses are covered. */
  hits(structure: Filled): number;
  close(): void;
}

/** @param addresses as many as `ADDRESSES` */
export function createAddressArray(addresses: readonly bigint[]): AddressArray {
  const shape = { type: 'array', keySize: 4, maxEntries: 1, flags: BPF_F_MMAPABLE } as const;
  const list = createMapHandle({ ...shape, name: 'addresses', valueSize: ADDRESSES * 16 });
  // How many have been asked, which names the next address, and how many of them were found.
  const counts = createMapHandle({ ...shape, name: 'counts', valueSize: 16 });
  const memory = mapMemory(list);
  const halves = new BigUint64Array(memory.buffer);
  addresses.forEach((address, i) => {
    halves[2 * i] = address >> 64n;
    halves[2 * i + 1] = BigInt.asUintN(64, address);
  });
  memory.close();
  const mapped = mapMemory(counts);
  const counted = new BigUint64Array(mapped.buffer, 0, 2);

  function load(structure: Filled | undefined, counting: 'counting' | 'only looking'): Program {
    const a = createAssembler('ask');
    a.loadMapValue(R9, 'counts', 0);
    a.load('u64', R1, R9, 0);
    a.mov(R3, R1);
    a.add(R3, 1);
    a.mul32(R1, SCRAMBLE);
    a.and32(R1, ADDRESSES - 1);
    a.lsh(R1, 4);
    a.loadMapValue(R7, 'addresses', 0);
    a.add(R7, R1);
    a.load('u64', R1, R7, 8);
    // The next address is only known when this one has arrived: a lookup does not wait for it again.
    a.and(R1, 0);
    a.add(R3, R1);
    a.store('u64', R9, 0, R3);
    structure?.emit(a, 'yes');
    a.mov(R0, 0);
    a.exit();
    if (structure) {
      a.label('yes');
      if (counting === 'counting') emitCountHit(a);
      a.mov(R0, 1);
      a.exit();
    }
    const maps: Readonly<Record<string, number>> = { addresses: list.fd, counts: counts.fd, ...structure?.maps };
    return loadProgram({ type: 'xdp', name: 'ask', code: patchMaps(link(a.finish(), []), (name) => maps[name]) });
  }
  const run = (program: Program, repeat: number): number =>
    testRun(program, { data: new Uint8Array(60), repeat }).durationNs;

  return {
    measure(structure) {
      using subject = load(structure, 'only looking');
      using harness = load(undefined, 'only looking');
      return sampleOf(Array.from({ length: ROUNDS }, () => run(subject, REPEAT) - run(harness, REPEAT)));
    },
    hits(structure) {
      using program = load(structure, 'counting');
      counted.fill(0n);
      run(program, ADDRESSES);
      return Number(counted[1]);
    },
    close() {
      mapped.close();
      for (const map of [list, counts]) map.close();
    },
  };
}

function emitCountHit(asm: Assembler): void {
  asm.loadMapValue(R9, 'counts', 0);
  asm.load('u64', R1, R9, 8);
  asm.add(R1, 1);
  asm.store('u64', R9, 8, R1);
}
