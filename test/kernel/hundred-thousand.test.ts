import { describe, expect, test } from 'vitest';
import { buildGeneration, type Generation } from '../../src/datapath/generation.ts';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { FIRST_RULE } from '../../src/generated/abi.ts';
import { readProgramInfo } from '../../src/kernel/index.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { type Besides, checkedPolicy } from '../../src/policy/testing/checked-policy.ts';
import {
  createRandom,
  createScan,
  drawHeaders,
  type FiveTuple,
  generateRules,
  shapes,
  toIpv6,
} from '../../src/policy/testing/classbench.ts';
import { hardLists } from '../../src/policy/testing/hard-lists.ts';
import { type Family, frameOf } from '../../src/policy/testing/header-frames.ts';

const RULES = 100_000;
/** Half of what the verifier follows. */
const MAX_VERIFIED = 500_000;
const timeout = 120_000;

const lists: Readonly<Record<string, () => FiveTuple[]>> = {
  ...Object.fromEntries(shapes.map((shape) => [shape, () => generateRules(shape, RULES)])),
  ...Object.fromEntries(Object.entries(hardLists).map(([name, list]) => [name, () => list(RULES)])),
};
const inFamily = (rules: FiveTuple[], family: Family): FiveTuple[] => (family === 'v4' ? rules : toIpv6(rules));

/** The most that the verifier has followed in one program, and what the trees take, bytes. */
function costOf({ compiled, programs }: Generation): { verified: number; memory: number } {
  return {
    verified: Math.max(...programs.map(({ program }) => readProgramInfo(program).verifiedInstructions)),
    memory: compiled.tables.reduce((sum, { capacity }) => sum + capacity * 8, 0),
  };
}

describe.each(['v4', 'v6'] as const)('a hundred thousand rules, IP%s', (family) => {
  test.each(Object.keys(lists))(
    'load within half of the limits, and are judged as one after the other: %s',
    { timeout },
    (name) => {
      const rules = inFamily(lists[name]?.() ?? [], family);
      const bits = family === 'v4' ? 32 : 128;
      const scan = createScan(rules, bits);
      using rehearsal = openRehearsal(checkedPolicy(rules, family));
      const { verified, memory } = costOf(rehearsal.generation);
      expect(verified).toBeLessThan(MAX_VERIFIED);
      expect(memory).toBeLessThanOrEqual(16 * 2 ** 20);
      for (const header of drawHeaders(rules, bits, 300, createRandom(4))) {
        const { id } = rehearsal.judge(frameOf(header, family));
        expect(id < FIRST_RULE ? undefined : id - FIRST_RULE).toBe(scan(header));
      }
    },
  );
});

/** What makes each rule a kind of its own. */
const kinds: Readonly<Record<string, Besides>> = {
  marks: (index) => ({ action: { kind: 'mark', mark: index } }),
  rates: (index) => ({ action: { kind: 'log', ratePerSecond: index + 1, burst: 1 + (index % 9) } }),
  lengths: (index) => ({ action: { kind: 'drop' }, match: { length: [[index % 300, 400 + index]] } }),
  payloads: (index) => ({ action: { kind: 'drop' }, match: { payload: payloadOf(index) } }),
  counters: () => ({ action: { kind: 'count' } }),
};

function payloadOf(index: number) {
  const bytes = Uint8Array.of(index >> 16, (index >> 8) & 255, index & 255);
  return { base: 'payload', offset: 0, bytes, mask: new Uint8Array(3).fill(255) } as const;
}

test.each(Object.keys(kinds))('load where each has numbers of its own: %s', { timeout }, (kind) => {
  for (const list of [lists['acl1'], lists['overlapping']]) {
    using generation = build(checkedPolicy(list?.() ?? [], 'v4', kinds[kind]));
    expect(costOf(generation).verified).toBeLessThan(MAX_VERIFIED);
    expect(generation.programs.length).toBeLessThan(5);
  }
});

test('rules that no look-up helps are asked by as many programs as it takes', { timeout }, () => {
  const any = { address: 0n, length: 0 };
  const wide: FiveTuple = { src: any, dst: any, srcPort: [0, 65_535], dstPort: [0, 65_535] };
  using generation = build(checkedPolicy(new Array<FiveTuple>(12_000).fill(wide), 'v4', kinds['payloads']));
  expect(costOf(generation).verified).toBeLessThan(MAX_VERIFIED);
  expect(generation.programs.length).toBeGreaterThan(10);
});

const build = (policy: CheckedPolicy): Generation => buildGeneration(compilePolicy(policy));
