import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { sumCounters } from '../../src/datapath/counters.ts';
import { openRehearsal, type Rehearsal } from '../../src/datapath/rehearsal.ts';
import { FIRST_RULE } from '../../src/generated/abi.ts';
import { testRun } from '../../src/kernel/index.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import { judge } from '../../src/policy/model.ts';
import { createRandom, drawHeaders, toIpv6, toPolicyRules } from '../../src/policy/testing/classbench.ts';
import { hardLists } from '../../src/policy/testing/hard-lists.ts';
import { type Family, frameOf } from '../../src/policy/testing/header-frames.ts';
import { policyOf } from '../policy-of.ts';

const inFamily = (count: number, family: Family) =>
  family === 'v4' ? hardLists.overlapping(count) : toIpv6(hardLists.overlapping(count));

/** Rules that all overlap; of seven one decides, the others count. */
function policyWith(count: number, family: Family) {
  const rules = toPolicyRules(inFamily(count, family), family).map((rule, i) => {
    return { ...rule, action: i % 7 === 6 && i > count / 2 ? 'drop' : 'count' };
  });
  return policyOf(stringify({ version: 1, interfaces: ['eth0'], ingress: { default: 'allow', rules } }));
}

const frames = (count: number, packets: number, family: Family) =>
  drawHeaders(inFamily(count, family), family === 'v4' ? 32 : 128, packets, createRandom(3)).map((header) =>
    frameOf(header, family),
  );

/** Rules that have counted, by their index. */
function counts({ generation }: Rehearsal): number[] {
  return sumCounters(generation.maps.get('xdp', 'counters'))
    .slice(FIRST_RULE)
    .map(({ packets }) => Number(packets));
}

describe.each(['v4', 'v6'] as const)('rules that count and go on, hundreds for a packet, IP%s', (family) => {
  test.each([60, 2_000])('are each counted once, %i of them', (count) => {
    const policy = policyWith(count, family);
    using rehearsal = openRehearsal(policy, { structure: 'trees' });
    const expected = new Array<number>(count).fill(0);
    for (const frame of frames(count, 40, family)) {
      const model = judge(policy, frame, parseFrame(frame, { ifindex: 0, frameLength: frame.length }), 'ingress');
      const { id, verdict } = rehearsal.judge(frame);
      expect({ id, verdict }).toEqual({ id: model.id, verdict: model.verdict });
      for (const index of model.counted) expected[index] = (expected[index] as number) + 1;
      if (model.rule) expected[model.rule.index] = (expected[model.rule.index] as number) + 1;
    }
    expect(counts(rehearsal)).toEqual(expected);
  });
});

test('what they take grows as their number, not as its square', () => {
  const nsOf = (count: number): number => {
    using rehearsal = openRehearsal(policyWith(count, 'v4'), { structure: 'trees' });
    const sums = frames(count, 12, 'v4').map((data) => {
      const runs = [1, 2, 3].map(() => testRun(rehearsal.generation.xdp, { data, repeat: 3 }).durationNs);
      return Math.min(...runs);
    });
    return sums.reduce((a, b) => a + b, 0);
  };
  // Sixteen times as many took 250 times as long when each round began at the first entry of its leaves.
  expect(nsOf(8_000) / nsOf(500)).toBeLessThan(60);
});
