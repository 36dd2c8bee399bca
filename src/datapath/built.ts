import { sourceKey } from '../policy/check/set-source.ts';
import type { AddressSet, CheckedPolicy } from '../policy/checked.ts';
import type { Generation } from './generation.ts';
import type { PutInForce } from './put-in-force.ts';
import type { EnforcementState, GenerationState } from './state.ts';

/** A generation of this process, and what others know of it. */
export interface Built {
  readonly generation: Generation;
  readonly policy: CheckedPolicy;
  readonly state: GenerationState;
}

export function builtOf({ generation, state }: PutInForce, policy: CheckedPolicy): Built {
  return { generation, policy, state: (state.change?.after ?? state.settled) as GenerationState };
}

/** With what is known of it by now. */
export function restated(one: Built, { settled, change }: EnforcementState): Built {
  const state = [change?.after, settled].find((each) => each?.generation === one.state.generation);
  return state ? { ...one, state } : one;
}

/** The policy with the members that sets have been given since. */
export function withSetsOf(policy: CheckedPolicy, sets: CheckedPolicy['sets']): CheckedPolicy {
  const fresh = [...policy.sets].map(([name, set]) => {
    const now = sets.get(name);
    const isFollowed = now?.file !== undefined && sourceKey(now) === sourceKey(set);
    return [name, isFollowed ? { ...set, ...contentOf(now) } : set] as const;
  });
  return { ...policy, sets: new Map(fresh) };
}

const contentOf = ({ ranges, members }: AddressSet): Pick<AddressSet, 'ranges' | 'members'> => ({
  ranges,
  ...(members && { members }),
});
