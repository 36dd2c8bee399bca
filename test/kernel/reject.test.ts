import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildGeneration, type Generation } from '../../src/datapath/generation.ts';
import { type Program, testRun, typedMap, u32, u64 } from '../../src/kernel/index.ts';
import { writePcap } from '../../src/packet/pcap.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { policyOf } from '../policy-of.ts';
import type { Rejection } from './rejections/rejection.ts';
import { resets } from './rejections/resets.ts';
import { silences } from './rejections/silences.ts';
import { unreachables } from './rejections/unreachables.ts';

/** XDP_TX sends the frame back; TC_ACT_REDIRECT hands it to the stack that it came from. */
const ANSWERED = { xdp: 3, tc: 7, chained: 7 } as const;
/** XDP_DROP and TC_ACT_SHOT. */
const DROPPED = { xdp: 1, tc: 2, chained: 2 } as const;

const policy = policyOf(`
version: 1
interfaces: [eth0]
chained: [eth0]
ingress: { default: reject, rules: [{ protocol: arp, action: reject }] }
egress: { default: reject, rules: [{ protocol: arp, action: reject }] }
`);

/** Entry 0 of `limits` is that of reject: the time, in nanoseconds since boot, at which its bucket is full again. */
const REJECT = 0;
const INTERVAL_NS = 1_000_000n;
const BURST_NS = 100_000_000n;

describe('reject', () => {
  let generation: Generation;
  let programs: Readonly<Record<keyof typeof ANSWERED, Program>>;
  beforeAll(() => {
    generation = buildGeneration(compilePolicy(policy));
    programs = { xdp: generation.xdp, tc: generation.tc as Program, chained: generation.chained as Program };
  });
  afterAll(() => generation?.close());

  const limits = () => typedMap(generation.maps.get('xdp', 'limits'), u32, u64);
  beforeEach(() => limits().update(REJECT, 0n));

  function answerOf(hook: keyof typeof ANSWERED, { packet }: Rejection): { returned: number; frame: string } {
    const { returnValue, data } = testRun(programs[hook], { data: packet });
    return { returned: returnValue, frame: Buffer.from(data).toString('hex') };
  }

  describe.each(['xdp', 'tc', 'chained'] as const)('at %s', (hook) => {
    test.each([...resets, ...unreachables])('$says', (rejection) => {
      const wanted = { returned: ANSWERED[hook], frame: (rejection.answer as readonly string[]).join('') };
      expect(answerOf(hook, rejection)).toEqual(wanted);
    });

    test.each(silences)('never answers $says', (rejection) => {
      const untouched = { returned: DROPPED[hook], frame: Buffer.from(rejection.packet).toString('hex') };
      expect(answerOf(hook, rejection)).toEqual(untouched);
    });

    test('answers no faster than its rate, in all', () => {
      const now = process.hrtime.bigint();
      const [rejection] = resets as [Rejection];
      limits().update(REJECT, now + BURST_NS * 1000n);
      expect(answerOf(hook, rejection).returned).toBe(DROPPED[hook]);
      expect(limits().lookup(REJECT)).toBe(now + BURST_NS * 1000n);
      limits().update(REJECT, now + BURST_NS / 2n);
      expect(answerOf(hook, rejection).returned).toBe(ANSWERED[hook]);
      expect(limits().lookup(REJECT)).toBe(now + BURST_NS / 2n + INTERVAL_NS);
    });
  });

  const withoutTshark = spawnSync('tshark', ['--version']).error ? 'tshark is not installed' : false;

  test.skipIf(withoutTshark)('tshark finds every checksum of the answers right', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-answers-'));
    const path = join(folder, 'answers.pcap');
    const answers = [...resets, ...unreachables].map(({ answer = [] }) => ({
      bytes: Buffer.from(answer.join(''), 'hex'),
    }));
    try {
      writeFileSync(path, writePcap(answers));
      const verified = ['ip', 'tcp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
      const statuses = ['ip', 'tcp', 'icmp', 'icmpv6'].flatMap((protocol) => ['-e', `${protocol}.checksum.status`]);
      // Of several headers of a kind the first is the answer's own, the others are quoted.
      const args = ['-r', path, ...verified, '-T', 'fields', '-E', 'occurrence=f', ...statuses];
      const lines = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
        .trimEnd()
        .split('\n');
      const GOOD = '1';
      expect(lines.map((line) => [...new Set(line.split('\t').filter((status) => status !== ''))])).toEqual(
        answers.map(() => [GOOD]),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
