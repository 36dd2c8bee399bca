import { expect, test } from 'vitest';
import { checkPolicy } from '../check.ts';

function warnings(stages: object): string[] {
  const text = JSON.stringify({ version: 1, interfaces: ['eth0'], sets: { a: ['10.0.0.1'] }, ...stages });
  const { problems } = checkPolicy({ path: 'policy.json', text });
  expect(problems.filter(({ severity }) => severity !== 'warning')).toEqual([]);
  return problems.map(({ code }) => code);
}

const ingress = (...rules: object[]) => ({ ingress: { default: 'drop', rules } });
const blocked = ['policy/replies-blocked'];

test.each<[what: string, policy: object, codes: string[]]>([
  ['no rule at all', ingress(), blocked],
  ['default: allow', { ingress: { default: 'allow' } }, []],
  ['a rule for servers only', ingress({ port: [22, 443], action: 'allow' }), blocked],
  ['a rule for new connections only', ingress({ tcpFlags: ['syn', '!ack'], action: 'allow' }), blocked],
  ['a rule for another protocol', ingress({ protocol: ['udp', 'icmp'], action: 'allow' }), blocked],
  ['a rule that drops', ingress({ protocol: 'tcp', tcpFlags: 'ack', action: 'drop' }), blocked],
  ['replies by their flag', ingress({ tcpFlags: 'ack', action: 'allow' }), []],
  ['replies by their flags', ingress({ tcpFlags: ['ack', '!syn'], action: 'allow' }), []],
  ['replies by where they come from', ingress({ fromPort: 443, action: 'allow' }), []],
  ['replies by their port', ingress({ protocol: 'tcp', port: '32768-60999', action: 'allow' }), []],
  ['all of some addresses', ingress({ from: '@a', action: 'allow' }), []],
  ['nothing goes out', { ...ingress(), egress: { default: 'drop' } }, []],
  ['replies let in before', { ...ingress(), prefilter: [{ tcpFlags: 'ack', action: 'allow' }] }, []],
])('replies: %s', (_what, policy, codes) => {
  expect(warnings(policy)).toEqual(codes);
});

const unasked = ['policy/neighbour-unasked'];

test.each<[filter: string, keys: object, codes: string[]]>([
  ['arp', {}, unasked],
  ['arp or tcp port 22', {}, unasked],
  ['ether proto 0x0806', {}, unasked],
  ['ether[12:2] != 5 and arp host 192.0.2.1', {}, unasked],
  ['arp', { protocol: 'arp' }, []],
  ['arp or tcp', { protocol: ['arp', 'tcp'] }, []],
  ['not arp', {}, []],
  ['!(tcp or arp)', {}, []],
  ['rarp', {}, []],
  ['icmp6[icmp6type] == icmp6-neighborsolicit', {}, unasked],
  ['icmp6[0] = 135', { protocol: 'icmpv6' }, unasked],
  ['ip6[40] == 0x88', {}, unasked],
  ['icmp6[0] = 135', { icmpType: 'neighbor-solicitation' }, []],
  ['icmp6[0] = 128', {}, []],
  ['icmp6', {}, []],
  ['arp or icmp6[0] = 135', { protocol: 'arp' }, unasked],
])('filter %s %j', (filter, keys, codes) => {
  expect(warnings({ ingress: { rules: [{ filter, ...keys, action: 'drop' }] } })).toEqual(codes);
});

test.each<[what: string, rules: object[], codes: string[]]>([
  [
    'a rule behind one that decides everything',
    [{ action: 'drop' }, { port: 22, action: 'allow' }],
    ['policy/unreachable-rule'],
  ],
  ['one that counts everything decides nothing', [{ action: 'count' }, { port: 22, action: 'allow' }], []],
  ['nothing behind it', [{ port: 22, action: 'allow' }, { action: 'drop' }], []],
  ['ARP is not decided by it', [{ action: 'drop' }, { protocol: 'arp', action: 'drop' }], []],
])('reach: %s', (_what, rules, codes) => {
  expect(warnings({ ingress: { rules } })).toEqual(codes);
});
