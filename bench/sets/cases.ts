import type { Family } from './prefixes.ts';

/** A set that is measured; `id` names it in results, from one run to the next. */
export interface SetCase {
  readonly id: string;
  readonly family: Family;
  readonly members: number;
  /** Why it is not measured. */
  readonly unavailable?: string;
}

export const setCases: readonly SetCase[] = [
  { id: 'v4-1000', family: 'v4', members: 1_000 },
  { id: 'v4-100000', family: 'v4', members: 100_000 },
  { id: 'v4-1000000', family: 'v4', members: 1_000_000 },
  { id: 'v6-200000', family: 'v6', members: 200_000 },
  { id: 'v4-10000000', family: 'v4', members: 10_000_000 },
];
