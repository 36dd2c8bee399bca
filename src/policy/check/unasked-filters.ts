import type { CheckedRule } from '../checked.ts';
import { speaksOfArp, speaksOfDiscovery } from '../neighbour.ts';
import type { Path } from '../parse/document.ts';
import type { Report } from './report.ts';

/** What a rule is only asked about where it speaks of it in its own keys, and how a tcpdump expression names it. */
const subjects = [
  {
    subject: 'ARP',
    named: /(?<![\w.-])arp(?![\w.-])|\bether proto (0x0?806|2054)\b/,
    speaks: speaksOfArp,
    help: 'write "protocol: arp" beside the filter, or a list with arp in it',
  },
  {
    subject: 'neighbour discovery',
    named:
      /\bicmp6-(router|neighbor)(solicit|advert)\b|\bicmp6-redirect\b|\b(icmp6\[(0|icmp6type)\]|ip6\[40\]) *==? *(13[3-7]|0x8[5-9])\b/,
    speaks: speaksOfDiscovery,
    help: 'write "icmpType: neighbor-solicitation", or the type that is meant, beside the filter',
  },
] as const;

/** A filter that asks for ARP or neighbour discovery, in a rule that is never asked about them. */
export function warnOfUnaskedFilters(rules: readonly CheckedRule[], path: Path, report: Report): void {
  for (const [position, { name, match }] of rules.entries()) {
    const expression = match.filter?.expression.replaceAll(/\s+/g, ' ') ?? '';
    for (const { subject, named, speaks, help } of subjects) {
      if (speaks(match) || !asksFor(expression, named)) continue;
      const message = `rule "${name}" is never asked about ${subject}, which only its filter names`;
      report.warning('policy/neighbour-unasked', [...path, position, 'filter'], message, { help });
    }
  }
}

/** Whether the expression names it where nothing before is negated: `not arp` is true of other packets. */
function asksFor(expression: string, named: RegExp): boolean {
  const at = expression.search(named);
  return at >= 0 && !/\bnot\b|!(?!=)/.test(expression.slice(0, at));
}
