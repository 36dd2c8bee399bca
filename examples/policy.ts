/** A policy as a program: what repeats is written once, and the compiler knows every key and value. */
import { definePolicy, type Rule } from 'sluice';

interface Service {
  readonly name: string;
  readonly servers: string[];
  readonly port: number;
  /** Who may use it: a set, or everybody. */
  readonly for?: '@admins' | '@office';
}

const services: readonly Service[] = [
  { name: 'web', servers: ['192.0.2.10', '2001:db8:5e::10'], port: 443 },
  { name: 'mail', servers: ['192.0.2.25', '2001:db8:5e::25'], port: 25 },
  { name: 'wiki', servers: ['192.0.2.30'], port: 443, for: '@office' },
  { name: 'database', servers: ['192.0.2.40'], port: 5432, for: '@admins' },
];

/** What is tried is counted, whoever tries; what is allowed is allowed only for those it is for. */
const rulesOf = ({ name, servers, port, for: users }: Service): Rule[] => {
  const match: Pick<Rule, 'protocol' | 'to' | 'port'> = { protocol: 'tcp', to: servers, port };
  return [
    { name: `${name}-tried`, ...match, tcpFlags: ['syn', '!ack'], action: 'count' },
    { name, ...match, ...(users && { from: users }), action: 'allow' },
  ];
};

export const policy = definePolicy({
  version: 1,
  interfaces: ['eth0', 'eth1'],
  sets: {
    admins: ['203.0.113.0/24', '2001:db8:ad::/48'],
    office: ['@admins', '198.51.100.0/26'],
    blocked: { file: 'blocked.txt' },
  },
  prefilter: [{ name: 'blocklist', from: '@blocked', action: 'drop' }],
  ingress: {
    default: 'drop',
    rules: [...services.flatMap(rulesOf), { name: 'ping', icmpType: 'echo-request', action: 'allow' }],
  },
});
