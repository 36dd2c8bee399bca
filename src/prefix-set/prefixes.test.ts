import fc from 'fast-check';
import { expect, test } from 'vitest';
import { prefixes4, prefixes6 } from './prefixes.ts';
import { ranges, sortedRanges4, sortedRanges6 } from './testing/ranges.ts';

test('a range becomes the prefixes that an administrator would write', () => {
  const list = prefixes4(ranges({ v4: [[0x0a000001, 0x0a000006]] }));
  expect(list).toEqual([
    { address: 0x0a000001, length: 32 },
    { address: 0x0a000002, length: 31 },
    { address: 0x0a000004, length: 31 },
    { address: 0x0a000006, length: 32 },
  ]);
});

test('the whole address space is one prefix of length 0', () => {
  expect(prefixes4(ranges({ v4: [[0, 0xffff_ffff]] }))).toEqual([{ address: 0, length: 0 }]);
  expect(prefixes6(ranges({ v6: [[0n, (1n << 128n) - 1n]] }))).toEqual([{ hi: 0n, lo: 0n, length: 0 }]);
});

test('IPv4 prefixes cover the ranges and nothing else', () => {
  fc.assert(
    fc.property(sortedRanges4(), (v4) => {
      const covered = prefixes4(ranges({ v4 })).map(({ address, length }) => [
        address,
        address + 2 ** (32 - length) - 1,
      ]);
      expect(joined(covered as [number, number][], 1)).toEqual(v4);
    }),
  );
});

test('IPv6 prefixes cover the ranges and nothing else', () => {
  fc.assert(
    fc.property(sortedRanges6(), (v6) => {
      const covered = prefixes6(ranges({ v6 })).map(({ hi, lo, length }): [bigint, bigint] => {
        const first = (hi << 64n) | lo;
        return [first, first + (1n << BigInt(128 - length)) - 1n];
      });
      expect(joined(covered, 1n)).toEqual(v6);
    }),
  );
});

function joined<N extends number | bigint>(list: readonly [N, N][], one: N): [N, N][] {
  const result: [N, N][] = [];
  for (const [lo, hi] of list) {
    const last = result.at(-1);
    if (last && (last[1] as number) + (one as number) === (lo as number)) last[1] = hi;
    else result.push([lo, hi]);
  }
  return result;
}
