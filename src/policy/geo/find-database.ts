import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkSelection } from '../checked.ts';

/** Where updaters of MaxMind and of distributions put databases. */
const FOLDERS = ['/var/lib/GeoIP', '/usr/share/GeoIP', '/usr/local/share/GeoIP'];

/** The best first; a database of cities has countries too. */
const NAMES = {
  country: [
    'GeoIP2-Country',
    'GeoLite2-Country',
    'dbip-country-lite',
    'GeoIP2-City',
    'GeoLite2-City',
    'dbip-city-lite',
  ],
  asn: ['GeoIP2-ISP', 'GeoLite2-ASN', 'dbip-asn-lite'],
} as const;

/** The database for a set that names none; undefined where no folder has one. */
export function findDatabase(kind: NetworkSelection['kind'], folders: readonly string[] = FOLDERS): string | undefined {
  return NAMES[kind]
    .flatMap((name) => folders.map((folder) => join(folder, `${name}.mmdb`)))
    .find((path) => existsSync(path));
}

/** For a sentence: where it has been looked for, and what. */
export function whereDatabasesAre(kind: NetworkSelection['kind']): string {
  return `${NAMES[kind].join('.mmdb, ')}.mmdb in ${FOLDERS.join(', ')}`;
}
