import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ImportFormat, importRuleset } from '../../src/import/index.ts';
import { checkPolicy } from '../../src/policy/check.ts';

/**
 * Each rule of a ruleset made at random has a comment of its own. It is in the policy by that name, or it is listed: by
 * itself, or with the chain that it is in. Rules that only lead to others or away from them are not in the policy, but in
 * the conditions of others: what they are worth is asked of the kernel, in test/lab/import.test.ts.
 */
interface Rule {
  readonly comment: string;
  readonly origin: string;
  readonly leads: boolean;
}

function expectAll(format: ImportFormat, text: string, rules: readonly Rule[]): void {
  const imported = importRuleset(format, { path: 'ruleset', text }, { interfaces: ['eth0'] });
  const { problems } = checkPolicy({ path: 'policy.yaml', text: imported.text });
  expect(problems.filter(({ severity }) => severity !== 'warning')).toEqual([]);
  const lost = rules.filter(({ comment, origin, leads }) => {
    const chain = origin.replace(/, rule \d+$/, '');
    const isRule = new RegExp(`name: ${comment}(-\\d+)?,`).test(imported.text);
    const isListed = new RegExp(`(^|\\n) *# [^\\n]*${origin}(:|\\n|$)`).test(imported.text);
    const isChain = imported.text.includes(`${chain}: `);
    return !isRule && !isListed && !isChain && !leads;
  });
  expect(lost, imported.text).toEqual([]);
}

const CHAINS = ['input', 'output', 'forward', 'early', 'a', 'b', 'alone'] as const;
const match = (left: unknown, right: unknown, op = '==') => ({ match: { op, left, right } });
const payload = (protocol: string, field: string) => ({ payload: { protocol, field } });
const prefix = (addr: string, len: number) => ({ prefix: { addr, len } });
const onePerSecond = [{ limit: { rate: 1, per: 'second' } }];

const acceptsByPort = { vmap: { key: payload('tcp', 'dport'), data: '@verdicts' } };
const nftMatches: readonly unknown[] = [
  match(payload('ip', 'saddr'), prefix('10.0.0.0', 8)),
  match(payload('ip', 'saddr'), prefix('192.0.2.0', 24), '!='),
  match(payload('ip6', 'saddr'), prefix('2001:db8::', 32)),
  match(payload('ip', 'saddr'), '@full'),
  match(payload('ip', 'saddr'), '@empty'),
  match(payload('ip', 'saddr'), '@filled', '!='),
  match(payload('ip', 'daddr'), '@filled'),
  match(payload('tcp', 'dport'), { set: [22, 80, { range: [8000, 8100] }] }),
  match(payload('tcp', 'dport'), '@ports'),
  match(payload('tcp', 'dport'), '@none'),
  match(payload('udp', 'sport'), 53, '!='),
  match({ concat: [payload('ip', 'saddr'), payload('tcp', 'dport')] }, '@pairs'),
  match({ concat: [payload('ip', 'saddr'), payload('tcp', 'dport')] }, { set: [] }),
  match({ '&': [payload('tcp', 'flags'), ['syn', 'ack']] }, 'syn', '!='),
  match({ meta: { key: 'iifname' } }, 'eth0'),
  match({ meta: { key: 'iifname' } }, 'eth9'),
  match({ meta: { key: 'oifname' } }, 'eth0', '!='),
  match({ meta: { key: 'mark' } }, 7),
  match({ ct: { key: 'state' } }, { set: ['established', 'related'] }, 'in'),
  match({ ct: { key: 'state' } }, 'new', 'in'),
  match(payload('vlan', 'id'), 7),
  match(payload('vlan', 'id'), 7, '!='),
  match({ '&': [payload('ip', 'frag-off'), 0x1fff] }, 0, '!='),
  { limit: { rate: 10, per: 'second' } },
  { set: { op: 'add', elem: payload('ip', 'saddr'), set: '@filled' } },
  { set: { op: 'update', elem: payload('ip', 'saddr'), set: '@filled', stmt: onePerSecond } },
  acceptsByPort,
  { vmap: { key: payload('tcp', 'dport'), data: { set: [] } } },
  { xt: null },
];
const nftEnds = [
  { accept: null },
  { drop: null },
  { reject: null },
  { log: { prefix: 'seen' } },
  { counter: { packets: 0, bytes: 0 } },
  { return: null },
  { jump: { target: 'a' } },
  { goto: { target: 'b' } },
  { queue: null },
];
const nftRules = fc.array(
  fc.record({
    chain: fc.constantFrom(...CHAINS),
    matches: fc.subarray([...nftMatches], { maxLength: 3 }),
    end: fc.constantFrom<Record<string, unknown>>(...nftEnds),
  }),
  { minLength: 1, maxLength: 25 },
);

const table = { family: 'inet', table: 't' };
const baseOf = (name: string, hook: string, prio = 0) => ({
  chain: { ...table, name, type: 'filter', hook, prio, policy: 'drop' },
});
const nftObjects = [
  { table: { family: 'inet', name: 't' } },
  { set: { ...table, name: 'full', type: 'ipv4_addr', elem: ['198.51.100.1', '198.51.100.9'] } },
  { set: { ...table, name: 'empty', type: 'ipv4_addr' } },
  { set: { ...table, name: 'filled', type: 'ipv4_addr', flags: ['dynamic', 'timeout'], timeout: 60 } },
  { set: { ...table, name: 'ports', type: 'inet_service', elem: [80, 443] } },
  { set: { ...table, name: 'none', type: 'inet_service' } },
  { set: { ...table, name: 'pairs', type: ['ipv4_addr', 'inet_service'], elem: [{ concat: ['10.0.0.1', 80] }] } },
  { map: { ...table, name: 'verdicts', type: 'inet_service', map: 'verdict', elem: [[80, { accept: null }]] } },
  baseOf('input', 'input'),
  baseOf('output', 'output'),
  baseOf('forward', 'forward'),
  baseOf('early', 'prerouting', -300),
  ...['a', 'b', 'alone'].map((name) => ({ chain: { ...table, name } })),
];

/** Circles are nothing that the kernel would take. */
const isCircle = (chain: string, end: Record<string, unknown>): boolean =>
  ('jump' in end || 'goto' in end) && chain !== 'input' && chain !== 'output';

test('nftables: every rule is in the policy, or listed', () => {
  fc.assert(
    fc.property(nftRules, (made) => {
      const rules: Rule[] = [];
      const objects = made.flatMap(({ chain, matches, end }, index) => {
        if (isCircle(chain, end)) return [];
        const comment = `rule-${index}-x`;
        const number = 1 + rules.filter(({ origin }) => origin.includes(`chain ${chain},`)).length;
        // To accept before the last chain of the hooks is to go on; what all packets of a map are told so never ends.
        const goesOn = chain === 'early' && ('accept' in end || matches.includes(acceptsByPort));
        const leads = ['return', 'jump', 'goto'].some((word) => word in end) || goesOn;
        rules.push({ comment, origin: `table inet t, chain ${chain}, rule ${number}`, leads });
        return [{ rule: { ...table, chain, comment, expr: [...matches, end] } }];
      });
      expectAll('nftables', JSON.stringify({ nftables: [...nftObjects, ...objects] }), rules);
    }),
    { numRuns: 300 },
  );
});

const words = [
  '-s 10.0.0.0/8',
  '! -s 192.0.2.0/24',
  '-d 10.0.0.1/255.0.0.255',
  '-i eth0',
  '-i eth9',
  '! -o eth0',
  '-p tcp -m tcp --dport 22',
  '-p tcp -m tcp ! --tcp-flags SYN,ACK SYN',
  '-p udp -m multiport ! --dports 53,67:68',
  '-p icmp -m icmp ! --icmp-type 8',
  '-f',
  '-m conntrack --ctstate NEW',
  '-m conntrack --ctstate RELATED,ESTABLISHED',
  '-m limit --limit 1/sec',
  '-m set --match-set bad src',
  '-m recent --set',
];
const targets = ['ACCEPT', 'DROP', 'REJECT', 'LOG', 'MARK --set-xmark 0x1/0x1', 'RETURN', 'TARPIT', 'DNAT', ''];
const iptablesRules = fc.array(
  fc.record({
    chain: fc.constantFrom('INPUT', 'OUTPUT', 'FORWARD', 'alone', 'undeclared'),
    matches: fc.subarray(words, { maxLength: 2 }),
    target: fc.constantFrom(...targets),
  }),
  { minLength: 1, maxLength: 25 },
);

test('iptables: every rule is in the policy, or listed', () => {
  fc.assert(
    fc.property(iptablesRules, (made) => {
      const rules: Rule[] = [];
      const lines = made.map(({ chain, matches, target }, index) => {
        const comment = `rule-${index}-x`;
        const number = 1 + rules.filter(({ origin }) => origin.includes(`chain ${chain},`)).length;
        rules.push({ comment, origin: `table filter, chain ${chain}, rule ${number}`, leads: target === 'RETURN' });
        return `-A ${chain} ${matches.join(' ')} -m comment --comment ${comment}${target === '' ? '' : ` -j ${target}`}`;
      });
      const chains = [':INPUT DROP [0:0]', ':OUTPUT ACCEPT [0:0]', ':FORWARD DROP [0:0]', ':alone - [0:0]'];
      expectAll('iptables', ['*filter', ...chains, ...lines, 'COMMIT', ''].join('\n'), rules);
    }),
    { numRuns: 300 },
  );
});
