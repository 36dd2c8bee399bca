import { SluiceError } from '../diagnostics/problem.ts';
import type { SourceText } from '../diagnostics/source.ts';
import { readIptables } from './iptables.ts';
import {
  type BaseChain,
  type ForeignRule,
  interfacesOf,
  type Loss,
  needsConnections,
  type Ruleset,
} from './ruleset.ts';
import { isCommand, readCommands } from './ufw-commands.ts';
import { readUfwRule, type UfwRule } from './ufw-rule.ts';
import { isStatus, readStatus, statusDefaults } from './ufw-status.ts';

const ENTRANCES = {
  'ufw-user-input': 'ingress',
  'ufw6-user-input': 'ingress',
  'ufw-user-output': 'egress',
  'ufw6-user-output': 'egress',
} as const;

/** What the file of the rules does not say. */
const DEFAULTS: Loss = {
  code: 'import/approximate',
  message: 'the defaults of ufw are in another file: here they are to deny what comes in and to allow what goes out',
  help: 'compare /etc/default/ufw, and correct `default` in the policy',
};
const REPLIES = needsConnections('ufw lets the packets of known connections in before all of these rules');
const BEFORE: Loss = {
  code: 'import/not-carried',
  message: 'before these rules ufw lets in ping, the errors of ICMP, replies of DHCP, mDNS and UPnP',
  help: 'compare /etc/ufw/before.rules, and write rules for what is wanted',
};

/**
 * Reads what people have added to ufw, without ufw's own chains: user.rules and user6.rules, one of them or both, or
 * what `ufw show added` or `ufw status verbose` prints. Throws a SluiceError where it is none of these.
 */
export function readUfw(source: SourceText, givenInterfaces: readonly string[]): Ruleset {
  if (isStatus(source.text)) return readList(source, readStatus(source), givenInterfaces);
  if (/^Added user rules|^\(None\)/m.test(source.text) || source.text.split('\n').some(isCommand)) {
    return readList(source, readCommands(source), givenInterfaces);
  }
  const ruleset = readIptables(source, givenInterfaces, { entrances: ENTRANCES });
  return { ...ruleset, losses: [...ruleset.losses, DEFAULTS, REPLIES, BEFORE] };
}

function readList(source: SourceText, rules: readonly UfwRule[], givenInterfaces: readonly string[]): Ruleset {
  if (/^Status: inactive/m.test(source.text)) {
    const help = 'give what `ufw show added` prints';
    throw new SluiceError({
      code: 'import/unreadable',
      message: `${source.path}: ufw is inactive, and lists no rules`,
      help,
    });
  }
  const interfaces = interfacesOf(
    givenInterfaces,
    rules.flatMap((rule) => rule.interface ?? []),
  );
  const defaults = statusDefaults(source.text);
  const lines = source.text.split('\n');
  const [incoming, outgoing]: [ForeignRule[], ForeignRule[]] = [[], []];
  for (const rule of rules) {
    const origin = `line ${rule.place.line}, "${lines[rule.place.line - 1]?.trim().replace(/\s+/g, ' ')}"`;
    (rule.direction === 'out' ? outgoing : incoming).push(readUfwRule(rule, origin, interfaces));
  }
  return {
    chains: new Map([
      ['in', incoming],
      ['out', outgoing],
    ]),
    bases: [baseOf('in', 'ingress', defaults?.in ?? 'deny'), baseOf('out', 'egress', defaults?.out ?? 'allow')],
    sets: new Map(),
    losses: [...(defaults ? rejections(defaults) : [DEFAULTS]), REPLIES, BEFORE],
    interfaces,
  };
}

const baseOf = (key: 'in' | 'out', stage: 'ingress' | 'egress', decides: string): BaseChain => ({
  key,
  title: `ufw, what ${key === 'in' ? 'comes in' : 'goes out'}`,
  stage,
  families: [4, 6],
  priority: 0,
  policy: decides === 'allow' ? 'accept' : 'drop',
});

function rejections(defaults: { in: string; out: string }): Loss[] {
  if (defaults.in !== 'reject' && defaults.out !== 'reject') return [];
  const message = 'by default it rejects: here the default is to drop';
  return [{ code: 'import/approximate', message, help: 'end the rules with `{ action: reject }`' }];
}
