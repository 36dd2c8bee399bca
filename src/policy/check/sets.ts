import { dirname, isAbsolute, join, resolve } from 'node:path';
import { didYouMean } from '../../diagnostics/suggest.ts';
import type { AddressSet, NumberRange } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { createAddressRangesBuilder, isEmptyRanges } from './address-ranges.ts';
import { createAddressRange } from './address-text.ts';
import { checkAddressSet, checkAddressText } from './addresses.ts';
import { numberRange, PORT, portSet } from './numbers.ts';
import { normalise } from './ranges.ts';
import type { Report } from './report.ts';
import { readSetFile } from './set-file.ts';

export interface FileSetInput {
  readonly file: string;
}
export interface PortSetInput {
  readonly ports: readonly (number | string)[];
}
/** As the schema lets it through; undefined where the shape was wrong, which has been reported. */
export type SetInput = readonly (string | undefined)[] | FileSetInput | PortSetInput | undefined;

export interface CheckedSets {
  readonly addressSets: ReadonlyMap<string, AddressSet>;
  readonly portSets: ReadonlyMap<string, readonly NumberRange[]>;
  readonly brokenSets: ReadonlySet<string>;
}

/** Sets in the making: those that they include are resolved when asked for, so order does not matter. */
interface Resolving {
  readonly inputs: ReadonlyMap<string, SetInput>;
  readonly addressSets: Map<string, AddressSet>;
  readonly portSets: Map<string, readonly NumberRange[]>;
  readonly brokenSets: Set<string>;
  /** The sets that are being resolved, the outermost first. */
  readonly open: string[];
  readonly report: Report;
  readonly policyPath: string;
  readonly lineOf: (path: Path) => number;
}

const VALID_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,62}$/;

/** Resolves every set; what is wrong is reported, and the name of its set is in `brokenSets`. */
export function checkSets(
  inputs: Readonly<Record<string, SetInput>>,
  policyPath: string,
  report: Report,
  lineOf: (path: Path) => number,
): CheckedSets {
  const resolving: Resolving = {
    inputs: new Map(Object.entries(inputs)),
    addressSets: new Map(),
    portSets: new Map(),
    brokenSets: new Set(),
    open: [],
    report,
    policyPath,
    lineOf,
  };
  for (const name of resolving.inputs.keys()) {
    if (!VALID_NAME.test(name)) {
      const help = 'begin it with a letter, and go on with letters, digits, "_" and "-", 63 at most';
      report.error('policy/bad-name', ['sets', name], `${JSON.stringify(name)} cannot be the name of a set`, {
        part: 'key',
        help,
      });
    }
    resolveSet(name, resolving);
  }
  return resolving;
}

function resolveSet(name: string, resolving: Resolving): void {
  const { inputs, addressSets, portSets, brokenSets, open } = resolving;
  if (addressSets.has(name) || portSets.has(name) || brokenSets.has(name) || !inputs.has(name)) return;
  open.push(name);
  const input = inputs.get(name);
  const path = ['sets', name];
  const set =
    input &&
    (isList(input)
      ? addressList(name, input, path, resolving)
      : 'file' in input
        ? addressFile(name, input, path, resolving)
        : ports(input, path, resolving));
  if (!set) brokenSets.add(name);
  else if (Array.isArray(set)) portSets.set(name, set);
  else addressSets.set(name, set as AddressSet);
  open.pop();
  warnOfEmpty(name, path, resolving);
}

function isList(input: NonNullable<SetInput>): input is readonly (string | undefined)[] {
  return Array.isArray(input);
}

function warnOfEmpty(name: string, path: Path, { addressSets, portSets, report }: Resolving): void {
  const set = addressSets.get(name);
  if (portSets.get(name)?.length === 0 || (set && isEmptyRanges(set.ranges))) {
    report.warning('policy/empty-set', path, `set "${name}" is empty: nothing matches it`, { part: 'key' });
  }
}

/** Resolves the set that `@name` in set number `path` speaks of; false where that goes in a circle, which is reported. */
function resolveIncluded(name: string, path: Path, resolving: Resolving): boolean {
  const { open, report } = resolving;
  const position = open.indexOf(name);
  if (position < 0) {
    resolveSet(name, resolving);
    return true;
  }
  const circle = [...open.slice(position), name].map((one) => `@${one}`).join(' → ');
  report.error('policy/set-cycle', path, `set "${open.at(-1)}" includes itself: ${circle}`);
  return false;
}

function addressList(
  name: string,
  input: readonly (string | undefined)[],
  path: Path,
  resolving: Resolving,
): AddressSet | undefined {
  const builder = createAddressRangesBuilder();
  const range = createAddressRange();
  let wrong = false;
  for (const [index, item] of input.entries()) {
    const place = [...path, index];
    const text = item?.trim();
    if (text === undefined) wrong = true;
    else if (text.startsWith('@')) {
      const included = text.slice(1);
      const known = resolveIncluded(included, place, resolving) && isAddressSet(included, place, resolving);
      const set = known ? resolving.addressSets.get(included) : undefined;
      if (set) builder.addAll(set.ranges);
      else wrong = true;
    } else if (checkAddressText(text, place, range, resolving)) builder.add(range);
    else wrong = true;
  }
  return wrong ? undefined : { name, line: resolving.lineOf(path), ranges: builder.build() };
}

function isAddressSet(name: string, place: Path, resolving: Resolving): boolean {
  if (resolving.inputs.has(name)) return checkAddressSet(name, place, resolving);
  unknownSet(name, place, resolving);
  return false;
}

/** A suggestion has to know the sets that are not resolved yet. */
function unknownSet(name: string, place: Path, { inputs, report }: Resolving): void {
  report.error('policy/unknown-set', place, `unknown set "@${name}"`, { help: didYouMean(name, inputs.keys(), '@') });
}

function addressFile(name: string, { file }: FileSetInput, path: Path, resolving: Resolving): AddressSet | undefined {
  const { policyPath, report, lineOf } = resolving;
  const absolute = resolve(dirname(policyPath), file);
  const shown = isAbsolute(file) ? file : join(dirname(policyPath), file);
  const result = readSetFile(absolute, shown);
  if ('unreadable' in result) {
    const { code, message, help } = result.unreadable;
    report.error(code, [...path, 'file'], message, { help: help ?? 'a relative path begins at the policy file' });
    return undefined;
  }
  if ('ranges' in result) return { name, line: lineOf(path), ranges: result.ranges, file: absolute };
  for (const problem of result.problems) report.add(problem);
  return undefined;
}

function ports(input: PortSetInput, path: Path, resolving: Resolving): NumberRange[] | undefined {
  const ranges: NumberRange[] = [];
  let wrong = false;
  for (const [index, item] of input.ports.entries()) {
    const place = [...path, 'ports', index];
    const found =
      typeof item === 'string' && item.trim().startsWith('@')
        ? includedPorts(item.trim().slice(1), place, resolving)
        : onePort(item, place, resolving.report);
    if (found) ranges.push(...found);
    else wrong = true;
  }
  return wrong ? undefined : normalise(ranges);
}

function onePort(item: number | string, place: Path, report: Report): readonly NumberRange[] | undefined {
  const range = numberRange(typeof item === 'string' ? item.trim() : item, place, PORT, report);
  return range && [range];
}

function includedPorts(name: string, place: Path, resolving: Resolving): readonly NumberRange[] | undefined {
  if (!resolveIncluded(name, place, resolving)) return undefined;
  if (resolving.inputs.has(name)) return portSet(name, place, resolving);
  unknownSet(name, place, resolving);
  return undefined;
}
