import { describe, expect, test } from 'vitest';
import { FIRST_RULE, Reason } from '../generated/abi.ts';
import { buildFrame } from '../packet/build.ts';
import { parseNotation } from '../packet/notation.ts';
import { parseFrame } from '../packet/parse.ts';
import { ranges } from '../prefix-set/testing/ranges.ts';
import type {
  Action,
  AddressMatch,
  CheckedMatch,
  CheckedPolicy,
  CheckedRule,
  StageName,
  TerminalAction,
} from './checked.ts';
import { type Judgement, judge } from './model.ts';

interface RuleText {
  readonly match?: CheckedMatch;
  readonly action: Action['kind'] | Action;
}

/** A checked policy from the little that a test is about. */
function policyOf(of: {
  readonly prefilter?: readonly RuleText[];
  readonly ingress?: readonly RuleText[];
  readonly egress?: readonly RuleText[];
  readonly ingressDefault?: TerminalAction;
  readonly malformed?: 'drop' | 'allow';
  readonly sets?: CheckedPolicy['sets'];
}): CheckedPolicy {
  let index = 0;
  const rules = (stage: StageName, texts: readonly RuleText[] = []): CheckedRule[] =>
    texts.map(({ match = {}, action }) => {
      const place = { stage, index: index++, line: index, column: 1 };
      return {
        ...place,
        name: `${stage}-${place.index}`,
        match,
        action: typeof action === 'string' ? actionOf(action) : action,
      };
    });
  return {
    source: { path: 'test.yaml', text: '' },
    interfaces: ['eth0', 'eth1'],
    chained: [],
    sets: of.sets ?? new Map(),
    malformed: of.malformed ?? 'drop',
    prefilter: rules('prefilter', of.prefilter),
    ingress: { default: of.ingressDefault ?? 'drop', rules: rules('ingress', of.ingress) },
    egress: { default: 'allow', rules: rules('egress', of.egress) },
  };
}

function actionOf(kind: Action['kind']): Action {
  if (kind === 'log') return { kind, ratePerSecond: 10, burst: 10 };
  return kind === 'mark' ? { kind, mark: 1 } : { kind };
}

function judgeText(policy: CheckedPolicy, text: string, direction: 'ingress' | 'egress' = 'ingress'): Judgement {
  const spec = parseNotation(text);
  const frame = buildFrame(spec);
  return judge(policy, frame, parseFrame(frame, { ifindex: 1 }), direction, spec.interface);
}

/** Whether a rule with this match is hit. */
function hits(match: CheckedMatch, text: string, sets?: CheckedPolicy['sets']): boolean {
  const policy = policyOf({ ingress: [{ match, action: 'reject' }], ...(sets && { sets }) });
  return judgeText(policy, text).verdict === 'reject';
}

const ssh = 'tcp 198.51.100.7:40000 > 192.0.2.10:22';
const ssh6 = 'tcp [2001:db8::7]:40000 > [2001:db8::10]:22';
const ping = 'icmp 198.51.100.7 > 192.0.2.10';
const ping6 = 'icmp6 2001:db8::7 > 2001:db8::10';
const solicitation = 'icmp6 fe80::1 > ff02::1 neighbour-solicitation';

describe('the way of a packet', () => {
  test('the first rule that matches decides', () => {
    const policy = policyOf({
      ingress: [{ match: { port: [[80, 80]] }, action: 'drop' }, { action: 'allow' }, { action: 'reject' }],
    });
    expect(judgeText(policy, ssh)).toEqual({
      verdict: 'allow',
      stage: 'ingress',
      rule: policy.ingress.rules[1],
      reason: 'rule',
      id: FIRST_RULE + 1,
      mark: 0,
      counted: [],
      logged: [],
    });
  });

  test('no rule leaves it to the default of the direction', () => {
    const policy = policyOf({ ingressDefault: 'reject' });
    expect(judgeText(policy, ssh)).toMatchObject({
      verdict: 'reject',
      rule: null,
      reason: 'default-ingress',
      id: Reason.DEFAULT_INGRESS,
      stage: 'ingress',
    });
    expect(judgeText(policy, ssh, 'egress')).toMatchObject({
      verdict: 'allow',
      reason: 'default-egress',
      stage: 'egress',
    });
  });

  test.each(['allow', 'drop', 'reject'] as const)('a prefilter rule that says %s ends it', (action) => {
    const policy = policyOf({ prefilter: [{ action }], ingress: [{ action: 'count' }] });
    expect(judgeText(policy, ssh)).toMatchObject({ verdict: action, stage: 'prefilter', id: FIRST_RULE, counted: [] });
  });

  test('what leaves is asked only of egress rules', () => {
    const policy = policyOf({
      prefilter: [{ action: 'drop' }],
      ingress: [{ action: 'drop' }],
      egress: [{ action: 'reject' }],
    });
    expect(judgeText(policy, ssh, 'egress')).toMatchObject({ verdict: 'reject', stage: 'egress', id: FIRST_RULE + 2 });
  });

  test('count, log and mark go on, and leave their traces in all stages', () => {
    const policy = policyOf({
      prefilter: [{ action: 'count' }, { action: { kind: 'mark', mark: 7 } }],
      ingress: [
        { action: 'log' },
        { match: { port: [[80, 80]] }, action: 'count' },
        { action: { kind: 'mark', mark: 0xffff_ffff } },
        { action: 'count' },
      ],
    });
    expect(judgeText(policy, ssh)).toMatchObject({
      verdict: 'drop',
      reason: 'default-ingress',
      counted: [0, 5],
      logged: [2],
      mark: 0xffff_ffff,
    });
  });
});

describe('malformed packets', () => {
  test.each(['drop', 'allow'] as const)('%s without asking a rule', (malformed) => {
    const policy = policyOf({ malformed, prefilter: [{ action: 'count' }], ingress: [{ action: 'reject' }] });
    const frame = buildFrame(parseNotation(ssh)).subarray(0, 40);
    const judgement = judge(policy, frame, parseFrame(frame, { ifindex: 1 }), 'ingress');
    expect(judgement).toMatchObject({
      verdict: malformed,
      stage: 'parse',
      reason: 'truncated-ipv4',
      id: Reason.TRUNCATED_IPV4,
      counted: [],
    });
  });
});

describe('neighbour packets pass unless a rule speaks of them', () => {
  const everything = policyOf({
    prefilter: [{ action: 'drop' }],
    ingress: [{ action: 'drop' }],
    egress: [{ action: 'drop' }],
  });

  test.each(['arp', solicitation])('%s passes a policy that drops everything', (text) => {
    const passed = { verdict: 'allow', rule: null, reason: 'neighbour', id: Reason.NEIGHBOUR };
    expect(judgeText(everything, text)).toMatchObject({ ...passed, stage: 'ingress' });
    expect(judgeText(everything, text, 'egress')).toMatchObject({ ...passed, stage: 'egress' });
  });

  test('a solicitation that a router forwarded is a packet like any other', () => {
    expect(judgeText(everything, `${solicitation} ttl=64`)).toMatchObject({ verdict: 'drop', reason: 'rule' });
  });

  const allProtocols = { v4: [[0, 255]], v6: [[0, 255]], arp: true } as const;
  test.each<[string, CheckedMatch, arp: boolean, discovery: boolean]>([
    ['the protocol arp', { protocol: { v4: [], v6: [], arp: true } }, true, false],
    ['arp and icmp6', { protocol: { v4: [], v6: [[58, 58]], arp: true } }, true, false],
    ['all protocols', { protocol: allProtocols }, true, false],
    ['icmp6', { protocol: { v4: [], v6: [[58, 58]], arp: false } }, false, false],
    ['its type', { icmpType: { v4: [], v6: [[135, 135]] } }, false, true],
    ['another type', { icmpType: { v4: [], v6: [[136, 136]] } }, false, false],
    ['any type', { icmpType: { v4: [], v6: [[0, 255]] } }, false, false],
    [
      'any type but one',
      {
        icmpType: {
          v4: [],
          v6: [
            [0, 127],
            [129, 255],
          ],
        },
      },
      false,
      false,
    ],
    ['its type and arp', { protocol: allProtocols, icmpType: { v4: [], v6: [[133, 137]] } }, false, true],
  ])('%s', (_what, match, arp, discovery) => {
    expect(hits(match, 'arp')).toBe(arp);
    expect(hits(match, solicitation)).toBe(discovery);
  });
});

describe('matches', () => {
  const addresses = ranges({ v4: [[0xc6336400, 0xc63364ff]], v6: [[0x20010db8n << 96n, (0x20010db9n << 96n) - 1n]] });
  const known = new Map([['known', { name: 'known', line: 1, ranges: addresses }]]);
  const inSet: AddressMatch = { any: [{ kind: 'set', set: 'known' }], none: [] };
  const inRanges: AddressMatch = { any: [{ kind: 'ranges', ranges: addresses }], none: [] };
  const notInSet: AddressMatch = { any: [], none: inSet.any };
  const only4 = { v4: [[6, 6]], v6: [], arp: false } as const;

  test.each<[string, CheckedMatch, yes: readonly string[], no: readonly string[]]>([
    ['nothing', {}, [ssh, ssh6, ping, ping6], []],
    ['protocol', { protocol: only4 }, [ssh], [ssh6, ping]],
    [
      'from a set',
      { from: inSet },
      [ssh, ssh6],
      ['tcp 198.51.101.0:1 > 198.51.100.7:1', 'tcp [2001:db9::]:1 > [2001:db8::]:1'],
    ],
    [
      'from ranges',
      { from: inRanges },
      [ssh, ping6, 'tcp 198.51.100.255:1 > 1.1.1.1:1'],
      ['tcp 198.51.99.255:1 > 1.1.1.1:1'],
    ],
    ['to, not of a set', { to: notInSet }, [ssh], [ssh6, 'tcp 1.1.1.1:1 > 198.51.100.0:1']],
    ['of one, not of the other', { from: { any: inRanges.any, none: inSet.any } }, [], [ssh, ssh6]],
    [
      'fromPort',
      {
        fromPort: [
          [1, 9],
          [40000, 40000],
        ],
      },
      [ssh, ssh6],
      ['udp 1.1.1.1:10 > 1.1.1.1:5', ping],
    ],
    [
      'port',
      { port: [[0, 0xffff]] },
      [ssh, 'sctp 1.1.1.1:0 > 1.1.1.1:0'],
      [ping, 'udp 1.1.1.1 > 1.1.1.1 fragment=later', '99 1.1.1.1 > 1.1.1.1'],
    ],
    [
      'tcpFlags',
      { tcpFlags: { mask: 0x12, value: 0x02 } },
      [ssh, `${ssh6} flags=SF`],
      [`${ssh} flags=SA`, 'udp 1.1.1.1:1 > 1.1.1.1:1'],
    ],
    ['tcpFlags unset', { tcpFlags: { mask: 0x12, value: 0 } }, [`${ssh} flags=F`], ['udp 1.1.1.1:1 > 1.1.1.1:1', ssh]],
    [
      'icmpType',
      { icmpType: { v4: [[8, 8]], v6: [[128, 128]] } },
      [ping, ping6],
      [`${ping} echo-reply`, `${ping6} type=8`, ssh],
    ],
    ['icmpType of one family', { icmpType: { v4: [[0, 255]], v6: [] } }, [ping], [ping6]],
    [
      'icmpCode',
      { icmpCode: { v4: [[3, 3]], v6: [[4, 4]] } },
      [`${ping} type=3 code=3`, `${ping6} type=1 code=4`],
      [`${ping} code=4`, ping6],
    ],
    ['length', { length: [[40, 60]] }, [ssh, ssh6, `${ssh} length=60`], [`${ssh} length=61`, ping]],
    ['ttl', { ttl: [[0, 63]] }, [`${ssh} ttl=63`, `${ssh6} ttl=0`], [ssh, ssh6]],
    ['dscp', { dscp: [[46, 46]] }, [`${ssh} dscp=46`, `${ping6} dscp=46`], [ssh]],
    ['vlan', { vlan: [[0, 9]] }, [`${ssh} vlan=0`, `${ssh6} vlan=9,100`], [ssh, `${ssh} vlan=10,9`]],
    ['any fragment', { fragment: 'any' }, ['tcp 1.1.1.1 > 1.1.1.1 fragment=later', `${ssh6} fragment=first`], [ssh]],
    ['no fragment', { fragment: 'none' }, [ssh, ping6], [`${ssh} fragment=first`]],
    ['first fragment', { fragment: 'first' }, [`${ssh} fragment=first`], [ssh, '6 ::1 > ::1 fragment=later']],
    ['later fragment', { fragment: 'later' }, ['6 ::1 > ::1 fragment=later'], [ssh, `${ssh} fragment=first`]],
    [
      'interface',
      { interface: { any: ['eth0'], none: [] } },
      [`${ssh} interface=eth0`],
      [`${ssh} interface=eth1`, ssh],
    ],
    ['payload', payload('payload', 1, [0x62]), [`${ssh} payload="abc"`, `${ssh6} payload="xb"`], [ssh]],
    ['network bytes under a mask', payload('network', 0, [0x4f], [0xf0]), [ssh, `${ping} vlan=1`], [ssh6, ping6]],
    ['transport bytes', payload('transport', 2, [0, 22]), [ssh, ssh6], [ping]],
    ['frame bytes', payload('frame', 12, [0x86, 0xdd]), [ssh6], [ssh, `${ssh6} vlan=1`]],
    [
      'bytes that are not all there',
      payload('payload', 2, [0, 0], [0, 0]),
      [`${ssh} payload="abcd"`],
      [`${ssh} payload="abc"`],
    ],
    ['filter: ip6', filter([0x28, 12], [0x15, 0x86dd, 0, 1], [0x06, 1], [0x06, 0]), [ssh6], [ssh]],
    ['filter: len = 54', filter([0x80], [0x15, 54, 0, 1], [0x06, 1], [0x06, 0]), [ssh], [ssh6]],
    ['all of several', { protocol: only4, ttl: [[64, 64]], port: [[22, 22]] }, [ssh], [`${ssh} ttl=63`, ssh6]],
  ])('%s', (_what, match, yes, no) => {
    for (const text of yes) expect({ text, hit: hits(match, text, known) }).toEqual({ text, hit: true });
    for (const text of no) expect({ text, hit: hits(match, text, known) }).toEqual({ text, hit: false });
  });

  test.each<CheckedMatch>([
    { from: { any: [], none: [] } },
    { ttl: [[0, 255]] },
    { dscp: [[0, 63]] },
    { fragment: 'none' },
    { port: [[0, 0xffff]] },
  ])('what is no IP packet has nothing for %j', (match) => {
    const lldp = buildFrame(parseNotation('arp'));
    lldp.set([0x88, 0xcc], 12);
    const policy = policyOf({ ingress: [{ match, action: 'reject' }] });
    expect(judge(policy, lldp, parseFrame(lldp, { ifindex: 1 }), 'ingress').verdict).toBe('drop');
  });
});

function payload(
  base: 'frame' | 'network' | 'transport' | 'payload',
  offset: number,
  bytes: number[],
  mask = bytes.map(() => 0xff),
): CheckedMatch {
  return { payload: { base, offset, bytes: Uint8Array.from(bytes), mask: Uint8Array.from(mask) } };
}

function filter(...lines: readonly (readonly [number, number?, number?, number?])[]): CheckedMatch {
  return { filter: { expression: '', program: lines.map(([code, k = 0, jt = 0, jf = 0]) => ({ code, k, jt, jf })) } };
}
