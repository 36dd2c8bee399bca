import { expect, it } from 'vitest';
import { decode, encode } from '../codec.ts';
import { lpmKey } from './lpm-key.ts';

it('stands in memory as struct bpf_lpm_trie_key', () => {
  const key = { prefixLength: 24, data: Uint8Array.of(192, 0, 2, 0) };
  const bytes = encode(lpmKey(4), key);
  expect([...bytes]).toEqual([24, 0, 0, 0, 192, 0, 2, 0]);
  expect(decode(lpmKey(4), bytes)).toEqual(key);
});

it('refuses a prefix that is longer than its data, and data of another size', () => {
  expect(() => encode(lpmKey(4), { prefixLength: 33, data: new Uint8Array(4) })).toThrow(RangeError);
  expect(() => encode(lpmKey(4), { prefixLength: 8, data: new Uint8Array(16) })).toThrow(RangeError);
});
