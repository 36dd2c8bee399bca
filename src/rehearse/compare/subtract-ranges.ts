import type { AddressRanges } from '../../prefix-set/ranges.ts';

/** The addresses of `some` that are not in `others`. */
export function subtractRanges(some: AddressRanges, others: AddressRanges): AddressRanges {
  return {
    v4: Uint32Array.from(subtract(pairs4(some.v4), pairs4(others.v4)).flat(), Number),
    v6: BigUint64Array.from(
      subtract(pairs6(some.v6), pairs6(others.v6)).flatMap((pair) =>
        pair.flatMap((value) => [value >> 64n, value & LOW]),
      ),
    ),
  };
}

const LOW = 0xffff_ffff_ffff_ffffn;

type Pair = [lo: bigint, hi: bigint];

function* pairs4(words: Uint32Array): Generator<Pair> {
  for (let at = 0; at < words.length; at += 2) yield [BigInt(words[at] as number), BigInt(words[at + 1] as number)];
}

function* pairs6(words: BigUint64Array): Generator<Pair> {
  const joined = (at: number): bigint => ((words[at] as bigint) << 64n) | (words[at + 1] as bigint);
  for (let at = 0; at < words.length; at += 4) yield [joined(at), joined(at + 2)];
}

/** One pass over both, which are sorted and disjoint; only what is left is kept. */
function subtract(some: Generator<Pair>, others: Generator<Pair>): Pair[] {
  const left: Pair[] = [];
  let other = others.next();
  for (const [lo, hi] of some) {
    let from = lo;
    while (!other.done && other.value[1] < from) other = others.next();
    while (!other.done && other.value[0] <= hi && from <= hi) {
      if (other.value[0] > from) left.push([from, other.value[0] - 1n]);
      from = other.value[1] + 1n;
      if (other.value[1] > hi) break;
      other = others.next();
    }
    if (from <= hi) left.push([from, hi]);
  }
  return left;
}
