import { expect, test } from 'vitest';
import { Reason, reasonNames } from '../../generated/abi.ts';
import { reasonWords } from './reason.ts';

test('every reason that the data plane gives is told in words', () => {
  const inPolicy: readonly number[] = [Reason.NONE, Reason.DEFAULT_INGRESS, Reason.DEFAULT_EGRESS];
  const names = Object.entries(reasonNames).filter(([id]) => !inPolicy.includes(Number(id)));
  expect(names.filter(([, name]) => !(name in reasonWords))).toEqual([]);
});
