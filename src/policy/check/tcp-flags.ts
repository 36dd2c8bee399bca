import { didYouMean } from '../../diagnostics/suggest.ts';
import type { CheckedMatch } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { quote } from './numbers.ts';
import { operands } from './operands.ts';
import type { Report } from './report.ts';

/** Bits of the TCP header's flags byte (RFC 9293, RFC 3168). */
export const TCP_FLAGS = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 } as const;

export type TcpFlag = keyof typeof TCP_FLAGS;

/** Named flags must be set, those with `!` must not, the others may be either. */
export function checkTcpFlags(value: string | readonly string[], path: Path, report: Report): CheckedMatch['tcpFlags'] {
  const list = operands(value, path, report);
  let set = 0;
  let unset = 0;
  let wrong = list.length === 0;
  for (const flag of list) {
    const bit = flagBit(flag.value.toLowerCase());
    if (bit === undefined) {
      const help = didYouMean(flag.value, Object.keys(TCP_FLAGS));
      report.error('policy/unknown-flag', flag.path, `unknown TCP flag ${quote(flag.value)}`, { help });
      wrong = true;
    } else if (flag.negated) unset |= bit;
    else set |= bit;
  }
  if (wrong) return undefined;
  if ((set & unset) !== 0) {
    report.error('policy/never-matches', path, 'the same TCP flag is wanted both set and unset');
    return undefined;
  }
  return { mask: set | unset, value: set };
}

function flagBit(name: string): number | undefined {
  return Object.hasOwn(TCP_FLAGS, name) ? TCP_FLAGS[name as TcpFlag] : undefined;
}
