import { expect, test } from 'vitest';
import { minimiseBytes, minimiseDocument } from './minimise.ts';

test('a document loses all but what makes it fail', () => {
  const document = {
    sets: { few: [1, 2, 3], many: Array.from({ length: 100 }, (_, n) => n) },
    rules: [{ port: 22 }, { port: [80, 443], from: '@many' }, { action: 'drop' }],
  };
  const fails = ({ sets, rules }: Partial<typeof document>): boolean =>
    sets?.many?.includes(71) === true && rules?.some(({ port }) => Array.isArray(port) && port.includes(443)) === true;
  expect(minimiseDocument(document, fails)).toEqual({ sets: { many: [71] }, rules: [{ port: [443] }] });
});

test('a frame loses its end and becomes zero where that does not matter', () => {
  const frame = Uint8Array.from({ length: 64 }, (_, n) => n + 1);
  const fails = (bytes: Uint8Array): boolean => bytes[20] === 21 && bytes.length >= 32;
  const expected = new Uint8Array(32);
  expected[20] = 21;
  expect(minimiseBytes(frame, 15, fails)).toEqual(expected);
});
