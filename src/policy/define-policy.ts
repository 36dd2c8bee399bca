import type { Policy } from './schema/policy.ts';

/**
 * A policy in TypeScript, checked by the compiler as it is typed:
 * `export default definePolicy({ version: 1, interfaces: ['eth0'], ingress: { default: 'drop' } })`.
 * Returns what it is given.
 */
export function definePolicy(policy: Policy): Policy {
  return policy;
}
