import type { LiveConnection } from '../../datapath/index.ts';
import { createLineWriter } from '../output/line-writer.ts';
import { formatCount } from '../output/numbers.ts';
import type { Session } from '../session.ts';
import { connectionJson } from './json-line.ts';
import { connectionTable } from './table.ts';

/** A table is for people; a million lines of it would be for nobody. */
const TABLE_ROWS = 1_000;

export interface Listing {
  readonly policy: string;
  readonly connections: Iterable<LiveConnection>;
  readonly limit: number | undefined;
  readonly isFiltered: boolean;
}

/** Prints them as they are read, in any form but the table. */
export async function listConnections(session: Session, listing: Listing): Promise<void> {
  if (session.form === 'table') return session.write(await inTable(session, listing));
  const { policy, connections, limit = Number.POSITIVE_INFINITY } = listing;
  const lines = createLineWriter(session.write);
  const { stringify } = await import('../output/yaml.ts');
  let count = 0;
  if (session.form === 'json') await lines.add(`{\n  "policy": ${JSON.stringify(policy)},\n  "connections": [`);
  if (session.form === 'yaml') await lines.add(stringify({ policy }, { lineWidth: 0 }));
  const written = {
    ndjson: (json: string) => `${json}\n`,
    json: (json: string) => `${count === 0 ? '' : ','}\n    ${json}`,
    yaml: (json: string) => `${count === 0 ? 'connections:\n' : ''}${stringify([JSON.parse(json)], { lineWidth: 0 })}`,
  }[session.form];
  for (const connection of connections) {
    if (count === limit) break;
    const full = lines.add(written(connectionJson(connection)));
    count++;
    if (full) await full;
  }
  if (session.form === 'json') await lines.add(`${count > 0 ? '\n  ' : ''}]\n}\n`);
  if (session.form === 'yaml' && count === 0) await lines.add('connections: []\n');
  await lines.end();
}

async function inTable({ paint }: Session, { connections, limit = TABLE_ROWS, isFiltered }: Listing): Promise<string> {
  const rows: LiveConnection[] = [];
  let more = 0;
  for (const connection of connections) {
    if (rows.length < limit) rows.push(connection);
    else more++;
  }
  if (rows.length === 0 && more === 0)
    return isFiltered ? 'no live connection matches\n' : 'there are no live connections\n';
  const rest =
    more === 0 ? '' : paint('dim', `${formatCount(more)} more: --limit N, an expression, or -o ndjson shows them\n`);
  return `${connectionTable(rows, paint)}${rest}`;
}
