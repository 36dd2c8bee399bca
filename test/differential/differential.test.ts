import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openRehearsal, type Rehearsal, type RehearsalOptions } from '../../src/datapath/rehearsal.ts';
import { FIRST_RULE, Reason, reasonNames } from '../../src/generated/abi.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { allRules } from '../../src/policy/rule-place.ts';
import { compare } from './compare.ts';
import { createModelCounters, kernelCount } from './counters.ts';
import { checked, explainDisagreement, explainRefusal } from './disagreement.ts';
import { patienceMs, rounds, seed } from './effort.ts';
import { createFrames } from './packets.ts';
import { type PolicyDocument, policyDocument } from './policies.ts';
import { createRandom } from './random.ts';

const POLICIES_A_ROUND = 50;
const ROUNDS = 10;
const FRAMES_A_POLICY = 420;
/** Pairs of a policy and a packet. */
const LEAST = 200_000;

/** Every fourth policy is split as if programs could hold next to nothing, others are for frames of several buffers, or in trees. */
function optionsOf(index: number): RehearsalOptions {
  if (index % 4 === 0) return { partLimits: { instructions: 50, conditionalJumps: 10 } };
  if (index % 4 === 2) return { structure: 'trees' };
  return { multiBuffer: index % 4 === 1 };
}

test('model and kernel agree on random policies and packets', { timeout: patienceMs }, () => {
  const seen = { policies: 0, pairs: 0, byRule: 0, rules: 0, hitRules: 0, reasons: new Set<number>() };
  for (const round of rounds(ROUNDS)) {
    const roundSeed = seed + round;
    const documents = fc.sample(policyDocument(), { seed: roundSeed, numRuns: POLICIES_A_ROUND });
    for (const [index, document] of documents.entries()) {
      const policy = checked(document);
      if (policy === undefined) continue;
      const ids = judgeMany(document, policy, optionsOf(index), roundSeed * POLICIES_A_ROUND + index);
      seen.policies++;
      seen.pairs += ids.length;
      seen.byRule += ids.filter((id) => id >= FIRST_RULE).length;
      seen.rules += allRules(policy).length;
      seen.hitRules += new Set(ids.filter((id) => id >= FIRST_RULE)).size;
      for (const id of ids) if (id < FIRST_RULE) seen.reasons.add(id);
    }
  }
  console.log(
    `FUZZ_SEED=${seed}: ${seen.policies} policies, ${seen.pairs} pairs of a policy and a packet;`,
    `${seen.byRule} decided by one of ${seen.hitRules} rules of ${seen.rules}`,
  );
  expect(seen.pairs).toBeGreaterThanOrEqual(LEAST);
  // What packets are drawn from is of no use where they hit no rule, or meet only one side of the parser.
  expect(seen.byRule).toBeGreaterThan(seen.pairs / 4);
  expect(unseen(seen.reasons)).toEqual([]);
});

/** What no test run can show: a frame without Ethernet header, and a generation that is not whole. */
/** Of connections: here, each packet is judged as the first of its own. */
const ofConnections = [Reason.ESTABLISHED, Reason.RELATED, Reason.INVALID, Reason.KILLED, Reason.NO_ROOM];
const invisible: ReadonlySet<number> = new Set([
  Reason.NONE,
  Reason.INTERNAL,
  Reason.TRUNCATED_ETHERNET,
  ...ofConnections,
]);

function unseen(reasons: ReadonlySet<number>): string[] {
  return Object.entries(reasonNames)
    .filter(([reason]) => !reasons.has(Number(reason)) && !invisible.has(Number(reason)))
    .map(([, name]) => name);
}

/** What decided each frame. Throws with the smallest case where model and kernel do not agree. */
function judgeMany(
  document: PolicyDocument,
  policy: CheckedPolicy,
  options: RehearsalOptions,
  frameSeed: number,
): number[] {
  using rehearsal = open(document, policy, options);
  const nextFrame = createFrames(policy, createRandom(frameSeed));
  const counters = createModelCounters();
  const ids: number[] = [];
  for (let count = 0; count < FRAMES_A_POLICY; count++) {
    const frame = nextFrame();
    const { model, judged, differences } = compare(policy, rehearsal, frame);
    if (differences.length > 0) expect.fail(explainDisagreement(document, frame, options));
    if (judged) counters.add(model, frame.wireLength);
    ids.push(model.id);
  }
  expectCounts(rehearsal, counters.counts, document);
  return ids;
}

function open(document: PolicyDocument, policy: CheckedPolicy, options: RehearsalOptions): Rehearsal {
  try {
    return openRehearsal(policy, options);
  } catch {
    expect.fail(explainRefusal(document, options));
  }
}

function expectCounts(
  rehearsal: Rehearsal,
  counts: ReturnType<typeof createModelCounters>['counts'],
  document: PolicyDocument,
): void {
  for (const [id, count] of counts) expect([document, id, kernelCount(rehearsal, id)]).toEqual([document, id, count]);
}
