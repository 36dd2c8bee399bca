import { hashPerLength, lpmTrie } from './kernel-maps.ts';
import { prefixSets } from './prefix-set.ts';
import type { Structure } from './structure.ts';

/** What is measured against each other. */
export const structures: readonly Structure[] = [...prefixSets, lpmTrie, hashPerLength];
