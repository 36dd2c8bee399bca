import type { CheckedPolicy } from '../../src/policy/checked.ts';

/** Passes everything but looks at it, in both directions. */
export const passAll: CheckedPolicy = {
  source: { path: 'pass-all.yaml', text: '' },
  interfaces: ['eth0'],
  chained: [],
  sets: new Map(),
  malformed: 'allow',
  prefilter: [],
  ingress: { default: 'allow', rules: [] },
  egress: { default: 'drop', rules: [] },
};
