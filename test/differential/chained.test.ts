import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { createTestRunner, type Program } from '../../src/kernel/index.ts';
import { checked } from './disagreement.ts';
import { patienceMs, seed } from './effort.ts';
import { createFrames } from './packets.ts';
import { policyDocument } from './policies.ts';
import { createRandom } from './random.ts';

const POLICIES = 60;
const FRAMES_A_POLICY = 200;

test('what is chained decides as XDP does, on random policies and packets', { timeout: patienceMs }, () => {
  let pairs = 0;
  for (const [index, document] of fc.sample(policyDocument(), { seed, numRuns: POLICIES }).entries()) {
    const policy = checked(document);
    if (policy === undefined) continue;
    const options = index % 3 === 0 ? { partLimits: { instructions: 50, conditionalJumps: 10 } } : {};
    using rehearsal = openRehearsal({ ...policy, chained: policy.interfaces }, options);
    const chained = createTestRunner(rehearsal.generation.chained as Program, { maxFrame: 3400 });
    const nextFrame = createFrames(policy, createRandom(seed * POLICIES + index));
    for (let count = 0; count < FRAMES_A_POLICY; count++) {
      const { bytes, wireLength, timeMs, interface: name } = nextFrame();
      // A test run of a classifier takes no frame that ends in its IP header.
      if (bytes.length < 54 || bytes.length > 3400) continue;
      rehearsal.judge(bytes, { wireLength, timeMs, ...(name !== undefined && { interface: name }) });
      const atXdp = rehearsal.packet();
      chained.run(bytes);
      // But for when a `log` rule has looked at the clock.
      expect({ ...rehearsal.packet(), timeNs: 0n }).toEqual({ ...atXdp, timeNs: 0n });
      pairs++;
    }
  }
  expect(pairs).toBeGreaterThan(5_000);
});
