import { plainNumber, protocolNumber } from './field-text.ts';
import { isOnlyNew, MATCHES, type MatchScope, MODULES } from './iptables-match.ts';
import type { Option } from './iptables-words.ts';
import { EVERYTHING, only, type Region } from './region.ts';
import { buildRule, type RuleBuilder } from './rule-builder.ts';
import { type ForeignRule, type Interfaces, NotCarried, type Outcome } from './ruleset.ts';

export interface RuleScope {
  readonly family: 4 | 6;
  readonly interfaces: Interfaces;
  /** The key of a chain of the table; undefined where there is none of the name. */
  chain(name: string): string | undefined;
}

/** Options of targets, which are read with them. */
const OF_TARGETS = /^--(log|nflog|reject-with|set-mark|set-xmark)/;

export function readIptablesRule(options: readonly Option[], scope: RuleScope): Omit<ForeignRule, 'origin'> {
  const matchScope: MatchScope = { ...scope, protocol: EVERYTHING };
  const name = options.find((option) => option.name === '--comment')?.values[0];
  const read = buildRule((rule) => {
    const protocol = protocolOf(options);
    for (const option of options) readMatch(option, rule, { ...matchScope, protocol });
    if (options.some(({ name }) => name === '--limit')) readLimit(options, rule);
    readTarget(options, rule, scope);
  });
  return { ...read, ...(name !== undefined && { name }) };
}

/** The protocol that the ports of a rule are of. */
function protocolOf(options: readonly Option[]): Region {
  const text = options.find(({ name, negated }) => name === '-p' && !negated)?.values[0];
  if (text === undefined || text === 'all') return EVERYTHING;
  const number = BigInt(protocolNumber(text));
  return only('protocol', [number, number]);
}

const IGNORED = new Set(['-m', '-j', '-g', '--comment', '--limit', '--limit-burst', '--state', '--ctstate']);

function readMatch(option: Option, rule: RuleBuilder, scope: MatchScope): void {
  const { name, values } = option;
  const [module = ''] = name === '-m' ? values : [];
  if (module !== '' && !MODULES.has(module)) throw new NotCarried(`Sluice does not match "-m ${module}"`);
  if ((name === '--state' || name === '--ctstate') && isOnlyNew(option)) rule.onlyNew(`${name} ${values[0]}`);
  if (IGNORED.has(name) || OF_TARGETS.test(name)) return;
  const read = Object.hasOwn(MATCHES, name) ? MATCHES[name] : undefined;
  if (!read) throw new NotCarried(`Sluice has nothing like "${[name, ...values].join(' ')}"`);
  if (/^--[sd]?ports?$/.test(name) && !hasPorts(scope.protocol))
    throw new NotCarried('its protocol has no ports in Sluice');
  rule.narrow(read(option, scope));
}

const hasPorts = (protocol: Region): boolean =>
  protocol.some(({ protocol: value }) => [6n, 17n, 132n].includes(value?.any?.[0]?.ranges[0]?.[0] ?? 0n));

const valueAt = (options: readonly Option[], name: string): string | undefined =>
  options.find((option) => option.name === name)?.values[0];

const UNITS: Readonly<Record<string, string>> = { sec: 's', second: 's', min: 'm', minute: 'm', hour: 'h' };

function readLimit(options: readonly Option[], rule: RuleBuilder): void {
  const text = valueAt(options, '--limit') ?? '';
  const burst = Number(valueAt(options, '--limit-burst') ?? 5);
  const [, rate, unit = ''] = /^(\d+)\/(\w+)$/.exec(text) ?? [];
  const short = UNITS[unit];
  rule.limit(`--limit ${text}`, short === undefined ? undefined : `${rate}/${short}`, burst);
}

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  ACCEPT: { kind: 'accept' },
  DROP: { kind: 'drop' },
  REJECT: { kind: 'reject' },
  RETURN: { kind: 'return' },
};

function readTarget(options: readonly Option[], rule: RuleBuilder, scope: RuleScope): void {
  const jump = options.find(({ name }) => name === '-j' || name === '-g');
  const target = jump?.values[0];
  if (!jump || target === undefined) {
    rule.effect({ kind: 'count' });
    return;
  }
  const chain = scope.chain(target);
  if (chain !== undefined) {
    rule.outcome({ kind: jump.name === '-g' ? 'goto' : 'jump', chain });
    return;
  }
  const outcome = Object.hasOwn(OUTCOMES, target) ? OUTCOMES[target] : undefined;
  if (outcome) {
    if (target === 'REJECT') noteRejection(options, rule);
    rule.outcome(outcome);
    return;
  }
  if (target === 'LOG' || target === 'NFLOG') {
    const prefix = valueAt(options, '--log-prefix') ?? valueAt(options, '--nflog-prefix');
    rule.effect({ kind: 'log', ...(prefix !== undefined && { prefix }) });
    return;
  }
  const mark = valueAt(options, '--set-xmark') ?? valueAt(options, '--set-mark');
  const [value = '', mask = '0xffffffff'] = (mark ?? '').split('/');
  if (target === 'MARK' && mark !== undefined && Number(mask) === 0xffff_ffff) {
    rule.effect({ kind: 'mark', mark: plainNumber(value) });
    return;
  }
  throw new NotCarried(`Sluice does nothing like "-j ${target}"${target === 'MARK' ? ' of part of a mark' : ''}`);
}

const SLUICE_ANSWERS = /^(tcp-reset|tcp-rst|icmp6?-port-unreachable|port-unreach)$/;

function noteRejection(options: readonly Option[], rule: RuleBuilder): void {
  const answer = valueAt(options, '--reject-with');
  if (answer === undefined || SLUICE_ANSWERS.test(answer)) return;
  const message = `it is answered by a reset (TCP) or "port unreachable", not by "${answer}"`;
  rule.lose({ code: 'import/approximate', message });
}
