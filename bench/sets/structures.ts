import { hashPerLength, lpmTrie } from './kernel-maps.ts';
import { prefixSet } from './prefix-set.ts';
import type { Structure } from './structure.ts';

/** What is measured against each other. A set that does more, such as count, is one of its own here. */
export const structures: readonly Structure[] = [prefixSet, lpmTrie, hashPerLength];
