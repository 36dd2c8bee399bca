import { normalise, type Range, sameRanges } from './ranges.ts';
import { andValues, isNothing, isOpen, NotSaid, notValue, rangesOf, type Value, values } from './value.ts';

/**
 * Fields of a packet, as numbers. `from` and `to` are addresses of both families in a row, IPv4 first, so that to be
 * of a family is to come from one of its addresses. `fragment` is 0 of whole packets, 1 of first, 2 of later ones.
 */
export const DOMAINS = {
  from: [0n, 2n ** 32n + 2n ** 128n - 1n],
  to: [0n, 2n ** 32n + 2n ** 128n - 1n],
  protocol: [0n, 255n],
  fragment: [0n, 2n],
  iif: [0n, 0xffffn],
  oif: [0n, 0xffffn],
  vlan: [0n, 4095n],
  port: [0n, 65_535n],
  fromPort: [0n, 65_535n],
  icmpType: [0n, 255n],
  icmpCode: [0n, 255n],
  fin: [0n, 1n],
  syn: [0n, 1n],
  rst: [0n, 1n],
  psh: [0n, 1n],
  ack: [0n, 1n],
  urg: [0n, 1n],
  ece: [0n, 1n],
  cwr: [0n, 1n],
  length: [0n, 0xffff_ffffn],
  ttl: [0n, 255n],
  dscp: [0n, 63n],
} as const satisfies Record<string, Range>;

export type Field = keyof typeof DOMAINS;
const FIELDS = Object.keys(DOMAINS) as Field[];

export const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const satisfies readonly Field[];

/** Fields of the transport header, which a later fragment does not have. */
export const TRANSPORT: readonly Field[] = ['port', 'fromPort', 'icmpType', 'icmpCode', ...FLAGS];

const WHOLE = values([0n, 1n]);

/** What a packet has to be, field by field; whoever names a port names the protocols that have ports, too. */
export type Match = { readonly [Name in Field]?: Value };

/** Packets that are one of these matches; no packet is two of them, so that none is counted twice. */
export type Region = readonly Match[];

export const EVERYTHING: Region = [{}];

/** A rule in so many pieces is nothing that a person would want to read. */
export const MOST_PIECES = 256;

/** A rule would become more than `MOST_PIECES`, or no rule at all can say it. */
export class TooManyPieces extends NotSaid {}

export const only = (field: Field, ...ranges: Range[]): Region => [{ [field]: values(...ranges) }];

export const FAMILY_RANGE = { 4: [0n, 2n ** 32n - 1n], 6: [2n ** 32n, DOMAINS.from[1]] } as const;
export const ofFamily = (family: 4 | 6): Region => only('from', FAMILY_RANGE[family]);

export function and(...regions: readonly Region[]): Region {
  return regions.reduce((a, b) => {
    const both = a.flatMap((one) => b.map((other) => andMatches(one, other)).filter((match) => match !== undefined));
    if (both.length > MOST_PIECES) throw new TooManyPieces();
    return both;
  }, EVERYTHING);
}

function andMatches(a: Match, b: Match): Match | undefined {
  const both: { [Name in Field]?: Value } = { ...a };
  for (const field of FIELDS) {
    const [one, other] = [a[field], b[field]];
    if (other === undefined) continue;
    const value = one ? andValues(one, other) : other;
    if (isNothing(value, DOMAINS[field])) return undefined;
    both[field] = value;
  }
  if (both.fragment && TRANSPORT.some((field) => both[field])) {
    if (!rangesOf(both.fragment, DOMAINS.fragment).some(([lo]) => lo < 2n)) return undefined;
  }
  return both;
}

export function not(region: Region): Region {
  return and(...region.map(notMatch));
}

/** What differs in the first field, what is the same in it and differs in the second, and so on. */
function notMatch(match: Match): Region {
  // A packet without a tag is not to be told from others.
  if (match.vlan) throw new TooManyPieces();
  const pieces: Match[] = [];
  let same: Region = EVERYTHING;
  const differ = (field: Field, value: Value): void => {
    pieces.push(...and(same, [{ [field]: notValue(value, DOMAINS[field]) }]));
    same = and(same, [{ [field]: value }]);
  };
  let transport = false;
  for (const field of FIELDS) {
    const value = match[field];
    if (value === undefined) continue;
    if (!transport && TRANSPORT.includes(field)) {
      // A field that is not there is neither the value nor another one.
      differ('fragment', match.fragment ?? WHOLE);
      transport = true;
    }
    if (field !== 'fragment' || !TRANSPORT.some((name) => match[name])) differ(field, value);
  }
  return pieces;
}

/** Packets of `a`, and those of `b` that are not of `a`. */
export const or = (a: Region, b: Region): Region => [...a, ...and(b, not(a))];

/** The same packets in fewer matches: two that differ in one field only are one. */
export function joined(region: Region): Region {
  for (const [index, one] of region.entries()) {
    for (const other of region.slice(index + 1)) {
      const both = joinedMatch(one, other);
      if (both)
        return joined([...region.slice(0, index), both, ...region.slice(index + 1).filter((match) => match !== other)]);
    }
  }
  return region;
}

function joinedMatch(a: Match, b: Match): Match | undefined {
  const different = FIELDS.filter((field) => !sameValue(field, a, b));
  const [field] = different;
  // Without a VLAN match are untagged packets, too.
  if (field === undefined || field === 'vlan' || different.length > 1) return undefined;
  if ([a[field], b[field]].some((value) => value && isOpen(value))) return undefined;
  const all = normalise([...rangesIn(field, a), ...rangesIn(field, b)]);
  const { [field]: _, ...rest } = { ...a, ...b };
  return sameRanges(all, [DOMAINS[field]]) ? rest : { ...rest, [field]: values(...all) };
}

const sameValue = (field: Field, a: Match, b: Match): boolean =>
  a[field] === b[field] ||
  (![a[field], b[field]].some((value) => value && isOpen(value)) && sameRanges(rangesIn(field, a), rangesIn(field, b)));

/** Whole packets and first fragments are what has a transport header: not to be told from "any" beside a port. */
function rangesIn(field: Field, match: Match): readonly Range[] {
  const value = match[field];
  if (field === 'vlan' && !value) return [];
  if (field === 'fragment' && TRANSPORT.some((name) => match[name])) {
    return rangesOf(andValues(value ?? { none: [] }, WHOLE), DOMAINS.fragment);
  }
  return value ? rangesOf(value, DOMAINS[field]) : [DOMAINS[field]];
}
