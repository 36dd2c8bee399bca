import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CheckedPolicy, CheckedRule } from '../../src/policy/checked.ts';
import { applies, judge } from '../../src/policy/model.ts';
import { allRules } from '../../src/policy/rule-place.ts';
import { rehearse } from '../../src/rehearse/index.ts';
import { createNarrowedModel } from '../../src/rehearse/narrowed-model.ts';
import { type MadeForRule, planPackets } from '../../src/rehearse/packets/packets-for-policies.ts';
import { checked } from './disagreement.ts';
import { patienceMs, rounds, seed } from './effort.ts';
import { policyDocument } from './policies.ts';

const POLICIES = 40;

function* randomPolicies(round: number): Generator<CheckedPolicy> {
  for (const document of fc.sample(policyDocument(), { seed: seed + round, numRuns: POLICIES })) {
    const policy = checked(document);
    if (policy) yield policy;
  }
}

function made(policy: CheckedPolicy): MadeForRule[] {
  const model = createNarrowedModel(policy);
  return [...planPackets(undefined, policy).packets({ after: model.judge, before: () => undefined })];
}

/** What else a rule asks for may contradict its filter: whether a packet can be found for that is asked of it alone. */
function onlyFilterOf(rule: CheckedRule, policy: CheckedPolicy): CheckedPolicy {
  const { filter } = rule.match;
  const alone: CheckedRule = { ...rule, stage: 'ingress', index: 0, match: filter ? { filter } : {} };
  return {
    ...policy,
    prefilter: [],
    ingress: { ...policy.ingress, rules: [alone] },
    egress: { ...policy.egress, rules: [] },
  };
}

test('every packet made for a rule is one that the rule matches', () => {
  const seen = { rules: 0, withPacket: 0, withFilter: 0, filtersMet: 0 };
  // Several rounds: one in eight rules has a filter, and the rate of few says little.
  for (const policy of [0, 10, 20, 30].flatMap((round) => [...randomPolicies(round)])) {
    for (const { rule, inside } of made(policy)) {
      if (rule === undefined) continue;
      seen.rules++;
      if (inside.length > 0) seen.withPacket++;
      if (rule.match.filter) seen.withFilter++;
      if (rule.match.filter && made(onlyFilterOf(rule, policy)).some((one) => one.inside.length > 0)) seen.filtersMet++;
      for (const { frame, packet, circumstances } of inside) {
        const { interface: interfaceName, timeMs } = circumstances;
        const subject = { policy, frame, packet, interfaceName, timeMs };
        expect([rule.match, applies(rule, subject)]).toEqual([rule.match, true]);
      }
    }
  }
  // Some rules contradict themselves, or ask for a packet of gigabytes.
  expect(seen.withPacket / seen.rules).toBeGreaterThan(0.87);
  expect(seen.filtersMet / seen.withFilter).toBeGreaterThan(0.85);
});

test('the narrowed model says what the reference model says', () => {
  for (const policy of randomPolicies(1)) {
    const narrowed = createNarrowedModel(policy);
    for (const { inside, edges } of made(policy)) {
      for (const one of [...inside, ...edges]) {
        const { frame, packet, circumstances } = one;
        const { direction, interface: name, timeMs } = circumstances;
        const whole = judge(policy, frame, packet, direction, name, timeMs);
        expect(narrowed.judge(one)).toEqual(whole);
      }
    }
  }
});

test('the same policies make the same packets', () => {
  for (const policy of [...randomPolicies(2)].slice(0, 5)) {
    const frames = () => made(policy).flatMap(({ inside, edges }) => [...inside, ...edges].map(({ frame }) => frame));
    expect(frames()).toEqual(frames());
  }
});

test('kernel and model agree on the packets made, and the rules reached are those that are hit', {
  timeout: patienceMs,
}, () => {
  for (const round of rounds(1)) {
    let before: CheckedPolicy | undefined;
    for (const after of randomPolicies(3 + round)) {
      const report = rehearse({ before, after });
      expect(report.problems.map(({ message }) => message)).toEqual([]);
      expect(report.judgedByModel).toBe(report.packets);
      const silent = new Set([...report.withoutPacket, ...report.unreached].map(({ rule }) => rule));
      expect(ruleNames(after).filter((name) => silent.has(name)).length).toBe(silent.size);
      before = after;
    }
  }
});

const ruleNames = (policy: CheckedPolicy): string[] => allRules(policy).map(({ name }: CheckedRule) => name);
