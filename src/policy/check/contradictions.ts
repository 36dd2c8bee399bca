import type { AddressMatch, CheckedMatch } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import type { Report } from './report.ts';

type Family = 4 | 6 | 'arp';
const EVERY_FAMILY: readonly Family[] = [4, 6, 'arp'];

/** What each match leaves of the families of packets. */
const FAMILIES: readonly {
  readonly key: keyof CheckedMatch;
  readonly of: (match: CheckedMatch) => readonly Family[];
}[] = [
  {
    key: 'protocol',
    of: ({ protocol: p }) =>
      p ? [...some(p.v4, 4), ...some(p.v6, 6), ...(p.arp ? ['arp' as const] : [])] : EVERY_FAMILY,
  },
  { key: 'from', of: ({ from }) => addressFamilies(from) },
  { key: 'to', of: ({ to }) => addressFamilies(to) },
  { key: 'ttl', of: ({ ttl }) => (ttl ? [4, 6] : EVERY_FAMILY) },
  { key: 'dscp', of: ({ dscp }) => (dscp ? [4, 6] : EVERY_FAMILY) },
  { key: 'fragment', of: ({ fragment }) => (fragment ? [4, 6] : EVERY_FAMILY) },
];

/** Matches that look into the transport header, which a later fragment does not have. */
const TRANSPORT: readonly (keyof CheckedMatch)[] = ['port', 'fromPort', 'tcpFlags', 'icmpType', 'icmpCode'];

/** Whether two matches of one rule exclude each other; if so, that is reported. */
export function reportContradiction(match: CheckedMatch, path: Path, report: Report): boolean {
  let left = EVERY_FAMILY;
  let before: string | undefined;
  for (const { key, of } of FAMILIES) {
    if (match[key] === undefined) continue;
    const families = of(match);
    const both = left.filter((family) => families.includes(family));
    if (both.length === 0) {
      const message = `"${key}" is about ${familyNames(families)}, and "${before}" about ${familyNames(left)}: no packet is both`;
      report.error('policy/never-matches', [...path, key], message);
      return true;
    }
    if (both.length < left.length) before = key;
    left = both;
  }
  const transport = match.fragment === 'later' ? TRANSPORT.find((key) => match[key]) : undefined;
  if (transport) {
    report.error(
      'policy/never-matches',
      [...path, 'fragment'],
      `a later fragment has no transport header, so "${transport}" can never match`,
    );
  }
  return transport !== undefined;
}

/** A set may be read from a file again at any time: it can hold both families. */
function addressFamilies(addresses: AddressMatch | undefined): readonly Family[] {
  if (!addresses) return EVERY_FAMILY;
  if (addresses.any.length === 0) return [4, 6];
  return addresses.any.flatMap((operand) =>
    operand.kind === 'set' ? [4 as const, 6 as const] : [...some(operand.ranges.v4, 4), ...some(operand.ranges.v6, 6)],
  );
}

function some<F extends Family>(ranges: { readonly length: number }, family: F): F[] {
  return ranges.length > 0 ? [family] : [];
}

function familyNames(families: readonly Family[]): string {
  const names = [...new Set(families)].map((family) => (family === 'arp' ? 'ARP' : `IPv${family}`));
  return names.join(' and ');
}
