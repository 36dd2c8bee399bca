import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRehearsal, type Rehearsal } from '../../src/datapath/rehearsal.ts';
import { SluiceError } from '../../src/diagnostics/problem.ts';
import { readCaptureFile } from '../../src/packet/capture.ts';
import { toEthernet } from '../../src/packet/link-type.ts';
import { captureNames, capturePath, noCaptures } from '../../src/packet/testing/captures.ts';
import { passAll } from './checked-policies.ts';
import { compare, describeFrame } from './compare.ts';
import { type CutFrame, mutated, SHORTEST_FRAME } from './mutations.ts';
import { createRandom } from './random.ts';

const MUTATIONS = 20;

/** The packets of a capture as Ethernet frames; none of a link that has no such form. */
function* framesOf(name: string): Generator<CutFrame> {
  for (const record of readCaptureFile(capturePath(name))) {
    try {
      const { bytes, frameLength } = toEthernet(record);
      yield { bytes, wireLength: frameLength };
    } catch (error) {
      if (!(error instanceof SluiceError && error.problems[0]?.code === 'capture/link-type')) throw error;
    }
  }
}

describe(`all captures${noCaptures ? ` (skipped: ${noCaptures})` : ''}`, () => {
  let rehearsal: Rehearsal;
  beforeAll(() => {
    rehearsal = openRehearsal(passAll);
  });
  afterAll(() => rehearsal?.close());

  /** At both hooks, for the two have a parser each: one source, compiled twice. */
  function disagreements(frame: CutFrame): string[] {
    return (['ingress', 'egress'] as const).flatMap((direction) => {
      const passing = { ...frame, direction, interface: undefined, timeMs: Date.now() };
      const { differences } = compare(passAll, rehearsal, passing);
      return differences.length === 0 ? [] : [`${differences.join('\n')}\n${describeFrame(passing)}`];
    });
  }

  test.skipIf(noCaptures).each(captureNames)('%s: one record from the parsers in C and in TypeScript', (name) => {
    for (const frame of framesOf(name)) expect(disagreements(frame)).toEqual([]);
  });

  test.skipIf(noCaptures).each(captureNames)('%s: one record of damaged packets, too', (name) => {
    const random = createRandom(captureNames.indexOf(name));
    for (const frame of framesOf(name)) {
      if (frame.bytes.length < SHORTEST_FRAME) continue;
      for (let turn = 0; turn < MUTATIONS; turn++) expect(disagreements(mutated(frame.bytes, random))).toEqual([]);
    }
  });
});
