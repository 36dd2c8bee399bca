import type { Policy } from './schema.ts';

/**
 * A policy in TypeScript, checked by the compiler as it is typed:
 * `export default definePolicy({ version: 1, interfaces: ['eth0'], ingress: { default: 'drop' } })`.
 * Returns what it is given.
 */
export function definePolicy<const P extends Policy>(policy: P): P {
  return policy;
}
