import { type Assembler, kernelFunctions, R0, R1, R2, R7, R8, R10 } from '../../src/asm/index.ts';
import { bytes, createMap, lpmKey, type Prefix } from '../../src/kernel/index.ts';
import { addressBits, type Family, prefixAt } from './prefixes.ts';
import type { Structure } from './structure.ts';

const BPF_F_NO_PREALLOC = 1;
const present = Uint8Array.of(1);
/** Where keys stand on the stack: a length of 4 bytes before the address. */
const KEY = -20;

/** The kernel's own answer to "which prefix is this address in". */
export const lpmTrie: Structure = {
  id: 'lpm-trie',
  title: "the kernel's LPM trie",
  most: 1_000_000,
  fill({ family, ...prefixes }) {
    const addressBytes = addressBits[family] / 8;
    const map = createMap({
      type: 'lpm_trie',
      name: 'lpm',
      key: lpmKey(addressBytes),
      value: bytes(1),
      maxEntries: prefixes.lengths.length + SPARE,
      flags: BPF_F_NO_PREALLOC,
    });
    const keyOf = ({ address, length }: Prefix) => ({ prefixLength: length, data: networkOrder(address, family) });
    for (let i = 0; i < prefixes.lengths.length; i++) map.update(keyOf(prefixAt({ family, ...prefixes }, i)), present);
    return {
      maps: { lpm: map.handle.fd },
      emit(asm, yes) {
        emitAddress(asm, family);
        asm.store('u32', R10, KEY - 4, addressBits[family]);
        emitFind(asm, 'lpm', KEY - 4, yes);
      },
      add: (prefix) => map.update(keyOf(prefix), present),
      delete: (prefix) => void map.delete(keyOf(prefix)),
      close: map.close,
    };
  },
};

/** What one would build of hash maps: one for each length that occurs, asked from the longest to the shortest. */
export const hashPerLength: Structure = {
  id: 'hash-per-length',
  title: 'a hash map for each length',
  most: 1_000_000,
  fill({ family, ...prefixes }) {
    const counts = new Map<number, number>();
    for (const length of prefixes.lengths) counts.set(length, (counts.get(length) ?? 0) + 1);
    const create = (length: number, maxEntries: number) =>
      createMap({
        type: 'hash',
        name: `length_${length}`,
        key: bytes(addressBits[family] / 8),
        value: bytes(1),
        maxEntries,
      });
    const maps = new Map([...counts].map(([length, count]) => [length, create(length, count + SPARE)]));
    const mapOf = (length: number) => maps.get(length) as ReturnType<typeof create>;
    const keyOf = ({ address }: Prefix): Uint8Array => networkOrder(address, family);
    for (let i = 0; i < prefixes.lengths.length; i++) {
      const prefix = prefixAt({ family, ...prefixes }, i);
      mapOf(prefix.length).update(keyOf(prefix), present);
    }
    const lengths = [...maps.keys()].sort((a, b) => b - a);
    return {
      maps: Object.fromEntries([...maps].map(([length, { handle }]) => [`length_${length}`, handle.fd])),
      emit(asm, yes) {
        for (const length of lengths) {
          emitAddress(asm, family, length);
          emitFind(asm, `length_${length}`, KEY, yes);
        }
      },
      add: (prefix) => mapOf(prefix.length).update(keyOf(prefix), present),
      delete: (prefix) => void mapOf(prefix.length).delete(keyOf(prefix)),
      close() {
        for (const map of maps.values()) map.close();
      },
    };
  },
};

/** Room for what is added while updates are measured. */
const SPARE = 4_096;

function networkOrder(address: bigint, family: Family): Uint8Array {
  const data = new Uint8Array(addressBits[family] / 8);
  const view = new DataView(data.buffer);
  if (family === 'v4') view.setUint32(0, Number(address));
  else {
    view.setBigUint64(0, address >> 64n);
    view.setBigUint64(8, BigInt.asUintN(64, address));
  }
  return data;
}

/** Puts the first `length` bits of the address on the stack, in network byte order. */
function emitAddress(asm: Assembler, family: Family, length: number = addressBits[family]): void {
  if (family === 'v4') {
    asm.load('u64', R1, R7, 8);
    maskBehind(asm, 32 - length);
    asm.toBigEndian(R1, 32);
    asm.store('u32', R10, KEY, R1);
    return;
  }
  for (const [at, behind] of [
    [0, Math.min(64, Math.max(0, 64 - length))],
    [8, Math.min(64, 128 - length)],
  ] as const) {
    asm.load('u64', R1, R7, at);
    maskBehind(asm, behind);
    asm.toBigEndian(R1, 64);
    // Two stores: the key is only aligned to 4 bytes.
    asm.mov(R8, R1);
    asm.store('u32', R10, KEY + at, R8);
    asm.rsh(R8, 32);
    asm.store('u32', R10, KEY + at + 4, R8);
  }
}

function maskBehind(asm: Assembler, bits: number): void {
  if (bits === 64) asm.mov(R1, 0);
  else if (bits > 0) {
    asm.rsh(R1, bits);
    asm.lsh(R1, bits);
  }
}

function emitFind(asm: Assembler, map: string, key: number, yes: string): void {
  asm.mov(R2, R10);
  asm.add(R2, key);
  asm.loadMap(R1, map);
  asm.call(kernelFunctions.map_lookup_elem);
  asm.jumpIf(R0, 'ne', 0, yes);
}
