import { expect, test } from 'vitest';
import { labOf, namespaceOf, startTimeOf } from './namespaces.ts';

test('the name of a namespace says which process owns it', () => {
  const id = { name: 'my-demo', pid: 4123, startTime: '99871', serial: 2 };
  expect(namespaceOf(id, 'client')).toBe('sluice-my-demo.4123.99871.2-client');
  expect(labOf('sluice-my-demo.4123.99871.2-client')).toEqual(id);
});

test.each(['default', 'sluice-', 'sluice-mine', 'other-demo.4123.99871.2-client'])('%s is none of ours', (name) => {
  expect(labOf(name)).toBeUndefined();
});

test('a start time tells one process from the next with its number', () => {
  expect(startTimeOf(process.pid)).toMatch(/^\d+$/);
  expect(startTimeOf(1)).not.toBe(startTimeOf(process.pid));
  expect(startTimeOf(2 ** 30)).toBeUndefined();
});
