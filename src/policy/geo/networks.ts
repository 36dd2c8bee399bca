import type { Problem } from '../../diagnostics/problem.ts';
import { createAddressRangesBuilder } from '../check/address-ranges.ts';
import { createAddressRange } from '../check/address-text.ts';
import type { SetFileContent } from '../check/set-file.ts';
import type { NetworkSelection } from '../checked.ts';
import { readRegularFile, type UnreadableFile } from '../parse/read-file.ts';
import { type Database, type Network, openDatabase } from './database.ts';
import { asnOf, countryOf } from './record-fields.ts';

const MAX_BYTES = 256 * 1024 * 1024;

export interface Networks extends SetFileContent {
  /** What of the selection has a network: codes of countries, or AS numbers. */
  readonly found: ReadonlySet<string | number>;
  /** Everything that could have been selected. */
  readonly known: ReadonlySet<string | number>;
}

export type NetworksResult = Networks | { readonly problems: readonly Problem[] };

/**
 * The networks of a database whose records are of the countries or AS numbers.
 * @param shownPath how problems name the database
 */
export function readNetworks(
  path: string,
  selection: NetworkSelection,
  shownPath: string,
): NetworksResult | { readonly unreadable: UnreadableFile } {
  const bytes = readRegularFile(path, MAX_BYTES, shownPath);
  if (!Buffer.isBuffer(bytes)) return { unreadable: bytes };
  let database: Database;
  try {
    database = openDatabase(bytes);
  } catch {
    return { problems: [{ code: 'policy/bad-database', message: `${shownPath} is no database in MaxMind's format` }] };
  }
  try {
    const networks = select(database, selection);
    return networks.known.size > 0 ? networks : { problems: [withoutField(database, selection, shownPath)] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { problems: [{ code: 'policy/bad-database', message: `${shownPath} is damaged: ${why}` }] };
  }
}

function select(database: Database, selection: NetworkSelection): Networks {
  const [fieldOf, wanted] =
    selection.kind === 'country'
      ? [countryOf, new Set<string | number>(selection.codes)]
      : [asnOf, new Set<string | number>(selection.numbers)];
  const builder = createAddressRangesBuilder();
  const range = createAddressRange();
  const known = new Set<string | number>();
  const found = new Set<string | number>();
  /** Thousands of networks share a record. */
  const isMember = new Map<number, boolean>();
  database.eachNetwork((network, record) => {
    let member = isMember.get(record);
    if (member === undefined) {
      const value = fieldOf(database.recordAt(network));
      member = value !== undefined && wanted.has(value);
      if (value !== undefined) known.add(value);
      if (value !== undefined && member) found.add(value);
      isMember.set(record, member);
    }
    if (member) builder.add(spread(network, range));
  });
  return { ranges: builder.build(), members: builder.members, found, known };
}

/** The range that a network spans. */
function spread({ family, length, words }: Network, range: ReturnType<typeof createAddressRange>) {
  const fixedBits = family === 4 ? 96 + length : length;
  range.family = family;
  range.lo.set(words);
  for (let word = 0; word < 4; word++) {
    const fixed = Math.min(32, Math.max(0, fixedBits - word * 32));
    // A shift by 32 would be a shift by 0.
    const open = fixed === 32 ? 0 : 0xffff_ffff >>> fixed;
    range.hi[word] = (words[word] ?? 0) | open;
  }
  return range;
}

function withoutField({ type }: Database, { kind }: NetworkSelection, shownPath: string): Problem {
  const what = kind === 'country' ? 'countries' : 'AS numbers';
  return { code: 'policy/database-fields', message: `${shownPath} (${type}) has no ${what} in its records` };
}
