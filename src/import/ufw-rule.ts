import type { Place } from '../diagnostics/problem.ts';
import { addressRange, portNumber, protocolNumber } from './field-text.ts';
import type { Range } from './ranges.ts';
import { and, EVERYTHING, ofFamily, only, type Region } from './region.ts';
import { buildRule } from './rule-builder.ts';
import { type ForeignRule, type Interfaces, NotCarried } from './ruleset.ts';

/** A rule as people give it to ufw, whichever of its outputs it was read from. */
export interface UfwRule {
  readonly action: string;
  readonly direction: 'in' | 'out' | 'route';
  /** `log` is of new connections, `log-all` of all packets. */
  readonly log?: 'log' | 'log-all';
  readonly interface?: string;
  readonly protocol?: string;
  readonly from: UfwEnd;
  readonly to: UfwEnd;
  readonly comment?: string;
  /** Left out: both, as far as the addresses allow it. */
  readonly family?: 4 | 6;
  readonly place: Place;
  /** What could not be read of it. */
  readonly lost?: string;
}

/** Left out: any. */
export interface UfwEnd {
  readonly address?: string;
  /** `80`, `80,443`, `8000:8100`. */
  readonly ports?: string;
  /** A profile of an application, whose ports stand elsewhere. */
  readonly application?: string;
}

const OUTCOMES: Readonly<Record<string, 'accept' | 'drop' | 'reject'>> = {
  allow: 'accept',
  limit: 'accept',
  deny: 'drop',
  reject: 'reject',
};

export function readUfwRule(rule: UfwRule, origin: string, interfaces: Interfaces): ForeignRule {
  const read = buildRule((builder) => {
    if (rule.lost !== undefined) throw new NotCarried(rule.lost);
    if (rule.direction === 'route') throw new NotCarried('it is about forwarded packets', { help: ROUTED });
    const outcome = OUTCOMES[rule.action];
    if (!outcome) throw new NotCarried(`"${rule.action}" is no action of ufw that is known`);
    builder.narrow(regionOf(rule, interfaces));
    if (rule.log) builder.effect({ kind: 'log' });
    if (rule.log === 'log') {
      builder.lose({ code: 'import/approximate', message: 'it logged new connections, and now logs every packet' });
    }
    if (rule.action === 'limit') {
      const message =
        'it let six connections in 30 seconds in from an address, and now lets in all: Sluice limits no rates';
      builder.lose({ code: 'import/approximate', message });
    }
    builder.outcome({ kind: outcome });
  });
  return { origin, place: rule.place, ...read, ...(rule.comment !== undefined && { name: rule.comment }) };
}

const ROUTED =
  'Sluice judges what comes in by an interface, before routing, and what goes out; forwarded packets are both';

function regionOf(rule: UfwRule, interfaces: Interfaces): Region {
  const { direction, protocol, from, to, family } = rule;
  const field = direction === 'in' ? 'iif' : 'oif';
  return and(
    family ? ofFamily(family) : EVERYTHING,
    rule.interface === undefined ? EVERYTHING : only(field, ...(interfaces.ranges(rule.interface, '+') ?? [])),
    from.address === undefined ? EVERYTHING : addressRegion('from', from.address),
    to.address === undefined ? EVERYTHING : addressRegion('to', to.address),
    protocolRegion(protocol, [from, to]),
    portRegion('fromPort', from),
    portRegion('port', to),
  );
}

function addressRegion(field: 'from' | 'to', text: string): Region {
  const range = addressRange(text);
  return and(ofFamily(text.includes(':') ? 6 : 4), only(field, range));
}

const number = (value: number): Range => [BigInt(value), BigInt(value)];

/** Ports without a protocol are of TCP and UDP. */
function protocolRegion(protocol: string | undefined, ends: readonly UfwEnd[]): Region {
  if (protocol !== undefined) return only('protocol', number(protocolNumber(protocol)));
  return ends.some(({ ports }) => ports !== undefined) ? only('protocol', number(6), number(17)) : EVERYTHING;
}

function portRegion(field: 'port' | 'fromPort', { ports, application }: UfwEnd): Region {
  if (application !== undefined) {
    throw new NotCarried(`the ports of the application "${application}" are not in the text`, {
      help: `give what \`ufw status verbose\` prints, which says them, or see \`ufw app info\``,
    });
  }
  if (ports === undefined) return EVERYTHING;
  const ranges = ports.split(',').map((part): Range => {
    const [lo = '', hi = lo] = part.split(':');
    return [BigInt(portNumber(lo)), BigInt(portNumber(hi))];
  });
  return only(field, ...ranges);
}
