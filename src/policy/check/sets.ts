import { didYouMean } from '../../diagnostics/suggest.ts';
import type { AddressSet, NumberRange } from '../checked.ts';
import type { Path } from '../parse/document.ts';
import { isEmptyRanges } from './address-ranges.ts';
import {
  type AddressSetContent,
  type AddressSetInput,
  checkAddressList,
  checkFileSet,
  type EmptySetInput,
  type FileSetInput,
  type ListSetInput,
} from './address-sets.ts';
import { type AsnSetInput, type CountrySetInput, checkDatabaseSet } from './database-sets.ts';
import { checkFeedSet, type FeedSetInput } from './feed-sets.ts';
import { checkPortSet, type PortSetInput } from './port-sets.ts';
import type { Report } from './report.ts';
import type { SetScope, SetTable } from './scope.ts';
import { checkSetOptions, type SetOptions } from './set-options.ts';

/** As the schema lets it through; undefined where the shape was wrong, which has been reported. */
export type SetInput = AddressesInput | PortSetInput | undefined;

type AddressesInput =
  | AddressSetInput
  | FileSetInput
  | FeedSetInput
  | CountrySetInput
  | AsnSetInput
  | ListSetInput
  | EmptySetInput;

/** What the check of one set needs of the others. */
export interface SetContext extends SetScope {
  readonly policyPath: string;
  /** Where the copies of feeds are. */
  readonly feedFolder: string;
  /**
   * Sees to it that a set that this one includes is resolved, whatever their order in the file. False where there is
   * no such set, or it includes this one: both are reported at `path`.
   */
  include(name: string, path: Path): boolean;
}

/** Which keeps `__proto__` out as well: the schema does not look into a key of that name. */
const VALID_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;

/** Nobody nests sets deeper on purpose, and the stack does not grow for those who do. */
const MAX_DEPTH = 32;

/** Resolves every set; what is wrong is reported, and the name of its set is in `brokenSets`. */
export function checkSets(
  inputs: Readonly<Record<string, SetInput>>,
  { policyPath, feedFolder }: Pick<SetContext, 'policyPath' | 'feedFolder'>,
  report: Report,
  lineOf: (path: Path) => number,
): SetTable {
  const pending = new Map(Object.entries(inputs));
  const names = [...pending.keys()];
  const addressSets = new Map<string, AddressSet>();
  const portSets = new Map<string, readonly NumberRange[]>();
  const brokenSets = new Set<string>();
  const fileSets = new Map<string, ReadonlySet<string>>();
  /** The sets that are being resolved, the outermost first. */
  const open: string[] = [];

  function include(name: string, path: Path): boolean {
    const position = open.indexOf(name);
    if (position >= 0 || open.length === MAX_DEPTH) {
      const chain = [...open.slice(Math.max(0, position)), name].map((one) => `@${one}`);
      const shown = chain.length > 6 ? [...chain.slice(0, 3), '…', ...chain.slice(-2)] : chain;
      const what = position >= 0 ? 'includes itself' : `is more than ${MAX_DEPTH} sets deep`;
      report.error('policy/set-cycle', path, `set "${open.at(-1)}" ${what}: ${shown.join(' → ')}`);
      return false;
    }
    if (pending.has(name)) resolve(name);
    if (names.includes(name)) return true;
    report.error('policy/unknown-set', path, `unknown set "@${name}"`, { help: didYouMean(name, names, '@') });
    return false;
  }

  const context: SetContext = { report, policyPath, feedFolder, include, addressSets, portSets, brokenSets, fileSets };

  function resolve(name: string): void {
    const input = pending.get(name);
    const path = ['sets', name];
    pending.delete(name);
    open.push(name);
    if (input === undefined) brokenSets.add(name);
    else if ('ports' in input) {
      const ports = checkPortSet(input, path, context);
      if (ports) portSets.set(name, ports);
      else brokenSets.add(name);
    } else {
      const options = isList(input) ? {} : checkSetOptions(input, path, report);
      const set = checkAddressesOf(input, path);
      if (set && options) addSet(name, lineOf(path), set, options);
      else brokenSets.add(name);
    }
    open.pop();
  }

  function checkAddressesOf(input: AddressesInput, path: Path) {
    if (isList(input)) return checkAddressList(input, path, context);
    if ('file' in input) return checkFileSet(input, path, context);
    if ('url' in input) return checkFeedSet(input, path, context);
    if ('country' in input || 'asn' in input) return checkDatabaseSet(input, path, context);
    const addresses = 'addresses' in input ? input.addresses : [];
    return checkAddressList(addresses, [...path, 'addresses'], context);
  }

  function addSet(name: string, line: number, set: AddressSetContent, { records, memoryBytes }: SetOptions): void {
    const { ranges, file, feed, selection, includedFiles } = set;
    addressSets.set(name, {
      name,
      line,
      ranges,
      ...(file !== undefined && { file }),
      ...(feed && { feed }),
      ...(selection && { selection }),
      ...(records && { records, members: set.members() }),
      ...(memoryBytes !== undefined && { memoryBytes }),
    });
    const own = file !== undefined || records ? [name] : [];
    fileSets.set(name, new Set([...includedFiles, ...own]));
  }

  for (const name of names.filter((one) => !VALID_NAME.test(one))) {
    reportName(name, report);
    pending.delete(name);
    brokenSets.add(name);
  }
  for (const name of names) {
    if (pending.has(name)) resolve(name);
    const set = addressSets.get(name);
    const isEmpty =
      set &&
      !set.records?.dynamic &&
      isEmptyRanges(set.ranges) &&
      // Of these, the reason has been told.
      !set.feed &&
      !set.selection &&
      (set.file !== undefined || fileSets.get(name)?.size === (set.records ? 1 : 0));
    if (isEmpty || portSets.get(name)?.length === 0) {
      report.warning('policy/empty-set', ['sets', name], `set "${name}" is empty: nothing matches it`, { part: 'key' });
    }
  }
  return context;
}

const isList = (input: NonNullable<SetInput>): input is AddressSetInput => Array.isArray(input);

function reportName(name: string, report: Report): void {
  const help = 'begin it with a letter, and go on with letters, digits, "_" and "-", 63 at most';
  const message = `${JSON.stringify(name)} cannot be the name of a set`;
  report.error('policy/bad-name', ['sets', name], message, { part: 'key', help });
}
