import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { NetworkSelection } from '../checked.ts';
import { isCountry, suggestCountry } from '../geo/country-names.ts';
import { findDatabase, whereDatabasesAre } from '../geo/find-database.ts';
import { type Networks, readNetworks } from '../geo/networks.ts';
import type { Path } from '../parse/document.ts';
import type { AddressSetContent } from './address-sets.ts';
import { quote } from './numbers.ts';
import type { SetOptionsInput } from './set-options.ts';
import type { SetContext } from './sets.ts';

interface DatabaseInput extends SetOptionsInput {
  /** Relative to the policy file. */
  readonly database?: string | undefined;
}

export interface CountrySetInput extends DatabaseInput {
  readonly country: string | readonly (string | undefined)[];
}

export interface AsnSetInput extends DatabaseInput {
  readonly asn: number | string | readonly (number | string | undefined)[];
}

type Input = CountrySetInput | AsnSetInput;

/** The networks of countries or AS numbers in a database, or undefined when something is wrong, which is reported. */
export function checkDatabaseSet(input: Input, path: Path, context: SetContext): AddressSetContent | undefined {
  const selection = 'country' in input ? countries(input) : numbers(input, path, context);
  const file = databaseOf(input, path, context);
  if (!selection || !file) return undefined;
  const result = readNetworks(file.absolute, selection, file.shown);
  const { report } = context;
  const place = input.database === undefined ? path : [...path, 'database'];
  if ('unreadable' in result) {
    const { code, message, help = 'a relative path begins at the policy file' } = result.unreadable;
    report.error(code, place, message, { help });
    return undefined;
  }
  if ('problems' in result) {
    for (const { code, message } of result.problems) report.error(code, place, message);
    return undefined;
  }
  if (!reportMissing(input, selection, result, path, context)) return undefined;
  return { ...result, file: file.absolute, selection, includedFiles: new Set() };
}

const itemsOf = <T>(value: T | readonly (T | undefined)[]): T[] =>
  (Array.isArray(value) ? value : [value]).filter((item) => item !== undefined);

function countries({ country }: CountrySetInput): NetworkSelection {
  return { kind: 'country', codes: itemsOf<string>(country).map((code) => code.trim().toUpperCase()) };
}

function numbers({ asn }: AsnSetInput, path: Path, { report }: SetContext): NetworkSelection | undefined {
  let wrong = false;
  const found = itemsOf<number | string>(asn).map((item, index) => {
    const digits = /^\s*(?:AS)?\s*(\d{1,10})\s*$/i.exec(String(item))?.[1];
    const number = digits === undefined ? Number.NaN : Number(digits);
    if (number <= 0xffff_ffff) return number;
    wrong = true;
    const place = Array.isArray(asn) ? [...path, 'asn', index] : [...path, 'asn'];
    report.error('policy/bad-asn', place, `${quote(String(item))} is no AS number`);
    return number;
  });
  return wrong ? undefined : { kind: 'asn', numbers: found };
}

function databaseOf(
  input: Input,
  path: Path,
  { policyPath, report }: SetContext,
): { readonly absolute: string; readonly shown: string } | undefined {
  const { database } = input;
  if (database !== undefined) {
    const shown = isAbsolute(database) ? database : join(dirname(policyPath), database);
    return { absolute: resolve(dirname(policyPath), database), shown };
  }
  const kind = 'country' in input ? 'country' : 'asn';
  const found = findDatabase(kind);
  if (found !== undefined) return { absolute: found, shown: found };
  const help = `name one with "database", or put one where it is looked for: ${whereDatabasesAre(kind)}`;
  const what = kind === 'country' ? 'countries' : 'AS numbers';
  report.error('policy/no-database', path, `no database of ${what} was found`, { help });
  return undefined;
}

/** Of what is asked for and not there: no code at all is an error, a country without networks a warning. */
function reportMissing(
  input: Input,
  selection: NetworkSelection,
  { found, known }: Networks,
  path: Path,
  { report }: SetContext,
): boolean {
  const key = selection.kind;
  const written = 'country' in input ? input.country : input.asn;
  let fine = true;
  const wanted = selection.kind === 'country' ? selection.codes : selection.numbers;
  for (const [index, value] of wanted.entries()) {
    if (found.has(value)) continue;
    const place = Array.isArray(written) ? [...path, key, index] : [...path, key];
    if (typeof value === 'string' && !known.has(value) && !isCountry(value)) {
      const text = itemsOf<string | number>(written)[index];
      const help = suggestCountry(String(text)) ?? 'countries are written as ISO 3166-1 codes of two letters, like NL';
      report.error('policy/unknown-country', place, `${quote(String(text))} is no country`, { help });
      fine = false;
    } else {
      const what = typeof value === 'string' ? value : `AS${value}`;
      report.warning('policy/no-networks', place, `the database has no network of ${what}`);
    }
  }
  return fine;
}
