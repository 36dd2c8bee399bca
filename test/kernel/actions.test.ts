import { describe, expect, test } from 'vitest';
import { openRehearsal, type Rehearsal } from '../../src/datapath/rehearsal.ts';
import { FIRST_RULE, Reason } from '../../src/generated/abi.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { parseNotation } from '../../src/packet/notation.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { judge } from '../../src/policy/model.ts';
import { kernelCount } from '../differential/counters.ts';
import { policyOf } from '../policy-of.ts';

const tcp4 = 'tcp 198.51.100.7:40000 > 192.0.2.10:22 flags=S';
const tcp6 = 'tcp [2001:db8::7]:40000 > [2001:db8::10]:22 flags=S';
const udp4 = 'udp 198.51.100.7:40000 > 192.0.2.10:53';
const udp6 = 'udp [2001:db8::7]:40000 > [2001:db8::10]:53';
const arp = 'arp 198.51.100.7 > 192.0.2.10';
const solicitation = 'icmp6 fe80::7 > ff02::1:ff00:10 neighbour-solicitation';

/** What a policy does with packets, in both families. */
interface ActionCase {
  readonly says: string;
  /** Behind version and interfaces. */
  readonly policy: string;
  readonly direction?: 'ingress' | 'egress';
  /** By packet: the verdict, and who answers for it: the stage and the rule, or else the reason. */
  readonly outcomes: Readonly<Record<string, string>>;
}

const actionCases: readonly ActionCase[] = [
  ...(['allow', 'drop', 'reject'] as const).map((action) => ({
    says: `${action} by a rule`,
    policy: `ingress: { default: ${action === 'drop' ? 'allow' : 'drop'}, rules: [{ name: ssh, port: 22, action: ${action} }] }`,
    outcomes: { [tcp4]: `${action} ingress ssh`, [tcp6]: `${action} ingress ssh` },
  })),
  ...(['allow', 'drop', 'reject'] as const).map((action) => ({
    says: `${action} by default, coming in`,
    policy: `ingress: { default: ${action} }`,
    outcomes: {
      [tcp4]: `${action} ingress default-ingress`,
      [udp6]: `${action} ingress default-ingress`,
      [arp]: 'allow ingress neighbour',
    },
  })),
  ...(['drop', 'reject'] as const).map((action) => ({
    says: `${action} by default, going out`,
    policy: `egress: { default: ${action} }`,
    direction: 'egress' as const,
    outcomes: {
      [tcp4]: `${action} egress default-egress`,
      [udp6]: `${action} egress default-egress`,
      [solicitation]: 'allow egress neighbour',
    },
  })),
  {
    says: 'the first rule that matches wins',
    policy: `ingress: { rules: [{ name: one, port: 22, from: 198.51.100.7, action: drop }, { name: two, port: 22, action: reject }] }`,
    outcomes: { [tcp4]: 'drop ingress one', [tcp6]: 'reject ingress two', [udp4]: 'allow ingress default-ingress' },
  },
  {
    says: 'a prefilter rule decides before any other',
    policy: `{ prefilter: [{ name: early, port: 22, action: drop }], ingress: { rules: [{ name: late, port: [22, 53], action: allow }] } }`,
    outcomes: {
      [tcp4]: 'drop prefilter early',
      [tcp6]: 'drop prefilter early',
      [udp4]: 'allow ingress late',
      [udp6]: 'allow ingress late',
    },
  },
  {
    says: 'a prefilter may allow and reject, too',
    policy: `{ prefilter: [{ name: trusted, port: 22, action: allow }, { name: no, action: reject }], ingress: { default: drop } }`,
    outcomes: { [tcp4]: 'allow prefilter trusted', [udp6]: 'reject prefilter no', [arp]: 'allow ingress neighbour' },
  },
  {
    says: 'prefilter and ingress say nothing of what goes out, egress nothing of what comes in',
    policy: `{ prefilter: [{ action: drop }], ingress: { default: drop }, egress: { rules: [{ name: out, port: 53, action: reject }] } }`,
    direction: 'egress',
    outcomes: { [tcp4]: 'allow egress default-egress', [udp6]: 'reject egress out' },
  },
  {
    says: 'count, log and mark go on with the next rule',
    policy: `ingress: { default: drop, rules: [{ action: count }, { action: log }, { action: { mark: 7 } }, { name: end, port: 22, action: allow }] }`,
    outcomes: { [tcp4]: 'allow ingress end mark=7', [udp6]: 'drop ingress default-ingress mark=7' },
  },
  {
    says: 'the last mark counts, of 32 bits',
    policy: `{ prefilter: [{ port: 22, action: { mark: 1 } }], ingress: { rules: [{ protocol: tcp, action: { mark: "0xffffffff" } }, { from: "2001:db8::7", action: { mark: 2 } }] } }`,
    outcomes: {
      [tcp4]: 'allow ingress default-ingress mark=4294967295',
      [tcp6]: 'allow ingress default-ingress mark=2',
      [udp4]: 'allow ingress default-ingress',
    },
  },
  {
    says: 'ARP and neighbour discovery pass where everything else is dropped',
    policy: `{ prefilter: [{ name: all, action: drop }], ingress: { default: drop } }`,
    outcomes: {
      [arp]: 'allow ingress neighbour',
      [solicitation]: 'allow ingress neighbour',
      [tcp4]: 'drop prefilter all',
    },
  },
  {
    says: 'a rule that speaks of them decides, also behind one that is about everything',
    policy: `{ prefilter: [{ name: all, action: drop }, { name: no-arp, protocol: arp, action: drop }, { name: no-nd, icmpType: neighbour-solicitation, action: reject }] }`,
    outcomes: {
      [arp]: 'drop prefilter no-arp',
      [solicitation]: 'reject prefilter no-nd',
      [tcp6]: 'drop prefilter all',
    },
  },
  {
    says: 'a rule that speaks of them marks, also where no other packet reaches it',
    policy: `ingress: { rules: [{ name: all, action: drop }, { protocol: arp, action: { mark: 3 } }] }`,
    outcomes: { [arp]: 'allow ingress neighbour mark=3' },
  },
];

const withHeader = (text: string): CheckedPolicy =>
  policyOf(
    text.startsWith('{')
      ? text.replace('{', '{ version: 1, interfaces: [eth0], ')
      : `version: 1\ninterfaces: [eth0]\n${text}`,
  );

test.each(actionCases)('$says', ({ policy: text, direction = 'ingress', outcomes }) => {
  const policy = withHeader(text);
  using rehearsal = openRehearsal(policy);
  const told = (judgement: ReturnType<Rehearsal['judge']>): string => {
    const { verdict, stage, rule, reason, mark } = judgement;
    return `${verdict} ${stage} ${rule?.name ?? reason}${mark === 0 ? '' : ` mark=${mark}`}`;
  };
  const outcomesOf = (judgeOne: (frame: Uint8Array) => string) =>
    Object.fromEntries(Object.keys(outcomes).map((packet) => [packet, judgeOne(buildFrame(parseNotation(packet)))]));
  expect(outcomesOf((frame) => told(rehearsal.judge(frame, { direction })))).toEqual(outcomes);
  expect(outcomesOf((frame) => told(judge(policy, frame, parseFrame(frame, { ifindex: 0 }), direction)))).toEqual(
    outcomes,
  );
});

describe('counters', () => {
  test('count packets and bytes of the frames, by rule and by reason, in both directions', () => {
    const policy = withHeader(`
prefilter: [{ name: seen, protocol: tcp, action: count }]
ingress: { default: drop, rules: [{ name: ssh, port: 22, action: allow }] }
egress: { default: drop, rules: [{ name: dns, port: 53, action: allow }] }
`);
    using rehearsal = openRehearsal(policy);
    const sizes = [tcp4, tcp6, udp4, udp6].map((packet) => {
      const frame = buildFrame(parseNotation(packet));
      for (const direction of ['ingress', 'egress'] as const) rehearsal.judge(frame, { direction });
      return BigInt(frame.length);
    });
    const [syn4 = 0n, syn6 = 0n, dns4 = 0n, dns6 = 0n] = sizes;
    const counts = [FIRST_RULE, FIRST_RULE + 1, FIRST_RULE + 2, Reason.DEFAULT_INGRESS, Reason.DEFAULT_EGRESS].map(
      (id) => kernelCount(rehearsal, id),
    );
    expect(counts).toEqual([
      { packets: 2n, bytes: syn4 + syn6 },
      { packets: 2n, bytes: syn4 + syn6 },
      { packets: 2n, bytes: dns4 + dns6 },
      { packets: 2n, bytes: dns4 + dns6 },
      { packets: 2n, bytes: syn4 + syn6 },
    ]);
  });

  test('count the bytes on the wire of a packet that a capture has cut', () => {
    using rehearsal = openRehearsal(withHeader('ingress: { default: drop }'));
    rehearsal.judge(buildFrame(parseNotation(udp4)), { wireLength: 1500 });
    expect(kernelCount(rehearsal, Reason.DEFAULT_INGRESS)).toEqual({ packets: 1n, bytes: 1500n });
  });
});
