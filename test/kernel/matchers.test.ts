import { describe, expect, test } from 'vitest';
import { openRehearsal } from '../../src/datapath/rehearsal.ts';
import { buildFrame } from '../../src/packet/build.ts';
import { describePacket } from '../../src/packet/describe.ts';
import { parseFrame } from '../../src/packet/parse.ts';
import type { CheckedPolicy } from '../../src/policy/checked.ts';
import { judge } from '../../src/policy/model.ts';
import { policyOf } from '../policy-of.ts';
import { addressCases } from './matchers/addresses.ts';
import { type MatchCase, type Packet, specOf } from './matchers/case.ts';
import { filterCases, networkCases, severalCases } from './matchers/network.ts';
import { icmpCases, protocolCases } from './matchers/protocols.ts';
import { payloadCases, portCases, tcpFlagCases } from './matchers/transport.ts';

const groups: Readonly<Record<string, readonly MatchCase[]>> = {
  protocol: protocolCases,
  'icmpType and icmpCode': icmpCases,
  'from and to': addressCases,
  'port and fromPort': portCases,
  tcpFlags: tcpFlagCases,
  'length, ttl, dscp, vlan, fragment and interface': networkCases,
  payload: payloadCases,
  filter: filterCases,
  'several matches': severalCases,
};

const numbers = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => text(n)).join(', ');

const header = `
version: 1
interfaces: [eth0, eth1, eth2]
sets:
  few: [203.0.113.0/24, "2001:db8:ad::/48"]
  four: [192.0.2.200]
  many: [${numbers(40, (n) => `10.${n}.0.0/24, "2001:db8:0:${n.toString(16)}00::/64"`)}]
  web: { ports: [80, 443, 8000-8100] }
  wide: { ports: [${numbers(100, (n) => `${n * 3}`)}] }
`;

const dropping = (rule: string): string => rule.replace('{', '{ name: rule, action: drop, ');

/** The rule in each stage, in a policy that does the opposite with all else. */
const policies: Readonly<Record<string, (rule: string) => string>> = {
  prefilter: (rule) => `${header}prefilter: [${dropping(rule)}]`,
  ingress: (rule) => `${header}ingress: { rules: [${dropping(rule)}] }`,
  egress: (rule) => `${header}egress: { rules: [${dropping(rule)}] }`,
};

interface Answer {
  readonly packet: string;
  readonly verdict: string;
  readonly rule: string | undefined;
}

describe.each(Object.entries(groups))('%s', (_, cases) => {
  describe.each(cases)('$says', ({ rule, hits, misses }) => {
    test.each(Object.entries(policies))(`${rule} in %s`, (stage, write) => {
      const policy = policyOf(write(rule));
      using rehearsal = openRehearsal(policy);
      const direction = stage === 'egress' ? 'egress' : 'ingress';
      const expected = [
        ...hits.map((packet) => answer(packet, true)),
        ...misses.map((packet) => answer(packet, false)),
      ];
      const byKernel = [...hits, ...misses].map((packet) => {
        const { interface: name } = specOf(packet);
        const judgement = rehearsal.judge(buildFrame(specOf(packet)), {
          direction,
          ...(name !== undefined && { interface: name }),
        });
        return { packet: words(packet), verdict: judgement.verdict, rule: judgement.rule?.name };
      });
      expect(byKernel).toEqual(expected);
      expect([...hits, ...misses].map((packet) => byModel(policy, packet, direction))).toEqual(expected);
    });
  });
});

function answer(packet: Packet, hit: boolean): Answer {
  return { packet: words(packet), verdict: hit ? 'drop' : 'allow', rule: hit ? 'rule' : undefined };
}

function byModel(policy: CheckedPolicy, packet: Packet, direction: 'ingress' | 'egress'): Answer {
  const frame = buildFrame(specOf(packet));
  const { verdict, rule } = judge(
    policy,
    frame,
    parseFrame(frame, { ifindex: 0 }),
    direction,
    specOf(packet).interface,
  );
  return { packet: words(packet), verdict, rule: rule?.name };
}

const words = (packet: Packet): string =>
  typeof packet === 'string' ? packet : describePacket(parseFrame(buildFrame(packet), { ifindex: 0 }));
