import type { Address } from '../../packet/address.ts';
import { parseAddress } from '../../packet/address.ts';
import type { AddressMatch, AddressOperand, AddressRanges, CheckedPolicy } from '../../policy/checked.ts';
import type { Random } from '../../policy/random.ts';
import { type Dice, MOST_RANGES } from './dice.ts';

type Family = Address['family'];

/** Documentation addresses (RFC 5737, RFC 3849): what a packet has where its rule does not say. */
const usual = {
  src: { 4: address('198.51.100.7'), 6: address('2001:db8:1::7') },
  dst: { 4: address('192.0.2.10'), 6: address('2001:db8::10') },
} as const;

/** How often an address is drawn anew that the match excludes, and how many edges are then tried in order. */
const TRIES = 16;
const MOST_EDGES = 4096;

/** An address of the family for which the match is true. Undefined where none was found. */
export function drawAddress(
  match: AddressMatch | undefined,
  end: 'src' | 'dst',
  family: Family,
  policy: CheckedPolicy,
  dice: Dice,
): Address | undefined {
  const { any, none } = rangesOf(match, family, policy);
  const open = match === undefined || match.any.length === 0;
  const isExcluded = (value: bigint): boolean => none.some((ranges) => rangeHolding(ranges, value) !== undefined);
  const first = numberOf(usual[end][family]);
  if (open && (dice.plain || dice.random(2) === 0) && !isExcluded(first)) return toAddress(family, first);
  const lists = open ? [everything(family)] : any.filter(({ count }) => count > 0);
  if (lists.length === 0) return undefined;
  for (let turn = 0; turn < TRIES; turn++) {
    const value = drawFrom(lists, dice.plain && turn === 0, dice.random);
    if (!isExcluded(value)) return toAddress(family, value);
  }
  const edge = firstEdge(lists, none, isExcluded);
  return edge === undefined ? undefined : toAddress(family, edge);
}

/** Next to the range of the match that holds `at`, what is excluded, and where the ranges begin; without `at` itself. */
export function edgeAddresses(match: AddressMatch, at: Address, policy: CheckedPolicy): Address[] {
  const { any, none } = rangesOf(match, at.family, policy);
  const last = lastOf(at.family);
  const held = any.map((ranges) => rangeHolding(ranges, numberOf(at))).find((range) => range !== undefined);
  const around = held === undefined ? [] : [held.hi + 1n, held.lo - 1n, held.hi];
  const begins = any.flatMap((ranges) =>
    Array.from({ length: Math.min(ranges.count, MOST_RANGES) }, (_, index) => ranges.at(index).lo),
  );
  const excluded = none.filter(({ count }) => count > 0).map((ranges) => ranges.at(0).lo);
  return [...new Set([...around, ...excluded, ...begins])]
    .filter((value) => value >= 0n && value <= last && value !== numberOf(at))
    .map((value) => toAddress(at.family, value));
}

/** Ranges of one family by their place, without an object each: sets have them by the million. */
interface Ranges {
  readonly count: number;
  at(index: number): { readonly lo: bigint; readonly hi: bigint };
}

function rangesOf(match: AddressMatch | undefined, family: Family, policy: CheckedPolicy) {
  const read = (operand: AddressOperand): Ranges =>
    viewOf(operand.kind === 'ranges' ? operand.ranges : policy.sets.get(operand.set)?.ranges, family);
  return { any: (match?.any ?? []).map(read), none: (match?.none ?? []).map(read) };
}

function viewOf(ranges: AddressRanges | undefined, family: Family): Ranges {
  if (ranges === undefined) return { count: 0, at: () => ({ lo: 0n, hi: 0n }) };
  const { v4, v6 } = ranges;
  if (family === 4) {
    return {
      count: v4.length >> 1,
      at: (index) => ({ lo: BigInt(v4[2 * index] as number), hi: BigInt(v4[2 * index + 1] as number) }),
    };
  }
  const joined = (at: number): bigint => ((v6[at] as bigint) << 64n) | (v6[at + 1] as bigint);
  return { count: v6.length >> 2, at: (index) => ({ lo: joined(4 * index), hi: joined(4 * index + 2) }) };
}

const everything = (family: Family): Ranges => ({ count: 1, at: () => ({ lo: 0n, hi: lastOf(family) }) });

/** By halves, for they are sorted and disjoint. */
function rangeHolding(ranges: Ranges, value: bigint): { readonly lo: bigint; readonly hi: bigint } | undefined {
  let [first, behind] = [0, ranges.count];
  while (first < behind) {
    const middle = (first + behind) >> 1;
    const range = ranges.at(middle);
    if (value < range.lo) behind = middle;
    else if (value > range.hi) first = middle + 1;
    else return range;
  }
  return undefined;
}

/** Plain: behind the first address of the first range, which in a prefix names the network. */
function drawFrom(lists: readonly Ranges[], plain: boolean, random: Random): bigint {
  const ranges = lists[plain ? 0 : random(lists.length)] as Ranges;
  const { lo, hi } = ranges.at(plain ? 0 : random(ranges.count));
  if (plain) return hi - lo >= 2n ? lo + 1n : lo;
  return lo + (randomWord(random) % (hi - lo + 1n));
}

function randomWord(random: Random): bigint {
  let word = 0n;
  for (let turn = 0; turn < 4; turn++) word = (word << 32n) | BigInt(random(2 ** 32));
  return word;
}

/** The least address that is held and not excluded is where a range begins or behind one that is excluded. */
function firstEdge(
  lists: readonly Ranges[],
  none: readonly Ranges[],
  isExcluded: (value: bigint) => boolean,
): bigint | undefined {
  const isHeld = (value: bigint): boolean => lists.some((ranges) => rangeHolding(ranges, value) !== undefined);
  for (const ranges of lists) {
    for (let index = 0; index < Math.min(ranges.count, MOST_EDGES); index++) {
      const { lo } = ranges.at(index);
      if (!isExcluded(lo)) return lo;
    }
  }
  for (const ranges of none) {
    for (let index = 0; index < Math.min(ranges.count, MOST_EDGES); index++) {
      const behind = ranges.at(index).hi + 1n;
      if (isHeld(behind) && !isExcluded(behind)) return behind;
    }
  }
  return undefined;
}

const lastOf = (family: Family): bigint => (1n << (family === 4 ? 32n : 128n)) - 1n;

const numberOf = ({ hi, lo }: Address): bigint => (hi << 64n) | lo;

const toAddress = (family: Family, value: bigint): Address => ({
  family,
  hi: value >> 64n,
  lo: value & 0xffff_ffff_ffff_ffffn,
});

function address(text: string): Address {
  return parseAddress(text) as Address;
}
