import { expect, test } from 'vitest';
import { Reason, reasonNames } from '../generated/abi.ts';
import { actionOfReason } from './counters.ts';

const policy = { rules: [], defaults: { ingress: 'reject', egress: 'drop' }, malformed: 'allow' } as const;
const reasons = Object.keys(reasonNames).map(Number);

test.each([
  [Reason.DEFAULT_INGRESS, 'reject'],
  [Reason.DEFAULT_EGRESS, 'drop'],
  [Reason.NEIGHBOUR, 'allow'],
  [Reason.INTERNAL, 'drop'],
])('reason %i: %s', (reason, action) => {
  expect(actionOfReason(reason, policy)).toBe(action);
});

test.each(reasons.filter((reason) => reason > Reason.INTERNAL))('reason %i is malformed', (reason) => {
  expect(actionOfReason(reason, policy)).toBe('allow');
});
