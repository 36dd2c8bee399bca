/** Sluice as a library: policies in TypeScript, checked as they are typed. `sluice/kernel` and `sluice/asm` are apart. */
export { definePolicy } from './policy/define-policy.ts';
export type { Policy, PolicySet, Rule } from './policy/schema/policy.ts';
