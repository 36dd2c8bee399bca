import { didYouMean } from '../../diagnostics/suggest.ts';
import type { NumberRange } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { type Operand, operands } from './operands.ts';
import { anyButNone } from './ranges.ts';
import { type Scope, type SetScope, setNames } from './scope.ts';

/** The values that a numeric field can have. */
export interface NumberField {
  /** As an error speaks of one value: `a port`. */
  readonly noun: string;
  readonly domain: NumberRange;
  readonly names?: ReadonlyMap<string, number>;
  /** `@set` of ports may stand for a value. */
  readonly sets?: boolean;
}

export const PORT: NumberField = { noun: 'a port', domain: [0, 65535], sets: true };
export const TTL: NumberField = { noun: 'a TTL or hop limit', domain: [0, 255] };
export const VLAN: NumberField = { noun: 'a VLAN id', domain: [0, 4095] };
/** The width of `struct packet.length`: a packet with segmentation still to be done is longer than 65,535 bytes. */
export const LENGTH: NumberField = { noun: 'a length in bytes', domain: [0, 0xffff_ffff] };

export type NumberInput = number | string | readonly (number | string)[];

/** The values that a numeric match accepts, or undefined when it is wrong and has been reported. */
export function checkNumbers(
  value: NumberInput,
  path: Path,
  field: NumberField,
  scope: Scope,
): NumberRange[] | undefined {
  const list = operands(value, path, scope.report);
  const any: NumberRange[] = [];
  const none: NumberRange[] = [];
  let wrong = list.length === 0;
  for (const operand of list) {
    const ranges = numberOperand(operand, field, scope);
    if (ranges) (operand.negated ? none : any).push(...ranges);
    else wrong = true;
  }
  if (wrong) return undefined;
  const positive = list.some((operand) => !operand.negated);
  const result = anyButNone(any, none, positive, field.domain);
  // An empty set is warned of where it is defined.
  if (result.length === 0 && (any.length > 0 || !positive)) {
    scope.report.error('policy/never-matches', path, `"${path.at(-1)}" excludes every value that it allows`);
    return undefined;
  }
  return result;
}

function numberOperand(operand: Operand, field: NumberField, scope: Scope): readonly NumberRange[] | undefined {
  const { value, path } = operand;
  if (typeof value === 'string' && value.startsWith('@') && field.sets) return portSet(value.slice(1), path, scope);
  const range = numberRange(value, path, field, scope.report);
  return range && [range];
}

/** A set of ports by name, or undefined when there is none, which is reported. */
export function portSet(name: string, path: Path, scope: SetScope): readonly NumberRange[] | undefined {
  const ports = scope.portSets.get(name);
  if (ports || scope.brokenSets.has(name)) return ports;
  if (scope.addressSets.has(name)) {
    scope.report.error('policy/set-kind', path, `set "@${name}" holds addresses, and ports are wanted here`);
  } else {
    const help = didYouMean(name, setNames(scope), '@');
    scope.report.error('policy/unknown-set', path, `unknown set "@${name}"`, { help });
  }
  return undefined;
}

/** One number, name or `lo-hi` within the field's domain, or undefined when it is neither, which is reported. */
export function numberRange(
  value: string | number,
  path: Path,
  field: NumberField,
  report: Scope['report'],
): NumberRange | undefined {
  const range = typeof value === 'number' ? ([value, value] as const) : readRange(value, field);
  const [min, max] = field.domain;
  if (!range || !Number.isInteger(range[0]) || !Number.isInteger(range[1])) {
    const help =
      (field.names && typeof value === 'string' && didYouMean(value, field.names.keys())) ||
      `write a number from ${min} to ${max}, a range like "${min}-${max}"${field.names ? ', a name' : ''}${field.sets ? ', a set like "@web"' : ''}, "!" and one of them, or a list`;
    report.error('policy/bad-number', path, `${quote(value)} is not ${field.noun}`, { help });
    return undefined;
  }
  const outside = range.find((bound) => bound < min || bound > max);
  if (outside !== undefined) {
    report.error('policy/out-of-range', path, `${outside} is not ${field.noun}: it has to be from ${min} to ${max}`);
    return undefined;
  }
  if (range[0] > range[1]) {
    const help = `write "${range[1]}-${range[0]}"`;
    report.error('policy/bad-number', path, `the range "${value}" begins above its end`, { help });
    return undefined;
  }
  return range;
}

function readRange(text: string, field: NumberField): NumberRange | undefined {
  const named = field.names?.get(text.toLowerCase());
  if (named !== undefined) return [named, named];
  const match = /^(\d{1,15})(?:\s*-\s*(\d{1,15}))?$/.exec(text);
  if (!match) return undefined;
  const lo = Number(match[1]);
  return [lo, match[2] === undefined ? lo : Number(match[2])];
}

/** A value as an error shows it. */
export function quote(value: string | number): string {
  return typeof value === 'number' ? String(value) : `"${value.length > 60 ? `${value.slice(0, 60)}…` : value}"`;
}
