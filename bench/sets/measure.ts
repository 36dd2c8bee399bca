import type { Prefix } from '../../src/kernel/index.ts';
import type { Sample } from '../results.ts';
import type { SetCase } from './cases.ts';
import { kernelBytes, settledKernelBytes } from './kernel-bytes.ts';
import { ADDRESSES, type AddressArray, createAddressArray } from './lookup.ts';
import { askedAddresses, type Prefixes, prefixAt, prefixList, randomPrefixes } from './prefixes.ts';
import type { Structure } from './structure.ts';
import { structures } from './structures.ts';
import { textFileSeconds } from './text-file.ts';
import { type UpdateTimes, updateTimes } from './update-times.ts';

/** What a set of prefixes costs, in each of the structures that are tried with so many. */
export interface SetCost extends SetCase {
  readonly structures: readonly StructureCost[];
  /** From a text file to a trie, seconds: read, check, build. */
  readonly fromFile?: number;
}

export interface StructureCost {
  readonly id: string;
  readonly title: string;
  /** Nanoseconds, over a program that only picks the address and waits for it. */
  readonly lookup: Sample;
  readonly fillSeconds: number;
  /** By which the kernel's memory grew, bytes. */
  readonly memory: number;
  /** Bytes of the map, and of it in use, where these are known. */
  readonly bytes?: number;
  readonly used?: number;
  readonly update: UpdateTimes;
}

/** Single updates that are timed, each of them a prefix that comes and goes. */
const UPDATES = 2_000;

/** Measures one set. Throws where a structure does not find the addresses that are covered, and no others. */
export function measureSet(one: SetCase): SetCost {
  if (one.unavailable !== undefined) return { ...one, structures: [] };
  const { family, members } = one;
  const prefixes = randomPrefixes(members, family);
  const array = createAddressArray(askedAddresses(prefixes, ADDRESSES));
  try {
    const others = othersThan(prefixes);
    const measured = structures
      .filter(({ most }) => members <= most)
      .map((structure) => costOf(structure, prefixes, others, array));
    return { ...one, structures: measured, fromFile: textFileSeconds(prefixes) };
  } finally {
    array.close();
  }
}

function costOf(
  { id, title, fill }: Structure,
  prefixes: Prefixes,
  others: readonly Prefix[],
  array: AddressArray,
): StructureCost {
  const before = settledKernelBytes();
  const started = performance.now();
  const filled = fill(prefixes);
  const fillSeconds = Number(((performance.now() - started) / 1000).toFixed(3));
  try {
    const memory = Math.max(0, kernelBytes() - before);
    const { bytes, usedBytes } = filled;
    const hits = array.hits(filled);
    if (hits !== ADDRESSES / 2) throw new Error(`${title} finds ${hits} of ${ADDRESSES} addresses, not half of them`);
    return {
      id,
      title,
      lookup: array.measure(filled),
      fillSeconds,
      memory,
      ...(bytes !== undefined && { bytes }),
      ...(usedBytes !== undefined && { used: usedBytes }),
      update: updateTimes(filled, others),
    };
  } finally {
    filled.close();
  }
}

/** Prefixes like the members, none of which is one. */
function othersThan(members: Prefixes): Prefix[] {
  const keyOf = ({ address, length }: Prefix): string => `${address}/${length}`;
  const drawn = prefixList(randomPrefixes(UPDATES + 100, members.family, 4_711));
  const others = new Map(drawn.map((one) => [keyOf(one), one]));
  for (let i = 0; i < members.lengths.length; i++) others.delete(keyOf(prefixAt(members, i)));
  return [...others.values()].slice(0, UPDATES);
}
