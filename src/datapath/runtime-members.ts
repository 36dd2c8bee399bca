import type { Prefix } from '../kernel/index.ts';
import { createPrefixMap, type PrefixMap } from '../prefix-set/prefix-map.ts';

export type Family = 'v4' | 'v6';

/** A member that was added to a dynamic set at run time. */
export interface RuntimeMember {
  readonly family: Family;
  readonly prefix: Prefix;
  /** When it is no longer found, on the clock of `performance.now()`; Infinity: it stays until it is removed. */
  readonly endsAtMs: number;
}

/** One call's changes to one set. */
export interface MemberChange {
  readonly set: string;
  readonly added?: readonly RuntimeMember[];
  readonly removed?: readonly RuntimeMember[];
}

/**
 * What was added to dynamic sets at run time, over what the policy and its files list. It outlives generations: each
 * one's maps are filled from it. Sets that the policy in force does not have are kept, for the one after may.
 */
export interface RuntimeMembers {
  /** Undefined as well where its time is over. */
  find(set: string, family: Family, prefix: Prefix): RuntimeMember | undefined;
  /** Those whose time is not over. */
  of(set: string, family: Family): Generator<RuntimeMember>;
  sets(): readonly string[];
  apply(change: MemberChange): void;
  /** Hears of each change after it was made: who keeps them on disk. */
  onChange(listener: (change: MemberChange) => void): void;
  /** Forgets those whose time is over, for so long at most; it goes on from where it was the last time. */
  prune(maxMs: number): void;
}

export function createRuntimeMembers(): RuntimeMembers {
  const sets = new Map<string, Record<Family, PrefixMap<RuntimeMember>>>();
  let listener: (change: MemberChange) => void = () => {};
  let walk: Generator<void> | undefined;

  function* pruning(): Generator<void> {
    for (const byFamily of [...sets.values()]) {
      for (const members of [byFamily.v4, byFamily.v6]) {
        for (const { prefix, endsAtMs } of members.values()) {
          if (endsAtMs <= performance.now()) members.delete(prefix);
          yield;
        }
      }
    }
  }

  function membersOf(set: string): Record<Family, PrefixMap<RuntimeMember>> {
    let members = sets.get(set);
    if (members === undefined) {
      members = { v4: createPrefixMap(32), v6: createPrefixMap(128) };
      sets.set(set, members);
    }
    return members;
  }

  return {
    find(set, family, prefix) {
      const member = sets.get(set)?.[family].get(prefix);
      return member && member.endsAtMs > performance.now() ? member : undefined;
    },
    *of(set, family) {
      for (const member of sets.get(set)?.[family].values() ?? []) {
        if (member.endsAtMs > performance.now()) yield member;
      }
    },
    sets: () => [...sets.keys()],
    apply(change) {
      const members = membersOf(change.set);
      for (const member of change.added ?? []) members[member.family].set(member.prefix, member);
      for (const { family, prefix } of change.removed ?? []) members[family].delete(prefix);
      listener(change);
    },
    onChange: (next) => {
      listener = next;
    },
    prune(maxMs) {
      const end = performance.now() + maxMs;
      walk ??= pruning();
      while (performance.now() < end) {
        if (walk.next().done) {
          walk = undefined;
          return;
        }
      }
    },
  };
}

/** As an option of PrefixSet.add: until that moment. */
export const untilMs = (endsAtMs: number): { readonly ttlMs?: number } =>
  endsAtMs === Number.POSITIVE_INFINITY ? {} : { ttlMs: Math.max(0, endsAtMs - performance.now()) };

/** The moment that is so far from now; Infinity where no time is given. */
export const momentIn = (ttlMs: number | undefined): number =>
  ttlMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + ttlMs;
