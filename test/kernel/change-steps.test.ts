import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { takeDown } from '../../src/datapath/index.ts';
import { inNamespace } from '../../src/kernel/index.ts';
import { enforceIn, NO_TRACE, traces } from './enforcing.ts';
import { change, type Judge, judges, policyFor, told } from './judges.ts';
import { createVethPair, type VethPair } from './veth.ts';

const LIVE_SOON = 'was interrupted before it went live';

let veth: VethPair;
beforeEach(() => {
  veth = createVethPair();
});
afterEach(() => {
  const left = traces(veth.namespace);
  veth.remove();
  expect(left).toEqual(NO_TRACE);
});

const all = (judge: Judge): Judge[] => [judge, judge, judge, judge];

/** Step, who judges after a kill there, and what is said of it. */
const steps: readonly (readonly [string, 'before' | 'after', string | undefined])[] = [
  ['compiled', 'before', undefined],
  ['built', 'before', undefined],
  ['pinned', 'before', undefined],
  ['recorded', 'before', LIVE_SOON],
  ['switch-attached', 'before', LIVE_SOON],
  ['switched', 'after', 'was interrupted after it went live'],
  ['settled', 'after', undefined],
];

describe.each(steps)('a process killed at the step "%s"', (step, judge, why) => {
  test(`of an update: ${judge} judges on every hook of every interface, which is told`, async () => {
    await change(veth.namespace, policyFor('before'), policyFor('after'), step);
    expect(judges(veth.namespace)).toEqual(all(judge));
    expect(told(veth.namespace)).toEqual({ judge, why: why && expect.stringContaining(why) });
    // The next process puts in order what is left.
    const next = enforceIn(veth.namespace, policyFor('after'));
    expect(judges(veth.namespace)).toEqual(all('after'));
    expect(told(veth.namespace)).toEqual({ judge: 'after', why: undefined });
    next.stop();
  });

  test('of a first enforcement: the policy judges everywhere or nowhere, and can be taken down', async () => {
    await change(veth.namespace, '', policyFor('after'), step);
    const now = judge === 'after' ? 'after' : 'nobody';
    expect(judges(veth.namespace)).toEqual(all(now));
    expect(told(veth.namespace)).toEqual({ judge: now, why: why && expect.stringContaining(why) });
    inNamespace(veth.namespace, takeDown);
    expect(judges(veth.namespace)).toEqual(all('nobody'));
  });
});

test.each(['switch-attached', 'switched'])('interfaces change with the policy, killed at "%s"', async (step) => {
  await change(veth.namespace, policyFor('before', 'left'), policyFor('after', 'right'), step);
  const expected =
    step === 'switched' ? ['nobody', 'nobody', 'after', 'after'] : ['before', 'before', 'nobody', 'nobody'];
  expect(judges(veth.namespace)).toEqual(expected);
  enforceIn(veth.namespace, policyFor('before', 'left')).stop();
});
