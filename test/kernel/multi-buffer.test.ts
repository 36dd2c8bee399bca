import { describe, expect, test } from 'vitest';
import { buildGeneration } from '../../src/datapath/generation.ts';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { testRun } from '../../src/kernel/index.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { describePacket } from '../../src/packet/describe.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/model.ts';
import { policyOf } from '../policy-of.ts';

/** A frame of 9,014 bytes, as jumbo frames are, with four bytes at an offset. */
function jumbo(notation: string, offset = 0): Uint8Array {
  const frame = buildFrame(parseNotation(`${notation} length=9000`));
  if (offset > 0) frame.set([1, 2, 3, 4], offset);
  return frame;
}

const udp4 = 'udp 198.51.100.7:1 > 192.0.2.10:2';
const tcp6 = 'tcp [2001:db8::7]:40000 > [2001:db8::10]:22 flags=S';

/** The first buffer of a test run ends at 4,096 bytes less the room that the kernel keeps, about 3,500. */
const offsets = [100, 3000, ...Array.from({ length: 140 }, (_, n) => 3440 + n), 4096, 8191, 9009, 9010];

describe('frames of several buffers', () => {
  test.each(offsets)('are searched at byte %i, wherever a buffer ends', (offset) => {
    const policy = policyOf(`
version: 1
interfaces: [eth0]
prefilter: [{ name: found, filter: "ether[${offset}:4] = 0x01020304", action: drop }]
`);
    using rehearsal = openRehearsal(policy, { multiBuffer: true });
    const frames = { there: jumbo(udp4, offset), next: jumbo(udp4, offset - 1), nowhere: jumbo(udp4) };
    const byKernel = Object.entries(frames).map(([where, frame]) => [where, rehearsal.judge(frame).verdict]);
    const byModel = Object.entries(frames).map(([where, frame]) => [
      where,
      judge(policy, frame, parseFrame(frame, { ifindex: 0 }), 'ingress').verdict,
    ]);
    expect(Object.fromEntries(byKernel)).toEqual({ there: 'drop', next: 'allow', nowhere: 'allow' });
    expect(byModel).toEqual(byKernel);
  });

  test('have their whole length counted and matched', () => {
    using rehearsal = openRehearsal(
      policyOf('{ version: 1, interfaces: [eth0], ingress: { rules: [{ name: jumbo, length: 9000, action: drop }] } }'),
      { multiBuffer: true },
    );
    expect(rehearsal.judge(jumbo(tcp6)).rule?.name).toBe('jumbo');
    expect(rehearsal.packet()).toMatchObject({ frameLength: 9014, length: 9000 });
  });

  test('are answered with a small one', () => {
    const policy = policyOf('{ version: 1, interfaces: [eth0], ingress: { default: reject } }');
    using generation = buildGeneration(compilePolicy(policy, { multiBuffer: true }));
    const answerTo = (notation: string): string => {
      const { returnValue, data } = testRun(generation.xdp, { data: jumbo(notation) });
      return `${returnValue} ${describePacket(parseFrame(data, { ifindex: 0 }))}`;
    };
    const XDP_TX = 3;
    expect([answerTo(tcp6), answerTo(udp4)]).toEqual([
      `${XDP_TX} tcp [2001:db8::10]:22 > [2001:db8::7]:40000 flags=AR length=60`,
      `${XDP_TX} icmp 192.0.2.10 > 198.51.100.7 destination-unreachable code=port-unreachable length=56`,
    ]);
  });
});
