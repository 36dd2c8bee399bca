import { didYouMean } from '../../diagnostics/suggest.ts';
import type { NumberRange } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { ICMP_CODE_NAMES, ICMP_TYPE_NAMES, icmpCodeNumbers, icmpTypeNumbers } from './icmp-names.ts';
import { type NumberField, type NumberInput, numberRange, quote } from './numbers.ts';
import { type Operand, operands } from './operands.ts';
import { ICMP, ICMPV6, type ProtocolChoice } from './protocols.ts';
import { anyButNone, includes, intersect } from './ranges.ts';
import type { Report } from './report.ts';

/** Types or codes, which are numbered apart in ICMP and ICMPv6. */
export interface IcmpRanges {
  readonly v4: readonly NumberRange[];
  readonly v6: readonly NumberRange[];
}

const TYPE: NumberField = { noun: 'an ICMP type', domain: [0, 255] };
const CODE: NumberField = { noun: 'an ICMP code', domain: [0, 255] };

const FAMILIES = ['v4', 'v6'] as const;
type Family = (typeof FAMILIES)[number];
const PROTOCOL_OF = { v4: 'icmpv4', v6: 'icmpv6' } as const;

/** Which families' ICMP a protocol that is narrowed to ICMP speaks of. */
function familiesOf({ match }: ProtocolChoice): readonly Family[] {
  return FAMILIES.filter((family) => includes(match[family], family === 'v4' ? ICMP : ICMPV6));
}

/** The types of `icmpType` by family, or undefined when one is wrong, which is reported. */
export function checkIcmpType(
  value: NumberInput,
  path: Path,
  protocol: ProtocolChoice,
  report: Report,
): IcmpRanges | undefined {
  const families = familiesOf(protocol);
  const list = operands(value, path, report);
  const read = list.map((operand) => ({ operand, types: typeOperand(operand, families, report) }));
  if (list.length === 0 || read.some(({ types }) => !types)) return undefined;
  const positive = list.some((operand) => !operand.negated);
  const result = byFamily((family) => {
    if (!families.includes(family)) return [];
    const ranges = (negated: boolean) =>
      read.filter(({ operand }) => operand.negated === negated).flatMap(({ types }) => types?.[family] ?? []);
    return anyButNone(ranges(false), ranges(true), positive, TYPE.domain);
  });
  if (isEmpty(result)) {
    report.error('policy/never-matches', path, '"icmpType" excludes every type that it allows');
    return undefined;
  }
  return result;
}

function typeOperand({ value, path }: Operand, families: readonly Family[], report: Report): IcmpRanges | undefined {
  if (typeof value === 'number' || /^\d/.test(value)) {
    const range = numberRange(value, path, TYPE, report);
    if (!range) return undefined;
    if (families.length === 1) return byFamily((family) => (families.includes(family) ? [range] : []));
    const message = `ICMP type ${value} is one thing in IPv4 and another in IPv6`;
    const help = `add "protocol: icmpv4" or "protocol: icmpv6", or write the type by name, which means both`;
    report.error('policy/icmp-family', path, message, { help });
    return undefined;
  }
  const numbers = icmpTypeNumbers(value);
  if (!numbers) {
    const help = didYouMean(value, ICMP_TYPE_NAMES);
    report.error('policy/unknown-icmp-type', path, `unknown ICMP type ${quote(value)}`, { help });
    return undefined;
  }
  if (families.some((family) => numbers[family] !== undefined)) return byFamily((family) => single(numbers[family]));
  report.error('policy/icmp-family', path, otherFamily(`${quote(value)} is a type`, numbers), {
    help: rightProtocol(numbers),
  });
  return undefined;
}

/**
 * The codes of `icmpCode` by family, and the types that they leave of `types`: a code by name belongs to one type.
 * Undefined when one is wrong, which is reported.
 */
export function checkIcmpCode(
  value: NumberInput,
  path: Path,
  protocol: ProtocolChoice,
  types: IcmpRanges | undefined,
  report: Report,
): { codes: IcmpRanges; types: IcmpRanges | undefined } | undefined {
  const families = familiesOf(protocol);
  const list = operands(value, path, report);
  const read = list.map((operand) => ({ operand, code: codeOperand(operand, families, report) }));
  if (list.length === 0 || read.some(({ code }) => !code)) return undefined;
  const positive = list.some((operand) => !operand.negated);
  const owners = byFamily((family) => read.flatMap(({ code }) => code?.types[family] ?? []));
  if (FAMILIES.some((family) => new Set(owners[family].map(([type]) => type)).size > 1)) {
    const help = 'write a rule for each type';
    report.error('policy/icmp-code', path, 'these codes belong to different ICMP types', { help });
    return undefined;
  }
  const named = read.some(({ code }) => code?.named);
  // A family that has none of the names has no type that the codes could belong to.
  const left = named
    ? byFamily((family) => intersect(types?.[family] ?? [[0, 255]], owners[family].slice(0, 1)))
    : types;
  const codes = byFamily((family) => {
    if (!families.includes(family) || left?.[family].length === 0) return [];
    const ranges = (negated: boolean) =>
      read.filter(({ operand }) => operand.negated === negated).flatMap(({ code }) => code?.codes[family] ?? []);
    return anyButNone(ranges(false), ranges(true), positive, CODE.domain);
  });
  if (isEmpty(codes)) {
    report.error('policy/icmp-code', path, '"icmpCode" can never match with this "protocol" and "icmpType"', {
      help: 'a code by name belongs to one ICMP type: leave out "icmpType", or give the code as a number',
    });
    return undefined;
  }
  return { codes, types: left };
}

interface CodeOperand {
  readonly named: boolean;
  readonly codes: IcmpRanges;
  readonly types: IcmpRanges;
}

function codeOperand({ value, path }: Operand, families: readonly Family[], report: Report): CodeOperand | undefined {
  if (typeof value === 'number' || /^\d/.test(value)) {
    const range = numberRange(value, path, CODE, report);
    return range && { named: false, codes: { v4: [range], v6: [range] }, types: { v4: [], v6: [] } };
  }
  const known = icmpCodeNumbers(value);
  if (!known) {
    const help = didYouMean(value, ICMP_CODE_NAMES);
    report.error('policy/unknown-icmp-code', path, `unknown ICMP code ${quote(value)}`, { help });
    return undefined;
  }
  if (families.some((family) => known[family])) {
    const of = (family: Family) => (families.includes(family) ? known[family] : undefined);
    return {
      named: true,
      codes: byFamily((family) => single(of(family)?.code)),
      types: byFamily((family) => single(of(family)?.type)),
    };
  }
  report.error('policy/icmp-family', path, otherFamily(`${quote(value)} is a code`, known), {
    help: rightProtocol(known),
  });
  return undefined;
}

function otherFamily(subject: string, numbers: Partial<Record<Family, unknown>>): string {
  return numbers.v4 === undefined ? `${subject} of ICMPv6 only` : `${subject} of ICMP for IPv4 only`;
}

function rightProtocol(numbers: Partial<Record<Family, unknown>>): string {
  return `write "protocol: ${PROTOCOL_OF[numbers.v4 === undefined ? 'v6' : 'v4']}", or leave "protocol" out`;
}

function single(number: number | undefined): NumberRange[] {
  return number === undefined ? [] : [[number, number]];
}

function byFamily(ranges: (family: Family) => readonly NumberRange[]): IcmpRanges {
  return { v4: ranges('v4'), v6: ranges('v6') };
}

function isEmpty(ranges: IcmpRanges): boolean {
  return ranges.v4.length === 0 && ranges.v6.length === 0;
}
