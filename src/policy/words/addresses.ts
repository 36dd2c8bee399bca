import { formatAddress } from '../../packet/address.ts';
import { prefixes4, prefixes6 } from '../../prefix-set/prefixes.ts';
import type { AddressMatch, AddressOperand, AddressRanges } from '../checked.ts';

/** Prefixes of a rule's own list that are written out before the rest is only counted. */
const WRITTEN_OUT = 4;

/** `@admins or 192.0.2.0/24, not @blocked`. */
export function addressMatchInWords({ any, none }: AddressMatch): string {
  const among = any.map(operandInWords).join(' or ');
  const butNot = none.map(operandInWords).join(' or ');
  return [...(any.length > 0 ? [among] : []), ...(none.length > 0 ? [`not ${butNot}`] : [])].join(', ');
}

function operandInWords(operand: AddressOperand): string {
  return operand.kind === 'set' ? `@${operand.set}` : rangesInWords(operand.ranges);
}

function rangesInWords(ranges: AddressRanges): string {
  const prefixes = [...textsOf4(ranges), ...textsOf6(ranges)];
  const more = prefixes.length - WRITTEN_OUT;
  return more > 1 ? `${prefixes.slice(0, WRITTEN_OUT).join(' or ')} or ${more} more` : prefixes.join(' or ');
}

function textsOf4(ranges: AddressRanges): string[] {
  return prefixes4(ranges).map(({ address, length }) => {
    const text = formatAddress({ family: 4, hi: 0n, lo: BigInt(address) });
    return length === 32 ? text : `${text}/${length}`;
  });
}

function textsOf6(ranges: AddressRanges): string[] {
  return prefixes6(ranges).map(({ hi, lo, length }) => {
    const text = formatAddress({ family: 6, hi, lo });
    return length === 128 ? text : `${text}/${length}`;
  });
}
