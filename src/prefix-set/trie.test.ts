import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ranges, sortedRanges4, sortedRanges6 } from './testing/ranges.ts';
import { buildTrie } from './trie.ts';
import { trieBits, trieDepth, trieKind } from './word.ts';

const field = (word: bigint, name: keyof typeof trieBits): number =>
  Number((word >> BigInt(trieBits[name].shift)) & BigInt(trieBits[name].mask));

/** What the generated code does, word by word. */
function contains(words: BigUint64Array, bits: 32 | 128, address: bigint): boolean {
  const halves = bits === 32 ? [address, address] : [address >> 64n, address & ((1n << 64n) - 1n)];
  let word = words[0] as bigint;
  let depth = 0;
  while (field(word, 'kind') === trieKind.NODE) {
    expect(++depth).toBeLessThanOrEqual(bits === 32 ? trieDepth.v4 : trieDepth.v6);
    const half = halves[field(word, 'lowHalf')] as bigint;
    const child = Number((half >> BigInt(field(word, 'shift'))) & BigInt(field(word, 'mask')));
    word = words[field(word, 'index') + child] as bigint;
  }
  if (field(word, 'kind') === trieKind.NONE) return false;
  if (field(word, 'kind') === trieKind.ALL) return true;
  const shift = BigInt(field(word, 'shift'));
  if (bits === 32) return (address ^ BigInt(field(word, 'index'))) >> shift === 0n;
  const [hi, lo] = [words[field(word, 'index')] as bigint, words[field(word, 'index') + 1] as bigint];
  if (field(word, 'lowHalf') === 0) return ((halves[0] as bigint) ^ hi) >> shift === 0n;
  return halves[0] === hi && ((halves[1] as bigint) ^ lo) >> shift === 0n;
}

/** The addresses at which an answer could be wrong: the ends of each range and their neighbours. */
const edges = (list: readonly [bigint, bigint][], bits: number): bigint[] =>
  [...list.flatMap(([lo, hi]) => [lo - 1n, lo, (lo + hi) / 2n, hi, hi + 1n]), 0n].filter(
    (a) => a >= 0n && a >> BigInt(bits) === 0n,
  );

test('an IPv4 trie holds the addresses of its ranges and no others', () => {
  fc.assert(
    fc.property(sortedRanges4(), fc.array(fc.nat(0xffff_ffff)), (v4, others) => {
      const words = buildTrie(ranges({ v4 }), 'v4');
      const list = v4.map(([lo, hi]): [bigint, bigint] => [BigInt(lo), BigInt(hi)]);
      for (const address of [...edges(list, 32), ...others.map(BigInt)]) {
        expect(contains(words, 32, address)).toBe(list.some(([lo, hi]) => lo <= address && address <= hi));
      }
    }),
  );
});

test('an IPv6 trie holds the addresses of its ranges and no others', () => {
  fc.assert(
    fc.property(sortedRanges6(), (v6) => {
      const words = buildTrie(ranges({ v6 }), 'v6');
      for (const address of edges(v6, 128)) {
        expect(contains(words, 128, address)).toBe(v6.some(([lo, hi]) => lo <= address && address <= hi));
      }
    }),
  );
});

test('a thousand random addresses take less than 64 bytes each', () => {
  let seed = 1;
  const addresses = Array.from({ length: 1000 }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed;
  }).sort((a, b) => a - b);
  const words = buildTrie(ranges({ v4: addresses.map((a): [number, number] => [a, a]) }), 'v4');
  expect(words.byteLength).toBeLessThan(64_000);
});
