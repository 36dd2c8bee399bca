import type { LabHost } from '../../../src/lab/index.ts';
import type { Prefix } from '../../../src/policy/testing/classbench.ts';
import type { Family } from '../../../src/policy/testing/header-frames.ts';
import type { TearDown } from '../../peers/peer.ts';
import type { MeasuredList } from '../lists.ts';

/** A way to put a list of rules in force, each of which drops, and what none of them matches, too. */
export interface RulePeer {
  readonly id: string;
  readonly title: string;
  /** More rules are not tried: a packet would take milliseconds, or loading minutes. */
  readonly most: number;
  /** Whether it can say what the list says. */
  readonly takes: (list: MeasuredList) => boolean;
  /** Throws where this machine cannot do it; the message becomes part of the results. */
  readonly load: (host: LabHost, list: MeasuredList) => Promise<Loaded>;
}

export interface Loaded {
  /** Undoes what the end of the namespace does not. */
  readonly tearDown?: TearDown;
  /** In what the rules were put, where that is not plain. */
  readonly how?: string;
  /** Why not in something better. */
  readonly note?: string;
}

export function prefixText({ address, length }: Prefix, family: Family): string {
  return `${addressText(address, family)}/${length}`;
}

export function addressText(address: bigint, family: Family): string {
  if (family === 'v4') return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
  return Array.from({ length: 8 }, (_, i) => ((address >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':');
}

export const isAny = ([lo, hi]: readonly [number, number]): boolean => lo === 0 && hi === 65_535;

/** Whether the peers ask for ports where a rule has this protocol. */
export const hasPorts = (protocol: number | undefined): boolean => protocol === 6 || protocol === 17;
